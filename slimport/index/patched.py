"""Names of other libraries that the program itself assigns: ``np.int = int``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport import numpy_api
from slimport.index.program import Function, Program
from slimport.index.resolve import External


def patched_names(program: Program) -> frozenset[str]:
    """Canonical names that some file assigns or deletes, as attributes or by ``setattr``."""
    stored = {
        reference.api.name
        for function in program.all()
        for reference in function.references
        if not isinstance(getattr(reference.node, "ctx", None), ast.Load)
    }
    return frozenset(stored.union(*(_set_by_name(f, program) for f in program.all())))


def _set_by_name(function: Function, program: Program) -> Iterator[str]:
    for call in function.calls:
        if isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) > 1:
            owner, name = call.args[:2]
            if program.resolve(owner, function.module) != External("numpy"):
                continue
            if isinstance(name, ast.Constant):
                yield f"numpy.{name.value!s}"
            else:  # a loop over names
                yield from numpy_api.old_names()
