"""Programs that evaluate checkpoints: which statements measure a batch, and which stand beside."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import (
    assigned,
    called,
    leave_it,
    loaded,
    on_lines_of_their_own,
    references_in,
    value_of,
)
from slimport.index.evaluation_summaries import Stays, Summaries, summaries_in
from slimport.index.global_steps import STEPS, is_step
from slimport.index.metric_calls import METRIC_APIS, MetricCall, metric_call
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.told_apart import NEEDS_A_GRAPH, is_run_on_request
from slimport.index.training import TRAIN, block_of, looks_up, makes_tensors

ONCE, LOOP = "slim.evaluation.evaluate_once", "slim.evaluation.evaluation_loop"
AVERAGES = "tf.train.ExponentialMovingAverage"
AGGREGATES = tuple(f"{home}.metrics.aggregate_metric_map" for home in ("slim", "tf.contrib"))
_MERGE_ALL, _MERGE = "tf.summary.merge_all", "tf.summary.merge"
# Lists of all variables, which is what is restored anyway.
_EVERYTHING = (
    "slim.get_model_variables", "slim.get_variables", "slim.get_variables_to_restore",
    "tf.all_variables", "tf.global_variables",
)  # fmt: skip
_COMMON = "master checkpoint logdir num_evals initial_op initial_op_feed_dict"
_FEEDS = "eval_op eval_op_feed_dict final_op final_op_feed_dict summary_op summary_op_feed_dict"
PARAMETERS = {
    ONCE: f"{_COMMON} {_FEEDS} variables_to_restore session_config hooks".split(),
    LOOP: (
        f"{_COMMON} init_fn {_FEEDS} variables_to_restore eval_interval_secs "
        "max_number_of_evaluations session_config timeout timeout_fn hooks"
    ).split(),
}
# What a loop is given for the checkpoints that it waits for.
OF_WAITING = ("eval_interval_secs", "max_number_of_evaluations", "timeout", "timeout_fn")
_KNOWN = {
    "master", "checkpoint", "logdir", "num_evals", "eval_op", "final_op", "summary_op",
    "variables_to_restore", *OF_WAITING,
}  # fmt: skip
_NONE_SAYS = ("num_evals", "summary_op")  # all batches, no summaries
_COUNTING = ("num_evals", *OF_WAITING)


@dataclass(frozen=True, eq=False)
class Measure:
    """A statement that makes metrics.

    Attributes:
        statement: The statement.
        call: Its call.
        value: The name of the metric's value, or of all values by their names.
        update: The name of the update, or of all updates.
        metrics: The metrics in order.
        is_map: Whether it is slim.metrics.aggregate_metric_map.
    """

    statement: ast.stmt
    call: ast.Call
    value: str
    update: str
    metrics: Sequence[MetricCall]
    is_map: bool


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A block of code that builds metrics and evaluates checkpoints.

    Attributes:
        function: The function that holds the block.
        graph: The ``with tf.Graph().as_default():`` around it, if any.
        block: Its statements.
        of_metrics: Those that build the metrics.
        measures: Those among them that make one.
        after: Those that use the values of metrics, before the evaluation.
        summaries: What these write.
        steps: Those that name the global step, where something is restored to it.
        restores: Those that look up what is to be restored.
        gone: Those that nothing needs any more.
        statement: The statement that evaluates.
        call: Its call.
        given: The call's arguments by the names of parameters.
        loops: Whether it goes on with the next checkpoint.
        returned: Names that the evaluation takes from among the statements that build the metrics.
        averages: Calls that name moving averages to restore.
    """

    function: Function
    graph: ast.With | None
    block: list[ast.stmt]
    of_metrics: list[ast.stmt]
    measures: list[Measure]
    after: list[ast.stmt]
    summaries: Summaries
    steps: list[ast.stmt]
    restores: list[ast.stmt]
    gone: list[ast.stmt]
    statement: ast.stmt
    call: ast.Call
    given: Mapping[str, ast.expr]
    loops: bool
    returned: list[str]
    averages: list[ast.Call]

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        assert isinstance(self.function.node, ast.FunctionDef)
        return self.function.node.lineno

    @property
    def restores_everything(self) -> bool:
        """Whether nothing is said of what is restored, or that it is every variable."""
        return "variables_to_restore" not in self.given

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while a batch is measured."""
        start = {f for s in self.of_metrics for f in called(s, self.function, program)}
        return closure_of(start, callees)


def evaluations(
    program: Program, read: Mapping[Function, Pipeline]
) -> tuple[dict[Function, Evaluation], dict[Function, str]]:
    """The functions that evaluate and can be told apart, and why the others can not.

    Args:
        program: The index.
        read: The input pipelines that need no queues.
    """
    found, stays = {}, {}
    for function in program.all():
        calls = [r for r in function.references if r.api.name in PARAMETERS and r.call is not None]
        if not calls:
            continue
        try:
            found[function] = _Reading(function, calls, program, read).evaluation()
        except Stays as reason:
            stays[function] = str(reason)
    return found, stays


class _Reading:
    def __init__(
        self,
        function: Function,
        calls: Sequence[Reference],
        program: Program,
        read: Mapping[Function, Pipeline],
    ) -> None:
        if len(calls) > 1 or not isinstance(function.node, ast.FunctionDef):
            raise Stays("it is one of several, or of no function")
        if any(r.api.name == TRAIN for r in function.references):
            raise Stays("the function trains, too")
        self._function, self._program, self._read = function, program, read
        self._api = calls[0].api.name
        self._call = calls[0].call
        assert self._call is not None
        self._graph, self._block = block_of(function.node.body, calls[0], function)
        self._statement = self._found(self._block)
        self._before = self._block[: self._block.index(self._statement)]
        self._given = self._arguments()
        self._measures = [m for s in self._before if (m := self._measure(s)) is not None]
        self._values = {m.value for m in self._measures}
        self._updates = {m.update for m in self._measures}
        self._of_metrics: list[ast.stmt] = []
        self._after: list[ast.stmt] = []
        self._restores: list[ast.stmt] = []
        self._gone: list[ast.stmt] = []

    def _found(self, block: Sequence[ast.stmt]) -> ast.stmt:
        for statement in block:
            match statement:
                case ast.Expr(value) | ast.Return(value) | ast.Assign([_], value):
                    if value is self._call:
                        return statement
        raise Stays("it does not stand alone in the function")

    def _arguments(self) -> dict[str, ast.expr]:
        """The call's arguments that say something."""
        names, call = PARAMETERS[self._api], self._call
        assert call is not None
        if any(isinstance(a, ast.Starred) for a in call.args) or len(call.args) > len(names):
            raise Stays("arguments are unpacked")
        given = dict(zip(names, call.args, strict=False))
        for keyword in call.keywords:
            name = keyword.arg or ""
            given["checkpoint" if name in ("checkpoint_path", "checkpoint_dir") else name] = (
                keyword.value
            )
        for name, value in list(given.items()):
            if name not in _KNOWN:
                if not _is_none(value) and not (name == "hooks" and _is_empty(value)):
                    raise Stays(f"it is given {name}")
                del given[name]
        if not {"checkpoint", "eval_op"} <= given.keys():
            raise Stays("it is given no eval_op")
        return {k: v for k, v in given.items() if k in _NONE_SAYS or not _is_none(v)}

    def _measure(self, statement: ast.stmt) -> Measure | None:
        """``value, update = slim.metrics.streaming_mean(x)``, or a map of such."""
        match statement:
            case ast.Assign([ast.Tuple([ast.Name(value), ast.Name(update)])], ast.Call() as call):
                pass
            case _:
                return None
        if self._api_of(call) in AGGREGATES:
            match call:
                case ast.Call(args=[ast.Dict(keys, values)], keywords=[]):
                    found = [metric_call(node, self._function) for node in values]
                case _:
                    raise Stays("the metrics are not told in one dictionary")
            metrics = [metric for metric in found if metric is not None]
            if len(metrics) < len(found) or not all(keys) or not keys:
                raise Stays("a metric has no equal among Keras' metrics")
            return Measure(statement, call, value, update, metrics, True)
        metric = metric_call(call, self._function)
        return Measure(statement, call, value, update, [metric], False) if metric else None

    def evaluation(self) -> Evaluation:
        """What was found.

        Raises:
            Stays: If the block cannot be told apart.
        """
        if not self._measures:
            raise Stays("there are no metrics that Keras has, too")
        maps = [m for m in self._measures if m.is_map]
        if maps and len(self._measures) > 1:
            raise Stays("there are several kinds of metrics")
        if len(self._values | self._updates) < 2 * len(self._measures):
            raise Stays("a name stands for several metrics")
        self._sort()
        self._drop_everything()
        self._check_names()
        self._check_eval_op()
        summaries = self._summaries()
        self._check_inside()
        returned = loaded(v for k, v in self._given.items() if k in _COUNTING)
        assert self._call is not None
        return Evaluation(
            function=self._function,
            graph=self._graph,
            block=self._block,
            of_metrics=self._of_metrics,
            measures=self._measures,
            after=self._after,
            summaries=summaries,
            steps=self._used_steps(),
            restores=self._restores,
            gone=[s for s in self._gone if s not in self._used_steps()],
            statement=self._statement,
            call=self._call,
            given=self._given,
            loops=self._api == LOOP,
            returned=sorted(returned & assigned(self._of_metrics)),
            averages=[
                r.call for r in self._function.references if r.api.name == AVERAGES and r.call
            ],
        )

    # Which statement is what ------------------------------------------------------------------

    def _sort(self) -> None:
        """Tells the statements before the evaluation apart."""
        pipeline = self._read.get(self._function)
        prepared = pipeline.between if pipeline is not None else []
        made: set[str] = set()
        late, restored = set(self._values), set[str]()
        for statement in self._before:
            used, bound = loaded([statement]), assigned([statement])
            if self._is_step(statement) or self._is_merging(statement):
                self._gone.append(statement)
            elif used & late:
                if used & (made - late) or statement in prepared:
                    raise Stays("a statement uses tensors, and the value of a metric")
                self._after.append(statement)
                late |= bound
            elif used & self._updates:
                self._gone.append(statement)  # a name for what eval_op is: see there
            elif self._is_restoring(statement) or used & restored:
                self._restores.append(statement)
                restored |= bound
            elif self._makes_tensors(statement) or used & made or statement in prepared:
                self._of_metrics.append(statement)
                made |= bound - self._values - self._updates

    def _is_step(self, statement: ast.stmt) -> bool:
        alone = isinstance(statement, ast.Expr) and self._api_of(statement.value) in STEPS
        return alone or is_step(statement, self._function)

    def _is_merging(self, statement: ast.stmt) -> bool:
        """``summary_op = tf.summary.merge_all()``, or the list that is merged."""
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call() as call):
                op = self._given.get("summary_op")
                merges = self._api_of(call) in (_MERGE_ALL, _MERGE)
                return merges and isinstance(op, ast.Name) and op.id == name
            case ast.Assign([ast.Name(name)], ast.List([])):
                return name in self._lists()
        return False

    def _is_restoring(self, statement: ast.stmt) -> bool:
        if looks_up(statement, self._function, self._program):
            return True
        return any(r.api.name == AVERAGES for r in references_in(statement, self._function))

    def _makes_tensors(self, statement: ast.stmt) -> bool:
        return makes_tensors(statement, self._function, self._program)

    def _drop_everything(self) -> None:
        """Forgets what is to be restored where that is every variable."""
        node = self._given.get("variables_to_restore")
        if isinstance(node, ast.Name):
            only = self._restores[0] if len(self._restores) == 1 else None
            value = only.value if isinstance(only, ast.Assign) else None
            if self._is_everything(value) and node.id in assigned(self._restores):
                del self._given["variables_to_restore"]
                self._gone += self._restores
                self._restores = []
        elif self._is_everything(node):
            del self._given["variables_to_restore"]
        elif node is not None:
            raise Stays("variables_to_restore has no name")

    def _is_everything(self, node: ast.expr | None) -> bool:
        """Whether an expression lists all variables; a checkpoint has to have them anyway."""
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            return False
        return self._api_of(node) in _EVERYTHING

    def _used_steps(self) -> list[ast.stmt]:
        """The statements that name the global step, where something is restored to it."""
        used = loaded(self._restores)
        return [s for s in self._gone if assigned([s]) & used and self._is_step(s)]

    # Whether all may take its new place -------------------------------------------------------

    def _check_names(self) -> None:
        """Whether what is built, looked up and gone is used where it will be, and there alone."""
        node, inside = self._function.node, self._of_metrics
        assert isinstance(node, ast.FunctionDef)
        if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(self._block):
            raise Stays("two statements share a line")
        if leave_it(inside) or leave_it(self._after) or leave_it(self._restores):
            raise Stays("statements that build the metrics leave the function")
        moved = [*inside, *self._after, *self._restores, *self._gone]
        outer = [s for s in node.body if s is not self._graph]
        beside = [s for s in {*self._block, *outer} if s not in moved and s is not self._statement]
        early = [s for s in beside if s.lineno < self._statement.lineno]
        counting = [v for k, v in self._given.items() if k in _COUNTING]
        others = [v for k, v in self._given.items() if k not in _COUNTING]
        own = self._values | self._updates
        made = assigned(inside) - own
        if (loaded(beside) | loaded(others) | loaded(self._restores)) & made:
            raise Stays("what builds the metrics is used beside them")
        if loaded(counting) & (own | assigned(self._after)):
            raise Stays("the number of batches depends on a metric")
        hidden = assigned(self._gone) | assigned(self._restores) | self._updates
        shown = loaded(self._after) - self._lists()  # of what is put there `summaries_in` tells
        if (loaded([*beside, *inside]) | shown) & hidden:
            raise Stays("the global step, or what is restored, is used elsewhere")
        if assigned(early) & (made | own | hidden | assigned(self._after)):
            raise Stays("a name is used twice")
        for statement in inside:
            later = [s for s in self._block if s.lineno > statement.lineno and s not in inside]
            if loaded([statement]) & assigned(later):
                raise Stays("a value changes after the metrics are built of it")
        for statement in beside:
            late = statement not in early and loaded([statement]) & own
            if late and references_in(statement, self._function):
                raise Stays("the value of a metric is used after the evaluation")

    def _check_eval_op(self) -> None:
        """Whether what runs with each batch is every update, and nothing else."""
        aliases = {
            s.targets[0].id: s.value
            for s in self._gone
            if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
        }
        names = self._updates_in(self._given["eval_op"], aliases)
        if names != self._updates:
            raise Stays("eval_op is not the updates of all metrics")
        known = loaded([self._given["eval_op"]])
        for statement in self._gone:
            used = loaded([statement]) & self._updates
            if used and not (isinstance(statement, ast.Assign) and assigned([statement]) <= known):
                raise Stays("an update is used beside eval_op")
        final = self._given.get("final_op")
        if final is not None and references_in(final, self._function):
            raise Stays("final_op runs more than metrics")
        if final is not None and not loaded([final]) & (self._values | assigned(self._after)):
            raise Stays("final_op runs more than metrics")
        if final is None and not isinstance(self._statement, ast.Expr):
            raise Stays("its value is used, and there is no final_op")

    def _updates_in(self, node: ast.expr, aliases: Mapping[str, ast.expr]) -> set[str]:
        """The names of the updates that an expression stands for."""
        match node:
            case ast.Name(name) if name in self._updates:
                return {name}
            case ast.Name(name) if name in aliases and loaded([aliases[name]]) & self._updates:
                return self._updates_in(aliases[name], {})
            case ast.List(parts) | ast.Tuple(parts) if parts:
                return set[str]().union(*(self._updates_in(part, aliases) for part in parts))
            case ast.Starred(value):
                return self._updates_in(value, aliases)
            case ast.Call(ast.Name("list" | "tuple"), [value], []):
                return self._updates_in(value, aliases)
            case ast.Call(ast.Attribute(ast.Name() as name, "values" | "itervalues"), [], []):
                return self._updates_in(name, {})
            case ast.Call(ast.Attribute(ast.Name("six"), "itervalues" | "values"), [name], []):
                return self._updates_in(name, {})
            case ast.Call(args=parts, keywords=[]) if self._api_of(node) == "tf.group" and parts:
                return set[str]().union(*(self._updates_in(part, aliases) for part in parts))
        raise Stays("eval_op is not the updates of all metrics")

    def _lists(self) -> set[str]:
        """Lists of summaries that are merged for the evaluation to write."""
        calls = [r.call for r in self._function.references if r.api.name == _MERGE and r.call]
        return {c.args[0].id for c in calls if len(c.args) == 1 and isinstance(c.args[0], ast.Name)}

    def _summaries(self) -> Summaries:
        op = self._given.get("summary_op")
        if isinstance(op, ast.Name):
            named = [s for s in self._gone if assigned([s]) == {op.id}]
            op = value_of(named[0]) if len(named) == 1 else op
        merges = {_MERGE_ALL: "all", _MERGE: "lists"}.get(self._api_of(op), "") if op else "all"
        if op is not None and not merges and not _is_none(op):
            raise Stays("summary_op is not all summaries")
        lists = self._lists() if merges == "lists" else set()
        begun = [s for s in self._gone if isinstance(getattr(s, "value", None), ast.List)]
        if merges == "lists" and (len(lists) != 1 or not lists <= assigned(begun)):
            raise Stays("summary_op is not all summaries")
        found = summaries_in(self._after, self._function, lists, merges)
        if self._api == LOOP and any(_is_counted(s, found) for s in self._after):
            raise Stays("a statement on the values of metrics runs once")
        if found.calls and "logdir" not in self._given:
            raise Stays("there is no folder for its summaries")
        return found

    def _check_inside(self) -> None:
        """Whether nothing that runs needs a graph, or looks into the evaluation."""
        start = {f for s in self._of_metrics for f in called(s, self._function, self._program)}
        reached = closure_of(start, callees) - {self._function}
        own = {m.call for measure in self._measures for m in measure.metrics}
        own |= {measure.call for measure in self._measures}
        for function in reached:
            self._check_references(function, _INSIDE)
        code = [*self._block, *(f.node for f in reached)]
        if any(is_run_on_request(node) for part in code for node in ast.walk(part)):
            raise Stays("something is assigned, or read, where a session asks for it")
        moved = {n for s in [*self._after, *self._restores, *self._gone] for n in ast.walk(s)}
        moved |= {n for v in self._given.values() for n in ast.walk(v)}
        kept = [r for r in self._function.references if r.node not in moved]
        for reference in kept:
            api = reference.api.name
            if api.startswith(METRIC_APIS) and reference.call not in own:
                raise Stays(f"{api} is no metric that is evaluated")
        self._check_references(self._function, _INSIDE, moved | {c.func for c in own})
        beside = [s for s in self._block if s not in self._of_metrics]
        others = {f for s in beside for f in called(s, self._function, self._program)}
        for function in closure_of(others, callees) - reached:
            self._check_references(function, NEEDS_A_GRAPH)

    def _check_references(
        self, function: Function, apis: tuple[str, ...], besides: set[ast.AST] | None = None
    ) -> None:
        pipeline = self._read.get(function)
        for reference in function.references:
            if pipeline is not None and pipeline.belongs(reference):
                continue
            if besides is not None and reference.node in besides:
                continue
            if reference.api.name.startswith(apis):
                raise Stays(f"{reference.api.name} needs a graph with sessions")

    def _api_of(self, node: ast.AST | None) -> str:
        found = (r.api.name for r in self._function.references if r.call is node)
        return next(found, "") if node is not None else ""


# What a function that measures batches again and again has no place for.
_INSIDE = (
    *NEEDS_A_GRAPH, *METRIC_APIS, "slim.summaries.", "slim.summarize_", "tf.Variable", "tf.assign",
    "tf.local_variables", "tf.summary.", "tf.train.get_", "slim.get_or_create_global_step",
    "slim.create_global_step", "slim.get_global_step", "slim.local_variable", "tf.Print",
)  # fmt: skip


def _is_counted(statement: ast.stmt, summaries: Summaries) -> bool:
    """Whether it matters how often a statement runs."""
    known = {*summaries.calls, *summaries.gone}
    return any(
        isinstance(node, ast.AugAssign | ast.Delete)
        or (isinstance(getattr(node, "ctx", None), ast.Store) and not isinstance(node, ast.Name))
        or (isinstance(node, ast.Expr) and node.value not in known)
        for node in ast.walk(statement)
    )


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
