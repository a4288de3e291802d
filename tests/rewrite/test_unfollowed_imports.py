"""Imports of slim by which nothing is reached that can be followed: marked, or gone."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import report, rewrite_program, transform


@pytest.mark.parametrize(
    "binding",
    [
        "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\n",
        "import tensorflow as tf\nif not tf.test.is_gpu_available():\n    tf = None\n",
        "import tensorflow as tf\nfor tf in []:\n    pass\n",
    ],
)
def test_slim_of_what_may_not_be_tensorflow_is_left(binding: str) -> None:
    source = binding + (
        "\n\ndef net(x):\n    x = tf.reshape(x, [8, 3])\n"
        "    return tf.contrib.layers.fully_connected(x, 4), tf.contrib.data.AUTOTUNE\n"
    )
    found = report(rewrite_program({"net.py": source}), "net.py")
    assert not found.rewritten
    assert [item.api for item in found.left] == ["slim.fully_connected", "tf.contrib.data.AUTOTUNE"]
    assert {item.reason for item in found.left} == {"tf may be something else here, or none"}


def test_an_alias_of_it_is_left_as_well() -> None:
    source = (
        "try:\n    import tensorflow as tf\n    slim = tf.contrib.slim\nexcept ImportError:\n"
        "    tf = None\n\n\ndef net(x):\n    return slim.flatten(x), tf.add(x, x)\n"
    )
    found = report(rewrite_program({"net.py": source}), "net.py")
    assert [item.api for item in found.left] == ["slim", "slim.flatten"]


def test_an_alias_that_is_bound_anew_is_left_though_nothing_uses_it() -> None:
    source = "import tensorflow as tf\nslim = tf.contrib.slim\nfor slim in ():\n    pass\n"
    found = report(rewrite_program({"net.py": source}), "net.py")
    assert [item.reason for item in found.left] == ["slim may be something else here, or none"]


def test_what_a_class_imports_is_reached_by_attributes() -> None:
    done = transform("""
        import tensorflow as tf
        import tf_slim as slim


        class Net(object):
            import tf_slim as own
            from tensorflow.contrib import slim as other, layers as more
            from tf_slim import conv2d

            def build(self, x):
                return self.own.conv2d(x, 8, 3), self.more.flatten(x), tf.nn.relu(x)


        def net(x):
            return slim.conv2d(x, 8, 3)
        """)
    assert done.count("SLIM999 the module") == 3
    assert "import tf_slim as own" in done and "from tf_slim import conv2d" in done
    assert "slim as other, layers as more" in done
    assert "keras.layers.Conv2D(8, 3" in done


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf\nfrom tf_slim import *\n\n\ndef f(x):\n    return tf.square(x)\n",
        "def f(x):\n    import tf_slim as slim\n    return x\n",
        "def f(x):\n    from tensorflow.contrib import slim\n",
        "def f():\n    import tensorflow as tf\n    slim = tf.contrib.slim\n\n"
        "    def g(x):\n        return slim.flatten(x)\n    return g\n",
    ],
)
def test_an_import_that_nothing_uses_goes_wherever_it_stands(source: str) -> None:
    done = transform(source)
    assert "slim" not in done.replace("from scoped_layers", "")
    compile(done, "net.py", "exec")


def test_a_module_of_tensorflow_1_that_a_function_imports_goes_with_its_uses() -> None:
    source = (
        "import tensorflow as tf\n\n\ndef read(path):\n    from tensorflow import gfile\n"
        "    return tf.log(float(gfile.GFile(path).read()))\n"
    )
    done = transform(source)
    assert "return tf.math.log(float(tf.io.gfile.GFile(path).read()))" in done
    assert "import gfile" not in done
    other = "\n\ndef size(path):\n    from here import gfile\n    return gfile.size(path)\n"
    assert "from tensorflow import gfile" in transform(source + other)  # which of them, nobody says


def test_an_import_of_everything_stays_with_what_may_be_of_it() -> None:
    done = transform("""
        import tensorflow as tf
        from tf_slim import *


        def f(x):
            return tf.square(x), conv2d(x, 8, 3), unheard_of(x)
        """)
    assert "from tf_slim import *" in done and "no rule covers slim.unheard_of" in done
