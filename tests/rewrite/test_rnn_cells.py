"""Recurrent cells and loops by whatever path, and cells of one's own."""

from __future__ import annotations

import pytest

from slimport.index.canonical import canonical
from tests.rewrite.tools import (
    check_left,
    check_noop,
    check_transformed,
    output,
    rewrite_program,
    transform,
)

WAYS = {
    "nn": ("import tensorflow as tf", "tf.nn.rnn_cell.GRUCell"),
    "contrib": ("import tensorflow as tf", "tf.contrib.rnn.GRUCell"),
    "alias": ("import tensorflow as tf\n\nrnn = tf.contrib.rnn", "rnn.GRUCell"),
    "module": ("from tensorflow.contrib import rnn", "rnn.GRUCell"),
    "class": ("from tensorflow.contrib.rnn import GRUCell", "GRUCell"),
    "class under a name": ("from tensorflow.nn.rnn_cell import GRUCell as Cell", "Cell"),
    "deep": ("from tensorflow.contrib.rnn.python.ops import core_rnn_cell as c", "c.GRUCell"),
    "deep class": (
        "from tensorflow.contrib.rnn.python.ops.core_rnn_cell import GRUCell",
        "GRUCell",
    ),
    "inner": ("from tensorflow.python.ops import rnn_cell", "rnn_cell.GRUCell"),
    "inner class": ("from tensorflow.python.ops.rnn_cell_impl import GRUCell", "GRUCell"),
    "compat beside slim": (
        "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n\nnorm = slim.batch_norm",
        "tf.nn.rnn_cell.GRUCell",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way(way: str) -> None:
    imports, name = WAYS[way]
    done = transform(f"{imports}\n\n\ndef cell():\n    return {name}(4)\n")
    assert "from scoped_layers import" in done
    assert "return GRUCell(4)" in done or "return scoped_GRUCell(4)" in done
    assert "contrib" not in done and "rnn_cell" not in done
    check_noop(done)


NAMES = {
    "tensorflow.contrib.rnn.python.ops.core_rnn_cell._linear": (
        "tf.contrib.rnn.python.ops.core_rnn_cell._linear"
    ),
    "tensorflow.contrib.rnn.python.ops.rnn_cell.NASCell": "tf.contrib.rnn.NASCell",
    "tensorflow.python.ops.rnn.dynamic_rnn": "tf.nn.dynamic_rnn",
    "tensorflow.keras.layers.GRUCell": "tf.keras.layers.GRUCell",
}


@pytest.mark.parametrize(("dotted", "name"), NAMES.items())
def test_names(dotted: str, name: str) -> None:
    assert canonical(dotted) == name


def test_loops() -> None:
    check_transformed(
        """
        import tensorflow as tf


        def net(x, cell, lengths):
            with tf.variable_scope('a') as scope:
                first, _ = tf.nn.dynamic_rnn(cell, x, lengths, scope=scope)
            steps = tf.unstack(first, axis=1)
            second, _ = tf.contrib.rnn.static_rnn(cell, steps, dtype=tf.float32)
            return tf.nn.raw_rnn(cell, loop(second))
        """,
        """
        import tensorflow as tf

        from scoped_layers import dynamic_rnn, raw_rnn, static_rnn, variable_scope


        def net(x, cell, lengths):
            with variable_scope('a') as scope:
                first, _ = dynamic_rnn(cell, x, lengths, scope=scope)
            steps = tf.unstack(first, axis=1)
            second, _ = static_rnn(cell, steps, dtype=tf.float32)
            return raw_rnn(cell, loop(second))
        """,
    )


CELL = """
import tensorflow as tf


class Cell(tf.contrib.rnn.RNNCell):
    def __call__(self, x, state, scope=None):
        return project(x), state
"""

DERIVED = """
import tensorflow as tf
from cell import Cell


class Gated(Cell):
    def call(self, x, state):
        return x * tf.get_variable('gate', [3]), state

    def other(self, x):
        return tf.get_variable('other', [3])
"""


def test_scopes_of_cells_of_ones_own_move() -> None:
    """No code in the tree calls these methods: TensorFlow's loops do."""
    sources = {"cell.py": CELL, "derived.py": DERIVED}
    sources["cell.py"] += "\n\ndef project(x):\n    return x * tf.get_variable('w', [3])\n"
    result = rewrite_program(sources)
    cell, derived = output(result, "cell.py"), output(result, "derived.py")
    assert cell is not None and derived is not None
    assert "class Cell(RNNCell):" in cell
    assert "return x * get_variable('w', [3])" in cell
    assert "return x * get_variable('gate', [3]), state" in derived
    assert "tf.compat.v1.get_variable('other', [3])" in derived


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("tf.nn.rnn_cell.DropoutWrapper(cell, 0.5, variational_recurrent=True)", "SLIM170"),
        ("tf.contrib.rnn.LSTMCell(4, num_unit_shards=2)", "SLIM170"),
        ("tf.nn.rnn_cell.EmbeddingWrapper(cell, 3)", "SLIM170"),
        ("tf.contrib.rnn.NASCell(4)", "SLIM499"),
    ],
)
def test_what_is_left(call: str, code: str) -> None:
    source = f"""
        import tensorflow as tf


        def net(cell):
            return {call}
        """
    check_left(source, 6, code)


def test_arguments_that_say_the_default() -> None:
    call = "tf.nn.rnn_cell.DropoutWrapper(cell, 0.5, variational_recurrent=False)"
    done = transform(f"import tensorflow as tf\n\n\ndef net(cell):\n    return {call}\n")
    assert "return DropoutWrapper(cell, 0.5, variational_recurrent=False)" in done


def test_a_tree_of_compat_v1_alone_stays() -> None:
    check_noop(
        """
        import tensorflow.compat.v1 as tf


        def net(x):
            return tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32)
        """
    )


def test_a_loop_by_the_name_that_tensorflow_2_has() -> None:
    source = """
        import tensorflow as tf


        def net(x, cell):
            return {log}(x), tf.compat.v1.nn.dynamic_rnn(cell, x)
        """
    check_transformed(source.format(log="tf.log"), source.format(log="tf.math.log"))


def test_what_is_left_in_a_session_script_moves_nothing_in_a_second_run() -> None:
    source = """
        import tensorflow as tf


        def cell(block):
            if block:
                return tf.contrib.rnn.LSTMBlockCell(4)
            return tf.contrib.rnn.BasicLSTMCell(4)


        def train(x):
            with tf.variable_scope('a'):
                w = tf.get_variable('w', [3])
                y = tf.nn.dynamic_rnn(cell(False), x * w, dtype=tf.float32)
            with tf.Session() as session:
                return session.run(y)


        if __name__ == '__main__':
            train(tf.zeros([1, 2, 3]))
        """
    done = transform(source)
    assert "TODO(slimport): SLIM499 tf.contrib.rnn.LSTMBlockCell" in done
    assert "return BasicLSTMCell(4)" in done
    check_noop(done)
