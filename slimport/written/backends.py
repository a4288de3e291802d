"""Backends: the module runs on each of Keras', and imports TensorFlow on TensorFlow's alone."""

from __future__ import annotations

import contextlib
from typing import Any

import keras


def on_tensorflow() -> bool:
    """Whether Keras computes with TensorFlow."""
    return bool(keras.config.backend() == "tensorflow")


class AbsentApi:
    """Stands for something that is not there: naming it is possible, every use raises."""

    def __init__(self, name: str, reason: str) -> None:
        self.__dict__.update(_name=name, _reason=reason)

    def __repr__(self) -> str:
        return f"<{self._name}, which cannot be imported>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python and its tools ask of any object
            raise AttributeError(name)
        attribute = self.__dict__[name] = AbsentApi(f"{self._name}.{name}", self._reason)
        return attribute

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        # The class statement is no use yet, or its file could not be imported: an object of it is.
        return (type("AbsentClass", (), {"__new__": self._use}),)

    def _use(self, *args: Any, **kwargs: Any) -> Any:
        raise ImportError(f"{self._name} {self._reason}")

    # Hashes too: a missing constant must not be looked up as a key that is nowhere.
    __call__ = __iter__ = __next__ = __len__ = __getitem__ = __contains__ = __enter__ = _use
    __bool__ = __hash__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _use
    __str__ = __format__ = __int__ = __float__ = __index__ = __setattr__ = __delattr__ = _use
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _use
    __exit__ = __instancecheck__ = __subclasscheck__ = _use


if on_tensorflow():
    import tensorflow as tf
else:
    tf = AbsentApi("tf", f"needs Keras' TensorFlow backend: this is {keras.config.backend()}")


def outside_of_traces() -> Any:
    """Leads out of the functions, loops and conditions that TensorFlow traces."""
    return tf.init_scope() if on_tensorflow() else contextlib.nullcontext()


def on_device(device: Any) -> Any:
    """Places what is made inside on a device; `""` and `None` leave the choice as it is."""
    return tf.device(device) if device else contextlib.nullcontext()


def is_tf_variable(value: Any) -> bool:
    """Whether a value is a variable of TensorFlow's own."""
    return on_tensorflow() and isinstance(value, tf.Variable)


def as_tensor(variable: Any) -> Any:
    """Returns the value of a Keras variable as a tensor, which TensorFlow's variables are not."""
    if on_tensorflow():
        return tf.convert_to_tensor(variable.value)
    return keras.ops.convert_to_tensor(variable)


def shape_of(tensor: Any) -> list[Any]:
    """Returns sizes: numbers where they are known, tensors where they are not."""
    sizes = keras.ops.shape(tensor)
    return [sizes[axis] if size is None else size for axis, size in enumerate(tensor.shape)]


def known_sizes(shape: Any) -> list[Any] | None:
    """Returns the sizes of a static shape, `None` for those and for a rank that are not known."""
    if not on_tensorflow():
        return None if shape is None else list(shape)
    sizes = tf.TensorShape(shape)
    return None if sizes.rank is None else list(sizes.as_list())
