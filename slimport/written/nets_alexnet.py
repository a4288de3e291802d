"""AlexNet: the second version (https://arxiv.org/abs/1404.5997), without response normalization."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults
from slimport.written.dense import fully_connected
from slimport.written.initializers import truncated_normal_initializer
from slimport.written.nets_shared import (
    classified_by_convolutions,
    made_for_images_of,
    with_collected_end_points,
)
from slimport.written.pooling import max_pool2d
from slimport.written.regularizers import l2_regularizer
from slimport.written.scopes import variable_scope

__all__ = ["alexnet_v2", "alexnet_v2_arg_scope"]


@made_for_images_of(224)
def alexnet_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "alexnet_v2",
) -> tuple[Any, dict[str, Any]]:
    """Builds AlexNet, with convolutions in place of fully connected layers.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        num_classes: Number of classes.
        is_training: Whether to drop out; see `dropout`.
        dropout_keep_prob: Probability with which dropout keeps an element.
        spatial_squeeze: Whether to drop height and width of the logits, which are to be 1.
        scope: Variable scope.

    Returns:
        The logits, and the outputs of all layers by scope path.
    """
    with variable_scope(scope, "alexnet_v2", [inputs]) as opened:
        collection = f"{opened.original_name_scope}_end_points"
        collecting = [conv2d, fully_connected, max_pool2d]
        with layer_defaults(collecting, outputs_collections=[collection]):
            net = conv2d(inputs, 64, 11, strides=4, padding="valid", name="conv1")
            net = max_pool2d(net, 3, strides=2, name="pool1")
            net = conv2d(net, 192, 5, name="conv2")
            net = max_pool2d(net, 3, strides=2, name="pool2")
            for number, filters in ((3, 384), (4, 384), (5, 256)):
                net = conv2d(net, filters, 3, name=f"conv{number}")
            net = max_pool2d(net, 3, strides=2, name="pool5")
            with layer_defaults(
                [conv2d],
                kernel_initializer=truncated_normal_initializer(stddev=0.005),
                bias_initializer=keras.initializers.Constant(0.1),
            ):
                net = classified_by_convolutions(
                    net,
                    4096,
                    5,
                    num_classes,
                    is_training,
                    dropout_keep_prob,
                    bias_initializer="zeros",
                )
            return with_collected_end_points(net, opened, collection, spatial_squeeze)


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that AlexNet was trained with."""
    with (
        layer_defaults(
            [conv2d, fully_connected],
            activation="relu",
            bias_initializer=keras.initializers.Constant(0.1),
            kernel_regularizer=l2_regularizer(weight_decay),
        ),
        layer_defaults([conv2d], padding="same"),
        layer_defaults([max_pool2d], padding="valid") as defaults,
    ):
        return defaults
