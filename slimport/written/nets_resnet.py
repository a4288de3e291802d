"""Residual networks: what both versions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from slimport.written.collections import collect_named_outputs, convert_collection_to_dict
from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults, takes_layer_defaults
from slimport.written.initializers import variance_scaling_initializer
from slimport.written.normalization import batch_norm
from slimport.written.pooling import max_pool2d
from slimport.written.regularizers import l2_regularizer
from slimport.written.scopes import variable_scope
from slimport.written.shaping import softmax

__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]


class Block(NamedTuple):
    """A block of residual units.

    Attributes:
        scope: Variable scope of the block.
        unit_fn: Builds one unit: `unit_fn(inputs, rate=..., **arguments)`.
        args: For each unit its arguments, a dictionary; `stride` is among them.
    """

    scope: str
    unit_fn: Callable[..., Any]
    args: Sequence[dict[str, Any]]


def subsample(inputs: Any, factor: int, scope: Any = None) -> Any:
    """Keeps one in `factor` rows and columns of images."""
    return inputs if factor == 1 else max_pool2d(inputs, 1, strides=factor, name=scope)


def conv2d_same(
    inputs: Any,
    num_outputs: int,
    kernel_size: int,
    stride: int,
    rate: int = 1,
    scope: Any = None,
) -> Any:
    """Convolves images, padded alike whatever their size.

    With a stride, padding `"same"` depends on whether the size is even; this gives what the
    convolution without a stride gives, subsampled.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        num_outputs: Number of output channels.
        kernel_size: Height and width of the kernel.
        stride: Stride of the output.
        rate: Dilation of the kernel.
        scope: Variable scope.
    """
    padding = "same"
    if stride != 1:
        total = (kernel_size - 1) * rate
        before, after = total // 2, total - total // 2
        inputs = keras.ops.pad(inputs, [[0, 0], [before, after], [before, after], [0, 0]])
        padding = "valid"
    return conv2d(
        inputs,
        num_outputs,
        kernel_size,
        strides=stride,
        dilation_rate=rate,
        padding=padding,
        name=scope,
    )


@takes_layer_defaults
def stack_blocks_dense(
    net: Any,
    blocks: Sequence[Block],
    output_stride: float | None = None,
    outputs_collections: Any = None,
) -> Any:
    """Applies blocks of residual units, at most up to a given stride.

    Units behind that stride dilate their kernels instead of subsampling.

    Args:
        net: Images `[batch, height, width, channels]`.
        blocks: The blocks.
        output_stride: Size of the inputs over size of the outputs; `None` for that of the units.
        outputs_collections: Collections for the output of each block.

    Raises:
        ValueError: If no unit reaches `output_stride`.
    """
    reached = rate = 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as scope:
            for number, unit in enumerate(block.args, start=1):
                if output_stride is not None and reached > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                stride = unit.get("stride", 1)
                with variable_scope(f"unit_{number}", values=[net]):
                    if reached == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= stride
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        reached *= stride
            net = collect_named_outputs(outputs_collections, scope.name, net)
    if output_stride is not None and reached != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that residual networks were trained with."""
    normalizer_params = {
        "momentum": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": "update_ops",
    }
    with (
        layer_defaults(
            [conv2d],
            kernel_regularizer=l2_regularizer(weight_decay),
            kernel_initializer=variance_scaling_initializer(),
            activation="relu",
            normalizer=batch_norm,
            normalizer_params=normalizer_params,
        ),
        layer_defaults([batch_norm], **normalizer_params),
        layer_defaults([max_pool2d], padding="same") as defaults,
    ):
        return defaults


def bottleneck_blocks(block: Callable[..., Block], units: Sequence[int]) -> list[Block]:
    """Returns the four blocks of a residual network, with the given numbers of units."""
    return [
        block(f"block{number}", 32 * 2**number, num_units, 1 if number == 4 else 2)
        for number, num_units in enumerate(units, start=1)
    ]


def strided_last(base_depth: int, num_units: int, stride: int) -> list[dict[str, int]]:
    """Returns the arguments of a block's bottleneck units: the last one has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "stride": 1}
    return [unit] * (num_units - 1) + [{**unit, "stride": stride}]


def residual_network(
    inputs: Any,
    blocks: Sequence[Block],
    bottleneck: Callable[..., Any],
    default_scope: str,
    *,
    preactivated: bool,
    num_classes: int | None,
    is_training: Any,
    global_pool: bool,
    output_stride: float | None,
    include_root_block: bool,
    reuse: Any,
    scope: Any,
) -> tuple[Any, dict[str, Any]]:
    """Builds a residual network whose units normalize behind (or before) their convolutions."""
    with variable_scope(scope, default_scope, [inputs], reuse=reuse) as opened:
        collection = f"{opened.original_name_scope}_end_points"
        collecting = [conv2d, bottleneck, stack_blocks_dense]
        with (
            layer_defaults(collecting, outputs_collections=collection),
            layer_defaults([batch_norm], is_training=is_training),
        ):
            net, remaining = inputs, output_stride
            if include_root_block:
                net, remaining = _root_block(inputs, output_stride, preactivated)
            net = stack_blocks_dense(net, blocks, remaining)
            if preactivated:
                net = batch_norm(net, activation="relu", name="postnorm")
            if global_pool:
                net = keras.ops.mean(net, axis=[1, 2], keepdims=True)
            if num_classes is not None:
                net = conv2d(net, num_classes, 1, activation=None, normalizer=None, name="logits")
            end_points = convert_collection_to_dict(collection)
            if num_classes is not None:
                end_points["predictions"] = softmax(net, name="predictions")
            return net, end_points


def _root_block(
    images: Any, output_stride: float | None, preactivated: bool
) -> tuple[Any, float | None]:
    """Returns images of a quarter of the size, and the stride that is left to reach."""
    if output_stride is not None and output_stride % 4:
        raise ValueError("The output_stride needs to be a multiple of 4.")
    # Units that normalize first do so with what this convolution gives as it is.
    linear: dict[str, Any] = {"activation": None, "normalizer": None} if preactivated else {}
    with layer_defaults([conv2d], **linear):
        net = conv2d_same(images, 64, 7, stride=2, scope="conv1")
    net = max_pool2d(net, 3, strides=2, name="pool1")
    return net, None if output_stride is None else output_stride / 4
