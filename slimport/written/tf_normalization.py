# mypy: allow-subclassing-any
"""TensorFlow 1's own batch normalization."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.normalization import BatchNormalization, statistics_dtype, training_choice
from slimport.written.tf_layers import TfLayer, constrained_layer, tf_layer_scope

__all__ = ["TfBatchNormalization", "tf_batch_normalization"]


def tf_batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 0.001,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = "zeros",
    gamma_initializer: Any = "ones",
    moving_mean_initializer: Any = "zeros",
    moving_variance_initializer: Any = "ones",
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: None = None,
    adjustment: None = None,
) -> Any:
    """Normalizes each channel over the batch and the other dimensions; see `tf_dense`.

    Images (rank 4) go through TensorFlow's fused kernel unless `fused` is False; their moving
    variance averages the unbiased variance of the batch, that of other inputs the biased one.

    Args:
        inputs: A tensor of rank 2 or more.
        axis: The dimension of the channels: the last or the second.
        momentum: Decay of the moving averages. Their updates go into the collection
            `update_ops` in a TF 1 graph, elsewhere they are made in place.
        epsilon: Added to the variance.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        training: False for the moving averages, True to follow Keras (`fit` trains, `predict`
            infers; in a TF 1 graph: training), "always" for the statistics of the batch in
            inference, too, or a boolean tensor.

    Raises:
        ValueError: If something is asked for that is not supported: `renorm`,
            `virtual_batch_size`, `adjustment`, or another axis.
    """
    del renorm_clipping, renorm_momentum
    if renorm or virtual_batch_size is not None or adjustment is not None:
        raise ValueError(
            "tf_batch_normalization supports none of renorm, virtual_batch_size, adjustment"
        )
    rank = len(inputs.shape)
    with tf_layer_scope(name, "batch_normalization", reuse) as scope:
        layer = constrained_layer(
            TfBatchNormalization,
            scope,
            inputs,
            axis=_channels_axis(axis, rank),
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            trainable=trainable,
            fused=fused is not False and rank == 4,
            dtype=statistics_dtype(inputs),
        )
        return layer(inputs, is_training=training_choice(training))


@keras.saving.register_keras_serializable("scoped_layers")
class TfBatchNormalization(TfLayer, BatchNormalization):
    """Batch normalization of `tf.layers`."""


def _channels_axis(axis: Any, rank: int) -> int:
    """One axis, counted from the front, that is the last or the second."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    places = [a + rank if a < 0 else a for a in axes]
    if len(places) != 1 or places[0] not in (1, rank - 1):
        raise ValueError(f"axis may be the last or the second of {rank} dimensions, got {axis}")
    return int(places[0])
