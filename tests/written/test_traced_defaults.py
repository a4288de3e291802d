"""Traced models keep the `layer_defaults` that they were built under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from slimport.written.convolution import conv2d  # noqa: E402
from slimport.written.defaults import layer_defaults  # noqa: E402
from slimport.written.saved_models import SavableTracedModel  # noqa: E402

DEFAULTS = {"activation": "relu6", "strides": 2, "kernel_regularizer": keras.regularizers.L2(0.1)}


def net(images: Any) -> Any:
    return tf.identity(conv2d(images, 4, 3, name="conv"))


def images(count: int) -> Any:
    return tf.constant(np.random.default_rng(0).normal(size=(count, 8, 8, 3)) * 30, tf.float32)


def built() -> SavableTracedModel:
    with layer_defaults([conv2d], **DEFAULTS):
        model = SavableTracedModel(net)
        model(images(2))
    return model


def test_a_new_shape_outside_of_the_block() -> None:
    model = built()
    found = model(images(3)).numpy()
    assert found.shape == (3, 4, 4, 4) and found.min() == 0 and found.max() == 6
    assert np.array_equal(found[:2], model(images(2)).numpy())


def test_a_new_shape_in_another_block() -> None:
    model = built()
    with layer_defaults([conv2d], strides=1, padding="valid"):
        assert model(images(3)).shape == (3, 4, 4, 4)


def test_a_file_has_them(tmp_path: Path) -> None:
    model = built()
    model.save(tmp_path / "net.keras")
    # Other tests may have registered the class of another copy of the module.
    known = {"net": net, "scoped_layers>SavableTracedModel": SavableTracedModel}
    with keras.saving.custom_object_scope(known):
        again = keras.models.load_model(tmp_path / "net.keras")
    assert np.array_equal(again(images(3)), model(images(3)))
    assert float(again.losses[0]) == float(model.losses[0]) > 0
