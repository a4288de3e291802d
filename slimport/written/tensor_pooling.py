# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions that pool: `tf.nn.avg_pool` and `tf.nn.max_pool`, without a layer.

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.building import keras_data_format
from slimport.written.pooling import means_of_windows

__all__ = ["avg_pool", "max_pool"]


def avg_pool(
    x: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """Takes the mean over windows (padding is not counted), `tf.nn.avg_pool` on TensorFlow.

    Args:
        x: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        ksize: The window: one integer, one for height and width, or one for each dimension.
        strides: Likewise.
        padding: `"SAME"` or `"VALID"`.
        data_format: `None` for channels last.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Raises:
        ValueError: If a window goes over images or channels.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        function, data_format = _own_operation("avg_pool", x, data_format)
        return function(x, ksize, strides, padding, data_format, name)
    return MeansOfWindows(*_windows(x, ksize, strides, padding, data_format))(x)


@keras.saving.register_keras_serializable("scoped_layers")
class MeansOfWindows(keras.Operation):
    """`avg_pool` in a functional model, and on Keras' other backends."""

    def __init__(
        self, pool_size: Any, strides: Any, padding: str, data_format: str, *, name: Any = None
    ) -> None:
        super().__init__(name=name)
        self.settings = (tuple(pool_size), tuple(strides), padding, data_format)

    def call(self, x: Any) -> Any:
        """Takes the means."""
        return means_of_windows(x, *self.settings)

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        return keras.ops.average_pool(keras.KerasTensor(x.shape, x.dtype), *self.settings)


def max_pool(
    x: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """Takes the maximum over windows; for the arguments see `avg_pool`."""
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        function, data_format = _own_operation("max_pool", x, data_format)
        return function(x, ksize, strides, padding, data_format, name)
    return keras.ops.max_pool(x, *_windows(x, ksize, strides, padding, data_format))


def _own_operation(name: str, x: Any, data_format: str | None) -> tuple[Any, str | None]:
    """TensorFlow 1's function takes images alone, TensorFlow 2's also sequences and volumes."""
    rank = tf.convert_to_tensor(x).shape.rank
    if rank in (None, 4):
        return getattr(tf.compat.v1.nn, name), data_format or "NHWC"
    return getattr(tf.nn, name), data_format


def _windows(x: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None) -> Any:
    """The arguments as keras.ops takes them."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f'padding of a KerasTensor is "SAME" or "VALID", not {padding!r}')
    first = keras_data_format(data_format) == "channels_first"
    sizes = (_spatial(size, len(x.shape), first) for size in (ksize, strides))
    return *sizes, padding.lower(), keras_data_format(data_format)


def _spatial(sizes: Any, rank: int, channels_first: bool) -> tuple[int, ...]:
    """The sizes for the dimensions between images and channels."""
    sizes = [sizes] if isinstance(sizes, int) else list(sizes)
    if len(sizes) == 1:
        return (int(sizes[0]),) * (rank - 2)
    if len(sizes) == rank - 2:
        return tuple(map(int, sizes))
    channels = 1 if channels_first else rank - 1
    if len(sizes) != rank or sizes[0] != 1 or sizes[channels] != 1:
        raise ValueError(f"pooling over windows or steps of {sizes} in {rank} dimensions")
    return tuple(int(size) for at, size in enumerate(sizes) if at not in (0, channels))
