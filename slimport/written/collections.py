"""Collections: tensors by the names they are collected under."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from slimport.written.graphs import current_layer_graph

__all__ = [
    "add_to_collection",
    "collect_named_outputs",
    "convert_collection_to_dict",
    "get_collection",
    "last_dimension",
]


def add_to_collection(name: str, value: Any) -> None:
    """Adds a value to a collection of the current graph."""
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        tf.compat.v1.add_to_collection(name, value)
    else:
        graph.collections.setdefault(name, []).append(value)


def get_collection(name: str, scope: str | None = None) -> list[Any]:
    """Returns the values of a collection, in the order in which they were added.

    Args:
        name: The collection.
        scope: A regular expression that the values' names are to start with.
    """
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        return list(tf.compat.v1.get_collection(name, scope))
    values = graph.collections.get(name, [])
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
    sizes = tf.TensorShape(shape)
    if sizes.rank is None:
        raise ValueError("dims of shape must be known but is None")
    if sizes.rank < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {sizes.rank}")
    if sizes[-1] is None:
        raise ValueError(f"dimension -1 of shape must be known but is None: {sizes}")
    return int(sizes[-1])
