"""What a command did with all its paths; loads nothing that rewrites."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from slimport.report.model import Report

if TYPE_CHECKING:
    from slimport.rewrite.tree import TreeResult


@dataclass
class CommandResult:
    """The trees of all paths and one report over them."""

    report: Report
    trees: list[TreeResult] = field(default_factory=list)

    def changes(self) -> Iterator[tuple[str, bytes | None, bytes]]:
        """Path, old and new bytes of everything that changes; a new file has no old ones.

        Written modules come last: thousands of new lines among those that a reader looks for.
        """
        found = [
            (path.as_posix() in tree.report.written_modules, path, tree)
            for tree in self.trees
            for path in sorted(tree.outputs)
        ]
        for _, path, tree in sorted(found, key=lambda item: item[0]):
            data = tree.outputs[path]
            yield shown(tree.root / path).lstrip("/"), tree.originals.get(path), data


def shown(path: Path) -> str:
    """A path as a reader finds it from where the command runs."""
    complete = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    shown = complete.relative_to(here) if complete.is_relative_to(here) else complete
    return shown.as_posix()
