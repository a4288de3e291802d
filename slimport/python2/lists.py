"""Builtins that gave lists in Python 2, and iterators since: ``list(...)`` around their calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from slimport.python2.bound import builtin_names, character

_LISTS = frozenset({"filter", "map", "range", "zip"})
# These take all before they do anything else.
_CONSUMERS = frozenset({"dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"})
# Nobody sees when these are called.
_PURE = frozenset({"abs", "bool", "float", "int", "len", "long", "ord", "str", "unicode"})
_Edit = tuple[int, int, int, str]


def listed(text: str) -> tuple[str, int]:
    """The text with ``list(...)`` where Python 2 had a list, and how many there are.

    ``input()`` becomes ``eval(input())`` here, too: names that the file binds need the same care.
    """
    tree = ast.parse(text)
    lines = text.split("\n")
    calls = list(_calls(tree))
    edits: list[_Edit] = [edit for call, around in calls for edit in _wrapped(call, around, lines)]
    for line, start, end, new in sorted(edits, reverse=True):
        old = lines[line - 1]
        lines[line - 1] = old[:start] + new + old[end:]
    return "\n".join(lines), len(calls)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    builtins = builtin_names(tree)
    kept = set(_kept(tree, builtins))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or id(call.func) not in builtins:
            continue
        name = builtins[id(call.func)]
        if name == "input":
            yield call, "eval"
        elif name in _LISTS and (call not in kept or _takes_none(call)):
            yield call, "list"


def _wrapped(call: ast.Call, around: str, lines: list[str]) -> Iterator[_Edit]:
    assert call.end_lineno is not None and call.end_col_offset is not None
    start = character(lines, call.lineno, call.col_offset)
    if _takes_none(call):  # map(None, x) -> list(x)
        none, taken = call.args
        first = character(lines, none.lineno, none.col_offset)
        yield call.lineno, start, start + len("map"), around
        last = character(lines, taken.lineno, taken.col_offset)
        comma = re.compile(r",\s*").search(lines[none.lineno - 1], first, last)
        yield none.lineno, first, comma.end() if comma is not None else last, ""
        return
    yield call.lineno, start, start, f"{around}("
    end = character(lines, call.end_lineno, call.end_col_offset)
    yield call.end_lineno, end, end, ")"


def _takes_none(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Name(id="map"), args=[ast.Constant(value=None) as none, taken]):
            return not isinstance(taken, ast.Starred) and none.lineno == taken.lineno
    return False


def _kept(tree: ast.Module, builtins: dict[int, str]) -> Iterator[ast.expr]:
    """Expressions where an iterator does the same: nothing else happens while it is used."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=func, args=[first, *_]) if builtins.get(id(func)) in _CONSUMERS:
                yield first
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[first]):
                yield first
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[last]):
                if _name(last, builtins) == "range":
                    yield last
            case ast.For(iter=iterable, body=body):
                if _is_apart(iterable, body, builtins):
                    yield iterable
            case ast.ListComp(generators=parts) | ast.SetComp(generators=parts):
                yield from (p.iter for p in parts if _is_apart(p.iter, [node], builtins))
            case ast.GeneratorExp(generators=parts) | ast.DictComp(generators=parts):
                yield from (p.iter for p in parts if _is_apart(p.iter, [node], builtins))


def _is_apart(iterable: ast.expr, body: Sequence[ast.AST], builtins: dict[int, str]) -> bool:
    """Whether a loop's body is none of what its iterable goes over."""
    name = _name(iterable, builtins)
    if name == "range":
        return True
    if not isinstance(iterable, ast.Call) or name not in ("map", "zip"):
        return False
    args = iterable.args
    if name == "map":
        if builtins.get(id(args[0])) not in _PURE:
            return False
        args = args[1:]
    if isinstance(body[0], ast.expr):  # a comprehension, which has the iterable inside
        inside = [n for n in ast.walk(body[0]) if isinstance(n, ast.Call) and n is not iterable]
        return not any(isinstance(arg, ast.Call) for arg in args) and not any(
            id(call.func) not in builtins for call in inside
        )
    names = {n.id for a in args for n in ast.walk(a) if isinstance(n, ast.Name)}
    used = {n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name)}
    return not names & used


def _name(node: ast.expr, builtins: dict[int, str]) -> str:
    return builtins.get(id(node.func), "") if isinstance(node, ast.Call) else ""
