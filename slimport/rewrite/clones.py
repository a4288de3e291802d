"""A block that trains clones of a network becomes a model under a distribution strategy."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.blocks import PLACES, argument, assigned
from slimport.index.clone_checks import nodes_that_go
from slimport.index.clone_loop import OF_CONFIG
from slimport.index.clones import CloneTraining
from slimport.index.model_deploy import CONFIG, CREATE, OPTIMIZE
from slimport.index.pipelines import Pipeline
from slimport.index.walking import walk
from slimport.report.model import Rewritten
from slimport.rewrite.blocks import without_items
from slimport.rewrite.fit import FitBlock
from slimport.rewrite.graph_blocks import Body
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.nodes import is_none
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    Pair,
    apart,
    arguments,
    assignment,
    call_in,
    keyword,
    lines_above,
    on_one_line,
    simple,
    with_comments_of,
    with_lines_only,
    without_blank,
)
from slimport.rewrite.strategies import clone_strategy

CODE, NAME = "SLIM294", "model_deploy"
_OF_CREATE = ("config", "model_fn", "args", "kwargs")
_OF_OPTIMIZE = ("clones", "optimizer", "regularization_losses")
_OF_AVERAGE = ("decay", "num_updates")


class CloneFit(FitBlock):
    """The new statements of a block that trains clones.

    Args:
        training: what the index found.
        services: the file, for names of Keras and of the written module.
        pipeline: the input pipeline of the same function.
        shows: whether the loss writes summaries.
    """

    training: CloneTraining
    _places = PLACES

    def __init__(
        self,
        training: CloneTraining,
        services: FileServices,
        pipeline: Pipeline | None,
        shows: bool,
    ) -> None:
        super().__init__(training, services, pipeline, shows=shows)
        gone = nodes_that_go(training, pipeline)
        self._gone = gone - {id(node) for value in _kept(training) for node in walk(value)}

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of them."""
        yield from super().entries()
        training = self.training
        config = training.deployment.config
        note = "replicas of a strategy, as clones: docs/distribution.md"
        yield Rewritten(config.lineno, f"model_deploy.{CONFIG}", CODE, NAME, note)
        yield Rewritten(training.created.lineno, f"model_deploy.{CREATE}", CODE, NAME)
        yield Rewritten(training.optimized.lineno, f"model_deploy.{OPTIMIZE}", CODE, NAME)

    def _pairs(self, block: Body) -> tuple[list[Pair], list[cst.EmptyLine]]:
        pairs, left = super()._pairs(block)
        return (pairs if self._pipeline is None else self._pipeline.rewritten(pairs)), left

    @property
    def _has_strategy(self) -> bool:
        return True

    def _strategies(self) -> list[cst.BaseStatement]:
        return []  # it stands where the configuration stood

    def _instead(
        self, old: ast.stmt, new: cst.BaseStatement, pairs: Sequence[Pair]
    ) -> list[cst.BaseStatement]:
        training = self.training
        if old is training.deployment.config:
            return with_comments_of([new], [self._strategy_of(new)])
        if old is training.created:
            replaced = [new for old, new in pairs if old in training.of_loss]
            return with_comments_of(replaced, self._making(replaced))
        if old is training.operation:
            found = with_comments_of([new], [self._compile(new)])
        elif old is training.loop:
            return with_comments_of([new], self._fit(new))
        elif isinstance(old, ast.FunctionDef) and training.placed:
            found = [self._anywhere(new)]
        else:
            found = self._schedules.instead(old, pairs) or [self._averaging(new)]
        return [self._in_layer_graph(found)] if old in training.looks_up else found

    def _strategy_of(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        """``strategy = clone_strategy(num_clones=2)``"""
        config = arguments(call_in(statement), OF_CONFIG)
        call = clone_strategy(self.training, self._services, self._new, config)
        return statement.with_changes(body=[assignment(self._strategy, call)])

    def _making(self, of_loss: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """``def build_loss(): ...``, which calls the clones' function, and the model of it."""
        training = self.training
        call = self._clone(of_loss[0])
        first: cst.BaseSmallStatement = cst.Expr(call)
        if training.outputs is not None:
            first = assignment(training.outputs, call)
        shown = [
            self._shown(new)
            for old, new in zip(training.of_loss, of_loss, strict=True)
            if old is not training.created and not _is_outputs(old, training.outputs)
        ]
        total = cst.Call(self._services.written("get_total_loss"))
        definition = cst.FunctionDef(
            cst.Name(self._loss),
            cst.Parameters(),
            cst.IndentedBlock([simple(first), *shown, simple(cst.Return(total))]),
            leading_lines=lines_above(of_loss[0]),
        )
        model = cst.Call(self._services.written("LossModel"), [cst.Arg(cst.Name(self._loss))])
        return [apart(definition), simple(assignment(self._model, model))]

    def _clone(self, created: cst.BaseStatement) -> cst.Call:
        """``clone_fn(batch_queue)``"""
        given = arguments(call_in(created), _OF_CREATE)
        made: list[cst.Arg] = []
        match given.get("args"):
            case cst.List(elements) | cst.Tuple(elements):
                made += [cst.Arg(e.value) for e in elements]
            case cst.BaseExpression() as args if not is_none(args):
                made.append(cst.Arg(args, star="*"))
        kwargs = given.get("kwargs")
        if kwargs is not None and not is_none(kwargs):
            made.append(cst.Arg(kwargs, star="**"))
        return cst.Call(given["model_fn"], on_one_line(made))

    def _shown(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        """A statement of summaries, without the collection they went to and clones' scopes."""
        training = self.training
        kept = training.summaries
        assert kept is not None
        scopes = {name for s in training.gone for name in _scope_of(s)}
        found = statement.visit(_Shown(kept.name, scopes))
        assert isinstance(found, cst.BaseStatement)
        return found

    def _anywhere(self, new: cst.BaseStatement) -> cst.BaseStatement:
        """A function without the devices that the configuration told it."""
        (config,) = assigned([self.training.deployment.config])
        found = new.visit(_Anywhere(config))
        assert isinstance(found, cst.BaseStatement)
        return found

    def _averaging(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        """The statement with the written module's moving averages."""
        averages = self.training.updates.averages
        if averages is None:
            return statement
        name = self._services.written("MovingAverages")
        counts = argument(averages.call, 1, "num_updates") is not None
        found = statement.visit(_Averaging(name, averages.name, counts))
        assert isinstance(found, cst.BaseStatement)
        return found

    def _compile(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        training = self.training
        updates, changes = training.updates, training.changes
        made = [keyword("optimizer", cst.Name(updates.optimizer))]
        optimized = next(s for s in training.gone if training.optimized in walk(s))
        given = arguments(call_in(self._new[id(optimized)]), _OF_OPTIMIZE)
        if "var_list" in given:
            made.append(keyword("variables_to_train", given["var_list"]))
        for name, value in (
            ("clip_gradient_norm", changes.norm),
            ("gradient_multipliers", changes.multipliers),
        ):
            if value is not None:
                made.append(keyword(name, self._changed(value)))
        if not training.checked:
            made.append(keyword("check_numerics", cst.Name("False")))
        if updates.averages is not None:
            made.append(keyword("variable_averages", cst.Name(updates.averages.name)))
            made.append(keyword("variables_to_average", cst.Name(updates.averages.variables)))
        call = cst.Call(dotted(f"{self._model}.compile"), on_one_line(made))
        kept = with_lines_only(statement, without_blank(lines_above(statement)))
        return kept.with_changes(body=[cst.Expr(on_lines(call))])

    def _changed(self, value: ast.expr) -> cst.BaseExpression:
        """The second argument of a statement that changes the gradients."""
        old = next(s for s in self.training.changes.gone if value in walk(s))
        new = self._new[id(old)]
        if isinstance(new, cst.If):
            assert isinstance(new.body, cst.IndentedBlock)
            new = new.body.body[0]
        return call_in(new).args[1].value

    def _summaries(self, given: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
        call = super()._summaries(given)
        assert isinstance(call, cst.Call)
        tags = self.training.tags.items()
        made = [keyword(name, cst.parse_expression(ast.unparse(tag))) for name, tag in tags]
        return on_lines(call.with_changes(args=[*call.args, *made]), 12)


class _Shown(cst.CSTTransformer):
    """Takes summaries out of the collection that they were added to."""

    def __init__(self, name: str, scopes: set[str]) -> None:
        super().__init__()
        self._name, self._scopes = name, scopes

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        match updated_node:
            case cst.Call(
                func=cst.Attribute(value=cst.Name(name), attr=cst.Name("add" | "append"))
            ):
                if name == self._name:
                    return updated_node.args[0].value
        kept = [a for a in updated_node.args if not self._is_scope(a.value)]
        if len(kept) == len(updated_node.args):
            return updated_node
        return updated_node.with_changes(args=on_one_line(kept))

    def _is_scope(self, value: cst.BaseExpression) -> bool:
        return isinstance(value, cst.Name) and value.value in self._scopes


class _Anywhere(cst.CSTTransformer):
    """Takes statements out of ``with tf.device(deploy_config.inputs_device()):``."""

    def __init__(self, config: str) -> None:
        super().__init__()
        self._config = config

    def leave_With(
        self, original_node: cst.With, updated_node: cst.With
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        match updated_node.items:
            case [
                cst.WithItem(cst.Call(args=[cst.Arg(cst.Call(func=cst.Attribute(cst.Name(name))))]))
            ] if name == self._config:
                return without_items(updated_node, [True])
        return updated_node


class _Averaging(cst.CSTTransformer):
    """``averages = MovingAverages(decay)``"""

    def __init__(self, written: cst.BaseExpression, name: str, counts: bool) -> None:
        super().__init__()
        self._written, self._name, self._counts = written, name, counts

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        match updated_node:
            case cst.Assign([cst.AssignTarget(cst.Name(name))], cst.Call() as call):
                if name == self._name:
                    given = [cst.Arg(arguments(call, _OF_AVERAGE)["decay"])]
                    if not self._counts:
                        given.append(keyword("num_updates", cst.Name("False")))
                    return updated_node.with_changes(value=cst.Call(self._written, given))
        return updated_node


def _kept(training: CloneTraining) -> Iterator[ast.expr]:
    """The values that stay of what goes: those that Keras or the strategy is told."""
    yield from training.deployment.given.values()
    yield from (k.value for k in training.optimized.keywords if k.arg == "var_list")
    yield from (v for v in (training.changes.multipliers, training.changes.norm) if v is not None)
    if training.updates.averages is not None:
        yield training.updates.averages.decay
    yield from training.created_call.args[1:]
    yield from (k.value for k in training.created_call.keywords)


def _scope_of(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(_, "clone_scope"))):
            yield name


def _is_outputs(statement: ast.stmt, name: str | None) -> bool:
    match statement:
        case ast.Assign([ast.Name(target)], ast.Attribute(_, "outputs")):
            return target == name
    return False
