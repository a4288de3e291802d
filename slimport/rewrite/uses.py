"""How often code uses each name: what `ast.Name` stands for in libcst's tree."""

from __future__ import annotations

from collections import Counter

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
_fields: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def uses(node: cst.CSTNode) -> Counter[str]:
    """How often each name stands in an expression, or is assigned."""
    found: list[str] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if type(current) is cst.Name:
            found.append(current.value)
            continue
        for name in _fields_of(current):
            value = getattr(current, name)
            if is_node(type(value)):
                pending.append(value)
            elif is_sequence(type(value)):
                pending += value
    return Counter(name for name in found if name not in _CONSTANTS)


def _fields_of(node: cst.CSTNode) -> tuple[str, ...]:
    """The fields in which names may be, or what holds some."""
    kind = type(node)
    found = _fields.get(kind)
    if found is None:
        texts = _TEXTS.get(kind, ())
        parts = () if issubclass(kind, _WITHOUT) else parts_of(node)
        found = _fields[kind] = tuple(name for name in parts if name not in texts)
    return found
