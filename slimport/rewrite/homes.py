"""Written modules that earlier runs left in a tree: there is to be one for each program.

Two copies would be two stacks of layer defaults: a scope that one opens does not reach layers that
the other makes.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from slimport.files.folders import read_regular
from slimport.index.modules import Module
from slimport.index.program import Program
from slimport.index.roots import Placement, imports_itself_from_inside
from slimport.index.walking import all_of
from slimport.rewrite.extent import Extent, Folder
from slimport.rewrite.written_module import is_loader, is_ours

_LARGEST = 2**24


def homes(extent: Extent, name: str) -> set[Folder]:
    """The folders that hold a written module of this name; loaders are none."""
    found = set()
    for path in extent.given | extent.near | extent.beyond:
        if path.stem == name:
            try:
                data = read_regular(extent.root / path, _LARGEST)
            except OSError:
                continue
            if is_ours(data) and not is_loader(data):
                found.add(path.parent.parts)
    return found


def package_of(extent: Extent, program: Program, name: str) -> Folder | None:
    """The package whose files import the written module as a part of it, if all given are in it."""
    if extent.package is not None:
        package = extent.package
        return None if imports_itself_from_inside(program, package) else package
    inside = [
        folder
        for folder in homes(extent, name)
        if (extent.root.joinpath(*folder) / "__init__.py").is_file()
        and all(path.parent.parts[: len(folder)] == folder for path in extent.given)
        and not imports_itself_from_inside(program, folder)
    ]
    return max(inside, key=len, default=None)


def placed(
    placement: Placement, found: Collection[Folder], program: Program, name: str
) -> Placement:
    """The placement, with the module where an earlier run of the same program has put it."""
    needed = {placement.folder, *placement.loaders}
    used = {m.package for m in program.modules if list(_uses(m.tree, name))}
    own = [
        home
        for home in found
        if home in needed
        or any(_is_in(folder, home) for folder in needed)
        or any(_is_in(package, home) for package in used)
    ]
    if placement.folder in own or not own:
        return placement
    home = min(own, key=lambda folder: (folder not in needed, len(folder), folder))
    return Placement(home, tuple(sorted(needed - {home})))


def two_ways(program: Program, name: str, changed: Iterable[tuple[Module, bool]]) -> str:
    """Why files would have two copies of the module, if so.

    Args:
        program: the index of the tree as it was.
        name: the module's name.
        changed: files that are going to import it, and whether as a part of their package.
    """
    ways = {module: {relative} for module, relative in changed}
    for module in program.modules:
        ways.setdefault(module, set()).update(_uses(module.tree, name))
    for module, relative in changed:
        for other in sorted(program.connected(module), key=lambda m: m.path):
            if (not relative) in ways.get(other, ()):
                mine, its = ("of its package", "alone")[:: 1 if relative else -1]
                return (
                    f"{other.path} imports {name} by the name {its}, and this file would by the "
                    f"name {mine}: two copies, which do not see each other's scopes; give the "
                    "folder that was given before"
                )
    return ""


def _uses(tree: ast.Module, name: str) -> Iterator[bool]:
    """For each import of the module whether it is relative."""
    for node in all_of(tree, ast.ImportFrom):
        if (node.module or "").rpartition(".")[2] == name:
            yield node.level > 0


def _is_in(folder: Folder, other: Folder) -> bool:
    return folder[: len(other)] == other


def other_names(program: Program, name: str, users: Collection[Module]) -> list[PurePosixPath]:
    """Written modules of earlier runs under another name, in a program with one of these files."""
    return [
        module.path
        for module in program.modules
        if module.path.stem != name
        and is_ours((ast.get_docstring(module.tree) or "").encode())
        and not program.connected(module).isdisjoint(users)
    ]
