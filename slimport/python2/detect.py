"""Whether a file is Python 2's: also one that Python 3 parses, and takes for something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.walking import all_of
from slimport.python2.future import imports_future

INSTALL = "install slimport[py2] to have it converted, or convert it first"


@dataclass(frozen=True)
class Seen:
    """What shows that a file is Python 2's.

    Attributes:
        line: where, from 1.
        what: the text there, or what it is.
    """

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: Python 2 source ({self.what})"


def misread(tree: ast.Module) -> Seen | None:
    """What Python 3 parses with another meaning: ``print >>f, x``, ``print``, ``except E, e``."""
    return min(_misread(tree), key=lambda seen: seen.line, default=None)


def _misread(tree: ast.Module) -> Iterator[Seen]:
    printing = not imports_future(tree, "print_function")
    for node in all_of(tree, ast.Expr) if printing else ():
        if _prints(node.value):
            yield Seen(node.lineno, _prints(node.value))
    for handler in all_of(tree, ast.ExceptHandler):
        if _names_without_parentheses(handler):
            yield Seen(handler.lineno, "except E, e")


def _prints(node: ast.expr) -> str:
    """``print >>f`` raises where Python 3 runs it, ``print`` alone does nothing there."""
    if isinstance(node, ast.Name) and node.id == "print":
        return "print without parentheses"
    first = node.elts[0] if isinstance(node, ast.Tuple) and node.elts else node
    if isinstance(first, ast.BinOp) and isinstance(first.op, ast.RShift):
        left = first.left
        return "print >>" if isinstance(left, ast.Name) and left.id == "print" else ""
    return ""


def _names_without_parentheses(handler: ast.ExceptHandler) -> bool:
    """From Python 3.14 on ``except E, e:`` catches both; Python 2 binds what it caught to ``e``."""
    kind = handler.type
    if not isinstance(kind, ast.Tuple) or not kind.elts:
        return False
    first = kind.elts[0]
    return (kind.lineno, kind.col_offset) == (first.lineno, first.col_offset)


def refused(error: SyntaxError, text: str) -> Seen | None:
    """What a file that Python 3 does not parse has of Python 2, as far as the line tells."""
    lines = text.split("\n")
    line = lines[error.lineno - 1].strip() if error.lineno and error.text else ""
    message = str(error.msg)
    if isinstance(error, TabError):
        return Seen(error.lineno or 1, "tabs beside blanks")
    if line.startswith(("print ", "exec ")) or any(hint in message for hint in _MESSAGES):
        return Seen(error.lineno or 1, repr(line[:60]))
    return None


# What CPython 3.11 to 3.13 say about `except E, e`, an old octal number and a statement.
_MESSAGES = (
    "multiple exception types",
    "leading zeros in decimal integer literals",
    "Missing parentheses in call to",
)
