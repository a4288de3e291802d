"""Variables of list comprehensions that Python 2 leaves behind, and that are read afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.python2.bound import bound_names

_Place = tuple[int, int]
_Scope = ast.Module | ast.FunctionDef | ast.ClassDef | ast.Lambda
_Loop = ast.For | ast.While
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class _Stored:
    """Where a name is bound, and how far that reaches: to the end of the block it stands in."""

    place: _Place
    end: _Place


def leaks(tree: ast.Module) -> Iterator[tuple[ast.ListComp, str]]:
    """List comprehensions whose variable is read in their scope before it is bound again."""
    for scope in ast.walk(tree):
        if isinstance(scope, _Scope):
            yield from _of_scope(scope)


def _of_scope(scope: _Scope) -> Iterator[tuple[ast.ListComp, str]]:
    own = list(_own(scope))
    lists = [node for node in own if isinstance(node, ast.ListComp)]
    if not lists:
        return
    bound_inside = {id(name) for name in _of_comprehensions(own)}
    names = [node for node in own if isinstance(node, ast.Name) and id(node) not in bound_inside]
    elsewhere = _read_by_functions(scope) | _declared_global(own)
    stored = _stored(own)
    loops = [node for node in own if isinstance(node, _Loop)]
    for node in lists:
        around = [loop for loop in loops if _start(loop) < _start(node) < _end(loop)]
        for name in sorted(_targets(node)):
            reads = (n for n in names if n.id == name and not isinstance(n.ctx, ast.Del))
            bound = stored.get(name, [])
            if (
                name in elsewhere
                or _hides(node, name, own)
                or _read_around(node, name, own, bound_inside)
                or any(_reads_leak(n, node, around, bound) for n in reads if _is_read(n, own))
            ):
                yield node, name


def _of_comprehensions(own: list[ast.AST]) -> Iterator[ast.Name]:
    """Names that a comprehension around them binds; its first iterable stands outside of it."""
    for node in own:
        if isinstance(node, _Comprehension):
            targets = _targets(node)
            outside = {id(n) for n in ast.walk(node.generators[0].iter)}
            for name in ast.walk(node):
                if isinstance(name, ast.Name) and name.id in targets and id(name) not in outside:
                    yield name


def _read_by_functions(scope: ast.AST) -> set[str]:
    """Names of the scope that functions in it read, at times that nobody can tell.

    A function in the comprehension itself sees in Python 2 what the name is bound to later.
    """
    found: set[str] = set()
    if isinstance(scope, ast.ClassDef):
        return found
    for function in ast.walk(scope):
        if function is not scope and isinstance(function, ast.FunctionDef | ast.Lambda):
            names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
            own = bound_names(function) - _declared_global(list(_own(function)))
            found |= {n.id for n in names if isinstance(n.ctx, ast.Load)} - own
    return found


def _declared_global(own: list[ast.AST]) -> set[str]:
    return {name for node in own if isinstance(node, ast.Global) for name in node.names}


def _hides(node: ast.ListComp, name: str, own: list[ast.AST]) -> bool:
    """Whether it stands in another comprehension that has the same variable."""
    return any(
        isinstance(around, ast.ListComp)
        and around is not node
        and name in _targets(around)
        and any(inner is node for inner in ast.walk(around))
        for around in own
    )


def _read_around(node: ast.ListComp, name: str, own: list[ast.AST], bound: set[int]) -> bool:
    """Whether a comprehension around it reads the name: what stands first there runs last."""
    inside = {id(n) for n in ast.walk(node)}
    return any(
        isinstance(read, ast.Name) and read.id == name and not {id(read)} & (inside | bound)
        for around in own
        if isinstance(around, _Comprehension) and around is not node
        if any(inner is node for inner in ast.walk(around))
        for read in ast.walk(around)
    )


def _reads_leak(
    read: ast.Name, node: ast.ListComp, around: list[_Loop], bound: list[_Stored]
) -> bool:
    place, since = _start(read), _end(node)
    if place < since:  # only the next turn of a loop comes there
        loops = [_start(loop) for loop in around if _start(loop) < place]
        if not loops:
            return False
        since = min(loops)
    return not any(since <= b.place < place <= b.end for b in bound)


def _is_read(name: ast.Name, own: list[ast.AST]) -> bool:
    """``i += 1`` reads the name that it stores."""
    return isinstance(name.ctx, ast.Load) or any(
        isinstance(node, ast.AugAssign) and node.target is name for node in own
    )


def _stored(own: list[ast.AST]) -> dict[str, list[_Stored]]:
    found: dict[str, list[_Stored]] = {}
    for block in own:
        for statements in (
            getattr(block, field, None) for field in ("body", "orelse", "finalbody")
        ):
            if isinstance(statements, list):
                _store_block(statements, found)
    for loop in own:
        if isinstance(loop, ast.For):  # its target is bound in its body, which may never run
            _store(loop.target, _start(loop.target), _end(loop.body[-1]), found)
    return found


def _store_block(statements: list[ast.stmt], found: dict[str, list[_Stored]]) -> None:
    for statement in statements:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                _store(target, _end(statement), _end(statements[-1]), found)


def _store(target: ast.expr, place: _Place, end: _Place, found: dict[str, list[_Stored]]) -> None:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(_Stored(place, end))


def _targets(node: _Comprehension) -> set[str]:
    return {
        n.id for part in node.generators for n in ast.walk(part.target) if isinstance(n, ast.Name)
    }


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The scope and its nodes, without those of functions and classes in it."""
    yield scope
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, _Scope):
            yield from _own(child)


def _start(node: ast.AST) -> _Place:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> _Place:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
