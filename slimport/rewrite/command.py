"""What `slimport rewrite` does, free of the command line: several paths, one report."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from slimport import __version__
from slimport.files.git import dirty_files
from slimport.files.surroundings import checkout_of
from slimport.report.model import FileReport, Report, Status
from slimport.rewrite import asked_packages
from slimport.rewrite.clean import files_of, is_untouched
from slimport.rewrite.command_result import CommandResult, shown
from slimport.rewrite.extent import STDIN, Extent, Wanted, extents, whole
from slimport.rewrite.garbage import one_by_one
from slimport.rewrite.in_place import fail, finish_earlier, write_copy, write_in_place
from slimport.rewrite.plan import Options
from slimport.rewrite.shards import Shard
from slimport.rewrite.tree import TreeResult, rewrite_tree

INSTALLED = (
    "an installer has put packages there: they are looked at with --check or --diff, and not "
    "written; give the folder of one package, or copy it"
)
#: As many files as a message names.
_FEW = 5


@dataclass(frozen=True)
class Request:
    """One invocation.

    Attributes:
        wanted: how the paths are read; without it each is a program of its own.
        allow_dirty: write also where git could not bring back what is there.
        jobs: processes; None is as many as help.
        shard: the share of the files to look at.
        progress: told how many files are done, and of how many.
    """

    paths: tuple[Path, ...]
    out: Path | None = None
    write: bool = True
    options: Options = field(default_factory=Options)
    wanted: Wanted | None = None
    allow_dirty: bool = True
    jobs: int | None = None
    shard: Shard | None = None
    progress: Callable[[int, int], None] | None = None


def run(request: Request) -> CommandResult:
    """Rewrites all paths; an error in one file or path never stops the others."""
    result = CommandResult(Report(__version__, written=request.write))
    paths = []
    for path in map(_real, request.paths):
        in_place = request.write and request.out is None
        unfinished = finish_earlier(path, in_place) if path.exists() else _missing(request, path)
        if unfinished is None:
            paths.append(path)
        else:
            result.report.files.append(unfinished)
    programs = _extents(replace(request, paths=tuple(paths)))
    if programs:
        unknown = unknown_functions(request.options.open_functions, [e for _, e in programs])
        if unknown:
            raise UnknownFunction(f"open-functions: no file has {unknown[0]}")
    for path, extent in one_by_one(programs):
        if extent.installed and (request.write or request.out is not None):
            _refuse_installed(result, path)
        elif extent.installed:
            _look_at(result, _Run(request, path, extent))
        else:
            _add(result, _Run(request, path, extent).tree())
    return result


def _refuse_installed(result: CommandResult, path: Path) -> None:
    if not any(file.path == str(path) for file in result.report.files):
        result.report.files.append(FileReport(str(path), Status.FAILED, error=INSTALLED))


def _look_at(result: CommandResult, run: _Run) -> None:
    """Adds what would become of one of many programs; its index is not kept."""
    if is_untouched(run.extent):
        result.report.files += files_of(run.extent)
    else:
        tree = run.tree()
        tree.plan = None
        _add(result, tree)


class UnknownFunction(ValueError):
    """What is said to be open is not there."""


def unknown_functions(names: Sequence[str], programs: Sequence[Extent]) -> list[str]:
    """Those of the open functions that no file has: a wrong name would be closed in silence."""
    return [name for name in names if not any(_has(extent, name) for extent in programs)]


def _has(extent: Extent, name: str) -> bool:
    dotted, _, qualname = name.partition(":")
    pattern = re.compile(rf"\b(def|class)\s+{re.escape(qualname.rpartition('.')[2])}\b")
    for path in extent.given | extent.near | extent.beyond:
        parts = path.with_suffix("").parts
        here = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if f".{here}".endswith(f".{dotted}"):
            text = (extent.root / path).read_text("utf-8", "replace")
            if qualname == "*" or pattern.search(text):
                return True
    return False


def _missing(request: Request, path: Path) -> FileReport | None:
    if request.wanted is not None and request.wanted.stdin is not None:
        return None
    return FileReport(str(path), Status.FAILED, error="no such file or directory")


def _extents(request: Request) -> list[tuple[Path, Extent]]:
    """The programs to rewrite, with the path that stands for each."""
    if request.wanted is None:
        return [(path, whole(path)) for path in request.paths]
    wanted = replace(request.wanted, paths=request.paths, copied=request.out is not None)
    if request.out is not None:
        return [(request.paths[0], extent) for extent in extents(wanted)]
    stdin = request.paths == (STDIN,)
    return [(STDIN if stdin else extent.root, extent) for extent in extents(wanted)]


def _add(result: CommandResult, tree: TreeResult) -> None:
    result.trees.append(tree)
    result.report.files.extend(tree.report.files)
    result.report.written_modules.extend(tree.report.written_modules)
    result.report.notes.extend(tree.report.notes)


@dataclass(frozen=True)
class _Run:
    """One program: what becomes of it, and writing that."""

    request: Request
    path: Path
    extent: Extent

    def tree(self) -> TreeResult:
        tree = self._rewritten({})
        _note_others(tree)
        if tree.outputs and self.path != STDIN:
            tree.report.notes += asked_packages.notes(tree.root, tree.outputs)
        if tree.outputs and self.path == STDIN:
            tree.report.notes.append("read alone: --stdin-filename says which program it is of")
        if self.request.out is not None:
            if tree.beside:
                tree.report.notes.append(
                    f"{_also(tree)} and are not in the copy: give the folder that holds all"
                )
            tree = _below(tree, self.extent)
            if self.request.write:
                write_copy(tree, self.path, self.request.out)
        elif self.request.write and tree.outputs:
            why = self._refusal(tree)
            if why:
                _refuse(tree, why)
            else:
                tree = write_in_place(tree, self._rewritten)
        elif tree.beside:
            tree.report.notes.append(f"{_also(tree)}: give the folder that holds all")
        for file in tree.report.files:
            file.root = str(tree.root if self.request.out is None else self.request.out)
        return tree

    def _rewritten(self, without: Mapping[PurePosixPath, str]) -> TreeResult:
        request = self.request
        return rewrite_tree(
            self.path, request.options, without, self.extent,
            jobs=request.jobs, shard=request.shard, progress=request.progress,
        )  # fmt: skip

    def _refusal(self, tree: TreeResult) -> str:
        """Why nothing may be written, if so."""
        if tree.beside:
            return f"not written: {_also(tree)}. Give the folder that holds all, or --alone"
        if self.request.allow_dirty:
            return ""
        dirty = _dirty([tree.root / name for name in tree.originals])
        if not dirty:
            return ""
        names = _some(dirty, len(dirty))
        return f"not written: git could not bring back {names}: commit or stash, or --allow-dirty"


def _dirty(files: Sequence[Path]) -> list[Path]:
    """Those of the files that are not in git as they are on the disk; none where no git is."""
    complete = {Path(os.path.normpath(file.absolute())) for file in files}
    tops = {top for file in complete if (top := checkout_of(file.parent)) is not None}
    found = {file for top in tops for file in dirty_files([top]) or ()}
    return sorted(complete & found)


def _also(tree: TreeResult) -> str:
    names = _some([tree.root / name for name in tree.beside], len(tree.beside))
    return f"files of the same program that are not among the given ones change, too ({names})"


def _some(paths: Sequence[Path], count: int) -> str:
    names = ", ".join(shown(path) for path in paths[:_FEW])
    return f"{names} and {count - _FEW} more" if count > _FEW else names


def _refuse(tree: TreeResult, why: str) -> None:
    """Takes back what was to be written; the first file says why."""
    for file in tree.report.changed:
        file.rewritten, file.legacy_imports = [], []
    by_path = {PurePosixPath(file.path) for file in tree.report.files}
    names = [name for name in tree.outputs if name in by_path] or list(tree.outputs)
    rest = f"not written, as {shown(tree.root / names[0])} says"
    errors = {name: why if name == names[0] else rest for name in names}
    fail(tree, errors)
    tree.outputs.clear()
    tree.report.written_modules.clear()


def _note_others(tree: TreeResult) -> None:
    if tree.staying:
        names = _some([tree.root / name for name in tree.staying], len(tree.staying))
        tree.report.notes.append(
            f"{names}: share a program with what is rewritten and stay on slim; the functions "
            "that they may call keep their layers open to scopes"
        )


def _below(tree: TreeResult, extent: Extent) -> TreeResult:
    """The same with paths relative to the folder that is copied."""
    folder = PurePosixPath(*extent.inside)

    def name(path: PurePosixPath | str) -> PurePosixPath:
        return PurePosixPath(path).relative_to(folder)

    for file in tree.report.files:
        file.path = name(file.path).as_posix()
    prefix = f"{folder}/"
    tree.report.notes = [note.removeprefix(prefix) for note in tree.report.notes]
    tree.report.written_modules = [name(n).as_posix() for n in tree.report.written_modules]
    tree.outputs = {name(path): data for path, data in tree.outputs.items()}
    tree.originals = {name(path): data for path, data in tree.originals.items()}
    tree.root = tree.root / folder
    return tree


def _real(path: Path) -> Path:
    """A link to a file stands for the file: it is what is rewritten, and the link stays."""
    return path.resolve() if path.is_symlink() and path.is_file() else path
