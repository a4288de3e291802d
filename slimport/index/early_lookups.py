"""Variables that are looked up before all are made: a model that runs again knows them all."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from slimport.index.blocks import argument, called, references_in
from slimport.index.global_steps import STEPS
from slimport.index.model_deploy import CREATE, deployed
from slimport.index.program import (
    Function,
    Program,
    Reference,
    builds_layers,
    callees,
    closure_of,
)
from slimport.index.stays import Stays
from slimport.index.walking import walk

_LOOK_UPS = (
    "slim.get_", "slim.filter_variables", "tf.all_variables", "tf.global_variables",
    "tf.model_variables", "tf.train.init_from_checkpoint", "tf.trainable_variables",
)  # fmt: skip
# TensorFlow 2 has nothing like it: where it runs it fails, and its mark says so.
_FAILING = "tf.contrib.quantize."
_MAKING = ("tf.Variable", "tf.contrib.", "tf.get_variable", "tf.keras.layers.", "tf.layers.")


class Lookups:
    """Looks at the statements of one function, in their order.

    Args:
        function: The function.
        program: The index.
    """

    def __init__(self, function: Function, program: Program) -> None:
        self._function, self._program = function, program

    def check(self, block: Sequence[ast.stmt]) -> None:
        """Raises `Stays` where a statement makes variables after one has looked some up."""
        early: ast.stmt | None = None
        for statement in _simple(block):
            if early is not None and self._makes(statement):
                raise Stays("variables are made after others are looked up", early)
            if early is None and any(map(_is_lookup, self._references(statement))):
                early = statement

    def _makes(self, statement: ast.stmt) -> bool:
        """Whether a statement makes variables, or may."""
        names = [r.api.name for r in self._references(statement)]
        names = [n for n in names if not n.startswith(_FAILING)]
        if any(builds_layers(n) or n.startswith(_MAKING) for n in names):
            return True
        calls = [n for n in walk(statement) if isinstance(n, ast.Call)]
        if any(deployed(c, self._function, self._program) == CREATE for c in calls):
            return True
        return any(isinstance(c.func, ast.Name) and self._is_value(c.func) for c in calls)

    def _is_value(self, name: ast.Name) -> bool:
        """Whether a name is bound, and nobody knows what it stands for."""
        module = self._function.module
        scope = module.scopes.scope_of.get(name, module.scope)
        return self._program.resolve(name, module) is None and scope.lookup(name.id) is not None

    def _references(self, statement: ast.stmt) -> list[Reference]:
        reached = closure_of(called(statement, self._function, self._program), callees)
        found = references_in(statement, self._function)
        return [*found, *(r for f in reached for r in f.references)]


def _simple(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that hold no others; those of a loop come twice, but for definitions."""
    for statement in block:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inner = [s for s in ast.iter_child_nodes(statement) if isinstance(s, ast.stmt)]
        handlers = getattr(statement, "handlers", [])
        inner += [s for handler in handlers for s in handler.body]
        if not inner:
            yield statement
        for _ in range(2 if isinstance(statement, ast.For | ast.While) else 1):
            yield from _simple(inner)


def _is_lookup(reference: Reference) -> bool:
    name = reference.api.name
    if name != "tf.get_collection":
        return name.startswith(_LOOK_UPS) and name not in STEPS
    key = argument(reference.call, 0, "key") if reference.call is not None else None
    return key is not None and ast.unparse(key).endswith("VARIABLES")
