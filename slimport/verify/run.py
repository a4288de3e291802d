"""Runs both sides in worker processes and compares what they answer."""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify.case_files import cases
from slimport.verify.comparing import compare
from slimport.verify.comparing.answered import Answered
from slimport.verify.lines import locate, reference_lines
from slimport.verify.lines.finder import Failed
from slimport.verify.lines.written_by import with_rules
from slimport.verify.result import CaseResult, ModeResult, Status, VerifyResult
from slimport.verify.running import cost
from slimport.verify.running.news import Progress, silent
from slimport.verify.running.pool import Limits, Pool
from slimport.verify.running.requests import comparisons, make_side
from slimport.verify.running.sides import Side

#: Seconds a worker may take for one case. Inception v2 with gradients takes 40 on two cores.
TIMEOUT = 900.0


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes:
        old_python: Interpreter of the old side; this one when None.
        old_worker: Script that answers on the old side; the case file's, or ours, when None.
        seed: Seed of weights and inputs; the case file's when None.
        only: Names of the cases to run; all when empty.
        timeout: Seconds per case and side.
        keep: Folder for requests, answers and logs; a temporary one when None.
        progress: Told what is going on.
        cache: Folder in which answers are kept by the content of what gave them.
        jobs: Workers at once, of all sides; as the machine allows when None, two at least.
        memory: GiB that all workers may take together; most of what is free when None.
        isolated: Whether each case has workers of its own.
        float64: Whether both sides compute everything in double precision, too.
        cost: Whether time and memory of both sides are measured.
        cost_cases: Names of the cases that are measured; all when empty.
        locate: Whether the lines are searched where the sides of a failed case part.
        bisect: Whether the search goes on behind the first divergence, the new side being fed
            there what the old side computes.
    """

    old_python: str | None = None
    seed: int | None = None
    only: Sequence[str] = ()
    timeout: float = TIMEOUT
    keep: Path | None = None
    progress: Progress | None = None
    cache: Path | None = None
    jobs: int | None = None
    memory: float | None = None
    isolated: bool = False
    float64: bool = False
    locate: bool = True
    bisect: bool = False
    old_worker: Path | None = None
    cost: bool = False
    cost_cases: Sequence[str] = ()


class UsageError(ValueError):
    """The run cannot start: a folder, interpreter or case that does not exist."""


def verify(
    cases_file: str | os.PathLike[str],
    old: str | os.PathLike[str] | None = None,
    new: str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
) -> VerifyResult:
    """Compares legacy code and its migrated form on the cases of a file.

    Args:
        cases_file: The TOML file.
        old: Root of the legacy tree, before the file's own.
        new: Root of the migrated tree, before the file's own.
        settings: How to run.

    Returns:
        The result; a worker that fails, crashes or hangs is a failed case in it.

    Raises:
        CaseFileError: The case file is wrong.
        UsageError: A folder, interpreter or case does not exist.
    """
    settings = settings or Settings()
    file = cases.load(Path(cases_file), settings.old_worker)
    file = dataclasses.replace(
        file, old=root_of("old", old, file.old), new=root_of("new", new, file.new)
    )
    return verify_cases(file, settings)


def verify_cases(file: cases.CaseFile, settings: Settings) -> VerifyResult:
    """Compares two trees on cases that are read already; see `verify`."""
    started = time.monotonic()
    roots = {"old": root_of("old", None, file.old), "new": root_of("new", None, file.new)}
    run_cases = chosen(file, settings.only)
    seed = file.seed if settings.seed is None else settings.seed
    file = dataclasses.replace(file, seed=seed, cases=run_cases)
    _check_interpreter(settings.old_python)
    _check_worker(file.old_worker)
    with _folder(settings.keep) as folder:
        sides = _run_sides(file, roots, settings, folder)
        results = [_case_result(file, place, sides) for place in range(len(run_cases))]
        if settings.locate:
            failed = _failed(file, results)
            runs = functools.partial(_run, settings=settings)
            locate.locate(file, roots, sides, failed, runs, settings.bisect)
            if file.old_worker is not None:
                reference_lines.locate(roots["new"], sides, failed, runs)
        if file.old_worker is None:
            with_rules(roots["old"], roots["new"], results)
        _measure(file, results, sides, settings)
        environments = {name: side.environment for name, side in sides.items()}
        environments.setdefault("new", environments.get("graph", {}))
    return VerifyResult(
        cases_file=str(file.path),
        old=str(roots["old"]),
        new=str(roots["new"]),
        seed=file.seed,
        status=overall([case.status for case in results]),
        cases=results,
        environments=environments,
        seconds=time.monotonic() - started,
    )


def _measure(
    file: cases.CaseFile,
    results: Sequence[CaseResult],
    sides: Mapping[str, Side],
    settings: Settings,
) -> None:
    """Adds to the results what their cases cost, if that was asked for."""
    if settings.cost or settings.cost_cases:
        named = chosen(file, settings.cost_cases)
        both = enumerate(zip(file.cases, results, strict=True))
        found = [(place, case, result) for place, (case, result) in both if case in named]
        cost.measure_all(found, sides, settings.progress or silent)


def root_of(side: str, given: str | os.PathLike[str] | None, default: Path | None) -> Path:
    """The root of a side's tree, as it is given or as the case file has it."""
    root = default if given is None else Path(given).resolve()
    if root is None:
        raise UsageError(f"no {side} tree: give --{side} DIR, or {side} = in the case file")
    if not root.is_dir():
        raise UsageError(f"the {side} tree {root} is no folder")
    return root


def chosen(file: cases.CaseFile, only: Sequence[str]) -> tuple[cases.Case, ...]:
    """The cases of these names, all of their variants included; all cases without names."""
    for name in only:
        if not any(case.is_called(name) for case in file.cases):
            known = ", ".join(case.name for case in file.cases)
            raise UsageError(f"no case {name!r} in {file.path} (it has {known})")
    return tuple(
        case for case in file.cases if not only or any(case.is_called(name) for name in only)
    )


def _check_interpreter(old_python: str | None) -> None:
    if old_python is None:
        return
    try:
        subprocess.run([old_python, "-c", ""], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"the old side's interpreter {old_python} does not run: {error}"
        ) from error


def _check_worker(script: Path | None) -> None:
    if script is not None and not script.is_file():
        raise UsageError(f"the old side's worker {script} is no file")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        try:
            keep.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder {keep} cannot be made: {error.strerror}") from error
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="slimport-verify-") as name:
        yield Path(name)


def _run_sides(
    file: cases.CaseFile, roots: Mapping[str, Path], settings: Settings, folder: Path
) -> dict[str, Side]:
    names = dict.fromkeys(
        ["old", *(side for case in file.cases for side, _, _ in comparisons(case))]
    )
    sides = {name: make_side(name, file, roots, settings, folder) for name in names}
    _run(list(sides.values()), settings)
    return sides


def _run(sides: Sequence[Side], settings: Settings) -> None:
    try:
        limits = Limits.chosen(settings.jobs, settings.memory, settings.isolated)
    except ValueError as error:
        raise UsageError(str(error)) from error
    Pool(sides, limits).run()


def _case_result(file: cases.CaseFile, place: int, sides: Mapping[str, Side]) -> CaseResult:
    case = file.cases[place]
    modes: list[ModeResult] = []
    variables: list[Any] = []
    for side, new_mode, old_mode in comparisons(case):
        old = sides["old"].answer(place, old_mode)
        new = sides[side].answer(place, new_mode)
        variables = old.meta.get("variables") or variables
        modes.append(_compared(case, new_mode, old, new))
    return CaseResult(
        name=case.name,
        old_entry=case.old.entry,
        new_entry=case.new.entry,
        status=overall([mode.status for mode in modes]),
        modes=modes,
        variables=len(variables),
        parameters=sum(int(np.prod(variable["shape"])) for variable in variables),
        inputs=[item.describe() for item in case.inputs],
        seed=file.seed if case.seed is None else case.seed,
        steps=case.training.steps if case.training else (),
    )


def _failed(file: cases.CaseFile, results: Sequence[CaseResult]) -> list[Failed]:
    """The modes that differ, to be searched for the line where they do."""
    return [
        Failed(place, file.cases[place], side, new_mode, old_mode, mode)
        for place, case in enumerate(results)
        for (side, new_mode, old_mode), mode in zip(
            comparisons(file.cases[place]), case.modes, strict=True
        )
        if mode.status is Status.DIFFERS
    ]


def _compared(case: cases.Case, mode: str, old: Answered, new: Answered) -> ModeResult:
    """Compares one mode; what cannot be compared, whatever a worker wrote, is a failure of it."""
    try:
        return compare.compare_mode(case, mode, old, new)
    except Exception:
        text = f"in comparing the answers of both sides\n{traceback.format_exc()}"
        return ModeResult(mode, Status.FAILED, errors={"new": text})


def overall(statuses: Sequence[Status]) -> Status:
    """The worst of several outcomes; no outcome at all is a failure too."""
    for status in (Status.FAILED, Status.DIFFERS, Status.NOTHING):
        if status in statuses:
            return status
    return Status.EQUAL if statuses else Status.NOTHING
