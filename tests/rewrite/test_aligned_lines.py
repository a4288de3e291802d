"""Further lines of a call stay under the bracket that they stood under."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_transformed

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\ndef net(a, b):\n"
AFTER = "import keras\n\n\ndef net(a, b):\n"
CALLS = {
    "its own": (
        """
    a = tf.concat([a, b],
                  axis=1)
""",
        """
    a = keras.ops.concatenate([a, b],
                              axis=1)
""",
    ),
    "one that opens behind it": (
        """
    a = tf.stack([a / 2.0,
                  tf.expand_dims(b, 1)], axis=1)
""",
        """
    a = keras.ops.stack([a / 2.0,
                         keras.ops.expand_dims(b, 1)], axis=1)
""",
    ),
    "one of an argument that moves to the front": (
        """
    a = tf.concat(axis=1, values=[a,
                                  b])
""",
        """
    a = keras.ops.concatenate([a,
                               b], axis=1)
""",
    ),
    "calls in calls": (
        """
    a = tf.concat([a,
                   tf.concat([a,  # (
                              b], 1)], 1)
""",
        """
    a = keras.ops.concatenate([a,
                               keras.ops.concatenate([a,  # (
                                                      b], 1)], 1)
""",
    ),
    "none": (
        """
    a = tf.concat([a,
        b], 1)
""",
        """
    a = keras.ops.concatenate([a,
        b], 1)
""",
    ),
}


@pytest.mark.parametrize("before,after", CALLS.values(), ids=CALLS)
def test_lines_move_with_their_bracket(before: str, after: str) -> None:
    end = "    return slim.flatten(a)\n"
    new = "    return keras.layers.Flatten()(a)\n"
    check_transformed(HEAD + before[1:] + end, AFTER + after[1:] + new)
