# mypy: allow-subclassing-any
"""Dropout."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import plain_layer
from slimport.written.collections import collect_named_outputs
from slimport.written.defaults import takes_layer_defaults
from slimport.written.graphs import current_layer_graph
from slimport.written.normalization import training_choice
from slimport.written.scopes import variable_scope

__all__ = ["Dropout", "dropout"]


@takes_layer_defaults
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    name: Any = None,
    seed: int | None = None,
) -> Any:
    """Zeroes random elements while training and scales up the others by `1 / keep_prob`.

    Args:
        inputs: A tensor.
        keep_prob: Probability with which an element is kept; a number or a tensor.
        noise_shape: Shape of the random mask; 1 where elements share their fate.
        is_training: True to follow Keras (in a TF 1 graph: training), "always" to drop in
            inference, too, False for none, or a tensor.
        seed: Seed of the random mask.

    Returns:
        A tensor of the shape and dtype of `inputs`.
    """
    with variable_scope(name, "Dropout", [inputs]) as scope:
        choice = training_choice(is_training)
        if current_layer_graph().tf_graph is not None:
            # Keras' generator would give every run of a TF 1 graph the same mask.
            dropped = functools.partial(tf.nn.dropout, inputs, 1 - keep_prob, noise_shape, seed)
            outputs = applied_when(choice, dropped, inputs)
        elif choice is False or (isinstance(keep_prob, (int, float)) and keep_prob >= 1):
            outputs = inputs
        else:
            is_fed = keras.ops.is_tensor(keep_prob)
            rate = 0.5 if is_fed else 1 - keep_prob
            settings = {"rate": rate, "noise_shape": noise_shape, "seed": seed}
            layer = plain_layer(Dropout, scope.name, inputs, **settings)
            fed = {"keep_prob": keep_prob} if is_fed else {}
            outputs = layer(inputs, is_training=choice, **fed)
        return collect_named_outputs(outputs_collections, scope.name, outputs)


@keras.saving.register_keras_serializable("scoped_layers")
class Dropout(keras.layers.Dropout):
    """Dropout that a tensor may switch on and off, or tell how much to keep."""

    def call(
        self, inputs: Any, training: Any = None, is_training: Any = None, keep_prob: Any = None
    ) -> Any:
        """Drops; `is_training` overrides `training`, `keep_prob`, a tensor, the layer's rate."""
        choice = training if is_training is None else is_training
        if keep_prob is not None:
            rate = 1.0 - keep_prob
            dropped = functools.partial(tf.nn.dropout, inputs, rate, self.noise_shape, self.seed)
            return applied_when(choice, dropped, inputs)
        return applied_when(choice, lambda: super(Dropout, self).call(inputs, True), inputs)


def applied_when(choice: Any, dropped: Callable[[], Any], inputs: Any) -> Any:
    """Returns `dropped()` where `choice` holds, else the inputs."""
    if keras.ops.is_tensor(choice):
        is_on = keras.ops.cast(choice, "bool")
        return keras.ops.cond(is_on, dropped, lambda: keras.ops.copy(inputs))
    return dropped() if choice else keras.ops.copy(inputs)
