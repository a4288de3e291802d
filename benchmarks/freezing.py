"""Frozen models: weights as constants, as `convert_variables_to_constants` made them of a graph.

`docs/export.md` shows this function; a test holds both to the same text.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def frozen(model: Any, *signature: Any) -> Any:
    """Inference with the weights of this moment; later changes of the model do not reach it.

    Args:
        model: A Keras model that is built.
        signature: A `tf.TensorSpec` for each of its inputs.
    """
    trainable = [variable.numpy() for variable in model.trainable_variables]
    others = [variable.numpy() for variable in model.non_trainable_variables]

    def serve(*inputs: Any) -> Any:
        return model.stateless_call(trainable, others, *inputs, training=False)[0]

    function = tf.function(serve, autograph=False, input_signature=signature)
    return function.get_concrete_function()
