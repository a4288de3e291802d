"""No comment is lost: what stood beside code that goes stands above what takes its place."""

from __future__ import annotations

import pytest

from slimport.rewrite.comments import is_lint_comment
from tests.rewrite.tools import check_transformed

MOVES = {
    "beside an import that goes": (
        "import tf_slim as slim  # the layers\nimport os\n\nprint(os.name)\n",
        "# the layers\nimport os\n\nprint(os.name)\n",
    ),
    "inside of an import that goes": (
        "from tf_slim import (  # many\n    conv2d,  # first\n    # last\n    flatten,\n)\nx = 1\n",
        "# many\n# first\n# last\nx = 1\n",
    ),
    "inside of an import of which a part goes": (
        "def f(x):\n    from tf_slim import (\n"
        "        flatten,  # goes\n        tune,  # stays\n    )\n"
        "    # slimport: ignore[SLIM999]\n    tune(flatten(x))\n",
        "import keras\n\ndef f(x):\n    # goes\n    from tf_slim import (\n"
        "        tune,  # stays\n    )\n    # slimport: ignore[SLIM999]\n"
        "    tune(keras.layers.Flatten()(x))\n",
    ),
    "inside of a try that goes": (
        "try:\n    # newer\n    import tf_slim as slim  # here\nexcept ImportError:\n"
        "    # older\n    from tensorflow.contrib import slim\nx = 1\n",
        "# newer\n# here\n# older\nx = 1\n",
    ),
    "beside the last statement of a file": ("x = 1\nimport tf_slim  # end\n", "x = 1\n# end\n"),
    "beside the only statement of a block": (
        "if True:\n    import tf_slim  # here\n",
        "if True:\n    # here\n    pass\n",
    ),
    "for linters, which goes along": (
        "import tf_slim as slim  # noqa: F401  # pylint: disable=unused-import\nx = 1\n",
        "x = 1\n",
    ),
    "for linters and readers": (
        "import tf_slim as slim  # noqa: it registers ops\nx = 1\n",
        "# noqa: it registers ops\nx = 1\n",
    ),
    "between the arguments of an arg_scope that goes": (
        """
        import tensorflow as tf
        import tf_slim as slim


        def net(x):
            # Above.
            with slim.arg_scope(  # opened
                [slim.conv2d,  # ops
                 slim.fully_connected],
                # one of two
                activation_fn=tf.nn.tanh,  # not relu
            ):  # head
                # First.
                return slim.fully_connected(x, 8, scope='a')
        """,
        """
        import keras


        def net(x):
            # Above.
            # opened
            # ops
            # one of two
            # not relu
            # head
            # First.
            return keras.layers.Dense(8, activation="tanh", name="a")(x)
        """,
    ),
    "between the items of a with of which one stays": (
        """
        import tensorflow as tf
        import tf_slim as slim


        def net(x):
            with tf.variable_scope('v'), slim.arg_scope([slim.fully_connected],  # ops
                                                        # tanh
                                                        activation_fn=tf.nn.tanh):  # head
                return slim.fully_connected(x, 8, scope='a')
        """,
        """
        import keras


        def net(x):
            # ops
            # tanh
            with keras.name_scope('v'):  # head
                return keras.layers.Dense(8, activation="tanh", name="a")(x)
        """,
    ),
    "in the head of a compound statement": (
        """
        import tf_slim as slim


        def net(x):
            if slim.flatten(x, scope=  # no name
                            None):
                return x
        """,
        """
        import keras


        def net(x):
            # no name
            if keras.layers.Flatten()(x):
                return x
        """,
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVES.values(), ids=MOVES.keys())
def test_a_comment(before: str, after: str) -> None:
    check_transformed(before, after)


@pytest.mark.parametrize(
    "text",
    """
    # noqa
    # NOQA: F401, E402
    # pylint: disable=unused-import, line-too-long
    # type: ignore[import]
    # isort: skip
    # g-import-not-at-top
    # fmt: off  # nosec B101
    # pragma: no cover
    """.strip().splitlines(),
)
def test_for_linters(text: str) -> None:
    assert is_lint_comment(text)


@pytest.mark.parametrize(
    "text",
    """
    # training-time only
    # noqa because it registers
    # type: list of floats
    # pylint is wrong here
    # see g-drive for weights
    # skip
    """.strip().splitlines(),
)
def test_for_readers(text: str) -> None:
    assert not is_lint_comment(text)
