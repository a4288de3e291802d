"""Graph-and-session programs: which files belong to one, and where one starts."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import Enum, auto
from functools import cached_property

from slimport.index.links import Meeting
from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference, closure_of
from slimport.index.queues import QUEUES
from slimport.index.written_code import is_of_sessions

# What only a graph-and-session program holds.
_SESSION_APIS = (
    "tf.Session", "tf.InteractiveSession", "tf.placeholder", "tf.placeholder_with_default",
    "tf.train.Supervisor", "tf.train.MonitoredTrainingSession", "tf.train.MonitoredSession",
    "tf.train.SingularMonitoredSession", "tf.train.Saver", "tf.estimator.Estimator",
    "slim.learning.train", "slim.learning.create_train_op", "slim.evaluation.evaluate_once",
    "slim.training.train", "slim.training.create_train_op",
    "slim.evaluation.evaluate_repeatedly", "slim.evaluation.evaluation_loop",
    "slim.training.evaluate_once", "slim.training.evaluate_repeatedly",
    "tf.global_variables_initializer", *QUEUES,
)  # fmt: skip

# Programs that say themselves how they run.
_SWITCHES = (
    "tf.disable_v2_behavior", "tf.disable_eager_execution", "tf.enable_eager_execution",
    "tf.enable_v2_behavior", "tf.contrib.eager.enable_eager_execution",
)  # fmt: skip

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
    IMPORTS = auto()  # after its imports
    FIRST = auto()  # as soon as TensorFlow is imported: what is imported next makes tensors


class Sessions:
    """What the index knows of the graph-and-session programs of a tree.

    Args:
        program: the index.
        without: functions that are about to lose their sessions.
    """

    def __init__(self, program: Program, without: frozenset[Function] = frozenset()) -> None:
        self._program = program
        self._without = without

    def runs(self, module: Module) -> bool:
        """Whether some program that runs this module's code is built on graphs and sessions.

        True when the module, or any module that imports it (directly or not), uses one.
        """
        return module in self._modules

    def names_one(self, function: Function) -> bool:
        """Whether a function names what graph-and-session programs alone hold, or an optimizer.

        An earlier run may have put the written module's in the place of that.
        """
        written = self._program.written_names.get(function, ())
        return (
            _names(function, _SESSION_APIS)
            or any(map(is_of_sessions, written))
            or any(
                reference.api.name.startswith("tf.train.")
                and reference.api.name.endswith("Optimizer")
                for reference in function.references
            )
        )

    def start(self, module: Module) -> Start | None:
        """Where a graph-and-session program starts in this file, `None` if none does.

        Whoever wrote `tensorflow.compat.v1` knew TensorFlow 2, and decided how the program runs.
        """
        guard = main_guard(module.tree)
        top = self._program.functions[module.tree]
        is_test = _is_test(top) and any(map(_of_tf1, self._program.by_module[module]))
        loads_into_graph = is_test or (top not in self._without and _of_tf1(top, outside=guard))
        within = closure_of([module], lambda m: self._program.imports[m])
        others = within - {module}
        if self._switches(module, within_guard=True) or not others.isdisjoint(self._switching):
            return None
        if not loads_into_graph:
            # A file that nothing marks as a program is one where it runs sessions as it loads.
            is_program = guard is not None or module.is_notebook or _names(top, ("tf.app.run",))
            runs = self._program.by_module[module] if is_program else top.all_callees
            if not self._reaches_session(runs, within):
                return None
        if not others.isdisjoint(self._making_tensors):
            return Start.FIRST
        at_top = loads_into_graph or guard is None or _makes_tensors(top, outside=guard)
        return Start.IMPORTS if at_top else Start.GUARD

    @cached_property
    def _modules(self) -> set[Module]:
        every = (f for f in self._program.all() if f not in self._without)
        direct = (f.module for f in every if _names(f, _SESSION_APIS))
        return closure_of(direct, lambda module: self._program.imports[module])

    def _reaches_session(self, start: Iterable[Function], within: set[Module]) -> bool:
        """Whether functions, or what they call, name a session's API."""

        seen: set[Function] = set()
        passed: set[Meeting] = set()
        pending = [f for f in start if f.module in within]
        while pending:
            function = pending.pop()
            if function in seen or function not in self._lead_to_sessions:
                continue
            if function in self._of_tf1:
                return True
            seen.add(function)
            called = self._program.links.step(function, False, passed)
            pending.extend(f for f in called if f.module in within)
        return False

    @cached_property
    def _of_tf1(self) -> set[Function]:
        return {f for f in self._program.all() if _of_tf1(f) and f not in self._without}

    @cached_property
    def _lead_to_sessions(self) -> set[Function]:
        """What may reach a session in the whole program; each file is asked within its own."""
        return self._program.links.reached(self._of_tf1, up=True)

    @cached_property
    def _switching(self) -> set[Module]:
        """The files that say, when another imports them, whether they run eagerly."""
        return {m for m in self._program.modules if self._switches(m, within_guard=False)}

    @cached_property
    def _making_tensors(self) -> set[Module]:
        """The files that make tensors when another imports them."""
        tops = ((m, self._program.functions[m.tree]) for m in self._program.modules)
        return {m for m, top in tops if _makes_tensors(top, main_guard(m.tree))}

    def _switches(self, module: Module, within_guard: bool) -> bool:
        """Whether a file says itself whether it runs eagerly."""
        outside = None if within_guard else main_guard(module.tree)
        functions = self._program.by_module[module]
        return any(_names(function, _SWITCHES, outside) for function in functions)


def main_guard(tree: ast.Module) -> ast.If | None:
    """The file's ``if __name__ == "__main__":``."""
    for node in tree.body:
        match node:
            case ast.If(ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")])):
                return node
    return None


def _of_tf1(function: Function, outside: ast.If | None = None) -> bool:
    """Whether code that was written for TensorFlow 1 itself makes or feeds a session."""
    return any(
        reference.api.name.startswith(_SESSION_APIS)
        and not reference.api.spelled.startswith("tensorflow.compat.")
        and not _is_in(reference, outside)
        for reference in function.references
    )


def _names(function: Function, apis: tuple[str, ...], outside: ast.If | None = None) -> bool:
    return any(
        reference.api.name.startswith(apis) and not _is_in(reference, outside)
        for reference in function.references
    )


def _makes_tensors(top: Function, outside: ast.If | None = None) -> bool:
    """Whether importing a file makes tensors, for which eager mode must be off by then."""
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


def _is_test(top: Function) -> bool:
    """Whether a test runner imports the file, past its ``if __name__``."""
    return any(reference.api.name == "tf.test.TestCase" for reference in top.references)
