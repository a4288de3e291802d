"""Loops: layers applied several times."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from slimport.written.scopes import variable_scope

__all__ = ["repeat", "stack"]


def repeat(
    inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Applies a layer several times with the same arguments.

    `repeat(x, 2, conv2d, 64, 3, name="conv1")` builds `conv1/conv1_1` and `conv1/conv1_2`.

    Args:
        inputs: A tensor.
        repetitions: How many times.
        layer: A layer function.
        *args: Arguments of `layer` after its inputs.
        **kwargs: Keyword arguments of `layer`; `name` is the scope around all of them.
    """
    return _applied(inputs, layer, [args] * repetitions, kwargs, "Repeat", "repeat")


def stack(inputs: Any, layer: Callable[..., Any], stack_args: Any, **kwargs: Any) -> Any:
    """Applies a layer several times with different arguments.

    `stack(x, fully_connected, [32, 64], name="fc")` builds `fc/fc_1` and `fc/fc_2`.

    Args:
        inputs: A tensor.
        layer: A layer function.
        stack_args: For each application the arguments after the inputs: one, or a list of them.
        **kwargs: Keyword arguments of `layer`; `name` is the scope around all of them.

    Raises:
        ValueError: If `stack_args` is neither a list nor a tuple.
    """
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    each = [args if isinstance(args, (list, tuple)) else [args] for args in stack_args]
    return _applied(inputs, layer, each, kwargs, "Stack", "stack")


def _applied(
    inputs: Any,
    layer: Callable[..., Any],
    arguments: Any,
    kwargs: dict[str, Any],
    default_name: str,
    stem: str,
) -> Any:
    """Applies `layer` once for each tuple of arguments, each time in a numbered scope."""
    kwargs = dict(kwargs)
    name = kwargs.pop("scope", kwargs.pop("name", None))
    keyword = _scope_keyword(layer)
    with variable_scope(name, default_name, [inputs]):
        stem = name or _function_name(layer, stem)
        for number, args in enumerate(arguments, start=1):
            inputs = layer(inputs, *args, **{**kwargs, keyword: f"{stem}_{number}"})
        return inputs


def _function_name(layer: Any, otherwise: str) -> str:
    """The name that TF-Slim numbers where no scope is given."""
    function = layer if hasattr(layer, "__name__") else getattr(layer, "func", None)
    return str(getattr(function, "legacy_name", getattr(function, "__name__", otherwise)))


def _scope_keyword(layer: Any) -> str:
    """`name`, or `scope` for a function of one's own that calls it so."""
    parameters = inspect.signature(layer).parameters
    return "scope" if "scope" in parameters and "name" not in parameters else "name"
