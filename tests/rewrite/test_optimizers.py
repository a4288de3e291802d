"""Optimizers, schedules and averages in programs that train with fit, and in all others."""

from __future__ import annotations

from textwrap import dedent

import pytest

from slimport.rewrite.plan import Plan
from tests.rewrite.tools import check_transformed, output, report, rewrite_program, transform

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program trains a Keras model with fit."""
    monkeypatch.setattr(Plan, "trains_with_fit", lambda plan, module: True)


def rewritten(expression: str, before: str = "", more: str = "") -> str:
    """What becomes of an expression of `rate`, `FLAGS` and the global step `step`."""
    start = "    step = slim.get_or_create_global_step()\n"
    lines = "".join(f"    {line}\n" for line in before.splitlines())
    source = f"{HEAD}def made(rate, FLAGS):\n{start}{lines}    return {expression}\n{more}"
    return transform(source).partition("    return ")[2].partition("\n")[0]


def left(expression: str, before: str = "", more: str = "") -> str:
    """Why an expression is left; it is not changed."""
    lines = "".join(f"    {line}\n" for line in before.splitlines())
    start = "    step = slim.get_or_create_global_step()\n"
    source = f"{HEAD}def made(rate, FLAGS):\n{start}{lines}    return {expression}\n{more}"
    result = rewrite_program({"net.py": source})
    found = report(result, "net.py")
    assert not found.error
    assert found.left, output(result, "net.py")
    return f"{found.left[0].code} {found.left[0].reason}"


OPTIMIZERS = {
    "GradientDescentOptimizer(rate)": "keras.optimizers.SGD(rate)",
    "GradientDescentOptimizer(1, True, 'GD')": "keras.optimizers.SGD(1.0, name='GD')",
    "MomentumOptimizer(0.1, 0.9)": "keras.optimizers.SGD(0.1, 0.9)",
    "MomentumOptimizer(0.1, momentum=0.9, use_nesterov=True)": (
        "keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)"
    ),
    "MomentumOptimizer(0.1, FLAGS.momentum)": "Momentum(0.1, FLAGS.momentum)",
    "MomentumOptimizer(0.1, 1)": "Momentum(0.1, 1)",
    "MomentumOptimizer(rate, 0.9, False, 'M', True)": (
        "Momentum(rate, 0.9, name='M', nesterov=True)"
    ),
    "AdamOptimizer()": "keras.optimizers.Adam(epsilon=1e-8)",
    "AdamOptimizer(rate, 0.5, 0.99, 0.1)": "keras.optimizers.Adam(rate, 0.5, 0.99, 0.1)",
    "AdamOptimizer(rate, beta1=0.5, use_locking=True)": (
        "keras.optimizers.Adam(rate, beta_1=0.5, epsilon=1e-8)"
    ),
    "AdamOptimizer(learning_rate=rate, name='a/b')": (
        "keras.optimizers.Adam(learning_rate=rate, epsilon=1e-8)"
    ),
    "AdamOptimizer(name=FLAGS.name)": "keras.optimizers.Adam(epsilon=1e-8)",
    "AdagradOptimizer(rate)": "keras.optimizers.Adagrad(rate, epsilon=0.0)",
    "AdagradOptimizer(rate, initial_accumulator_value=0.5)": (
        "keras.optimizers.Adagrad(rate, initial_accumulator_value=0.5, epsilon=0.0)"
    ),
    "AdadeltaOptimizer(rate, rho=0.9)": "keras.optimizers.Adadelta(rate, rho=0.9, epsilon=1e-8)",
    "RMSPropOptimizer(rate)": "RMSProp(rate)",
    "RMSPropOptimizer(rate, 0.8, 0.9, 1.0, True, True)": (
        "RMSProp(rate, 0.8, 0.9, 1.0, centered=True)"
    ),
    "RMSPropOptimizer(rate, decay=0.8, name=None)": "RMSProp(rate, rho=0.8)",
    "FtrlOptimizer(rate, -0.5, 0.2, beta=None)": "keras.optimizers.Ftrl(rate, -0.5, 0.2)",
    "FtrlOptimizer(rate, l2_shrinkage_regularization_strength=0.1)": (
        "keras.optimizers.Ftrl(rate, l2_shrinkage_regularization_strength=0.1)"
    ),
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("call", OPTIMIZERS)
def test_optimizers(call: str) -> None:
    assert rewritten(f"tf.train.{call}") == OPTIMIZERS[call]
    again = transform(f"{HEAD}def made(rate, FLAGS):\n    return tf.train.{call}\n")
    assert transform(again) == again


LEFT = {
    "AdamOptimizer(*FLAGS)": "cannot be seen",
    "AdamOptimizer(**FLAGS)": "cannot be seen",
    "AdamOptimizer(rate, epsilom=1.0)": "cannot be seen",
    "AdamOptimizer(tf.constant(0.1))": "is a tensor",
    "AdamOptimizer(0.1 * tf.cast(step, tf.float32))": "is a tensor",
    "FtrlOptimizer(rate, accum_name='a')": "names its slots",
    "AdagradDAOptimizer(rate, step)": "no optimizer like",
    "ProximalAdagradOptimizer(rate)": "no optimizer like",
    "ProximalGradientDescentOptimizer(rate)": "no optimizer like",
    "AdamOptimizer": "passed on as a value",
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("call", LEFT)
def test_optimizers_that_are_left(call: str) -> None:
    reason = left(f"tf.train.{call}")
    assert reason.startswith("SLIM280 ") and LEFT[call] in reason


LOOKED_UP = {
    "AdamOptimizer(rate)": "SparseAdam(rate, epsilon=1e-8)",
    "AdagradOptimizer(rate)": "SparseAdagrad(rate, epsilon=0.0)",
    "AdadeltaOptimizer(rate)": "SparseAdadelta(rate, epsilon=1e-8)",
    "FtrlOptimizer(rate)": "SparseFtrl(rate)",
    "MomentumOptimizer(0.1, 0.9)": "Momentum(0.1, 0.9)",
    "GradientDescentOptimizer(rate)": "keras.optimizers.SGD(rate)",
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("call", LOOKED_UP)
def test_sparse_gradients_have_their_own_optimizers(call: str) -> None:
    rows = "def rows(ids):\n    return tf.gather(tf.get_variable('table', [9, 4]), ids)\n"
    known = "def rows(ids):\n    return tf.nn.embedding_lookup(TABLE, ids)\n"
    bags = "def bags(ids):\n    return tf.contrib.layers.bow_encoder(ids, 9, 4)\n"
    for lookup in (rows, known, bags):
        assert rewritten(f"tf.train.{call}", more=lookup) == LOOKED_UP[call]


@pytest.mark.usefixtures("fit")
def test_what_is_looked_up_in_tensors_has_a_dense_gradient() -> None:
    boxes = "def boxes(all, ids):\n    return tf.gather(all, ids)\n"
    assert rewritten("tf.train.AdamOptimizer(rate)", more=boxes).startswith("keras.")


@pytest.mark.usefixtures("fit")
def test_another_file_of_the_program_may_look_up() -> None:
    files = {
        "net.py": f"{HEAD}def rows(table, ids):\n    return tf.nn.embedding_lookup(table, ids)\n",
        "train.py": f"{HEAD}import net\n\noptimizer = tf.train.AdamOptimizer(0.1)\n",
        "other.py": f"{HEAD}optimizer = tf.train.AdamOptimizer(0.1)\n",
    }
    result = rewrite_program(files)
    assert "SparseAdam(0.1, epsilon=1e-8)" in str(output(result, "train.py"))
    assert "keras.optimizers.Adam(0.1, epsilon=1e-8)" in str(output(result, "other.py"))


@pytest.mark.usefixtures("fit")
def test_the_layout_of_a_call_stays_and_the_report_names_the_plain_choice() -> None:
    before = """
    import tensorflow as tf


    def optimizer(rate):
        return tf.train.RMSPropOptimizer(
            rate,  # a schedule
            decay=0.9,
            use_locking=True,
            momentum=0.9,
            name='RMS')
    """
    after = """
    from scoped_layers import RMSProp


    def optimizer(rate):
        return RMSProp(
            rate,  # a schedule
            rho=0.9,
            momentum=0.9,
            name='RMS')
    """
    check_transformed(before, after)
    result = rewrite_program({"net.py": dedent(before)})
    (entry,) = report(result, "net.py").rewritten
    assert "keras.optimizers.RMSprop begins its mean squares at 0" in entry.note


SCHEDULES = {
    "exponential_decay(rate, step, 10, 0.9, True, 'decay')": (
        "keras.optimizers.schedules.ExponentialDecay(rate, 10, 0.9, True, name='decay')"
    ),
    "exponential_decay(0.1, global_step=step, decay_steps=10, decay_rate=0.9, staircase=True)": (
        "keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.9, "
        "staircase=True)"
    ),
    "exponential_decay(learning_rate=0.1, global_step=step, decay_steps=10, decay_rate=0.9)": (
        "keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.1, decay_steps=10, "
        "decay_rate=0.9)"
    ),
    "piecewise_constant(step, [10], [0.1, 0.01])": (
        "keras.optimizers.schedules.PiecewiseConstantDecay([10], [0.1, 0.01])"
    ),
    "piecewise_constant_decay(x=tf.cast(step, tf.int32), boundaries=[10], values=[0.1, 0.01])": (
        "keras.optimizers.schedules.PiecewiseConstantDecay(boundaries=[10], values=[0.1, 0.01])"
    ),
    "polynomial_decay(0.1, step, 100, 0.01, 2.0, cycle=True)": (
        "keras.optimizers.schedules.PolynomialDecay(0.1, 100, 0.01, 2.0, cycle=True)"
    ),
    "inverse_time_decay(0.1, step, 10, 0.5)": (
        "keras.optimizers.schedules.InverseTimeDecay(0.1, 10, 0.5)"
    ),
    "cosine_decay(0.1, step, FLAGS.steps, alpha=0.1)": (
        "keras.optimizers.schedules.CosineDecay(0.1, FLAGS.steps, alpha=0.1)"
    ),
    "cosine_decay_restarts(0.1, step, 10, t_mul=1.5)": (
        "keras.optimizers.schedules.CosineDecayRestarts(0.1, 10, t_mul=1.5)"
    ),
    "natural_exp_decay(0.1, step, 10, 0.5)": "NaturalExpDecay(0.1, 10, 0.5)",
    "linear_cosine_decay(0.1, step, 10, 1.5)": "LinearCosineDecay(0.1, 10, 1.5)",
    "noisy_linear_cosine_decay(0.1, step, 10, 2.0)": "NoisyLinearCosineDecay(0.1, 10, 2.0)",
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("call", SCHEDULES)
def test_schedules(call: str) -> None:
    assert rewritten(f"tf.train.{call}") == SCHEDULES[call]


COSINE = "keras.optimizers.schedules.CosineDecay(0.1, 10)"


@pytest.mark.usefixtures("fit")
def test_arithmetic_has_a_schedule_to_compute_with() -> None:
    decay = "tf.train.cosine_decay(0.1, step, 10)"
    computed = f"ComputedSchedule({COSINE})"
    assert rewritten(f"0.5 * {decay} + FLAGS.low") == f"0.5 * {computed} + FLAGS.low"
    assert rewritten(f"-{decay}") == f"-{computed}"
    later = f"{HEAD}def made():\n    step = tf.train.get_global_step()\n    lr = {decay}\n"
    assert f"lr = {computed}" in transform(f"{later}    return lr / 2\n")
    assert f"lr = {computed}" in transform(f"{later}    lr *= 0.5\n    return lr\n")
    assert f"lr = {COSINE}" in transform(f"{later}    print('%s' % lr)\n    return lr\n")
    shown = f"{later}    tf.summary.scalar('lr', lr)\n    return tf.train.AdamOptimizer(lr)\n"
    assert f"lr = {COSINE}" in transform(shown)


COMPUTED = {
    "tf.maximum({}, 1e-4)": "goes to a function",
    "tf.cond(FLAGS.warm, lambda: 0.1, lambda: {})": "goes to a function",
    "tf.maximum(0.5 * {}, 1e-4)": "goes to a function",
    "tf.train.exponential_decay({}, step, 10, 0.9)": "goes to a function",
    "{} < 0.1": "compared",
    "{} ** 2": "computed with",
    "{} * tf.minimum(1.0, tf.cast(step, tf.float32) / 100)": "with a tensor",
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("expression", COMPUTED)
def test_what_a_schedule_cannot_be_is_left(expression: str) -> None:
    reason = left(expression.format("tf.train.cosine_decay(0.1, step, 10)"))
    assert reason.startswith("SLIM281 ") and COMPUTED[expression] in reason
    named = left(expression.format("lr"), before="lr = tf.train.cosine_decay(0.1, step, 10)")
    assert COMPUTED[expression] in named


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize(
    "call",
    [
        "cosine_decay(0.1, FLAGS.step, 10)",
        "cosine_decay(0.1, step - 100, 10)",
        "cosine_decay(0.1, step * FLAGS.batch_size, 10)",
        "cosine_decay(0.1, rate, 10)",
        "cosine_decay(0.1, decay_steps=10)",
        "piecewise_constant(epoch, [1], [0.1, 0.01])",
        "cosine_decay(tf.placeholder(tf.float32), step, 10)",
        "cosine_decay(*FLAGS)",
        "cosine_decay",
    ],
)
def test_another_step_is_left(call: str) -> None:
    assert left(f"tf.train.{call}", before="epoch = step // 100").startswith("SLIM281 ")


STEPS = {
    "a parameter": ("tf.train.cosine_decay(0.1, n, 10)", "decay(slim.get_global_step())", True),
    "by keyword": ("tf.train.cosine_decay(0.1, n, 10)", "decay(n=made_step)", True),
    "in one call only": (
        "tf.train.cosine_decay(0.1, n, 10)",
        "decay(slim.get_global_step()), decay(FLAGS.step)",
        False,
    ),
    "never called": ("tf.train.cosine_decay(0.1, n, 10)", "None", False),
    "kept as a value": (
        "tf.train.cosine_decay(0.1, n, 10)",
        "decay(slim.get_global_step()), [decay]",
        False,
    ),
    "two meanings": ("tf.train.cosine_decay(0.1, twice, 10)", "decay(0)", False),
    "counted": ("tf.train.cosine_decay(0.1, counted, 10)", "decay(0)", True),
    "a variable that nothing counts": ("tf.train.cosine_decay(0.1, idle, 10)", "decay(0)", False),
    "counted from another number": ("tf.train.cosine_decay(0.1, late, 10)", "decay(0)", False),
}


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("name", STEPS)
def test_the_global_step_is_known_by_where_it_comes_from(name: str) -> None:
    schedule, calls, is_step = STEPS[name]
    source = f"""{HEAD}
counted = tf.Variable(0, trainable=False)
idle = tf.Variable(0, trainable=False)
late = tf.Variable(100, trainable=False)
made_step = tf.train.create_global_step()
twice = tf.train.get_global_step()
twice = FLAGS.step


def decay(n):
    return {schedule}


def train(loss, optimizer):
    optimizer.minimize(loss, global_step=late)
    return {calls}


optimizer = tf.train.AdamOptimizer()
train_op = optimizer.minimize(loss, global_step=counted)
"""
    found = transform(source)
    assert (COSINE in found) == is_step, found


@pytest.mark.usefixtures("fit")
def test_the_step_comes_from_another_file() -> None:
    files = {
        "rates.py": f"{HEAD}def rate(n):\n    return tf.train.cosine_decay(0.1, n, 10)\n",
        "train.py": f"{HEAD}import rates\n\nrate = rates.rate(slim.get_global_step())\n",
    }
    assert COSINE in str(output(rewrite_program(files), "rates.py"))


AVERAGES = {
    "MovingAverageOptimizer(rate)": "MovingAverageOptimizer(rate)",
    "MovingAverageOptimizer(opt=rate, average_decay=0.99)": (
        "MovingAverageOptimizer(optimizer=rate, average_decay=0.99)"
    ),
    "MovingAverageOptimizer(rate, 0.99, step)": (
        "MovingAverageOptimizer(rate, 0.99, num_updates=True)"
    ),
    "MovingAverageOptimizer(rate, num_updates=None, sequential_update=True)": (
        "MovingAverageOptimizer(rate)"
    ),
}


@pytest.mark.usefixtures("fit")
def test_averages() -> None:
    for call, expected in AVERAGES.items():
        assert rewritten(f"tf.contrib.opt.{call}") == expected
    for call, reason in {
        "tf.contrib.opt.MovingAverageOptimizer(rate, 0.9, FLAGS.step)": "another step",
        "tf.contrib.opt.MovingAverageOptimizer(rate, sequential_update=FLAGS.x)": "before or after",
        "tf.contrib.opt.MovingAverageOptimizer(*FLAGS)": "cannot be seen",
        "tf.train.ExponentialMovingAverage(0.9, step)": "operations of a graph",
    }.items():
        found = left(call)
        assert found.startswith("SLIM282 ") and reason in found


# Without fit ----------------------------------------------------------------------------------


def test_elsewhere_other_rules_act() -> None:
    source = f"""{HEAD}
def made(rate, step):
    decay = tf.train.exponential_decay(rate, step, 10, 0.9)
    average = tf.train.ExponentialMovingAverage(0.9, step)
    return tf.contrib.opt.MovingAverageOptimizer(tf.train.AdamOptimizer(decay)), average
"""
    result = rewrite_program({"net.py": source})
    text = str(output(result, "net.py"))
    assert "tf.compat.v1.train.exponential_decay(rate, step, 10, 0.9)" in text
    assert "tf.train.ExponentialMovingAverage(0.9, step)" in text
    assert "tf.compat.v1.train.AdamOptimizer(decay)" in text
    found = report(result, "net.py")
    assert {entry.code for entry in found.rewritten} == {"SLIM310"}
    assert [entry.code for entry in found.left] == ["SLIM499"]
