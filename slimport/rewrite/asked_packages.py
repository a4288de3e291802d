"""Files that say what to install: what of them would keep the rewritten code from running."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from slimport.files.discover import discover
from slimport.notebooks.installs import old_package
from slimport.rewrite.command_result import shown

_NAMES = (
    "requirements*.txt", "*requirements.txt", "constraints*.txt", "setup.py", "setup.cfg",
    "pyproject.toml", "Pipfile", "environment*.yml", "environment*.yaml", "conda*.yml",
    "Dockerfile*",
)  # fmt: skip
_SUFFIXES = (".txt", ".py", ".cfg", ".toml", ".yml", ".yaml", "")
_NEEDED = "and the rewritten code needs TensorFlow 2.16 with Keras 3"
_SPACED = re.compile(r"\s*([=<>!~]=?)\s*")
_TABLE = re.compile(r"""^\s*([\w-]+)\s*=\s*["'][\^~]?=?=?\s*(\d[\d.]*)""")
_QUOTED = re.compile(r"""["']([^"']+)["']""")
_IMAGE = re.compile(r"\btensorflow/tensorflow:(\d+)\.(\d+)[\w.-]*")


def notes(root: Path, changed: Collection[PurePosixPath]) -> list[str]:
    """A note for each line that asks for a package of a time before Keras 3.

    Args:
        root: The folder of a program.
        changed: Its files that are rewritten, below the root: what holds none of them is left out.
    """
    folders = {parent for name in changed for parent in name.parents}
    found = []
    for path in discover(root, _SUFFIXES):
        name = PurePosixPath(path.relative_to(root).as_posix())
        if name.parent in folders and any(fnmatch(name.name, pattern) for pattern in _NAMES):
            place = shown(path)
            found += [f"{place}:{line}: asks for {old}, {_NEEDED}" for line, old in _old(path)]
    return found


def _old(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for number, line in enumerate(lines, 1):
        old = _old_in(line.partition("#")[0], path.name)
        if old:
            yield number, old


def _old_in(line: str, name: str) -> str:
    image = _IMAGE.search(line)
    if image is not None:
        return image[0] if (int(image[1]), int(image[2])) < (2, 16) else ""
    if name.endswith((".toml", "Pipfile")):
        line = _TABLE.sub(r"'\1==\2'", line)
    if name.endswith((".py", ".toml", "Pipfile")):
        line = " ".join(_QUOTED.findall(line))
    return old_package(_SPACED.sub(r"\1", line).replace(";", " "))
