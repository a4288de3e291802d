"""Image items: pictures in the formats that examples hold."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.item_handlers import ItemHandler

__all__ = ["ImageItem"]


class ImageItem(ItemHandler):
    """A picture from two features, its bytes and their format.

    Args:
        image_key: Name of the feature with the bytes; `None` for `image/encoded`.
        format_key: Name of the feature with the format; `None` for `image/format`. `raw` and `RAW`
            stand for plain numbers of `dtype`; all others are told apart by the bytes.
        shape: What pictures are reshaped to, where they all have one shape.
        channels: How many channels pictures are decoded to.
        dtype: Type of the result. Pictures are decoded to 8 bits and cast.
        repeated: Whether the feature holds several pictures of one size.
        dct_method: How JPEG is decoded: `""`, `"INTEGER_FAST"` or `"INTEGER_ACCURATE"`.
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Any = None,
        channels: int | None = 3,
        dtype: Any = tf.uint8,
        repeated: bool = False,
        dct_method: str = "",
    ) -> None:
        self._image_key = image_key or "image/encoded"
        self._format_key = format_key or "image/format"
        self._shape = shape
        self._channels = channels
        self._dtype = dtype
        self._repeated = repeated
        self._dct_method = dct_method
        super().__init__([self._image_key, self._format_key])

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the picture `[height, width, channels]`, or pictures."""
        contents = keys_to_tensors[self._image_key]
        image_format = keys_to_tensors[self._format_key]
        if not self._repeated:
            return self._decode(contents, image_format)
        return tf.map_fn(
            lambda one: self._decode(one, image_format), contents, fn_output_signature=self._dtype
        )

    def _decode(self, contents: Any, image_format: Any) -> Any:
        is_raw = tf.strings.regex_full_match(image_format, "raw|RAW")
        image = tf.cond(
            is_raw,
            lambda: tf.io.decode_raw(contents, self._dtype),
            lambda: tf.cast(self._picture(contents), self._dtype),
        )
        if self._shape is not None:
            return tf.reshape(image, self._shape)
        image.set_shape([None, None, self._channels])
        return image

    def _picture(self, contents: Any) -> Any:
        def of_any_format() -> Any:  # of JPEG too, as decode_jpeg does by default
            return tf.io.decode_image(contents, self._channels)

        if not self._dct_method:  # one condition less for each picture
            return of_any_format()
        return tf.cond(
            tf.io.is_jpeg(contents),
            lambda: tf.io.decode_jpeg(contents, self._channels, dct_method=self._dct_method),
            of_any_format,
        )
