"""Recurrent cells against TensorFlow 1's, in TF 1 graphs and in traced models.

Each case is one function of a namespace that has `tf.nn.rnn_cell`'s classes, the loops that run
them and TF 1's scopes. Weights are random and moved by name.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from old_side import placeholder_for, random_value, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

STEPS = np.random.default_rng(1).normal(size=(3, 5, 4)).astype("float32")
LENGTHS = [5, 2, 4]

CELLS = "BasicRNNCell GRUCell BasicLSTMCell LSTMCell LSTMStateTuple MultiRNNCell RNNCell".split()
WRAPPERS = "DropoutWrapper ResidualWrapper DeviceWrapper".split()
LOOPS = "dynamic_rnn bidirectional_dynamic_rnn static_rnn static_bidirectional_rnn raw_rnn".split()
SCOPES = ("variable_scope", "AUTO_REUSE", "get_variable", "get_variable_scope")


@pytest.fixture(scope="module")
def old() -> Any:
    """TensorFlow 1's cells, as tf_keras keeps them, and TensorFlow's loops and scopes."""
    home = "tf_keras.src.layers.rnn.legacy_cell"
    cells, wrappers = (importlib.import_module(home + end) for end in ("s", "_wrappers"))
    return SimpleNamespace(
        **{name: getattr(cells, name) for name in CELLS},
        **{name: getattr(wrappers, name) for name in WRAPPERS},
        **{name: getattr(v1.nn, name) for name in LOOPS},
        **{name: getattr(v1, name) for name in SCOPES},
    )


@pytest.fixture(scope="module")
def tensorflows_loops(new: Any) -> Any:
    """The written module's cells in TensorFlow's own loops."""
    names = {name: getattr(new, name) for name in (*CELLS, *WRAPPERS, *SCOPES)}
    return SimpleNamespace(**names, **{name: getattr(v1.nn, name) for name in LOOPS})


def dynamic(s: Any, x: Any, cell: Any, **settings: Any) -> Any:
    return s.dynamic_rnn(cell, x, dtype=tf.float32, **settings)


def stacked(s: Any, x: Any) -> Any:
    cells = [s.LSTMCell(3, num_proj=2), s.GRUCell(4), s.BasicRNNCell(3)]
    return dynamic(s, x, s.MultiRNNCell(cells), sequence_length=LENGTHS)


def stacked_side_by_side(s: Any, x: Any) -> Any:
    cells = [s.GRUCell(4), s.BasicLSTMCell(3, state_is_tuple=False)]
    cell = s.MultiRNNCell(cells, state_is_tuple=False)
    return dynamic(s, x, cell, initial_state=cell.zero_state(tf.shape(x)[0], tf.float32))


def one_cell_twice(s: Any, x: Any) -> Any:
    cell = s.BasicLSTMCell(4)
    return dynamic(s, x, s.MultiRNNCell([cell] * 2))


def both_ways(s: Any, x: Any) -> Any:
    cells = [s.LSTMCell(3, use_peepholes=True), s.GRUCell(2)]
    return s.bidirectional_dynamic_rnn(*cells, x, LENGTHS, dtype=tf.float32)


def static(s: Any, x: Any) -> Any:
    cell = s.ResidualWrapper(s.BasicLSTMCell(4, forget_bias=0.5, activation=tf.nn.relu))
    return s.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=LENGTHS)


def static_both_ways(s: Any, x: Any) -> Any:
    cells = [s.GRUCell(3), s.DeviceWrapper(s.BasicLSTMCell(2), "/cpu:0")]
    return s.static_bidirectional_rnn(*cells, tf.unstack(x, axis=1), None, None, tf.float32)


def by_hand(s: Any, x: Any) -> Any:
    """The loop of many language models."""
    cell = s.MultiRNNCell([s.BasicLSTMCell(4, name="lstm"), s.BasicLSTMCell(3)])
    state = cell.zero_state(3, tf.float32)
    with s.variable_scope("RNN", initializer=tf.constant_initializer(0.1)):
        for step in range(3):
            if step:
                s.get_variable_scope().reuse_variables()
            output, state = cell(x[:, step], state)
    return output, state


def shared(s: Any, x: Any) -> Any:
    """Scopes around loops: numbered cells, scopes that are opened again, given scopes."""
    with s.variable_scope("encoder") as scope:
        cell = s.GRUCell(3)
        first, state = dynamic(s, x, cell)
        second, _ = dynamic(s, 2 * x, cell)
        extra = s.GRUCell(2)(x[:, 0], tf.zeros([3, 2]))
        extras = s.GRUCell(2)(x[:, 0], tf.zeros([3, 2]))
    with s.variable_scope(scope, reuse=True):
        third, _ = dynamic(s, x, s.GRUCell(3), initial_state=state)
    fourth, _ = dynamic(s, x, s.GRUCell(3, name="gru"), scope="decoder")
    with s.variable_scope("decoder/gru", reuse=True):
        kernel = s.get_variable("gates/kernel", [7, 6])
    fifth, _ = dynamic(s, x, s.GRUCell(3, reuse=s.AUTO_REUSE, name="gru"), scope="decoder")
    return first, second, third, fourth, fifth, extra, extras, kernel


def own_cell(s: Any, x: Any) -> Any:
    """Cells of one's own: one that has `call`, one that has `__call__`, one that has `build`."""

    class SumCell(s.RNNCell):  # type: ignore[misc, name-defined]
        state_size = output_size = 4

        def call(self, inputs: Any, state: Any) -> Any:
            scale = s.get_variable("scale", [4])
            return scale * inputs + state, state + inputs

    class OldCell(SumCell):
        def __init__(self) -> None:
            pass

        def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
            with s.variable_scope(scope or type(self).__name__):
                shift = s.get_variable("shift", [4])
                return shift + inputs, tf.tanh(state + shift)

    class BuiltCell(SumCell):
        def build(self, inputs_shape: Any) -> None:
            size = int(inputs_shape[-1])
            self.kernel = self.add_variable("kernel", [size, 4], initializer=None)
            self.built = True

        def call(self, inputs: Any, state: Any) -> Any:
            return tf.matmul(inputs, self.kernel) + state, state

    with s.variable_scope("a"):
        first = dynamic(s, x, SumCell())
    with s.variable_scope("b"):
        second = s.static_rnn(OldCell(), tf.unstack(x, axis=1), dtype=tf.float32)
    with s.variable_scope("c"):
        third = dynamic(s, x, s.MultiRNNCell([BuiltCell(name="mine"), SumCell()]))
    return first, second, third


def raw(s: Any, x: Any) -> Any:
    cell = s.LSTMCell(3)
    steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))

    def loop_fn(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
        state = cell.zero_state(3, tf.float32) if output is None else state
        finished = time >= tf.constant(LENGTHS)
        done = tf.reduce_all(finished)
        inputs = tf.cond(done, lambda: tf.zeros([3, 4]), lambda: steps.read(time))
        return finished, inputs, state, output, None

    outputs, state, _ = s.raw_rnn(cell, loop_fn)
    return outputs.stack(), state


CASES = {
    "basic_rnn": lambda s, x: dynamic(s, x, s.BasicRNNCell(3)),
    "basic_rnn_relu": lambda s, x: dynamic(s, x, s.BasicRNNCell(3, "relu", name="cell")),
    "gru": lambda s, x: dynamic(s, x, s.GRUCell(3), sequence_length=LENGTHS),
    "gru_initializers": lambda s, x: dynamic(
        s, x, s.GRUCell(3, None, None, tf.zeros_initializer(), tf.ones_initializer())
    ),
    "basic_lstm": lambda s, x: dynamic(s, x, s.BasicLSTMCell(3)),
    "basic_lstm_side_by_side": lambda s, x: dynamic(
        s, x, s.BasicLSTMCell(3, 0.7, False, tf.nn.softsign), sequence_length=LENGTHS
    ),
    "basic_lstm_time_major": lambda s, x: s.dynamic_rnn(
        s.BasicLSTMCell(3), x, None, None, tf.float32, None, False, True, "other"
    ),
    "lstm": lambda s, x: dynamic(s, x, s.LSTMCell(3, initializer=tf.zeros_initializer())),
    "lstm_peepholes": lambda s, x: dynamic(s, x, s.LSTMCell(3, True, 0.3, forget_bias=0.1)),
    "lstm_projected": lambda s, x: dynamic(
        s, x, s.LSTMCell(5, True, num_proj=2, proj_clip=0.1, state_is_tuple=False)
    ),
    "lstm_clipped": lambda s, x: dynamic(
        s, x, s.LSTMCell(5, cell_clip=0.1, num_proj=3, activation="sigmoid")
    ),
    "stacked": stacked,
    "stacked_side_by_side": stacked_side_by_side,
    "one_cell_twice": one_cell_twice,
    "both_ways": both_ways,
    "static": static,
    "static_both_ways": static_both_ways,
    "by_hand": by_hand,
    "shared": shared,
    "own_cell": own_cell,
    "raw": raw,
    "residual_fn": lambda s, x: dynamic(
        s, x, s.ResidualWrapper(s.GRUCell(3), lambda i, o: o * tf.reduce_sum(i, 1, keepdims=True))
    ),
    "no_dropout": lambda s, x: dynamic(s, x, s.DropoutWrapper(s.GRUCell(3), 1.0, 1.0)),
    "not_trainable": lambda s, x: dynamic(s, x, s.GRUCell(3, trainable=False)),
}


def in_graph(s: Any, build: Any) -> dict[str, Any]:
    with tf.Graph().as_default(), v1.Session() as session:
        placeholder = placeholder_for(STEPS)
        placeholder.set_shape(STEPS.shape)
        outputs = build(s, placeholder)
        loss = sum(tf.reduce_sum(tf.square(output)) for output in tf.nest.flatten(outputs))
        trained = v1.trainable_variables()
        gradients = v1.gradients(loss, trained)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        start = {name: session.run(v) for name, v in variables.items()}
        for name, variable in variables.items():
            variable.load(random_value(name, tuple(variable.shape)), session)
        values, slopes = session.run([outputs, gradients], {placeholder: STEPS})
        return {
            "outputs": values,
            "variables": {name: tuple(v.shape) for name, v in variables.items()},
            "constant": {name: v for name, v in start.items() if len(np.unique(v)) == 1},
            "gradients": dict(zip([v.op.name for v in trained], slopes, strict=True)),
            "model": len(v1.get_collection("model_variables")),
        }


def assert_close(found: Any, expected: Any) -> None:
    tf.nest.assert_same_structure(found, expected, check_types=False)
    for value, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        value, other = np.asarray(value), np.asarray(other)
        assert value.shape == other.shape and value.dtype == other.dtype
        assert np.abs(value - other).max() <= 1e-5 * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("control_flow", ["v1", "v2"])
def test_in_a_tf_1_graph(control_flow: str, name: str, old: Any, new: Any) -> None:
    switch = {"v1": v1.disable_control_flow_v2, "v2": v1.enable_control_flow_v2}
    switch[control_flow]()
    try:
        expected, found = in_graph(old, CASES[name]), in_graph(new, CASES[name])
    finally:
        v1.enable_control_flow_v2()
    for key in ("outputs", "gradients", "constant"):
        assert_close(found[key], expected[key])
    assert list(found["variables"].items()) == list(expected["variables"].items())
    assert found["model"] == expected["model"] == 0


@pytest.mark.parametrize("loops", ["written", "tensorflow"])
@pytest.mark.parametrize("name", CASES)
def test_in_a_traced_model(
    name: str, loops: str, old: Any, new: Any, tensorflows_loops: Any
) -> None:
    if loops == "tensorflow" and name == "own_cell":
        pytest.skip("cells of one's own need the written loops to open their scopes")
    expected = in_graph(old, CASES[name])
    s = new if loops == "written" else tensorflows_loops
    model = new.TracedModel(lambda x: CASES[name](s, x))
    model(STEPS)
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected["variables"]
    assert {k for k, v in variables.items() if v.trainable} == set(expected["gradients"])
    for path, value in expected["constant"].items():
        assert np.array_equal(variables[path].numpy(), value), path
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))
    assert_close(model(STEPS), expected["outputs"])
    with tf.GradientTape() as tape:
        outputs = model(STEPS)
        loss = sum(tf.reduce_sum(tf.square(output)) for output in tf.nest.flatten(outputs))
    paths = list(expected["gradients"])
    slopes = tape.gradient(loss, [variables[path].value for path in paths])
    assert_close(dict(zip(paths, slopes, strict=True)), expected["gradients"])


def test_a_cell_made_outside_of_the_model(old: Any, new: Any) -> None:
    """It finds its variables again in each trace, and has others in each model."""
    cell = new.MultiRNNCell([new.GRUCell(3), new.BasicLSTMCell(2)])

    def net(x: Any) -> Any:
        return new.dynamic_rnn(cell, x, dtype=tf.float32)[0]

    first, second = new.TracedModel(net), new.TracedModel(net)
    for model in (first, second, first):
        assert model(STEPS).shape == (3, 5, 2)
        assert model(STEPS[:2, :3]).shape == (2, 3, 2)
    assert list(new.legacy_variables(first)) == list(new.legacy_variables(second))
    assert not {id(v) for v in first.weights} & {id(v) for v in second.weights}


def test_a_traced_model_trains(new: Any) -> None:
    def net(x: Any) -> Any:
        return new.tf_dense(new.dynamic_rnn(new.BasicLSTMCell(8), x, dtype=tf.float32)[0], 1)

    model = new.TracedModel(net)
    model.compile(keras.optimizers.Adam(0.05), "mse")
    targets = STEPS.sum(-1, keepdims=True)
    losses = model.fit(STEPS, targets, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert set(new.legacy_variables(model)) == {
        "rnn/basic_lstm_cell/kernel",
        "rnn/basic_lstm_cell/bias",
        "dense/kernel",
        "dense/bias",
    }


def masks(s: Any) -> Any:
    """Dropout of everything with a seed: values and places depend on the seeds of each mask."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        cells = [s.LSTMCell(6, initializer=tf.ones_initializer()), s.GRUCell(5)]
        cell = s.DropoutWrapper(s.MultiRNNCell(cells), 0.6, 0.5, 0.7, seed=5)
        inputs = tf.ones([3, 4])
        output, state = cell(inputs, cell.zero_state(3, tf.float32))
        session.run(v1.global_variables_initializer())
        for v in v1.global_variables():
            v.load(0.1 * np.ones(v.shape, "float32"), session)
        return session.run((output, state))


def test_dropout_masks_of_a_seed(old: Any, new: Any) -> None:
    expected, found = masks(old), masks(new)
    assert_close(found, expected)
    (c, h), state = found[1]
    assert (c != 0).all() and (h == 0).any() and (state == 0).any() and (found[0] == 0).any()


def test_dropout_by_a_placeholder(new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        keep = v1.placeholder("float32", [])
        cell = new.DropoutWrapper(new.BasicRNNCell(50, lambda x: x + 1.0), output_keep_prob=keep)
        output, _ = cell(tf.zeros([3, 4]), cell.zero_state(3, tf.float32))
        session.run(v1.global_variables_initializer())
        assert np.array_equal(session.run(output, {keep: 1.0}), np.ones((3, 50)))
        assert set(np.unique(session.run(output, {keep: 0.5}))) == {0.0, 2.0}


def test_states(old: Any, new: Any) -> None:
    def states(s: Any) -> Any:
        cells = [s.LSTMCell(3, num_proj=2), s.GRUCell(4), s.LSTMCell(3, state_is_tuple=False)]
        cell = s.DeviceWrapper(s.DropoutWrapper(s.MultiRNNCell(cells)), "/cpu:0")
        with tf.Graph().as_default():
            zeros = cell.zero_state(2, tf.float64)
            given = cell.get_initial_state(inputs=tf.zeros([7, 1]))
        described = [[tuple(t.shape), t.dtype] for t in tf.nest.flatten([zeros, given])]
        return described, tf.nest.flatten(cell.state_size), cell.output_size

    assert states(new) == states(old)
    state = new.LSTMStateTuple(tf.zeros([1]), tf.ones([1]))
    assert state.dtype == tf.float32 and state._fields == ("c", "h")
    with pytest.raises(TypeError, match="Inconsistent"):
        _ = new.LSTMStateTuple(tf.zeros([1]), tf.zeros([1], "float64")).dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda s: s.DropoutWrapper(s.GRUCell(3), 1.5),
        lambda s: s.DropoutWrapper(s.GRUCell(3), variational_recurrent=True),
        lambda s: s.DropoutWrapper(s.GRUCell(3), dropout_state_filter_visitor=lambda s: True),
        lambda s: s.LSTMCell(3, num_unit_shards=2),
        lambda s: s.MultiRNNCell([]),
        lambda s: s.MultiRNNCell([s.LSTMCell(3)], state_is_tuple=False),
    ],
)
def test_what_is_refused(make: Any, new: Any) -> None:
    with pytest.raises(ValueError, match=r"must be in|support|Must specify|tuples"):
        make(new)


def test_variables_met_twice_without_reuse(new: Any) -> None:
    def net(x: Any) -> Any:
        first, _ = new.dynamic_rnn(new.GRUCell(3), x, dtype=tf.float32)
        return new.dynamic_rnn(new.GRUCell(3), x, dtype=tf.float32)[0] + first

    with pytest.raises(ValueError, match="rnn/gru_cell/gates/kernel already exists"):
        new.TracedModel(net)(STEPS)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="already exists"):
        net(tf.constant(STEPS))


def test_a_functional_model_refuses(new: Any) -> None:
    with pytest.raises(ValueError, match="KerasTensor"):
        new.functional_model(
            lambda x: new.dynamic_rnn(new.GRUCell(3), x, dtype=tf.float32)[0], keras.Input((5, 4))
        )
