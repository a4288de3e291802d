"""What code that could not be read may call: its text names, at least, the files it imports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from slimport.index.modules import Module
from slimport.index.program import Program, closure_of

_WORD = re.compile(rb"[^\W\d]\w*")
_STAR_OF_PACKAGE = re.compile(rb"from\s+\.+\s*import\s*\(?\s*\*")


def reached_from(texts: Iterable[bytes | None], program: Program) -> frozenset[PurePosixPath]:
    """The files whose functions such code may call, under scopes that nobody saw.

    Args:
        texts: Files that could not be read as Python; None where not even their bytes could.
        program: The files that could.
    """
    start: set[Module] = set()
    for text in texts:
        words = set(_WORD.findall(text)) if text is not None else set()
        packages = text is not None and _STAR_OF_PACKAGE.search(text) is not None
        for module in program.modules:
            is_package = module.path.stem == "__init__"
            name = module.path.parent.name if is_package else module.path.stem
            named = name.encode("utf-8", "surrogateescape") in words
            if text is None or named or (packages and is_package):
                start.add(module)
    return frozenset(m.path for m in closure_of(start, lambda m: program.imports[m]))
