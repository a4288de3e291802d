"""Whether batch norm's statistics move in a loop by hand as they will: with each step, and then."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from slimport.index.blocks import called, references_in
from slimport.index.hand_loop import HandLoop
from slimport.index.kept import may_call_any
from slimport.index.program import Function, Program, Reference, closure_of
from slimport.index.stays import Stays
from slimport.index.update_collections import check_collections
from slimport.index.walking import walk

# slim's networks that normalize.
_NETS = ("slim.nets.inception", "slim.nets.resnet")
_UPDATES = "tf.GraphKeys.UPDATE_OPS"
_MOVING = "tf.python.training.moving_averages.assign_moving_average"


def check_statistics(loop: HandLoop, program: Program) -> None:
    """Layers of Keras move their statistics with each step; a graph when it is told to.

    Raises:
        Stays: A step would move others, or a run that does not train moves them.
    """
    code = Code(loop, program)
    names = {reference.api.name for reference in code.references}
    operation, updates = loop.minimized.statement, loop.minimized.updates
    if _MOVING in names:
        raise Stays(f"{_MOVING} needs a graph", operation)
    if not any(map(_normalizes, names)):
        return
    if updates is None or not _are_all(updates, loop):
        raise Stays("the moving statistics of its batch norm are not updated", operation)
    check_collections(loop.function, program)
    if loop.asked and (code.tells_where() or _UPDATES in names or _waits(loop)):
        raise Stays("its batch norm moves its statistics in runs that do not train", operation)


def _normalizes(name: str) -> bool:
    return "batch_norm" in name or "BatchNorm" in name or name.startswith(_NETS)


def _are_all(updates: ast.stmt, loop: HandLoop) -> bool:
    """Whether the collection of updates was read once the loss had put them there."""
    at = loop.block.index(loop.minimized.statement)
    before = [i for s in loop.of_loss if (i := loop.block.index(s)) < at]
    return loop.block.index(updates) > max(before, default=-1)


def _waits(loop: HandLoop) -> bool:
    """Whether tensors are made where the training operation waits for updates: they do, too."""
    inside = [s for opened in loop.opened for s in getattr(opened, "body", [])]
    return any(s in inside for s in loop.of_loss)


class Code:
    """What may run while a loss is built, also where nothing at the place tells what runs.

    Attributes:
        references: What it names.
        functions: Its functions, but for that of the block.
    """

    def __init__(self, loop: HandLoop, program: Program) -> None:
        self._loop, self._program = loop, program
        module = loop.function.module
        start = {f for s in loop.of_loss for f in called(s, loop.function, program)}
        start |= loop.function.maybe_callees
        self._functions = closure_of(start, lambda f: f.all_callees)
        # Layers may be named where files are read: in tables, classes, defaults of parameters.
        read = closure_of([module], lambda m: program.imports[m])
        self._modules = read | {f.module for f in self._functions}
        if any(self._is_unknown(call) for call in self._calls()):
            self._modules |= program.connected(module)
            self._functions |= {f for m in self._modules for f in program.by_module[m]}
        self._functions -= {loop.function}
        self.functions = self._functions
        own = loop.function.node
        files = (f for m in self._modules for f in program.by_module[m])
        self._files = [f for f in files if isinstance(f.node, ast.Module) and f.node is not own]
        self.references = list(self._referred())

    def _referred(self) -> Iterator[Reference]:
        for statement in self._loop.of_loss:
            yield from references_in(statement, self._loop.function)
        for function in (*self._functions, *self._files):
            yield from function.references
        if isinstance(self._loop.function.node, ast.Module):
            yield from self._loop.function.references

    def _calls(self) -> Iterator[tuple[ast.Call, Function]]:
        for statement in self._loop.of_loss:
            for node in walk(statement):
                if isinstance(node, ast.Call):
                    yield node, self._loop.function
        for function in self._functions:
            yield from ((call, function) for call in function.calls)

    def _is_unknown(self, found: tuple[ast.Call, Function]) -> bool:
        call, function = found
        scope = function.module.scopes.scope_of.get(call.func, function.module.scope)
        is_bound = isinstance(call.func, ast.Name) and scope.lookup(call.func.id) is not None
        return may_call_any(call, self._program.resolve(call.func, function.module), is_bound)

    def parts(self) -> list[ast.AST]:
        """The code itself."""
        parts: list[ast.AST] = [*self._loop.of_loss, *(f.node for f in self._functions)]
        for module in self._modules:
            parts += _beside_functions(module.tree.body)
        return parts

    def tells_where(self) -> bool:
        """Whether a batch norm may be told where its updates go, such as nowhere."""
        for node in (n for part in self.parts() for n in walk(part)):
            match node:
                case ast.keyword(arg="updates_collections"):
                    return True
                case ast.Constant("updates_collections" | "update_ops"):
                    return True
        return False


def _beside_functions(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """What runs when a file is read, with the defaults of its functions."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.args
        elif isinstance(statement, ast.ClassDef):
            yield from _beside_functions(statement.body)
        else:
            yield statement
