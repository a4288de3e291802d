"""Iterators of a tf.data.Dataset that one `get_next` alone reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from slimport.index.blocks import references_in
from slimport.index.program import Function, Program, Reference
from slimport.index.resolve import InTree
from slimport.index.walking import walk

_ONE_SHOT, _INITIALIZABLE = "make_one_shot_iterator", "make_initializable_iterator"
_MADE = {f"tf.data.{name}": name for name in (_ONE_SHOT, _INITIALIZABLE)}
_COLLECTION = "tf.add_to_collection"
# slim's loop runs what is there by itself.
_INITIALIZERS = "tf.GraphKeys.TABLE_INITIALIZERS"
_OFTEN = (
    ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SingleIterator:
    """``iterator = dataset.make_one_shot_iterator()``, ``images, labels = iterator.get_next()``

    Attributes:
        function: The function that holds both.
        made: The call that makes the iterator.
        dataset: What it iterates over.
        get_next: The call that reads.
        initialized: The call that has slim's loop run its initializer, if there is one.
        spared: Whether the dataset has the same name where it is read.
    """

    function: Function
    made: ast.Call
    dataset: ast.expr
    get_next: ast.Call
    initialized: ast.Call | None = None
    spared: bool = False

    @cached_property
    def nodes(self) -> set[ast.AST]:
        """The expressions that go."""
        calls = [self.made, self.get_next]
        found: set[ast.AST] = {call.func for call in calls}
        return found | set(walk(self.initialized) if self.initialized is not None else ())

    def belongs(self, reference: Reference) -> bool:
        """Whether a reference goes with it."""
        return reference.node in self.nodes


def single_iterators(program: Program) -> dict[Function, SingleIterator]:
    """The iterators that can be read as batches, by the function that reads them."""
    names = ("get_next", _ONE_SHOT, _INITIALIZABLE)
    if any(f.is_method and f.qualname.rpartition(".")[2] in names for f in program.all()):
        return {}  # which are meant is not known
    found = {}
    asking = (module for module in program.modules if "get_next" in module.words)
    for function in (function for module in asking for function in program.by_module[module]):
        reads = [c for c in function.calls if getattr(c.func, "attr", "") == "get_next"]
        if len(reads) == 1 and isinstance(function.node, ast.FunctionDef):
            iterator = _single(reads[0], function, program)
            if iterator is not None:
                found[function] = iterator
    return found


def _single(read: ast.Call, function: Function, program: Program) -> SingleIterator | None:
    assert isinstance(read.func, ast.Attribute)
    if read.args or read.keywords or _is_read_often(read, function):
        return None
    match read.func.value:
        case ast.Call() as made:
            kind, dataset = _dataset_of(made, function, program)
            if kind != _ONE_SHOT or dataset is None:
                return None
            return SingleIterator(function, made, dataset, read)
        case ast.Name() as name:
            return _named(name, read, function, program)
    return None


def _named(
    name: ast.Name, read: ast.Call, function: Function, program: Program
) -> SingleIterator | None:
    """The iterator of a name that has no other value, and is used for nothing else."""
    places = [n for n in walk(function.node) if isinstance(n, ast.Name) and n.id == name.id]
    stores = [n for n in places if not isinstance(n.ctx, ast.Load)]
    statements = [
        s
        for s in walk(function.node)
        if isinstance(s, ast.Assign) and s.targets == stores and isinstance(s.value, ast.Call)
    ]
    found = function.module.scopes.scope_of[name].lookup(name.id)
    if len(statements) != 1 or found is None or found[0].node is not function.node:
        return None
    made = statements[0].value
    assert isinstance(made, ast.Call)
    kind, dataset = _dataset_of(made, function, program)
    if dataset is None or _is_read_often(made, function):
        return None
    spared = isinstance(dataset, ast.Name) and _has_last_value(dataset, function)
    others = [n for n in places if n not in (*stores, name)]
    if kind == _ONE_SHOT and not others:
        return SingleIterator(function, made, dataset, read, spared=spared)
    added = list(_initializing(others, function))
    if kind == _INITIALIZABLE and len(others) == len(added) == 1:
        return SingleIterator(function, made, dataset, read, added[0], spared)
    return None


def _dataset_of(
    call: ast.Call, function: Function, program: Program
) -> tuple[str, ast.expr | None]:
    """Which iterator a call makes, and the dataset."""
    apis = [r.api.name for r in function.references if r.node is call.func]
    match call:
        case ast.Call(_, [dataset], []) if apis and apis[0] in _MADE:
            return _MADE[apis[0]], dataset
        case ast.Call(ast.Attribute(dataset, name), [], []) if not apis and name in _MADE.values():
            is_own = isinstance(program.resolve(call.func, function.module), InTree)
            return name, None if is_own else dataset
    return "", None


def _initializing(names: list[ast.Name], function: Function) -> Iterator[ast.Call]:
    """``tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)``"""
    for statement in walk(function.node):
        match statement:
            case ast.Expr(
                ast.Call(callee, [key, ast.Attribute(ast.Name() as name, "initializer")])
            ):
                found = {r.node: r.api.name for r in references_in(statement, function)}
                if name in names and found == {callee: _COLLECTION, key: _INITIALIZERS}:
                    assert isinstance(statement.value, ast.Call)
                    yield statement.value


def _has_last_value(name: ast.Name, function: Function) -> bool:
    """Whether no statement behind gives a name of the function another value."""
    nodes = [n for n in walk(function.node) if isinstance(n, ast.Name) and n.id == name.id]
    stores = [n for n in nodes if not isinstance(n.ctx, ast.Load)]
    scopes = function.module.scopes.scope_of
    own = all((found := scopes[n].lookup(n.id)) and found[0].node is function.node for n in nodes)
    assert isinstance(function.node, ast.FunctionDef)
    return own and all(n.lineno < name.lineno for n in stores)


def _is_read_often(call: ast.Call, function: Function) -> bool:
    """Whether a call stands in a loop, or where it need not run at once."""
    return any(
        isinstance(outer, _OFTEN) and any(node is call for node in walk(outer))
        for outer in walk(function.node)
    )
