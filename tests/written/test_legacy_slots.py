"""Trainings that go on where TensorFlow 1 stopped, and back: variables, slots, powers and step."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import legacy_training
import numpy as np
import pytest
from legacy_training import SHAPES
from old_side import v1
from test_optimizers import CASES, Case, made
from training_steps import apart

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
plain = keras.optimizers

Values = dict[str, np.ndarray]
START = legacy_training.start()
SHADOW = "/ExponentialMovingAverage"
SGD = Case("Momentum", {"momentum": 0.9}, "keras SGD", {"momentum": 0.9})
NESTEROV = Case("Momentum", {"momentum": 0.9, "use_nesterov": True}, "keras SGD", {})
NESTEROV.new_arguments.update(momentum=0.9, nesterov=True)
EVERY = {**CASES, "momentum of keras": SGD, "nesterov of keras": NESTEROV}
SCHEDULE = plain.schedules.ExponentialDecay(0.1, 2, 0.7, staircase=True)


def model_of(optimizer: Any, **options: Any) -> Any:
    """A model of the variables that the old side trains."""
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="a__fc", **options)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="b")(hidden))
    model.compile(optimizer, "mse")
    return model


def make_steps(model: Any, first: int, last: int) -> None:
    for number in range(first, last):
        gradients = map(tf.constant, legacy_training.gradients(number).values())
        model.optimizer.apply_gradients(list(zip(gradients, model.variables, strict=True)))


def values_of(checkpoint: str) -> Values:
    reader = tf.train.load_checkpoint(checkpoint)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def saved(path: Path, values: Any) -> str:
    tensors = [tf.convert_to_tensor(value) for value in values.values()]
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=tensors,
    )
    return str(path)


def arrays(state: dict[str, Any]) -> Values:
    return {name: np.asarray(value) for name, value in state.items()}


def assert_close(
    found: Values, expected: Values, tolerance: float, of_variables: float = 0.0
) -> None:
    """Variables relative to the way they have gone, slots to their size, counters to the bit."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        is_bit = name.endswith(("power", "global_step"))
        assert found[name].dtype == value.dtype, name
        allowed = max(tolerance, of_variables) if name in START else 0 if is_bit else tolerance
        far = apart(found[name], value, START.get(name, 0.0))
        assert far <= allowed, (name, far)


def assert_same(found: Values, expected: Values) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def old(folder: Path, name: str, arguments: Any = None, **options: Any) -> list[str]:
    """Trains in a TF 1 graph."""
    return legacy_training.train(v1, str(folder), name, arguments or {}, **options)


@pytest.mark.parametrize("name", EVERY)
def test_a_training_goes_on_there_and_back(name: str, new: Any, tmp_path: Path) -> None:
    case, schedule = EVERY[name], not name.endswith("of keras")
    rate = SCHEDULE if schedule else 0.1
    train = functools.partial(old, name=case.old, arguments=case.old_arguments, schedule=schedule)
    third, sixth = train(tmp_path / "old")
    model = model_of(made(new, case.new, rate, **case.new_arguments))
    new.ModelSaver(model).restore(third)
    here, there = arrays(new.legacy_state(model)), values_of(third)
    if case.new == "keras SGD" and case.new_arguments:  # its velocity is multiplied and divided
        for slot in (n for n in there if n.endswith("/Momentum")):
            np.testing.assert_array_max_ulp(here[slot], there[slot], 1)
            here[slot] = there[slot]
    assert_same(here, there)
    make_steps(model, 3, 6)
    expected = values_of(sixth)
    # Adadelta's first steps are about as small as the rounding of the variables.
    far = 0.01 if case.old == "Adadelta" else 0.0
    assert_close(arrays(new.legacy_state(model)), expected, case.tolerance, far)

    back = saved(tmp_path / "back", new.legacy_state(model))
    (there_and_back,) = train(tmp_path / "again", restore=back, steps=[9])
    (straight,) = train(tmp_path / "straight", steps=[9])
    assert_close(values_of(there_and_back), values_of(straight), case.tolerance, far)


FAULTS = {
    "adam": ("Adam", "Adam_1"),
    "rmsprop of slim": ("RMSProp", "RMSProp_1"),
    "rmsprop centered": ("RMSProp_1", "RMSProp_2"),
    "adadelta": ("Adadelta", "Adadelta_1"),
    "ftrl": ("Ftrl", "Ftrl_1"),
}
#: Those in which what has numbers below zero comes to stand where squares are kept.
BELOW_ZERO = ("adam", "rmsprop of slim", "ftrl")


@pytest.mark.parametrize("name", FAULTS)
def test_swapped_slots_are_seen(name: str, new: Any, tmp_path: Path) -> None:
    case, (one, other) = CASES[name], FAULTS[name]
    third, sixth = old(tmp_path, case.old, case.old_arguments)
    values = values_of(third)
    for owner in SHAPES:
        one_name, other_name = f"{owner}/{one}", f"{owner}/{other}"
        values[one_name], values[other_name] = values[other_name], values[one_name]
    model = model_of(made(new, case.new, 0.1, **case.new_arguments))
    path = saved(tmp_path / "swapped", values)
    if name in BELOW_ZERO:
        with pytest.raises(ValueError, match=r"weights/.* has numbers below zero"):
            new.ModelSaver(model).restore(path)
        return
    new.ModelSaver(model).restore(path)
    make_steps(model, 3, 6)
    expected = values_of(sixth)["b/weights"]
    found = model.get_layer("b").kernel.numpy()
    assert not apart(found, expected, START["b/weights"]) <= 0.02


def restored(new: Any, kind: str, checkpoint: str, **arguments: Any) -> Any:
    model = model_of(made(new, kind, SCHEDULE, **arguments))
    new.ModelSaver(model).restore(checkpoint)
    return model


@pytest.mark.parametrize("step", [2, 4])
def test_a_step_too_many_or_too_few_is_seen(step: int, new: Any, tmp_path: Path) -> None:
    third, sixth = old(tmp_path, "Momentum", {"momentum": 0.9}, schedule=True)
    path = saved(tmp_path / "m", {**values_of(third), "global_step": np.int64(step)})
    model = restored(new, "Momentum", path, momentum=0.9)
    make_steps(model, 3, 6)
    found, expected = new.legacy_state(model), values_of(sixth)
    assert apart(found["b/weights"], expected["b/weights"], START["b/weights"]) > 0.01

    third, _ = old(tmp_path, "Adam")
    path = saved(tmp_path / "a", {**values_of(third), "global_step": np.int64(step)})
    with pytest.raises(ValueError, match=f"after 3 steps, but global_step is {step}"):
        restored(new, "keras Adam", path)


def test_powers_tell_the_step_where_nothing_else_does(new: Any, tmp_path: Path) -> None:
    values = values_of(old(tmp_path, "Adam")[0])
    del values["global_step"]
    model = restored(new, "keras Adam", saved(tmp_path / "a", values))
    assert int(model.optimizer.iterations) == 3


def test_powers_are_those_of_the_kernels(new: Any) -> None:
    betas = (0.5, 0.9, 0.999)
    with tf.Graph().as_default(), v1.Session() as session:
        powers = [v1.get_variable(f"p{beta}", initializer=beta) for beta in betas]
        multiply = tf.group(*(p.assign(p * b) for p, b in zip(powers, betas, strict=True)))
        session.run(v1.global_variables_initializer())
        for step in range(900):
            if step in (0, 1, 124, 125, 126, 127, 828, 829, 830, 899):
                found = [new.legacy_power(beta, step) for beta in betas]
                assert found == session.run(powers), step
            session.run(multiply)
    assert new.legacy_power(0.5, 125) > 0 == new.legacy_power(0.5, 126)
    assert new.legacy_power(0.999, 10**6) == 0 == new.legacy_power(0.0, 0)


def test_powers_that_no_longer_count_are_taken(new: Any, tmp_path: Path) -> None:
    values = values_of(old(tmp_path, "Adam")[0])
    powers = {"beta1_power": np.float32(0), "beta2_power": new.legacy_power(0.999, 18000)}
    path = saved(tmp_path / "a", {**values, **powers, "global_step": np.int64(90000)})
    assert int(restored(new, "keras Adam", path).optimizer.iterations) == 90000
    powers["beta2_power"] = new.legacy_power(0.999, 9000)
    path = saved(tmp_path / "b", {**values, **powers, "global_step": np.int64(90000)})
    with pytest.raises(ValueError, match=r"beta2_power .* after 9000 steps, .* 90000"):
        restored(new, "keras Adam", path)


@pytest.mark.parametrize("scope", ["", "train"])
def test_names_and_scopes_of_the_old_program_are_found(
    scope: str, new: Any, tmp_path: Path
) -> None:
    """The optimizer's name, also one that Keras gives; averages below the scope as well."""
    third, sixth = old(tmp_path, "Adam", {"name": "adam"}, scope=scope, decay=0.9)
    model = model_of(new.MovingAverageOptimizer(plain.Adam(0.1, epsilon=1e-8), 0.9))
    new.ModelSaver(model).restore(third)
    there = values_of(third)
    assert (f"{scope}/b/weights/adam_1" if scope else "b/weights/adam_1") in there
    assert_same(arrays(new.legacy_state(model, like=third)), there)
    make_steps(model, 3, 6)
    state = arrays(new.legacy_state(model, like=third))
    assert_close(state, values_of(sixth), CASES["adam"].tolerance)
    assert new.legacy_state(model).keys() == {
        f"{owner}{ending}" for owner in SHAPES for ending in ("", "/Adam", "/Adam_1", SHADOW)
    } | {"beta1_power", "beta2_power", "global_step"}


def test_names_that_were_not_kept(new: Any, tmp_path: Path) -> None:
    third, _ = old(tmp_path, "Adam", {"name": "mine"})
    model = restored(new, "keras Adam", third)
    assert_same(arrays(new.legacy_state(model, like=third)), values_of(third))
    third, _ = old(tmp_path, "Momentum", {"name": "mine", "momentum": 0.9})
    with pytest.raises(ValueError, match=r"has mine of variables: .* Momentum\(name=\.\.\.\)"):
        restored(new, "Momentum", third, momentum=0.9)
    model = restored(new, "Momentum", third, momentum=0.9, name="mine")
    assert_same(arrays(new.legacy_state(model)), values_of(third))


def test_a_name_that_was_given_is_written(new: Any) -> None:
    for name, expected in (("mine", "mine"), ("adam", "Adam"), ("adam_3", "Adam")):
        state = new.legacy_state(model_of(plain.Adam(0.1, name=name)))
        assert f"b/weights/{expected}_1" in state
    assert "b/weights/Momentum" in new.legacy_state(model_of(plain.SGD(0.1, 0.9)))


def test_slots_that_plain_rmsprop_lacks(new: Any, tmp_path: Path) -> None:
    third, sixth = old(tmp_path, "RMSProp", {"epsilon": 1e-7})
    model = model_of(plain.RMSprop(0.1))
    new.ModelSaver(model).restore(third)
    make_steps(model, 3, 6)
    found, expected = arrays(new.legacy_state(model)), values_of(sixth)
    assert found.keys() == expected.keys()
    for name in ("b/weights", "b/weights/RMSProp"):
        assert apart(found[name], expected[name], START.get(name, 0.0)) < 4e-6


def test_other_state_is_an_error(new: Any, tmp_path: Path) -> None:
    values = values_of(old(tmp_path, "Adam")[0])

    def raises(match: str, values: Any, kind: str = "keras Adam", **options: Any) -> None:
        path = saved(tmp_path / "values", values)
        with pytest.raises(ValueError, match=match):
            restored(new, kind, path, **options)

    raises("has Adam of variables: .* Momentum", values, "Momentum", momentum=0.9)
    raises("not Adam's", {n: v for n, v in values.items() if n != "beta2_power"})
    velocities = values_of(old(tmp_path, "Momentum", {"momentum": 0.9})[0])
    raises("which is 0 or a schedule", velocities, "keras SGD", momentum=0.9)
    without = {n: v for n, v in values.items() if not n.startswith("b/biases/Adam")}
    raises("0 slots b/biases/Adam, where .* 2.* `trainable` to False", without)
    raises("1 slots b/biases/Adam", {**without, "b/biases/Adam": values["b/biases"]})
    raises("b/biases/Adam_1 has the shape", {**values, "b/biases/Adam_1": values["b/weights"]})
    more = {f"{owner}/Adam_{n}": values[owner] for owner in SHAPES for n in (2, 3)}
    raises("4 slots", {**values, **more})
    below = {f"x/{owner}/Adam{n}": values[owner] for owner in SHAPES for n in ("", "_1")}
    raises("has Adam, x/Adam of variables", {**values, **below})
    raises("beta1_power_1 .* after 0 steps", {**values, "beta1_power_1": np.float32(0.9)})


def test_of_another_models_variables_nothing_is_taken(new: Any, tmp_path: Path) -> None:
    """Names that end like those of the model belong to variables that are there themselves."""
    values = values_of(old(tmp_path, "Adam")[0])
    others = {f"old/{owner}{n}": values[owner] + 9 for owner in SHAPES for n in ("", "/Adam")}
    model = restored(new, "keras Adam", saved(tmp_path / "values", {**values, **others}))
    assert_same(arrays(new.legacy_state(model)), values)


def test_weights_alone_start_anew_with_a_warning(
    new: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(v1.logging, "warning", lambda text, *args: logged.append(text % args))
    path = saved(tmp_path / "weights", START)
    for kind, options, slots in (("Adam", {}, 8), ("SGD", {"momentum": 0.9}, 4)):
        model = restored(new, f"keras {kind}", path, **options)
        assert int(model.optimizer.iterations) == 0
        assert len(logged) == 1 + slots
        assert any("optimizer/b/weights/momentum" in line for line in logged)
        logged.clear()
    third, _ = old(tmp_path, "Adam", decay=0.9)
    model = model_of(new.MovingAverageOptimizer(plain.Adam(0.1), 0.9))
    new.ModelSaver(model).restore(third)
    assert logged == []


def test_a_scope_called_optimizer(new: Any, tmp_path: Path) -> None:
    """Keras' own state begins so as well; a name scope puts it before Adam's powers alone."""
    third, _ = old(tmp_path, "Adam", scope="optimizer")
    model = restored(new, "keras Adam", third)
    assert_same(arrays(new.legacy_state(model, like=third)), values_of(third))
    values = values_of(old(tmp_path / "plain", "Adam")[0])
    moved = {f"optimizer/{n}" if n.endswith("power") else n: v for n, v in values.items()}
    model = restored(new, "keras Adam", saved(tmp_path / "moved", moved))
    assert_same(arrays(new.legacy_state(model)), values)


def test_a_step_without_slots(new: Any, tmp_path: Path) -> None:
    """Adam's powers would be those of the step, and its slots zeros; Momentum has no powers."""
    path = saved(tmp_path / "weights", {**START, "global_step": np.int64(7)})
    with pytest.raises(ValueError, match="has step 7, but no slots"):
        restored(new, "keras Adam", path)
    assert int(restored(new, "Momentum", path, momentum=0.9).optimizer.iterations) == 7


def test_keras_state_of_another_optimizer(new: Any, tmp_path: Path) -> None:
    """Adam's `momentum` is none of Momentum's; a variable that was frozen had no slots."""
    model = model_of(plain.Adam(0.1))
    make_steps(model, 0, 2)
    path = new.ModelSaver(model).save(str(tmp_path / "adam"))
    for kind in ("Momentum", "RMSProp"):
        with pytest.raises(ValueError, match=r"not the state of this optimizer: .*/velocity"):
            restored(new, kind, path, momentum=0.9)
    del (part := values_of(path))["optimizer/b/biases/velocity"]
    with pytest.raises(ValueError, match="they differ in optimizer/b/biases/velocity"):
        restored(new, "keras Adam", saved(tmp_path / "part", part))
    frozen = model_of(plain.Adam(0.1))
    frozen.get_layer("b").trainable = False
    new.ModelSaver(frozen).restore(path)
    assert int(frozen.optimizer.iterations) == 2


def test_averages_that_are_not_there_begin_at_the_weights(new: Any, tmp_path: Path) -> None:
    model = model_of(new.MovingAverageOptimizer(plain.SGD(0.1), 0.9))
    new.ModelSaver(model).restore(saved(tmp_path / "weights", START))
    averages = model.optimizer.legacy_averages(model)
    assert_same(arrays(averages), {f"{owner}{SHADOW}": value for owner, value in START.items()})


def test_keras_own_state_comes_first(new: Any, tmp_path: Path) -> None:
    model = model_of(plain.Adam(0.1))
    make_steps(model, 0, 2)
    own = values_of(new.ModelSaver(model).save(str(tmp_path / "own")))
    stale = values_of(old(tmp_path, "Adam")[0])
    both = restored(new, "keras Adam", saved(tmp_path / "both", {**stale, **own}))
    assert_same(arrays(new.legacy_state(both)), arrays(new.legacy_state(model)))


def test_variables_whose_paths_become_one_name_keep_their_slots(new: Any, tmp_path: Path) -> None:
    inputs = keras.Input((2,))
    with keras.name_scope("a"):
        one = keras.layers.Dense(2, name="b")(inputs)
    model = keras.Model(inputs, [one, keras.layers.Dense(2, name="a_b")(inputs)])
    model.compile(new.MovingAverageOptimizer(new.Momentum(0.1, 0.9), 0.5), "mse")
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    names = [variable.name for variable in optimizer.variables]
    assert names.count("a_b_kernel_momentum") == 2
    values = np.random.default_rng(1)
    for variable in optimizer.variables[1:]:
        variable.assign(values.normal(size=variable.shape))
    saved_state = values_of(new.ModelSaver(model).save(str(tmp_path / "own")))
    state = new.legacy_state(model)
    inner = optimizer.inner_optimizer
    for owner, variable in new.legacy_variables(model).items():
        slot = inner._velocities[inner._get_variable_index(variable)]
        assert state[f"{owner}/Momentum"] is slot
        np.testing.assert_array_equal(saved_state[f"optimizer/{owner}/momentum"], slot)
        average = optimizer.average(variable)
        np.testing.assert_array_equal(saved_state[f"{owner}{SHADOW}"], average)


def test_variables_that_the_loss_leaves_alone_had_no_slots(new: Any, tmp_path: Path) -> None:
    lacking = ("b/weights", "b/biases")
    third, _ = old(tmp_path, "Momentum", {"momentum": 0.9}, lacking=lacking)

    def loss(is_whole: bool) -> Any:
        new.get_or_create_global_step()
        with new.variable_scope("a"):
            net = new.fully_connected(tf.ones((2, 4)), 3, activation=None, name="fc")
        scores = new.fully_connected(net, 2, activation=None, name="b")
        return tf.reduce_sum(scores if is_whole else net)

    def compiled(is_whole: bool, count: int | None = None) -> Any:
        model = new.LossModel(loss, is_whole)
        variables = None if count is None else model.trainable_variables[:count]
        model.compile(new.Momentum(0.1, 0.9), variables_to_train=variables)
        return model

    for model in (compiled(True), compiled(True, 3)):
        with pytest.raises(ValueError, match="0 slots b/"):
            new.ModelSaver(model).restore(third)
    for model in (compiled(False), compiled(True, 2)):
        new.ModelSaver(model).restore(third)
        state = arrays(new.legacy_state(model))
        for name in lacking:
            assert not state.pop(f"{name}/Momentum").any()
        assert_same(state, values_of(third))
        assert int(new.legacy_variables(model)["global_step"]) == 3
    own = new.ModelSaver(model).save(str(tmp_path / "own"))
    again = compiled(False)
    new.ModelSaver(again).restore(own)
    assert int(again.optimizer.iterations) == 3


@functools.cache
def tensorflow_1() -> str:
    """An interpreter with TensorFlow 1.15: OLD_PYTHON, or a CPython 3.7; the test skips without."""
    homes = sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python"))
    candidates = [os.environ.get("OLD_PYTHON"), shutil.which("python3.7"), *map(str, homes)]
    probe = "import tensorflow_core"
    for python in filter(None, candidates):
        done = subprocess.run([python, "-c", probe], capture_output=True, check=False)
        if done.returncode == 0:
            return str(python)
    pytest.skip("no interpreter with TensorFlow 1.15")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["RMSProp", "Adam"])
def test_tensorflow_1_15_goes_on_there_and_back(name: str, new: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"optimizer": name, "arguments": {}, "schedule": True, "decay": 0.9}
    if name == "RMSProp":
        options["arguments"] = {"centered": True, "momentum": 0.5, "name": "mine"}
        inner = new.RMSProp(SCHEDULE, centered=True, momentum=0.5, name="mine")
    else:
        inner = plain.Adam(SCHEDULE, epsilon=1e-8)

    def train(folder: str, **more: Any) -> list[str]:
        script, path = legacy_training.__file__, tmp_path / folder
        command = [tensorflow_1(), script, str(path), json.dumps({**options, **more})]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return [str(path / f"model.ckpt-{step}") for step in more["steps"]]

    third, sixth, ninth = train("old", steps=[3, 6, 9])
    model = model_of(new.MovingAverageOptimizer(inner, 0.9))
    new.ModelSaver(model).restore(third)
    assert_same(arrays(new.legacy_state(model)), values_of(third))
    make_steps(model, 3, 6)
    tolerance = CASES["adam"].tolerance
    assert_close(arrays(new.legacy_state(model)), values_of(sixth), tolerance)
    back = saved(tmp_path / "back", new.legacy_state(model))
    (there_and_back,) = train("again", restore=back, steps=[9])
    assert_close(values_of(there_and_back), values_of(ninth), tolerance)
