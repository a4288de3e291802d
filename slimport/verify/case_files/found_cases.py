"""Cases for a first run: entries found by their signature, and tried on the old side.

Functions that no other entry leads to are tried first. Where one cannot be called, those that it
leads to have their turn, so that as little as possible goes without a case.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from slimport.index.modules import Module
from slimport.index.program import Program, closure_of
from slimport.index.roots import import_roots
from slimport.verify import protocol
from slimport.verify.case_files import case_text, cases
from slimport.verify.case_files.entries import (
    Candidate,
    NewTree,
    candidates,
    outermost,
    read_program,
)
from slimport.verify.case_files.entry_parameters import Signature
from slimport.verify.running.news import silent

if TYPE_CHECKING:
    from slimport.verify.run import Settings

PROBE = "probe"


@dataclass
class Found:
    """What a search for entries gave.

    Attributes:
        file: The cases.
        left: Functions that have no case, and why.
    """

    file: cases.CaseFile
    left: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Tried:
    """A candidate, with the shapes of its inputs or the reason why it has no case."""

    candidate: Candidate
    shapes: tuple[tuple[int, ...], ...] = ()
    reason: str = ""


def find(old: Path, new: Path, case_file: Path, settings: Settings, folder: Path) -> Found:
    """Finds the entries of a tree that both sides have.

    Args:
        old: Root of the legacy tree.
        new: Root of the migrated tree.
        case_file: Where the cases would be written.
        settings: How the old side's worker runs.
        folder: For its requests and answers.
    """
    program = read_program(old)
    every = candidates(program)
    paths = _paths(program, every)
    trial = _Trial(old, paths, NewTree(new), settings, folder)
    tried: list[_Tried] = []
    covered: set[Any] = set()
    waiting = every
    while waiting:
        wave = trial.run(outermost(waiting))
        tried += wave
        for one in wave:
            covered |= {one.candidate.function} if one.reason else one.candidate.reached
        waiting = [candidate for candidate in waiting if candidate.function not in covered]
    good = [one for one in tried if not one.reason]
    places = {candidate: place for place, candidate in enumerate(every)}
    good.sort(key=lambda one: places[one.candidate])
    names = _names([one.candidate for one in good])
    found = tuple(_case(one, name, trial.new) for one, name in zip(good, names, strict=True))
    file = cases.CaseFile(case_file, old, new, tuple(paths), tuple(paths), seed=0, cases=found)
    reached = {function for one in good for function in one.candidate.reached}
    left = [
        (one.candidate.entry, one.reason)
        for one in tried
        if one.reason and one.candidate.function not in reached
    ]
    return Found(file, left)


def text(found: Found, with_old: bool = True) -> str:
    """The case file of what was found, with what was left out in its head.

    Args:
        found: The search's result.
        with_old: Whether the old tree is a folder that stays where it is.
    """
    file = found.file if with_old else dataclasses.replace(found.file, old=None)
    head = ["Entries that slimport verify found by their signature."]
    if found.left:
        head.append("No case for:")
        head += [f"  {entry}: {reason}" for entry, reason in found.left]
    return case_text.to_text(file, head)


def _paths(program: Program, every: Sequence[Candidate]) -> list[str]:
    """Import roots of the entries and of what they import, those of most files first."""
    modules: set[Module] = closure_of(
        {candidate.function.module for candidate in every}, lambda module: program.imports[module]
    )
    counts: dict[str, int] = {}
    for roots in import_roots(program, modules).values():
        for root in roots:
            text = PurePosixPath(*root).as_posix()
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts, key=lambda root: (-counts[root], root)) or ["."]


class _Trial:
    """Calls candidates on the old side."""

    def __init__(
        self, old: Path, paths: list[str], new: NewTree, settings: Settings, folder: Path
    ) -> None:
        self._old, self._paths, self.new = old, paths, new
        self._settings, self._folder = settings, folder
        self._waves = 0

    def run(self, wave: Iterable[Candidate]) -> list[_Tried]:
        """Tries some candidates in one run of the old side."""
        asked: list[Candidate] = []
        found: list[_Tried] = []
        for candidate in wave:
            reason = self._missing(candidate)
            if reason:
                found.append(_Tried(candidate, reason=reason))
            else:
                asked.append(candidate)
        return found + self._probed(asked) if asked else found

    def _missing(self, candidate: Candidate) -> str:
        """Why a candidate cannot be called, as far as that can be told without a trial."""
        if candidate.call.unknown:
            return f"nothing is known of its parameter {' or '.join(candidate.call.unknown)}"
        names = self.new.names(candidate.function.module.path)
        if names is None:
            return "its file is not in the new tree"
        if candidate.name not in names:
            return "the new tree's file has no such function"
        relative = f"{candidate.module.replace('.', '/')}"
        for root in self._paths:
            beside = [self._old / root / f"{relative}.py", self._old / root / relative]
            if any(path.exists() for path in beside):
                if PurePosixPath(root) == candidate.root:
                    return ""
                return f"{candidate.module} is imported from {root}"
        return f"{candidate.module} is in none of the import roots"

    def _probed(self, asked: Sequence[Candidate]) -> list[_Tried]:
        from slimport.verify.running.cache import AnswerCache
        from slimport.verify.running.sides import Side

        settings = self._settings
        self._waves += 1
        folder = self._folder / f"probe-{self._waves}"
        request = {
            "protocol": protocol.PROTOCOL_VERSION,
            "side": PROBE,
            "root": str(self._old),
            "paths": self._paths,
            "out": str(folder),
            "floor_runs": 0,
            "cases": [_request(candidate, place) for place, candidate in enumerate(asked)],
        }
        side = Side(
            name=PROBE,
            script=Path(__file__).resolve().parents[1] / "workers" / "probe_worker.py",
            python=settings.old_python or sys.executable,
            folder=folder,
            request=request,
            timeout=settings.timeout,
            progress=settings.progress or silent,
            cache=None if settings.cache is None else AnswerCache(settings.cache),
        )
        side.run()
        return [
            _tried(candidate, side.answer(place, PROBE)) for place, candidate in enumerate(asked)
        ]


def _tried(candidate: Candidate, answer: Any) -> _Tried:
    if answer.error is not None:
        return _Tried(candidate, reason=answer.error.strip().splitlines()[-1])
    attempt = answer.meta["attempt"]
    if attempt is None:
        return _Tried(candidate, reason=f"no input fits it; the first: {answer.meta['reason']}")
    return _Tried(candidate, tuple(tuple(item["shape"]) for item in attempt))


def _request(candidate: Candidate, place: int) -> dict[str, Any]:
    call, scope = candidate.call, candidate.scope
    return {
        "index": place,
        "name": candidate.entry,
        "seed": 0,
        "entry": candidate.entry,
        "args": call.args,
        "training_argument": call.training,
        "arg_scope": _scope_entry(candidate),
        "arg_scope_args": scope.call.args if scope else {},
        "arg_scope_training_argument": scope.call.training if scope else None,
        "modes": [PROBE],
        "inputs": [],
        "attempts": [
            [{"shape": shape, "dtype": "float32", "name": name} for name in (None, *call.tensors)]
            for shape in candidate.shapes
        ],
    }


def _scope_entry(candidate: Candidate) -> str | None:
    scope = candidate.scope
    if scope is None:
        return None
    home = scope.module.parts[len(candidate.root.parts) :]
    return f"{'.'.join(home)}:{scope.name}"


def _case(tried: _Tried, name: str, new: NewTree) -> cases.Case:
    candidate = tried.candidate
    call, scope = candidate.call, candidate.scope
    old = cases.SideCall(
        candidate.entry,
        _scope_entry(candidate),
        call.args,
        scope.call.args if scope else {},
        call.training,
        scope.call.training if scope else None,
    )
    inputs = tuple(
        cases.Input(shape, name=keyword)
        for shape, keyword in zip(tried.shapes, (None, *call.tensors), strict=True)
    )
    return cases.Case(
        name,
        old,
        _new_call(old, candidate, new),
        inputs,
        built_once=candidate.built_once,
        family=name,
    )


def _new_call(old: cases.SideCall, candidate: Candidate, new: NewTree) -> cases.SideCall:
    """What the new side calls: the same, without what it has no parameters for any more."""
    names = new.names(candidate.function.module.path) or {}
    taken = names.get(candidate.name)
    scope = candidate.scope
    in_file = new.names(scope.module.path) or {} if scope else {}
    if scope is None or scope.name not in in_file:
        return cases.SideCall(
            old.entry, None, _kept(old.args, taken), {}, _taken(old.training_argument, taken), None
        )
    scope_taken = in_file[scope.name]
    return cases.SideCall(
        old.entry,
        old.arg_scope,
        _kept(old.args, taken),
        _kept(old.arg_scope_args, scope_taken),
        _taken(old.training_argument, taken),
        _taken(old.arg_scope_training_argument, scope_taken),
    )


def _kept(args: Any, taken: Signature | None) -> dict[str, Any]:
    return {name: value for name, value in args.items() if taken is None or name in taken}


def _taken(name: str | None, taken: Signature | None) -> str | None:
    return name if name is None or taken is None or name in taken else None


def _names(found: Sequence[Candidate]) -> list[str]:
    """Short names of cases: the function's, with its module where several are called so."""
    forms = [[one.name, f"{one.module.rpartition('.')[2]}.{one.name}", one.entry] for one in found]
    return [
        next((form for form in own if sum(form in other for other in forms) == 1), own[-1])
        for own in forms
    ]
