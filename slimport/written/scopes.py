"""Scopes: variable scopes and name scopes, with TF 1's rules for unique names."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.fresh_initializers import fresh_initializer
from slimport.written.graphs import LayerGraph, VariableScope, current_layer_graph
from slimport.written.penalties import penalty_of_value

__all__ = ["get_variable_scope", "name_scope", "variable_op_scope", "variable_scope"]


@contextlib.contextmanager
def variable_scope(
    name_or_scope: Any,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    reuse: Any = None,
    *,
    dtype: Any = None,
    use_resource: Any = None,
    caching_device: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[Any]:
    """Opens a variable scope: layers inside are named and found below it.

    Args:
        name_or_scope: A name, an earlier scope to re-enter, or `None` for `default_name`.
        default_name: A name made unique in the enclosing scope: `Conv`, `Conv_1`, ...
        values: Not used; it is there for code that passes its tensors.
        initializer: Default of `get_variable` inside.
        regularizer: Default of `get_variable` inside.
        reuse: `True` shares the variables that exist, `AUTO_REUSE` creates those that do not;
            `None` and `False` inherit.
        dtype: Default of `get_variable` inside; layers take the dtype of their inputs.
        use_resource: Kind of the variables that TensorFlow makes in a TF 1 graph; those of Keras
            are resources.
        caching_device: Where a TF 1 graph keeps copies of its own variables.
        auxiliary_name_scope: Whether a name scope is opened with it.

    Yields:
        The scope; `.name` is its full path.

    Raises:
        ValueError: If `reuse` is set and no name is given.
    """
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        with tf.compat.v1.variable_scope(
            name_or_scope,
            default_name,
            None,
            fresh_initializer(initializer),
            penalty_of_value(regularizer),
            caching_device,
            reuse=reuse,
            dtype=dtype,
            use_resource=use_resource,
            auxiliary_name_scope=auxiliary_name_scope,
        ) as tf_scope:
            yield tf_scope
        return
    if name_or_scope is None and default_name is None:
        raise TypeError("If default_name is None then name_or_scope is required")
    if name_or_scope is None and reuse:
        raise ValueError("reuse=True cannot be used without a name_or_scope")
    with contextlib.ExitStack() as stack:
        name_scopes = name_scope if auxiliary_name_scope else _open_name_scope
        scope = _opened_scope(graph, stack, name_or_scope, default_name, name_scopes)
        scope.reuse = reuse or scope.reuse
        scope.dtype = dtype or scope.dtype
        scope.initializer = initializer or scope.initializer
        scope.regularizer = regularizer or scope.regularizer
        stack.enter_context(_entered(graph, scope, isinstance(name_or_scope, VariableScope)))
        yield scope


def variable_op_scope(
    values: Any,
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    **keywords: Any,
) -> Any:
    """Opens a variable scope; `variable_scope` with its parameters in TensorFlow 0.x' order."""
    return variable_scope(name_or_scope, default_name, values, initializer, regularizer, **keywords)


def get_variable_scope() -> Any:
    """Returns the innermost open variable scope."""
    graph = current_layer_graph()
    return graph.scope if graph.tf_graph is None else tf.compat.v1.get_variable_scope()


@contextlib.contextmanager
def name_scope(name: Any, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """Opens a name scope, made unique as TF 1 does; pools and flattens take their names here.

    Args:
        name: A name, a path with a closing slash to re-enter it, or `None` for `default_name`.
        default_name: The name to use when `name` is `None`.
        values: Not used; it is there for code that passes its tensors.

    Yields:
        The path with a closing slash.
    """
    graph = current_layer_graph()
    if on_tensorflow() and not tf.executing_eagerly():
        with tf.compat.v1.name_scope(name, default_name) as tf_path:
            yield tf_path
        return
    outer = graph.name_scope
    graph.name_scope = _unique_name_scope(graph, default_name if name is None else name)
    try:
        yield graph.name_scope + "/" if graph.name_scope else ""
    finally:
        graph.name_scope = outer


def _opened_scope(
    graph: LayerGraph,
    stack: contextlib.ExitStack,
    name_or_scope: Any,
    default_name: str | None,
    open_names: Callable[..., Any],
) -> VariableScope:
    """Makes the scope object, with its name scope (`open_names`) opened on `stack`."""
    if isinstance(name_or_scope, VariableScope):
        last = name_or_scope.name.rpartition("/")[2]
        if last:
            stack.enter_context(open_names(last))
        return dataclasses.replace(name_or_scope)
    path = stack.enter_context(open_names(name_or_scope, default_name))
    name = _unique_scope(graph, default_name) if name_or_scope is None else name_or_scope
    full_name = _join(graph.scope.name, name)
    return dataclasses.replace(graph.scope, name=full_name, original_name_scope=path)


@contextlib.contextmanager
def _open_name_scope(*_: Any) -> Iterator[str]:
    """The name scope that is open already, whatever the name."""
    path = current_layer_graph().name_scope
    yield path + "/" if path else ""


@contextlib.contextmanager
def _entered(graph: LayerGraph, scope: VariableScope, again: bool) -> Iterator[None]:
    """Makes `scope` current and keeps the counters: `again` when an earlier scope is re-entered.

    Leaving a named scope forgets the counters below it (so a second `with` of the same name counts
    from the start, and meets the same paths). Leaving a re-entered scope object restores them all.
    """
    outer = graph.scope
    graph.scope_counts[scope.name] = graph.scope_counts.get(scope.name, 0) + 1
    before = dict(graph.scope_counts)
    graph.scope = scope
    try:
        yield
    finally:
        graph.scope = outer
        if again:
            graph.scope_counts = before
        else:
            for name in graph.scope_counts:
                if name.startswith(scope.name + "/"):
                    graph.scope_counts[name] = 0


def _unique_scope(graph: LayerGraph, prefix: Any) -> str:
    """Numbers a default name that the current scope has used: `Conv`, `Conv_1`, ..."""
    name, number = prefix, 0
    while graph.scope_counts.get(_join(graph.scope.name, name), 0):
        number += 1
        name = f"{prefix}_{number}"
    return str(name)


def _unique_name_scope(graph: LayerGraph, name: str | None) -> str:
    """Numbers a name scope that is in use; names differing in case only count as the same."""
    if not name:
        return ""
    if name.endswith("/"):
        return name[:-1]
    path = _join(graph.name_scope, name)
    key = path.lower()
    count = graph.names_in_use.get(key, 0)
    graph.names_in_use[key] = count + 1
    if not count:
        return path
    while f"{key}_{count}" in graph.names_in_use:
        count += 1
    graph.names_in_use[f"{key}_{count}"] = 1
    return f"{path}_{count}"


def _join(outer: str, name: Any) -> str:
    return f"{outer}/{name}" if outer else str(name)
