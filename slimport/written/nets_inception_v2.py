"""Inception v2: the network of https://arxiv.org/abs/1502.03167."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults
from slimport.written.dropout import dropout
from slimport.written.initializers import truncated_normal_initializer
from slimport.written.nets_inception import (
    Step,
    avg_pool_step,
    conv_step,
    inception_block,
    inception_defaults,
    inception_depth,
    inception_logits,
    inception_trunk,
    max_pool_step,
    pooled_and_dropped,
)
from slimport.written.nets_shared import made_for_images_of
from slimport.written.normalization import batch_norm
from slimport.written.pooling import avg_pool2d, max_pool2d
from slimport.written.scopes import variable_scope
from slimport.written.separable import separable_conv2d
from slimport.written.shaping import softmax

__all__ = ["inception_v2", "inception_v2_arg_scope", "inception_v2_base"]


def inception_v2_base(
    inputs: Any,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v2 up to one of its layers.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        final_endpoint: Name of the last layer to build.
        min_depth: The least number of channels of a layer.
        depth_multiplier: Scales the number of channels of each layer.
        scope: Variable scope.

    Returns:
        The output of that layer, and the outputs of all layers by name.

    Raises:
        ValueError: If no layer has that name, or `depth_multiplier` is not positive.
    """
    depth = inception_depth(depth_multiplier, min_depth)
    with variable_scope(scope, "InceptionV2", [inputs]):
        ops = [conv2d, max_pool2d, avg_pool2d, separable_conv2d]
        stages = {"same": _inception_v2_layers(depth)}
        return inception_trunk(inputs, ops, stages, final_endpoint)


@made_for_images_of(224)
def inception_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Any = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV2",
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v2 for classification.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        num_classes: Number of classes.
        is_training: Whether the network trains; see `batch_norm` and `dropout`.
        dropout_keep_prob: Probability with which dropout keeps an element.
        min_depth: The least number of channels of a layer.
        depth_multiplier: Scales the number of channels of each layer.
        prediction_fn: Turns logits into predictions; called with `scope` as well.
        spatial_squeeze: Whether to drop height and width of the logits, which are to be 1.
        reuse: Whether to share the variables of an earlier network of the same scope.
        scope: Variable scope.

    Returns:
        The logits, and the outputs of all layers by name.

    Raises:
        ValueError: If `depth_multiplier` is not positive.
    """
    inception_depth(depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV2", [inputs], reuse=reuse) as opened,
        layer_defaults([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v2_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
        )
        with variable_scope("Logits"):
            net = pooled_and_dropped(net, 7, dropout_keep_prob)
            logits = inception_logits(net, num_classes, "Conv2d_1c_1x1", spatial_squeeze)
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def inception_v2_arg_scope(
    weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars"
) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that Inception v2 was trained with."""
    return inception_defaults(weight_decay, batch_norm_var_collection)


def _inception_v2_layers(depth: Callable[[int], int]) -> dict[str, Step]:
    """The layers by name, in order."""
    block = functools.partial(_inception_v2_block, depth)
    reduction = functools.partial(_inception_v2_reduction, depth)
    first = functools.partial(
        separable_conv2d,
        filters=depth(64),
        kernel_size=7,
        # The depthwise half is never wider than what it feeds.
        depth_multiplier=min(int(depth(64) / 3), 8),
        strides=2,
        kernel_initializer=truncated_normal_initializer(stddev=1.0),
    )
    return {
        "Conv2d_1a_7x7": first,
        "MaxPool_2a_3x3": max_pool_step(3, strides=2),
        "Conv2d_2b_1x1": conv_step(depth(64), 1, 0.1),
        "Conv2d_2c_3x3": conv_step(depth(192), 3),
        "MaxPool_3a_3x3": max_pool_step(3, strides=2),
        "Mixed_3b": block(64, (64, 64), (64, 96), 32),
        "Mixed_3c": block(64, (64, 96), (64, 96), 64),
        "Mixed_4a": reduction((128, 160), (64, 96)),
        "Mixed_4b": block(224, (64, 96), (96, 128), 128),
        "Mixed_4c": block(192, (96, 128), (96, 128), 128),
        "Mixed_4d": block(160, (128, 160), (128, 160), 96),
        "Mixed_4e": block(96, (128, 192), (160, 192), 96),
        "Mixed_5a": reduction((128, 192), (192, 256)),
        "Mixed_5b": block(352, (192, 320), (160, 224), 128),
        "Mixed_5c": block(352, (192, 320), (192, 224), 128, pool="Max"),
    }


def _inception_v2_block(
    depth: Callable[[int], int],
    filters_1x1: int,
    filters_3x3: tuple[int, int],
    filters_5x5: tuple[int, int],
    filters_pool: int,
    pool: str = "Avg",
) -> Step:
    """A 1x1 branch, a 3x3 one, one of two 3x3 layers in place of a 5x5, and one that pools."""
    narrow_3x3, wide_3x3 = map(depth, filters_3x3)
    narrow_5x5, wide_5x5 = map(depth, filters_5x5)
    pool_step = avg_pool_step(3) if pool == "Avg" else max_pool_step(3)
    return inception_block(
        {"Conv2d_0a_1x1": conv_step(depth(filters_1x1), 1)},
        {"Conv2d_0a_1x1": conv_step(narrow_3x3, 1, 0.09), "Conv2d_0b_3x3": conv_step(wide_3x3, 3)},
        {
            "Conv2d_0a_1x1": conv_step(narrow_5x5, 1, 0.09),
            "Conv2d_0b_3x3": conv_step(wide_5x5, 3),
            "Conv2d_0c_3x3": conv_step(wide_5x5, 3),
        },
        {
            f"{pool}Pool_0a_3x3": pool_step,
            "Conv2d_0b_1x1": conv_step(depth(filters_pool), 1, 0.1),
        },
    )


def _inception_v2_reduction(
    depth: Callable[[int], int], filters_3x3: tuple[int, int], filters_5x5: tuple[int, int]
) -> Step:
    """The block that halves height and width."""
    narrow_3x3, wide_3x3 = map(depth, filters_3x3)
    narrow_5x5, wide_5x5 = map(depth, filters_5x5)
    return inception_block(
        {
            "Conv2d_0a_1x1": conv_step(narrow_3x3, 1, 0.09),
            "Conv2d_1a_3x3": conv_step(wide_3x3, 3, strides=2),
        },
        {
            "Conv2d_0a_1x1": conv_step(narrow_5x5, 1, 0.09),
            "Conv2d_0b_3x3": conv_step(wide_5x5, 3),
            "Conv2d_1a_3x3": conv_step(wide_5x5, 3, strides=2),
        },
        {"MaxPool_1a_3x3": max_pool_step(3, strides=2)},
    )
