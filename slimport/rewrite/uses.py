"""How often code uses each name: what `ast.Name` stands for in libcst's tree."""

from __future__ import annotations

from collections import Counter
from functools import cache

import libcst as cst

from slimport.rewrite.nodes import is_node, is_sequence, parts_of

# Names that `ast` has as plain text: of attributes, keywords, parameters, what is defined.
_TEXTS: dict[type[cst.CSTNode], frozenset[str]] = {
    cst.Attribute: frozenset({"attr"}),
    cst.Arg: frozenset({"keyword"}),
    cst.FunctionDef: frozenset({"name"}),
    cst.ClassDef: frozenset({"name"}),
    cst.Param: frozenset({"name"}),
    cst.ExceptHandler: frozenset({"name"}),
    cst.ExceptStarHandler: frozenset({"name"}),
    cst.MatchAs: frozenset({"name"}),
    cst.MatchStar: frozenset({"name"}),
    cst.MatchMapping: frozenset({"rest"}),
    cst.MatchKeywordElement: frozenset({"key"}),
    cst.TypeVar: frozenset({"name"}),
    cst.TypeVarTuple: frozenset({"name"}),
    cst.ParamSpec: frozenset({"name"}),
}
_WITHOUT = (cst.Import, cst.ImportFrom, cst.Global, cst.Nonlocal, cst.SimpleString)
# Python's own constants: no names since Python 3.
_CONSTANTS = frozenset({"None", "True", "False"})


def uses(node: cst.CSTNode) -> Counter[str]:
    """How often each name stands in an expression, or is assigned."""
    found: list[str] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if type(current) is cst.Name:
            found.append(current.value)
            continue
        for name in _fields(type(current), parts_of(current)):
            value = getattr(current, name)
            if is_node(type(value)):
                pending.append(value)
            elif is_sequence(type(value)):
                pending += value
    return Counter(name for name in found if name not in _CONSTANTS)


@cache
def _fields(kind: type[cst.CSTNode], parts: tuple[str, ...]) -> tuple[str, ...]:
    if issubclass(kind, _WITHOUT):
        return ()
    return tuple(name for name in parts if name not in _TEXTS.get(kind, ()))
