"""Which files stay as they are because something that they hang together with is ignored.

A network changes as a whole or not at all: what one call became decides what scopes, names of
variables and training steps in other files mean. So where a rule would have rewritten a reference
that is ignored, nothing of its whole program is rewritten, but for what stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from slimport.files.source import Source
from slimport.index.modules import Module
from slimport.index.program import Program
from slimport.python2.convert import Converted
from slimport.report.model import LeftAlone
from slimport.rewrite.file_result import FileResult
from slimport.rewrite.hanging_together import programs
from slimport.rewrite.ignore_comments import IgnoreComment
from slimport.rewrite.ignored import WOULD_CHANGE
from slimport.rewrite.plan import Plan
from slimport.rewrite.selection import stands_alone

# Training, evaluation, pipelines and sessions: of these rules the report names a few lines only.
_WIDE = ("SLIM28", "SLIM29", "SLIM311")
_CONVERSION = "SLIM361"  # of Python 2 sources, a whole file at a time
COMMENT_MOVED = (
    "a comment `slimport: ignore[...]` would come to speak of other code, or be lost, as its "
    "statement is rewritten; put it on a line of its own above the statement, or take it away if "
    "it keeps nothing back"
)


@dataclass(frozen=True)
class Hold:
    """Why files stay.

    Attributes:
        path: the file where it begins; empty where no place is to blame.
        what: the code that is ignored there, and what that means.
        others: how many references more there are like this one.
    """

    path: str
    line: int
    what: str
    others: int = 0

    def reason(self, path: PurePosixPath | str) -> str:
        """Why one of the files stays."""
        if not self.path:
            return self.what
        place = f"line {self.line}" if str(path) == self.path else f"{self.path}:{self.line}"
        more = f" (and {self.others} more)" if self.others else ""
        return f"goes with {place}{more}, where {self.what}"


@dataclass
class Holds:
    """Decides, program by program, which files stay.

    Args:
        program: the index.
        plan: decisions about the program's functions, which ask nothing of what is ignored.
        sources: the files as they were read.

    Attributes:
        by_path: why a file stays, for each whose program does.
        against: what is ignored in a file, and would have been rewritten.
        untouched: files that stay to the last byte, with what stands alone.
        errors: comments that nobody can follow; their files are failures.
        stays: the files among those in `by_path` in which something would have changed.
        notes: remarks, each with the file that it is about.
    """

    program: Program
    plan: Plan
    sources: Mapping[PurePosixPath, Source]
    by_path: dict[PurePosixPath, Hold] = field(default_factory=dict)
    against: dict[PurePosixPath, list[LeftAlone]] = field(default_factory=dict)
    untouched: set[PurePosixPath] = field(default_factory=set)
    errors: dict[PurePosixPath, str] = field(default_factory=dict)
    stays: set[PurePosixPath] = field(default_factory=set)
    notes: list[tuple[PurePosixPath, str]] = field(default_factory=list)
    _decided: set[Module] = field(default_factory=set)

    def decide(
        self, wanted: Collection[Module], result_of: Callable[[Module], FileResult | None]
    ) -> None:
        """Decides about these files.

        Args:
            wanted: files that are to be rewritten.
            result_of: what would become of a file if nothing were held; None where no rule looks.
        """
        if not any(map(self._speaks, self.program.modules)):
            return
        for group in programs(self.program, self.plan.concerns):
            members = sorted(group, key=lambda module: module.path)
            known = not self._decided.isdisjoint(group)
            if not known and not group.isdisjoint(wanted) and any(map(self._speaks, members)):
                self._decided |= group
                self._decide(members, result_of)

    def _speaks(self, module: Module) -> bool:
        return bool(self.plan.selection(module))

    def _decide(
        self, members: list[Module], result_of: Callable[[Module], FileResult | None]
    ) -> None:
        for module in members:
            self._check_comments(module)
        if self.plan.options.selection.leaves_networks:
            hold = Hold("", 0, "no rule is selected that rewrites networks")
            self.by_path |= {module.path: hold for module in members}
            self.stays |= {module.path for module in members if self.plan.concerns(module)}
            return
        results = {module: result_of(module) for module in members}
        acting = _acting(results.values())
        found = [
            (module, item)
            for module, result in results.items()
            for item in self._against(module, result, acting)
        ]
        for module, result in results.items():
            self._note_unused(module, result, [item for m, item in found if m is module])
        if found:
            self._hold(found, results)

    def keeps(self, path: PurePosixPath, result: FileResult) -> bool:
        """Whether the file itself stays as it is, whatever holds its program."""
        source = self.sources[path]
        same = path in self.by_path and result.code == source.data
        return path in self.untouched or (same and not isinstance(source.container, Converted))

    def _hold(
        self, found: list[tuple[Module, LeftAlone]], results: Mapping[Module, FileResult | None]
    ) -> None:
        first, item = found[0]
        what = f"{item.code} is ignored" if item.code else item.reason
        hold = Hold(first.path.as_posix(), item.line, what, len(found) - 1)
        self.by_path |= {module.path: hold for module in results}
        for module, item in found:
            if item.code:
                self.against.setdefault(module.path, []).append(item)
        changed = [
            module.path for module, result in results.items() if self._changes(module, result)
        ]
        self.stays |= set(changed)
        names = ", ".join(map(str, changed[:3]))
        names += f" and {len(changed) - 3} more" if changed[3:] else ""
        text = f"{hold.what}, so that its whole program stays as it is: {names}"
        self.notes.append((first.path, f"{hold.path}:{hold.line}: {text}"))

    def _check_comments(self, module: Module) -> None:
        selection = self.plan.selection(module)
        if selection.errors:
            line, text = selection.errors[0]
            self.errors[module.path] = f"line {line}: {text}"
        stays_python2 = self._is_converted(module) and selection.ignores(_CONVERSION, 0)
        if selection.is_whole_file or stays_python2:
            self.untouched.add(module.path)

    def _is_converted(self, module: Module) -> bool:
        """Whether the file was Python 2, which is converted as a whole or not at all."""
        return isinstance(self.sources[module.path].container, Converted)

    def _changes(self, module: Module, result: FileResult | None) -> bool:
        return result is not None and result.code != self.sources[module.path].data

    def _against(
        self, module: Module, result: FileResult | None, acting: frozenset[str]
    ) -> Iterator[LeftAlone]:
        """What speaks against writing the file as it would become."""
        selection = self.plan.selection(module)
        if result is None:
            return
        yield from result.against
        changes = self._changes(module, result)
        for line, text in selection.errors[:1] if changes else ():
            yield LeftAlone(line, "", "", f"a comment cannot be followed ({text})")
        changes = changes or self._is_converted(module)
        if module.path in self.untouched and changes and not result.against:
            yield LeftAlone(1, "", "", "the whole file is ignored")
        for comment, _, codes in selection.unused(_items(result)):
            near = sorted(code for code in codes & acting if not stands_alone(code))
            if near and not comment.is_whole and self._is_reached(comment, near, module, result):
                yield LeftAlone(comment.line, "", near[0], WOULD_CHANGE)

    def _is_reached(
        self, comment: IgnoreComment, codes: list[str], module: Module, result: FileResult
    ) -> bool:
        """Whether rules that act on more than references act where a comment is."""
        if any(code.startswith(_WIDE) for code in codes):
            return True
        text = result.code.decode(self.sources[module.path].encoding, "replace")
        new = {line.strip() for line in text.split("\n")}
        return not all(module.lines[line - 1].strip() in new for line in comment.lines)

    def _note_unused(
        self, module: Module, result: FileResult | None, against: list[LeftAlone]
    ) -> None:
        items = [(item.code, item.line) for item in against]
        items += _items(result) if result is not None else []
        for comment, text, _ in self.plan.selection(module).unused(items):
            if module.path in self.untouched and not text:
                continue
            name = "ignore-file" if comment.is_whole else "ignore"
            what = f"{name}[{text}]" if text else name
            note = f"{module.path}:{comment.line}: unused `slimport: {what}`: it keeps nothing back"
            self.notes.append((module.path, note))


def _acting(results: Iterable[FileResult | None]) -> frozenset[str]:
    return frozenset(item.code for r in results if r is not None for item in r.rewritten)


def _items(result: FileResult) -> list[tuple[str, int]]:
    return [(item.code, item.line) for item in (*result.ignored, *result.against)]


def comments_moved(first: FileResult, again: FileResult) -> bool:
    """Whether a second pass would ignore other references than the first."""
    return _ignored(first) != _ignored(again)


def _ignored(result: FileResult) -> list[tuple[str, str]]:
    return sorted((item.code, item.api) for item in result.ignored)
