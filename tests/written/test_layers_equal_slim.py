"""Every layer against TF-Slim in a TF 1 graph: names, values, shapes, dtypes, updates, losses.

Each case is one function, run with TF-Slim and with the written module: the written module takes
TF-Slim's keyword names. Weights are random and moved by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from old_side import placeholder_for, random_value, run_old, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(1).normal(size=(2, 9, 8, 6)).astype("float32")
ROWS = np.random.default_rng(2).normal(size=(5, 7)).astype("float32")
SEQUENCES = np.random.default_rng(3).normal(size=(2, 8, 4)).astype("float32")
VOLUMES = np.random.default_rng(4).normal(size=(2, 5, 6, 4, 3)).astype("float32")
CHANNELS_FIRST = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))
INTEGERS = np.array([0, 2, 1, 3], "int32")


def l2(s: Any, scale: float) -> Any:
    """TF-Slim's L2 regularizer on either side; a rewrite halves the scale for Keras."""
    return (
        s.l2_regularizer(scale)
        if hasattr(s, "l2_regularizer")
        else keras.regularizers.L2(scale / 2)
    )


def batch_norm_cases() -> dict[str, tuple[Any, Any]]:
    """Batch normalization in all its forms."""
    return {
        "batch_norm": (lambda s, x, t: s.batch_norm(x, is_training=t), IMAGES),
        "batch_norm_scaled": (
            lambda s, x, t: s.batch_norm(x, decay=0.9, scale=True, epsilon=0.01, is_training=t),
            IMAGES,
        ),
        "batch_norm_uncentered": (
            lambda s, x, t: s.batch_norm(x, center=False, is_training=t),
            IMAGES,
        ),
        "batch_norm_rank_2": (lambda s, x, t: s.batch_norm(x, scale=True, is_training=t), ROWS),
        "batch_norm_rank_3": (
            lambda s, x, t: s.batch_norm(x, scale=True, is_training=t),
            SEQUENCES,
        ),
        "batch_norm_plain": (
            lambda s, x, t: s.batch_norm(x, decay=0.5, fused=False, scale=True, is_training=t),
            IMAGES,
        ),
        "batch_norm_channels_first": (
            lambda s, x, t: s.batch_norm(x, data_format="NCHW", fused=False, is_training=t),
            CHANNELS_FIRST,
        ),
        "batch_norm_in_place": (
            lambda s, x, t: s.batch_norm(x, decay=0.5, updates_collections=None, is_training=t),
            IMAGES,
        ),
        "batch_norm_in_place_scaled": (
            lambda s, x, t: s.batch_norm(x, scale=True, updates_collections=None, is_training=t),
            IMAGES,
        ),
        "batch_norm_in_place_rank_2": (
            lambda s, x, t: s.batch_norm(x, scale=True, updates_collections=None, is_training=t),
            ROWS,
        ),
        "batch_norm_in_place_rank_3": (
            lambda s, x, t: s.batch_norm(x, scale=True, updates_collections=None, is_training=t),
            SEQUENCES,
        ),
        "batch_norm_not_trainable": (
            lambda s, x, t: s.batch_norm(x, decay=0.5, trainable=False, is_training=t),
            IMAGES,
        ),
        "batch_norm_not_trainable_rank_2": (
            lambda s, x, t: s.batch_norm(x, decay=0.5, trainable=False, is_training=t),
            ROWS,
        ),
        "batch_norm_tiny_epsilon": (
            lambda s, x, t: s.batch_norm(x, epsilon=1e-6, is_training=t),
            IMAGES,
        ),
        "batch_norm_regularized": (
            lambda s, x, t: s.batch_norm(
                x,
                scale=True,
                is_training=t,
                param_regularizers={"gamma": l2(s, 0.1), "beta": l2(s, 0.2)},
            ),
            IMAGES,
        ),
    }


def layer_cases() -> dict[str, tuple[Any, Any]]:
    """All other layers; `t` is the training flag."""
    bn = {"decay": 0.9}
    return {
        "conv2d": (lambda s, x, t: s.conv2d(x, 4, [3, 3]), IMAGES),
        "conv2d_strides": (lambda s, x, t: s.conv2d(x, 4, [3, 2], 2, "VALID", scope="a/b"), IMAGES),
        "conv2d_same_stride": (
            lambda s, x, t: s.conv2d(x, 4, 3, stride=[2, 2], padding="SAME"),
            IMAGES,
        ),
        "conv2d_atrous": (lambda s, x, t: s.conv2d(x, 4, 3, rate=2), IMAGES),
        "conv2d_linear": (lambda s, x, t: s.conv2d(x, 4, 1, activation_fn=None), IMAGES),
        "conv2d_no_bias": (lambda s, x, t: s.conv2d(x, 4, 1, biases_initializer=None), IMAGES),
        "conv2d_regularized": (
            lambda s, x, t: s.conv2d(
                x, 4, 3, weights_regularizer=l2(s, 0.3), biases_regularizer=l2(s, 0.5)
            ),
            IMAGES,
        ),
        "conv2d_normalized": (
            lambda s, x, t: s.conv2d(
                x,
                4,
                3,
                normalizer_fn=s.batch_norm,
                normalizer_params={"is_training": t, **bn},
                biases_regularizer=l2(s, 0.5),
            ),
            IMAGES,
        ),
        "conv2d_channels_first": (
            lambda s, x, t: s.conv2d(x, 4, 3, stride=2, data_format="NCHW"),
            CHANNELS_FIRST,
        ),
        "conv1d": (lambda s, x, t: s.conv1d(x, 4, 3, stride=2), SEQUENCES),
        "conv3d": (lambda s, x, t: s.conv3d(x, 4, [2, 3, 3], padding="VALID"), VOLUMES),
        "convolution": (lambda s, x, t: s.convolution(x, 4, 3), SEQUENCES),
        "conv2d_in_plane": (lambda s, x, t: s.conv2d_in_plane(x, [2, 3], stride=2), IMAGES),
        "conv2d_in_plane_normalized": (
            lambda s, x, t: s.conv2d_in_plane(
                x,
                3,
                padding="VALID",
                normalizer_fn=s.batch_norm,
                normalizer_params={"is_training": t},
            ),
            IMAGES,
        ),
        "conv2d_transpose": (lambda s, x, t: s.conv2d_transpose(x, 4, 3, stride=2), IMAGES),
        "conv2d_transpose_valid": (
            lambda s, x, t: s.conv2d_transpose(x, 4, [4, 3], stride=2, padding="VALID"),
            IMAGES,
        ),
        "conv3d_transpose": (lambda s, x, t: s.conv3d_transpose(x, 2, 3, stride=2), VOLUMES),
        "separable_conv2d": (
            lambda s, x, t: s.separable_conv2d(
                x, 4, [3, 3], 2, stride=2, weights_regularizer=l2(s, 0.3)
            ),
            IMAGES,
        ),
        "separable_conv2d_atrous": (lambda s, x, t: s.separable_conv2d(x, 4, 3, rate=2), IMAGES),
        "separable_conv2d_depthwise": (
            lambda s, x, t: s.separable_conv2d(
                x, None, 3, depth_multiplier=2, weights_regularizer=l2(s, 0.3), scope="dw"
            ),
            IMAGES,
        ),
        "separable_conv2d_depthwise_normalized": (
            lambda s, x, t: s.separable_conv2d(
                x,
                num_outputs=None,
                kernel_size=[3, 3],
                stride=2,
                padding="VALID",
                normalizer_fn=s.batch_norm,
                normalizer_params={"is_training": t, **bn},
            ),
            IMAGES,
        ),
        "fully_connected": (lambda s, x, t: s.fully_connected(x, 3), ROWS),
        "fully_connected_rank_4": (
            lambda s, x, t: s.fully_connected(x, 3, activation_fn=None),
            IMAGES,
        ),
        "fully_connected_normalized": (
            lambda s, x, t: s.fully_connected(
                x, 3, normalizer_fn=s.batch_norm, normalizer_params={"is_training": t, **bn}
            ),
            ROWS,
        ),
        "elu": (lambda s, x, t: s.elu(x, 3), ROWS),
        "relu6": (lambda s, x, t: s.relu6(x, 3), ROWS),
        "linear": (lambda s, x, t: s.linear(x, 3), ROWS),
        "max_pool2d": (lambda s, x, t: s.max_pool2d(x, 2), IMAGES),
        "max_pool2d_same": (lambda s, x, t: s.max_pool2d(x, [3, 3], 1, "SAME"), IMAGES),
        "max_pool2d_channels_first": (
            lambda s, x, t: s.max_pool2d(x, 3, data_format="NCHW"),
            CHANNELS_FIRST,
        ),
        "avg_pool2d": (lambda s, x, t: s.avg_pool2d(x, [3, 2], padding="SAME"), IMAGES),
        "max_pool3d": (lambda s, x, t: s.max_pool3d(x, 2), VOLUMES),
        "avg_pool3d": (lambda s, x, t: s.avg_pool3d(x, [1, 2, 2], stride=[1, 2, 2]), VOLUMES),
        "pool": (lambda s, x, t: s.pool(x, [3, 2], "AVG", padding="SAME", stride=2), IMAGES),
        "pool_dilated": (lambda s, x, t: s.pool(x, 2, "MAX", dilation_rate=2), IMAGES),
        "flatten": (lambda s, x, t: s.flatten(x), IMAGES),
        "dropout_off": (lambda s, x, t: s.dropout(x, 0.3, is_training=False), ROWS),
        "softmax": (lambda s, x, t: s.softmax(x), IMAGES),
        "spatial_softmax": (lambda s, x, t: s.spatial_softmax(x), IMAGES),
        "spatial_softmax_channels_first": (
            lambda s, x, t: s.spatial_softmax(x, temperature=2.0, data_format="NCHW", name="at"),
            CHANNELS_FIRST,
        ),
        "one_hot_encoding": (lambda s, x, t: s.one_hot_encoding(x, 3), INTEGERS),
        "one_hot_encoding_values": (
            lambda s, x, t: s.one_hot_encoding(x, 4, on_value=0.9, off_value=0.1),
            INTEGERS,
        ),
        "unit_norm": (lambda s, x, t: s.unit_norm(x, 1), IMAGES),
        "maxout": (lambda s, x, t: s.maxout(x, 3), IMAGES),
        "maxout_axis_1": (lambda s, x, t: s.maxout(x, 3, axis=1), IMAGES),
        "images_to_sequence": (lambda s, x, t: s.images_to_sequence(x), IMAGES),
        "sequence_to_images": (
            lambda s, x, t: s.sequence_to_images(x, 2),
            SEQUENCES.transpose(1, 0, 2),
        ),
        "bias_add": (lambda s, x, t: s.bias_add(x, regularizer=l2(s, 0.5)), IMAGES),
        "bias_add_channels_first": (
            lambda s, x, t: s.bias_add(x, data_format="NCHW"),
            CHANNELS_FIRST,
        ),
        "layer_norm": (lambda s, x, t: s.layer_norm(x), IMAGES),
        "layer_norm_axes": (
            lambda s, x, t: s.layer_norm(x, begin_norm_axis=2, begin_params_axis=2, center=False),
            IMAGES,
        ),
        "layer_norm_rank_2": (lambda s, x, t: s.layer_norm(x, scale=False), ROWS),
        "instance_norm": (lambda s, x, t: s.instance_norm(x), IMAGES),
        "instance_norm_channels_first": (
            lambda s, x, t: s.instance_norm(x, epsilon=0.1, data_format="NCHW"),
            CHANNELS_FIRST,
        ),
        "group_norm": (lambda s, x, t: s.group_norm(x, groups=3), IMAGES),
        "group_norm_channels_first": (
            lambda s, x, t: s.group_norm(
                x, 2, channels_axis=-3, reduction_axes=[-2, -1], mean_close_to_zero=True
            ),
            CHANNELS_FIRST,
        ),
        **unscoped_layer_cases(),
        "repeat": (lambda s, x, t: s.repeat(x, 2, s.conv2d, 6, 3, scope="conv1"), IMAGES),
        "repeat_unnamed": (lambda s, x, t: s.repeat(x, 2, s.conv2d, 6, [3, 3]), IMAGES),
        "stack": (lambda s, x, t: s.stack(x, s.fully_connected, [4, 5], scope="fc"), ROWS),
        "stack_unnamed": (lambda s, x, t: s.stack(x, s.conv2d, [(4, 3), (5, [1, 1])]), IMAGES),
        "stack_partial": (lambda s, x, t: s.stack(x, s.relu, [4, 5]), ROWS),
    }


def unscoped_layer_cases() -> dict[str, tuple[Any, Any]]:
    """Layers that scopes of defaults do not reach."""
    return {
        "legacy_fully_connected": (
            lambda s, x, t: s.legacy_fully_connected(
                x, 3, weight_regularizer=l2(s, 0.3), bias_regularizer=l2(s, 0.5)
            ),
            ROWS,
        ),
        "legacy_fully_connected_no_bias": (
            lambda s, x, t: s.legacy_relu(x, 3, bias_init=None, name="fc"),
            ROWS,
        ),
        "legacy_linear_rank_3": (lambda s, x, t: s.legacy_linear(x, 3), SEQUENCES),
        "gdn": (lambda s, x, t: s.gdn(s.gdn(x), inverse=True), IMAGES),
        "gdn_channels_first": (
            lambda s, x, t: s.gdn(x, gamma_init=0.3, data_format="channels_first", name="a"),
            CHANNELS_FIRST[:, :, :, 0],
        ),
        "gdn_rank_5": (lambda s, x, t: s.gdn(x, beta_min=0.5, reparam_offset=0.1), VOLUMES),
        "poincare_normalize": (lambda s, x, t: s.poincare_normalize(x, [1, 2]), IMAGES),
    }


def in_a_regularized_scope(s: Any, x: Any) -> Any:
    """The regularizer of a scope adds to those of its layers, biases included."""
    with s.variable_scope("a", regularizer=l2(s, 0.5)):
        x = s.conv2d(x, 2, 3, weights_regularizer=l2(s, 0.25))
        return s.separable_conv2d(s.layer_norm(x), 2, 3)


def batch_norms_in_a_scope(s: Any, x: Any) -> Any:
    """Of TF-Slim's three ways the first adds both regularizers up; of the others each takes one."""
    own = {"param_regularizers": {"gamma": l2(s, 0.25), "beta": l2(s, 0.125)}}
    with s.variable_scope("a", regularizer=l2(s, 0.5)):
        x = s.batch_norm(x, scale=True, is_training=False, **own)
        x = s.batch_norm(x, scale=True, is_training=False, updates_collections=None, **own)
        kept = {"updates_collections": None, "fused": False, **own}
        x = s.batch_norm(x, scale=True, is_training=False, **kept)
        return s.batch_norm(s.flatten(x), scale=True, is_training=False, **own)


def own_regularizer_in_a_scope(s: Any, x: Any) -> Any:
    """What slim makes with get_variable has its own regularizer in the place of the scope's."""
    with s.variable_scope("a", regularizer=l2(s, 0.5)):
        x = s.bias_add(x, regularizer=l2(s, 0.25))
        x = s.conv2d_in_plane(x, 2, weights_regularizer=l2(s, 0.125))
        x = s.separable_conv2d(x, None, 2, weights_regularizer=l2(s, 0.375))
        return s.legacy_linear(x, 3, weight_regularizer=l2(s, 0.75))


def dtype_cases() -> dict[str, tuple[Any, Any]]:
    """Inputs of other precisions: variables follow, but for statistics in half precision."""
    layers: dict[str, Any] = {
        "conv2d": lambda s, x, t: s.conv2d(x, 2, 3),
        "batch_norm": lambda s, x, t: s.batch_norm(x, scale=True, is_training=t),
        "layer_norm": lambda s, x, t: s.layer_norm(x),
        "pool": lambda s, x, t: s.max_pool2d(x, 2),
    }
    return {
        f"{dtype}_{name}": (call, IMAGES.astype(dtype))
        for dtype in ("float16", "float64")
        for name, call in layers.items()
    }


CASES = {
    **layer_cases(),
    **batch_norm_cases(),
    **dtype_cases(),
    "regularized_scope": (lambda s, x, t: in_a_regularized_scope(s, x), IMAGES),
    "batch_norms_in_scope": (lambda s, x, t: batch_norms_in_a_scope(s, x), IMAGES),
    "own_regularizer_in_scope": (lambda s, x, t: own_regularizer_in_a_scope(s, x), IMAGES),
}


def assert_equal(new_value: Any, old_value: Any, tolerance: float = 3e-6) -> None:
    """Same shape, same dtype, and values equal to a few roundings of the largest."""
    new_value = np.asarray(new_value)
    assert new_value.shape == old_value.shape
    assert new_value.dtype == old_value.dtype
    scale = max(1.0, float(np.abs(old_value).max()))
    tolerance = 4e-3 if old_value.dtype == "float16" else tolerance
    assert np.abs(new_value - old_value).max() <= tolerance * scale


def call_functional(s: Any, call: Callable[..., Any], x: Any, training: bool) -> Any:
    """The case as a functional model."""
    inputs = keras.Input(x.shape[1:], dtype=x.dtype)
    return s.functional_model(lambda tensor: call(s, tensor, training), inputs)


def call_traced(s: Any, call: Callable[..., Any], x: Any, training: bool) -> Any:
    """The case as a traced model."""
    model = s.TracedModel(lambda tensor: call(s, tensor, training))
    model(tf.constant(x))
    return model


@pytest.mark.parametrize("name", CASES)
def test_layer(name: str, old: Any, new: Any) -> None:
    call, x = CASES[name]
    static = name == "sequence_to_images"  # its first dimension is the width
    makers = [call_traced] if static else [call_functional, call_traced]
    in_training = "batch_norm" in name or "normalized" in name
    for training in (True, False) if in_training else (True,):
        expected = run_old(lambda tensor, t=training: call(old, tensor, t), x, static=static)
        for make in makers:
            check_model(new, make(new, call, x, training), x, training, expected)
        check_in_tf_graph(new, call, x, training, expected, static)


def check_model(s: Any, model: Any, x: Any, training: bool, expected: Any) -> None:
    """The case as a model: names, values, updates and losses."""
    variables = s.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))
    assert_equal(model(tf.constant(x), training=training), expected.outputs)
    for path, variable in variables.items():
        assert_equal(variable.numpy(), expected.after[path])
    assert float(sum(model.losses)) == pytest.approx(expected.loss, rel=1e-5)


def check_in_tf_graph(
    s: Any, call: Any, x: Any, training: bool, expected: Any, static: bool
) -> None:
    """The case in a TF 1 graph with a session: names, values, updates and losses."""
    with tf.Graph().as_default(), v1.Session() as session:
        placeholder = placeholder_for(x, static)
        outputs = call(s, placeholder, training)
        variables = {v.op.name: v for v in v1.global_variables()}
        assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
        assert list(variables) == list(expected.variables)  # in the order of their creation
        session.run(v1.global_variables_initializer())
        for path, variable in variables.items():
            variable.load(random_value(path, tuple(variable.shape)), session)
        updates = v1.get_collection("update_ops")
        losses = v1.losses.get_regularization_losses()
        loss = float(session.run(tf.add_n(losses))) if losses else 0.0
        values, _ = session.run([outputs, updates], {placeholder: x})
        assert_equal(values, expected.outputs)
        for path, variable in variables.items():
            assert_equal(session.run(variable), expected.after[path])
        assert loss == pytest.approx(expected.loss, rel=1e-5)
