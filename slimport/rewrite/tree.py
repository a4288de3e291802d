"""Rewrites a tree: index all of it, rewrite each file, check the output, then write."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import libcst as cst

from slimport import __version__
from slimport.files.discover import NOTEBOOK
from slimport.files.folders import read_regular
from slimport.files.read import read
from slimport.files.source import Source, SourceError, concerns_slim, parse
from slimport.index.canonical import is_slim
from slimport.index.layer_names import add_references as add_layer_names
from slimport.index.modules import Module
from slimport.index.program import Program, closure_of
from slimport.index.python2 import add_references as add_python2_references
from slimport.index.roots import Placement, place
from slimport.index.walking import all_of
from slimport.python2 import reading as python2
from slimport.python2.convert import Converted
from slimport.report.lines import LineMap
from slimport.report.model import FileReport, FunctionForm, Report, Status
from slimport.report.places import forms_in_file, in_file, left_in_files, notes_in_file
from slimport.rewrite.cell_files import CellFiles
from slimport.rewrite.engine import rewrite_module
from slimport.rewrite.extent import Extent, Folder, whole
from slimport.rewrite.failures import culprit, in_words
from slimport.rewrite.file_result import FileResult, Need
from slimport.rewrite.garbage import collect, without_collector
from slimport.rewrite.held import COMMENT_MOVED, Holds, comments_moved
from slimport.rewrite.homes import homes, other_names, package_of, placed, two_ways
from slimport.rewrite.module_cells import ModuleCells
from slimport.rewrite.parallel import Crash, Workers
from slimport.rewrite.plan import Options, Plan
from slimport.rewrite.shards import Shard, reaching
from slimport.rewrite.unread import reached_from
from slimport.rewrite.written_module import (
    REFUSAL,
    State,
    is_ours,
    lacking,
    loader,
    ways_to_models,
    written_state,
)
from slimport.written.assemble import UnknownNames, assemble, public_names

#: A longer file is data, whatever its name; parsing it would take gigabytes.
_LARGEST = 2**28
#: Rounds after which a tree is given up: each finds other files that fail.
_ROUNDS = 5


@dataclass
class TreeResult:
    """What a run found and would write.

    Attributes:
        outputs: new bytes by path relative to the root, changed and new files only.
        plan: what was decided before any file was rewritten.
        beside: files that were not given, share a program with one that changes, and would change
            as well.
        staying: files that share a program with one that changes, and keep their slim code because
            they are excluded, or because the user says so.
        python2: files of Python 2 that name neither slim nor TensorFlow, and stay.
    """

    root: Path
    report: Report
    outputs: dict[PurePosixPath, bytes] = field(default_factory=dict)
    originals: dict[PurePosixPath, bytes] = field(default_factory=dict)
    plan: Plan | None = field(default=None, repr=False)
    beside: list[PurePosixPath] = field(default_factory=list)
    staying: list[PurePosixPath] = field(default_factory=list)
    python2: list[PurePosixPath] = field(default_factory=list)


def rewrite_tree(
    path: Path,
    options: Options | None = None,
    without: Mapping[PurePosixPath, str] | None = None,
    extent: Extent | None = None,
    *,
    jobs: int | None = None,
    shard: Shard | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TreeResult:
    """Rewrites everything at or below `path` in memory; nothing is written.

    A file that fails stays as it is, and the others must not rely on what would have become of
    it: the tree is rewritten once more, as one that the file is no part of.

    Args:
        path: A file or a folder.
        options: What the user asked for.
        without: Files that fail for another reason, and the reason.
        extent: What of a larger tree is meant, in the place of `path`.
        jobs: Processes to use; None is one for each processor, where the tree is large enough.
        shard: The share of the files to rewrite. What comes of it is for reading: the written
            module, which serves the whole tree, is not among its outputs.
        progress: Told how many files are done, and of how many.

    Raises:
        FileNotFoundError: no such path.
    """
    options = options or Options()
    extent = extent or whole(path)
    workers = Workers(jobs, progress)
    failed = dict(without or {})
    with without_collector():
        for _ in range(_ROUNDS):
            result, errors = _rewrite_once(extent, options, failed, workers, shard)
            if not errors:
                return result
            failed |= errors
            del result
            collect()
        everything = dict.fromkeys(extent.given | extent.near, _GIVEN_UP)
        return _rewrite_once(extent, options, everything | failed, workers, shard)[0]


_GIVEN_UP = "left as it is, since too many files of the tree fail"
#: A notebook imports by absolute names, and would get a copy of its own.
IN_PACKAGE = (
    "a notebook cannot import the written module as the modules of its package do: give the folder "
    "above the package"
)


def _rewrite_once(
    extent: Extent,
    options: Options,
    failed: Mapping[PurePosixPath, str],
    workers: Workers,
    shard: Shard | None,
) -> tuple[TreeResult, dict[PurePosixPath, str]]:
    """What becomes of a tree without the files that failed, and which fail in addition."""
    result = TreeResult(extent.root, Report(__version__))
    cells = CellFiles(extent, failed)
    extent = cells.extent
    sources, unread = _read_all(extent, result, options, failed)
    try:
        first = _Pass(sources, options, extent, _texts(extent, unread), workers)
        first.decide()
    except Exception as error:
        return result, {_culprit(sources, options, extent): in_words(error)}
    result.plan = first.plan
    if shard is None:
        _run(first)
        first.carry_module(result, cells.notebooks)
        _collect(first, extent.given, result)
        _add_written_module(first, result)
    else:
        mine = _run_shard(first, shard, result, cells)
        _collect(first, mine, result)
    _note_python2(first, result)
    _order(first, result)
    cells.fold(result.report, result.outputs, result.originals)
    if result.outputs:
        result.beside, result.staying = first.beside(), first.staying()
    result.report.files.sort(key=lambda file: file.path)
    return result, first.failed()


def _culprit(
    sources: Mapping[PurePosixPath, Source], options: Options, extent: Extent
) -> PurePosixPath:
    return culprit(sources, lambda some: _Pass(some, options, extent).decide())


def _run(first: _Pass) -> None:
    first.run(first.extent.given)
    first.rewrite_near()
    if not first.failed():
        _check(first)


def _run_shard(
    first: _Pass, shard: Shard, result: TreeResult, cells: CellFiles
) -> set[PurePosixPath]:
    """Rewrites and checks the shard's files, beside files of other shards that are still old.

    Where that finds something, the whole tree is rewritten to see whether it is so.

    Returns:
        The files of the shard; only their results are left.
    """
    sizes = {PurePosixPath(file.path): 0 for file in result.report.failed}
    for module in first.program.modules:
        if module.path in first.extent.given:
            size = len(first.sources[module.path].data)
            sizes[module.path] = size if first.plan.concerns(module) else size // 50
    mine = cells.with_notebooks(shard.of(sizes))
    result.report.files = [f for f in result.report.files if PurePosixPath(f.path) in mine]
    others = {module.path for module in reaching(first.program, mine)} & first.extent.given
    first.run(mine | others)
    first.keep(mine)
    if not first.errors:
        _check(first)
    if first.errors:
        first.errors.clear()
        first.keep(())
        _run(first)
        first.keep(mine)
    return mine


def _note_python2(first: _Pass, result: TreeResult) -> None:
    """Says which files stay Python 2, in a tree that slimport has to do with."""
    if not any(concerns_slim(source.original) for source in first.sources.values()):
        return
    status = {PurePosixPath(file.path): file.status for file in result.report.files}
    converted = [path for path in first.sources if first.is_converted(path)]
    stay = sorted(
        path
        for path in {*result.python2, *converted}
        if status.get(path) is Status.UNCHANGED or path in result.python2
    )
    if stay:
        result.report.notes.append(python2.note(stay, first.options.all_python2))


def _texts(extent: Extent, unread: Collection[PurePosixPath]) -> list[bytes | None]:
    """The files that could not be read as Python; None for one that could not be read at all."""
    found: list[bytes | None] = []
    for name in unread:
        try:
            found.append(_bytes(extent, name))
        except OSError:
            found.append(None)
    return found


def _bytes(extent: Extent, name: PurePosixPath) -> bytes:
    if name in extent.texts:
        return extent.texts[name]
    return read_regular(extent.root / name, _LARGEST)


def _order(first: _Pass, result: TreeResult) -> None:
    """What others import is written before them, and the written module last.

    Whoever runs a tree half of which a killed run replaced lacks the module, and is told so.
    """
    modules = {module.path: module for module in first.program.modules}

    def reach(name: PurePosixPath) -> tuple[bool, int]:
        if name not in modules:
            return True, 0
        return False, len(closure_of([modules[name]], lambda m: first.program.imports[m]))

    result.outputs = {name: result.outputs[name] for name in sorted(result.outputs, key=reach)}


class SingleFiles:
    """Rewrites single files of a tree in memory, with regard to all of it; nothing is checked.

    Raises:
        FileNotFoundError: no such path.
    """

    def __init__(self, root: Path, options: Options | None = None) -> None:
        extent, options = whole(root), options or Options()
        sources, _ = _read_all(extent, TreeResult(root, Report(__version__)), options)
        self._pass = _Pass(sources, options, extent)

    def rewrite(self, name: PurePosixPath) -> FileResult | None:
        """What becomes of a file; None where no rule looks at it, or none can."""
        if name not in self._pass.results:
            self._pass.run([name])
        return self._pass.results.get(name)


def _read_all(
    extent: Extent,
    result: TreeResult,
    options: Options,
    failed: Mapping[PurePosixPath, str] | None = None,
) -> tuple[dict[PurePosixPath, Source], list[PurePosixPath]]:
    """The sources that can be read, and the names of those that cannot, or failed before.

    Of these only the given ones are failures: the others are somebody else's, and noted.
    """
    sources: dict[PurePosixPath, Source] = {}
    errors = {**extent.unlisted, **(failed or {})}
    for name in sorted(extent.given | extent.near):
        if name in errors:
            continue
        try:
            data = _bytes(extent, name)
            if name.stem == options.module_name and is_ours(data):
                continue
            source = read(extent.root / name, data, options.all_python2)
            if source is not None:
                sources[name] = source
            if python2.stays(name, data, source):
                result.python2.append(name)
        except SourceError as error:
            errors[name] = str(error)
        except OSError as error:
            errors[name] = f"cannot be read: {error.strerror}"
        except Exception as error:
            errors[name] = in_words(error)
    for name, text in errors.items():
        if name in extent.near:
            note = f"{name}: it stays as it is, and what it names counts as open: {text}"
            result.report.notes.append(note)
        else:
            failure = FileReport(name.as_posix(), Status.FAILED, error=text)
            result.report.files.append(failure)
    return sources, sorted(errors)


class _Pass:
    """One pass over a whole program: also the second one, which must change nothing."""

    def __init__(
        self,
        sources: Mapping[PurePosixPath, Source],
        options: Options,
        extent: Extent,
        unread: Collection[bytes | None] = (),
        workers: Workers | None = None,
        earlier: Program | None = None,
    ) -> None:
        self.workers = workers or Workers(1)
        self.sources = sources
        self.program = Program(sources, earlier, options.module_name)
        self.extent = extent
        self.options = options
        old = [module for module in self.program.modules if self._stays_old(module)]
        unread = [*unread, *(sources[module.path].data for module in old)]
        if unread:  # code that was not seen may open scopes around functions that it names
            # A second pass keeps what the first found: rewritten files may import fewer.
            reached = reached_from(unread, self.program) | options.open_files
            self.options = replace(options, open_files=reached)
        add_python2_references(self.program)
        add_layer_names(self.program)
        self.package: Folder | None = package_of(extent, self.program, options.module_name)
        self.plan = Plan(self.program, self.options)
        self.results: dict[PurePosixPath, FileResult] = {}
        self.needs: set[Need] = set()
        self.near: dict[PurePosixPath, FileResult] = {}
        self.errors: dict[PurePosixPath, str] = {}
        self.again: dict[PurePosixPath, FileResult] = {}
        self.holds = Holds(self.program, self.plan, sources)
        self.carrying: set[PurePosixPath] = set()

    def written_module(self, module: Module) -> str:
        """Name under which `module` imports the written module; relative inside a package."""
        if self.package is None or module.is_notebook:
            return self.options.module_name
        return "." * (len(module.package) - len(self.package) + 1) + self.options.module_name

    def _stays_old(self, module: Module) -> bool:
        """Whether a file keeps its slim code whatever becomes of the others."""
        apis = self.program.imported_apis(module) if module.path in self.extent.staying else ()
        return any(map(is_slim, apis))

    def run(self, only: Collection[PurePosixPath] | None = None) -> None:
        """Rewrites every file that a rule may touch, or of these only some."""
        wanted = [m for m in self.program.modules if only is None or m.path in only]
        before = set(self.results)
        if not self.options.selection.leaves_networks:  # otherwise all are held
            self._rewrite_in_processes(wanted)
        self.holds.decide(wanted, self._result)
        for path in self.holds.by_path:  # rewritten in full, for the decision
            self.results.pop(path, None)
        self._rewrite_in_processes(wanted)
        for module in wanted:
            self._result(module)
        if only is not None:  # of the others, some were rewritten for that decision
            kept = before.union(only)
            self.results = {p: result for p, result in self.results.items() if p in kept}
        # What is left in one file may need another's import, which nothing else does any more.
        self.needs |= {need for result in self.results.values() for need in result.needs}
        needed = {need.path for need in self.needs}
        for module in self.program.modules:
            if module.path in needed and module.path in self.results:
                self._rewrite(module)

    def decide(self) -> None:
        """Asks of every file whether a rule may touch it, which the plan remembers.

        An error in that is still an error of one file; later it would be one of the run.
        """
        for module in self.program.modules:
            self.plan.concerns(module)

    def is_converted(self, path: PurePosixPath) -> bool:
        """Whether a file was Python 2."""
        return isinstance(self.sources[path].container, Converted)

    def _may_change(self, module: Module) -> bool:
        asked = self.options.all_python2 and self.is_converted(module.path)
        return asked or self.plan.concerns(module)

    def _result(self, module: Module) -> FileResult | None:
        """What becomes of a file; None where no rule looks at it, or none can."""
        known = module.path in self.results or module.path in self.errors
        if not known and self._may_change(module):
            self._rewrite(module)
        return self.results.get(module.path)

    def _rewrite_in_processes(self, modules: Sequence[Module]) -> None:
        """Rewrites those side by side that nobody has rewritten yet."""
        missing = [m for m in modules if m.path not in self.results and m.path not in self.errors]
        missing = [module for module in missing if self._may_change(module)]
        sizes = {module: len(self.sources[module.path].data) for module in missing}
        for module, outcome in self.workers.apply(self._outcome, sizes):
            self._keep(module, outcome)

    def _rewrite(self, module: Module) -> None:
        self._keep(module, self._outcome(module))

    def _keep(self, module: Module, outcome: FileResult | Crash) -> None:
        if isinstance(outcome, FileResult):
            self.results[module.path] = outcome
        else:
            self.errors[module.path] = outcome.message

    def keep(self, paths: Collection[PurePosixPath]) -> None:
        """Forgets the results of all other files."""
        self.results = {path: item for path, item in self.results.items() if path in paths}
        self.errors = {path: text for path, text in self.errors.items() if path in paths}

    def _outcome(self, module: Module) -> FileResult | Crash:
        """A file's result, or why there is none; changes nothing, so that any process will do."""
        needs = [need for need in self.needs if need.path == module.path]
        held = module.path in self.holds.by_path
        if held and module.path in self.holds.untouched:
            return FileResult(self.sources[module.path].data)
        try:
            source, name = self.sources[module.path], self.written_module(module)
            return rewrite_module(source, module, self.plan, name, needs, held)
        except cst.ParserSyntaxError as error:
            return Crash(f"cannot be parsed: {type(error).__name__}: {error}")
        except Exception as error:
            return Crash(in_words(error))

    def failed(self) -> dict[PurePosixPath, str]:
        """Why files are to be left out, unless the error holds the whole program of the file."""
        return {p: error for p, error in self.errors.items() if p not in self.holds.errors}

    def changed(self) -> dict[PurePosixPath, FileResult]:
        return {
            path: result
            for path, result in self.results.items()
            if result.code != self.sources[path].data
        }

    def beside(self) -> list[PurePosixPath]:
        """Files that were not given, share a program with what changes, and would change."""
        return sorted(self._changed_near())

    def rewrite_near(self) -> None:
        """Rewrites those files as well, so that what is decided here agrees with a whole run."""
        modules = [m for m in self._near_changes() if m.path not in self.extent.staying]
        results, errors = dict(self.results), dict(self.errors)
        self._rewrite_in_processes(modules)
        for module in modules:
            self._result(module)
        self.near = {p: item for p, item in self.results.items() if p not in results}
        self.results, self.errors = results, errors
        needs = {need for item in self.near.values() for need in item.needs} - self.needs
        self.needs |= needs
        needed = {need.path for need in needs}
        for module in self.program.modules:
            if module.path in needed and module.path in self.results:
                self._rewrite(module)

    def _changed_near(self) -> dict[PurePosixPath, FileResult]:
        return {p: r for p, r in self.near.items() if r.code != self.sources[p].data}

    def as_rewritten(self) -> dict[PurePosixPath, Source]:
        """The sources that a second pass has: also near files are rewritten by then."""
        sources = dict(self.sources)
        for path, item in self._changed_near().items():
            with contextlib.suppress(SourceError):
                sources[path] = parse(self.sources[path].path, item.code)
        return sources

    def staying(self) -> list[PurePosixPath]:
        """Files that share a program with what changes, and keep their slim code."""
        return [module.path for module in self._near_changes() if self._stays_old(module)]

    def _near_changes(self) -> list[Module]:
        """The files that share a program with what changes, and were not given."""
        changed = self.changed()
        if not self.extent.near or not changed:
            return []
        changing = [module for module in self.program.modules if module.path in changed]
        near = {m for module in changing for m in self.program.connected(module)}
        rest = [module for module in near if module.path not in self.extent.given]
        return sorted(rest, key=lambda module: module.path)

    def users(self) -> list[Module]:
        """The files that import the written module's file from now on."""
        return [
            module
            for module in self.program.modules
            if module.path in self.results
            and self.results[module.path].written_names
            and module.path not in self.carrying
        ]

    def carry_module(
        self, result: TreeResult, written: Mapping[PurePosixPath, PurePosixPath]
    ) -> None:
        """Has notebooks that come alone carry the written module in a cell.

        Args:
            result: for what there is to say about it.
            written: modules that cells write, each with the notebook.
        """

        def names(module: Module) -> set[str]:
            item = self.results.get(module.path)
            new = item.written_names if item and module.path not in self.errors else ()
            return {*new, *_imported_from(module.tree, self.options.module_name)}

        def forms(module: Module) -> Sequence[FunctionForm]:
            item = self.results.get(module.path)
            return item.functions if item else ()

        file, asked = f"{self.options.module_name}.py", self.options.module_cell
        found = ModuleCells(self.program, self.sources, names, forms, file, asked, written)
        self.carrying = found.carrying
        self.errors |= {p: text for p, text in found.errors.items() if p in self.changed()}
        result.report.notes += found.notes

    def placement(self) -> Placement:
        if self.package is not None:
            return Placement(self.package, ())
        name = self.options.module_name
        found = place(self.program, self.users(), self.extent.inside)
        inside = {
            h
            for h in homes(self.extent, name)
            if h[: len(self.extent.inside)] == self.extent.inside
        }
        return placed(found, inside, self.program, name)

    def two_copies(self) -> str:
        """Why files of one program would have two written modules, if so."""
        name = self.options.module_name
        other = other_names(self.program, name, self.users())
        if other:
            return f"{other[0]} was written by an earlier run, with another module-name than {name}"
        return two_ways(self.program, name, [(m, self.package is not None) for m in self.users()])


def _check(first: _Pass) -> None:
    """The output parses, a second pass changes nothing, no slim name is left unreported."""
    changed = first.changed()
    sources = first.as_rewritten()
    for path, item in changed.items():
        try:
            sources[path] = parse(first.sources[path].path, item.code)
        except SourceError as error:
            first.errors[path] = f"the rewritten file does not parse ({error}); it was not written"
        try:
            first.sources[path].with_program(item.code)
        except SourceError as error:
            first.errors[path] = str(error)
        if first.package is not None and path.suffix == NOTEBOOK and item.written_names:
            first.errors[path] = IN_PACKAGE
    if not changed:
        return
    try:
        quiet, extent = first.workers.quiet, first.extent
        second = _Pass(sources, first.options, extent, workers=quiet, earlier=first.program)
    except Exception as error:
        name = culprit(sources, lambda some: _Pass(some, first.options, first.extent))
        first.errors[name] = in_words(error)
        return
    second.needs = first.needs
    second.run(changed.keys())
    first.errors |= second.errors
    for path, item in changed.items():
        again = second.results.get(path)
        if again is not None:
            first.again[path] = again
        if again is not None and comments_moved(item, again) and path not in first.errors:
            first.errors[path] = COMMENT_MOVED
        elif again is not None and again.code != item.code and path not in first.errors:
            first.errors[path] = "a second pass would change the output; it was not written"
        elif again is not None and len(again.left) > len(item.left):
            names = sorted({left.api for left in again.left} - {left.api for left in item.left})
            first.errors[path] = f"slim names left without a mark ({', '.join(names)}); not written"


def _collect(first: _Pass, paths: Collection[PurePosixPath], result: TreeResult) -> None:
    for path, source in first.sources.items():
        if path not in paths:
            continue
        item = first.results.get(path)
        report = FileReport(path.as_posix())
        result.report.files.append(report)
        holder = source.container
        error = first.errors.get(path) or first.holds.errors.get(path)
        if error:
            report.status, report.error = Status.FAILED, error
            continue
        if item is None:
            continue
        report.rewritten = in_file(item.rewritten, holder)
        report.left = in_file(item.left, holder)
        ignored = [*item.ignored, *first.holds.against.get(path, ())]
        report.ignored = in_file(ignored, holder)
        report.functions = forms_in_file(item.functions, holder)
        result.report.notes += notes_in_file(item.notes, path.as_posix(), holder)
        output = source.with_program(item.code)
        if first.holds.keeps(path, item):
            output = source.original
        if output != source.original:
            report.status = Status.REWRITTEN
            report.moved = LineMap(source.original, output)
            again = first.again.get(path, FileResult(b""))
            report.left = left_in_files(item.left, again.left, source, output)
            report.ignored = left_in_files(ignored, again.ignored, source, output)
            report.legacy_imports = item.legacy
            result.report.notes += [f"{path}: {note}" for note in source.notes]
            result.outputs[path] = output
            result.originals[path] = source.original
        if path in first.holds.stays:
            report.held = first.holds.by_path[path].reason(path)
    for name, note in first.holds.notes:
        holder = first.sources[name].container
        result.report.notes += notes_in_file([note], name.as_posix(), holder)


def _complete_written_module(first: _Pass, result: TreeResult) -> None:
    """Gives the module that an earlier run wrote the names that files import from it since then."""
    name = first.options.module_name
    found = homes(first.extent, name)
    if len(found) != 1:  # none, or several programs, and a file does not tell which it is of
        return
    home = PurePosixPath(*found.pop(), f"{name}.py")
    old = read_regular(result.root / home, _LARGEST)
    names = _already_imported(first) | _imported_beyond(first)
    if not lacking(old, names):  # what the module offers need not be read for that
        return
    names &= public_names()
    missing = lacking(old, names)
    if missing and written_state(old, names) is State.REPLACEABLE:
        _put(result, home, assemble(names | ways_to_models((), old)))
    elif missing:
        text = f"{home} was edited since it was written: it is kept, without {', '.join(missing)}"
        result.report.notes.append(text)


def _add_written_module(first: _Pass, result: TreeResult) -> None:
    if not result.outputs:
        _complete_written_module(first, result)
        return
    names = {
        name
        for path, item in first.results.items()
        if path not in first.errors and path not in first.carrying
        for name in item.written_names
    } | _already_imported(first)
    beyond = _imported_beyond(first)
    names |= beyond & public_names() if beyond else beyond
    if not names:
        return
    placement, name = first.placement(), first.options.module_name
    home = PurePosixPath(*placement.folder, f"{name}.py")
    present = result.root / home
    old = present.read_bytes() if present.exists() else None
    state = State.REPLACEABLE if old is None else written_state(old, names)
    copies = first.two_copies()
    if copies or state is State.REFUSED:
        result.outputs.clear()
        for file in result.report.changed:  # the report tells what is on the disk
            file.status, file.rewritten, file.legacy_imports = Status.UNCHANGED, [], []
        result.report.files.append(
            FileReport(home.as_posix(), Status.FAILED, error=copies or REFUSAL)
        )
        return
    if state is State.REPLACEABLE:
        forms = (form for item in first.results.values() for form in item.functions)
        try:
            _put(result, home, assemble(names | ways_to_models(forms, old)))
        except UnknownNames as error:
            first.errors |= _asking_for(first, error)
    else:
        result.report.notes.append(f"{home} was edited since it was written: it is kept")
    for folder in placement.loaders:
        path = PurePosixPath(*folder, f"{name}.py")
        _put(result, path, loader(home, folder))


def _put(result: TreeResult, path: PurePosixPath, text: str) -> None:
    data = text.encode("utf-8")
    old = result.root / path
    if old.exists() and old.read_bytes() == data:
        return
    if old.exists():
        result.originals[path] = old.read_bytes()
    result.outputs[path] = data
    result.report.written_modules.append(path.as_posix())


def _already_imported(first: _Pass) -> set[str]:
    """What earlier runs made files of the program import from the written module."""
    name, modules = first.options.module_name, first.program.modules
    trees = [module.tree for module in modules if module.path not in first.carrying]
    return {found for tree in trees for found in _imported_from(tree, name)}


def _imported_beyond(first: _Pass) -> set[str]:
    """What files beyond the program import from it: also names that it never had."""
    name = first.options.module_name
    found: set[str] = set()
    for path in first.extent.beyond:
        with contextlib.suppress(OSError, SourceError):
            data = _bytes(first.extent, path)
            source = read(first.extent.root / path, data) if name.encode() in data else None
            found.update(_imported_from(source.tree, name) if source is not None else ())
    return found


def _asking_for(first: _Pass, error: UnknownNames) -> dict[PurePosixPath, str]:
    """The files that import names which the written module has not, with the reason to leave them.

    Somebody wrote them, or put them into a module that is gone.
    """
    name = first.options.module_name
    return {
        module.path: f"it imports {', '.join(sorted(names))} from {name}.py, which has no such name"
        for module in first.program.modules
        if (names := error.names.intersection(_imported_from(module.tree, name)))
    }


def _imported_from(tree: ast.Module, module: str) -> Iterator[str]:
    for node in all_of(tree, ast.ImportFrom):
        if (node.module or "").rpartition(".")[2] == module:
            yield from (alias.name for alias in node.names if alias.name != "*")
