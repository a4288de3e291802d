"""Which rule wrote a line of the migrated tree, and which legacy line it was.

The legacy file is rewritten once more, in memory, with regard to its whole tree; the report of that
says which rule took which line. What is in the migrated tree now is held against it, so that a line
which somebody edited afterwards is not laid at a rule's door.

The rewriting half of slimport reads programs, which takes seconds: it runs in a process of its own
(``python -m slimport.verify.lines.written_by``) with a time limit, and only where sides diverge.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from slimport.verify.lines.statements import Statement, at, partners, statements
from slimport.verify.result import CaseResult, Divergence, Site

if TYPE_CHECKING:
    from slimport.rewrite.file_result import FileResult
    from slimport.rewrite.plan import Options
    from slimport.rewrite.tree import SingleFiles

#: Seconds for all divergences of a run; a tree of 2,400 lines takes 3.
TIMEOUT = 60.0

EDITED = "edited by hand since"
NO_RULE_EDITED = f"no rule, {EDITED}"
BY_HAND = "no rule, written by hand"
#: Of a file that is another altogether: migrated by other means, or by another release.
OTHERWISE = "which writes it otherwise"

#: Share of a file's statements that must be as a rewrite writes them, or its options are others,
#: and below which nobody says that lines of it were edited.
AS_WRITTEN, ANOTHER = 0.8, 0.5
#: Edited lines that are named beside the rules of the line where sides part.
MOST_EDITED = 3


@dataclass(frozen=True)
class Origin:
    """Where a line comes from.

    Attributes:
        rules: Codes of the rules that wrote it, that of the outermost call first; what is known
            beside them stands behind the code, as in ``SLIM101, edited by hand since``. Empty for
            a line that no rule touched.
        old: The legacy line; None where there is none.
        new: The migrated line; None where there is none.
    """

    rules: tuple[str, ...] = ()
    old: Site | None = None
    new: Site | None = None


@dataclass(frozen=True)
class Question:
    """What is known of a line: its place in one tree or in both."""

    new: Site | None = None
    old: Site | None = None


def with_rules(old_root: Path, new_root: Path, cases: Sequence[CaseResult]) -> None:
    """Completes the divergences of a run: rules, and the line of the tree that is not known.

    Lines that call the one where the sides part, or set its defaults, are named among the rules if
    somebody edited them.
    """
    modes = [mode for case in cases for mode in case.modes if mode.divergences]
    asked = [question for mode in modes for found in mode.divergences for question in _about(found)]
    answers = iter(origins(old_root, new_root, asked))
    for mode in modes:
        mode.divergences = tuple(
            _completed(found, [next(answers) for _ in _about(found)]) for found in mode.divergences
        )


def _about(found: Divergence) -> list[Question]:
    """What is asked of a divergence, its own line first."""
    first = Question(_first(found.new), _first(found.old))
    return [first, *(Question(site) for site in (*found.defaults, *found.new[1:]))]


def _completed(found: Divergence, answers: Sequence[Origin]) -> Divergence:
    origin = answers[0]
    old, new = (
        sites or ((site,) if site is not None else ())
        for sites, site in ((found.old, origin.old), (found.new, origin.new))
    )
    edited: dict[Any, str] = {}  # by legacy statement: several of the lines may be of one
    for question, answer in zip(_about(found)[1:], answers[1:], strict=True):
        if any(EDITED in rule or rule == BY_HAND for rule in answer.rules):
            place = answer.old or question.new
            edited.setdefault(place, f"{answer.rules[0]} ({question.new})")
    rules = found.rules or (*origin.rules, *list(edited.values())[:MOST_EDITED])
    return dataclasses.replace(found, rules=rules, old=old, new=new)


def _first(sites: Sequence[Site]) -> Site | None:
    return sites[0] if sites else None


def origins(
    old_root: Path, new_root: Path, asked: Sequence[Question], timeout: float = TIMEOUT
) -> list[Origin]:
    """Returns where lines come from.

    Args:
        old_root: Root of the legacy tree.
        new_root: Root of the migrated tree, laid out alike.
        asked: What is known of each line.
        timeout: Seconds after which nothing is known of any.

    Returns:
        An answer to each question, an empty one where nothing is known: a file of one tree only, a
        tree that cannot be read, too large a tree.
    """
    nothing = [Origin() for _ in asked]
    if not any(question.new or question.old for question in asked):
        return nothing
    request = {
        "old": str(old_root),
        "new": str(new_root),
        "asked": [dataclasses.asdict(question) for question in asked],
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "slimport.verify.lines.written_by"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
        return [_origin(item) for item in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        return nothing


def _origin(data: Any) -> Origin:
    return Origin(tuple(data["rules"]), _site(data["old"]), _site(data["new"]))


def _site(data: Any) -> Site | None:
    return None if data is None else Site(**data)


class Trees:
    """Both trees, with what a rewrite makes of files of the legacy one."""

    def __init__(self, old_root: Path, new_root: Path) -> None:
        self._old_root, self._new_root = old_root, new_root
        self._files: dict[str, File | None] = {}
        self._rewriting: dict[Options, SingleFiles] = {}

    def origin(self, asked: Question) -> Origin:
        """Answers a question."""
        new_file = self._file(asked.new.file) if asked.new else None
        old_file = self._file(asked.old.file) if asked.old else None
        found = Origin()
        if asked.new is not None and new_file is not None:
            found = new_file.of_new(asked.new.line)
        if asked.old is None or old_file is None:
            return found
        was = found.old
        if was and was.file == asked.old.file and old_file.same(was.line, asked.old.line):
            return found
        by_old = old_file.of_old(asked.old.line)
        return by_old if asked.new is None else _both(found, by_old)

    def _file(self, name: str) -> File | None:
        """A file that is in the legacy tree; None for others and for what cannot be read."""
        if name not in self._files:
            self._files[name] = None
            if (self._old_root / name).is_file():
                with contextlib.suppress(SyntaxError, ValueError, OSError, RecursionError):
                    self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> File:
        actual = self._new_root / name
        legacy = (self._old_root / name).read_bytes()
        data = actual.read_bytes() if actual.is_file() else None
        tries = (File(name, legacy, self._written(name, given), data) for given in _options())
        best = next(tries)
        for other in tries:
            if best.share >= AS_WRITTEN:
                break
            best = max(best, other, key=lambda file: file.share)
        return best

    def _written(self, name: str, options: Options) -> FileResult | None:
        from slimport.rewrite.tree import SingleFiles

        if options not in self._rewriting:
            self._rewriting[options] = SingleFiles(self._old_root, options)
        return self._rewriting[options].rewrite(PurePosixPath(name))


def _options() -> list[Options]:
    """What a user may have asked for, the usual first."""
    from slimport.rewrite.plan import Options

    return [Options(), Options(target="keras"), Options(target="keras", training="fit")]


def _both(by_new: Origin, by_old: Origin) -> Origin:
    """What is known where the graphs say another legacy line than the texts: theirs counts."""
    edited = any(EDITED in rule or rule == BY_HAND for rule in by_new.rules)
    rules = tuple(rule.partition(",")[0] for rule in by_old.rules if rule.startswith("SLIM"))
    if edited:
        rules = tuple(f"{rule}, {EDITED}" for rule in rules) or by_new.rules
    return Origin(rules, None, None)


@dataclass
class File:
    """A legacy file, what slimport makes of it, and what is in the migrated tree.

    Attributes:
        name: Its path in both trees.
        legacy: Its legacy text.
        written: What a rewrite gives; None where that leaves it alone.
        actual: Its text in the migrated tree; None where it is not there.
    """

    name: str
    legacy: bytes
    written: FileResult | None
    actual: bytes | None
    old: list[Statement] = field(init=False)
    made: list[Statement] = field(init=False)
    new: list[Statement] = field(init=False)

    def __post_init__(self) -> None:
        self.old = statements(self.legacy)
        self.made = statements(self.legacy if self.written is None else self.written.code)
        self.new = [] if self.actual is None else statements(self.actual)

    @cached_property
    def _was(self) -> dict[int, int]:
        """Places of written statements, and those of the legacy ones that they were."""
        return partners(self.old, self.made)

    @cached_property
    def _is(self) -> dict[int, int]:
        """Places of statements in the migrated tree, and those of the written ones."""
        return partners(self.made, self.new)

    @cached_property
    def share(self) -> float:
        """Share of the migrated statements that are as a rewrite writes them."""
        written = {statement.text for statement in self.made}
        same = sum(statement.text in written for statement in self.new)
        return same / len(self.new) if self.new else 1.0

    def same(self, line: int, other: int) -> bool:
        """Whether two lines of the legacy text are of one statement."""
        return at(self.old, line) == at(self.old, other)

    def of_new(self, line: int) -> Origin:
        """Where a line of the migrated tree comes from."""
        place = at(self.new, line)
        if place is None:
            return Origin()
        known = self.share >= ANOTHER
        if place not in self._is:
            return Origin((BY_HAND,) if known else ())
        made = self._is[place]
        edited = known and self.made[made].text != self.new[place].text
        old = self._was.get(made)
        if old is None:
            return Origin((NO_RULE_EDITED,) if edited else ())
        return Origin(self._rules(old, made, place), self._old_site(old))

    def of_old(self, line: int) -> Origin:
        """What became of a line of the legacy tree."""
        old = at(self.old, line)
        if old is None:
            return Origin()
        made = next((made for made, was in self._was.items() if was == old), None)
        place = next((place for place, is_ in self._is.items() if is_ == made), None)
        if made is None or place is None:
            return Origin(self._codes(old))
        site = _place(self.name, self.new, place, self.actual)
        return Origin(self._rules(old, made, place), None, site)

    def _rules(self, old: int, made: int, place: int) -> tuple[str, ...]:
        """Rules that took a legacy statement, unless that is still there as it was."""
        now = self.new[place].text
        if now == self.old[old].text:
            return ()
        codes = self._codes(old)
        if now == self.made[made].text:
            return codes
        if self.share < ANOTHER:
            return tuple(f"{code}, {OTHERWISE}" for code in codes)
        return tuple(f"{code}, {EDITED}" for code in codes) or (NO_RULE_EDITED,)

    def _codes(self, old: int) -> tuple[str, ...]:
        """Codes of these rules, outermost call first: a report has nested calls before it."""
        entries = self.written.rewritten if self.written is not None else []
        taken = [entry.code for entry in entries if entry.line in self.old[old]]
        return tuple(dict.fromkeys(reversed(taken)))

    def _old_site(self, place: int) -> Site:
        return _place(self.name, self.old, place, self.legacy)


def _place(name: str, found: Sequence[Statement], place: int, text: bytes | None) -> Site:
    statement = found[place]
    lines = (text or b"").decode("utf-8", "replace").splitlines()
    function = statement.scope.rpartition(".")[2]
    return Site(name, statement.first, function, lines[statement.first - 1].strip())


def main() -> None:
    """Answers the questions on standard input."""
    request = json.load(sys.stdin)
    trees = Trees(Path(request["old"]), Path(request["new"]))
    asked = [Question(_site(item["new"]), _site(item["old"])) for item in request["asked"]]
    json.dump([dataclasses.asdict(trees.origin(question)) for question in asked], sys.stdout)


if __name__ == "__main__":
    main()
