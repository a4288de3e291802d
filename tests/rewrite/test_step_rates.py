"""Learning rates that are computed of the global step: a StepSchedule, or the loop stays."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\nFLAGS = tf.app.flags.FLAGS\n\n\n"
PROGRAM = """{functions}def train(images, labels, folder, other_rate=0.1):
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        logits = slim.fully_connected(images, 10, activation_fn=None)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        {rate}
        {optimizer}
        train_op = slim.learning.create_train_op(loss, optimizer, global_step=step)
        slim.learning.train(train_op, folder, number_of_steps=10000)
"""
ADAM = "optimizer = tf.train.AdamOptimizer(rate)"


def program(rate: str, optimizer: str = ADAM, functions: str = "") -> dict[str, str]:
    rate, optimizer = (text.replace("\n", "\n        ") for text in (rate, optimizer))
    functions = functions and f"{functions}\n\n\n"
    return {"train.py": HEAD + PROGRAM.format(functions=functions, rate=rate, optimizer=optimizer)}


def migrated(files: dict[str, str], name: str = "train.py") -> str:
    result = rewrite_program(files)
    left = [(f.error, [each.reason for each in f.left]) for f in result.report.files]
    assert not any(error or reasons for error, reasons in left), left
    return output(result, name) or ""


WARMED = (
    "def warmed(samples, step):\n"
    "    rate = tf.train.exponential_decay(0.1, step, samples, 0.9)\n"
    "    return tf.minimum(0.01 * tf.cast(step, tf.float32), rate)"
)
# The rate, and lines of what it becomes.
RATES = {
    "a function": (
        "rate = warmed(100, step)",
        "    rate = StepSchedule(lambda step: warmed(100, step))\n",
    ),
    "by keyword": (
        "rate = warmed(step=step, samples=100)",
        "    rate = StepSchedule(lambda step: warmed(step=step, samples=100))\n",
    ),
    "an expression": (
        "rate = 0.1 / tf.sqrt(tf.to_float(step) + 1.0)",
        "    rate = StepSchedule(lambda step: 0.1 / tf.sqrt(tf.cast(step, tf.float32) + 1.0))\n",
    ),
    "several lines": (
        "late = tf.greater(step, 100)\nrate = tf.cond(late, lambda: 0.1, lambda: 0.01)",
        "    def compute_rate(step):\n"
        "        late = tf.greater(step, 100)\n"
        "        rate = tf.compat.v1.cond(late, lambda: 0.1, lambda: 0.01)\n"
        "        return rate\n\n"
        "    rate = StepSchedule(compute_rate)\n",
    ),
    "under a condition": (
        "rate = tf.constant(0.1)\nif FLAGS.warm:\n    rate *= tf.cast(step, tf.float32)",
        "    def compute_rate(step):\n"
        "        rate = tf.constant(0.1)\n"
        "        if FLAGS.warm:\n"
        "            rate *= tf.cast(step, tf.float32)\n"
        "        return rate\n",
    ),
    "with statements between": (
        "half = tf.cast(step, tf.float32) / 2.0\nprint(folder)\nrate = tf.minimum(half, 0.1)",
        "    print(folder)\n\n    def compute_rate(step):\n        half = ",
    ),
    "a function of the block": (
        "def low():\n    return 0.01 * tf.cast(step, tf.float32)\n\n\n"
        "rate = tf.cond(step < 10, low, lambda: 0.1)",
        "    def compute_rate(step):\n        def low():\n",
    ),
    "a schedule to a power": (
        "rate = tf.train.cosine_decay(0.1, step, 100) ** 2",
        "        lambda step: tf.compat.v1.train.cosine_decay(0.1, step, 100) ** 2,\n",
    ),
    "a schedule that is compared": (
        "falls = tf.train.cosine_decay(0.1, step, 100)\nrate = tf.where(falls < 0.01, 0.01, falls)",
        "        falls = tf.compat.v1.train.cosine_decay(0.1, step, 100)\n",
    ),
    "a schedule of another step": (
        "rate = tf.train.cosine_decay(0.1, step - 10, 100)",
        "        lambda step: tf.compat.v1.train.cosine_decay(0.1, step - 10, 100),\n",
    ),
}


@pytest.mark.parametrize("case", RATES)
def test_it_is_computed_at_each_step(case: str) -> None:
    rate, lines = RATES[case]
    text = migrated(program(rate, functions=WARMED if "warmed" in rate else ""))
    assert lines in text, text
    assert "optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)\n" in text


def test_schedules_alone_are_keras_own() -> None:
    functions = (
        "def rate_of(step):\n"
        "    if FLAGS.fixed:\n"
        "        return tf.constant(FLAGS.rate, name='fixed')\n"
        "    return 0.5 * tf.train.exponential_decay(0.1, step, 100, 0.9)"
    )
    text = migrated(program("rate = rate_of(step)", functions=functions))
    assert "    rate = rate_of()\n" in text and "StepSchedule" not in text
    assert "        return FLAGS.rate\n" in text
    assert "    return 0.5 * ComputedSchedule(keras.optimizers.schedules.Expon" in text


def test_flags_are_none_of_what_is_computed() -> None:
    functions = "def falls(rate, step):\n    return tf.train.cosine_decay(rate, step, 100)"
    text = migrated(program("rate = falls(FLAGS.rate, step)", functions=functions))
    assert "    rate = falls(FLAGS.rate)\n" in text and "StepSchedule" not in text


def test_what_is_computed_with_a_function_of_schedules_is_a_function() -> None:
    functions = "def falls(step):\n    return tf.train.cosine_decay(0.1, step, 100)"
    text = migrated(program("rate = 0.5 * falls(step)", functions=functions))
    assert "rate = StepSchedule(lambda step: 0.5 * falls(step))" in text
    assert "return tf.compat.v1.train.cosine_decay(0.1, step, 100)" in text


FALLS = "def falls(step):\n    return tf.train.cosine_decay(0.1, step, 100)"
OPTIMIZER = (
    "def optimizer_of(kind, learning_rate):\n"
    "    tf.summary.scalar('rate', learning_rate)\n"
    "    if kind == 'sgd':\n"
    "        return tf.train.GradientDescentOptimizer(learning_rate)\n"
    "    return tf.train.AdamOptimizer(learning_rate=learning_rate)\n"
)


def of_files(rate: str) -> dict[str, str]:
    files = program(f"rate = {rate}", "optimizer = rates.optimizer_of('sgd', rate)")
    files["train.py"] = files["train.py"].replace("\n\nFLAGS", "\nimport rates\n\nFLAGS")
    function = WARMED if "warmed" in rate else FALLS
    return files | {"rates.py": f"{HEAD}{function}\n\n\n{OPTIMIZER}"}


def test_functions_of_another_file() -> None:
    files = of_files("rates.warmed(100, step)")
    text, rates = migrated(files), migrated(files, "rates.py")
    assert "rate = StepSchedule(lambda step: rates.warmed(100, step))" in text
    assert "def warmed(samples, step):\n    rate = tf.compat.v1.train.expon" in rates
    files = of_files("rates.falls(step)")
    text, rates = migrated(files), migrated(files, "rates.py")
    assert "    rate = rates.falls()\n" in text and "StepSchedule" not in text
    assert "def falls():\n    return keras.optimizers.schedules.CosineDecay(0.1, 100)" in rates
    assert "keras.optimizers.SGD(learning_rate)" in rates


@pytest.mark.parametrize("rate", ["rates.warmed(100, step)", "rates.falls(step)"])
def test_it_stays_where_a_session_runs_the_file_of_its_optimizer(rate: str) -> None:
    other = f"{HEAD}import rates\n\n\ndef run(x):\n    with tf.Session() as session:\n"
    files = of_files(rate) | {"other.py": f"{other}        return session.run(x)\n"}
    result = rewrite_program(files)
    assert "train_in_session(" in (output(result, "train.py") or "")
    assert "return tf.train.AdamOptimizer" in (output(result, "rates.py") or "")


def test_a_function_with_other_callers_keeps_its_step() -> None:
    functions = "def falls(step):\n    return tf.train.cosine_decay(0.1, step, 100)\n\n\n"
    functions += "print(falls(3))"
    text = migrated(program("rate = falls(step)", functions=functions))
    assert "rate = StepSchedule(lambda step: falls(step))" in text


OF_FUNCTIONS = {
    "the step is compared in Python": "return 0.1 if step < 100 else 0.01",
    "a choice in Python": "if step < 100:\n        return 0.1\n    return 0.01",
    "the step is equal": "return tf.where(step == 100, 0.1, 0.01)",
    "the step is assigned": "return tf.cast(tf.assign(step, 3), tf.float32)",
    "the step is assigned by its method": "return tf.cast(step.assign(3), tf.float32)",
    "a variable": "return tf.get_variable('rate', []) * tf.cast(step, tf.float32)",
    "a look-up": "return tf.get_collection('rates')[0] * tf.cast(step, tf.float32)",
    "a loss": "return tf.losses.get_total_loss() * tf.cast(step, tf.float32)",
    "a step of its own": "return tf.cast(tf.train.get_global_step() + step, tf.float32)",
    "kept in an attribute": "FLAGS.step = step\n    return 0.1 / tf.cast(step, tf.float32)",
    "kept in a list": "STEPS.append(step)\n    return 0.1 / tf.cast(step, tf.float32)",
    "looked up by the step": "return RATES[step] * tf.cast(step, tf.float32)",
    "a summary that is kept": "x = 0.1 / tf.cast(step, tf.float32)\n"
    "    SUMMARIES.append(tf.summary.scalar('x', x))\n    return x",
    "an unknown function": "return FLAGS.function(step)",
    "a function that assigns": "return 0.1 * changed(step)",
    "dependencies": "with tf.control_dependencies([step]):\n        return tf.to_float(step)",
    "another name of the module": "global RATE\n    RATE = tf.cast(step, tf.float32)\n"
    "    return RATE",
    "random numbers": "return tf.random_uniform([]) / tf.cast(step, tf.float32)",
}


@pytest.mark.parametrize("body", OF_FUNCTIONS.values(), ids=list(OF_FUNCTIONS))
def test_a_function_that_does_more(body: str) -> None:
    functions = (
        "STEPS, RATES, SUMMARIES = [], [0.1], []\n\n\n"
        "def changed(step):\n    return tf.cast(tf.assign_add(step, 1), tf.float32)\n\n\n"
        f"def rate_of(step):\n    {body}"
    )
    assert_stays(program("rate = rate_of(step)", functions=functions))


BY_HAND = "rate = tf.where(step < 100, 0.1, 0.01)"
OF_BLOCKS = {
    "the step is used beside it": (f"{BY_HAND}\nprint(step)", ADAM),
    "the rate is shown by the program": (f"{BY_HAND}\nprint(rate)", ADAM),
    "the rate is returned": (f"{BY_HAND}\nFLAGS.rate = rate", ADAM),
    "what it is made of is used": (
        "late = step > 100\nrate = tf.where(late, 0.1, 0.01)\nprint(late)",
        ADAM,
    ),
    "it is part of the loss": (f"{BY_HAND}\nloss = loss * rate", ADAM),
    "it is made of the loss": ("rate = tf.where(step < 100, 0.1, loss)", ADAM),
    "its optimizer does more with it": (
        BY_HAND,
        "def of(rate):\n    return tf.train.AdamOptimizer(rate * 0.5)\n\n\noptimizer = of(rate)",
    ),
    "its optimizer prints it": (
        BY_HAND,
        "def of(rate):\n    print(rate)\n    return tf.train.AdamOptimizer(rate)\n\n\n"
        "optimizer = of(rate)",
    ),
    "it is a momentum, too": (BY_HAND, "optimizer = tf.train.MomentumOptimizer(rate, rate)"),
    "it was a parameter": (
        "if FLAGS.warm:\n    other_rate = tf.where(step < 100, 0.1, 0.01)",
        "optimizer = tf.train.AdamOptimizer(other_rate)",
    ),
    "two names at once": (
        "rate, momentum = tf.where(step < 100, 0.1, 0.01), 0.9",
        "optimizer = tf.train.MomentumOptimizer(rate, momentum)",
    ),
    "two names at once, one for nothing": ("rate, _ = tf.where(step < 100, 0.1, 0.01), 0.9", ADAM),
    "something else is done with it": (
        "rate = 0.1\nif FLAGS.warm:\n    rate = tf.where(step < 100, 0.1, 0.01)\n    print(3)",
        ADAM,
    ),
    "what it needs changes": (
        "low = tf.cast(step, tf.float32) * FLAGS.low\nlimit = 0.1\n"
        "high = tf.minimum(low, limit)\nlimit = 0.2\nrate = tf.maximum(high, 0.001)",
        ADAM,
    ),
    "the step is another by then": ("step = tf.cast(step, tf.float32)\n" + BY_HAND, ADAM),
}


@pytest.mark.parametrize(("rate", "optimizer"), OF_BLOCKS.values(), ids=list(OF_BLOCKS))
def test_a_block_that_does_more(rate: str, optimizer: str) -> None:
    assert_stays(program(rate, optimizer))


def assert_stays(files: dict[str, str]) -> None:
    result = rewrite_program(files)
    text = output(result, "train.py") or ""
    assert not report(result, "train.py").error
    assert "train_in_session(" in text and "StepSchedule" not in text, text


def test_a_function_of_the_loss_is_none_of_the_rate() -> None:
    functions = "def scaled(x):\n    return tf.multiply(tf.cast(x, tf.float32), 0.1)"
    files = program("rate = scaled(step)", functions=functions)
    files["train.py"] = files["train.py"].replace("(labels, logits)", "(labels, scaled(logits))")
    assert_stays(files)
