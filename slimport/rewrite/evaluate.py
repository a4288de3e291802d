"""A block that builds metrics and evaluates checkpoints becomes a model and its evaluate."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.blocks import argument, loaded
from slimport.index.evaluation_block import Evaluation
from slimport.index.evaluation_calls import HOOKS, OF_WAITING, PARAMETERS, RENAMED
from slimport.index.evaluation_summaries import SCALAR
from slimport.index.evaluations import AVERAGES
from slimport.index.pipelines import Pipeline
from slimport.index.program import ColumnMap, Reference, Span
from slimport.index.walking import walk
from slimport.report.model import Rewritten
from slimport.rewrite.graph_blocks import Body, with_block
from slimport.rewrite.log_metrics import log_line
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.names import free_name, names_taken
from slimport.rewrite.pipelines import Pair, PipelineBlock
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    BLANK,
    apart,
    arguments,
    assignment,
    below,
    call_in,
    comments_left,
    keyword,
    lines_above,
    on_one_line,
    simple,
    with_comments_of,
    with_lines,
    with_lines_only,
    with_value,
    without_blank,
)

CODE, NAME = "SLIM292", "evaluate"
_SERVER = "the evaluation runs in this process: a server given as `master` is not asked"
_NUMBERED = (
    "TensorFlow 1 numbered a tag that was the name of an operation, too (accuracy_1); this one is "
    "written as it stands"
)


class EvaluateBlock:
    """The new statements of one block.

    Args:
        evaluation: what the index found.
        services: the file, for names of Keras and of the written module.
        pipeline: the input pipeline of the same function, if there is one.
    """

    def __init__(
        self, evaluation: Evaluation, services: FileServices, pipeline: Pipeline | None = None
    ) -> None:
        self.evaluation = evaluation
        self._services = services
        function = evaluation.function
        taken = names_taken(function)
        self._model = free_name("model", taken)
        self._build = free_name("build_metrics", taken)
        self._values = free_name("metric_values", taken)
        self._writer = free_name("writer", taken)
        self._path = free_name("checkpoint_path", taken)
        self._final = free_name("final_values", taken)
        self._pipeline = PipelineBlock(pipeline, services) if pipeline is not None else None
        self._replaced = set(_replaced(evaluation))
        columns = ColumnMap(function.module.lines)
        calls = {**evaluation.summaries.calls, **dict.fromkeys(evaluation.averages, AVERAGES)}
        self._calls = {columns.span(call): api for call, api in calls.items()}
        self._logs = {s.lineno: metrics for s, metrics in evaluation.measures.logs.items()}

    def replaces(self, reference: Reference) -> bool:
        """Whether a reference goes with the block."""
        return reference.node in self._replaced

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of what goes."""
        for reference in self.evaluation.function.references:
            if self.replaces(reference):
                note = self._note(reference)
                yield Rewritten(reference.span[0], reference.api.name, CODE, NAME, note)

    def _note(self, reference: Reference) -> str:
        """What is to be known of a call that goes."""
        if reference.call is self.evaluation.call:
            master = self.evaluation.given.get("master")
            return "" if master is None or isinstance(master, ast.Constant) else _SERVER
        if reference.call is None or reference.api.name != SCALAR:
            return ""
        tag = argument(reference.call, 0, "name")
        is_scoped = tag is not None and "/" in ast.unparse(tag)
        return "" if is_scoped else _NUMBERED

    def call(self, span: Span, node: cst.Call) -> cst.Call:
        """A call on a metric's value, and one that names moving averages, as it is now."""
        match self._calls.get(span):
            case "tf.summary.scalar":
                return self._scalar(node)
            case "tf.Print":
                return self._print(node)
            case "tf.train.ExponentialMovingAverage":
                return node.with_changes(func=self._services.written("AveragedVariables"))
        return node

    def _scalar(self, node: cst.Call) -> cst.Call:
        given = arguments(node, ("name", "tensor"))
        made = [cst.Arg(given["name"]), cst.Arg(given["tensor"])]
        return node.with_changes(func=self._services.written("write_scalar"), args=made)

    def _print(self, node: cst.Call) -> cst.Call:
        given = arguments(node, ("input_", "data", "message"))
        made = [cst.Arg(given["message"])] if "message" in given else []
        data = given["data"]
        assert isinstance(data, cst.List)
        made += [cst.Arg(element.value) for element in data.elements]
        return node.with_changes(func=cst.Name("print"), args=made)

    def inner(self, lines: Sequence[int], node: cst.IndentedBlock) -> cst.IndentedBlock:
        """A block below the others' statements: its metrics, or what is done with their values."""
        if {*lines} & self._logs.keys():
            body = [made for line, old in zip(lines, node.body, strict=True)
                    for made in self._logged(line, old)]  # fmt: skip
            return node.with_changes(body=body)
        if not {*lines} & {*self.evaluation.summaries.dropped, *self.evaluation.summaries.unnamed}:
            return node
        kept, carried = self._on_values(list(zip(lines, node.body, strict=True)))
        return node.with_changes(body=kept, footer=[*carried, *node.footer])

    def _on_values(
        self, numbered: Sequence[tuple[int, cst.BaseStatement]]
    ) -> tuple[list[cst.BaseStatement], list[cst.EmptyLine]]:
        """Statements on metrics' values, and the comments that were left at their end."""
        kept: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for line, statement in numbered:
            if line in self.evaluation.summaries.dropped:
                carried += comments_left(statement)
                continue
            if line in self.evaluation.summaries.unnamed:
                statement = statement.with_changes(body=[cst.Expr(call_in(statement))])
            kept.append(with_lines(statement, carried))
            carried = []
        return kept, carried

    def rewritten(self, node: cst.FunctionDef) -> cst.FunctionDef:
        """The function with the block's new statements."""
        found = self.evaluation
        body = with_block(node.body, found.function, found.graph, self._block)
        return node.with_changes(body=body)

    def _block(self, block: Body) -> Body:
        found = self.evaluation
        pairs = list(zip(found.block, block.body, strict=True))
        result: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        steps: list[cst.BaseStatement] = []
        restores: list[cst.BaseStatement] = []
        is_made = False
        for old, new in pairs:
            made: list[cst.BaseStatement] = []
            if old in found.gone:
                carried += comments_left(new)
            elif old in found.steps:
                steps.append(with_value(new, dotted(f"{self._model}.step_variable")))
            elif old in found.restores:
                restores.append(new)
            elif old is found.of_metrics[-1]:
                made = self._making(pairs, bool(result))
                is_made = True
            elif old is found.around:
                made = self._evaluating(new, pairs)
            elif old not in found.of_metrics and old not in found.after:
                made = [new]
            if is_made and (steps or restores):
                looked_up = [self._in_layer_graph(restores)] if restores else []
                made, steps, restores = [*made, *steps, *looked_up], [], []
            if made:
                result += [with_lines(made[0], carried), *made[1:]]
                carried = []
        return block.with_changes(body=result, footer=[*carried, *block.footer])

    def _making(self, pairs: Sequence[Pair], is_below: bool) -> list[cst.BaseStatement]:
        """``def build_metrics(): ...`` and the model of it."""
        inside = [(old, new) for old, new in pairs if old in self.evaluation.of_metrics]
        if self._pipeline is not None:
            inside = self._pipeline.rewritten(inside)
        body: list[cst.BaseStatement] = []
        for old, new in inside:
            body += self._logged(old.lineno, new)
        body[0] = with_lines_only(body[0], without_blank(lines_above(body[0])))
        if self.evaluation.returned:
            body.append(simple(cst.Return(_names(self.evaluation.returned))))
        definition = cst.FunctionDef(
            cst.Name(self._build),
            cst.Parameters(),
            cst.IndentedBlock(body),
            leading_lines=[BLANK] if is_below else [],
        )
        model = cst.Call(self._services.written("MetricsModel"), [cst.Arg(cst.Name(self._build))])
        made = [definition, apart(simple(assignment(self._model, model)))]
        if self.evaluation.returned:
            returned = dotted(f"{self._model}.returned")
            made.append(simple(assignment(_names(self.evaluation.returned), returned)))
        return made

    def _logged(self, line: int, new: cst.BaseStatement) -> list[cst.BaseStatement]:
        """A line for each metric of a statement, or the statement if it makes none."""
        metrics = self._logs.get(line)
        if metrics is None:
            return [new]
        lines = [
            log_line(name, metric, node, self._services)
            for metric, (name, node) in zip(metrics, _named(new), strict=True)
        ]
        lines[0] = with_lines_only(lines[0], lines_above(new))
        return with_comments_of([new], lines)

    def _in_layer_graph(self, statements: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
        """``with model.layer_graph():``, for statements that look variables up."""
        return below(cst.Call(dotted(f"{self._model}.layer_graph")), statements)

    # Evaluating -------------------------------------------------------------------------------

    def _evaluating(
        self, around: cst.BaseStatement, pairs: Sequence[Pair]
    ) -> list[cst.BaseStatement]:
        """What takes the place of the statement that evaluates, or of the loop with it."""
        found = self.evaluation
        if found.around is found.statement:
            before, made, after = self._evaluated(around, pairs)
            made = [*before, *made, *after]
            made[0] = with_lines_only(made[0], lines_above(around))
            return with_comments_of([around, *self._old_after(pairs)], made)
        assert isinstance(around, cst.For | cst.While) and isinstance(
            found.around, ast.For | ast.While
        )
        assert isinstance(around.body, cst.IndentedBlock)
        place = found.around.body.index(found.statement)
        statement = around.body.body[place]
        before, made, after = self._evaluated(statement, pairs)
        made = [*made, *after]
        made[0] = with_lines_only(made[0], lines_above(statement))
        made = with_comments_of([statement, *self._old_after(pairs)], made)
        body = [*around.body.body[:place], *made, *around.body.body[place + 1 :]]
        loop = around.with_changes(body=around.body.with_changes(body=body))
        if not before:
            return [loop]
        before[0] = with_lines_only(before[0], lines_above(loop))
        return [*before, with_lines_only(loop, [])]

    def _old_after(self, pairs: Sequence[Pair]) -> list[cst.BaseStatement]:
        return [new for old, new in pairs if old in self.evaluation.after]

    def _evaluated(
        self, statement: cst.BaseStatement, pairs: Sequence[Pair]
    ) -> tuple[list[cst.BaseStatement], list[cst.BaseStatement], list[cst.BaseStatement]]:
        """The new statements: what stands before a loop, what is in its place, what follows."""
        found = self.evaluation
        given = self._given(call_in(statement))
        before, last, after = self._last(statement, given.get("final_op"))
        writer: cst.BaseExpression | None = None
        if SCALAR in found.summaries.calls.values():
            create = self._services.tensorflow("summary.create_file_writer", "tensorflow")
            writer = cst.Call(create, [cst.Arg(given["logdir"])])
            if found.is_repeated:
                before.append(simple(assignment(self._writer, writer)))
                writer = cst.Name(self._writer)
        path = cst.Name(self._path) if found.waits else given["checkpoint"]
        body = [*self._values_of(path, given), *self._used(writer, pairs), *last]
        return before, [self._loop(given, body)] if found.waits else body, after

    def _given(self, call: cst.Call) -> dict[str, cst.BaseExpression]:
        """What the call and its hooks are given, by the names of parameters."""
        found = self.evaluation
        given = arguments(call, PARAMETERS[found.api])
        hooks = given.get("hooks")
        elements = getattr(hooks, "elements", ())
        for kind, hook in zip(found.hooks.values(), elements, strict=True):
            given |= arguments(hook.value, HOOKS[kind])
        names = {**RENAMED, "log_dir": "logdir"}
        return {names.get(name, name): value for name, value in given.items()}

    def _values_of(
        self, path: cst.BaseExpression, given: Mapping[str, cst.BaseExpression]
    ) -> list[cst.BaseStatement]:
        """``model.load_checkpoint(path)``, ``values = model.evaluate(...)``"""
        found = self.evaluation
        restored = [cst.Arg(path)]
        if "variables_to_restore" in found.given:
            restored.append(cst.Arg(given["variables_to_restore"]))
        load = cst.Call(dotted(f"{self._model}.load_checkpoint"), on_one_line(restored))
        made = [cst.Arg(dotted(f"{self._model}.batches"))]
        steps = found.given.get("num_evals", ast.Constant(1))
        if not isinstance(steps, ast.Constant) or steps.value is not None:
            made.append(keyword("steps", given.get("num_evals", cst.Integer("1"))))
        used = self._used_values()
        if used:
            made.append(keyword("return_dict", cst.Name("True")))
        call = on_lines(cst.Call(dotted(f"{self._model}.evaluate"), on_one_line(made)))
        if not used:
            return [simple(cst.Expr(load)), simple(cst.Expr(call))]
        is_map = found.measures.is_map
        name = found.measures.values[0] if is_map else self._values
        lines: list[cst.BaseStatement] = [simple(cst.Expr(load)), simple(assignment(name, call))]
        for metric in found.measures.values:
            if not is_map and metric in used:
                value = cst.parse_expression(f"{self._values}['{metric}']")
                lines.append(simple(assignment(metric, value)))
        return lines

    def _used_values(self) -> set[str]:
        """The metrics whose values something uses."""
        found = self.evaluation
        used = loaded([*found.beside, *found.after])
        if not isinstance(found.statement, ast.Expr):
            used |= loaded(v for k, v in found.given.items() if k == "final_op")
        return used & {*found.measures.values}

    def _used(
        self, writer: cst.BaseExpression | None, pairs: Sequence[Pair]
    ) -> list[cst.BaseStatement]:
        """The statements on metrics' values; those that write stand in the writer's `with`."""
        found = self.evaluation
        pairs = [(old, new) for old, new in pairs if old in found.after]
        writing = [i for i, (old, _) in enumerate(pairs) if found.summaries.is_written(old)]
        numbered = [(old.lineno, new) for old, new in pairs]
        if writer is None or not writing:
            return self._on_values(numbered)[0]
        start, end = writing[0], writing[-1] + 1
        inside, carried = self._on_values(numbered[start:end])
        step = cst.Arg(dotted(f"{self._model}.global_step"))
        opened = cst.With(
            [cst.WithItem(cst.Call(cst.Attribute(writer, cst.Name("as_default")), [step]))],
            cst.IndentedBlock([with_lines_only(inside[0], []), *inside[1:]], footer=carried),
            leading_lines=without_blank(lines_above(inside[0])),
        )
        before, after = self._on_values(numbered[:start])[0], self._on_values(numbered[end:])[0]
        return [*before, opened, *after]

    def _loop(
        self, given: Mapping[str, cst.BaseExpression], body: Sequence[cst.BaseStatement]
    ) -> cst.BaseStatement:
        """``for checkpoint_path in checkpoints_to_evaluate(checkpoint_dir): ...``"""
        made = [cst.Arg(given["checkpoint"])]
        made += [keyword(n, given[n]) for n in OF_WAITING if n in self.evaluation.given]
        call = cst.Call(self._services.written("checkpoints_to_evaluate"), on_one_line(made))
        return cst.For(
            cst.Name(self._path),
            on_lines(call),
            cst.IndentedBlock(list(body)),
        )

    def _last(
        self, statement: cst.BaseStatement, final: cst.BaseExpression | None
    ) -> tuple[list[cst.BaseStatement], list[cst.BaseStatement], list[cst.BaseStatement]]:
        """What the call's value becomes: before the loop, in it, and after it."""
        assert isinstance(statement, cst.SimpleStatementLine)
        small = statement.body[0]
        if isinstance(small, cst.Expr) or final is None:
            return [], [], []
        valued = with_lines_only(with_value(statement, final), [])
        nothing = cst.Name("None")
        if not self.evaluation.waits:
            return [], [], [valued]
        if isinstance(small, cst.Return):
            end = with_lines_only(with_value(statement, cst.Name(self._final)), [])
            begin = simple(assignment(self._final, nothing))
            return [begin], [simple(assignment(self._final, final))], [end]
        assert isinstance(small, cst.Assign)
        is_name = isinstance(small.targets[0].target, cst.Name)
        begun = [with_lines_only(with_value(statement, nothing), [])] if is_name else []
        return begun, [valued], []


def _replaced(evaluation: Evaluation) -> Iterator[ast.AST]:
    """The nodes of references that go."""
    yield evaluation.call.func
    yield from (hook.func for hook in evaluation.hooks)
    for call in (
        *evaluation.measures.calls,
        *evaluation.summaries.calls,
        *evaluation.averages,
    ):
        yield call.func
    gone = [*evaluation.gone, *evaluation.steps, *evaluation.summaries.gone]
    gone += [v for k, v in evaluation.given.items() if k in ("eval_op", "summary_op")]
    for node in gone:
        yield from walk(node)


def _named(statement: cst.BaseStatement) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """The names of the metrics that a statement makes, and their calls."""
    assert isinstance(statement, cst.SimpleStatementLine)
    assign = statement.body[0]
    assert isinstance(assign, cst.Assign)
    target, value = assign.targets[0].target, assign.value
    if isinstance(target, cst.Subscript):
        index = target.slice[0].slice
        assert isinstance(index, cst.Index)
        return [(index.value, value)]
    if isinstance(value, cst.Call) and isinstance(value.args[0].value, cst.Dict):
        value = value.args[0].value
    if isinstance(value, cst.Dict):
        pairs = [e for e in value.elements if isinstance(e, cst.DictElement)]
        return [(pair.key, pair.value) for pair in pairs]
    assert isinstance(target, cst.Tuple)
    name = target.elements[0].value
    assert isinstance(name, cst.Name)
    return [(cst.SimpleString(f"'{name.value}'"), value)]


def _names(names: Sequence[str]) -> cst.BaseExpression:
    if len(names) == 1:
        return cst.Name(names[0])
    return cst.Tuple([cst.Element(cst.Name(name)) for name in names], lpar=[], rpar=[])
