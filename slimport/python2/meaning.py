"""What Python 3 computes otherwise without a word, in text that both parse.

Divisions become exact where the file shows what is divided; the rest is marked.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from slimport.python2.bound import bound_names, builtin_names, character
from slimport.python2.bytes_as_text import bytes_as_text
from slimport.python2.classes import of_classes
from slimport.python2.future import imports_future
from slimport.python2.leaks import leaks
from slimport.python2.neighbours import implicit
from slimport.python2.number_kinds import Kinds
from slimport.python2.reasons import CODE, REASONS
from slimport.rewrite.marks import comments, mark

_WIDTH = 96
# Builtins that give something else in Python 3, also where they are passed on.
_VALUES = frozenset({"filter", "map", "range", "zip"})
_TO_NUMBER = frozenset({"float", "int", "long"})
_COUNTERS = frozenset({"len", "set", "sorted", "sum"})
_WHOLE = frozenset({"math.ceil", "math.floor"})


@dataclass(frozen=True)
class Finding:
    """Something to mark: the node that it is about, and why."""

    node: ast.stmt | ast.expr
    reason: str


def exact(text: str, path: Path, raised: frozenset[int] = frozenset()) -> tuple[str, int]:
    """The text with its divisions exact and everything else that changes its meaning marked.

    Args:
        text: Python 3, made of Python 2.
        path: where the file is.
        raised: which of its `raise` statements had a value that may be anything.

    Returns:
        The text, and how many divisions became ``//``.
    """
    tree, lines = ast.parse(text), text.split("\n")
    exact_ones, unknown = _divided(tree, text, lines)
    for line, column in sorted(exact_ones, reverse=True):
        old = lines[line - 1]
        lines[line - 1] = f"{old[:column]}/{old[column:]}"
    findings = [*_otherwise(tree, path, raised), *unknown]
    return "\n".join(_marked(lines, findings, _starts(text))), len(exact_ones)


def _otherwise(tree: ast.Module, path: Path, raised: frozenset[int]) -> Iterator[Finding]:
    """What else changes its meaning."""
    yield from (*_calls(tree), *_builtins(tree), *_filters(tree))
    for comprehension, name in leaks(tree):
        yield Finding(comprehension, REASONS["python2.comprehension"].format(name=name))
    for node, reason in of_classes(tree):
        yield Finding(node, reason)
    for expression in bytes_as_text(tree):
        yield Finding(expression, REASONS["python2.bytes"])
    for statement, name in implicit(tree, path):
        yield Finding(statement, REASONS["python2.import"].format(name=name))
    raises = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    raises.sort(key=lambda node: (node.lineno, node.col_offset))
    for number in sorted(raised):
        yield Finding(raises[number], REASONS["python2.raise"])


# Divisions ------------------------------------------------------------------------------------


def _divided(
    tree: ast.Module, text: str, lines: list[str]
) -> tuple[list[tuple[int, int]], list[Finding]]:
    """Places of the divisions of two ints, and those of which nobody can tell."""
    places: list[tuple[int, int]] = []
    unknown: list[Finding] = []
    if imports_future(tree, "division"):
        return places, unknown
    kinds, slashes = Kinds(tree), _slashes(text)
    for node, left, right in _divisions(tree):
        pair = (kinds.of(left), kinds.of(right))
        if pair == ("int", "int"):
            places.append(_between(left, right, lines, slashes))
        elif "float" not in pair:
            unknown.append(Finding(node, REASONS["python2.division"]))
    return places, unknown


def _divisions(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, ast.expr, ast.expr]]:
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                yield node, left, right
            case ast.AugAssign(target=target, op=ast.Div(), value=value):
                yield node, target, value


def _slashes(text: str) -> list[tuple[int, int]]:
    """Places of / and /=, by line from 1 and character."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [t.start for t in tokens if t.type == tokenize.OP and t.string in ("/", "/=")]


def _between(
    left: ast.expr, right: ast.expr, lines: list[str], slashes: list[tuple[int, int]]
) -> tuple[int, int]:
    assert left.end_lineno is not None and left.end_col_offset is not None
    start = (left.end_lineno, character(lines, left.end_lineno, left.end_col_offset))
    end = (right.lineno, character(lines, right.lineno, right.col_offset))
    (found,) = (place for place in slashes if start <= place < end)
    return found


# What is marked -------------------------------------------------------------------------------


def _calls(tree: ast.Module) -> Iterator[Finding]:
    in_functions = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    bound = bound_names(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in bound:
                continue
            case ast.Call(func=ast.Name(id="round")):
                yield Finding(node, REASONS["python2.round"])
            case ast.Call(func=ast.Name(id="map"), args=[_, _, _, *_]):
                yield Finding(node, REASONS["python2.map"])
            case ast.Call(func=ast.Name(id="exec"), args=[_]) if id(node) in in_functions:
                yield Finding(node, REASONS["python2.exec"])


def _builtins(tree: ast.Module) -> Iterator[Finding]:
    """`round`, `oct`, and `map` passed on; `math.floor` where its float is seen."""
    builtins = builtin_names(tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    whole = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and builtins.get(id(node.func)) in _TO_NUMBER
    }
    aliases = {id(node.value) for node in ast.walk(tree) if _renames_xrange(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) in builtins and id(node) not in called:
            if node.id in _VALUES and id(node) not in aliases:
                yield Finding(node, REASONS["python2.list"].format(name=node.id))
            elif node.id == "round":
                yield Finding(node, REASONS["python2.round"])
        if isinstance(node, ast.Name) and builtins.get(id(node)) == "oct":
            yield Finding(node, REASONS["python2.oct"])
        if isinstance(node, ast.Call) and id(node) not in whole and _is_floor(node.func):
            yield Finding(node, REASONS["python2.floor"])


def _renames_xrange(node: ast.AST) -> TypeGuard[ast.Assign]:
    """``xrange = range``, which files have that are both: nobody takes that for a list."""
    match node:
        case ast.Assign(targets=[ast.Name(id="xrange" | "range")], value=ast.Name(id="range")):
            return True
    return False


def _is_floor(callee: ast.expr) -> bool:
    return isinstance(callee, ast.Attribute) and ast.unparse(callee) in _WHOLE


def _filters(tree: ast.Module) -> Iterator[Finding]:
    """`filter` of a text is a text in Python 2; nobody sees that of what is only gone over."""
    builtins = builtin_names(tree)
    parts: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=part) | ast.comprehension(iter=part):
                parts.add(id(part))
            case ast.Call(func=func, args=[part]) if builtins.get(id(func)) in _COUNTERS:
                parts.add(id(part))
            case ast.Subscript(value=part, slice=index) if not isinstance(index, ast.Slice):
                parts.add(id(part))
            case ast.Call(
                func=ast.Name(id="list"),
                args=[ast.Call(func=func, args=[_, taken]) as inner],
            ) if builtins.get(id(func)) == "filter" and id(node) not in parts:
                if not _is_list(taken, builtins):
                    yield Finding(inner, REASONS["python2.filter"])


def _is_list(node: ast.expr, builtins: dict[int, str]) -> bool:
    match node:
        case ast.List() | ast.ListComp():
            return True
        case ast.Call(func=ast.Attribute(attr="split" | "splitlines")):
            return True
        case ast.Call(func=func):
            return builtins.get(id(func)) in ("list", "sorted")
    return False


# Writing --------------------------------------------------------------------------------------


def _marked(lines: list[str], findings: list[Finding], starts: dict[int, int]) -> list[str]:
    """The lines with a comment above each statement that something was found in."""
    reasons: dict[int, list[str]] = {}
    for finding in findings:
        found = reasons.setdefault(starts[finding.node.lineno], [])
        if finding.reason not in found:
            found.append(finding.reason)
    result: list[str] = []
    for number, line in enumerate(lines, 1):
        indent = line[: len(line) - len(line.lstrip(" \t\f"))]
        end = "\r" if line.endswith("\r") else ""
        for reason in reasons.get(number, ()):
            texts = comments(mark(CODE, reason), _WIDTH - len(indent))
            result += [f"{indent}{text}{end}" for text in texts]
        result.append(line)
    return result


def _starts(text: str) -> dict[int, int]:
    """The first line of the statement that goes on in each line."""
    starts: dict[int, int] = {}
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            continue
        first = first or token.start[0]
        if token.type == tokenize.NEWLINE:
            starts |= dict.fromkeys(range(first, token.end[0] + 1), first)
            first = 0
    return starts
