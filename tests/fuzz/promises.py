"""What holds for every program, whatever it means."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from slimport.rewrite.comments import is_lint_comment
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult, rewrite_tree

#: Errors that tell of slimport's own fault, not of the file's.
FAULTS = (
    "internal error", "does not parse", "second pass", "without a mark", "is not where it seems",
    "too many files",
)  # fmt: skip


def broken(data: bytes, options: Options | None = None) -> str:
    """Which promise does not hold for a program of one file; empty text for none."""
    return broken_tree({"net.py": data}, options)


def broken_tree(files: Mapping[str, bytes], options: Options | None = None) -> str:
    """Which promise does not hold for a program; empty text for none.

    Args:
        files: by paths.
        options: what the user asked for.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        first = rewrite_tree(folder, options)
        for file in first.report.failed:
            if any(fault in file.error for fault in FAULTS):
                return f"{file.path}: {file.error}" if len(files) > 1 else file.error
        changed = {str(path): data for path, data in first.outputs.items() if str(path) in files}
        for path, data in changed.items():
            why = _lost(files[path], data)
            if why:
                return why
        why = _changes_again(folder, first, options) if first.outputs else ""
        if why or any(file.left or file.error or file.ignored for file in first.report.files):
            return why
        bare = sorted(path for path in files if _names_slim(changed.get(path, files[path])))
        return f"slim without a mark in {', '.join(bare)}" if bare else ""


_IMPORTED = re.compile(r" (import|from) (tf_slim|tensorflow \. contrib)\b| legacy_import\b")


def _names_slim(data: bytes) -> bool:
    """Whether code, as it is spelled, names slim's packages."""
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    code = "".join(f" {t.string}" for t in tokens if t.type in (tokenize.NAME, tokenize.OP))
    in_attributes = " tf . contrib " in code and _imports_tensorflow(data)
    return in_attributes or _IMPORTED.search(code) is not None


def _imports_tensorflow(data: bytes) -> bool:
    """Whether code names ``tf.contrib`` where it sees an ``import tensorflow as tf``.

    What is bound otherwise as well (``for tf in []: pass``) may be anything.
    """
    nodes = list(ast.walk(tree := ast.parse(data)))
    if any(isinstance(node, ast.Name) and node.id == "tf" and _is_bound(node) for node in nodes):
        return False
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(
        ("tensorflow", "tf") in _imported(place) and "tf.contrib" in ast.unparse(place)
        for place in (tree, *functions)
    )


def _imported(place: ast.AST) -> Iterator[tuple[str, str | None]]:
    """What the imports of a function or a file name, not those of classes and functions in it."""
    for node in ast.iter_child_nodes(place):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.asname) for alias in node.names)
        elif not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imported(node)


def _is_bound(name: ast.Name) -> bool:
    return not isinstance(name.ctx, ast.Load)


def _lost(old: bytes, new: bytes) -> str:
    try:
        ast.parse(new)
    except SyntaxError as error:
        return f"the output does not parse: {error}"
    gone = _comments(old) - _comments(new)  # what a linter was told goes with its line
    gone = Counter({text: n for text, n in gone.items() if not is_lint_comment(text)})
    return f"comments are gone: {', '.join(gone)}" if gone else ""


def _changes_again(folder: Path, first: TreeResult, options: Options | None) -> str:
    for name, data in first.outputs.items():
        (folder / name).write_bytes(data)
    again = rewrite_tree(folder, options)
    known = {(file.path, file.error) for file in first.report.failed}
    failed = {(file.path, file.error) for file in again.report.failed}
    errors = sorted(error for _, error in failed - known)
    changed = sorted(str(name) for name in again.outputs)
    return f"a second run changes {changed} {errors}" if changed or errors else ""


def _comments(data: bytes) -> Counter[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return Counter(t.string.strip() for t in tokens if t.type == tokenize.COMMENT)
