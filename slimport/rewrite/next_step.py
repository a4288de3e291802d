"""What to do with a tree that was written: compare it with the old one on numbers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from slimport.files.surroundings import checkout_of
from slimport.rewrite.command_result import CommandResult


def comparison(
    result: CommandResult, paths: Sequence[Path], out: Path | None, kept: bool
) -> str | None:
    """The command that compares what was written with what was there, in a sentence.

    Args:
        result: of the run.
        paths: what was rewritten.
        out: where the copy is; None if the paths themselves were written.
        kept: whether git has all that was overwritten, where it has anything.

    Returns:
        None where nothing builds layers, a file failed, the old tree is gone, or only a part of a
        program was written.
    """
    report = result.report
    builds = any(form.layers for file in report.changed for form in file.functions)
    is_part = any(tree.beside for tree in result.trees)
    if not (report.written and builds) or report.failed or is_part:
        return None
    if out is not None:
        trees = f"--old {shlex.quote(str(paths[0]))} --new {shlex.quote(str(out))}"
        return f"`slimport verify {trees}` compares both on numbers" if paths[0].is_dir() else None
    here = checkout_of(Path.cwd())
    if not kept or here is None or any(checkout_of(path.resolve()) != here for path in paths):
        return None
    return "`slimport verify --base HEAD` compares it with what is committed, on numbers"
