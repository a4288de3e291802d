"""Variables of list comprehensions that Python 2 leaves behind, and that are read afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_Place = tuple[int, int]
_Scope = ast.Module | ast.FunctionDef | ast.ClassDef | ast.Lambda
_Loop = ast.For | ast.While
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
    inside = {id(n) for node in own if isinstance(node, _COMPREHENSIONS) for n in ast.walk(node)}
    names = [node for node in own if isinstance(node, ast.Name) and id(node) not in inside]
    stored = _stored(own)
    loops = [node for node in own if isinstance(node, _Loop)]
    for node in lists:
        around = [loop for loop in loops if _start(loop) < _start(node) < _end(loop)]
        for name in sorted(_targets(node)):
            reads = (n for n in names if n.id == name and not isinstance(n.ctx, ast.Del))
            bound = stored.get(name, [])
            if any(_reads_leak(n, node, around, bound) for n in reads if _is_read(n, own)):
                yield node, name


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


def _targets(node: ast.ListComp) -> set[str]:
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
