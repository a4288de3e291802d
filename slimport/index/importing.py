"""Which files of a program import which, as far as import statements and texts tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimport.index.looked_up import IMPORTERS, loaded_by_name
from slimport.index.modules import Module, ModuleTable
from slimport.index.walking import all_of


@dataclass(frozen=True)
class Imports:
    """Who imports whom.

    Attributes:
        modules: the files that each file imports.
        stars: those of them that it has all names of, by an ``import *``.
        names: the names that other files import of each file.
    """

    modules: dict[Module, set[Module]]
    stars: dict[Module, set[Module]]
    names: dict[Module, set[str]]


def imports_between(modules: Sequence[Module], table: ModuleTable) -> Imports:
    """The imports of all files, those inside of functions included."""
    found = Imports(
        {m: set() for m in modules}, {m: set() for m in modules}, {m: set() for m in modules}
    )
    for module in modules:
        for dotted in _imported(module):
            _add(found, table, module, dotted)
    return found


def dotted_names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, str]]:
    """What a statement imports: with leading dots as they are, ``module.*`` for all of it."""
    module = "" if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
    separator = "." if module and not module.endswith(".") else ""
    for alias in node.names:
        yield alias, f"{module}{separator}{alias.name}"


def _imported(module: Module) -> Iterator[str]:
    for node in module.scopes.imports:
        yield from (dotted for _, dotted in dotted_names(node))
    if not module.words.isdisjoint(IMPORTERS):
        for call in all_of(module.tree, ast.Call):
            yield from loaded_by_name(call)


def _add(found: Imports, table: ModuleTable, importer: Module, dotted: str) -> None:
    parent, _, last = dotted.rpartition(".")
    owner = _find(table, parent, importer)
    for module in (_find(table, dotted, importer), owner):
        if module is not None and module is not importer:
            found.modules[importer].add(module)
    if owner is not None and last == "*":
        found.stars[importer].add(owner)
    elif owner is not None:
        found.names[owner].add(last)


def _find(table: ModuleTable, dotted: str, importer: Module) -> Module | None:
    if not dotted.startswith("."):
        return table.find(dotted, importer) if dotted else None
    absolute = table.relative(importer, dotted)
    return table.exact(absolute) if absolute else None
