"""A block that builds a loss and trains it in slim's loop becomes a model, compile and fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.blocks import DEVICES
from slimport.index.pipelines import Pipeline
from slimport.index.plain_training import PlainTraining
from slimport.index.program import Reference
from slimport.index.run_again import handed_in
from slimport.index.savers import KEPT
from slimport.index.training import Training, nodes_told
from slimport.index.training_summaries import summarizes_gradients
from slimport.report.model import Rewritten
from slimport.rewrite.graph_blocks import Body, with_block
from slimport.rewrite.long_lines import list_of, on_lines, one_a_line
from slimport.rewrite.names import free_name, names_taken
from slimport.rewrite.nodes import nodes_of
from slimport.rewrite.pipelines import Pair, PipelineBlock
from slimport.rewrite.plain_fit import PlainFit
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    BLANK,
    apart,
    arguments,
    assignment,
    below,
    call_in,
    code,
    comments_left,
    flattened,
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
from slimport.rewrite.step_rates import StepSchedules
from slimport.rewrite.strategies import clone_strategy

CODE, NAME = "SLIM290", "fit"
_ALWAYS = cst.Name("True")


class FitBlock:
    """The new statements of one block.

    Args:
        training: what the index found.
        services: the file, for names of Keras and of the written module.
        pipeline: the input pipeline of the same function, if there is one.
        plain: its plain form, if it has one.
        shows: whether the loop writes summaries.
        is_one_call: whether a function of the program gives the loss.
        rate: the summary of the learning rate, if there is one.
        scoped: whether the network's layers are found by scope.
    """

    _places = DEVICES

    def __init__(
        self,
        training: Training,
        services: FileServices,
        pipeline: Pipeline | None = None,
        plain: PlainTraining | None = None,
        scoped: bool = True,
        shows: bool = False,
        is_one_call: bool = False,
        rate: ast.Call | None = None,
    ) -> None:
        self.training = training
        self._services = services
        taken = names_taken(training.function)
        self._model = free_name("model", taken)
        self._log = free_name("training_log", taken)
        self._loss = free_name("build_loss", taken)
        self._steps = free_name("number_of_steps", taken)
        self._init = free_name("init_fn", taken)
        self._strategy = free_name("strategy", taken)
        self._new: dict[int, cst.BaseStatement] = {}
        self._gone = nodes_told(training)
        self._shows = shows
        self._rate = rate
        self._is_one_call = is_one_call
        self._plain = PlainFit(plain, services, taken, scoped) if plain is not None else None
        self._schedules = StepSchedules(training.rates, services, taken)
        self._replaced = [training.operation_call, training.loop_call]
        self._replaced += plain.replaced if plain is not None else []
        whole = plain is not None
        self._pipeline = PipelineBlock(pipeline, services, whole) if pipeline is not None else None

    def replaces(self, reference: Reference) -> bool:
        """Whether a reference goes with the block."""
        return id(reference.node) in self._gone or any(
            reference.call is call for call in self._replaced
        )

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of these calls."""
        for reference in self.training.function.references:
            if reference.call is not None and self.replaces(reference):
                yield Rewritten(reference.span[0], reference.api.name, CODE, NAME)
        yield from self._schedules.entries()

    def rewritten(self, node: cst.FunctionDef) -> cst.FunctionDef:
        """The function with the block's new statements."""
        training = self.training
        body = with_block(node.body, training.function, training.graph, self._block)
        return node.with_changes(body=body)

    def _block(self, block: Body) -> Body:
        training = self.training
        pairs, left = self._pairs(block)
        result: list[cst.BaseStatement] = []
        inside: list[cst.BaseStatement] | None = None
        carried: list[cst.EmptyLine] = []
        for old, new in pairs:
            if self._schedules.goes(old):
                continue
            if old in training.gone:
                carried += comments_left(new)
                continue
            if old in training.of_loss and old is not training.of_loss[0]:
                continue
            first, *rest = self._instead(old, new, pairs)
            made = [_below(carried, first), *rest]
            carried = []
            if old is training.of_loss[0] and self._has_strategy:
                number = next(i for i, s in enumerate(made) if not isinstance(s, cst.FunctionDef))
                result += [*self._strategies(), *made[:number]]
                inside = made[number:]
            else:
                (result if inside is None else inside).extend(made)
            if old is training.operation and inside is not None:
                result.append(apart(below(cst.Call(dotted(f"{self._strategy}.scope")), inside)))
                inside = None
        return block.with_changes(body=result, footer=[*carried, *left, *block.footer])

    def _pairs(self, block: Body) -> tuple[list[Pair], list[cst.EmptyLine]]:
        """The old and the new statements, without devices; and the comments left below them."""
        training = self.training
        outer = training.graph or training.function.node
        assert isinstance(outer, ast.With | ast.FunctionDef)
        pairs = list(zip(outer.body, block.body, strict=True))
        found = flattened(pairs, training.function, self._places)
        self._new = {id(old): new for old, new in found[0]}
        return found

    @property
    def _has_strategy(self) -> bool:
        return bool(self.training.workers)

    def _strategies(self) -> list[cst.BaseStatement]:
        """``strategy = clone_strategy(replica_id=FLAGS.task)``"""
        call = clone_strategy(self.training, self._services, self._new, {})
        return [simple(assignment(self._strategy, call))]

    def _instead(
        self, old: ast.stmt, new: cst.BaseStatement, pairs: Sequence[Pair]
    ) -> list[cst.BaseStatement]:
        """What takes a statement's place; for the first of the loss that of all of these."""
        training = self.training
        replaced = [new]
        if old in training.of_loss:
            inside = [(old, new) for old, new in pairs if old in training.of_loss]
            replaced = [new for _, new in inside]
            if self._pipeline is not None:
                inside = self._pipeline.rewritten(inside)
            if self._plain is not None:
                found = self._plain.making(inside, self._model)
            else:
                found = self._making([new for _, new in inside])
        elif old is training.operation:
            found = [self._compile(new)]
        elif old is training.loop:
            found = self._fit(new)
        else:
            found = self._schedules.instead(old, pairs) or [new]
        if old in training.looks_up and old is not training.loop:
            found = [self._in_layer_graph(found)]
        return with_comments_of(replaced, found)

    def _making(self, of_loss: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """``def build_loss(): ...`` and the model of it."""
        model = self._services.written("LossModel")
        called = self._one_call(of_loss)
        if called is not None:
            made = cst.Call(model, on_one_line([cst.Arg(called.func), *called.args]))
            return [of_loss[0].with_changes(body=[assignment(self._model, made)])]
        end = cst.SimpleStatementLine([cst.Return(cst.Name(self.training.loss.id))])
        lines = lines_above(of_loss[0])
        given = handed_in(self.training)
        definition = cst.FunctionDef(
            cst.Name(self._loss),
            cst.Parameters([cst.Param(cst.Name(name)) for name in given]),
            cst.IndentedBlock([of_loss[0].with_changes(leading_lines=[]), *of_loss[1:], end]),
            leading_lines=[*([] if self._is_first() else [BLANK]), *without_blank(lines)],
        )
        made = cst.Call(model, on_one_line([cst.Arg(cst.Name(n)) for n in (self._loss, *given)]))
        return [definition, apart(simple(assignment(self._model, made)))]

    def _is_first(self) -> bool:
        """Whether nothing of the function stands above the loss: there goes no blank line."""
        training, node = self.training, self.training.function.node
        assert isinstance(node, ast.FunctionDef)
        first = next(s for s in node.body if s not in training.gone)
        return first in (training.of_loss[0], training.graph)

    def _one_call(self, of_loss: Sequence[cst.BaseStatement]) -> cst.Call | None:
        """The call of a function that gives the loss, if it is all there is to it."""
        statement = of_loss[0]
        if not self._is_one_call or not isinstance(statement, cst.SimpleStatementLine):
            return None
        assign = statement.body[0]
        if not isinstance(assign, cst.Assign) or not isinstance(assign.value, cst.Call):
            return None
        is_loss = _is_name(assign.targets[0].target, self.training.loss.id)
        is_plain = isinstance(assign.value.func, cst.Name | cst.Attribute)
        return assign.value if is_loss and is_plain and len(assign.targets) == 1 else None

    def _compile(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        given = arguments(call_in(statement), ("total_loss", "optimizer", "global_step"))
        names = ["optimizer", "variables_to_train", "clip_gradient_norm", "gradient_multipliers"]
        if summarizes_gradients(self.training.operation_call):
            names.append("summarize_gradients")
        kept = [keyword(name, given[name]) for name in names if name in given]
        if self._plain is not None:
            kept.append(keyword("loss", self._plain.loss()))
        call = cst.Call(dotted(f"{self._model}.compile"), on_one_line(kept))
        return statement.with_changes(body=[cst.Expr(on_lines(call))])

    def _fit(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        given = arguments(call_in(statement), ("train_op", "logdir"))
        steps, every = given.get("number_of_steps"), given.get("log_every_n_steps")
        log = cst.Call(self._services.written("LogLoss"), [cst.Arg(every)] if every else [])
        begun: list[cst.BaseStatement] = []
        if self.training.loop in self.training.looks_up and _calls(given.get("init_fn")):
            begun.append(self._in_layer_graph([simple(assignment(self._init, given["init_fn"]))]))
            given["init_fn"] = cst.Name(self._init)
        begun.append(simple(assignment(self._log, log)))
        if steps is not None and _calls(steps):  # asked for twice below
            begun.append(simple(assignment(self._steps, steps)))
            steps = cst.Name(self._steps)
        fit = simple(cst.Expr(self._fit_call(given, steps)))
        statements: list[cst.BaseStatement] = [*begun, fit, *self._with_value(statement)]
        return [with_lines(statements[0], lines_above(statement)), *statements[1:]]

    def _fit_call(
        self, given: Mapping[str, cst.BaseExpression], steps: cst.BaseExpression | None
    ) -> cst.Call:
        saver = self.training.saver
        if saver is not None and saver.statement is not None:
            given = {**given, "saver": call_in(self._new[id(saver.statement)])}
        callbacks: list[cst.BaseExpression] = [self._checkpoints(given)]
        batches = self._plain.batches if self._plain else f"{self._model}.batches"
        made = [cst.Arg(dotted(batches))]
        if steps is not None:
            callbacks.append(cst.Call(self._services.written("StopAtStep"), [cst.Arg(steps)]))
            made.append(keyword("steps_per_epoch", steps))
        never = code(given.get("save_summaries_secs", _ALWAYS)) in ("None", "0")
        if self._shows and not never and not _is_none(given["logdir"]):
            callbacks.append(self._summaries(given))
        callbacks.append(cst.Name(self._log))
        made.append(keyword("callbacks", list_of(callbacks)))
        return one_a_line(cst.Call(dotted(f"{self._model}.fit"), made), 4)

    def _checkpoints(self, given: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
        made = [cst.Arg(given["logdir"])]
        for name in ("init_fn", "save_interval_secs"):
            if not _is_none(given.get(name)):
                made.append(keyword(name, given[name]))
        saver = given.get("saver")
        if isinstance(saver, cst.Call):
            told = arguments(saver, ())
            made += [keyword(name, told[name]) for name in KEPT if name in told]
        call = cst.Call(self._services.written("Checkpoints"), on_one_line(made))
        return on_lines(call, 12)

    def _summaries(self, given: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
        made = [cst.Arg(given["logdir"])]
        if "save_summaries_secs" in given:
            made.append(keyword("save_summaries_secs", given["save_summaries_secs"]))
        tag = self._plain.tag if self._plain is not None else None
        if tag is not None:
            made.append(keyword("loss", tag))
        if self._rate is not None:
            rate = cst.parse_expression(ast.unparse(self._rate.args[0]))
            made.append(keyword("learning_rate", rate))
        return on_lines(cst.Call(self._services.written("Summaries"), on_one_line(made)), 12)

    def _with_value(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """The statement that used what the loop returned: the last loss."""
        assert isinstance(statement, cst.SimpleStatementLine)
        if isinstance(statement.body[0], cst.Expr):
            return []
        return [with_value(statement, dotted(f"{self._log}.loss")).with_changes(leading_lines=[])]

    def _in_layer_graph(self, statements: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
        """``with model.layer_graph():``, for statements that look variables up."""
        return below(cst.Call(dotted(f"{self._model}.layer_graph")), statements)


def _calls(node: cst.BaseExpression | None) -> bool:
    """Whether an expression may do something when it is evaluated."""
    return node is not None and any(nodes_of(node, cst.Call))


def _below(lines: Sequence[cst.EmptyLine], statement: cst.BaseStatement) -> cst.BaseStatement:
    """The statement below what is left above it, with no two blank lines in a row."""
    kept: list[cst.EmptyLine] = []
    for line in (*lines, *lines_above(statement)):
        if line.comment is not None or not kept or kept[-1].comment is not None:
            kept.append(line)
    return with_lines_only(statement, kept) if lines else statement


def _is_name(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_none(value: cst.BaseExpression | None) -> bool:
    return value is None or _is_name(value, "None")
