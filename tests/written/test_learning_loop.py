"""The training loops of a TF 1 graph beside tf_slim's: losses, files, resuming, options."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_side import ops, random_value, slim, v1

tf = pytest.importorskip("tensorflow")

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
context: Any = importlib.import_module("tensorflow.python.eager.context")
learning = __import__("tf_slim.learning").learning
training = __import__("tf_slim.training.training").training
IMAGES = np.random.default_rng(5).normal(size=(4, 6, 6, 3)).astype("float32")
Loop = Callable[..., Any]


@pytest.fixture(autouse=True)
def graph_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """New threads have eager execution off, as after `tf.disable_v2_behavior()`."""
    context.context()  # this thread, which may be asked first here, keeps its mode
    monkeypatch.setattr(context, "default_execution_mode", context.GRAPH_MODE)


class Old:
    layers, create_train_op = slim, staticmethod(learning.create_train_op)
    train, train_step, monitored = learning.train, learning.train_step, training.train


@pytest.fixture(params=["old", "new"])
def side(request: pytest.FixtureRequest, new: Any) -> Any:
    """Each behaviour is one of tf_slim as well."""
    return Old if request.param == "old" else new_side(new)


def new_side(new: Any) -> Any:
    class New:
        layers, create_train_op = new, staticmethod(new.create_train_op)
        train, train_step = staticmethod(new.train_in_session), staticmethod(new.train_step)
        monitored = staticmethod(new.train_monitored)

    return New


@contextlib.contextmanager
def net(side: Any, classes: int = 2) -> Iterator[tuple[Any, Any]]:
    """A small net in a fresh graph: its training operation, and what gives it its weights."""
    with tf.Graph().as_default():
        v1.set_random_seed(1)
        x = side.layers.conv2d(tf.constant(IMAGES), 4, 3, normalizer_fn=side.layers.batch_norm)
        x = side.layers.fully_connected(side.layers.flatten(x), classes, activation_fn=None)
        loss = tf.reduce_mean(tf.square(x - 1.0))
        v1.summary.scalar("loss", loss)
        train_op = side.create_train_op(loss, v1.train.MomentumOptimizer(0.05, 0.9))
        weights = [
            variable.assign(random_value(variable.op.name, tuple(variable.shape)))
            for variable in v1.model_variables()
        ]
        yield train_op, lambda session: session.run(weights)


def run(side: Any, logdir: Any, loop: str = "train", **options: Any) -> dict[str, Any]:
    """Trains the net; tells the losses, how often it was initialized, and what came of it.

    No thread saves by the clock unless a test asks for it: it begins at once, and on a busy machine
    it may end last, so that the folder's list ends with the step at which it began.
    """
    losses: list[float] = []
    made = []

    def step(session: Any, train_op: Any, global_step: Any, options: Any) -> Any:
        loss, stop = side.train_step(session, train_op, global_step, options)
        losses.append(float(loss))
        return loss, stop

    with net(side) as (train_op, set_weights):

        def init_fn(session: Any) -> None:
            made.append(True)
            set_weights(session)

        settings = {"train_step_fn": step, "init_fn": init_fn, "number_of_steps": 4}
        settings["save_interval_secs"] = 0
        last = getattr(side, loop)(train_op, logdir, **(settings | options))
    return {"losses": losses, "last": last, "initialized": len(made)}


def values(logdir: Any) -> dict[str, Any]:
    """What the checkpoint of the last step holds, whichever step the folder's list ends with."""
    latest = tf.train.latest_checkpoint(str(logdir))
    steps = [int(p.stem.rpartition("-")[2]) for p in Path(logdir).glob("model.ckpt-*.index")]
    last = f"{latest.rpartition('-')[0]}-{max(steps)}" if steps else latest
    return values_in(last)


def values_in(checkpoint: str) -> dict[str, Any]:
    reader = tf.train.load_checkpoint(checkpoint)
    return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}


def events(logdir: Path) -> list[Any]:
    """The events that are whole: a file may be read while a thread writes it."""
    found = []
    for file in sorted(logdir.glob("events.*")):
        with contextlib.suppress(tf.errors.DataLossError):
            found.extend(v1.train.summary_iterator(str(file)))
    return found


def tags(logdir: Path) -> set[str]:
    return {value.tag for event in events(logdir) for value in event.summary.value}


def both(new: Any, tmp_path: Path) -> Iterator[tuple[Any, Path]]:
    for name, side in (("old", Old), ("new", new_side(new))):
        yield side, tmp_path / name


def assert_same_values(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, 1e-4, 1e-6, err_msg=name)


def test_losses_and_files_are_slims(new: Any, tmp_path: Path) -> None:
    old, found = [
        run(side, str(path), save_interval_secs=600) for side, path in both(new, tmp_path)
    ]
    assert len(old["losses"]) == 4 and old["losses"][-1] < old["losses"][0]
    assert found["losses"] == pytest.approx(old["losses"], rel=1e-5)
    assert found["last"] == found["losses"][-1]
    assert found["initialized"] == old["initialized"] == 1
    assert_same_values(values(tmp_path / "new"), values(tmp_path / "old"))
    names = [{file.name.partition(".out")[0] for file in path.iterdir()} for path in (
        tmp_path / "old", tmp_path / "new")]  # fmt: skip
    for each in names:
        assert {"checkpoint", "graph.pbtxt", "model.ckpt-4.index", "model.ckpt-4.meta"} <= each
    # The node of the first summary may come late: the thread of summaries is one of its own.
    assert tags(tmp_path / "new") | {"loss"} == tags(tmp_path / "old") | {"loss"}


def test_it_goes_on_from_the_last_checkpoint(new: Any, tmp_path: Path) -> None:
    whole = run(Old, str(tmp_path / "whole"), number_of_steps=7)["losses"]
    for first, second in itertools.product((Old, new_side(new)), repeat=2):
        path = str(tmp_path / f"{first.__name__}{second.__name__}")
        began = run(first, path)
        went_on = run(second, path, number_of_steps=7)
        assert (began["initialized"], went_on["initialized"]) == (1, 0)
        assert [*began["losses"], *went_on["losses"]] == pytest.approx(whole, rel=1e-4)
        assert Path(tf.train.latest_checkpoint(path)).name == "model.ckpt-7"


def test_a_run_that_is_done_makes_one_more_step(side: Any, tmp_path: Path) -> None:
    """The end is asked for after each step: slim's habit."""
    run(side, str(tmp_path))
    assert len(run(side, str(tmp_path))["losses"]) == 1
    assert values(tmp_path)["global_step"] == 5


def test_without_a_folder(side: Any) -> None:
    found = run(side, None, number_of_steps=2)
    assert len(found["losses"]) == 2 and found["last"] == found["losses"][-1]


def test_the_end_of_the_inputs_is_the_end(side: Any, tmp_path: Path) -> None:
    with tf.Graph().as_default():
        rows = v1.data.make_one_shot_iterator(tf.data.Dataset.range(3)).get_next()
        weight = v1.get_variable("weight", [], initializer=v1.ones_initializer())
        loss = weight * tf.cast(rows + 1, "float32")
        train_op = side.create_train_op(loss, v1.train.GradientDescentOptimizer(0.1))
        last = side.train(train_op, str(tmp_path))
    assert last == pytest.approx(3 * (1 - 0.1 - 0.2))
    assert values(tmp_path)["global_step"] == 3


def test_what_is_logged(side: Any, tmp_path: Path, caplog: Any) -> None:
    before = v1.logging.get_verbosity()
    v1.logging.set_verbosity(v1.logging.INFO)
    try:
        run(side, str(tmp_path), log_every_n_steps=2)
    finally:
        v1.logging.set_verbosity(before)
    steps = [line for line in caplog.messages if line.startswith("global step ")]
    assert len(steps) == 2
    for line in steps:
        assert re.fullmatch(r"global step \d: loss = \d\.\d{4} \(\d+\.\d{3} sec/step\)", line)
    said = ["Starting Session.", "Starting Queues.", *steps, "Stopping Training."]
    said.append("Finished training! Saving model to disk.")
    assert [line for line in caplog.messages if line in said] == said


def test_arguments_of_the_steps(side: Any, tmp_path: Path) -> None:
    seen = []

    def step(session: Any, train_op: Any, global_step: Any, options: Any) -> Any:
        loss, number = session.run(train_op), session.run(global_step)
        seen.append((int(number), sorted(options)))
        return loss, number == options["last"]

    assert run(side, None, train_step_fn=step, train_step_kwargs={"last": 3})["last"]
    # Where there is a writer it joins the author's own arguments.
    assert seen == [(n, ["last", "summary_writer"]) for n in (1, 2, 3)]
    seen.clear()
    run(side, None, train_step_fn=step, train_step_kwargs={"last": 1}, summary_writer=None)
    assert seen == [(1, ["last"])]


def test_what_a_step_is_given(side: Any, tmp_path: Path) -> None:
    found = []

    def step(session: Any, train_op: Any, global_step: Any, options: Any) -> Any:
        found.append(sorted(options))
        return side.train_step(session, train_op, global_step, options)

    run(side, None, train_step_fn=step, number_of_steps=1)
    run(side, None, train_step_fn=step, number_of_steps=1, log_every_n_steps=0)
    run(side, str(tmp_path), train_step_fn=step, number_of_steps=1, trace_every_n_steps=2)
    assert found == [
        ["should_log", "should_stop", "summary_writer"],
        ["should_stop", "summary_writer"],
        ["logdir", "should_log", "should_stop", "should_trace", "summary_writer"],
    ]


def test_traces(side: Any, tmp_path: Path) -> None:
    run(side, str(tmp_path), number_of_steps=3, trace_every_n_steps=2)
    # Asked before the step: at 0 and 2. The number is read while the step is made.
    first, second = sorted(path.stem for path in tmp_path.glob("tf_trace-*"))
    assert first in ("tf_trace-0", "tf_trace-1") and second in ("tf_trace-2", "tf_trace-3")
    assert json.loads((tmp_path / f"{first}.json").read_text())["traceEvents"]
    metadata = {event.tagged_run_metadata.tag for event in events(tmp_path)}
    assert metadata - {""} == {name.replace("tf_trace", "run_metadata") for name in (first, second)}


def test_a_trace_needs_a_folder(side: Any) -> None:
    with pytest.raises(ValueError, match="logdir"):
        side.train_step(None, None, None, {"should_trace": True})


def test_summaries(side: Any, tmp_path: Path) -> None:
    def waits_for_summaries(session: Any, *step: Any) -> Any:
        result = side.train_step(session, *step)
        while not written():
            time.sleep(0.01)
            step[-1]["summary_writer"].flush()
        return result

    def written() -> bool:
        return "loss" in tags(tmp_path)

    run(side, str(tmp_path), train_step_fn=waits_for_summaries, save_summaries_secs=0.01)
    assert written()
    assert any(event.session_log.status == 1 for event in events(tmp_path))


@pytest.mark.parametrize("options", [{"summary_op": None}, {"save_summaries_secs": 0}])
def test_no_summaries(options: Any, side: Any, tmp_path: Path) -> None:
    run(side, str(tmp_path), **options)
    assert "loss" not in tags(tmp_path)


def test_operations_of_the_authors_own(side: Any, tmp_path: Path) -> None:
    with net(side) as (train_op, _):
        value = v1.placeholder("float32", [])
        everything = v1.global_variables_initializer()
        offset = v1.get_variable("offset", initializer=value, trainable=False)
        local = v1.get_local_variable("local", initializer=7.0)
        ready = v1.report_uninitialized_variables([offset])
        seen = []

        def step(session: Any, *step: Any) -> Any:
            seen.append(session.run([offset, local]))
            return side.train_step(session, *step)

        side.train(
            train_op,
            str(tmp_path),
            train_step_fn=step,
            number_of_steps=1,
            init_op=tf.group(everything, offset.initializer),
            init_feed_dict={value: 3.0},
            local_init_op=local.initializer,
            ready_op=ready,
            saver=v1.train.Saver([offset, v1.train.get_global_step()]),
        )
    assert seen == [[3.0, 7.0]]
    assert list(values(tmp_path)) == ["global_step", "offset"]


def test_session_options(side: Any) -> None:
    wrapped = []

    def wrap(session: Any) -> Any:
        wrapped.append(session)
        return session

    config = v1.ConfigProto(allow_soft_placement=True)
    run(side, None, session_config=config, session_wrapper=wrap, number_of_steps=1)
    assert len(wrapped) == 1
    assert wrapped[0]._config.allow_soft_placement


def test_an_aborted_session_is_begun_again(side: Any, tmp_path: Path) -> None:
    steps = []

    def step(session: Any, *step: Any) -> Any:
        loss, stop = side.train_step(session, *step)
        steps.append(int(session.run(step[1])))
        if len(steps) == 2:
            raise tf.errors.AbortedError(None, None, "a server was restarted")
        return loss, stop

    run(side, None, train_step_fn=step, number_of_steps=3)
    assert steps == [1, 2, 1, 2, 3]


def test_errors_of_a_step_come_out(side: Any, tmp_path: Path) -> None:
    def step(*_: Any) -> Any:
        raise KeyError("a step")

    with pytest.raises(KeyError, match="a step"):
        run(side, str(tmp_path), train_step_fn=step)


def test_sync_replicas(side: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue is never closed: without `ignore_live_threads` slim's loop ends in an error too."""
    impatient = functools.partialmethod(v1.train.Supervisor.__init__, stop_grace_secs=0.1)
    monkeypatch.setattr(v1.train.Supervisor, "__init__", impatient)
    with tf.Graph().as_default():
        weight = v1.get_variable("weight", [], initializer=v1.ones_initializer())
        sync = v1.train.SyncReplicasOptimizer(v1.train.GradientDescentOptimizer(0.1), 1, 1)
        train_op = side.create_train_op(tf.square(weight), sync)
        options = {"sync_optimizer": sync, "ignore_live_threads": True, "number_of_steps": 3}
        last = side.train(train_op, str(tmp_path), **options)
    assert last == pytest.approx(0.8**4)
    assert values(tmp_path)["global_step"] == 3


WRONG: dict[str, dict[str, Any]] = {
    "train_op": {"train_op": None},
    "number_of_steps": {"number_of_steps": 0},
    "summary_op": {"logdir": None, "summary_op": None},
    "saver": {"logdir": None, "saver": "a saver"},
    "trace_every_n_steps": {"logdir": None, "trace_every_n_steps": 1},
    "startup_delay_steps": {"sync_optimizer": [], "startup_delay_steps": 1},
    "sync_optimizer": {"sync_optimizer": ["an optimizer"]},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name: str, side: Any, tmp_path: Path) -> None:
    settings = {"logdir": str(tmp_path), "number_of_steps": 1}
    with net(side) as (train_op, _), pytest.raises(ValueError, match=name):
        side.train(**(settings | {"train_op": train_op} | WRONG[name]))


def test_eager_code_is_refused(new: Any) -> None:
    for loop in (new.train_in_session, new.train_monitored):
        with context.eager_mode(), pytest.raises(RuntimeError, match="TF 1 graph"):
            loop(tf.constant(1.0), None)


def test_another_number_of_classes_is_refused(new: Any, tmp_path: Path) -> None:
    """The variables of TF 1 refused it; those of layers would take the values."""
    side = new_side(new)
    run(side, str(tmp_path))
    for loop in (side.train, side.monitored):
        with net(side, classes=3) as (train_op, _):
            with pytest.raises(tf.errors.InvalidArgumentError, match="shapes of fully_connected"):
                loop(train_op, str(tmp_path))


def test_threads_that_are_eager_are_refused(new: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(context, "default_execution_mode", context.EAGER_MODE)
    with pytest.raises(RuntimeError, match="disable_v2_behavior"):
        run(new_side(new), str(tmp_path), number_of_steps=1)


def monitored(side: Any, logdir: Any, steps: int, **options: Any) -> Any:
    losses: list[float] = []

    class Watch(v1.train.SessionRunHook):  # type: ignore[misc]
        def before_run(self, run_context: Any) -> Any:
            return v1.train.SessionRunArgs(train_op)

        def after_run(self, run_context: Any, run_values: Any) -> None:
            losses.append(float(run_values.results))

    with net(side) as (train_op, set_weights):
        stop = v1.train.StopAtStepHook(last_step=steps)
        scaffold = v1.train.Scaffold(init_fn=lambda _, session: set_weights(session))
        settings = {"scaffold": scaffold, "hooks": [stop, Watch()]}
        last = side.monitored(train_op, logdir, **(settings | options))
    return losses, last


def test_monitored_training(new: Any, tmp_path: Path) -> None:
    found = {}
    for side, path in both(new, tmp_path):
        began, _ = monitored(side, str(path), 3, save_summaries_steps=2)
        went_on, last = monitored(side, str(path), 5, save_summaries_steps=2)
        found[path.name] = [*began, *went_on]
        assert (len(began), len(went_on), last) == (3, 2, went_on[-1])
        assert "loss" in tags(path)
    assert found["new"] == pytest.approx(found["old"], rel=1e-5)
    assert_same_values(values(tmp_path / "new"), values(tmp_path / "old"))
    names = [{f.name.partition(".out")[0] for f in path.iterdir() if "events" not in f.name}
             for _, path in both(new, tmp_path)]  # fmt: skip
    assert names[0] == names[1]


def test_monitored_training_without_a_folder(side: Any) -> None:
    nothing = {"save_checkpoint_secs": None, "save_summaries_steps": None}
    assert len(monitored(side, None, 2, **nothing)[0]) == 2
    for name in nothing:
        with pytest.raises(ValueError, match=name):
            monitored(side, None, 2, **(nothing | {name: 1}))


SCRIPT = """
import sys
import tensorflow.compat.v1 as tf
import scoped_layers

tf.disable_v2_behavior()
x = scoped_layers.fully_connected(tf.ones([2, 3]), 2, activation_fn=None)
loss = tf.reduce_mean(tf.square(x - 1.0))
train_op = scoped_layers.create_train_op(loss, tf.train.GradientDescentOptimizer(1e-6))
scoped_layers.train_in_session(
    train_op, sys.argv[1], save_interval_secs=0.05, log_every_n_steps=0)
"""


def test_a_killed_process_is_gone_on_with(new: Any, tmp_path: Path) -> None:
    script, logdir = tmp_path / "script.py", tmp_path / "logs"
    script.write_text(SCRIPT)
    (tmp_path / "scoped_layers.py").write_text(Path(new.__file__).read_text())
    process = subprocess.Popen([sys.executable, str(script), str(logdir)])
    try:
        while step_of(logdir) < 20:
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    # Not `values`: the kill may have come between a checkpoint and the list's naming it.
    saved = values_in(tf.train.latest_checkpoint(str(logdir)))
    begun = int(saved["global_step"])  # it may be ahead of the name: the steps went on
    with tf.Graph().as_default():
        x = new.fully_connected(tf.ones([2, 3]), 2, activation_fn=None)
        loss = tf.reduce_mean(tf.square(x - 1.0))
        train_op = new.create_train_op(loss, v1.train.GradientDescentOptimizer(1e-6))
        seen = []

        def step(session: Any, *step: Any) -> Any:
            seen.append(session.run([*v1.model_variables(), step[1]]))
            return new.train_step(session, *step)

        new.train_in_session(train_op, str(logdir), step, number_of_steps=begun + 3)
    weights, biases, number = seen[0]
    assert number == begun and len(seen) == 3 and step_of(logdir) == begun + 3
    np.testing.assert_array_equal(weights, saved["fully_connected/weights"])
    np.testing.assert_array_equal(biases, saved["fully_connected/biases"])


def step_of(logdir: Path) -> int:
    path = tf.train.latest_checkpoint(str(logdir)) if logdir.exists() else None
    return int(path.rpartition("-")[2]) if path else 0
