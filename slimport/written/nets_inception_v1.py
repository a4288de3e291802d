"""Inception v1: GoogLeNet (https://arxiv.org/abs/1409.4842)."""

from __future__ import annotations

from typing import Any

from slimport.written.convolution import conv2d
from slimport.written.defaults import layer_defaults
from slimport.written.dense import fully_connected
from slimport.written.dropout import dropout
from slimport.written.initializers import truncated_normal_initializer
from slimport.written.nets_inception import (
    Step,
    conv_step,
    inception_block,
    inception_defaults,
    inception_logits,
    inception_trunk,
    max_pool_step,
)
from slimport.written.nets_shared import made_for_images_of
from slimport.written.normalization import batch_norm
from slimport.written.pooling import avg_pool2d, max_pool2d
from slimport.written.scopes import variable_scope
from slimport.written.shaping import softmax

__all__ = ["inception_v1", "inception_v1_arg_scope", "inception_v1_base"]


def inception_v1_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1"
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v1 up to one of its layers.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        final_endpoint: Name of the last layer to build.
        scope: Variable scope.

    Returns:
        The output of that layer, and the outputs of all layers by name.

    Raises:
        ValueError: If no layer has that name.
    """
    initializer = truncated_normal_initializer(stddev=0.01)
    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        layer_defaults([conv2d, fully_connected], kernel_initializer=initializer),
    ):
        return inception_trunk(
            inputs, [conv2d, max_pool2d], {"same": _inception_v1_layers()}, final_endpoint
        )


@made_for_images_of(224)
def inception_v1(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    prediction_fn: Any = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV1",
) -> tuple[Any, dict[str, Any]]:
    """Builds Inception v1 for classification.

    Args:
        inputs: Images `[batch, height, width, channels]`.
        num_classes: Number of classes.
        is_training: Whether the network trains; see `batch_norm` and `dropout`.
        dropout_keep_prob: Probability with which dropout keeps an element.
        prediction_fn: Turns logits into predictions; called with `scope` as well.
        spatial_squeeze: Whether to drop height and width of the logits, which are to be 1.
        reuse: Whether to share the variables of an earlier network of the same scope.
        scope: Variable scope.

    Returns:
        The logits, and the outputs of all layers by name.
    """
    with (
        variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as opened,
        layer_defaults([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v1_base(inputs, scope=opened)
        with variable_scope("Logits"):
            net = avg_pool2d(net, 7, strides=1, name="MaxPool_0a_7x7")
            net = dropout(net, dropout_keep_prob, name="Dropout_0b")
            logits = inception_logits(net, num_classes, "Conv2d_0c_1x1", spatial_squeeze)
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def inception_v1_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_var_collection: str = "moving_vars",
) -> dict[str, Any]:
    """Returns the defaults, for `layer_defaults`, that Inception v1 was trained with."""
    return inception_defaults(weight_decay, batch_norm_var_collection, use_batch_norm)


def _inception_v1_layers() -> dict[str, Step]:
    """The layers by name, in order."""
    return {
        "Conv2d_1a_7x7": conv_step(64, 7, strides=2),
        "MaxPool_2a_3x3": max_pool_step(3, strides=2),
        "Conv2d_2b_1x1": conv_step(64, 1),
        "Conv2d_2c_3x3": conv_step(192, 3),
        "MaxPool_3a_3x3": max_pool_step(3, strides=2),
        "Mixed_3b": _inception_v1_block(64, (96, 128), (16, 32), 32),
        "Mixed_3c": _inception_v1_block(128, (128, 192), (32, 96), 64),
        "MaxPool_4a_3x3": max_pool_step(3, strides=2),
        "Mixed_4b": _inception_v1_block(192, (96, 208), (16, 48), 64),
        "Mixed_4c": _inception_v1_block(160, (112, 224), (24, 64), 64),
        "Mixed_4d": _inception_v1_block(128, (128, 256), (24, 64), 64),
        "Mixed_4e": _inception_v1_block(112, (144, 288), (32, 64), 64),
        "Mixed_4f": _inception_v1_block(256, (160, 320), (32, 128), 128),
        "MaxPool_5a_2x2": max_pool_step(2, strides=2),
        # Named so in the released checkpoint.
        "Mixed_5b": _inception_v1_block(256, (160, 320), (32, 128), 128, "Conv2d_0a_3x3"),
        "Mixed_5c": _inception_v1_block(384, (192, 384), (48, 128), 128),
    }


def _inception_v1_block(
    filters_1x1: int,
    filters_3x3: tuple[int, int],
    filters_5x5: tuple[int, int],
    filters_pool: int,
    name_5x5: str = "Conv2d_0b_3x3",
) -> Step:
    """A 1x1 branch, two that narrow and convolve (both 3x3 here), and one that pools."""
    narrow_3x3, wide_3x3 = filters_3x3
    narrow_5x5, wide_5x5 = filters_5x5
    return inception_block(
        {"Conv2d_0a_1x1": conv_step(filters_1x1, 1)},
        {"Conv2d_0a_1x1": conv_step(narrow_3x3, 1), "Conv2d_0b_3x3": conv_step(wide_3x3, 3)},
        {"Conv2d_0a_1x1": conv_step(narrow_5x5, 1), name_5x5: conv_step(wide_5x5, 3)},
        {"MaxPool_0a_3x3": max_pool_step(3), "Conv2d_0b_1x1": conv_step(filters_pool, 1)},
    )
