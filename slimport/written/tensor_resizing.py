# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions that resize images as TensorFlow 1 did.

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too,
and Keras' other backends compute its formula: keras.ops.image.resize knows only half pixel centers.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.tensor_shapes import as_listed, listed, together, told_apart

__all__ = ["resize_bilinear", "resize_images", "resize_nearest_neighbor"]


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Any:
    """Resizes images by `tf.image.resize_bilinear` of TensorFlow 1.

    Args:
        images: A tensor `[batch, height, width, channels]`, with KerasTensors of known height and
            width, or ones that the backend knows when it computes.
        size: New height and width.
        align_corners: Whether the centers of the corners stay where they are.
        name: Name of TensorFlow's operation; KerasTensors have none.
        half_pixel_centers: Whether pixels are squares rather than points.

    Returns:
        A tensor of float32.
    """
    return _resized("bilinear", images, size, align_corners, name, half_pixel_centers)


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Any:
    """Resizes images by repeating pixels, by `tf.image.resize_nearest_neighbor` of TensorFlow 1.

    The dtype stays; for the arguments see `resize_bilinear`.
    """
    return _resized("nearest", images, size, align_corners, name, half_pixel_centers)


def resize_images(
    images: Any,
    size: Any,
    method: Any = "bilinear",
    align_corners: bool = False,
    name: str | None = None,
) -> Any:
    """Resizes images by `tf.image.resize_images` of TensorFlow 1.

    Images that have the new size already are returned as they are, of whatever dtype.

    Args:
        images: A tensor `[batch, height, width, channels]`; one image without a batch only where
            it is no KerasTensor.
        size: New height and width.
        method: `"bilinear"` or `"nearest"`, or TensorFlow 1's numbers for them, 0 and 1.
        align_corners: Whether the centers of the corners stay where they are.
        name: Name of TensorFlow's operation; KerasTensors have none.
    """
    if on_tensorflow() and not _is_symbolic(images, size):
        size = as_listed(size)
        return tf.compat.v1.image.resize_images(images, size, method, align_corners, name=name)
    method = {0: "bilinear", 1: "nearest"}.get(method, method)
    known, unknown = told_apart(size)
    if not unknown and list(images.shape[1:3]) == known:
        return images
    return _through_kerastensors(images, size, method, bool(align_corners), False)


def _resized(
    method: str, images: Any, size: Any, align_corners: Any, name: Any, half_pixel_centers: Any
) -> Any:
    if on_tensorflow() and not _is_symbolic(images, size):
        size = as_listed(size)
        return _operation(method)(images, size, align_corners, name, half_pixel_centers)
    settings = bool(align_corners), bool(half_pixel_centers)
    return _through_kerastensors(images, size, method, *settings)


def _is_symbolic(images: Any, size: Any) -> bool:
    return any(map(keras.backend.is_keras_tensor, (images, *listed(size))))


def _through_kerastensors(images: Any, size: Any, method: str, *settings: bool) -> Any:
    known, unknown = told_apart(size)
    if len(known) != 2:
        raise ValueError(f"images are resized to a height and a width, not {size}")
    if unknown:
        return ResizeToSizes(method, known, *settings)(images, unknown)
    height, width = map(int, size)
    return Resize(method, (height, width), *settings)(images)


def _operation(method: str) -> Any:
    """TensorFlow's own operation."""
    of_image = tf.compat.v1.image
    return of_image.resize_bilinear if method == "bilinear" else of_image.resize_nearest_neighbor


@keras.saving.register_keras_serializable("scoped_layers")
class Resize(keras.Operation):
    """Resizing in a functional model, and on Keras' other backends.

    Raises:
        ValueError: If the method is another one, or both kinds of places are asked for.
    """

    def __init__(
        self,
        method: str,
        size: tuple[int, int],
        align_corners: bool,
        half_pixel_centers: bool,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if method not in ("bilinear", "nearest"):
            raise ValueError(f"KerasTensors are resized by bilinear or nearest, not {method!r}")
        if align_corners and half_pixel_centers:
            raise ValueError("align_corners and half_pixel_centers exclude each other")
        self.method = method
        self.size = tuple(size)
        self.align_corners = align_corners
        self.half_pixel_centers = half_pixel_centers

    def call(self, images: Any) -> Any:
        """Returns the new images."""
        if on_tensorflow():
            resize = _operation(self.method)
            return resize(images, self.size, self.align_corners, None, self.half_pixel_centers)
        if self.method == "nearest":
            for axis in (1, 2):
                images = keras.ops.take(images, self._nearest(images, axis), axis=axis)
            return images
        images = keras.ops.cast(images, "float32")
        for axis in (2, 1):  # TensorFlow's kernel goes along rows first
            images = self._along(images, axis)
        return images

    def compute_output_spec(self, images: Any) -> Any:
        """Returns the kind of tensor that comes out.

        Raises:
            ValueError: If `images` has not 4 dimensions.
        """
        if len(images.shape) != 4:
            raise ValueError(f"images are resized in 4 dimensions, not {images.shape}")
        shape = (images.shape[0], *self.size, images.shape[3])
        return keras.KerasTensor(shape, "float32" if self.method == "bilinear" else images.dtype)

    def _along(self, images: Any, axis: int) -> Any:
        """Interpolates along one dimension."""
        places = self._places(images, axis)
        if self.half_pixel_centers:
            places = places - np.float32(0.5)
        below = np.floor(places)
        shape = [-1 if at == axis else 1 for at in range(4)]
        share = keras.ops.convert_to_tensor((places - below).reshape(shape))
        lower = np.maximum(below, 0).astype("int32")
        upper = np.minimum(np.ceil(places), images.shape[axis] - 1).astype("int32")
        one = keras.ops.take(images, lower, axis=axis)
        return one + (keras.ops.take(images, upper, axis=axis) - one) * share

    def _nearest(self, images: Any, axis: int) -> Any:
        """Which old pixel each new one takes."""
        places = self._places(images, axis)
        below = np.floor(places)
        up = places - below >= 0.5 if self.align_corners else np.zeros(len(places), bool)
        return np.clip(below + up, 0, images.shape[axis] - 1).astype("int32")

    def _places(self, images: Any, axis: int) -> Any:
        """Where the new pixels are among the old ones, in float32 as TensorFlow computes it."""
        old, new = images.shape[axis], self.size[axis - 1]
        corners = self.align_corners and new > 1
        scale = np.float32(old - 1) / np.float32(new - 1) if corners else np.float32(old) / new
        points = np.arange(new, dtype=np.float32)
        if self.half_pixel_centers:
            points = points + np.float32(0.5)
        return points * np.float32(scale)


@keras.saving.register_keras_serializable("scoped_layers")
class ResizeToSizes(keras.Operation):
    """Resizing in a functional model to sizes of which it does not know both."""

    def __init__(
        self,
        method: str,
        size: list[int | None],
        align_corners: bool,
        half_pixel_centers: bool,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.method = method
        self.size = size
        self.settings = (align_corners, half_pixel_centers)

    def call(self, images: Any, unknown: list[Any]) -> Any:
        """Returns the new images."""
        size = together(self.size, unknown)
        if on_tensorflow():
            align_corners, half = self.settings
            return _operation(self.method)(images, tf.stack(size), align_corners, None, half)
        height, width = (int(pixels) for pixels in size)
        return Resize(self.method, (height, width), *self.settings).call(images)

    def compute_output_spec(self, images: Any, unknown: list[Any]) -> Any:
        """Returns the kind of tensor that comes out."""
        kind = Resize(self.method, (1, 1), *self.settings).compute_output_spec(images)
        return keras.KerasTensor((images.shape[0], *self.size, images.shape[3]), kind.dtype)
