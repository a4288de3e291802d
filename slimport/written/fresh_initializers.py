# mypy: allow-subclassing-any
"""Initializers that draw as TensorFlow 1's did: for each variable, and in a session each time.

A Keras initializer without a seed chooses one when it is made. Two variables of one shape that
share it begin alike, and a session that initializes a variable again gives it the same values
again. One of TensorFlow 1 draws whenever it is asked, from the seed of the graph if it has one.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import in_tf_graph

__all__ = ["fresh_initializer"]


def fresh_initializer(initializer: Any) -> Any:
    """Makes an initializer that variables share give each of them other values.

    Args:
        initializer: Any; one that is not Keras', or draws nothing, is returned as it is.

    Returns:
        An initializer that draws whenever it is called.
    """
    return FreshInitializer(initializer) if _draws(initializer) else initializer


@keras.saving.register_keras_serializable("scoped_layers")
class FreshInitializer(keras.initializers.Initializer):
    """Draws with a copy of another initializer, a new one for each call."""

    def __init__(self, initializer: Any) -> None:
        self.initializer = keras.initializers.get(initializer)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Returns a tensor of a shape."""
        return own_initializer(self.initializer)(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the initializer."""
        return {"initializer": keras.initializers.serialize(self.initializer)}


def own_initializer(initializer: Any) -> Any:
    """Copies an initializer for one variable; in a TF 1 graph the copy draws in each session."""
    if not _draws(initializer):
        return initializer
    own = initializer.clone()
    if in_tf_graph() and own.get_config()["seed"] is None:
        own.seed = _SeedOfSession()
    return own


def _draws(initializer: Any) -> bool:
    is_keras = isinstance(initializer, keras.initializers.Initializer)
    return is_keras and hasattr(initializer, "seed") and "seed" in initializer.get_config()


class _SeedOfSession(keras.random.SeedGenerator):
    """Draws a seed from TensorFlow's own generator each time that a session asks for one."""

    def __init__(self) -> None:
        """Makes no variable, which a session would have to initialize."""

    def next(self, ordered: bool = True) -> Any:
        """Returns two numbers, int32."""
        return tf.random.uniform([2], maxval=tf.int32.max, dtype=tf.int32)
