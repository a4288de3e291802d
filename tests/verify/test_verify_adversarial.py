"""Pairs that compute something else and hide it well: one run over all of them."""

from __future__ import annotations

import pytest

from slimport.verify import run
from slimport.verify.result import Status

OLD = """
import tensorflow as tf
import tf_slim as slim

MASK = [[[[0.0, 0.0, -1e9, -1e9]]]]

def conv(x):
    return slim.conv2d(x, 4, [3, 3], scope="c")

def masked(x):
    return conv(x) + tf.constant(MASK)

def noisy(x):
    net = conv(x)
    return {"net": net, "noisy": net + 0.01 * tf.compat.v1.random_normal([2, 6, 6, 4])}

def loss(x, y):
    return tf.reduce_mean(tf.square(x - y))
"""

NEW = """
import keras
import numpy as np
import tensorflow as tf

MASK = np.array([[[[0.0, 0.0, -1e9, -1e9]]]], "float32")

class Noise(keras.layers.Layer):
    def call(self, x):
        return 1.02 * x + 0.01 * tf.random.normal(tf.shape(x))

def conv(x):
    return keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="c")(x)

def masked(x, factor=1.0):
    return factor * conv(x) + MASK

def masked_wrong(x):
    return masked(x, 1.01)

def noisy_wrong(x):
    net = conv(x)
    return {"net": net, "noisy": Noise()(net)}

def loss(x, y):
    return keras.ops.mean(keras.ops.square(x - y))

def loss_wrong(x, y):
    return loss(keras.ops.stop_gradient(x), y)
"""

# name: (entry of the old side, inputs, mode, group and name of the tensor that is named first)
WRONG = {
    "masked_wrong": ("masked", 1, "inference", ("output", "output")),
    "noisy_wrong": ("noisy", 1, "inference", ("output", "noisy")),
    "loss_wrong": ("loss", 2, "training", ("input gradient", "input 1")),
}
RIGHT = {"masked": ("masked", 1), "loss": ("loss", 2)}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    root = tmp_path_factory.mktemp("hidden")
    text = 'old = "old"\nnew = "new"\n'
    for side, code in (("old", OLD), ("new", NEW)):
        (root / side).mkdir()
        (root / side / "nets.py").write_text(code, encoding="utf-8")
    for name, (entry, inputs, *_) in {**WRONG, **RIGHT}.items():
        text += (
            f'[[case]]\nname = "{name}"\nold_entry = "nets:{entry}"\nnew_entry = "nets:{name}"\n'
        )
        text += "[[case.inputs]]\nshape = [2, 6, 6, 3]\n" * inputs
    (root / "verify.toml").write_text(text, encoding="utf-8")
    return {case.name: case for case in run.verify(root / "verify.toml").cases}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_hidden_is_found(cases, name):
    _, _, mode, tensor = WRONG[name]
    found = next(one for one in cases[name].modes if one.mode == mode)
    assert found.status is Status.DIFFERS
    assert (found.first_divergence.group, found.first_divergence.name) == tensor


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_equal_stays_so(cases, name):
    assert cases[name].status is Status.EQUAL
