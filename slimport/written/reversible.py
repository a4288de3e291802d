"""Reversible residual blocks, and functions that TF-Slim ran again for their gradients."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from slimport.written.scopes import get_variable_scope, variable_scope
from slimport.written.tf_layers import tf_layer_scope

__all__ = ["recompute_grad", "rev_block"]


def rev_block(
    x1: Any,
    x2: Any,
    f: Any,
    g: Any,
    num_layers: int = 1,
    f_side_input: Any = None,
    g_side_input: Any = None,
    is_training: bool = True,
) -> tuple[Any, Any]:
    """Applies reversible residual layers: `y1 = x1 + f(x2)`, then `y2 = x2 + g(y1)`.

    What the layers give between is kept for the gradient, where TF-Slim computed it again from the
    outputs: the same gradient, without the rounding of the way back, for more memory.

    Args:
        x1: A float tensor.
        x2: A float tensor of the same shape.
        f: A function of a tensor, or a list of one for each layer. Its variables are below
            `revblock/revlayer_0/f`.
        g: Likewise.
        num_layers: How many layers.
        f_side_input: A list of tensors that `f` gets as its second argument.
        g_side_input: Likewise.
        is_training: Not used: it chose the way of the gradient.

    Returns:
        The pair of outputs.

    Raises:
        ValueError: If a list has not a function for each layer.
    """
    steps = {"f": (_each(f, num_layers), f_side_input), "g": (_each(g, num_layers), g_side_input)}

    def residual(name: str, number: int, x: Any) -> Any:
        functions, side = steps[name]
        with variable_scope(f"revlayer_{number}/{name}"):
            return functions[number](x, side) if side else functions[number](x)

    with tf_layer_scope(None, "revblock", get_variable_scope().reuse):
        for number in range(num_layers):
            x1 = x1 + residual("f", number, x2)
            x2 = x2 + residual("g", number, x1)
    return x1, x2


def recompute_grad(
    fn: Any = None, use_data_dep: Any = None, tupleize_grads: bool = False
) -> Callable[..., Any]:
    """Returns the function of tensors, as a decorator with or without arguments.

    TF-Slim ran it once more for its gradient, to save the memory of what is in between. Here it
    runs once: the same values and gradients, for more memory. `tf.recompute_grad` saves it around
    layers that exist.

    Args:
        fn: A function of tensors. If it takes `is_recomputing`, that is False.
        use_data_dep: Not used.
        tupleize_grads: Not used.
    """
    if fn is None:
        return recompute_grad
    known = (
        {"is_recomputing": False} if "is_recomputing" in inspect.signature(fn).parameters else {}
    )

    @functools.wraps(fn)
    def run_once(*args: Any) -> Any:
        return fn(*args, **known)

    return run_once


def _each(functions: Any, count: int) -> list[Any]:
    """A function for each layer."""
    if not isinstance(functions, list):
        return [functions] * count
    if len(functions) != count:
        raise ValueError(f"{count} layers have {len(functions)} functions")
    return functions
