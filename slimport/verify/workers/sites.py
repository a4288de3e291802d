"""Where in a tree something was made: frames of the call stack that lie in it.

A site is a list of frames, innermost first, each a file relative to the tree's root, a line and a
function. TensorFlow keeps the stack of every graph operation. For Keras, which keeps none, a hook
records it with every symbolic call and every variable. Frames of the module that slimport writes
into a tree are left out: what a layer of it computes is decided where it is called.

This module runs under CPython 3.7 and imports neither TensorFlow nor, unless asked, Keras.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import functools
import importlib
import itertools
import os
import sys
from pathlib import Path
from typing import Any, Iterable  # noqa: UP035

Frames = Any  # list of [file, line, function], as JSON carries it

#: Attribute under which the frames of a Keras node or variable are kept.
KEPT = "_slimport_frames"

#: Attribute under which a Keras node keeps how many were made before it.
NUMBER = "_slimport_number"

#: Frames kept of a site: a loop over blocks adds some for each level of helpers.
MOST = 12

#: What tells the module that slimport writes into a tree, whatever it is called.
WRITTEN = ("written by slimport", "def takes_layer_defaults(")


class Tree:
    """The files that are the user's.

    Args:
        root: Root of the tree.
        paths: Import roots, relative to it; they may lie beside it.
    """

    def __init__(self, root: str, paths: Iterable[str]) -> None:
        self.root = str(Path(root).resolve())
        roots = {self.root, *(str((Path(root) / path).resolve()) for path in paths)}
        self._prefixes = tuple(sorted(place.rstrip(os.sep) + os.sep for place in roots))
        self._known: dict[str, str | None] = {}

    def _relative(self, filename: str) -> str | None:
        """A file's path in the tree; None where it is not the user's."""
        if filename not in self._known:
            path = Path(self.root, filename)
            inside = str(path).startswith(self._prefixes) and not _is_foreign(path)
            self._known[filename] = os.path.relpath(str(path), self.root) if inside else None
        return self._known[filename]

    def frames(self, stack: Iterable[Any]) -> Frames:
        """Frames of a traceback in the tree; it is given outermost first, as Python prints it."""
        found = []
        for entry in stack:
            filename, line, function = entry[0], entry[1], entry[2]
            path = self._relative(filename)
            if path is not None:
                found.append([path, int(line), str(function)])
        return found[::-1][:MOST]

    def of_operation(self, operation: Any) -> Frames:
        """Frames of a graph's operation."""
        return self.frames(operation.traceback or ())

    def here(self, depth: int = 1) -> Frames:
        """Frames of the caller's stack."""
        found: list[list[Any]] = []
        frame: Any = sys._getframe(depth)
        while frame is not None and len(found) < MOST:
            path = self._relative(frame.f_code.co_filename)
            if path is not None:
                found.append([path, frame.f_lineno, frame.f_code.co_name])
            frame = frame.f_back
        return found


def _is_foreign(path: Path) -> bool:
    """Whether a file in the tree is of an environment, or written by slimport."""
    if "site-packages" in path.parts or "dist-packages" in path.parts or not path.is_file():
        return True
    text = path.read_text(encoding="utf-8", errors="replace")
    return any(mark in text for mark in WRITTEN)


def watch_keras(tree: Tree) -> None:
    """Makes Keras keep the frames of each symbolic call (`Node`) and of each variable."""
    node: Any = importlib.import_module("keras.src.ops.node").Node
    variables: Any = importlib.import_module("keras.src.backend.common.variables")
    for kind in (node, variables.Variable):
        _keep_frames(kind, tree)


def _keep_frames(kind: Any, tree: Tree) -> None:
    create = kind.__init__
    numbers = itertools.count()

    @functools.wraps(create)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        object.__setattr__(self, KEPT, tree.here(2))
        object.__setattr__(self, NUMBER, next(numbers))

    kind.__init__ = __init__


def kept(value: Any) -> Frames:
    """Frames that were recorded when a Keras node or variable was made."""
    return getattr(value, KEPT, [])


def number(value: Any) -> int:
    """How many Keras nodes, or variables, were made before one."""
    return int(getattr(value, NUMBER, 0))
