"""What programs took from `tf.contrib.framework` besides variables and scopes."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.graphs import current_layer_graph

__all__ = ["deprecated", "get_name_scope", "get_placeholders", "smart_branch", "smart_value"]


def get_name_scope() -> str:
    """Returns the path of the name scope that is open, without a closing slash."""
    if tf.executing_eagerly():
        return str(current_layer_graph().name_scope)
    return str(tf.compat.v1.get_default_graph().get_name_scope())


def get_placeholders(graph: Any) -> list[Any]:
    """Returns the placeholders of a TF 1 graph, in the order of their creation.

    Raises:
        TypeError: If it is no graph.
    """
    if not isinstance(graph, tf.Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def smart_value(pred: Any) -> bool | None:
    """Returns a truth value that is known now, `None` for a tensor whose value is not.

    Raises:
        TypeError: If it is neither a tensor, a bool, 0 nor 1.
    """
    if isinstance(pred, tf.Tensor):
        known = tf.get_static_value(pred)
        return None if known is None else bool(known)
    if pred not in (0, 1):
        raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0, not {type(pred)}")
    return bool(pred)


def smart_branch(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Calls one function where `pred` is known now, and hands both to `tf.cond` where it is not.

    It is `tf.contrib.framework.smart_cond`; TF-Slim's own has other parameters.

    Args:
        pred: A truth value, 0, 1, or a tensor that holds one.
        true_fn: Called for true.
        false_fn: Called for false.
        name: Name of the `tf.cond`.

    Raises:
        TypeError: If a function is not callable, or `pred` is something else.
    """
    if true_fn is None or false_fn is None or not (callable(true_fn) and callable(false_fn)):
        raise TypeError("`true_fn` and `false_fn` must be callable.")
    known = smart_value(pred)
    if known is None:
        return tf.compat.v1.cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if known else false_fn()


def deprecated(
    date: str | None, instructions: str, warn_once: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Lets calls of a function or method log a warning.

    Args:
        date: When it will be removed; `None` for some time.
        instructions: What to use in its place.
        warn_once: Whether the first call alone warns.
    """
    when = "in a future version" if date is None else f"after {date}"

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        warned: list[bool] = []

        @functools.wraps(function)
        def warning(*args: Any, **kwargs: Any) -> Any:
            if not warned:
                warned.extend([True] * warn_once)
                logging.getLogger("tensorflow").warning(
                    "%s (from %s) is deprecated and will be removed %s.\n%s",
                    function.__qualname__,
                    function.__module__,
                    when,
                    instructions,
                )
            return function(*args, **kwargs)

        return warning

    return decorator
