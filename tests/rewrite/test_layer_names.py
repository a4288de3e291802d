"""Names of layers, by which code names scopes, are TF-Slim's or marked."""

import pytest

from tests.rewrite.tools import output, report, rewrite_program, transform

HEAD = """import tensorflow as tf
import tf_slim as slim


def own(x):
    return slim.conv2d(x, 8, 3)


"""
APPLY = (
    "def apply(op, x):\n    with tf.variable_scope(op.__name__):\n        return op(x, 8, 3)\n\n\n"
)


def codes(code: str) -> set[str]:
    """Of what is left of a program."""
    return {item.code for item in report(rewrite_program({"net.py": HEAD + code}), "net.py").left}


@pytest.mark.parametrize(
    ("code", "after"),
    [
        ("name = slim.conv2d.__name__\n", 'name = "convolution2d"\n'),
        ("name = slim.conv2d_transpose.__name__\n", 'name = "convolution2d_transpose"\n'),
        ("name = slim.batch_norm.__name__\n", 'name = "batch_norm"\n'),
        ("name = slim.max_pool2d.__name__ + '_1'\n", "name = \"max_pool2d\" + '_1'\n"),
    ],
)
def test_names_of_layers(code: str, after: str) -> None:
    assert transform(HEAD + code).endswith(after)


@pytest.mark.parametrize(
    "code",
    [
        APPLY + "def net(x):\n    return apply(slim.conv2d, x)\n",
        APPLY + "OPS = {'conv': slim.separable_conv2d}\n",
        "class Net:\n    op = slim.conv3d\n\n    def net(self, x):\n"
        "        return self.op(x, 8, 3, scope=self.op.__name__ + '_1')\n",
        "OPS = [slim.conv2d]\n\n\ndef apply(op, x):\n    scope = op.__name__\n"
        "    with tf.variable_scope(scope):\n        return op(x, 8, 3)\n",
    ],
)
def test_what_may_be_a_layer_is_marked(code: str) -> None:
    assert "SLIM155" in codes(code)


def test_in_another_file() -> None:
    helper = "import tensorflow as tf\n\n\n" + APPLY
    net = "import helper\n" + HEAD + "y = helper.apply(slim.conv2d, tf.zeros([1, 4, 4, 3]))\n"
    result = rewrite_program({"helper.py": helper, "net.py": net})
    assert "# TODO(slimport): SLIM155" in (output(result, "helper.py") or "")


@pytest.mark.parametrize(
    "code",
    [
        APPLY + "y = apply(own, x)\n",
        APPLY + "with slim.arg_scope([slim.conv2d], stride=2):\n    y = apply(own, x)\n",
        APPLY + "OPS = [slim.max_pool2d, slim.batch_norm]\n",
        "OPS = [slim.conv2d]\nname = own.__name__\nown(x)\n",
        "OPS = [slim.conv2d]\n\n\ndef f(op, x):\n    print(op.__name__)\n    return op(x)\n",
        "OPS = [slim.conv2d]\n\n\nclass A:\n    def f(self):\n        self.__class__.__name__\n",
        "OPS = [slim.conv2d]\n\n\ndef f(kind, x):\n    assert x is kind, kind.__name__\n",
        "OPS = [slim.conv2d]\nif __name__ == '__main__':\n    own(x)\n",
    ],
)
def test_what_cannot_be_one_is_not(code: str) -> None:
    assert "SLIM155" not in codes(code)
