"""Entries by their signature: functions of a tree that take a tensor first and build layers.

Nothing is run here. What a candidate's input may look like is a list of shapes to try; whether it
can be called so is for the old side's worker to say (`found_cases`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path, PurePosixPath

from slimport.files.discover import discover
from slimport.files.source import Source, SourceError, parse
from slimport.index.modules import Module
from slimport.index.names import FunctionNode
from slimport.index.program import Function, Program, builds_layers, closure_of
from slimport.index.resolve import Api, InTree
from slimport.index.roots import import_roots
from slimport.verify.case_files.entry_parameters import (
    Arguments,
    Signature,
    arguments,
    asks_for_training,
    is_tensor,
    signature,
)
from slimport.verify.case_files.entry_scopes import ScopeFunction, passed_on, scope_of
from slimport.verify.case_files.entry_shapes import Shape, default_size, shapes


@dataclass(frozen=True, eq=False)
class Candidate:
    """A function that looks like an entry.

    Attributes:
        function: The function.
        root: Folder that its module's name starts from, relative to the tree.
        module: The module's dotted name from there.
        call: How it is called.
        scope: The arg_scope function that it is meant to run under.
        shapes: Shapes of its inputs that are worth a trial.
        built_once: False where its code asks for the training argument in Python.
        reached: Everything that it leads to.
    """

    function: Function
    root: PurePosixPath
    module: str
    call: Arguments
    scope: ScopeFunction | None
    shapes: list[Shape]
    built_once: bool
    reached: frozenset[Function] = field(repr=False)

    @property
    def name(self) -> str:
        return self.function.qualname

    @property
    def entry(self) -> str:
        return f"{self.module}:{self.name}"


def read_program(root: Path) -> Program:
    """Indexes a tree; files that are no Python 3 are left out."""
    sources: dict[PurePosixPath, Source] = {}
    for path in discover(root):
        try:
            source = parse(path, path.read_bytes())
        except (OSError, SourceError):
            continue
        sources[PurePosixPath(path.relative_to(root).as_posix())] = source
    return Program(sources)


def _place(function: Function) -> tuple[PurePosixPath, int]:
    """File and line of a function; a module's own code comes first."""
    line = 0 if isinstance(function.node, ast.Module) else function.node.lineno
    return function.module.path, line


def candidates(program: Program) -> list[Candidate]:
    """Returns every function of a tree that looks like an entry, in the order of its files."""
    named = cache(partial(named_by, program))
    likely = [function for function in program.building if _is_likely(program, function)]
    likely.sort(key=_place)
    roots = import_roots(program, {function.module for function in likely})
    found = []
    for function in likely:
        reached = closure_of([function], lambda f: f.callees | named(f))
        found.append(_candidate(program, function, roots[function.module], reached))
    return found


def outermost(found: Iterable[Candidate]) -> list[Candidate]:
    """Those that no other one leads to: what they build holds what the others build."""
    found = list(found)
    return [
        one
        for one in found
        if not any(
            one.function in other.reached and other.function not in one.reached
            for other in found
            if other is not one
        )
    ]


def _is_likely(program: Program, function: Function) -> bool:
    node = function.node
    if not isinstance(node, FunctionNode) or "." in function.qualname or _is_test(function.module):
        return False
    if function.qualname.startswith("_") or function.qualname.endswith(("_scope", "_argscope")):
        return False
    given = signature(node).parameters
    if not given or not any(isinstance(child, ast.Return) for child in ast.walk(node)):
        return False
    return is_tensor(given[0].name) or _flows_into_layers(program, function, given[0].name)


def _is_test(module: Module) -> bool:
    parts = [*module.package, *module.path.stem.split("_")]
    return "test" in parts or "tests" in parts


def _flows_into_layers(program: Program, function: Function, name: str) -> bool:
    """Whether a parameter is the first argument of a layer, or of a function that builds layers."""
    for call in function.calls:
        if call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == name:
            meaning = program.resolve(call.func, function.module)
            if isinstance(meaning, Api) and builds_layers(meaning.name):
                return True
    return False


def named_by(program: Program, function: Function) -> set[Function]:
    """The functions that one names, called or not: ``slim.repeat(net, 10, block35)``."""
    found: set[Function] = set()
    if not isinstance(function.node, FunctionNode):
        return found
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            meaning = program.resolve(node, function.module)
            if isinstance(meaning, InTree):
                target = program.function_of(meaning.definition)
                if target is not None and target is not function:
                    found.add(target)
    return found


def _candidate(
    program: Program, function: Function, roots: set[tuple[str, ...]], reached: set[Function]
) -> Candidate:
    node = function.node
    assert isinstance(node, FunctionNode)
    root = min(roots, key=lambda folder: (len(folder), folder))
    given = signature(node).parameters
    apis = {reference.api.name for other in reached for reference in other.references}
    size = default_size(function.module.tree, function.qualname)
    return Candidate(
        function,
        PurePosixPath(*root),
        ".".join(function.module.parts[len(root) :]),
        arguments(given[1:], passed_on(program, function)),
        scope_of(program, function, reached),
        shapes(node, given[0].name, apis, size),
        not asks_for_training([other.node for other in reached]),
        frozenset(reached),
    )


class NewTree:
    """What the new tree defines under the names of the old one.

    Args:
        root: Its root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[PurePosixPath, dict[str, Signature | None] | None] = {}

    def names(self, path: PurePosixPath) -> dict[str, Signature | None] | None:
        """Names that a file binds at its top level, functions with what they take.

        None where there is no such file.
        """
        if path not in self._read:
            self._read[path] = self._names(path)
        return self._read[path]

    def _names(self, path: PurePosixPath) -> dict[str, Signature | None] | None:
        try:
            tree = parse(self._root / path, (self._root / path).read_bytes()).tree
        except (OSError, SourceError):
            return None
        found: dict[str, Signature | None] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names) | ast.ImportFrom(names=names):
                    found |= {(a.asname or a.name).partition(".")[0]: None for a in names}
                case ast.Assign(targets=targets):
                    found |= {target.id: None for target in targets if isinstance(target, ast.Name)}
        found |= {
            node.name: signature(node) for node in tree.body if isinstance(node, FunctionNode)
        }
        return found
