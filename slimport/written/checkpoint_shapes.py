"""Shapes in a checkpoint: compared before a loop of a TF 1 graph restores it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.checkpoints import _check_shapes
from slimport.written.variables import get_variable_full_name


def refuse_other_shapes(path: str | None, saver: Any = None) -> None:
    """Raises an error if a variable has another shape than the value that it is to be given.

    A Saver leaves this to the variables. Those of TF 1 refuse other shapes, those of layers take
    any: a model with another number of classes would train on with the old number.

    Args:
        path: The checkpoint; `None` for none, which suits every variable.
        saver: What is to restore it; `None` for the graph's.

    Raises:
        tf.errors.InvalidArgumentError: If a shape is another one.
    """
    if path is None:
        return
    if saver is None:
        saver = next(iter(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.SAVERS)), None)
    # None until a saver of all variables is built.
    variables = getattr(saver, "_var_list", None) or tf.compat.v1.global_variables()
    if not isinstance(variables, dict):
        variables = {
            get_variable_full_name(variable): variable
            for variable in variables
            if isinstance(variable, tf.Variable)
        }
    reshape = bool(getattr(saver, "_reshape", False))
    _check_shapes(tf.train.load_checkpoint(path), variables, reshape)
