"""What hand-written layers use: collections of their variables, aliases, conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "append_tensor_alias",
    "constant_value",
    "gather_tensors_aliases",
    "get_tensor_aliases",
    "get_variable_collections",
    "smart_cond",
    "static_cond",
]


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """Returns the collections for a layer's variable.

    Args:
        variables_collections: Collections for all variables of the layer, or a dictionary by name.
        name: The variable's name in the layer, e.g. `weights`.
    """
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Gives a tensor one more name, under which `convert_collection_to_dict` lists it."""
    tensor.aliases = [*getattr(tensor, "aliases", []), alias.removesuffix("/")]
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """Returns a tensor's aliases, or the name of its operation if it has none.

    Raises:
        ValueError: For a `KerasTensor` without aliases: it has no operation.
    """
    if hasattr(tensor, "aliases"):
        return list(tensor.aliases)
    if isinstance(tensor, keras.KerasTensor):
        raise ValueError(f"{tensor} has no alias; give it one with append_tensor_alias")
    return [tensor.name.removesuffix(":0")]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """Returns the aliases of all tensors of a list."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """Returns the value of a tensor if it is known now, `None` if not; other values as they are.

    Args:
        value_or_tensor_or_var: Any value. That of a variable is never known.
        dtype: The dtype that a tensor or variable must have; `None` for any.

    Raises:
        ValueError: If the value is `None`, or the dtype is another.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    is_variable = isinstance(value, tf.Variable | keras.Variable)
    if not is_variable and not isinstance(value, tf.Tensor | keras.KerasTensor):
        return value
    if dtype and tf.as_dtype(value.dtype) != dtype:
        raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
    if is_variable or isinstance(value, keras.KerasTensor):
        return None
    return tf.get_static_value(value)


def static_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any]) -> Any:
    """Returns `fn1()` if `pred` is true, else `fn2()`.

    Raises:
        TypeError: If `fn1` or `fn2` is not callable.
    """
    for name, function in (("fn1", fn1), ("fn2", fn2)):
        if not callable(function):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


def smart_cond(
    pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any], name: str | None = None
) -> Any:
    """Decides at once where `pred` is known, and by `tf.cond` where it is a tensor.

    Args:
        pred: A truth value, or a tensor that holds one.
        fn1: Called for true.
        fn2: Called for false.
        name: If given, a list of one tensor stays a list (TF-Slim passed it to `strict`).
    """
    known = constant_value(pred)
    if known is not None:
        return static_cond(known, fn1, fn2)
    return tf.compat.v1.cond(pred, fn1, fn2, strict=bool(name))
