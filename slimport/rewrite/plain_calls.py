"""Layer calls of functions that take the plain form: `slimport.rewrite.plan` has decided which."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cached_property

import libcst as cst

from slimport import slim_api
from slimport.index.closed import LayerCall
from slimport.index.modules import Module
from slimport.index.names import Scope
from slimport.index.program import Function, Reference
from slimport.index.walking import all_of
from slimport.rewrite.blocks import local_names, on_one_line, unchained, without_items
from slimport.rewrite.factories import Factory
from slimport.rewrite.outcomes import Outcomes
from slimport.rewrite.plain import PlainCall, Step
from slimport.rewrite.plain_norm import dictionary
from slimport.rewrite.plan import Plan
from slimport.rewrite.references import References
from slimport.rewrite.services import Services


class PlainCalls:
    """Asked at each call that the transformer leaves, and at statements around such calls.

    Args:
        module: the file.
        plan: decisions about the program's functions.
        services: the file as a rule may use it.
        references: of the file.
        outcomes: where they are booked.
    """

    def __init__(
        self,
        module: Module,
        plan: Plan,
        services: Services,
        references: References,
        outcomes: Outcomes,
    ) -> None:
        self._module = module
        self._plan = plan
        self._services = services
        self._references = references
        self._outcomes = outcomes
        self._alive: list[cst.CSTNode] = []  # ids stay unique while their nodes live
        self._chains: dict[int, tuple[cst.BaseExpression, list[Step]]] = {}
        self._factories: dict[ast.Call, dict[Factory, LayerCall]] = {}
        self._scope_values: dict[ast.Call, dict[str, cst.BaseExpression]] = {}

    def call(
        self, reference: Reference, function: Function, node: cst.Call
    ) -> cst.BaseExpression | None:
        """The call in plain form; None where its function does not take that form."""
        assert reference.call is not None
        if not self._plan.plain(function):
            return None
        if reference.api.name == "slim.arg_scope":
            self._scope_values[reference.call] = {
                a.keyword.value: a.value for a in node.args if a.keyword
            }
            return node
        layer = self._plan.layer(function, reference.call)
        if layer is None:
            return None
        call = self._plain_call(reference, layer, node)
        factory = self._plan.factory(function, reference.call)
        if factory is not None:
            self._factories.setdefault(factory.scope, {})[factory] = layer
            return self._outcomes.settle(reference, node, lambda rule: factory.call(call))
        first = self._outcomes.settle(reference, node, lambda rule: rule.plain(call))
        return self._chained(first, call.steps)

    def _plain_call(self, reference: Reference, layer: LayerCall, node: cst.Call) -> PlainCall:
        """The call with its own arguments and those that its scopes supply."""
        arguments = self._from_scopes(layer.from_scope)
        signature = slim_api.signature(reference.api.name.removeprefix("slim."))
        assert signature is not None
        for position, argument in enumerate(node.args):
            name = argument.keyword.value if argument.keyword else signature.parameters[position]
            arguments[name] = argument.value
        normalizer = self._from_scopes(layer.normalizer_defaults)
        normalizer.update(dictionary(arguments.get("normalizer_params")))
        return PlainCall(layer, arguments, self._services, reference.span[1], normalizer)

    def _from_scopes(self, origin: Mapping[str, ast.Call]) -> dict[str, cst.BaseExpression]:
        """New code of the values that arg_scopes supply."""
        return {
            name: on_one_line(self._scope_values[scope][name]) for name, scope in origin.items()
        }

    def _chained(self, first: cst.BaseExpression, steps: list[Step]) -> cst.BaseExpression:
        """The steps applied to the first layer, remembered for the statement around them."""
        done = first
        for step in steps:
            done = step(done)
        if steps:
            self._chains[id(done)] = (first, steps)
            self._alive.append(done)
        return done

    def statement(
        self, line: cst.SimpleStatementLine, path: Sequence[cst.CSTNode]
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """A statement each for the steps of the layer whose result a statement keeps.

        Args:
            line: the statement.
            path: the nodes around it, the file first.
        """
        if id(getattr(line.body[0], "value", None)) not in self._chains:  # as nearly all are
            return line
        functions = [node for node in path if isinstance(node, cst.FunctionDef)]
        may_bind = set(local_names(functions[-1])) - self._captured if functions else set()
        if any(isinstance(node, cst.Try | cst.TryStar) for node in path):
            may_bind = set()
        return unchained(line, self._chains, may_bind)

    @cached_property
    def _captured(self) -> set[str]:
        """Names that functions inside of others read, as far as their name tells."""
        inner = (scope for scope in self._module.all_scopes() if _is_inner(scope))
        return {node.id for scope in inner for node in all_of(scope.node, ast.Name)}

    def with_statement(
        self, original: cst.With, node: cst.With
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """A `with` without the arg_scopes whose defaults went into the calls below them."""
        scopes = self._plain_scopes(original)
        gone = [scope is not None for scope in scopes]
        return without_items(node, gone, self._definitions(scopes))

    def _plain_scopes(self, node: cst.With) -> list[ast.Call | None]:
        """For each item of a `with` the arg_scope whose defaults went into its calls."""
        found = [
            self._references.at(item.item.func) if isinstance(item.item, cst.Call) else None
            for item in node.items
        ]
        calls = [f[0].call if f is not None else None for f in found]
        return [call if call in self._scope_values else None for call in calls]

    def _definitions(self, scopes: list[ast.Call | None]) -> list[cst.BaseStatement]:
        """The factories that are defined where these scopes were opened."""
        found = []
        for scope in scopes:
            for factory, layer in self._factories.pop(scope, {}).items() if scope else ():
                values = self._from_scopes(layer.from_scope)
                call = PlainCall(layer, values, self._services, 0)
                found.append(factory.definition(call))
        return found


def _is_inner(scope: Scope) -> bool:
    """Whether it is of a function inside of another, or of an expression that may run later."""
    if isinstance(scope.node, ast.Lambda | ast.GeneratorExp):
        return True
    return (
        scope.function() is scope.node
        and scope.parent is not None
        and (scope.parent.function() is not None)
    )
