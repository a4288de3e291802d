"""Graph-and-session programs: which files belong to one, and where one starts."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import Enum, auto
from functools import cached_property

from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference, closure_of

# What only a graph-and-session program holds.
_SESSION_APIS = (
    "tf.Session", "tf.InteractiveSession", "tf.placeholder", "tf.placeholder_with_default",
    "tf.train.Supervisor", "tf.train.MonitoredTrainingSession", "tf.train.MonitoredSession",
    "tf.train.SingularMonitoredSession", "tf.train.Saver", "tf.estimator.Estimator",
    "slim.learning.train", "slim.learning.create_train_op", "slim.evaluation.evaluate_once",
    "slim.training.train", "slim.training.create_train_op",
    "slim.evaluation.evaluation_loop", "slim.dataset_data_provider.DatasetDataProvider",
    "tf.global_variables_initializer", "tf.train.start_queue_runners",
)  # fmt: skip

# Programs that say themselves how they run.
_SWITCHES = frozenset(
    f"tf.{name}"
    for name in "disable_v2_behavior disable_eager_execution enable_eager_execution "
    "enable_v2_behavior contrib.eager.enable_eager_execution".split()
)

# Calls at the top of a file that are as right with eager execution on as without.
_HARMLESS = (
    "tf.ConfigProto", "tf.DType", "tf.GPUOptions", "tf.GraphDef", "tf.NoGradient",
    "tf.NotDifferentiable", "tf.RegisterGradient", "tf.RunOptions", "tf.TensorShape", "tf.app.",
    "tf.compat.", "tf.contrib.", "tf.errors.", "tf.flags.", "tf.gfile.", "tf.initializers.",
    "tf.io.gfile.", "tf.load_op_library", "tf.logging.", "tf.python.", "tf.test.",
    "tf.get_logger", "tf.resource_loader.", "tf.sysconfig.", "tf.FixedLenFeature",
    "tf.VarLenFeature", "tf.train.Feature", "tf.python_io.",
)  # fmt: skip


class Start(Enum):
    """Where a file that starts such a program is to turn eager execution off."""

    GUARD = auto()  # under its `if __name__ == "__main__":`
    TOP = auto()  # as soon as TensorFlow is imported


class Sessions:
    """What the index knows of the graph-and-session programs of a tree."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def runs(self, module: Module) -> bool:
        """Whether some program that runs this module's code is built on graphs and sessions.

        True when the module, or any module that imports it (directly or not), uses one.
        """
        return module in self._modules

    def start(self, module: Module) -> Start | None:
        """Where a graph-and-session program starts in this file, `None` if none does."""
        if not self.runs(module):
            return None
        guard = main_guard(module.tree)
        within = closure_of([module], lambda m: self._program.imports[m])
        top = self._program.functions[module.tree]
        if _names(top, _SESSION_APIS, outside=guard) or _is_test(module, top):
            start = Start.TOP
        elif guard is not None and self._reaches_session(module, within):
            start = Start.TOP if self._builds_at_import(within, module, guard) else Start.GUARD
        else:
            return None
        functions = (f for m in within for f in self._program.by_module[m])
        return None if any(r.api.name in _SWITCHES for f in functions for r in f.references) else start

    @cached_property
    def _modules(self) -> set[Module]:
        direct = (f.module for f in self._program.all() if _names(f, _SESSION_APIS))
        return closure_of(direct, lambda module: self._program.imports[module])

    def _reaches_session(self, module: Module, within: set[Module]) -> bool:
        """Whether the file's functions, and what they call, name a session's API."""

        def called(function: Function) -> Iterable[Function]:
            return (f for f in function.all_callees if f.module in within)

        reached = closure_of(self._program.by_module[module], called)
        return any(_names(function, _SESSION_APIS) for function in reached)

    def _builds_at_import(self, within: set[Module], script: Module, guard: ast.If) -> bool:
        """Whether importing the files makes tensors, for which eager must be off by then."""
        return any(
            _makes_tensors(self._program.functions[m.tree], guard if m is script else None)
            for m in within
        )


def main_guard(tree: ast.Module) -> ast.If | None:
    """The file's ``if __name__ == "__main__":``."""
    for node in tree.body:
        match node:
            case ast.If(
                ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")])
            ):
                return node
    return None


def _names(function: Function, apis: tuple[str, ...], outside: ast.If | None = None) -> bool:
    return any(
        reference.api.name.startswith(apis) and not _is_in(reference, outside)
        for reference in function.references
    )


def _makes_tensors(top: Function, outside: ast.If | None) -> bool:
    return any(
        reference.call is not None
        and reference.api.name.startswith("tf.")
        and not reference.api.name.startswith(_HARMLESS)
        and not reference.api.name.endswith("_initializer")
        and not _is_in(reference, outside)
        for reference in top.references
    )


def _is_in(reference: Reference, statement: ast.stmt | None) -> bool:
    if statement is None:
        return False
    assert statement.end_lineno is not None
    return statement.lineno <= reference.span[0] <= statement.end_lineno


def _is_test(module: Module, top: Function) -> bool:
    """Whether a test runner imports the file, past its ``if __name__``."""
    return any(reference.api.name == "tf.test.TestCase" for reference in top.references)
