"""What a run compares: the two trees, of which the old one may be a revision, and the cases.

Without a case file the entries are found by their signature. With a base, what the old side is in
each case is looked up first.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from slimport.verify import run
from slimport.verify.case_files import base_forms, cases, found_cases
from slimport.verify.case_files.entries import read_program
from slimport.verify.case_files.git_base import Base, Repository, checked_out
from slimport.verify.result import VerifyResult
from slimport.verify.running import watch

#: Where cases that nobody wrote to a file would be.
CASE_FILE = "slimport-cases.toml"


@dataclass(frozen=True)
class Asked:
    """What the command line names.

    Attributes:
        cases: Case file; None to find entries.
        old: Root of the old tree; with `base` the folder that is taken from it.
        new: Root of the new tree.
        base: Revision of the old tree.
        write_cases: Where to write the cases that were found.
    """

    cases: Path | None = None
    old: Path | None = None
    new: Path | None = None
    base: str | None = None
    write_cases: Path | None = None


def compare(asked: Asked, settings: run.Settings, say: Callable[[str], None]) -> VerifyResult:
    """Compares what was asked for.

    Args:
        asked: What the command line names.
        settings: How to run.
        say: Told what is not as one may expect.

    Raises:
        CaseFileError: The case file is wrong.
        GitError: There is no such base.
        UsageError: A folder, interpreter or case does not exist, or no entry is found.
    """
    if asked.cases is not None and asked.write_cases is not None:
        raise run.UsageError("--write-cases is for cases that are found; CASES is a file already")
    if asked.cases is not None and asked.base is None:
        return run.verify(asked.cases, asked.old, asked.new, settings)
    with _trees(asked, settings, say) as (file, base):
        text = ""
        if asked.cases is None:
            file, text = _found(file, asked, settings)
        parts = [file]
        if base is not None and file.old_worker is None:
            file = dataclasses.replace(file, cases=run.chosen(file, settings.only))
            settings = dataclasses.replace(settings, only=())
            assert file.old is not None
            parts = base_forms.by_form(read_program(file.old), file)
        result = _together([run.verify_cases(part, settings) for part in parts], file)
    result.case_text = text
    result.base = "" if base is None else str(base)
    return result


@contextmanager
def _trees(
    asked: Asked, settings: run.Settings, say: Callable[[str], None]
) -> Iterator[tuple[cases.CaseFile, Base | None]]:
    """The case file, empty where none is given, with both trees, as long as they are there."""
    file = _read(asked, settings)
    if asked.base is None:
        file = dataclasses.replace(
            file,
            old=run.root_of("old", asked.old, file.old),
            new=run.root_of("new", asked.new, file.new),
        )
        yield file, None
        return
    here = Path.cwd() if asked.cases is None else asked.cases.resolve().parent
    repository = Repository.around(here)
    # A case file means the same wherever the command is run; a search is for what lies here.
    default = here if asked.cases is None else repository.top
    new = run.root_of("new", asked.new, file.new or default)
    old = _old_folder(asked, file, repository, new, default)
    with watch.ended_by_signals(), checked_out(repository, asked.base) as base:
        for note in (*base.notes, *_uncommitted(repository)):
            say(note)
        yield dataclasses.replace(file, old=base.tree(old), new=new), base


def _uncommitted(repository: Repository) -> Iterator[str]:
    count = repository.changed_files()
    if count:
        what = "1 change is" if count == 1 else f"{count} changes are"
        yield f"{what} not committed; the working tree is compared as it is"


def _old_folder(
    asked: Asked, file: cases.CaseFile, repository: Repository, new: Path, default: Path
) -> Path:
    """The folder of the working tree whose past is the old tree: by default that of the new one."""
    if asked.old is not None:
        return asked.old.resolve()
    if file.old is not None:
        return file.old
    return new if new.is_relative_to(repository.top) else default


def _read(asked: Asked, settings: run.Settings) -> cases.CaseFile:
    if asked.cases is not None:
        return cases.load(asked.cases, settings.old_worker)
    path = (asked.write_cases or Path(CASE_FILE)).resolve()
    return cases.CaseFile(path, None, None, (".",), (".",), 0, ())


def _found(
    file: cases.CaseFile, asked: Asked, settings: run.Settings
) -> tuple[cases.CaseFile, str]:
    """Finds the cases, and writes their file if that is asked for."""
    if settings.old_worker is not None:
        raise run.UsageError("entries are found in Python code: --old-worker needs a case file")
    assert file.old is not None and file.new is not None
    keep = nullcontext(str(settings.keep)) if settings.keep else tempfile.TemporaryDirectory()
    with keep as folder:
        found = found_cases.find(file.old, file.new, file.path, settings, Path(folder))
    text = found_cases.text(found, with_old=asked.base is None)
    if asked.write_cases is not None:
        asked.write_cases.parent.mkdir(parents=True, exist_ok=True)
        asked.write_cases.write_text(text, encoding="utf-8")
    if not found.file.cases:
        listed = "".join(f"\n  {entry}: {reason}" for entry, reason in found.left)
        raise run.UsageError(
            f"no function in {file.old} could be called as it is: give a case file{listed}"
        )
    return found.file, text


def _together(parts: list[VerifyResult], file: cases.CaseFile) -> VerifyResult:
    """One result of several runs, its cases in the order of the case file."""
    first, *others = parts
    if not others:
        return first
    places = {case.name: place for place, case in enumerate(file.cases)}
    every = [case for part in parts for case in part.cases]
    environments: dict[str, dict[str, str]] = {}
    for part in reversed(parts):
        environments |= part.environments
    first.cases = sorted(every, key=lambda case: places[case.name])
    first.status = run.overall([case.status for case in every])
    first.environments = environments
    first.seconds = sum(part.seconds for part in parts)
    return first
