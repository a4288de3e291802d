"""Networks: what those of TF-Slim share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.collections import convert_collection_to_dict
from slimport.written.convolution import conv2d
from slimport.written.dropout import dropout

Network = TypeVar("Network", bound=Callable[..., Any])


def made_for_images_of(size: int) -> Callable[[Network], Network]:
    """Notes the height and width that a network was published for: `default_image_size`."""

    def noted(network: Network) -> Network:
        network.default_image_size = size  # type: ignore[attr-defined]
        return network

    return noted


def classified_by_convolutions(
    net: Any,
    filters: int,
    kernel_size: int,
    num_classes: int,
    is_training: Any,
    keep_prob: Any,
    **of_last: Any,
) -> Any:
    """Applies fully connected layers in the form of convolutions, with dropout between.

    Args:
        net: Images.
        filters: Output channels of the first.
        kernel_size: Size of the images that the first turns into one pixel.
        num_classes: Output channels of the last.
        is_training: Whether to drop out.
        keep_prob: Probability with which dropout keeps an element.
        **of_last: Arguments of the last convolution.
    """
    net = conv2d(net, filters, kernel_size, padding="valid", name="fc6")
    net = dropout(net, keep_prob, is_training=is_training, name="dropout6")
    net = conv2d(net, 4096, 1, name="fc7")
    net = dropout(net, keep_prob, is_training=is_training, name="dropout7")
    return conv2d(net, num_classes, 1, activation=None, normalizer=None, name="fc8", **of_last)


def with_collected_end_points(
    net: Any, scope: Any, collection: str, spatial_squeeze: bool
) -> tuple[Any, dict[str, Any]]:
    """Returns the logits, squeezed on demand, and the outputs collected on the way to them."""
    end_points = convert_collection_to_dict(collection)
    if spatial_squeeze:
        net = squeezed_images(net, "fc8/squeezed")
        end_points[f"{scope.name}/fc8"] = net
    return net, end_points


def squeezed_images(images: Any, name: str) -> Any:
    """Drops height and width, which are to be 1.

    Keras refuses sizes that are not known; TensorFlow looks at them when it runs.
    """
    if keras.backend.is_keras_tensor(images) or not on_tensorflow():
        return keras.ops.squeeze(images, axis=[1, 2])
    return tf.squeeze(images, [1, 2], name=name)
