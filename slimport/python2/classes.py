"""What Python 3 does otherwise with a class, though it parses and runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from slimport.python2.reasons import REASONS

METHODS = {
    "__cmp__": "__eq__, __lt__ and their family",
    "__coerce__": "the arithmetic for both types",
    "__delslice__": "__delitem__ for slices",
    "__div__": "__truediv__ or __floordiv__",
    "__getslice__": "__getitem__ for slices",
    "__idiv__": "__itruediv__ or __ifloordiv__",
    "__nonzero__": "__bool__",
    "__rdiv__": "__rtruediv__ or __rfloordiv__",
    "__setslice__": "__setitem__ for slices",
    "__unicode__": "__str__",
}
# A class without bases has none of these in Python 2, or looks them up elsewhere.
_NEW_STYLE = frozenset({"__getattr__", "__getattribute__", "__new__", "__slots__"})
# What has slices of its own, which no `__getitem__` is asked for.
_SEQUENCES = frozenset({"list", "str", "tuple", "unicode"})
_ITEMS = {
    "__delitem__": "__delslice__",
    "__getitem__": "__getslice__",
    "__setitem__": "__setslice__",
}
_NO_METHODS = frozenset({"__class__", "__dict__", "__doc__", "__module__", "__name__"})
_Found = Iterator[tuple[ast.stmt | ast.expr, str]]


def of_classes(tree: ast.Module) -> _Found:
    """Nodes to mark, and why."""
    old_style = set(_old_style(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = dict(_names(node))
            yield from _never_called(names)
            if "__eq__" in names and "__ne__" not in names and "__cmp__" not in names:
                yield names["__eq__"], REASONS["python2.unequal"]
            if node.name in old_style:
                if names.keys() & _NEW_STYLE or _differs(node, old_style):
                    yield node, REASONS["python2.class"]
                yield from _set_on_objects(node)
            yield from _sliced(node, names)
            yield from _seen_by_comprehensions(node, names)
        elif isinstance(node, ast.Assign) and _sets_metaclass(node):
            yield node, REASONS["python2.metaclass"]


def _names(node: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name, item
        elif isinstance(item, ast.Assign):
            yield from ((t.id, item) for t in item.targets if isinstance(t, ast.Name))


def _never_called(names: dict[str, ast.stmt]) -> _Found:
    for name in sorted(names.keys() & METHODS.keys()):
        if not _is_replaced(name, names):
            yield names[name], REASONS["python2.method"].format(name=name, instead=METHODS[name])


def _is_replaced(name: str, names: dict[str, ast.stmt]) -> bool:
    """Whether the class has what Python 3 calls instead."""
    if name == "__cmp__":
        return "__eq__" in names
    if name == "__unicode__":  # `unicode()` and `u"%s"` asked it, whatever there was beside it
        return _is_same(names, name, "__str__")
    others = [names[other] for other in re.findall(r"__\w+__", METHODS[name]) if other in names]
    if name.endswith("slice__"):
        return any(n.id == "slice" for other in others for n in _all_names(other))
    return bool(others)


def _is_same(names: dict[str, ast.stmt], one: str, other: str) -> bool:
    """Whether one method is set to be the other: ``__str__ = __unicode__``."""
    return any(
        isinstance(item, ast.Assign) and isinstance(item.value, ast.Name) and item.value.id == value
        for item, value in ((names.get(one), other), (names.get(other), one))
    )


def _set_on_objects(node: ast.ClassDef) -> _Found:
    """``self.__call__ = f``: an old class looks into its objects, too."""
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(ast.Name("self"), name, ast.Store()):
                if re.fullmatch(r"__[a-z]+__", name) and name not in _NO_METHODS:
                    yield inner, REASONS["python2.instance"].format(name=name)


def _sliced(node: ast.ClassDef, names: dict[str, ast.stmt]) -> _Found:
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)} & _SEQUENCES
    for method in sorted(names.keys() & _ITEMS.keys()) if bases else ():
        if _ITEMS[method] not in names:
            name = "text" if min(bases) in ("str", "unicode") else min(bases)
            yield names[method], REASONS["python2.slice"].format(name=name, method=method)


def _old_style(tree: ast.Module) -> Iterator[str]:
    """Classes without bases, and of such classes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ClassDef)
            and not node.keywords
            and all(isinstance(base, ast.Name) and base.id in found for base in node.bases)
        ):
            found.add(node.name)
            yield node.name


def _differs(node: ast.ClassDef, old_style: set[str]) -> bool:
    """Several bases are looked through in another order; properties can be overwritten."""
    sets = any(
        (isinstance(n, ast.Attribute) and n.attr in ("setter", "deleter"))
        or (
            isinstance(n, ast.Call)
            and isinstance(n.func, ast.Name)
            and n.func.id == "property"
            and len(n.args) + len(n.keywords) > 1
        )
        for n in ast.walk(node)
    )
    return sets or len(node.bases) > 1


def _seen_by_comprehensions(node: ast.ClassDef, names: dict[str, ast.stmt]) -> _Found:
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.ClassDef):
            continue
        for inner in ast.walk(item):
            if isinstance(inner, ast.ListComp):
                first = {id(n) for n in ast.walk(inner.generators[0].iter)}
                bound = {n.id for g in inner.generators for n in _all_names(g.target)}
                read = {n.id for n in _all_names(inner) if id(n) not in first} - bound
                for name in sorted(read & names.keys()):
                    yield inner, REASONS["python2.class_names"].format(name=name)


def _all_names(node: ast.AST) -> Iterator[ast.Name]:
    return (n for n in ast.walk(node) if isinstance(n, ast.Name))


def _sets_metaclass(node: ast.Assign) -> bool:
    """To `type`, a module's says only that its classes are as in Python 3."""
    is_type = isinstance(node.value, ast.Name) and node.value.id == "type"
    return not is_type and any(
        isinstance(t, ast.Name) and t.id == "__metaclass__" for t in node.targets
    )
