"""Defaults: TF-Slim's `arg_scope`, arguments set for the layers of a block of code."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = [
    "current_layer_defaults",
    "has_layer_defaults",
    "layer_defaults",
    "layer_defaults_arguments",
    "layer_defaults_key",
    "takes_layer_defaults",
]

Op = TypeVar("Op", bound=Callable[..., Any])
Defaults = dict[str, dict[str, Any]]

_DEFAULTS: contextvars.ContextVar[Defaults | None] = contextvars.ContextVar(
    "_DEFAULTS", default=None
)
# What each operation that takes defaults may be given by name: its key -> its parameters.
_PARAMETERS: dict[str, dict[str, inspect.Parameter]] = {}
# Key of the operation that makes the variables of layers, so that they need not import it.
MODEL_VARIABLE = "model_variable"
# The names that one argument goes by: Keras' first, TF-Slim's last. An operation understands all
# of them, so that tables and dictionaries of parameters written for TF-Slim keep working.
_SYNONYMS = (
    ("filters", "units", "num_outputs"),
    ("strides", "stride"),
    ("pool_size", "kernel_size"),
    ("dilation_rate", "rate"),
    ("activation", "activation_fn"),
    ("normalizer", "normalizer_fn"),
    ("kernel_initializer", "depthwise_initializer", "weights_initializer"),
    ("kernel_regularizer", "depthwise_regularizer", "weights_regularizer"),
    ("bias_initializer", "biases_initializer"),
    ("bias_regularizer", "biases_regularizer"),
    ("momentum", "decay"),
    ("axis", "dim"),
    ("name", "scope"),
)


@contextlib.contextmanager
def layer_defaults(ops_or_defaults: Any, **defaults: Any) -> Iterator[Defaults]:
    """Sets defaults of some operations for the calls inside the block.

    ```python
    with layer_defaults([conv2d, max_pool2d], padding="same"):
        with layer_defaults([conv2d], strides=2) as kept:
            net = conv2d(net, 64, 3)  # padding "same", strides 2
    with layer_defaults(kept):  # the same defaults again, and no others
        net = conv2d(net, 64, 3)
    ```

    Args:
        ops_or_defaults: A list or tuple of operations, or what an earlier block yielded.
        **defaults: The defaults, added to those of the enclosing blocks.

    Yields:
        All defaults now in force, to be kept and entered again.

    Raises:
        TypeError: If `ops_or_defaults` is neither a list, a tuple nor a dictionary.
        ValueError: If an operation takes no defaults (see `takes_layer_defaults`), or if defaults
            are given along with a dictionary.
    """
    if isinstance(ops_or_defaults, dict):
        if defaults:
            raise ValueError("No further defaults may be given when a dictionary is re-entered.")
        entered = ops_or_defaults.copy()
    elif isinstance(ops_or_defaults, (list, tuple)):
        entered = current_layer_defaults().copy()
        for op in ops_or_defaults:
            if not has_layer_defaults(op):
                raise ValueError(
                    f"{op} does not take defaults: decorate it with @takes_layer_defaults."
                )
            key = layer_defaults_key(op)
            entered[key] = {**entered.get(key, {}), **_named_for(key, defaults)}
    else:
        raise TypeError("layer_defaults takes a list or tuple of operations, or a dictionary.")
    token = _DEFAULTS.set(entered)
    try:
        yield entered
    finally:
        _DEFAULTS.reset(token)


def takes_layer_defaults(function: Op) -> Op:
    """Decorates an operation so that `layer_defaults` may set its arguments."""
    key = layer_defaults_key(function)
    _PARAMETERS[key] = dict(inspect.signature(function).parameters)

    @functools.wraps(function)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        defaults = current_layer_defaults().get(key, {})
        return function(*args, **{**defaults, **_named_for(key, kwargs)})

    with_defaults._defaults_key = key  # type: ignore[attr-defined]
    return with_defaults  # type: ignore[return-value]


def keyed(key: str) -> Callable[[Op], Op]:
    """Sets the key of an operation: goes below `takes_layer_defaults`."""

    def with_key(function: Op) -> Op:
        function._defaults_key = key  # type: ignore[attr-defined]
        return function

    return with_key


def known_as(legacy_name: str) -> Callable[[Op], Op]:
    """Notes a function's own name in TF-Slim, which `repeat` and `stack` number."""

    def noted(function: Op) -> Op:
        function.legacy_name = legacy_name  # type: ignore[attr-defined]
        return function

    return noted


def current_layer_defaults() -> Defaults:
    """Returns the defaults in force: operation key -> argument -> value."""
    return _DEFAULTS.get() or {}


def has_layer_defaults(op: Any) -> bool:
    """Tells whether `op` is decorated with `takes_layer_defaults`."""
    return layer_defaults_key(op) in _PARAMETERS


def layer_defaults_arguments(op: Any) -> tuple[str, ...]:
    """Returns the names of the arguments of `op` that `layer_defaults` may set."""
    parameters = _PARAMETERS[layer_defaults_key(op)].values()
    return tuple(p.name for p in parameters if p.default is not inspect.Parameter.empty)


def layer_defaults_key(op: Any) -> str:
    """Returns the key of `op` in the dictionary that `layer_defaults` yields."""
    return str(getattr(op, "_defaults_key", op))


def _named_for(key: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Renames arguments that the operation knows under another name."""
    parameters = _PARAMETERS[key]
    if all(name in parameters for name in arguments):
        return arguments
    renamed = {}
    for name, value in arguments.items():
        group = next((group for group in _SYNONYMS if name in group), ())
        known = name if name in parameters else next((n for n in group if n in parameters), name)
        if known in renamed:
            raise TypeError(f"{known} is given twice, once under another name: {sorted(arguments)}")
        renamed[known] = value
    return renamed
