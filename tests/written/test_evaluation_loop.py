"""Evaluation in a TF 1 graph beside tf_slim's: values, summaries, how often, how long."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from old_side import slim, v1

tf = pytest.importorskip("tensorflow")
context: Any = importlib.import_module("tensorflow.python.eager.context")
evaluation: Any = importlib.import_module("tf_slim.evaluation")
train_eval: Any = importlib.import_module("tf_slim.training.evaluation")

OLD = SimpleNamespace(
    fully_connected=slim.fully_connected,
    evaluate_checkpoint=evaluation.evaluate_once,
    evaluation_loop=evaluation.evaluation_loop,
    **{name: getattr(train_eval, name) for name in train_eval.__all__},
)
WEIGHT = 3.0


@pytest.fixture(params=["old", "new"])
def side(request: pytest.FixtureRequest, new: Any) -> Any:
    """Each behaviour is one of tf_slim as well."""
    return OLD if request.param == "old" else new


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads without eager execution, as in a program of graphs; no seconds between looks."""
    context.context()  # this thread, which may be asked first here, keeps its mode
    monkeypatch.setattr(context, "default_execution_mode", context.GRAPH_MODE)
    monkeypatch.setattr(v1.summary.FileWriterCache, "_cache", {})


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A checkpoint of step 7 in which the layer multiplies by `WEIGHT`."""
    with tf.Graph().as_default(), v1.Session() as session:
        slim.fully_connected(tf.ones([1, 1]), 1, activation_fn=None)
        step = v1.train.get_or_create_global_step()
        session.run(v1.global_variables_initializer())
        session.run([v1.model_variables()[0].assign([[WEIGHT]]), step.assign(7)])
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"), global_step=7)
    return str(tmp_path)


@contextlib.contextmanager
def metric(side: Any, classes: int = 1) -> Iterator[tuple[Any, Any]]:
    """The mean of what a layer makes of 1, 2, 3 ... over all steps, and what updates it."""
    with tf.Graph().as_default():
        numbers = v1.data.make_one_shot_iterator(tf.data.Dataset.range(1, 9)).get_next()
        x = tf.reshape(tf.cast(numbers, "float32"), [1, 1])
        x = side.fully_connected(x, classes, activation_fn=None)
        v1.train.get_or_create_global_step()
        value, update = v1.metrics.mean(x)
        v1.summary.scalar("shown", value)
        yield value, update


def summaries(logdir: Path) -> list[tuple[int, str, float]]:
    found = []
    for file in sorted(logdir.glob("events.*")):
        for event in v1.train.summary_iterator(str(file)):
            found += [(event.step, v.tag, v.simple_value) for v in event.summary.value]
    return found


def latest(folder: str) -> str:
    path: str = tf.train.latest_checkpoint(folder)
    return path


def test_one_checkpoint(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side) as (value, update):
        logdir = tmp_path / "eval"
        found = side.evaluate_checkpoint(
            "", latest(folder), str(logdir), num_evals=4, eval_op=update, final_op=value
        )
    assert found == pytest.approx(WEIGHT * 2.5)
    assert summaries(logdir) == [(7, "shown", pytest.approx(WEIGHT * 2.5))]


def test_several_operations(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side) as (value, update):
        other, count = v1.metrics.mean(tf.constant(2.0))
        names = {"a": value, "b": [other]}
        found = side.evaluate_checkpoint(
            master="",
            checkpoint_path=latest(folder),
            logdir=str(tmp_path / "eval"),
            num_evals=2,
            eval_op=[update, count],
            final_op=names,
        )
    assert found == {"a": pytest.approx(WEIGHT * 1.5), "b": [2.0]}


def test_values_of_placeholders(side: Any, folder: str, tmp_path: Path) -> None:
    logdir = tmp_path / "eval"
    with tf.Graph().as_default():
        x = v1.placeholder("float32", [])
        y = side.fully_connected(tf.reshape(x, [1, 1]), 1, activation_fn=None)
        value, update = v1.metrics.mean(y)
        found = side.evaluate_checkpoint(
            "",
            latest(folder),
            str(logdir),
            eval_op={"mean": update},
            eval_op_feed_dict={x: 5.0},
            final_op=value + x,
            final_op_feed_dict={x: 0.5},
            summary_op=v1.summary.scalar("x", x),
            summary_op_feed_dict={x: 0.25},
        )
    assert found == pytest.approx(5 * WEIGHT + 0.5)
    assert [(tag, value) for _, tag, value in summaries(logdir)] == [("x", 0.25)]


def test_without_operations(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side):
        assert side.evaluate_checkpoint("", latest(folder), str(tmp_path / "eval")) is None
    assert [tag for _, tag, _ in summaries(tmp_path / "eval")] == ["shown"]
    with metric(side):
        side.evaluate_checkpoint("", latest(folder), str(tmp_path / "none"), summary_op=None)
    assert not (tmp_path / "none").exists()


def test_until_the_inputs_end(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side) as (value, update):
        found = side.evaluate_checkpoint(
            "", latest(folder), str(tmp_path), num_evals=None, eval_op=update, final_op=value
        )
    assert found == pytest.approx(WEIGHT * 4.5)


def test_some_variables_under_other_names(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side) as (value, update):
        weights, biases = v1.model_variables()
        extra = v1.get_local_variable("extra", initializer=4.0)
        variables = {"fully_connected/weights": weights, "fully_connected/biases": biases}
        variables["global_step"] = v1.train.get_global_step()
        found = side.evaluate_checkpoint(
            "",
            latest(folder),
            str(tmp_path / "eval"),
            eval_op=update,
            final_op=[value, extra],
            variables_to_restore=variables,
        )
    assert found == [WEIGHT, 4.0]


def test_a_variable_that_is_not_restored_is_an_error(
    side: Any, folder: str, tmp_path: Path
) -> None:
    with metric(side), pytest.raises(RuntimeError, match="not initialized: other"):
        v1.get_variable("other", [])
        side.evaluate_checkpoint(
            "",
            latest(folder),
            str(tmp_path / "eval"),
            initial_op=v1.global_variables_initializer(),
            variables_to_restore=[*v1.model_variables(), v1.train.get_global_step()],
        )


def test_another_number_of_classes_is_refused(new: Any, folder: str, tmp_path: Path) -> None:
    """The variables of TF 1 refused it; those of layers would take the values."""
    logdir = str(tmp_path / "eval")
    calls = [
        lambda _: new.evaluate_checkpoint("", latest(folder), logdir),
        lambda v: new.evaluate_checkpoint("", latest(folder), logdir, variables_to_restore=v),
        lambda _: new.evaluation_loop("", folder, logdir, max_number_of_evaluations=1),
        lambda _: new.evaluate_once(latest(folder)),
    ]
    for call in calls:
        with metric(new, classes=2), pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
            call(v1.model_variables())


def test_further_hooks(side: Any, folder: str, tmp_path: Path) -> None:
    steps = []

    class Watch(v1.train.SessionRunHook):  # type: ignore[misc]
        def after_run(self, run_context: Any, run_values: Any) -> None:
            steps.append(run_context.session.run(side.get_or_create_eval_step()))

    with metric(side) as (_, update):
        hooks = [Watch()]
        side.evaluate_checkpoint(
            "", latest(folder), str(tmp_path), num_evals=3, eval_op=update, hooks=hooks
        )
    assert steps == [1, 2, 3]


def saved_later(folder: str, numbers: Iterator[int]) -> None:
    """Writes the checkpoint again, as that of a later step."""
    with tf.Graph().as_default(), v1.Session() as session:
        names = tf.train.load_checkpoint(latest(folder))
        for name in names.get_variable_to_shape_map():
            v1.get_variable(name, initializer=tf.constant(names.get_tensor(name)))
        session.run(v1.global_variables_initializer())
        path = Path(folder, "model.ckpt")
        v1.train.Saver().save(session, str(path), global_step=next(numbers))


def test_the_loop_takes_each_new_checkpoint(side: Any, folder: str, tmp_path: Path) -> None:
    numbers = iter(range(8, 20))
    ends = []

    class Train(v1.train.SessionRunHook):  # type: ignore[misc]
        def end(self, session: Any) -> None:
            ends.append(session.run(side.get_or_create_eval_step()))
            saved_later(folder, numbers)

    with metric(side) as (value, update):
        found = side.evaluation_loop(
            "",
            folder,
            str(tmp_path / "eval"),
            num_evals=2,
            eval_op=update,
            final_op=value,
            eval_interval_secs=0,
            max_number_of_evaluations=3,
            hooks=[Train()],
        )
    assert ends == [2, 2, 2]  # each evaluation begins at 0, and so do the metrics
    assert found == pytest.approx(WEIGHT * 1.5)
    assert [step for step, *_ in summaries(tmp_path / "eval")] == [7, 7, 7]
    assert latest(folder).endswith("model.ckpt-10")


def test_the_loop_ends_with_the_time(side: Any, folder: str, tmp_path: Path) -> None:
    asked: list[bool] = []

    def is_over() -> bool:
        asked.append(True)
        return len(asked) == 2

    for options in ({"timeout": 0}, {"timeout": 0, "timeout_fn": is_over}):
        with metric(side) as (value, update):
            logdir = str(tmp_path / "eval")
            settings = {"eval_op": update, "final_op": value, "eval_interval_secs": 0}
            found = side.evaluation_loop("", folder, logdir, **settings, **options)
        assert found == pytest.approx(WEIGHT)
    assert len(asked) == 2


def test_no_checkpoint_in_time(side: Any, tmp_path: Path) -> None:
    assert side.wait_for_new_checkpoint(str(tmp_path), timeout=0) is None
    assert list(side.checkpoints_iterator(str(tmp_path), timeout=0)) == []
    with metric(side) as (value, _):
        assert side.evaluate_repeatedly(str(tmp_path), final_ops=value, timeout=0) is None


def test_new_checkpoints(side: Any, folder: str) -> None:
    first = latest(folder)
    assert side.wait_for_new_checkpoint(folder) == first
    assert side.wait_for_new_checkpoint(folder, first, timeout=0) is None
    numbers = iter((8, 9))
    asked: list[str] = []

    def is_over() -> bool:
        asked.append("")
        if len(asked) < 3:
            saved_later(folder, numbers)
        return len(asked) == 3

    found = []
    for path in side.checkpoints_iterator(folder, timeout=0, timeout_fn=is_over):
        found.append(Path(path).name)
        assert len(asked) == len(found) - 1  # it is not asked while there are checkpoints
    assert found == ["model.ckpt-7", "model.ckpt-8", "model.ckpt-9"]


def test_seconds_between_checkpoints(side: Any, folder: str, monkeypatch: Any) -> None:
    time = importlib.import_module("time")
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert side.wait_for_new_checkpoint(folder + "/none", timeout=0, seconds_to_sleep=9) is None
    paths = side.checkpoints_iterator(folder, 50, timeout=0)
    next(paths)
    assert next(paths, None) is None
    assert [seconds for seconds in slept if seconds > 40] == [pytest.approx(50, abs=5)]


def test_evaluations_of_contrib_training(side: Any, folder: str, tmp_path: Path) -> None:
    for evaluate in ("once", "repeatedly"):
        with metric(side) as (value, update):
            logdir = tmp_path / evaluate
            hooks = [side.StopAfterNEvalsHook(3), side.SummaryAtEndHook(str(logdir))]
            settings = {"eval_ops": update, "final_ops": {"mean": value}, "hooks": hooks}
            if evaluate == "once":
                found = side.evaluate_once(latest(folder), **settings)
            else:
                found = side.evaluate_repeatedly(folder, max_number_of_evaluations=1, **settings)
        assert found == {"mean": pytest.approx(WEIGHT * 2)}
        assert summaries(logdir) == [(7, "shown", pytest.approx(WEIGHT * 2))]


def test_a_scaffold(side: Any, folder: str) -> None:
    with metric(side) as (value, update):
        local = v1.get_local_variable("local", initializer=1.0)
        side.get_or_create_eval_step()
        scaffold = v1.train.Scaffold(
            local_init_op=tf.group(v1.local_variables_initializer(), name="mine"),
            saver=v1.train.Saver([*v1.model_variables(), v1.train.get_global_step()]),
        )
        hooks = [side.StopAfterNEvalsHook(1, log_progress=False)]
        found = side.evaluate_once(
            latest(folder), "", scaffold, update, None, [value, local], None, hooks
        )
    assert found == [WEIGHT, 1.0]


def test_progress_is_logged(side: Any, folder: str, tmp_path: Path, caplog: Any) -> None:
    before = v1.logging.get_verbosity()
    v1.logging.set_verbosity(v1.logging.INFO)
    try:
        for number in (2, 25, None):
            with tf.Graph().as_default():
                side.fully_connected(tf.ones([1, 1]), 1)
                numbers = tf.data.Dataset.range(1 if number is None else 99)
                update = v1.data.make_one_shot_iterator(numbers).get_next()
                hooks = [side.StopAfterNEvalsHook(number)]
                side.evaluate_once(latest(folder), eval_ops=update, hooks=hooks)
    finally:
        v1.logging.set_verbosity(before)
    shown = [line for line in caplog.messages if line.startswith("Evaluation [")]
    of_25 = [f"Evaluation [{done}/25]" for done in (*range(2, 25, 2), 25)]
    assert shown == ["Evaluation [1/2]", "Evaluation [2/2]", *of_25, "Evaluation [1]"]


def test_hooks_are_used_again(side: Any, folder: str, tmp_path: Path) -> None:
    numbers = iter((8, 9, 10, 11))

    class Train(v1.train.SessionRunHook):  # type: ignore[misc]
        def end(self, session: Any) -> None:
            saved_later(folder, numbers)

    hooks = [side.StopAfterNEvalsHook(1), side.SummaryAtEndHook(str(tmp_path / "eval")), Train()]
    for _ in range(2):
        with metric(side) as (_, update):
            settings = {"eval_ops": update, "hooks": list(hooks), "eval_interval_secs": 0}
            side.evaluate_repeatedly(folder, max_number_of_evaluations=2, **settings)
    assert len(summaries(tmp_path / "eval")) == 4


def test_the_step_of_an_evaluation(side: Any) -> None:
    with tf.Graph().as_default():
        step = side.get_or_create_eval_step()
        assert side.get_or_create_eval_step() is step
        assert (step.op.name, step.dtype.base_dtype, step.shape) == ("eval_step", tf.int64, ())
        assert v1.local_variables() == [step] and not v1.global_variables()
        v1.add_to_collection("eval_step", tf.constant(1))
        with pytest.raises(ValueError):
            side.get_or_create_eval_step()


def test_summaries_need_a_place(side: Any) -> None:
    with pytest.raises(ValueError, match="log_dir"):
        side.SummaryAtEndHook()


def test_summaries_of_an_open_writer(side: Any, folder: str, tmp_path: Path) -> None:
    with metric(side) as (_, update):
        writer = v1.summary.FileWriter(str(tmp_path / "mine"))
        hook = side.SummaryAtEndHook(summary_writer=writer)
        side.evaluate_once(
            latest(folder), eval_ops=update, hooks=[side.StopAfterNEvalsHook(1), hook]
        )
        writer.close()
    assert [tag for _, tag, _ in summaries(tmp_path / "mine")] == ["shown"]
