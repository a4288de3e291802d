"""Where the written module goes, so that every file can import the one copy."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from slimport.index.modules import Module
from slimport.index.program import Program

Folder = tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """Folder of the written module, and folders that need a loader for it.

    Attributes:
        folder: where the module itself is written.
        loaders: further import roots; each gets a file of the same name that loads the one copy,
            since two copies would be two stacks of layer defaults.
    """

    folder: Folder
    loaders: tuple[Folder, ...]


def imports_itself_from_inside(program: Program, package: Folder) -> bool:
    """Whether files below a folder are imported by names that start at it, or below.

    A folder with an ``__init__.py`` is then not used as a package, whatever the file says.
    """
    size = len(package)
    return any(
        root[:size] == package for roots in _roots_by_module(program).values() for root in roots
    )


def place(program: Program, users: Iterable[Module], inside: Folder = ()) -> Placement:
    """Finds the import roots of the files that use the written module.

    Args:
        program: the index.
        users: files that import the written module.
        inside: the folder that it must be in; roots above or beside it are not written to.
    """
    needed: Counter[Folder] = Counter()
    for roots in import_roots(program, users).values():
        size = len(inside)
        needed.update({root if root[:size] == inside else inside for root in roots})
    if not needed:
        return Placement(inside, ())
    folder = min(needed, key=lambda root: (len(root), -needed[root], root))
    return Placement(folder, tuple(sorted(set(needed) - {folder})))


def import_roots(program: Program, modules: Iterable[Module]) -> dict[Module, set[Folder]]:
    """Folders that the names of files start from where they are imported."""
    evidence = _roots_by_module(program)
    packages = {m.package for m in program.modules if m.path.name == "__init__.py"}
    for module, roots in evidence.items():  # folders imported as packages, whatever they hold
        for root in roots:
            packages |= {module.package[:n] for n in range(len(root) + 1, len(module.package) + 1)}
    return {module: _roots_of(module, evidence, packages) for module in modules}


def _roots_by_module(program: Program) -> dict[Module, set[Folder]]:
    """Import root of each module as absolute imports elsewhere in the tree show it."""
    found: dict[Module, set[Folder]] = {}
    for importer in program.modules:
        for dotted in _absolute_imports(importer):
            module = program.table.find(dotted, importer)
            if module is not None and module is not importer:
                depth = dotted.count(".") + 1
                found.setdefault(module, set()).add(module.parts[:-depth])
    return found


def _absolute_imports(module: Module) -> Iterable[str]:
    for node in module.scopes.imports:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif not node.level and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _roots_of(
    module: Module, evidence: dict[Module, set[Folder]], packages: set[Folder]
) -> set[Folder]:
    if module.is_notebook:
        return {module.package}  # where its kernel runs, whatever imports it as a file
    if module in evidence:
        return evidence[module]
    # Nobody imports it: a script, or the top of a package that only users import.
    folder = module.package
    while folder and folder in packages:
        folder = folder[:-1]
    return {folder}
