"""What a rule may ask of the file it works in, answered by the index, the plan and its imports."""

from __future__ import annotations

import ast

import libcst as cst

from slimport.index.modules import Module
from slimport.index.names import Scope
from slimport.index.program import Function, Reference, closure_of
from slimport.index.resolve import External
from slimport.index.training_always import Trains, meaning_of_true
from slimport.rewrite import marks
from slimport.rewrite.fit_programs import is_global_step, may_have_sparse_gradients
from slimport.rewrite.imports import NameTable
from slimport.rewrite.keeping import Facts
from slimport.rewrite.moved import with_keywords
from slimport.rewrite.plan import Plan
from slimport.rewrite.rule import Keep, Leave, Outcome
from slimport.rewrite.site import CallSite, ValueSite, dotted
from slimport.rewrite.tf1 import became, instead_of


class Services(Facts):
    """The file as a rule may use it (`slimport.rewrite.site.FileServices`)."""

    def __init__(self, names: NameTable, module: Module, plan: Plan) -> None:
        super().__init__(module, plan)
        self._names = names
        self.remarks: list[str] = []
        self.warnings: list[str] = []

    def written(self, name: str) -> cst.BaseExpression:
        return cst.Name(self._names.from_written(name))

    def keras(self, name: str) -> cst.BaseExpression:
        return dotted(f"{self._names.keras()}.{name}")

    def tensorflow(self, name: str, spelled: str) -> cst.BaseExpression:
        module = self._names.tensorflow(spelled, either=name.startswith("compat."))
        keeps_names = self.plan.tf1_files.keeps_tf1_names(self.module)
        if keeps_names or self._names.means_tf1(module):
            name = name.removeprefix("compat.v1.")
        return dotted(f"{module}.{name}")

    def switches(self) -> list[cst.Call]:
        """The calls that turn eager execution off; their name is spoken for from now on."""
        self._names.spoken_for.add(self._names.tensorflow("tensorflow", either=True))
        names = ["disable_v2_behavior"]
        if self.plan.reads_sizes(self.module):
            names.append("enable_v2_tensorshape")
        return [cst.Call(self.tensorflow(f"compat.v1.{name}", "tensorflow")) for name in names]

    def plain(self, function: Function) -> bool:
        return self.plan.plain(function)

    def builds(self, function: Function) -> bool:
        return function in self.plan.program.building or self._built(function)

    def scopes_layers(self, function: Function) -> bool:
        return function in self.plan.program.scoping

    def _built(self, function: Function) -> bool:
        """Whether it makes layers since an earlier run, which has left something of the file."""
        return function in self.plan.program.built and self.is_tf1()

    def scopes_migrated_layers(self, function: Function) -> bool:
        return function in self.plan.program.around_rewritten

    def builds_file(self) -> bool:
        functions = self.plan.program.by_module[self.module]
        return any(map(self.builds, functions))

    def builds_program(self) -> bool:
        program = self.plan.program
        near = program.connected(self.module)
        return any(self.builds(f) for module in near for f in program.by_module[module])

    def is_builtin(self, name: str, scope: Scope) -> bool:
        stars = closure_of([self.module], lambda m: self.plan.program.star_imports[m])
        bound = any(name in m.scope.bindings for m in stars - {self.module})
        return not bound and scope.lookup(name) is None

    def denotes(self, node: ast.expr, dotted: str) -> bool:
        return self.plan.program.resolve(node, self.module) == External(dotted)

    def is_patched(self, api: str) -> bool:
        return api in self.plan.patched

    def only_in_graphs(self, function: Function) -> bool:
        return self.plan.tf1_files.only_in_graphs(function)

    def runs_sessions(self) -> bool:
        return self.plan.tf1_files.runs_sessions(self.module)

    def restores_layers(self) -> bool:
        return self.runs_sessions() and self.plan.layer_programs.holds(self.module)

    def trains_with_fit(self) -> bool:
        return self.plan.trains_with_fit(self.module)

    def kinds(self) -> frozenset[str]:
        return self.plan.kinds(self.module)

    def is_global_step(self, node: ast.expr, function: Function) -> bool:
        loop = self.plan.hand_loops.get(function)
        if loop is not None and isinstance(node, ast.Name) and node.id in loop.steps:
            return True
        return is_global_step(node, function, self.plan.program)

    def is_of_step_schedule(self, node: ast.AST | None) -> bool:
        return id(node) in self.plan.of_step_schedules

    def is_schedule(self, node: ast.expr, function: Function) -> bool:
        training = self.plan.trainings.get(function)
        if training is None or not isinstance(node, ast.Name):
            return False
        return training.rates.names(node.id)

    def may_have_sparse_gradients(self) -> bool:
        return may_have_sparse_gradients(self.module, self.plan.program)

    def is_called(self, reference: Reference, function: Function) -> bool:
        return self.plan.called_initializers.has(reference, function)

    def is_of_loss(self, function: Function) -> bool:
        return function in self.plan.of_losses

    def summary_kind(self, call: ast.Call | None) -> str:
        return self.plan.summary_kinds.get(call, "") if call is not None else ""

    def why_on_sessions(self, function: Function) -> str:
        return self.plan.stays.get(function, "")

    def is_fed_rate(self, node: ast.expr, function: Function) -> bool:
        loop = self.plan.hand_loops.get(function)
        return loop is not None and isinstance(node, ast.Name) and node.id == loop.rate

    def tf1(self, site: CallSite | ValueSite) -> Outcome:
        reference = site.reference
        if self.keeps_tf1(reference):
            return Keep()
        old = reference.api.name.removeprefix("tf.")
        now = became(old, reference.call)
        if now.kind == "unknown":
            return _nowhere(reference.api.name, instead_of(old))
        if _is_marked(site):
            return Keep()  # an earlier run has left it, for a reason that does not show any more
        name = self.tensorflow(now.name, reference.api.spelled)
        if not isinstance(site, CallSite):
            return name
        return site.node.with_changes(func=name, args=with_keywords(site.node, now.keywords))

    def trains(self, node: ast.expr, function: Function) -> Trains:
        return meaning_of_true(node, function, self.plan.program)

    def note(self, text: str) -> None:
        self.remarks.append(text)

    def warn(self, line: int, text: str) -> None:
        self.warnings.append(f"{self.module.path}:{line}: {text}")


def _nowhere(name: str, advice: str) -> Leave:
    return Leave(f"{name} is not part of TensorFlow 2", advice)


def _is_marked(site: CallSite | ValueSite) -> bool:
    """Whether a mark above the statement speaks of this very symbol."""
    lines = (getattr(node, "leading_lines", None) for node in reversed(site.path))
    above = next((found for found in lines if found is not None), ())
    return marks.speak_of(above, site.reference.api.name)
