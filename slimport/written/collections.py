"""Collections: tensors by the names they are collected under."""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.graphs import LayerGraph, current_layer_graph
from slimport.written.sizes import known_sizes

__all__ = [
    "add_to_collection",
    "add_to_collections",
    "collect_named_outputs",
    "convert_collection_to_dict",
    "get_collection",
    "get_regularization_loss",
    "get_regularization_losses",
    "global_variables",
    "last_dimension",
    "model_variables",
    "trainable_variables",
]


def add_to_collection(name: str, value: Any) -> None:
    """Adds a value to a collection of the current graph."""
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        tf.compat.v1.add_to_collection(name, value)
    else:
        graph.collections.setdefault(name, []).append(value)


def add_to_collections(names: Any, value: Any) -> None:
    """Adds a value to several collections; `names` is a list of names, or one name."""
    for name in dict.fromkeys([names] if isinstance(names, str) else names):
        add_to_collection(name, value)


def list_variable(name: str, path: str, value: Any) -> None:
    """Adds a new variable to a collection, in this pass through the network and in later ones.

    Args:
        name: The collection.
        path: The variable's full legacy name.
        value: The variable, in a TF 1 graph its value.
    """
    current_layer_graph().listed.setdefault(path, []).append(name)
    add_to_collection(name, value)


def is_listed(name: str, path: str, value: Any) -> bool:
    """Whether a collection has a new variable already, as the network's own have.

    Args:
        name: The collection.
        path: The variable's full legacy name.
        value: The variable, in a TF 1 graph its value.
    """
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        members = tf.compat.v1.get_collection(name)
    elif name in _OF_VARIABLES and path in _OF_VARIABLES[name](graph):
        return True
    else:
        members = graph.collections.get(name, [])
    return any(member is value for member in members)


def get_collection(name: str, scope: str | None = None) -> list[Any]:
    """Returns the values of a collection, in the order in which they were added.

    In a model the collections of variables and of regularisation losses are those of its layers.
    There a layer's moving averages are updated with its call: no collection holds the updates.

    Args:
        name: The collection, e.g. one of `tf.compat.v1.GraphKeys`.
        scope: A regular expression that the values' names are to start with.

    Raises:
        ValueError: In a functional model, which would keep the values that the variables of a
            network's own collection have when it is made.
    """
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        return _Members(tf.compat.v1.get_collection(name, scope))
    found = _Members(_collected(graph, name, scope))
    if graph.anchor is not None and name not in _OF_VARIABLES:
        kept = [v for v in found if isinstance(v, keras.Variable)]
        if kept:
            raise ValueError(
                f"The collection {name!r} holds variables, of which a functional model would keep "
                "the values of the moment: make a TracedModel of the function."
            )
    return found


class _Members(list[Any]):
    """A list that looks for tensors as objects: those of TensorFlow 2 compare their values."""

    def __contains__(self, value: Any) -> bool:
        return any(_is_same(member, value) for member in self)

    def index(self, value: Any, start: Any = 0, stop: Any = None) -> int:
        """Returns the position of this very member."""
        for place in range(len(self))[slice(start, stop)]:
            if _is_same(self[place], value):
                return place
        raise ValueError(f"{value} is not in the collection")

    def count(self, value: Any) -> int:
        """Returns how often this very member is there."""
        return sum(_is_same(member, value) for member in self)

    def remove(self, value: Any) -> None:
        """Removes this very member."""
        del self[self.index(value)]

    def __add__(self, other: Any) -> Any:
        return _Members([*self, *other])


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    return not hasattr(one, "shape") and not hasattr(other, "shape") and bool(one == other)


def _collected(graph: LayerGraph, name: str, scope: str | None) -> list[Any]:
    added = graph.collections.get(name, [])
    traces = on_tensorflow() and not tf.executing_eagerly()
    if traces and name not in _OF_VARIABLES:  # what tf.losses of a trace added is there
        traced = tf.compat.v1.get_collection(name)
        added = [*traced, *(v for v in added if all(v is not other for other in traced))]
    if name == "regularization_losses":
        return [*_regularization_losses(graph, scope), *_matching(added, scope)]
    if name not in _OF_VARIABLES:
        return _matching(added, scope)
    listed, members = {id(v) for v in added}, _OF_VARIABLES[name](graph)
    own = {p: v for p, v in _variables(graph).items() if id(v) in listed or p in members}
    for path, variable in own.items():
        _name_as_in_tf_1(variable, path)
    strangers = [v for v in added if all(v is not member for member in own.values())]
    return _matching([*own.values(), *strangers], scope)


def _name_as_in_tf_1(variable: Any, path: str) -> None:
    """Lets a variable of Keras answer to `name`, `op.name` and `get_shape()` as TF 1's did."""
    variable._name = f"{path}:0"  # Keras' own is that of the layer's attribute
    variable.op = types.SimpleNamespace(name=path)
    if on_tensorflow():
        variable.get_shape = lambda: tf.TensorShape(variable.shape)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables to train; see `get_collection`."""
    return get_collection("trainable_variables", scope)


def global_variables(scope: str | None = None) -> list[Any]:
    """Returns all variables; see `get_collection`."""
    return get_collection("variables", scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables of layers; see `get_collection`."""
    return get_collection("model_variables", scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Returns a loss for each regularized variable; see `get_collection`."""
    return get_collection("regularization_losses", scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Any:
    """Returns the sum of the regularisation losses, 0.0 if there are none."""
    losses = get_regularization_losses(scope)
    return tf.add_n(losses, name=name) if losses else tf.constant(0.0)


# Collections that hold variables, as paths of a model's variables.
_OF_VARIABLES: dict[str, Callable[[LayerGraph], Any]] = {
    "variables": lambda graph: graph.variables,
    "model_variables": lambda graph: graph.variables.keys() - graph.not_of_model,
    "trainable_variables": lambda graph: graph.trainable,
}


def _variables(graph: LayerGraph) -> dict[str, Any]:
    """The variables that this pass has met so far: a later layer's are there since the first."""
    return {path: v for path, v in graph.variables.items() if path in graph.met}


def _regularization_losses(graph: LayerGraph, scope: str | None) -> list[Any]:
    return [
        variable.regularizer(variable)
        for path, variable in _variables(graph).items()
        if variable.regularizer is not None and (not scope or re.match(scope, path))
    ]


def _matching(values: list[Any], scope: str | None) -> list[Any]:
    return [v for v in values if not scope or re.match(scope, str(getattr(v, "name", "")))]


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Adds `outputs` to collections, to be found there under the name `alias`.

    Args:
        collections: A collection's name, a list of them, or `None` for none.
        alias: The name, e.g. the scope path of the layer.
        outputs: A tensor.

    Returns:
        `outputs`, for calls in line.
    """
    if collections:
        outputs.aliases = [*getattr(outputs, "aliases", []), alias.removesuffix("/")]
        names = [collections] if isinstance(collections, str) else dict.fromkeys(collections)
        for name in names:
            add_to_collection(name, outputs)
    return outputs


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> dict[str, Any]:
    """Returns the tensors of a collection by the names they were collected under.

    Args:
        collection: The collection's name.
        clear_collection: Whether to empty the collection.
    """
    tensors = get_collection(collection)
    named = {
        alias: tensor
        for tensor in tensors
        for alias in getattr(tensor, "aliases", [tensor.name.removesuffix(":0")])
    }
    if clear_collection:
        graph = current_layer_graph()
        if graph.tf_graph is not None:
            graph.tf_graph.clear_collection(collection)
        graph.collections.pop(collection, None)
    return named


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """Returns the size of the last dimension of a static shape.

    Args:
        shape: A `tf.TensorShape`, or a tuple or list of sizes.
        min_rank: The least rank that is accepted.

    Raises:
        ValueError: If the rank is unknown or below `min_rank`, or the dimension is unknown.
    """
    sizes = known_sizes(shape)
    if len(sizes) < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {len(sizes)}")
    if sizes[-1] is None:
        raise ValueError(f"dimension -1 of shape must be known but is None: {tuple(sizes)}")
    return int(sizes[-1])
