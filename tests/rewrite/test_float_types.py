"""Layers that tensors of other types than float32 may reach: Keras' own compute in float32."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, rewrite_program, transform

HEAD = "import numpy as np\nimport tensorflow as tf\nimport tf_slim as slim\n"
LAYER = "    return slim.conv2d(x, 8, 3, scope='a')\n"
PLAIN = "keras.layers.Conv2D("

REACHED = {
    "a cast": "def net(x):\n    x = tf.cast(x, tf.float16)\n" + LAYER,
    "a cast by text": "def net(x):\n    x = tf.cast(x, 'float64')\n" + LAYER,
    "a cast of its own name": "def net(x):\n    x = tf.to_double(x)\n" + LAYER,
    "imported": "from tensorflow import half\ndef net(x):\n    x = tf.cast(x, half)\n" + LAYER,
    "by its caller": f"def net(x):\n{LAYER}\ndef run(x):\n    return net(tf.cast(x, tf.float64))\n",
    "by another's result": (
        "def wide(x):\n    return tf.cast(x, tf.double)\n\n"
        f"def net(x):\n{LAYER}\n"
        "def run(x):\n    return net(wide(x))\n"
    ),
    "numpy's": "def net(x):\n    x = x * np.ones(3, np.float64)\n" + LAYER,
}
APART = {
    "nothing": f"def net(x):\n{LAYER}",
    "float32 and integers": (
        "def net(x):\n    x = tf.cast(tf.cast(x, tf.int32), tf.float32)\n" + LAYER
    ),
    "no caller": f"def net(x):\n{LAYER}\ndef wide(x):\n    return tf.cast(x, tf.float64)\n",
}


@pytest.mark.parametrize("source", REACHED.values(), ids=REACHED.keys())
def test_layers_take_the_type_of_what_they_are_given(source: str) -> None:
    text = transform(HEAD + source)
    assert PLAIN not in text
    assert "conv2d(x, 8, 3, name='a')" in text


@pytest.mark.parametrize("source", APART.values(), ids=APART.keys())
def test_layers_that_only_float32_reaches_are_plain(source: str) -> None:
    assert PLAIN in transform(HEAD + source)


def test_another_file_says_it() -> None:
    caller = HEAD + "from net import net\ndef run(x):\n    return net(tf.cast(x, tf.bfloat16))\n"
    result = rewrite_program({"net.py": HEAD + f"def net(x):\n{LAYER}", "run.py": caller})
    assert PLAIN not in (output(result, "net.py") or "")
