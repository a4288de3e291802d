# mypy: allow-subclassing-any
"""Savers of TF 1 graphs: they compare shapes with the checkpoint's before they restore."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.checkpoint_shapes import refuse_other_shapes, refuse_others
from slimport.written.graphs import in_tf_graph
from slimport.written.variables import get_variable_full_name

__all__ = ["Saver", "import_meta_graph"]


class Saver(tf.compat.v1.train.Saver):
    """`tf.compat.v1.train.Saver` for graphs that hold layers.

    In TF 1 a variable refused a value of another shape. Those of layers take any, so that a model
    with another number of classes would go on with the old number: this saver refuses it.

    Outside of a graph it saves and restores variables of a model under their names in TF 1, with
    `None` for a session; it is made where they are looked up, in the model's `layer_graph()`.
    """

    def __init__(self, var_list: Any = None, *args: Any, **kwargs: Any) -> None:
        if _names_keras(var_list) and not in_tf_graph():
            named = var_list
            if not isinstance(var_list, dict):
                named = {get_variable_full_name(variable): variable for variable in var_list}
            if len(named) < len(var_list):
                raise ValueError("At least two variables have the same name.")
            var_list = {
                n: v.value if isinstance(v, keras.Variable) else v for n, v in named.items()
            }
        super().__init__(var_list, *args, **kwargs)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Restores a checkpoint.

        Args:
            sess: The session; `None` in eager mode.
            save_path: The checkpoint, without the suffix of its files.

        Raises:
            ValueError: If there is no such checkpoint.
            tf.errors.InvalidArgumentError: If a variable has another shape there. No variable has
                changed then.
        """
        is_there = save_path is not None and tf.compat.v1.train.checkpoint_exists(save_path)
        if is_there and tf.executing_eagerly():
            named = self._var_list if isinstance(self._var_list, dict) and not self._reshape else {}
            known = {n: v for n, v in named.items() if isinstance(v, tf.Variable)}
            refuse_others(save_path, [(name, v.shape) for name, v in known.items()])
        elif is_there and self.saver_def is not None:
            refuse_other_shapes(save_path, self, sess.graph)
        super().restore(sess, save_path)

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """Returns the saver that a `SaverDef` describes."""
        return Saver(saver_def=saver_def, name=import_scope)


def _names_keras(var_list: Any) -> bool:
    """Whether some variables are Keras', which TensorFlow would save under other names."""
    listed = var_list.values() if isinstance(var_list, dict) else var_list
    is_list = isinstance(var_list, (dict, list, set, tuple))
    return is_list and any(isinstance(variable, keras.Variable) for variable in listed)


def import_meta_graph(*args: Any, **kwargs: Any) -> Saver | None:
    """Calls `tf.compat.v1.train.import_meta_graph`, and returns a `Saver` of this module."""
    saver = tf.compat.v1.train.import_meta_graph(*args, **kwargs)
    return saver and Saver(saver_def=saver.as_saver_def())
