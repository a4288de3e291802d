"""ResNet v1: residual networks of https://arxiv.org/abs/1512.03385."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from slimport.written.collections import collect_named_outputs, last_dimension
from slimport.written.convolution import conv2d
from slimport.written.defaults import takes_layer_defaults
from slimport.written.nets_resnet import (
    Block,
    bottleneck_blocks,
    conv2d_same,
    residual_network,
    strided_last,
    subsample,
)
from slimport.written.nets_shared import made_for_images_of
from slimport.written.scopes import variable_scope

__all__ = [
    "resnet_v1",
    "resnet_v1_50",
    "resnet_v1_101",
    "resnet_v1_152",
    "resnet_v1_200",
    "resnet_v1_block",
    "resnet_v1_bottleneck",
]


@takes_layer_defaults
def resnet_v1_bottleneck(
    inputs: Any,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Builds a residual unit: three convolutions, each normalized behind, and a shortcut.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        depth: Number of output channels.
        depth_bottleneck: Number of channels of the 3x3 convolution.
        stride: Stride of the unit.
        rate: Dilation of the 3x3 convolution.
        outputs_collections: Collections for the output.
        scope: Variable scope.
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as opened:
        if depth == last_dimension(inputs.shape, min_rank=4):
            shortcut = subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(inputs, depth, 1, strides=stride, activation=None, name="shortcut")
        residual = conv2d(inputs, depth_bottleneck, 1, strides=1, name="conv1")
        residual = conv2d_same(residual, depth_bottleneck, 3, stride, rate, "conv2")
        residual = conv2d(residual, depth, 1, strides=1, activation=None, name="conv3")
        outputs = keras.ops.relu(shortcut + residual)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@made_for_images_of(224)
def resnet_v1(
    inputs: Any,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    reuse: Any = None,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """Builds a residual network that normalizes behind its convolutions.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        blocks: Its blocks; see `resnet_v1_block`.
        num_classes: Number of classes; `None` for no logits.
        is_training: Whether batch norm uses the statistics of the batch; see `batch_norm`.
        global_pool: Whether to take the mean over height and width.
        output_stride: Size of the inputs over size of the features, a multiple of 4; `None` for
            that of the blocks.
        include_root_block: Whether to start with a 7x7 convolution and a pool.
        reuse: Whether to share the variables of an earlier network of the same scope.
        scope: Variable scope.

    Returns:
        Logits (or features) of rank 4, and the outputs of layers, units and blocks by scope path.

    Raises:
        ValueError: If `output_stride` cannot be reached.
    """
    return residual_network(
        inputs,
        blocks,
        resnet_v1_bottleneck,
        "resnet_v1",
        preactivated=False,
        num_classes=num_classes,
        is_training=is_training,
        global_pool=global_pool,
        output_stride=output_stride,
        include_root_block=include_root_block,
        reuse=reuse,
        scope=scope,
    )


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """Returns a block of bottleneck units of which the last has the stride.

    Args:
        scope: Variable scope of the block.
        base_depth: Number of channels of the 3x3 convolutions; the outputs have four times that.
        num_units: Number of units.
        stride: Stride of the block.
    """
    return Block(scope, resnet_v1_bottleneck, strided_last(base_depth, num_units, stride))


def resnet_v1_50(
    inputs: Any,
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    reuse: Any = None,
    scope: Any = "resnet_v1_50",
) -> tuple[Any, dict[str, Any]]:
    """Builds ResNet-50; for the arguments see `resnet_v1`."""
    blocks = bottleneck_blocks(resnet_v1_block, (3, 4, 6, 3))
    settings = (num_classes, is_training, global_pool, output_stride, True, reuse, scope)
    return resnet_v1(inputs, blocks, *settings)


def resnet_v1_101(
    inputs: Any,
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    reuse: Any = None,
    scope: Any = "resnet_v1_101",
) -> tuple[Any, dict[str, Any]]:
    """Builds ResNet-101; for the arguments see `resnet_v1`."""
    blocks = bottleneck_blocks(resnet_v1_block, (3, 4, 23, 3))
    settings = (num_classes, is_training, global_pool, output_stride, True, reuse, scope)
    return resnet_v1(inputs, blocks, *settings)


def resnet_v1_152(
    inputs: Any,
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    reuse: Any = None,
    scope: Any = "resnet_v1_152",
) -> tuple[Any, dict[str, Any]]:
    """Builds ResNet-152; for the arguments see `resnet_v1`."""
    blocks = bottleneck_blocks(resnet_v1_block, (3, 8, 36, 3))
    settings = (num_classes, is_training, global_pool, output_stride, True, reuse, scope)
    return resnet_v1(inputs, blocks, *settings)


def resnet_v1_200(
    inputs: Any,
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    reuse: Any = None,
    scope: Any = "resnet_v1_200",
) -> tuple[Any, dict[str, Any]]:
    """Builds ResNet-200; for the arguments see `resnet_v1`."""
    blocks = bottleneck_blocks(resnet_v1_block, (3, 24, 36, 3))
    settings = (num_classes, is_training, global_pool, output_stride, True, reuse, scope)
    return resnet_v1(inputs, blocks, *settings)
