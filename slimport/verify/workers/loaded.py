"""The files that a worker has loaded: what its answers rest on beside its tree.

This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List

#: Beside the answer to a case: a JSON list of paths.
LOADED_FILE = "loaded.json"

_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep  # noqa: PTH100, PTH120
#: Beginning of the names of files that TensorFlow makes of functions, and removes.
_GENERATED = "__autograph_generated_file"
_PACKAGES = ("site-packages", "dist-packages")


def files() -> List[str]:
    """Returns the files of all modules that are loaded, the standard library's aside."""
    found = set()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            path = os.path.abspath(path)  # noqa: PTH100
            if os.path.basename(path).startswith(_GENERATED):  # noqa: PTH119
                continue
            if not path.startswith(_STANDARD) or is_installed(path):
                found.add(path)
    return sorted(found)


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed distribution, by where it lies."""
    return any(part in _PACKAGES for part in Path(path).parts)
