"""tf.nn.rnn_cell and tf.contrib.rnn: recurrent cells, and the loops that run them."""

from slimport.index.program import Reference
from slimport.index.tf_layers import CELLS, LOOPS
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal

# Arguments that the written module refuses.
_REFUSED = (
    "dropout_state_filter_visitor num_proj_shards num_unit_shards variational_recurrent".split()
)


class _RnnRule(Rule):
    """The written module's class or function with the same parameters."""

    def call(self, site: CallSite) -> Outcome:
        outcome = self._new_name(site)
        if isinstance(outcome, Leave | Keep):
            return outcome
        for argument in site.node.args:
            name = argument.keyword.value if argument.keyword else ""
            if name in _REFUSED and literal(argument.value) not in (None, False):
                return Leave(f"{site.api} with {name} has no equivalent", "do without it")
        return site.node.with_changes(func=site.node.func if site.aliased else outcome)

    def value(self, site: ValueSite) -> Outcome:
        return self._new_name(site)

    def _new_name(self, site: CallSite | ValueSite) -> Outcome:
        if site.api in CELLS | LOOPS and site.function.makes_tf_layers:
            return site.file.written(site.short)
        if site.api in LOOPS:  # in a tree of tensorflow.compat.v1 alone
            return site.file.tf1(site)
        if site.api in CELLS or not site.file.is_tf1():
            return Keep()
        return Leave(f"{site.api} is gone", "derive the cell from the written RNNCell")

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        return None if name.endswith("LSTMStateTuple") else f"{name} runs TensorFlow code"


RNN_CELLS = _RnnRule(
    code="SLIM170",
    name="rnn_cells",
    summary="tf.nn.rnn_cell.LSTMCell, tf.nn.dynamic_rnn ... -> the written module's",
    apis=(*sorted(CELLS | LOOPS), "tf.nn.rnn_cell.*"),
    details=(
        "Beside Keras 3, tf.compat.v1.nn.rnn_cell raises. The written cells have its gate order "
        "and names of variables (rnn/basic_lstm_cell/kernel). The loops are TensorFlow's own; "
        "around them, cells find the scopes that the written module keeps in a traced model. "
        "Cells of one's own may derive from RNNCell. Others of tf.contrib.rnn are marked (SLIM499)."
    ),
    numbers="Gates have TensorFlow 1's order and its forget bias of 1.0.",
    refuses=(
        Refusal(
            "… is gone",
            "A class of cells that Keras 3 took away and the written module does not have.",
            "derive the cell from the written RNNCell",
        ),
        Refusal(
            "… with … has no equivalent",
            "The written cells do not compute what that argument asks for.",
            "do without it",
        ),
    ),
    examples=(
        Example(
            title="a bidirectional encoder beside slim's layers",
            before="""
import tensorflow as tf
from tensorflow.contrib import rnn
import tf_slim as slim


def cell(units):
    lstm = rnn.BasicLSTMCell(units, forget_bias=0.5)
    return rnn.DropoutWrapper(lstm, output_keep_prob=1.0)


def net(steps):
    steps = slim.fully_connected(steps, 4, scope='embed')
    with tf.variable_scope('encoder'):
        (forward, backward), _ = tf.nn.bidirectional_dynamic_rnn(
            cell(3), tf.nn.rnn_cell.GRUCell(2), steps, dtype=tf.float32)
    return tf.concat([forward, backward], 2)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    BasicLSTMCell,
    DropoutWrapper,
    GRUCell,
    bidirectional_dynamic_rnn,
    fully_connected,
    variable_scope,
)


def cell(units):
    lstm = BasicLSTMCell(units, forget_bias=0.5)
    return DropoutWrapper(lstm, output_keep_prob=1.0)


def net(steps):
    steps = fully_connected(steps, 4, name='embed')
    with variable_scope('encoder'):
        (forward, backward), _ = bidirectional_dynamic_rnn(
            cell(3), GRUCell(2), steps, dtype=tf.float32)
    return tf.concat([forward, backward], 2)
""",
            inputs=((2, 5, 3),),
        ),
        Example(
            title="stacked cells, step by step",
            before="""
import tensorflow as tf
from tensorflow.contrib.rnn import LSTMStateTuple, MultiRNNCell, static_rnn
from tensorflow.python.ops import rnn_cell


def net(steps):
    stacked = MultiRNNCell([
        rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=3), tf.contrib.rnn.BasicRNNCell(2)])
    outputs, (lstm, last) = static_rnn(stacked, tf.unstack(steps, axis=1), dtype=tf.float32)
    assert isinstance(lstm, LSTMStateTuple)
    return tf.stack(outputs, 1), lstm.c, last
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    BasicRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    static_rnn,
)


def net(steps):
    stacked = MultiRNNCell([
        LSTMCell(4, use_peepholes=True, num_proj=3), BasicRNNCell(2)])
    outputs, (lstm, last) = static_rnn(stacked, tf.unstack(steps, axis=1), dtype=tf.float32)
    assert isinstance(lstm, LSTMStateTuple)
    return tf.stack(outputs, 1), lstm.c, last
""",
            inputs=((2, 5, 3),),
        ),
        Example(
            title="a cell of one's own",
            before="""
import tensorflow as tf


class Scaled(tf.nn.rnn_cell.RNNCell):
    @property
    def state_size(self):
        return 3

    @property
    def output_size(self):
        return 3

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or type(self).__name__):
            scale = tf.get_variable('scale', [3])
        return inputs * scale, state + inputs


def net(steps):
    return tf.nn.dynamic_rnn(Scaled(), steps, dtype=tf.float32)[0]
""",
            after="""
import tensorflow as tf

from scoped_layers import RNNCell, dynamic_rnn, get_variable, variable_scope


class Scaled(RNNCell):
    @property
    def state_size(self):
        return 3

    @property
    def output_size(self):
        return 3

    def __call__(self, inputs, state, scope=None):
        with variable_scope(scope or type(self).__name__):
            scale = get_variable('scale', [3])
        return inputs * scale, state + inputs


def net(steps):
    return dynamic_rnn(Scaled(), steps, dtype=tf.float32)[0]
""",
            inputs=((2, 5, 3),),
        ),
        Example(
            title="what is left",
            before="""
import tensorflow as tf


def cells():
    dropped = tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.GRUCell(3), 0.5, variational_recurrent=True, dtype=tf.float32)
    return [dropped, tf.contrib.rnn.LayerNormBasicLSTMCell(4)]
""",
            after="""
import tensorflow as tf

from scoped_layers import GRUCell


def cells():
    # TODO(slimport): SLIM170 tf.nn.rnn_cell.DropoutWrapper with variational_recurrent has no
    #   equivalent; do without it
    dropped = tf.nn.rnn_cell.DropoutWrapper(
        GRUCell(3), 0.5, variational_recurrent=True, dtype=tf.float32)
    # TODO(slimport): SLIM499 tf.contrib.rnn.LayerNormBasicLSTMCell: Keras has cells of its own;
    #   use keras.layers.RNN
    return [dropped, tf.contrib.rnn.LayerNormBasicLSTMCell(4)]
""",
        ),
    ),
)
