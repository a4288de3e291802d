"""Training loops, evaluations and input pipelines: what each becomes, or why it stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from slimport.index.clones import CloneTraining
from slimport.index.hand_loops import hand_loops
from slimport.index.modules import Module
from slimport.index.pipelines import Pipeline, pipelines
from slimport.index.program import Function
from slimport.index.queues import QUEUES
from slimport.rewrite.plan import Plan
from slimport.scan.model import Block

_SLIM_LOOPS = ("slim.learning.train", "slim.training.train")
_EVALUATIONS = (
    "slim.evaluation.evaluate_once", "slim.evaluation.evaluation_loop",
    "slim.evaluation.evaluate_repeatedly", "slim.training.evaluate_once",
    "slim.training.evaluate_repeatedly",
)  # fmt: skip
_SESSIONS = (
    "tf.Session", "tf.InteractiveSession", "tf.train.Supervisor", "tf.train.MonitoredSession",
    "tf.train.MonitoredTrainingSession", "tf.train.SingularMonitoredSession",
)  # fmt: skip
_STEP = "the same operation, which a session runs"
_SESSION = "its session, on compat.v1"
_FIT = "train_on_batch of a Keras model"
_PREDICT = "predict_on_batch of a Keras model"


def blocks(plan: Plan, modules: Collection[Module]) -> list[Block]:
    """Those of some files, in the order of files and lines."""
    read = pipelines(plan.program)
    found = [
        *_trainings(plan),
        *_evaluations(plan),
        *_by_hand(plan, read),
        *_pipelines(plan, read),
    ]
    found += _others(plan, {(block.path, block.function) for block in found})
    paths = {module.path.as_posix() for module in modules}
    found = [block for block in found if block.path in paths]
    return sorted(found, key=lambda block: (block.path, block.line, block.kind))


def _block(
    function: Function, kind: str, becomes: str, stays: bool, why: str = "", line: int = 0
) -> Block:
    name = function.qualname or "<module>"
    line = line or getattr(function.node, "lineno", 1)
    return Block(function.module.path.as_posix(), line, name, kind, becomes, stays, why)


def _line(function: Function, apis: tuple[str, ...]) -> int:
    """Where a function names the first of these APIs; 0 where it does not."""
    lines = (r.span[0] for r in function.references if r.api.name.startswith(apis))
    return min(lines, default=0)


def _trainings(plan: Plan) -> Iterator[Block]:
    for function in plan.program.all():
        line = _line(function, _SLIM_LOOPS)
        training = plan.trainings.get(function)
        if training is not None:
            plain = function in plan.plain_trainings
            model = "keras.Model" if plain else "LossModel"
            replicas = " on replicas" if isinstance(training, CloneTraining) else ""
            becomes = f"{model}, compile and fit{replicas}"
            yield _block(function, "training", becomes, False, line=training.loop.lineno)
        elif line:
            written = f"train_in_session of {plan.options.module_name}.py"
            sessions = plan.tf1_files.runs_sessions(function.module)
            becomes = written if sessions else "is left and marked"
            why = plan.stays.get(function, "")
            yield _block(function, "training", becomes, sessions, why, line)


def _evaluations(plan: Plan) -> Iterator[Block]:
    for function in plan.program.all():
        line = _line(function, _EVALUATIONS)
        evaluation = plan.evaluations.get(function)
        if evaluation is not None:
            becomes = "MetricsModel and evaluate"
            yield _block(function, "evaluation", becomes, False, line=evaluation.line)
        elif line:
            sessions = plan.tf1_files.runs_sessions(function.module)
            becomes = (
                f"the same loop from {plan.options.module_name}.py"
                if sessions
                else "is left and marked"
            )
            why = plan.stays.get(function, "")
            yield _block(function, "evaluation", becomes, sessions, why, line)


def _by_hand(plan: Plan, read: Mapping[Function, Pipeline]) -> Iterator[Block]:
    """Sessions in Python loops: what they would become with ``--training fit``."""
    fits = plan.options.training == "fit"
    found, stay = (
        (plan.hand_loops, plan.loops_that_stay) if fits else hand_loops(plan.program, read)
    )
    for function, loop in found.items():
        line = _session_line(function)
        kind, model = ("training", _FIT) if loop.trains else ("prediction", _PREDICT)
        becomes = model if fits else _SESSION
        why = "" if fits else f"--training fit makes it {model}"
        yield _block(function, kind, becomes, not fits, why, line)
    for function, reason in stay.items():
        if function in plan.trainings or function in plan.evaluations:
            continue
        kind = "training" if _optimizes(function) else "prediction"
        yield _block(function, kind, _SESSION, True, reason.with_line, _session_line(function))


def _others(plan: Plan, known: set[tuple[str, str]]) -> Iterator[Block]:
    """Sessions that none of these run, and training steps that are made for a session elsewhere."""
    for function in plan.program.all():
        name = (function.module.path.as_posix(), function.qualname or "<module>")
        if name in known:
            continue
        line = _session_line(function)
        if line:
            trains = _optimizes(function)
            yield _block(function, "training" if trains else "session", _SESSION, True, line=line)
        elif _optimizes(function) and plan.tf1_files.runs_sessions(function.module):
            line = min(r.span[0] for r in function.references if _is_optimizer(r.api.name))
            yield _block(function, "training step", _STEP, True, line=line)


def _session_line(function: Function) -> int:
    calls = (r for r in function.references if r.call is not None)
    return min((r.span[0] for r in calls if r.api.name in _SESSIONS), default=0)


def _optimizes(function: Function) -> bool:
    return any(_is_optimizer(r.api.name) for r in function.references)


def _is_optimizer(api: str) -> bool:
    return api.startswith("tf.train.") and api.endswith("Optimizer")


def _pipelines(plan: Plan, read: Mapping[Function, Pipeline]) -> Iterator[Block]:
    for function in plan.program.all():
        pipeline = plan.pipelines.get(function)
        line = _line(function, QUEUES)
        if pipeline is not None:
            yield _block(function, "pipeline", "a tf.data.Dataset", False, line=pipeline.line)
        elif line and _line(function, _FILLING):
            why = "no fit or evaluate reads it" if function in read else "no dataset stands for it"
            yield _block(function, "pipeline", "queues of the session", True, why, line)


#: Of the queues, what makes one; start_queue_runners only starts them.
_FILLING = tuple(api for api in QUEUES if api != "tf.train.start_queue_runners")
