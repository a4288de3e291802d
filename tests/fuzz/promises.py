"""What holds for every program, whatever it means."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from slimport.rewrite.comments import is_lint_comment
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import rewrite_tree

#: Errors that tell of slimport's own fault, not of the file's.
FAULTS = (
    "internal error", "does not parse", "second pass", "without a mark", "is not where it seems",
    "too many files",
)  # fmt: skip
_WRITTEN = "scoped_layers.py"


def broken(data: bytes, options: Options | None = None) -> str:
    """Which promise does not hold for a program of one file; empty text for none."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.py"
        path.write_bytes(data)
        first = rewrite_tree(path.parent, options)
        for file in first.report.failed:
            if any(fault in file.error for fault in FAULTS):
                return file.error
        new = first.outputs.get(PurePosixPath("net.py"))
        if new is None:
            return ""
        return _lost(data, new) or _changes_again(path.parent, first.outputs, options)


def _lost(old: bytes, new: bytes) -> str:
    try:
        ast.parse(new)
    except SyntaxError as error:
        return f"the output does not parse: {error}"
    gone = _comments(old) - _comments(new)  # what a linter was told goes with its line
    gone = Counter({text: n for text, n in gone.items() if not is_lint_comment(text)})
    return f"comments are gone: {', '.join(gone)}" if gone else ""


def _changes_again(
    folder: Path, outputs: dict[PurePosixPath, bytes], options: Options | None
) -> str:
    for name, data in outputs.items():
        (folder / name).write_bytes(data)
    again = rewrite_tree(folder, options)
    errors = [file.error for file in again.report.failed]
    changed = sorted(str(name) for name in again.outputs)
    return f"a second run changes {changed} {errors}" if changed or errors else ""


def _comments(data: bytes) -> Counter[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return Counter(t.string.strip() for t in tokens if t.type == tokenize.COMMENT)
