"""Writes a rewritten tree over the old one, or a copy of it elsewhere.

What cannot be written is no part of the program any more: a tree in which it stays old while the
others rely on its new form could run and mean something else. So the tree is rewritten once more
without it, and nothing of the first attempt is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from slimport.files.copy import CannotCopy, copy_out
from slimport.files.journal import Unfinished, pending, recover
from slimport.files.write import Writing
from slimport.report.model import FileReport, Status
from slimport.rewrite.tree import TreeResult

#: Rounds after which nothing is written: each finds other files that cannot be.
_ROUNDS = 5


def write_in_place(
    tree: TreeResult, again: Callable[[Mapping[PurePosixPath, str]], TreeResult]
) -> TreeResult:
    """Writes a tree; what is returned tells what was written.

    Args:
        tree: The rewritten tree.
        again: Rewrites it without some files, with the reasons why.
    """
    errors: dict[PurePosixPath, str] = {}
    for _ in range(_ROUNDS):
        with Writing(tree.root) as writing:
            for name, data in tree.outputs.items():
                writing.stage(name, data, tree.originals.get(name))
            if not writing.errors:
                writing.commit()
            if not errors.keys() >= writing.errors.keys():
                if writing.committed:  # a rename failed: the next run finishes it
                    fail(tree, writing.errors)
                    return tree
                errors |= writing.errors
                tree = again(errors)
                continue
            if writing.errors:
                break
            tree.report.notes += writing.notes
            return tree
    fail(tree, errors | dict.fromkeys(tree.outputs.keys() - errors.keys(), _NOTHING))
    return tree


_NOTHING = "not written, since others of the tree cannot be"


def write_copy(tree: TreeResult, path: Path, out: Path) -> None:
    """Writes a rewritten copy of `path` as `out`."""
    try:
        copied = copy_out(path, out, tree.outputs)
    except CannotCopy as error:
        fail(tree, dict.fromkeys(tree.outputs or [PurePosixPath(path.name)], str(error)))
        return
    fail(tree, copied.errors)
    tree.report.notes += copied.notes


def finish_earlier(path: Path, write: bool) -> FileReport | None:
    """Ends what a killed run began at or above `path`; the report of why it cannot be ended."""
    found = pending([path if path.is_dir() else path.parent])
    for journal in found:
        if not write:
            why = "a run was interrupted while it replaced files: run slimport rewrite again"
            return FileReport(str(journal), Status.FAILED, error=why)
        try:
            recover(journal)
        except (Unfinished, OSError) as error:
            return FileReport(str(journal), Status.FAILED, error=str(error))
    return None


def fail(tree: TreeResult, errors: Mapping[PurePosixPath, str]) -> None:
    """Puts errors of files into the report."""
    by_path = {file.path: file for file in tree.report.files}
    for name, error in errors.items():
        file = by_path.get(name.as_posix())
        if file is None:
            file = FileReport(name.as_posix())
            tree.report.files.append(file)
        file.status, file.error = Status.FAILED, error
        tree.outputs.pop(name, None)
        if name.as_posix() in tree.report.written_modules:
            tree.report.written_modules.remove(name.as_posix())
