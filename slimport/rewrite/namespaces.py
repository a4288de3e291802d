"""Modules that are used as values: ``slim = tf.contrib.slim`` goes with the imports."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.program import Reference
from slimport.index.resolve import Api
from slimport.report.model import Rewritten
from slimport.rewrite import aliases, no_rule
from slimport.rewrite.outcomes import Outcomes
from slimport.rewrite.plan import Plan
from slimport.rewrite.registry import UNKNOWN_API
from slimport.rewrite.services import Services


class Namespaces:
    """Asked where a reference is a module.

    Args:
        module: the file.
        plan: decisions about the program's functions.
        services: the file as a rule may use it.
        outcomes: where it is booked.
    """

    def __init__(self, module: Module, plan: Plan, services: Services, outcomes: Outcomes) -> None:
        self._module = module
        self._plan = plan
        self._services = services
        self._outcomes = outcomes

    def value(
        self, reference: Reference, node: cst.BaseExpression, parent: cst.CSTNode
    ) -> cst.BaseExpression:
        """What a module used as a value becomes.

        Args:
            reference: the module.
            node: what names it.
            parent: the node around it.
        """
        in_class = reference.scope.is_class  # reached by attributes, which nobody follows
        of_slim, outcomes = is_slim(reference.api.name), self._outcomes
        if isinstance(parent, cst.Assign) and not in_class and self._names(parent, reference):
            if of_slim and self._is_doubtful(parent, reference):
                names, program = _bound_by(parent), self._plan.program
                leave = no_rule.doubted(reference, self._module, program, names)
                outcomes.leave(reference, UNKNOWN_API, leave)
                return node
            return self._alias(parent, reference, node)
        if of_slim:
            outcomes.passed_on.add(reference.base)
            if in_class:
                outcomes.kept_bases |= _bound_by(parent)
            outcomes.leave(reference, UNKNOWN_API, no_rule.passed_on(reference.api.name))
        else:
            outcomes.kept_bases.add(reference.base)
        return node

    def _alias(
        self, statement: cst.Assign, reference: Reference, node: cst.BaseExpression
    ) -> cst.BaseExpression:
        """What ``flags = tf.app.flags`` becomes, if the name stays."""
        modules = self._plan.compat_aliases(self._module)
        names = _bound_by(statement)
        found = next((modules[name] for name in names if name in modules), None)
        if found is None:
            return node
        line, api = reference.span[0], reference.api.name
        entry = Rewritten(line, api, aliases.CODE, aliases.NAME)
        self._outcomes.result.rewritten.append(entry)
        return self._services.tensorflow(f"compat.v1.{found}", reference.api.spelled)

    def _names(self, statement: cst.Assign, reference: Reference) -> bool:
        """Whether an assignment gives the module names whose uses were followed."""
        names = [t.target.value for t in statement.targets if isinstance(t.target, cst.Name)]
        meanings = self._meanings(names, reference)
        known = [m for m in meanings if isinstance(m, Api) and is_namespace(m.name)]
        return len(known) == len(statement.targets)

    def _is_doubtful(self, statement: cst.Assign, reference: Reference) -> bool:
        """Whether a name that an assignment binds may be something else where it is used."""
        meanings = self._meanings(_bound_by(statement), reference)
        return any(isinstance(meaning, Api) and meaning.doubt for meaning in meanings)

    def _meanings(self, names: Iterable[str], reference: Reference) -> list[object]:
        resolve = self._plan.program.resolver.name
        return [resolve(name, reference.scope, self._module) for name in names]


def _bound_by(node: cst.CSTNode) -> set[str]:
    """The names that an assignment or an import binds."""
    if isinstance(node, cst.Assign):
        return {getattr(target.target, "value", "") for target in node.targets}
    if isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        return {alias.evaluated_alias or alias.evaluated_name for alias in node.names}
    return set()
