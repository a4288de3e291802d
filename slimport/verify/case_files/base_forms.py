"""Which worker answers for each case of a base tree: the base may be migrated already, or in part.

An entry that still reaches layers of slim is legacy code. One whose files import Keras and that
reaches none is migrated, and its old side is a worker of the new side that runs the base tree:
Keras against Keras. A case that trains is judged in the same way by what its program reaches.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable
from pathlib import PurePosixPath

from slimport.index.modules import Module
from slimport.index.program import Program, builds_layers, closure_of
from slimport.verify.case_files import cases
from slimport.verify.case_files.entries import named_by
from slimport.verify.workers.migrated import SCOPED_LAYERS

#: Names of `sides.SCRIPTS`.
LEGACY, MODEL, GRAPH = "old", "base", "graph"


def by_form(program: Program, file: cases.CaseFile) -> list[cases.CaseFile]:
    """Splits a case file by what answers for the old side.

    Args:
        program: Index of the base tree.
        file: The cases.

    Returns:
        Parts of the case file, each with its worker; migrated ones call on both sides what the new
        side calls.
    """
    parts: dict[str, list[cases.Case]] = {}
    for case in file.cases:
        form = _form(program, file.old_paths, case)
        parts.setdefault(form, []).append(
            case if form == LEGACY else dataclasses.replace(case, old=case.new)
        )
    return [
        dataclasses.replace(file, cases=tuple(own), old_side=form) for form, own in parts.items()
    ]


def _form(program: Program, paths: Iterable[str], case: cases.Case) -> str:
    # Migrated code may have another entry than legacy code; the base has one of them.
    migrated = _is_migrated(program, paths, case.new.entry)
    if not migrated:
        return LEGACY
    return GRAPH if case.places == (cases.GRAPH,) else MODEL


def _is_migrated(program: Program, paths: Iterable[str], entry: str) -> bool:
    dotted, _, attribute = entry.partition(":")
    module = _module(program, paths, dotted)
    if module is None:
        return False
    functions = [f for f in program.by_module[module] if f.qualname == attribute]
    reached = closure_of(
        functions or program.by_module[module], lambda f: f.callees | named_by(program, f)
    )
    if any(builds_layers(r.api.name) for function in reached for r in function.references):
        return False
    files = closure_of([module], lambda one: program.imports[one])
    return any(_imports_keras(one) for one in files)


def _module(program: Program, paths: Iterable[str], dotted: str) -> Module | None:
    for root in paths:
        parts = PurePosixPath(root, *dotted.split(".")).parts
        module = program.table.exact(".".join(parts))
        if module is not None:
            return module
    return None


def _imports_keras(module: Module) -> bool:
    names = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(alias.name for alias in node.names)]
    return any(name.split(".")[0] == "keras" or SCOPED_LAYERS in name for name in names)
