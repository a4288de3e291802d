"""Backends: Keras' other ones have no TensorFlow, which a part of this module needs."""

from __future__ import annotations

from typing import Any

import keras


def on_tensorflow() -> bool:
    """Whether Keras computes with TensorFlow."""
    return bool(keras.config.backend() == "tensorflow")


class OnlyOnTensorFlow:
    """Stands for TensorFlow where Keras computes with something else."""

    def __getattr__(self, name: str) -> Any:
        raise ImportError(f"tf.{name} needs Keras' TensorFlow backend")


if on_tensorflow():
    import tensorflow as tf
else:
    tf = OnlyOnTensorFlow()
