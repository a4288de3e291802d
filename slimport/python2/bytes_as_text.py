"""Bytes where Python 2 had a text: what Python 3 does with them without raising.

``b"a" == "a"`` is False, ``"%s" % b"a"`` is ``b'a'``, and ``b"a"[0]`` is a number. Most else of
what Python 2 did with such a text raises, and needs no mark.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.walking import own_nodes
from slimport.python2.bound import own_names

# Methods and functions that give bytes, by the last part of their name.
_GIVE = frozenset(
    "b64decode b64encode check_output digest recv tobytes tostring unhexlify".split()
)  # fmt: skip
_READ = frozenset({"read", "readline", "readlines"})
# What opens a file, by the last part of its name; those in the second set do so as bytes.
_OPEN = frozenset({"FastGFile", "GFile", "Open", "fdopen", "file", "open"})
_OPEN_BYTES = frozenset({"urlopen"})
# Methods of bytes that give bytes.
_KEEP = frozenset({"lower", "lstrip", "replace", "rstrip", "split", "strip", "upper"})
_SHOWN_BY = frozenset({"print", "repr", "str"})


def bytes_as_text(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions that compare, show, index or go over what may be bytes."""
    whole = _Names(tree)
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.Module | ast.FunctionDef | ast.ClassDef):
            continue
        names = whole if scope is tree else _Names(scope, whole)
        for node in own_nodes(scope):
            if isinstance(node, ast.expr) and names.misused(node):
                yield node
            elif isinstance(node, ast.For | ast.comprehension) and names.goes_over(node.iter):
                yield node.iter


class _Names:
    """The names of a scope that may hold bytes, and those that hold files of bytes."""

    def __init__(self, scope: ast.AST, around: _Names | None = None) -> None:
        hidden = own_names(scope)
        self._bytes: set[str] = around._bytes - hidden if around is not None else set()
        self._files: set[str] = around._files - hidden if around is not None else set()
        nodes = own_nodes(scope)
        size = -1
        while size != len(self._bytes) + len(self._files):
            size = len(self._bytes) + len(self._files)
            for node in nodes:
                self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._take(target, value)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._take(target, value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                if self._is_file(value) or (_lines(value) and self.holds(value)):
                    self._bytes |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}

    def _take(self, target: ast.expr, value: ast.expr) -> None:
        names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        pair = isinstance(target, ast.Tuple) and _called(value) == "communicate"
        if self._is_file(value) and isinstance(target, ast.Name):
            self._files |= names
        elif pair or (isinstance(target, ast.Name) and self.holds(value)):
            self._bytes |= names

    def _is_file(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self._files
            case ast.Call():
                name = _called(node)
                return name in _OPEN_BYTES or (name in _OPEN and "b" in _mode(node))
        return False

    def holds(self, node: ast.expr) -> bool:
        """Whether an expression may be bytes, or a list of such."""
        match node:
            case ast.Name(id=name):
                return name in self._bytes
            case ast.Subscript(value=value, slice=ast.Slice()):
                return self.holds(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.holds(left) or self.holds(right)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _READ:
                return self._is_file(value)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _KEEP:
                return self.holds(value)
            case ast.Call(args=given):
                name = _called(node)
                codec = not given or isinstance(given[0], ast.Constant)
                packed = ast.unparse(node.func) == "struct.pack"
                return name in _GIVE or packed or (name == "encode" and codec)
        return False

    def goes_over(self, node: ast.expr) -> bool:
        """Whether a loop takes what may be bytes apart."""
        return self.holds(node) and not _lines(node)

    def misused(self, node: ast.expr) -> bool:
        """Whether Python 3 gives another result here."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                held = [side for side in sides if self.holds(side)]
                equal = any(isinstance(op, ast.Eq | ast.NotEq) for op in ops)
                among = isinstance(ops[0], ast.In | ast.NotIn) and left in held
                plain = any(_is_no_text(side) for side in sides)
                return bool(held) and len(held) < len(sides) and (equal or among) and not plain
            case ast.BinOp(op=ast.Mod(), right=ast.Tuple(elts=shown)):
                return any(map(self.holds, shown))
            case ast.BinOp(op=ast.Mod(), right=shown):
                return self.holds(shown)
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                return (self.holds(value) and not _lines(value)) or self.holds(index)
            case ast.Call(func=ast.Name(id=name), args=shown) if name in _SHOWN_BY:
                return any(map(self.holds, shown))
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, _]):
                return self.holds(value)
            case ast.Call(func=ast.Attribute(attr="format" | "get"), args=shown):
                return any(map(self.holds, shown))
        return False


def _called(node: ast.expr) -> str:
    """The last part of a callee's name."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
    return ""


def _mode(call: ast.Call) -> str:
    given = [k.value for k in call.keywords if k.arg == "mode"] or call.args[1:2]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else ""
    return mode if isinstance(mode, str) else ""


def _lines(node: ast.expr) -> bool:
    """Whether an expression is a list of texts rather than one."""
    return _called(node) in ("readlines", "split")


def _is_no_text(node: ast.expr) -> bool:
    """Whether it is a constant that neither bytes nor a text is ever equal to."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, str | bytes)
