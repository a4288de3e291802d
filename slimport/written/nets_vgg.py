"""VGG: the networks of https://arxiv.org/abs/1409.1556."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults
from slimport.written.dense import fully_connected
from slimport.written.loops import repeat
from slimport.written.nets_shared import (
    classified_by_convolutions,
    made_for_images_of,
    with_collected_end_points,
)
from slimport.written.pooling import max_pool2d
from slimport.written.regularizers import l2_regularizer
from slimport.written.scopes import variable_scope

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope"]


@made_for_images_of(224)
def vgg_a(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "vgg_a",
) -> tuple[Any, dict[str, Any]]:
    """Builds VGG of 11 layers (configuration A); for the arguments see `vgg_16`."""
    with variable_scope(scope, "vgg_a", [inputs]) as opened:
        collection = f"{opened.original_name_scope}_end_points"
        with layer_defaults([conv2d, max_pool2d], outputs_collections=collection):
            net = _vgg(inputs, (1, 1, 2, 2, 2), num_classes, is_training, dropout_keep_prob)
        return with_collected_end_points(net, opened, collection, spatial_squeeze)


@made_for_images_of(224)
def vgg_16(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "vgg_16",
) -> tuple[Any, dict[str, Any]]:
    """Builds VGG of 16 layers (configuration D), with convolutions in place of fully connected.

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
    with variable_scope(scope, "vgg_16", [inputs]) as opened:
        collection = f"{opened.original_name_scope}_end_points"
        collecting = [conv2d, fully_connected, max_pool2d]
        with layer_defaults(collecting, outputs_collections=collection):
            net = _vgg(inputs, (2, 2, 3, 3, 3), num_classes, is_training, dropout_keep_prob)
        return with_collected_end_points(net, opened, collection, spatial_squeeze)


@made_for_images_of(224)
def vgg_19(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "vgg_19",
) -> tuple[Any, dict[str, Any]]:
    """Builds VGG of 19 layers (configuration E); for the arguments see `vgg_16`."""
    with variable_scope(scope, "vgg_19", [inputs]) as opened:
        # Named by the variables' scope: a second call adds to the end points of the first.
        collection = f"{opened.name}_end_points"
        collecting = [conv2d, fully_connected, max_pool2d]
        with layer_defaults(collecting, outputs_collections=collection):
            net = _vgg(inputs, (2, 2, 4, 4, 4), num_classes, is_training, dropout_keep_prob)
        return with_collected_end_points(net, opened, collection, spatial_squeeze)


def vgg_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that the VGG networks were trained with."""
    with (
        layer_defaults(
            [conv2d, fully_connected],
            activation="relu",
            kernel_regularizer=l2_regularizer(weight_decay),
            bias_initializer="zeros",
        ),
        layer_defaults([conv2d], padding="same") as defaults,
    ):
        return defaults


def _vgg(
    net: Any, convolutions: Sequence[int], num_classes: int, is_training: Any, keep_prob: Any
) -> Any:
    """Stacks groups of convolutions (`convolutions`: how many in each) and the classifier."""
    for number, repetitions in enumerate(convolutions, start=1):
        filters = min(32 * 2**number, 512)
        net = repeat(net, repetitions, conv2d, filters, [3, 3], name=f"conv{number}")
        net = max_pool2d(net, 2, name=f"pool{number}")
    return classified_by_convolutions(net, 4096, 7, num_classes, is_training, keep_prob)
