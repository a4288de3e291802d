"""tf.layers by whatever path, and what they do to the functions around them."""

from __future__ import annotations

import pytest

from slimport.index.canonical import canonical
from tests.rewrite.tools import (
    check_left,
    check_noop,
    check_transformed,
    output,
    report,
    rewrite_program,
    transform,
)

WAYS = {
    "attribute": ("import tensorflow as tf", "tf.layers.dense"),
    "alias of the module": ("import tensorflow as tf\n\nL = tf.layers", "L.dense"),
    "alias of the function": ("import tensorflow as tf\n\nfc = tf.layers.dense", "fc"),
    "module": ("from tensorflow import layers", "layers.dense"),
    "module under a name": ("import tensorflow.layers as L", "L.dense"),
    "function": ("from tensorflow.layers import dense", "dense"),
    "function under a name": ("from tensorflow.layers import dense as fc", "fc"),
    "deep": ("from tensorflow.python.layers.core import dense", "dense"),
    "deep module": ("from tensorflow.python.layers import core", "core.dense"),
    "compat beside slim": (
        "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n\nnorm = slim.batch_norm",
        "tf.layers.dense",
    ),
}
USE = """{imports}


def net(x):
    return {name}(x, 4)
"""


@pytest.mark.parametrize("way", WAYS)
def test_every_way(way: str) -> None:
    imports, name = WAYS[way]
    done = transform(USE.format(imports=imports, name=name))
    assert "from scoped_layers import" in done and "tf_dense" in done
    assert "tf_dense(x, 4)" in done or "fc = tf_dense" in done
    assert "layers.dense" not in done and "tensorflow.layers" not in done
    check_noop(done)


NOT_THESE = {
    "tensorflow.python.layers.core.dense": "tf.layers.dense",
    "tensorflow.python.layers.utils.constant_value": "tf.python.layers.utils.constant_value",
    "tensorflow.contrib.layers.conv2d": "slim.conv2d",
    "tensorflow.keras.layers.Dense": "tf.keras.layers.Dense",
}


@pytest.mark.parametrize(("dotted", "name"), NOT_THESE.items())
def test_names(dotted: str, name: str) -> None:
    assert canonical(dotted) == name


def test_a_plain_function_with_one_becomes_scoped() -> None:
    source = """
        import tensorflow as tf
        import tf_slim as slim


        def net(x):
            x = slim.conv2d(x, 4, 3, scope='a')
            return {last}
        """
    plain = transform(source.format(last="slim.conv2d(x, 2, 1, scope='b')"))
    assert "keras.layers.Conv2D" in plain
    for last in ("tf.layers.conv2d(x, 2, 1)", "helper(tf.layers.conv2d, x)"):
        scoped = transform(source.format(last=last))
        assert "conv2d(x, 4, 3, name='a')" in scoped and "keras.layers" not in scoped


def test_the_reason_is_in_the_report() -> None:
    source = "import tensorflow as tf\n\n\ndef net(x):\n    return tf.layers.flatten(x)\n"
    (form,) = report(rewrite_program({"net.py": source}), "net.py").functions
    assert (form.layers, form.model) == ("scoped", "functional")
    assert form.why == ("TensorFlow 1's own layers are found by their variable scopes",)


def test_scopes_of_another_file_move_with_the_layers() -> None:
    sources = {
        "net.py": (
            "import tensorflow as tf\n\n\n"
            "def head(x):\n    return tf.layers.dense(x, 2, name='fc')\n"
        ),
        "use.py": (
            "import tensorflow as tf\nfrom net import head\n\n\n"
            "def net(x):\n    with tf.variable_scope('a', reuse=tf.AUTO_REUSE):\n"
            "        return head(x) + tf.get_variable('b', [2])\n"
        ),
    }
    use = output(rewrite_program(sources), "use.py")
    assert use is not None
    assert "with variable_scope('a', reuse=AUTO_REUSE):" in use
    assert "head(x) + get_variable('b', [2])" in use


def test_initializers_and_regularizers_become_keras() -> None:
    check_transformed(
        """
        import tensorflow as tf


        def net(x):
            return tf.layers.conv2d(
                x, 4, 3,  # three by three
                kernel_initializer=tf.truncated_normal_initializer(stddev=0.1),
                kernel_regularizer=tf.contrib.layers.l2_regularizer(0.5),
                name='conv')
        """,
        """
        import keras

        from scoped_layers import tf_conv2d


        def net(x):
            return tf_conv2d(
                x, 4, 3,  # three by three
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
                kernel_regularizer=keras.regularizers.L2(0.5 * 0.5),
                name='conv')
        """,
    )


@pytest.mark.parametrize(
    "call",
    [
        "tf.layers.Dense(4)",
        "tf.layers.batch_normalization(x, virtual_batch_size=8)",
        "tf.layers.batch_normalization(x, adjustment=adjust)",
        "tf.layers.batch_normalization(x, axis=[1, 2])",
        "tf.layers.experimental.keras_style_scope()",
    ],
)
def test_what_is_left(call: str) -> None:
    source = f"""
        import tensorflow as tf


        def net(x, adjust):
            return {call}
        """
    check_left(source, 6, "SLIM160")


@pytest.mark.parametrize(
    "call",
    [
        "tf.layers.batch_normalization(x, renorm=False, virtual_batch_size=None, axis=[3])",
        "tf.layers.batch_normalization(x, adjustment=None)",
    ],
)
def test_what_says_the_default_is_rewritten(call: str) -> None:
    source = f"import tensorflow as tf\n\n\ndef net(x):\n    return {call}\n"
    assert "return tf_batch_normalization(x" in transform(source)


def test_a_base_class_is_marked() -> None:
    check_left(
        "import tensorflow as tf\n\n\nclass Mine(tf.layers.Layer):\n    pass\n", 4, "SLIM160"
    )


def test_a_tree_of_compat_v1_alone_stays() -> None:
    source = """
        import tensorflow.compat.v1 as tf


        def net(x):
            with tf.variable_scope('a'):
                return tf.layers.Dense(4)(tf.layers.dense(x, 4))
        """
    check_noop(source)


def test_layers_of_keras_stay() -> None:
    check_noop(
        """
        import tensorflow as tf


        def net(x):
            return tf.keras.layers.Dense(4)(x)
        """
    )
