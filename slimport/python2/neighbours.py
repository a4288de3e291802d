"""Imports of the modules beside a file of a package, which Python 2 finds by their bare names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from slimport.python2.bound import character
from slimport.python2.future import imports_future

# A file that is run by its path: its imports start at its folder, and it is in no package.
_SCRIPT = re.compile(rb"__name__\s*==|\bapp\.run\s*\(")
_FROM = re.compile(r"from[ \t]+(?=\w)")


def implicit(tree: ast.Module, path: Path) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """The imports that Python 2 finds beside the file `path`, each with the name there."""
    neighbours = _neighbours(path)
    if not neighbours or imports_future(tree, "absolute_import"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in sorted({name.partition(".")[0] for name in _modules(node)} & neighbours):
                yield node, name


def explicit(text: str, path: Path) -> tuple[str, int]:
    """The text with such imports as relative ones, and how many there are.

    In a folder with scripts nobody can tell whether a file is imported as a part of its package,
    or beside the script that runs: imports stay there, as do those that begin two names.
    """
    tree = ast.parse(text)
    found = {node for node, name in implicit(tree, path) if name != path.stem}
    if not found or _has_scripts(path.parent):
        return text, 0
    lines = text.split("\n")
    count = 0
    neighbours = _neighbours(path)
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[node.lineno - 1]
        start = character(lines, node.lineno, node.col_offset)
        if isinstance(node, ast.Import):
            if not all(alias.name in neighbours - {path.stem} for alias in node.names):
                continue
            lines[node.lineno - 1] = f"{line[:start]}from . {line[start:]}"
        else:
            head = _FROM.match(line, start)
            if head is None:
                continue
            lines[node.lineno - 1] = f"{line[: head.end()]}.{line[head.end() :]}"
        count += 1
    return "\n".join(lines), count


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def _neighbours(path: Path) -> frozenset[str]:
    """Modules beside a file of a package."""
    if not (path.parent / "__init__.py").exists():
        return frozenset()
    try:
        return frozenset(
            entry.stem
            for entry in path.parent.iterdir()
            if entry.suffix == ".py" or (entry / "__init__.py").exists()
        )
    except OSError:
        return frozenset()


def _has_scripts(folder: Path) -> bool:
    try:
        return any(_SCRIPT.search(file.read_bytes()) for file in folder.glob("*.py"))
    except OSError:
        return True
