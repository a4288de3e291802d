"""Operations on tensors that TF-Slim has beside its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.collections import collect_named_outputs
from slimport.written.defaults import takes_layer_defaults
from slimport.written.scopes import variable_scope

__all__ = ["dense_to_sparse", "poincare_normalize", "scale_gradient"]


@takes_layer_defaults
def dense_to_sparse(
    tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, name: Any = None
) -> tf.SparseTensor:
    """Makes a sparse tensor of all entries that are not `eos_token`, as `tf.nn.ctc_loss` takes it.

    Args:
        tensor: A tensor, of integers for the most part.
        eos_token: The value that is left out.
    """
    with variable_scope(name, "dense_to_sparse", [tensor]) as scope:
        tensor = tf.convert_to_tensor(tensor)
        indices = tf.where(tf.not_equal(tensor, tf.constant(eos_token, tensor.dtype)))
        shape = tf.shape(tensor, out_type=tf.int64)
        outputs = tf.SparseTensor(indices, tf.gather_nd(tensor, indices), shape)
        return collect_named_outputs(outputs_collections, scope.name, outputs)


def scale_gradient(inputs: Any, gradient_multiplier: Any) -> Any:
    """Returns the inputs; what flows back through them is multiplied.

    Args:
        inputs: A tensor.
        gradient_multiplier: A number, or a tensor that fits the shape of the inputs.
    """

    def scaled(values: Any) -> tuple[Any, Callable[[Any], Any]]:
        return tf.identity(values), lambda upstream: upstream * gradient_multiplier

    return tf.custom_gradient(scaled)(inputs)


def poincare_normalize(
    x: Any, axis: Any = 1, epsilon: float = 1e-5, name: str | None = None
) -> Any:
    """Shortens vectors to a length of at most `1 - epsilon`.

    Args:
        x: A tensor.
        axis: The axis of the vectors, or several.
        epsilon: Distance from the unit sphere that is kept.
    """
    squares = keras.ops.sum(keras.ops.square(x), axis, keepdims=True)
    return x * keras.ops.minimum((1.0 - epsilon) * keras.ops.rsqrt(squares), 1.0)
