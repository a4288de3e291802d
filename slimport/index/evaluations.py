"""Programs that evaluate checkpoints: which statements measure a batch, and which stand beside."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from slimport.index.blocks import argument, assigned, loaded, references_in, value_of
from slimport.index.evaluation_block import Evaluation
from slimport.index.evaluation_calls import CONFIGURATION, COUNTING, PARAMETERS, WAITING, given_to
from slimport.index.evaluation_checks import check
from slimport.index.evaluation_summaries import Summaries, summaries_in
from slimport.index.global_steps import STEPS, is_step
from slimport.index.lines import Lines
from slimport.index.measures import measures_in
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, Reference
from slimport.index.session_configs import configuring
from slimport.index.stays import Stays
from slimport.index.training import TRAIN, block_of, looks_up, makes_tensors
from slimport.index.unclear import check_clear
from slimport.index.walking import walk

AVERAGES = "tf.train.ExponentialMovingAverage"
_MERGE_ALL, _MERGE = "tf.summary.merge_all", "tf.summary.merge"
# Lists of all variables, which is what is restored anyway.
_EVERYTHING = (
    "slim.get_model_variables", "slim.get_variables", "slim.get_variables_to_restore",
    "tf.all_variables", "tf.global_variables",
)  # fmt: skip


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
            check_clear(function)
            found[function] = _Reading(function, calls, program, read).evaluation()
        except Stays as reason:
            stays[function] = reason.with_line
    return found, stays


class _Reading:
    """Tells the statements of a block apart; raises `Stays` where it cannot."""

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
        call = calls[0].call
        assert call is not None
        self._function, self._program, self._read = function, program, read
        self._api, self._call = calls[0].api.name, call
        self._graph, self._block = block_of(function.node.body, calls[0], function)
        self._around, self._statement = self._found(self._block)
        self._before = self._block[: self._block.index(self._around)]
        self._given, self._hooks = given_to(self._api, call, self._api_of)
        self._measures = measures_in(self._before, function)
        self._of_metrics: list[ast.stmt] = []
        self._after: list[ast.stmt] = []
        self._restores: list[ast.stmt] = []
        self._gone: list[ast.stmt] = self._configuring()

    def evaluation(self) -> Evaluation:
        """What was found."""
        self._sort()
        if not self._of_metrics:
            raise Stays("nothing builds tensors")
        self._drop_everything()
        steps = self._used_steps()
        found = Evaluation(
            function=self._function,
            graph=self._graph,
            block=self._block,
            of_metrics=self._of_metrics,
            measures=self._measures,
            after=self._after,
            summaries=self._summaries(),
            steps=steps,
            restores=self._restores,
            gone=[s for s in self._gone if s not in steps],
            around=self._around,
            statement=self._statement,
            call=self._call,
            given=self._given,
            api=self._api,
            hooks=self._hooks,
            waits=self._api in WAITING,
            returned=sorted(self._returned()),
            averages=[
                r.call for r in self._function.references if r.api.name == AVERAGES and r.call
            ],
        )
        check(found, self._program, self._read)
        if found.is_repeated and any(_is_counted(s, found.summaries) for s in self._after):
            raise Stays("a statement on the values of metrics runs once")
        return found

    def _configuring(self) -> list[ast.stmt]:
        """The statements that only configure the session."""
        named = (argument(self._call, 99, name) for name in CONFIGURATION)
        given = next((node for node in named if node is not None), None)
        return configuring(given, Lines(self._before, self._function, self._program))

    def _found(self, block: Sequence[ast.stmt]) -> tuple[ast.stmt, ast.stmt]:
        """The statement of the block that is, or loops over, the one that evaluates; and this."""
        for statement in block:
            loop = statement if isinstance(statement, ast.For | ast.While) else None
            for inner in [statement] if loop is None or loop.orelse else loop.body:
                match inner:
                    case ast.Expr(value) | ast.Return(value) | ast.Assign([_], value):
                        if value is self._call:
                            return statement, inner
        raise Stays("it does not stand alone in the function")

    def _sort(self) -> None:
        """Tells the statements before the evaluation apart."""
        pipeline = self._read.get(self._function)
        prepared = pipeline.between if pipeline is not None else []
        made: set[str] = set()
        values, updates = {*self._measures.values}, {*self._measures.updates}
        late, restored = set(values), set[str]()
        for statement in self._before:
            used, bound = loaded([statement]), assigned([statement])
            if statement in self._gone:
                continue
            if self._is_step(statement) or self._hands_on(statement):
                self._gone.append(statement)
            elif used & late:
                if used & (made - late) or statement in prepared:
                    raise Stays("a statement uses tensors, and the value of a metric")
                self._after.append(statement)
                late |= bound
            elif used & updates:
                self._gone.append(statement)  # a name for what eval_op is: `check` asks for it
            elif self._is_restoring(statement) or used & restored:
                self._restores.append(statement)
                restored |= bound
            elif self._builds(statement) or used & made or statement in prepared:
                self._of_metrics.append(statement)
                made |= bound - values - updates

    def _builds(self, statement: ast.stmt) -> bool:
        makes = makes_tensors(statement, self._function, self._program)
        return makes or any(node in self._measures.logs for node in walk(statement))

    def _is_step(self, statement: ast.stmt) -> bool:
        alone = isinstance(statement, ast.Expr) and self._api_of(statement.value) in STEPS
        return alone or is_step(statement, self._function)

    def _hands_on(self, statement: ast.stmt) -> bool:
        """``summary_op = tf.summary.merge_all()``, the list that is merged, a map of metrics."""
        if statement in self._measures.gone:
            return True
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

    def _used_steps(self) -> list[ast.stmt]:
        """The statements that name the global step, where something is restored to it."""
        used = loaded(self._restores)
        return [s for s in self._gone if assigned([s]) & used and self._is_step(s)]

    def _returned(self) -> set[str]:
        counting = loaded(v for k, v in self._given.items() if k in COUNTING)
        return counting & assigned(self._of_metrics)

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
        if op is not None and not merges and getattr(op, "value", 0) is not None:
            raise Stays("summary_op is not all summaries")
        lists = self._lists() if merges == "lists" else set()
        begun = [s for s in self._gone if isinstance(getattr(s, "value", None), ast.List)]
        if merges == "lists" and (len(lists) != 1 or not lists <= assigned(begun)):
            raise Stays("summary_op is not all summaries")
        found = summaries_in(self._after, self._function, lists, merges)
        if found.calls and "logdir" not in self._given:
            raise Stays("there is no folder for its summaries")
        return found

    def _api_of(self, node: ast.AST | None) -> str:
        found = (r.api.name for r in self._function.references if r.call is node)
        return next(found, "") if node is not None else ""


def _is_counted(statement: ast.stmt, summaries: Summaries) -> bool:
    """Whether it matters how often a statement runs."""
    known = {*summaries.calls, *summaries.gone}
    nodes: Iterable[ast.AST] = walk(statement)
    return any(
        isinstance(node, ast.AugAssign | ast.Delete)
        or (isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Expr) and node.value not in known)
        for node in nodes
    )
