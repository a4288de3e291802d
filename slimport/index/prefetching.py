"""slim.prefetch_queue behind a batch: where it is, and who takes a batch out of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument
from slimport.index.modules import Module
from slimport.index.program import Function, Program, bind
from slimport.index.resolve import External, InTree
from slimport.index.walking import walk

PREFETCH_QUEUE = "slim.prefetch_queue.prefetch_queue"
# What a dataset has a place for, or has no need of.
OF_QUEUE = ("tensors", "capacity", "num_threads", "dynamic_pad")
# Functions that call their second argument with what the list behind it holds.
_CLONING = (".model_deploy.create_clones", ".model_deploy.deploy")
_LOOPS = (
    ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Dequeue:
    """``images, labels = batch_queue.dequeue()``

    Attributes:
        module: The file that holds the call.
        call: The call.
        is_unpacked: Whether what it gives goes to names, one after the other.
    """

    module: Module
    call: ast.Call
    is_unpacked: bool


@dataclass(frozen=True, eq=False)
class PrefetchQueue:
    """``batch_queue = slim.prefetch_queue.prefetch_queue([images, labels])``

    Attributes:
        statement: The statement that makes the queue.
        call: Its call.
        name: The queue's name there.
        tensors: What it holds.
        others: Its other arguments.
        dequeue: The one place where something is taken out.
    """

    statement: ast.Assign
    call: ast.Call
    name: str
    tensors: ast.expr
    others: Sequence[ast.expr]
    dequeue: Dequeue


def prefetch_queue(
    function: Function, block: Sequence[ast.stmt], program: Program
) -> PrefetchQueue | None:
    """The queue that a block makes; `None` where it is not known who takes out of it.

    Args:
        function: The function that holds the block.
        block: The statements.
        program: The index.
    """
    calls = [r.call for r in function.references if r.api.name == PREFETCH_QUEUE]
    for statement in block:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call() as call) if calls == [call]:
                given = bind(call, OF_QUEUE)
                if given is None or "tensors" not in given:
                    return None
                tensors = given.pop("tensors")
                others = list(given.values())
                if any(isinstance(n, ast.Call) for value in others for n in walk(value)):
                    return None  # nothing is left of them
                try:
                    (dequeue,) = _taken_out(name, function, program)
                except (_Unknown, ValueError):
                    return None
                return PrefetchQueue(statement, call, name, tensors, others, dequeue)
    return None


class _Unknown(Exception):
    """Something else may be done with the queue."""


def _taken_out(name: str, function: Function, program: Program) -> Iterator[Dequeue]:
    """Where a function, and what it hands a queue to, take something out.

    Raises:
        _Unknown: If it does anything else with the queue, or gives the name another value.
    """
    module = function.module
    own = next(scope for scope in module.all_scopes() if scope.node is function.node)
    if len(own.bindings.get(name, ())) != 1:
        raise _Unknown
    parents = {c: node for node in walk(function.node) for c in ast.iter_child_nodes(node)}
    for node in walk(function.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == name:
            found = module.scopes.scope_of[node].lookup(name)
            if found is not None and found[0] is own:
                yield from _use(node, list(_around(node, parents)), module, program)


def _use(
    node: ast.Name, around: Sequence[ast.AST], module: Module, program: Program
) -> Iterator[Dequeue]:
    if any(isinstance(outer, _LOOPS) for outer in around):
        raise _Unknown
    match around[:3]:
        case [ast.Attribute(_, "dequeue"), ast.Call(_, [], []) as call, outer]:
            yield Dequeue(module, call, unpacks(outer))
        case [ast.Call() as call, *_] if node in call.args:
            target = _called_by(call, module, program)
            yield from _handed_over(target, call.args.index(node), program)
        case [ast.keyword(str(name)), ast.Call() as call, *_]:
            yield from _handed_over(_called_by(call, module, program), name, program)
        case [ast.List() as given, ast.Call() | ast.keyword(), *_] if node in given.elts:
            call = next(outer for outer in around if isinstance(outer, ast.Call))
            target = _cloned_by(call, given, module, program)
            yield from _handed_over(target, given.elts.index(node), program)
        case _:
            raise _Unknown


def _handed_over(target: Function, place: int | str, program: Program) -> Iterator[Dequeue]:
    """What a function does with a queue that it is given by position, or by name."""
    node = target.node
    if not isinstance(node, ast.FunctionDef) or target.is_method or node.decorator_list:
        raise _Unknown
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if isinstance(place, int):
        if place >= len(names):
            raise _Unknown
        place = names[place]
    if place not in names:
        raise _Unknown
    yield from _taken_out(place, target, program)


def _called_by(call: ast.Call, module: Module, program: Program) -> Function:
    """The function that a call means, if nothing else calls it."""
    target = _meant(call.func, module, program)
    callers = target.all_callers
    calls = [c for caller in callers for c in program.calls_of(caller, target)]
    if target.escapes or calls != [call] or any(isinstance(a, ast.Starred) for a in call.args):
        raise _Unknown
    return target


def _cloned_by(call: ast.Call, given: ast.List, module: Module, program: Program) -> Function:
    """``create_clones(config, clone_fn, [batch_queue])``: `clone_fn`, if nothing else runs it."""
    callee = argument(call, 1, "model_fn")
    if argument(call, 2, "args") is not given or not _clones(call, module, program):
        raise _Unknown
    if not isinstance(callee, ast.Name):
        raise _Unknown
    target = _meant(callee, module, program)
    named = [
        node
        for node in walk(module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == callee.id
    ]
    elsewhere = "." not in target.qualname and any(module in m for m in program.imports.values())
    if named != [callee] or target.module is not module or target.callers or elsewhere:
        raise _Unknown
    return target


def _meant(node: ast.expr, module: Module, program: Program) -> Function:
    meaning = program.resolve(node, module)
    target = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
    if target is None:
        raise _Unknown
    return target


def _clones(call: ast.Call, module: Module, program: Program) -> bool:
    match program.resolve(call.func, module):
        case InTree(owner, definition):
            name = f"{owner.dotted}.{definition.qualname}"
        case External(dotted):
            name = dotted
        case _:
            return False
    return f".{name}".endswith(_CLONING)


def unpacks(statement: ast.AST) -> bool:
    """Whether a statement gives what it makes to names, one after the other."""
    match statement:
        case ast.Assign([ast.Tuple(targets) | ast.List(targets)]):
            return all(isinstance(target, ast.Name) for target in targets)
    return False


def _around(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """What holds a node, from the inside."""
    while node in parents:
        node = parents[node]
        yield node
