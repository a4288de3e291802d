"""What must not change. A codemod is judged by what it leaves alone."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_noop, output, rewrite_program

UNTOUCHED = {
    "no TensorFlow at all": "def conv2d(x):\n    return x\n",
    "a local package named slim": """
        from nets import slim

        def net(x):
            with slim.arg_scope([slim.conv2d], stride=2):
                return slim.conv2d(x, 64, [3, 3])
        """,
    "another library's slim": """
        import slim

        net = slim.conv2d(1, 2, 3)
        """,
    "a relative slim": """
        from . import slim

        net = slim.conv2d(1, 2, 3)
        """,
    "a parameter named slim": """
        def net(slim, x):
            return slim.conv2d(x, 64, [3, 3])
        """,
    "a name bound to two things": """
        import tensorflow as tf

        if tf.__version__ > '2':
            import other as ops
        else:
            import another as ops

        def net(x):
            return ops.conv2d(x, 64, [3, 3])
        """,
    "the name in a string and a comment": """
        # slim.conv2d was here
        TEXT = 'tf.contrib.slim.conv2d(x, 64, [3, 3])'
        """,
    "Keras code": """
        import keras

        def net(x):
            return keras.layers.Conv2D(64, 3, name='conv')(x)
        """,
    "TF 2 code": """
        import tensorflow as tf

        @tf.function
        def step(x):
            y = tf.reduce_mean(tf.nn.relu(x), axis=1, keepdims=True)
            return tf.where(y > 0, tf.math.log(y), tf.shape(x)[0])
        """,
    "TF 2 code with layers of tf.keras": """
        import tensorflow as tf

        def net(x):
            x = tf.keras.layers.Conv2D(8, 3)(x)
            return tf.image.resize(tf.concat([x, x], -1), [8, 8])
        """,
    "compat.v1 without slim": """
        import tensorflow.compat.v1 as tf

        def net(x):
            with tf.variable_scope('a'):
                w = tf.get_variable('w', [3])
            return tf.log(tf.to_float(x)) * w
        """,
    "code that is migrated already": """
        import keras
        from scoped_layers import conv2d, layer_defaults, variable_scope

        def net(x):
            with variable_scope('a'), layer_defaults([conv2d], strides=2):
                return keras.ops.relu(conv2d(x, 8, [3, 3]))
        """,
    "a method of the same name": """
        import tensorflow as tf

        class Net:
            def conv2d(self, x):
                return x

            def net(self, x):
                return self.conv2d(x)
        """,
    "an attribute of something unknown": """
        import tensorflow as tf

        def net(builder, x):
            return builder.slim.conv2d(x, 64, [3, 3])
        """,
    "a shape of something that is no tensor": """
        import numpy as np

        def rows(table):
            return table.shape[0]
        """,
    "an enum's value": """
        import tensorflow as tf

        def pick(colours):
            return colours[0].value
        """,
    "a file name with slim in it": "PATH = 'models/slim/net.ckpt'\n",
    "a global that is assigned in a function": """
        import helper

        slim = None

        def load():
            global slim
            slim = helper.find('tf_slim')

        def net(x):
            return slim.conv2d(x, 64, [3, 3])
        """,
}


@pytest.mark.parametrize("source", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_untouched(source: str) -> None:
    check_noop(source)


def test_a_local_slim_package_stays_in_a_tree_that_uses_tf_slim_elsewhere() -> None:
    local = "def conv2d(x):\n    return x\n"
    user = "from slim import ops\n\nnet = ops.conv2d(1)\n"
    other = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
    result = rewrite_program(
        {"slim/__init__.py": "", "slim/ops.py": local, "user.py": user, "other.py": other}
    )
    assert output(result, "user.py") is None
    assert output(result, "slim/ops.py") is None
    assert output(result, "other.py") is not None
