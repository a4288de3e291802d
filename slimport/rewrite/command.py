"""What `slimport rewrite` does, free of the command line: several paths, one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slimport import __version__
from slimport.report.model import FileReport, Report, Status
from slimport.rewrite.in_place import finish_earlier, write_copy, write_in_place
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
    for path in map(_real, request.paths):
        unfinished = finish_earlier(path, request.write and request.out is None)
        if unfinished is not None:
            result.report.files.append(unfinished)
            continue
        try:
            tree = rewrite_tree(path, options)
        except FileNotFoundError as error:
            failed = FileReport(str(path), Status.FAILED, error=str(error).partition(": ")[2])
            result.report.files.append(failed)
            continue
        if request.write:
            tree = _written(tree, path, request.out, options)
        for file in tree.report.files:
            file.root = str(tree.root if request.out is None else request.out)
        result.trees.append(tree)
        result.report.files.extend(tree.report.files)
        result.report.written_modules.extend(tree.report.written_modules)
        result.report.notes.extend(tree.report.notes)
    return result


def _real(path: Path) -> Path:
    """A link to a file stands for the file: it is what is rewritten, and the link stays."""
    return path.resolve() if path.is_symlink() and path.is_file() else path


def _written(tree: TreeResult, path: Path, out: Path | None, options: Options) -> TreeResult:
    if out is not None:
        write_copy(tree, path, out)
        return tree
    return write_in_place(tree, lambda without: rewrite_tree(path, options, without=without))
