"""Inception networks: what their versions share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults
from slimport.written.dense import fully_connected
from slimport.written.dropout import dropout
from slimport.written.initializers import truncated_normal_initializer, variance_scaling_initializer
from slimport.written.nets_shared import squeezed_images
from slimport.written.normalization import batch_norm
from slimport.written.pooling import avg_pool2d, max_pool2d
from slimport.written.regularizers import l2_regularizer
from slimport.written.scopes import variable_scope

# A network is a table: the name of a layer -> what builds it, called with inputs and `name`.
Step = Callable[..., Any]
Steps = Mapping[str, Step]


def conv_step(filters: int, kernel_size: Any, stddev: float | None = None, **settings: Any) -> Step:
    """Returns a convolution; `stddev` is that of its kernel's initializer, if it has one."""
    if stddev is not None:
        settings["kernel_initializer"] = truncated_normal_initializer(stddev=stddev)
    return functools.partial(conv2d, filters=filters, kernel_size=kernel_size, **settings)


def max_pool_step(pool_size: int, **settings: Any) -> Step:
    """Returns a maximum pool."""
    return functools.partial(max_pool2d, pool_size=pool_size, **settings)


def avg_pool_step(pool_size: int, **settings: Any) -> Step:
    """Returns an average pool."""
    return functools.partial(avg_pool2d, pool_size=pool_size, **settings)


def side_by_side(steps: Steps) -> Step:
    """Returns a step that concatenates what several steps make of the same inputs."""

    def build(net: Any, name: str) -> Any:
        del name  # they have their own
        outputs = [step(net, name=own_name) for own_name, step in steps.items()]
        return keras.ops.concatenate(outputs, axis=3)

    return build


def inception_block(*branches: Steps) -> Step:
    """Returns a step that concatenates the outputs of branches, each a table of layers."""

    def build(net: Any, name: str) -> Any:
        outputs = []
        with variable_scope(name):
            for number, steps in enumerate(branches):
                with variable_scope(f"Branch_{number}"):
                    branch = net
                    for own_name, step in steps.items():
                        branch = step(branch, name=own_name)
                    outputs.append(branch)
            return keras.ops.concatenate(outputs, axis=3)

    return build


def inception_trunk(
    net: Any, ops: Sequence[Any], stages: Mapping[str, Steps], final_endpoint: str
) -> tuple[Any, dict[str, Any]]:
    """Applies layers in order, up to the one named `final_endpoint`.

    Args:
        net: Images.
        ops: The operations that take stride 1 and the padding of their stage for default.
        stages: Padding to table of layers.
        final_endpoint: Name of the last layer to build.

    Returns:
        The last output, and all outputs by name.

    Raises:
        ValueError: If no layer has that name.
    """
    end_points = {}
    for padding, steps in stages.items():
        with layer_defaults(ops, strides=1, padding=padding):
            for name, step in steps.items():
                net = end_points[name] = step(net, name=name)
                if name == final_endpoint:
                    return net, end_points
    raise ValueError(f"Unknown final endpoint {final_endpoint}")


def inception_depth(depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
    """Returns how many channels a layer has in a network that is thinner or wider.

    Raises:
        ValueError: If `depth_multiplier` is not positive.
    """
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda filters: max(int(filters * depth_multiplier), min_depth)


def window_within(images: Any, size: int) -> list[int]:
    """Returns a window of `size`, or of the whole of images that are smaller."""
    height, width = images.shape[1:3]
    if height is None or width is None:
        return [size, size]
    return [min(height, size), min(width, size)]


def inception_logits(net: Any, num_classes: int, name: str, spatial_squeeze: bool) -> Any:
    """Applies the last convolution."""
    logits = conv2d(net, num_classes, 1, activation=None, normalizer=None, name=name)
    return squeezed_images(logits, "SpatialSqueeze") if spatial_squeeze else logits


def pooled_and_dropped(net: Any, size: int, keep_prob: Any) -> Any:
    """Averages over the images, or over windows of them, and drops out."""
    window = window_within(net, size)
    name = "AvgPool_1a_{}x{}".format(*window)
    net = avg_pool2d(net, window, padding="valid", name=name)
    return dropout(net, keep_prob=keep_prob, name="Dropout_1b")


def inception_defaults(
    weight_decay: float, collection: str, normalized: bool = True, **batch_norm_params: Any
) -> dict[str, Any]:
    """Returns the defaults that the Inception networks were trained with."""
    statistics = {"moving_mean": [collection], "moving_variance": [collection]}
    normalizer_params = {
        "momentum": 0.9997,
        "epsilon": 0.001,
        "updates_collections": "update_ops",
        "variables_collections": {"beta": None, "gamma": None, **statistics},
        **batch_norm_params,
    }
    with (
        layer_defaults([conv2d, fully_connected], kernel_regularizer=l2_regularizer(weight_decay)),
        layer_defaults(
            [conv2d],
            kernel_initializer=variance_scaling_initializer(),
            activation="relu",
            normalizer=batch_norm if normalized else None,
            normalizer_params=normalizer_params if normalized else {},
        ) as defaults,
    ):
        return defaults
