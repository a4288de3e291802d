"""Small networks, and what one sees of a model: for the process that saves and the one that loads.

The written module must be importable as `scoped_layers`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import scoped_layers as s
import tensorflow as tf

IMAGES = np.random.default_rng(1).normal(size=(4, 9, 8, 3)).astype("float32")
TARGETS = np.random.default_rng(2).normal(size=(4, 3)).astype("float32")


def shrunk(weights: Any) -> Any:
    """A regularizer that is a function."""
    return 0.01 * keras.ops.sum(keras.ops.abs(weights))


def rate_of(step: Any) -> Any:
    """A learning rate in TensorFlow 1's way."""
    return tf.compat.v1.train.exponential_decay(0.05, step, 2, 0.5)


def defaults(decay: float = 0.7) -> Any:
    """Normalized and regularized convolutions."""
    return s.layer_defaults(
        [s.conv2d, s.separable_conv2d],
        normalizer=s.batch_norm,
        normalizer_params={"momentum": decay, "scale": True},
        kernel_regularizer=s.l2_regularizer(0.1),
    )


def every_kind(images: Any) -> Any:
    """Layers of all kinds, named by hand and by themselves, in scopes with settings."""
    with s.variable_scope("Net"), defaults():
        x = s.conv2d(images, 4, 3)
        x = s.conv2d(x, 4, 3, activation=lambda v: keras.ops.maximum(v, 0.1 * v))
        x = s.separable_conv2d(x, None, 3, depth_multiplier=2, name="depthwise")
        x = s.separable_conv2d(x, 4, 3, depth_multiplier=1)
        x = s.conv2d_transpose(x, 4, 3, trainable=False)
        x = s.conv2d_in_plane(s.max_pool2d(x, 2), 3, normalizer=s.layer_norm)
        x = s.bias_add(x, regularizer=shrunk)
        x = s.group_norm(x, 2)
    with s.variable_scope("odd__name", regularizer=shrunk):
        x = s.tf_conv2d(x, 4, 1, kernel_regularizer=keras.regularizers.L2(0.1))
        x = s.tf_batch_normalization(x, training=True)
        x = x * s.get_variable("kernel", initializer=[1.0, 2.0, 3.0, 4.0], trainable=False)
        x = x + s.model_variable("tables/shift", [4], initializer="ones")
    x = x * s.tf_variable(np.full(4, 0.5, "float32"))
    x = s.dropout(s.flatten(x), 0.8, seed=3)
    for name in ("fc", "fc"):
        with s.variable_scope(name, reuse=s.AUTO_REUSE):
            x = s.fully_connected(x[:, :4], 4)
    return s.fully_connected(x, 3, activation=None, name="logits")


def traced(images: Any, classes: int, sizes: Any = (), dtype: Any = None) -> Any:
    """TensorFlow code; which branch comes first depends on the size of the images."""
    x = tf.cast(images, dtype)
    assert isinstance(sizes, tuple) and isinstance(dtype, tf.DType)
    branches = ["a", "b"] if images.shape[1] < 10 else ["b", "a"]
    with defaults():
        for size in sizes:
            x = s.conv2d(x, 4, size)
        parts = {name: s.conv2d(x, 4, 1, name=name) for name in branches}
    x = tf.reduce_mean(parts["a"] + 2.0 * parts["b"], [1, 2])
    step = s.get_or_create_global_step()
    x = x * s.get_variable("scale", initializer=2.0) + tf.cast(step, x.dtype)
    x = x + s.tf_variable(tf.ones([4]))
    x, _ = s.BasicLSTMCell(4)(x, s.BasicLSTMCell(4).zero_state(4, tf.float32))
    x = s.fully_connected(x, 4, activation=None, name="tied")
    with s.variable_scope("tied", reuse=True):
        x = tf.matmul(x, s.get_variable("weights", [4, 4]), transpose_b=True)
    return s.fully_connected(x, classes, activation=None)


def randomize(model: Any) -> Any:
    """Gives each variable values of its own."""
    random = np.random.default_rng(3)
    for variable in s.legacy_variables(model).values():
        if variable.dtype == "float32":
            variable.assign(np.abs(random.normal(size=variable.shape)) + 0.1)
    return model


def seen_of(model: Any) -> dict[str, Any]:
    """What one sees of a model that is compiled: names, values, outputs, losses, a step."""
    variables = s.legacy_variables(model)
    seen: dict[str, Any] = {"names": list(variables)}
    seen["trainable"] = [name for name, v in variables.items() if v.trainable]
    seen["values"] = np.concatenate([np.ravel(v) for v in variables.values()])
    seen["inference"] = model(IMAGES, training=False)
    seen["losses"] = [float(loss) for loss in model.losses]
    seen["training"] = model(IMAGES, training=True)
    seen["statistics"] = np.concatenate([np.ravel(v) for v in variables.values()])
    seen["fit"] = model.fit(IMAGES, TARGETS, shuffle=False, verbose=0).history["loss"]
    seen["rate"] = model.optimizer.learning_rate
    seen["fitted"] = np.concatenate([np.ravel(v) for v in variables.values()])
    return {name: np.asarray(value) for name, value in seen.items()}
