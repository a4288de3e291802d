"""Inception v3: the network of https://arxiv.org/abs/1512.00567."""

from __future__ import annotations

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
    side_by_side,
    window_within,
)
from slimport.written.nets_shared import made_for_images_of, squeezed_images
from slimport.written.normalization import batch_norm
from slimport.written.pooling import avg_pool2d, max_pool2d
from slimport.written.scopes import variable_scope
from slimport.written.shaping import softmax

__all__ = ["inception_v3", "inception_v3_arg_scope", "inception_v3_base"]

_HALVING: dict[str, Any] = {"strides": 2, "padding": "valid"}


def inception_v3_base(
    inputs: Any,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v3 up to one of its layers.

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
    with variable_scope(scope, "InceptionV3", [inputs]):
        ops = [conv2d, max_pool2d, avg_pool2d]
        stages = {"valid": _inception_v3_root(depth), "same": _inception_v3_blocks(depth)}
        return inception_trunk(inputs, ops, stages, final_endpoint)


@made_for_images_of(299)
def inception_v3(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Any = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    create_aux_logits: bool = True,
    scope: Any = "InceptionV3",
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v3 for classification.

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
        create_aux_logits: Whether to build the auxiliary classifier.
        scope: Variable scope.

    Returns:
        The logits, and the outputs of all layers by name.

    Raises:
        ValueError: If `depth_multiplier` is not positive.
    """
    depth = inception_depth(depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV3", [inputs], reuse=reuse) as opened,
        layer_defaults([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v3_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
        )
        if create_aux_logits and num_classes:
            end_points["AuxLogits"] = _auxiliary_logits(
                end_points["Mixed_6e"], depth, num_classes, spatial_squeeze
            )
        with variable_scope("Logits"):
            net = pooled_and_dropped(net, 8, dropout_keep_prob)
            end_points["PreLogits"] = net
            logits = inception_logits(net, num_classes, "Conv2d_1c_1x1", spatial_squeeze)
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def inception_v3_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_var_collection: str = "moving_vars",
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    updates_collections: Any = "update_ops",
    use_fused_batchnorm: bool | None = True,
) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that Inception v3 was trained with."""
    return inception_defaults(
        weight_decay,
        batch_norm_var_collection,
        momentum=batch_norm_decay,
        epsilon=batch_norm_epsilon,
        updates_collections=updates_collections,
        fused=use_fused_batchnorm,
    )


def _auxiliary_logits(
    net: Any, depth: Callable[[int], int], num_classes: int, spatial_squeeze: bool
) -> Any:
    """The classifier that sits in the middle of the network."""
    ops = [conv2d, max_pool2d, avg_pool2d]
    with layer_defaults(ops, strides=1, padding="same"), variable_scope("AuxLogits"):
        net = avg_pool2d(net, 5, strides=3, padding="valid", name="AvgPool_1a_5x5")
        net = conv2d(net, depth(128), 1, name="Conv2d_1b_1x1")
        window = window_within(net, 5)
        net = conv2d(
            net,
            depth(768),
            window,
            kernel_initializer=truncated_normal_initializer(stddev=0.01),
            padding="valid",
            name="Conv2d_2a_{}x{}".format(*window),
        )
        logits = conv2d(
            net,
            num_classes,
            1,
            activation=None,
            normalizer=None,
            kernel_initializer=truncated_normal_initializer(stddev=0.001),
            name="Conv2d_2b_1x1",
        )
        return squeezed_images(logits, "SpatialSqueeze") if spatial_squeeze else logits


def _inception_v3_root(depth: Callable[[int], int]) -> dict[str, Step]:
    """The layers before the first block."""
    return {
        "Conv2d_1a_3x3": conv_step(depth(32), 3, strides=2),
        "Conv2d_2a_3x3": conv_step(depth(32), 3),
        "Conv2d_2b_3x3": conv_step(depth(64), 3, padding="same"),
        "MaxPool_3a_3x3": max_pool_step(3, strides=2),
        "Conv2d_3b_1x1": conv_step(depth(80), 1),
        "Conv2d_4a_3x3": conv_step(depth(192), 3),
        "MaxPool_5a_3x3": max_pool_step(3, strides=2),
    }


def _inception_v3_blocks(depth: Callable[[int], int]) -> dict[str, Step]:
    """The blocks by name, in order; some layers have odd names in the released checkpoint."""
    return {
        "Mixed_5b": _inception_v3_5x5(depth, 32),
        "Mixed_5c": _inception_v3_5x5(depth, 64, ("Conv2d_0b_1x1", "Conv_1_0c_5x5")),
        "Mixed_5d": _inception_v3_5x5(depth, 64),
        "Mixed_6a": _inception_v3_first_reduction(depth),
        "Mixed_6b": _inception_v3_7x7(depth, 128),
        "Mixed_6c": _inception_v3_7x7(depth, 160),
        "Mixed_6d": _inception_v3_7x7(depth, 160),
        "Mixed_6e": _inception_v3_7x7(depth, 192),
        "Mixed_7a": _inception_v3_second_reduction(depth),
        "Mixed_7b": _inception_v3_wide(depth, "Conv2d_0b_3x1"),
        "Mixed_7c": _inception_v3_wide(depth, "Conv2d_0c_3x1"),
    }


def _inception_v3_5x5(
    depth: Callable[[int], int],
    filters_pool: int,
    names_5x5: tuple[str, str] = ("Conv2d_0a_1x1", "Conv2d_0b_5x5"),
) -> Step:
    narrow, wide = names_5x5
    return inception_block(
        {"Conv2d_0a_1x1": conv_step(depth(64), 1)},
        {narrow: conv_step(depth(48), 1), wide: conv_step(depth(64), 5)},
        {
            "Conv2d_0a_1x1": conv_step(depth(64), 1),
            "Conv2d_0b_3x3": conv_step(depth(96), 3),
            "Conv2d_0c_3x3": conv_step(depth(96), 3),
        },
        {"AvgPool_0a_3x3": avg_pool_step(3), "Conv2d_0b_1x1": conv_step(depth(filters_pool), 1)},
    )


def _inception_v3_7x7(depth: Callable[[int], int], filters: int) -> Step:
    narrow, wide = depth(filters), depth(192)
    return inception_block(
        {"Conv2d_0a_1x1": conv_step(wide, 1)},
        {
            "Conv2d_0a_1x1": conv_step(narrow, 1),
            "Conv2d_0b_1x7": conv_step(narrow, [1, 7]),
            "Conv2d_0c_7x1": conv_step(wide, [7, 1]),
        },
        {
            "Conv2d_0a_1x1": conv_step(narrow, 1),
            "Conv2d_0b_7x1": conv_step(narrow, [7, 1]),
            "Conv2d_0c_1x7": conv_step(narrow, [1, 7]),
            "Conv2d_0d_7x1": conv_step(narrow, [7, 1]),
            "Conv2d_0e_1x7": conv_step(wide, [1, 7]),
        },
        {"AvgPool_0a_3x3": avg_pool_step(3), "Conv2d_0b_1x1": conv_step(wide, 1)},
    )


def _inception_v3_wide(depth: Callable[[int], int], name_3x1: str) -> Step:
    filters = depth(384)
    first = {"Conv2d_0b_1x3": conv_step(filters, [1, 3]), name_3x1: conv_step(filters, [3, 1])}
    second = {
        "Conv2d_0c_1x3": conv_step(filters, [1, 3]),
        "Conv2d_0d_3x1": conv_step(filters, [3, 1]),
    }
    return inception_block(
        {"Conv2d_0a_1x1": conv_step(depth(320), 1)},
        {"Conv2d_0a_1x1": conv_step(filters, 1), "both": side_by_side(first)},
        {
            "Conv2d_0a_1x1": conv_step(depth(448), 1),
            "Conv2d_0b_3x3": conv_step(filters, 3),
            "both": side_by_side(second),
        },
        {"AvgPool_0a_3x3": avg_pool_step(3), "Conv2d_0b_1x1": conv_step(depth(192), 1)},
    )


def _inception_v3_first_reduction(depth: Callable[[int], int]) -> Step:
    return inception_block(
        {"Conv2d_1a_1x1": conv_step(depth(384), 3, **_HALVING)},
        {
            "Conv2d_0a_1x1": conv_step(depth(64), 1),
            "Conv2d_0b_3x3": conv_step(depth(96), 3),
            "Conv2d_1a_1x1": conv_step(depth(96), 3, **_HALVING),
        },
        {"MaxPool_1a_3x3": max_pool_step(3, **_HALVING)},
    )


def _inception_v3_second_reduction(depth: Callable[[int], int]) -> Step:
    return inception_block(
        {
            "Conv2d_0a_1x1": conv_step(depth(192), 1),
            "Conv2d_1a_3x3": conv_step(depth(320), 3, **_HALVING),
        },
        {
            "Conv2d_0a_1x1": conv_step(depth(192), 1),
            "Conv2d_0b_1x7": conv_step(depth(192), [1, 7]),
            "Conv2d_0c_7x1": conv_step(depth(192), [7, 1]),
            "Conv2d_1a_3x3": conv_step(depth(192), 3, **_HALVING),
        },
        {"MaxPool_1a_3x3": max_pool_step(3, **_HALVING)},
    )
