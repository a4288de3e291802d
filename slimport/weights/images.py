"""What both sides of a check are shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify.workers import values
from slimport.weights.errors import CheckError

Array = np.ndarray[Any, Any]


class ImageError(CheckError):
    """A file that is no image, or an input that takes none."""


@dataclass(frozen=True)
class Shown:
    """What both sides see.

    Attributes:
        path: A JPEG, PNG, GIF or BMP file, or `None` for random numbers.
        low: What black becomes. Whole numbers keep 0 to 255.
        high: What white becomes.
    """

    path: Path | None = None
    low: float = -1.0
    high: float = 1.0


def image(shown: Shown, shape: tuple[int | None, ...], dtype: str) -> Array:
    """Returns an image as an input of a network.

    Args:
        shown: The image.
        shape: Shape of the input: batch, height, width and channels. Where a size is open the
            image's own counts; without one 1 and 224.
        dtype: NumPy's name of its dtype.

    Raises:
        ImageError: It cannot be read, or the input takes no images.
    """
    if shown.path is None:
        sizes = [size or (1 if place == 0 else 224) for place, size in enumerate(shape)]
        whole = np.dtype(dtype).kind in "iu"
        low, high = (0, 256) if whole else (shown.low, shown.high)
        spec = {"shape": sizes, "dtype": dtype, "low": low, "high": high}
        return np.asarray(values.input_value(spec, 0, "weights"))
    if len(shape) != 4 or shape[3] not in (1, 3, None):
        raise ImageError(f"an input of shape {shape} takes no images; run without --image")
    return _from_file(shown.path, shown, shape, dtype)


def _from_file(path: Path, shown: Shown, shape: tuple[int | None, ...], dtype: str) -> Array:
    import tensorflow as tf

    try:
        pixels = tf.io.decode_image(path.read_bytes(), shape[3] or 3, expand_animations=False)
    except (OSError, tf.errors.InvalidArgumentError) as error:
        raise ImageError(f"{path} cannot be read as an image: {error}") from error
    size = (shape[1] or pixels.shape[0], shape[2] or pixels.shape[1])
    resized = tf.image.resize(pixels, size).numpy()
    if np.dtype(dtype).kind in "iu":
        found = resized.round().astype(dtype)
    else:
        found = (shown.low + resized / 255.0 * (shown.high - shown.low)).astype(dtype)
    return np.repeat(found[np.newaxis], shape[0] or 1, axis=0)
