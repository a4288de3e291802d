"""Learning rates beside TensorFlow 1's: at step 0, around every boundary, and beyond the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
train, plain = v1.train, keras.optimizers.schedules

STEPS = [0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 30, 31, 69, 70, 71, 99, 100, 101, 1000, 123457]

# The old function, its arguments around the step, Keras' class or the written one, its arguments.
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    f"{old} {number}": (
        old,
        {first: 0.1, **options},
        new,
        {"initial_learning_rate": 0.1, **options},
    )
    for old, new, first, several in (
        (
            "exponential_decay",
            "keras ExponentialDecay",
            "learning_rate",
            [
                {"decay_steps": 10, "decay_rate": 0.7},
                {"decay_steps": 10.5, "decay_rate": 0.94, "staircase": True},
            ],
        ),
        (
            "polynomial_decay",
            "keras PolynomialDecay",
            "learning_rate",
            [
                {"decay_steps": 70},
                {"decay_steps": 20, "end_learning_rate": 0.01, "power": 0.5},
                {"decay_steps": 10, "power": 2.0, "cycle": True},
            ],
        ),
        (
            "natural_exp_decay",
            "NaturalExpDecay",
            "learning_rate",
            [
                {"decay_steps": 10, "decay_rate": 0.5},
                {"decay_steps": 10, "decay_rate": 0.3, "staircase": True},
            ],
        ),
        (
            "inverse_time_decay",
            "keras InverseTimeDecay",
            "learning_rate",
            [
                {"decay_steps": 10, "decay_rate": 0.5},
                {"decay_steps": 10, "decay_rate": 0.5, "staircase": True},
            ],
        ),
        (
            "cosine_decay",
            "keras CosineDecay",
            "learning_rate",
            [{"decay_steps": 70}, {"decay_steps": 20, "alpha": 0.3}],
        ),
        (
            "cosine_decay_restarts",
            "keras CosineDecayRestarts",
            "learning_rate",
            [
                {"first_decay_steps": 10},
                {"first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.9, "alpha": 0.1},
                {"first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.8},
            ],
        ),
        (
            "linear_cosine_decay",
            "LinearCosineDecay",
            "learning_rate",
            [
                {"decay_steps": 70},
                {"decay_steps": 30, "num_periods": 1.5, "alpha": 0.1, "beta": 0.01},
            ],
        ),
        (
            "noisy_linear_cosine_decay",
            "NoisyLinearCosineDecay",
            "learning_rate",
            [{"decay_steps": 70, "initial_variance": 0.0, "num_periods": 2.0}],
        ),
    )
    for number, options in enumerate(several)
}
CASES["piecewise_constant 0"] = (
    "piecewise_constant",
    {"boundaries": [10, 20, 70], "values": [0.1, 0.03, 0.007, 1e-4]},
    "keras PiecewiseConstantDecay",
    {"boundaries": [10, 20, 70], "values": [0.1, 0.03, 0.007, 1e-4]},
)


def session_as_written() -> Any:
    """A session that leaves the order of operations, and so their rounding, as it is."""
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1
    return v1.Session(config=config)


def old_rates(function: str, arguments: dict[str, Any], steps: list[int]) -> np.ndarray:
    with tf.Graph().as_default(), session_as_written() as session:
        step = v1.placeholder("int64", [])
        name = "x" if function.startswith("piecewise") else "global_step"
        rate = getattr(train, function)(**arguments, **{name: step})
        return np.array([session.run(rate, {step: number}) for number in steps])


def new_rates(schedule: Any, steps: list[int]) -> np.ndarray:
    return np.array([schedule(tf.constant(step, "int64")).numpy() for step in steps])


def made(new: Any, kind: str, arguments: dict[str, Any]) -> Any:
    name = kind.removeprefix("keras ")
    return getattr(new if name == kind else plain, name)(**arguments)


@pytest.mark.parametrize("name", CASES)
def test_rates_are_tensorflow_1s(name: str, new: Any) -> None:
    function, old_arguments, kind, arguments = CASES[name]
    expected = old_rates(function, old_arguments, STEPS)
    schedule = made(new, kind, arguments)
    np.testing.assert_array_equal(new_rates(schedule, STEPS), expected)
    assert len(set(expected)) > 3
    again = plain.deserialize(plain.serialize(schedule))
    np.testing.assert_array_equal(new_rates(again, STEPS), expected)
    in_graph = tf.function(schedule)(tf.constant(31, "int64"))
    np.testing.assert_allclose(in_graph, schedule(31), rtol=3e-7, atol=2e-8)


def test_noise_has_its_deviation(new: Any) -> None:
    arguments = {"decay_steps": 100, "initial_variance": 4.0, "variance_decay": 1.0}
    noisy = new.NoisyLinearCosineDecay(0.1, **arguments)
    quiet = new.LinearCosineDecay(0.1, 100)
    found = new_rates(noisy, [15] * 800)
    # The line is under a cosine, which is .946 there; the noise has the variance 4 / (1 + 15).
    assert found.mean() == pytest.approx(new_rates(quiet, [15])[0], abs=0.006)
    assert found.std() == pytest.approx(0.1 * 0.946 * 0.5, rel=0.15)
    expected = old_rates(
        "noisy_linear_cosine_decay", {"learning_rate": 0.1, **arguments}, [15] * 800
    )
    assert found.std() == pytest.approx(expected.std(), rel=0.2)


COMPUTED = {
    "product": lambda rate: 0.1 * rate + 1e-4,
    "quotient": lambda rate: rate / 3,
    "difference": lambda rate: 1 - rate - 0.5,
    "inverse": lambda rate: -(1.0 / rate),
    "of NumPy": lambda rate: np.float32(0.3) * rate,
    "square": lambda rate: rate * rate,
}


@pytest.mark.parametrize("name", COMPUTED)
def test_schedules_can_be_computed_with(name: str, new: Any) -> None:
    compute = COMPUTED[name]
    with tf.Graph().as_default(), session_as_written() as session:
        step = v1.placeholder("int64", [])
        rate = compute(train.exponential_decay(0.1, step, 10, 0.7))
        expected = np.array([session.run(rate, {step: number}) for number in STEPS])
    schedule = compute(new.ComputedSchedule(plain.ExponentialDecay(0.1, 10, 0.7)))
    np.testing.assert_array_equal(new_rates(schedule, STEPS), expected)
    again = plain.deserialize(plain.serialize(schedule))
    np.testing.assert_array_equal(new_rates(again, STEPS), expected)
    assert keras.optimizers.SGD(schedule).learning_rate.shape == ()


def test_what_stands_still_is_refused(new: Any) -> None:
    schedule = new.ComputedSchedule(plain.ExponentialDecay(0.1, 10, 0.7))
    with pytest.raises(TypeError, match="schedules and numbers"):
        schedule * tf.constant(0.5)


def warmed(step: Any) -> Any:
    rate = train.exponential_decay(0.1, step, 10, 0.7, staircase=True)
    return tf.minimum(0.1 * tf.cast(step, tf.float32) / 7.0, rate)


def by_hand(step: Any) -> Any:
    rate = tf.where(step < 7, 0.01, 0.1)
    return tf.cond(step < 100, lambda: rate, lambda: 0.1 * rate)


def of_many_schedules(step: Any) -> Any:
    begun = train.polynomial_decay(0.01, step, 7, 0.1)
    later = train.cosine_decay(0.1, step - 7, 200, alpha=0.01)
    by_parts = train.piecewise_constant(step, [7, 100], [1.0, 0.7, 0.2])
    return by_parts * tf.where(step < 7, begun, later)


def inverse_root(step: Any) -> Any:
    n = tf.cast(step + 1, tf.float32)
    return 0.1 * tf.minimum(tf.math.rsqrt(n), n * 7.0**-1.5)


FUNCTIONS = [warmed, by_hand, of_many_schedules, inverse_root]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions_of_the_step(function: Any, new: Any) -> None:
    steps = [0, 1, 7, 100, 1000]
    with tf.Graph().as_default(), session_as_written() as session:
        step = v1.placeholder("int64", [])
        rate = function(step)
        expected = np.array([session.run(rate, {step: number}) for number in steps])
    schedule = new.StepSchedule(function)
    np.testing.assert_allclose(new_rates(schedule, steps), expected, rtol=3e-7)
    assert len(set(expected)) > 2 and schedule(0).dtype == "float32"
    asked = tf.function(lambda step: schedule(step))
    np.testing.assert_allclose([asked(tf.constant(n)) for n in steps], expected, rtol=3e-7)


def test_a_function_of_the_step_runs_once(new: Any) -> None:
    seen = []

    def rate(step: Any) -> Any:
        seen.append(step.dtype)
        return tf.cast(step, tf.float32) * 0.1

    schedule = new.StepSchedule(rate)
    assert seen == ["int64"]
    optimizer = keras.optimizers.SGD(schedule)
    variable = keras.Variable([1.0])
    for _ in range(3):  # 1 - 0 - .1 - .2
        optimizer.apply([tf.ones(1)], [variable])
    np.testing.assert_allclose(variable, [0.7], rtol=1e-6)
    np.testing.assert_allclose(optimizer.learning_rate, 0.3, rtol=1e-6)
    assert len(seen) == 1


def test_a_function_that_fails_fails_where_its_schedule_is_made(new: Any) -> None:
    def compared(step: Any) -> Any:
        return 0.1 if step < 7 else 0.01

    with pytest.raises(Exception, match="bool"):
        new.StepSchedule(compared)


def test_a_function_is_saved_by_its_name(new: Any) -> None:
    config = new.StepSchedule(warmed).get_config()
    with pytest.raises(ValueError, match="Import it"):
        new.StepSchedule.from_config(config)
    with keras.saving.custom_object_scope({"warmed": warmed}):
        again = new.StepSchedule.from_config(config)
    assert float(again(3)) == float(new.StepSchedule(warmed)(3))
    with pytest.raises(NotImplementedError, match="lambda"):
        new.StepSchedule(lambda step: 0.1).get_config()
