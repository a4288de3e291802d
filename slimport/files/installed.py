"""Folders of installed packages: what lies side by side there is no one program.

What an installer puts into a folder it describes in `*.dist-info` beside it. Nobody migrates such a
folder, but it can be looked at: each package by itself, and together those that may run each
other's layers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from slimport.files.source import concerns_slim
from slimport.files.surroundings import imported_names
from slimport.index.canonical import canonical

# An import of what makes layers; a word elsewhere in a file joins nothing.
_MAKES_LAYERS = re.compile(
    rb"\b(?:import|from)\b[^\n]*\b(?:tensorflow|tf_slim|slim|scoped_layers)\b"
)


def holds_installed(folder: Path) -> bool:
    """Whether an installer has put packages into a folder."""
    return any(found.is_file() for found in folder.glob("*.dist-info/METADATA"))


def programs(
    paths: Iterable[PurePosixPath], text: Callable[[PurePosixPath], bytes]
) -> list[set[PurePosixPath]]:
    """Installed files in groups: all packages that name neither slim nor TensorFlow are one.

    Of the others each is one by itself, with those that make layers, too, and that import it or
    are imported by it. What is imported of TensorFlow and slim is known, and joins nothing.

    Args:
        paths: relative to the folder.
        text: what is in a file.
    """
    files: dict[str, set[PurePosixPath]] = {}
    for path in paths:
        files.setdefault(path.parts[0].partition(".")[0], set()).add(path)
    concerned = {top for top in files if any(concerns_slim(text(p)) for p in files[top])}
    clean = set[PurePosixPath]().union(*(files[top] for top in files.keys() - concerned))
    layered = {top for top in concerned if any(_MAKES_LAYERS.search(text(p)) for p in files[top])}
    joined = {top: {top} for top in concerned}
    for top in sorted(layered):
        for other in _imported(files[top], text) & layered:
            group = joined[top] | joined[other]
            joined |= dict.fromkeys(group, group)
    groups = {id(group): group for _, group in sorted(joined.items())}
    found = [set[PurePosixPath]().union(*(files[top] for top in g)) for g in groups.values()]
    return [clean, *found] if clean else found


def _imported(paths: Iterable[PurePosixPath], text: Callable[[PurePosixPath], bytes]) -> set[str]:
    """The packages that files import by absolute names, but for those that have canonical names."""
    names = {name.partition(".")[0] for path in paths for name in imported_names(text(path))}
    return {name for name in names if name and canonical(name) is None}
