"""Models as they are served: an exported folder and its TFLite file compute what the model does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

IMAGES = np.random.default_rng(0).normal(1.0, 2.0, (3, 12, 12, 3)).astype(np.float32)


def network(layers: Any, images: Any) -> Any:
    with layers.layer_defaults(
        [layers.conv2d, layers.separable_conv2d],
        normalizer=layers.batch_norm,
        normalizer_params={"is_training": False, "scale": True},
    ):
        net = layers.conv2d(images, 6, 3)
        net = layers.separable_conv2d(net, None, 3, strides=2)
        net = layers.conv2d(net, 8, 1)
    return layers.fully_connected(layers.flatten(net), 4)


def model_of(layers: Any, form: str) -> Any:
    if form == "functional":
        inputs = keras.Input(IMAGES.shape[1:])
        model = layers.functional_model(lambda images: network(layers, images), inputs)
    else:
        model = layers.TracedModel(lambda images: network(layers, images))
        model.build((None, *IMAGES.shape[1:]))
    generator = np.random.default_rng(1)
    for name, variable in layers.legacy_variables(model).items():
        low = 0.5 if name.endswith(("gamma", "variance")) else -0.5
        variable.assign(generator.uniform(low, 1.0, tuple(variable.shape)))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("batch", [None, 1])
@pytest.mark.parametrize("form", ["functional", "traced"])
def test_exports_compute_the_same(new: Any, tmp_path: Path, form: str, batch: int | None) -> None:
    model = model_of(new, form)
    expected = np.asarray(model(IMAGES, training=False))
    signature = None if batch is None else [tf.TensorSpec((1, *IMAGES.shape[1:]), tf.float32)]
    model.export(tmp_path / "saved", input_signature=signature, verbose=False)
    loaded = tf.saved_model.load(
        str(tmp_path / "saved")
    )  # its function does not hold its variables
    lite = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    for size in (1, 3) if batch is None else (1,):
        for served in (loaded.serve(IMAGES[:size]), run_lite(lite, IMAGES[:size])):
            limit = 1e-6 * np.abs(expected).max()
            np.testing.assert_allclose(served, expected[:size], rtol=0, atol=limit)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["functional", "traced"])
def test_batch_norm_is_folded_into_convolutions(new: Any, tmp_path: Path, form: str) -> None:
    model_of(new, form).export(tmp_path / "saved", verbose=False)
    lite = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    interpreter = tf.lite.Interpreter(model_content=lite)
    counted = Counter(operation["op_name"] for operation in interpreter._get_ops_details())
    assert counted["CONV_2D"] == 2
    assert counted["DEPTHWISE_CONV_2D"] == 1
    assert not {"MUL", "ADD", "SUB", "RSQRT"} & set(counted)


def run_lite(lite: bytes, images: np.ndarray) -> Any:
    interpreter = tf.lite.Interpreter(model_content=lite)
    given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(given["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(made["index"])
