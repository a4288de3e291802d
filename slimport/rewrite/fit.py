"""A block that builds a loss and trains it in slim's loop becomes a model, compile and fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
from libcst import matchers

from slimport.index.pipelines import Pipeline
from slimport.index.program import Reference
from slimport.index.training import Training
from slimport.report.model import Rewritten
from slimport.rewrite.names import free_name, names_in
from slimport.rewrite.pipelines import PipelineBlock
from slimport.rewrite.site import FileServices

CODE, NAME = "SLIM290", "fit"


class FitBlock:
    """The new statements of one block.

    Args:
        training: what the index found.
        services: the file, for names of Keras and of the written module.
        pipeline: the input pipeline of the same function, if there is one.
    """

    def __init__(
        self, training: Training, services: FileServices, pipeline: Pipeline | None = None
    ) -> None:
        self.training = training
        self._services = services
        taken = names_in(training.function.node) | set(training.function.module.scope.bindings)
        self._model = free_name("model", taken)
        self._log = free_name("training_log", taken)
        self._loss = free_name("build_loss", taken)
        self._steps = free_name("number_of_steps", taken)
        self._pipeline = PipelineBlock(pipeline, services) if pipeline is not None else None

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with the block."""
        calls = (self.training.operation_call, self.training.loop_call)
        return any(reference.call is call for call in calls)

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of the two calls."""
        training = self.training
        yield Rewritten(training.operation.lineno, "slim.learning.create_train_op", CODE, NAME)
        yield Rewritten(training.loop.lineno, "slim.learning.train", CODE, NAME)

    def rewritten(self, node: cst.FunctionDef) -> cst.FunctionDef:
        """The function with the block's new statements."""
        body = node.body
        assert isinstance(body, cst.IndentedBlock)
        graph = self.training.graph
        if graph is None:
            return node.with_changes(body=body.with_changes(body=self._block(body.body)))
        position = self.training.function.node.body.index(graph)
        opened = body.body[position]
        assert isinstance(opened, cst.With) and isinstance(opened.body, cst.IndentedBlock)
        inner = self._block(opened.body.body)
        first = inner[0]
        lines = [*opened.leading_lines, *getattr(first, "leading_lines", ())]
        inner[0] = first.with_changes(leading_lines=lines)
        statements = [*body.body[:position], *inner, *body.body[position + 1 :]]
        return node.with_changes(body=body.with_changes(body=statements))

    def _block(self, statements: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        training = self.training
        pairs = list(zip(training.block, statements, strict=True))
        inside = [(old, new) for old, new in pairs if old in training.of_loss]
        of_loss = [new for _, new in inside]
        if self._pipeline is not None:
            of_loss = self._pipeline.rewritten(inside)
        result: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for old, new in pairs:
            if old is training.of_loss[0]:
                found = self._making(of_loss)
            elif old in training.of_loss:
                continue
            elif old in training.gone:
                carried += getattr(new, "leading_lines", ())
                continue
            elif old is training.operation:
                found = [self._compile(new)]
            elif old is training.loop:
                found = self._fit(new)
            else:
                found = [new]
            if old in training.looks_up:
                found = [self._in_layer_graph(found)]
            result += [_with_lines(found[0], carried), *found[1:]]
            carried = []
        return result

    def _making(self, of_loss: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """``def build_loss(): ...`` and the model of it."""
        model = self._services.written("LossModel")
        called = self._one_call(of_loss)
        if called is not None:
            arguments = [cst.Arg(called.func), *called.args]
            made = _assignment(self._model, cst.Call(model, _spaced(arguments)))
            return [_with_lines(made, getattr(of_loss[0], "leading_lines", ()))]
        end = cst.SimpleStatementLine([cst.Return(cst.Name(self.training.loss.id))])
        first, is_first = of_loss[0], self._is_first()
        lines = getattr(first, "leading_lines", ())
        body = [first.with_changes(leading_lines=[]), *of_loss[1:], end]
        blank = cst.EmptyLine(indent=False)
        definition = cst.FunctionDef(
            cst.Name(self._loss),
            cst.Parameters(),
            cst.IndentedBlock(body),
            leading_lines=[*([] if is_first else [blank]), *_without_blank(lines)],
        )
        made = _assignment(self._model, cst.Call(model, [cst.Arg(cst.Name(self._loss))]))
        return [definition, _with_lines(made, [blank])]

    def _is_first(self) -> bool:
        """Whether nothing of the function stands above the loss: there goes no blank line."""
        training, node = self.training, self.training.function.node
        assert isinstance(node, ast.FunctionDef)
        return node.body[0] in (training.of_loss[0], training.graph)

    def _one_call(self, of_loss: Sequence[cst.BaseStatement]) -> cst.Call | None:
        """The call of a function that gives the loss, if it is all there is to it."""
        statement = of_loss[0]
        if len(of_loss) > 1 or not isinstance(statement, cst.SimpleStatementLine):
            return None
        assign = statement.body[0]
        if not isinstance(assign, cst.Assign) or not isinstance(assign.value, cst.Call):
            return None
        is_loss = _is_name(assign.targets[0].target, self.training.loss.id)
        is_plain = isinstance(assign.value.func, cst.Name | cst.Attribute)
        return assign.value if is_loss and is_plain and len(assign.targets) == 1 else None

    def _compile(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        given = _arguments(_call_in(statement), ("total_loss", "optimizer", "global_step"))
        kept = [_argument("optimizer", given["optimizer"])]
        for name in ("variables_to_train", "clip_gradient_norm", "gradient_multipliers"):
            if name in given:
                kept.append(_argument(name, given[name]))
        call = cst.Call(cst.parse_expression(f"{self._model}.compile"), _spaced(kept))
        line = cst.SimpleStatementLine([cst.Expr(call)])
        return _with_lines(line, getattr(statement, "leading_lines", ()))

    def _fit(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        given = _arguments(_call_in(statement), ("train_op", "logdir"))
        steps, every = given.get("number_of_steps"), given.get("log_every_n_steps")
        log = cst.Call(self._services.written("LogLoss"), [cst.Arg(every)] if every else [])
        lines = getattr(statement, "leading_lines", ())
        begun: list[cst.BaseStatement] = [_assignment(self._log, log)]
        if steps is not None and _calls(steps):  # asked for twice below
            begun.append(_assignment(self._steps, steps))
            steps = cst.Name(self._steps)
        begun[0] = _with_lines(begun[0], lines)
        callbacks: list[cst.BaseExpression] = [self._checkpoints(given)]
        if steps is not None:
            stop = self._services.written("StopAtStep")
            callbacks.append(cst.Call(stop, [cst.Arg(steps)]))
        callbacks.append(cst.Name(self._log))
        arguments = [cst.Arg(cst.parse_expression(f"{self._model}.batches"))]
        if steps is not None:
            arguments.append(_argument("steps_per_epoch", steps))
        arguments.append(_argument("callbacks", _list(callbacks)))
        fit = cst.Call(
            cst.parse_expression(f"{self._model}.fit"),
            [a.with_changes(comma=_NEXT_LINE) for a in arguments[:-1]]
            + [arguments[-1].with_changes(comma=_LAST_LINE)],
            whitespace_before_args=_INDENTED,
        )
        return [
            *begun,
            cst.SimpleStatementLine([cst.Expr(fit)]),
            *self._with_value(statement),
        ]

    def _checkpoints(self, given: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
        arguments = [cst.Arg(given["logdir"])]
        for name in ("init_fn", "save_interval_secs"):
            if not _is_none(given.get(name)):
                arguments.append(_argument(name, given[name]))
        saver = given.get("saver")
        if isinstance(saver, cst.Call):
            arguments += [_argument("max_to_keep", a.value) for a in saver.args]
        return _broken(cst.Call(self._services.written("Checkpoints"), _spaced(arguments)))

    def _with_value(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """The statement that used what the loop returned: the last loss."""
        assert isinstance(statement, cst.SimpleStatementLine)
        loss = cst.parse_expression(f"{self._log}.loss")
        small = statement.body[0]
        if isinstance(small, cst.Expr):
            return []
        assert isinstance(small, cst.Return | cst.Assign)
        return [statement.with_changes(body=[small.with_changes(value=loss)], leading_lines=[])]

    def _in_layer_graph(self, statements: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
        """``with model.layer_graph():``, for statements that look variables up."""
        opened = cst.parse_expression(f"{self._model}.layer_graph()")
        lines = getattr(statements[0], "leading_lines", ())
        body = [statements[0].with_changes(leading_lines=[]), *statements[1:]]
        return cst.With([cst.WithItem(opened)], cst.IndentedBlock(body), leading_lines=lines)


def _without_blank(lines: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    """The lines above a statement without a blank one at their start."""
    return lines[1:] if lines and lines[0].comment is None else lines


_WIDTH = 72
_INDENTED = cst.ParenthesizedWhitespace(
    indent=True, last_line=cst.SimpleWhitespace("    "), first_line=cst.TrailingWhitespace()
)
_NEXT_LINE = cst.Comma(whitespace_after=_INDENTED)
_LAST_LINE = cst.Comma(whitespace_after=cst.ParenthesizedWhitespace(indent=True))


def _broken(call: cst.Call) -> cst.Call:
    """A call in a list of callbacks, an argument a line where it would be long."""
    if len(cst.Module([]).code_for_node(call)) <= _WIDTH:
        return call
    inner, outer = _new_line(12), _new_line(8)
    commas = [*[cst.Comma(whitespace_after=inner)] * (len(call.args) - 1)]
    commas.append(cst.Comma(whitespace_after=outer))
    arguments = [a.with_changes(comma=c) for a, c in zip(call.args, commas, strict=True)]
    return call.with_changes(args=arguments, whitespace_before_args=inner)


def _new_line(columns: int) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(" " * columns))


def _list(elements: Sequence[cst.BaseExpression]) -> cst.List:
    """A list, an element a line where it would be long."""
    line = cst.List([cst.Element(element) for element in elements])
    if len(cst.Module([]).code_for_node(line)) <= _WIDTH:
        return line
    inner, outer = _new_line(8), _new_line(4)
    between, last = cst.Comma(whitespace_after=inner), cst.Comma(whitespace_after=outer)
    commas = [*[between] * (len(elements) - 1), last]
    return cst.List(
        [cst.Element(e, comma=comma) for e, comma in zip(elements, commas, strict=True)],
        lbracket=cst.LeftSquareBracket(whitespace_after=inner),
    )


def _call_in(statement: cst.BaseStatement) -> cst.Call:
    assert isinstance(statement, cst.SimpleStatementLine)
    value = getattr(statement.body[0], "value", None)
    assert isinstance(value, cst.Call)
    return value


def _arguments(call: cst.Call, positional: Sequence[str]) -> dict[str, cst.BaseExpression]:
    names = iter(positional)
    return {a.keyword.value if a.keyword else next(names): a.value for a in call.args}


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, cst.Name(name), equal=equal)


def _spaced(arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments on one line."""
    plain = [a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in arguments]
    return [a.with_changes(whitespace_after_arg=cst.SimpleWhitespace("")) for a in plain]


def _assignment(name: str, value: cst.BaseExpression) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])


def _with_lines(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    own = getattr(statement, "leading_lines", ())
    return statement.with_changes(leading_lines=[*lines, *own])


def _calls(node: cst.BaseExpression) -> bool:
    """Whether an expression may do something when it is evaluated."""
    return bool(matchers.findall(node, matchers.Call()))


def _is_name(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_none(value: cst.BaseExpression | None) -> bool:
    return value is None or (isinstance(value, cst.Name) and value.value == "None")
