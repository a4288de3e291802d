"""What `slimport rewrite` does, free of the command line: several paths, one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slimport import __version__
from slimport.files.write import copy_tree, write_atomically
from slimport.report.model import FileReport, Report, Status
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult, rewrite_tree


@dataclass(frozen=True)
class Request:
    """One invocation."""

    paths: tuple[Path, ...]
    out: Path | None = None
    write: bool = True
    open_world: bool = False
    target: str | None = None
    training: str | None = None


@dataclass
class CommandResult:
    """The trees of all paths and one report over them."""

    report: Report
    trees: list[TreeResult] = field(default_factory=list)

    def changes(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Path, old and new bytes of everything that changes."""
        for tree in self.trees:
            for path, data in sorted(tree.outputs.items()):
                name = (tree.root / path).as_posix().lstrip("/")
                yield name, tree.originals.get(path, b""), data


def run(request: Request) -> CommandResult:
    """Rewrites all paths; an error in one file or path never stops the others."""
    result = CommandResult(Report(__version__, written=request.write))
    options = Options(request.open_world, request.target, request.training)
    for path in request.paths:
        try:
            tree = rewrite_tree(path, options)
        except FileNotFoundError as error:
            failed = FileReport(str(path), Status.FAILED, error=str(error).partition(": ")[2])
            result.report.files.append(failed)
            continue
        for file in tree.report.files:
            file.root = str(tree.root if request.out is None else request.out)
        if request.write:
            _write(tree, path, request.out)
        result.trees.append(tree)
        result.report.files.extend(tree.report.files)
        result.report.written_modules.extend(tree.report.written_modules)
        result.report.notes.extend(tree.report.notes)
    return result


def _write(tree: TreeResult, path: Path, out: Path | None) -> None:
    target = tree.root
    if out is not None:
        target = out
        if path.is_dir():
            copy_tree(path, out)
        else:
            write_atomically(out / path.name, path.read_bytes())
    by_path = {file.path: file for file in tree.report.files}
    for name, data in tree.outputs.items():
        try:
            write_atomically(target / name, data)
        except OSError as error:
            report = by_path.setdefault(name.as_posix(), FileReport(name.as_posix()))
            if report not in tree.report.files:
                tree.report.files.append(report)
            report.status, report.error = Status.FAILED, f"cannot be written: {error.strerror}"
