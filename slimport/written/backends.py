"""Backends: Keras' other ones have no TensorFlow, which a part of this module needs."""

from __future__ import annotations

from typing import Any

import keras


def on_tensorflow() -> bool:
    """Whether Keras computes with TensorFlow."""
    return bool(keras.config.backend() == "tensorflow")


def on_torch() -> bool:
    """Whether Keras computes with torch."""
    return bool(keras.config.backend() == "torch")


class OnlyOnTensorFlow:
    """Stands for TensorFlow where Keras computes with something else: it has names, no use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return OnlyOnTensorFlow(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ImportError(
            f"{self._name} needs Keras' TensorFlow backend, and this is {keras.config.backend()}: "
            "set KERAS_BACKEND=tensorflow before Keras is imported"
        )

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:  # of a class derived from it
        return (type("Absent", (), {"__new__": self.__call__}),)


if on_tensorflow():
    import tensorflow as tf
else:
    tf = OnlyOnTensorFlow("tf")
