"""Legacy imports: what TensorFlow 2 lacks, and migrated files still name."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from slimport.written.backends import AbsentApi

__all__ = ["legacy_import"]


@functools.cache
def legacy_import(name: str) -> Any:
    """Imports what the migration left a reference to, or stands in for it where that fails.

    `slim = legacy_import("tf_slim")` is `import tf_slim as slim` where tf_slim is installed. Where
    it is not, the file that says so can be imported all the same, and only what uses a part of
    slim fails. A comment `TODO(slimport)` above each of these places says what to do.

    Args:
        name: Dotted name of a module, or of something in one.
    """
    parent, _, last = name.rpartition(".")
    try:
        if not parent:
            return importlib.import_module(name)
        return getattr(__import__(parent, fromlist=[last]), last)  # from parent import last
    except Exception as error:  # an old package on a new TensorFlow fails in any way
        return MissingLegacyApi(
            name,
            f"is no part of TensorFlow 2 ({type(error).__name__}: {error}). The migration left "
            "this reference to it: the TODO(slimport) above it says why, and what to do instead.",
        )


class MissingLegacyApi(AbsentApi):
    """What cannot be imported; its attributes are what an import of theirs gives."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return legacy_import(f"{self._name}.{name}")
