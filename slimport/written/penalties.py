# mypy: allow-subclassing-any
"""Penalties: what regularizers add to a model's loss."""

from __future__ import annotations

from typing import Any

import keras


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
