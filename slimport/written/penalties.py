# mypy: allow-subclassing-any
"""Penalties: what regularizers add to a model's loss."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class PenalizedLayer(keras.layers.Layer):
    """A layer whose weights are penalized whether they are trained or not, as in TF-Slim.

    Keras sums up the penalties of trainable weights, and a layer made with `trainable=False`
    would lower the loss by its own.
    """

    def add_weight(self, *args: Any, **arguments: Any) -> Any:
        """Creates a weight."""
        weight = super().add_weight(*args, **arguments)
        if weight.regularizer is not None:
            self.__dict__.setdefault("_penalized", []).append(weight)  # Keras would take the list
        return weight

    def _get_own_losses(self) -> list[Any]:
        untrained = (w for w in self.__dict__.get("_penalized", ()) if not w.trainable)
        return [*super()._get_own_losses(), *(w.regularizer(w) for w in untrained)]


def read_variable(weight: Any) -> Any:
    """Returns the value of a TensorFlow variable, and anything else as it is.

    A variable of a TF 1 graph that is no resource has a dtype (`float32_ref`) Keras does not know.
    """
    return tf.convert_to_tensor(weight) if isinstance(weight, tf.Variable) else weight


def penalty_of_value(regularizer: Any) -> Any:
    """Makes a regularizer of Keras take variables of a TF 1 graph; others stay what they are."""
    if not isinstance(regularizer, keras.regularizers.Regularizer):
        return regularizer
    return lambda weight: regularizer(read_variable(weight))
