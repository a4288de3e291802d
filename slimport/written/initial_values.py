"""The values that variables start with, where these are tensors."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["starting_value"]


def starting_value(name: str, value: Any) -> Any:
    """Returns the NumPy value of a tensor, also of one in a trace, which is run for it.

    Args:
        name: The variable's, for the message.
        value: A tensor.

    Raises:
        ValueError: If the tensor depends on inputs of a model, or on variables.
    """
    if not tf.is_symbolic_tensor(value):
        return value.numpy()
    try:
        with tf.init_scope(), tf.compat.v1.Session(graph=value.graph) as session:
            return session.run(value)
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError) as error:
        raise ValueError(
            f"The initial value of the variable {name} depends on inputs of the model, or on other "
            "variables. Make it of constants and of random numbers."
        ) from error
