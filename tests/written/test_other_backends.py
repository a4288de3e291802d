"""The written module where Keras does not run on TensorFlow.

Most tests let the module believe so while keras.ops computes on TensorFlow: then its `tf` is the
stand-in, every use of which raises, and the numbers can be compared with the module's own. The last
one runs on torch or JAX where one of them is installed.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import imported

from slimport.written.assemble import assemble, public_names

IMAGES = np.random.default_rng(0).normal(1.0, 2.0, (8, 9, 9, 4)).astype(np.float32)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The written module under a backend of another name."""
    monkeypatch.setattr(keras.config, "backend", lambda: "another")
    registered = dict(keras.saving.get_custom_objects())
    yield imported(assemble(public_names()), tmp_path, "scoped_layers_elsewhere")
    keras.saving.get_custom_objects().update(registered)


def network(layers: Any, images: Any) -> Any:
    settings = {"is_training": True, "momentum": 0.9, "scale": True}
    with layers.layer_defaults(
        [layers.conv2d], normalizer=layers.batch_norm, normalizer_params=settings
    ):
        net = layers.conv2d(images, 6, 3)
        net = layers.max_pool2d(net, 2)
        net = layers.separable_conv2d(net, 5, 3, bias_initializer=None)  # its gradient is 0
        net = layers.flatten(net)
        net = layers.fully_connected(net, 4, normalizer=layers.batch_norm)
        net = layers.dropout(net, 1.0)
        return layers.softmax(layers.unit_norm(layers.bias_add(net), 1))


def filled(model: Any, layers: Any) -> Any:
    generator = np.random.default_rng(1)
    for variable in layers.legacy_variables(model).values():
        variable.assign(generator.uniform(0.2, 1.2, tuple(variable.shape)))
    return model


def step(model: Any, images: Any, training: bool) -> list[np.ndarray]:
    """Outputs, gradients, and all variables after the call."""
    with tf.GradientTape() as tape:
        outputs = model(images, training=training)
        loss = tf.reduce_sum(tf.square(outputs) * np.arange(4.0, dtype=np.float32))
    found = [outputs, *tape.gradient(loss, [v.value for v in model.trainable_variables])]
    return [np.asarray(value) for value in (*found, *(v.value for v in model.variables))]


@pytest.mark.parametrize("training", [True, False])
def test_a_network_computes_the_same(elsewhere: Any, new: Any, training: bool) -> None:
    sides = []
    for layers in (elsewhere, new):
        if layers is new:
            keras.config.backend = ORIGINAL  # the fixture puts it back, too
        inputs = keras.Input(IMAGES.shape[1:])
        model = layers.functional_model(lambda x, layers=layers: network(layers, x), inputs)
        sides.append(step(filled(model, layers), IMAGES, training))
    assert len(sides[0]) == len(sides[1])
    for one, other in zip(*sides, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-3 * np.abs(other).max())
    np.testing.assert_allclose(sides[0][0], sides[1][0], rtol=0, atol=2e-6)


ORIGINAL = keras.config.backend


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize("shape", [(3, 9, 9, 4), (2, 4), (2, 5, 4)])
def test_batch_norm_moves_its_averages_as_the_kernel_does(
    elsewhere: Any, new: Any, shape: tuple[int, ...], dtype: str
) -> None:
    """By n / (n - 1) where TF-Slim's kernel did: twice the biased variance for two rows."""
    images = keras.ops.cast(np.random.default_rng(2).normal(1, 3, shape), dtype)
    results = []
    for layers in (elsewhere, new):
        if layers is new:
            keras.config.backend = ORIGINAL
        layer = layers.BatchNormalization(momentum=0.0, epsilon=1e-5, dtype=mixed(dtype))
        outputs = layer(images, training=True)
        assert keras.backend.standardize_dtype(outputs.dtype) == dtype
        results.append([np.asarray(tf.cast(v, "float64")) for v in (outputs, *layer.variables)])
    unit = {"float16": 2e-3, "bfloat16": 2e-2}.get(dtype, 2e-6)
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=unit * np.abs(other).max())
    n = int(np.prod(shape[:-1]))
    biased = np.var(np.asarray(tf.cast(images, "float64")), axis=tuple(range(len(shape) - 1)))
    fused = len(shape) in (2, 4) and dtype != "float64"
    expected = biased * n / (n - 1) if fused else biased
    np.testing.assert_allclose(results[0][-1], expected, rtol=1e-2)


def test_statistics_of_doubles_are_doubles(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras takes their mean in float32 on JAX and torch."""
    of_keras = keras.ops.mean
    monkeypatch.setattr(
        keras.ops,
        "mean",
        lambda x, *a, **k: tf.cast(of_keras(tf.cast(x, "float32"), *a, **k), x.dtype),
    )
    images = IMAGES.astype("float64")
    layer = elsewhere.BatchNormalization(momentum=0.0, dtype="float64")
    layer(images, training=True)
    found = [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
    expected = [images.mean((0, 1, 2)), images.var((0, 1, 2))]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def mixed(dtype: str) -> str:
    return f"mixed_{dtype}" if dtype in ("float16", "bfloat16") else dtype


def test_what_needs_tensorflow_says_so(elsewhere: Any) -> None:
    with pytest.raises(ImportError, match="needs Keras' TensorFlow backend"):
        elsewhere.TracedModel(lambda images: images)(IMAGES)
    saver = r"tf\.compat\.v1\.train\.Saver needs .* this is another: set KERAS_BACKEND=tensorflow"
    with pytest.raises(ImportError, match=saver):
        elsewhere.Saver([])
    with elsewhere.layer_graph(), pytest.raises(ImportError, match="needs Keras'"):
        elsewhere.conv2d_in_plane(IMAGES, 3)


def test_no_module_imports_tensorflow_but_on_tensorflow() -> None:
    """One import for all parts, under a condition; and nothing else of TensorFlow's."""
    tree = ast.parse(assemble(public_names()))
    places = [
        (parent, node)
        for parent in ast.walk(tree)
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, ast.Import | ast.ImportFrom) and "tensorflow" in ast.unparse(node)
    ]
    assert [ast.unparse(node) for _, node in places] == ["import tensorflow as tf"]
    assert ast.unparse(places[0][0]).startswith("if on_tensorflow():")


PROGRAM = """
import sys, keras, numpy as np, scoped_layers as layers

def network(x):
    with layers.layer_defaults([layers.conv2d], normalizer=layers.batch_norm,
                               normalizer_params={"momentum": 0.9}):
        x = layers.max_pool2d(layers.conv2d(x, 6, 3), 2)
        return layers.fully_connected(layers.flatten(layers.dropout(x, 1.0)), 3)

model = layers.functional_model(network, keras.Input((9, 9, 4)))
for name, v in layers.legacy_variables(model).items():
    seed = sum(map(ord, name))
    v.assign(np.random.default_rng(seed).uniform(0.1, 1, tuple(v.shape)) / np.prod(v.shape[:-1]))
x = np.random.default_rng(0).normal(1, 2, (4, 9, 9, 4)).astype("float32")
model.compile(keras.optimizers.SGD(0.1), "mse")
before = model.predict(x, verbose=0)
loss = model.train_on_batch(x, np.ones((4, 3), "float32"))
after = {n: np.asarray(keras.ops.convert_to_numpy(v)) for n, v in
         layers.legacy_variables(model).items()}
np.savez(sys.argv[1], before=before, loss=loss, **after)
print("tensorflow" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_on_the_other_backend_itself(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    (tmp_path / "scoped_layers.py").write_text(assemble(public_names()), "utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    answers = []
    for name in (backend, "tensorflow"):
        command = [sys.executable, "program.py", f"{name}.npz"]
        environment = {**os.environ, "KERAS_BACKEND": name}
        said = subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
        )
        assert said.stdout.split()[-1] == str(name == "tensorflow")
        with np.load(tmp_path / f"{name}.npz") as arrays:
            answers.append(dict(arrays))
    one, other = answers
    assert one.keys() == other.keys()
    for name, value in other.items():
        np.testing.assert_allclose(one[name], value, rtol=0, atol=2e-6 * np.abs(value).max())
