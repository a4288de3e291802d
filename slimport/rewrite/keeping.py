"""What of a file stays as it is, by the index alone: libcst need not parse it to find out."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from slimport.index.canonical import is_absent, is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.names import Assigned
from slimport.index.program import Function, Program, Reference, Span
from slimport.index.resolve import Api
from slimport.python2.reasons import CODE as PYTHON2_MARK
from slimport.rewrite.identity import Comparisons
from slimport.rewrite.plan import Plan
from slimport.rewrite.python2 import imports_python2
from slimport.rewrite.registry import acting_rule
from slimport.rewrite.tf1 import became
from slimport.tf1_api import only_in_tf2


@dataclass(frozen=True)
class Facts:
    """A file as the index and the plan know it (`slimport.rewrite.site.FileFacts`)."""

    module: Module
    plan: Plan

    def uses_keras_ops(self, function: Function) -> bool:
        return self.plan.uses_keras_ops(function)

    def is_tf1(self) -> bool:
        return self.plan.is_tf1(self.module)

    def keeps_tf1(self, reference: Reference) -> bool:
        name = reference.api.name.removeprefix("tf.")
        now = became(name, reference.call)
        if now.kind == "unknown":  # TensorFlow 2's own: by its author, or by an earlier run
            return name in only_in_tf2()
        if reference.base in self.plan.compat_aliases(self.module):
            return True  # the name leads there: see `slimport.rewrite.namespaces`
        if name.startswith("data.") and self.plan.tf1_files.fits(self.module):
            return True
        # TensorFlow's inner modules hold what TF 1 had, whatever `tf` stands for.
        of_tf1 = reference.api.spelled.startswith(("tensorflow.compat.v1", "tensorflow.python."))
        return now.kind == "same" or of_tf1 or self.plan.tf1_files.keeps_tf1_names(self.module)


def places_that_may_change(module: Module, plan: Plan) -> list[Span]:
    """Where in a file something may change, imports and whole blocks aside."""
    facts, says_all = Facts(module, plan), bool(plan.selection(module))
    references = [
        reference.span
        for function in plan.program.by_module[module]
        for reference in function.references
        if says_all or not is_kept(reference, function, facts)
    ]
    return [*references, *Comparisons(module, plan)]


def is_silent(module: Module, plan: Plan) -> bool:
    """Whether a file without places that may change stays as it is, and nothing is told of it."""
    return not (
        imports_python2(module)
        or module.holds(PYTHON2_MARK)
        or plan.tf1_files.start(module) is not None
        or plan.tf1_files.keeps_tf1_names(module)
        or any(map(is_absent, plan.program.imported_apis(module)))
    )


def is_kept(reference: Reference, function: Function, facts: Facts) -> bool:
    """Whether a reference stays without a word: it would change nothing, were it visited."""
    api = reference.api
    if is_namespace(api.name) or (api.doubt and is_slim(api.name)):
        return False
    if is_alias(reference, facts.module, facts.plan.program):
        return reference.call is None or isinstance(reference.node, ast.Attribute)
    rule = acting_rule(api.name, facts.plan.kinds(facts.module))
    return rule is not None and rule.keeps(reference, function, facts)


def is_alias(reference: Reference, module: Module, program: Program) -> bool:
    """Whether the name is the author's own for an object: ``conv = slim.conv2d``.

    An alias of a module (``nn = tf.nn``) is not: what it leads to has a new name each.
    """
    if reference.api.name.startswith(_FLAGS) and _leads_to_flags(reference, module, program):
        return True
    found = reference.scope.lookup(reference.base)
    if found is None or not any(isinstance(binding, Assigned) for binding in found[1]):
        return False
    owner = program.resolver.name(reference.base, reference.scope, module)
    return isinstance(owner, Api) and not is_namespace(owner.name)


_FLAGS = ("tf.app.flags.FLAGS", "tf.flags.FLAGS")


def _leads_to_flags(reference: Reference, module: Module, program: Program) -> bool:
    """Whether another file has a name for the flags: ``from config import cfg``, ``config.FLAGS``.

    It is right as soon as that file is; behind it are the program's own names.
    """
    through = program.resolver.through(reference.node, reference.scope, module)
    meanings = [program.resolver.name(name, other.scope, other) for other, name in through]
    return any(isinstance(m, Api) and m.name in _FLAGS for m in meanings)
