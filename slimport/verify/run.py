"""Runs both sides in worker processes and compares what they answer."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify import cases, compare, protocol
from slimport.verify.result import CaseResult, ModeResult, Status, VerifyResult

#: Called with a side and a line of news.
Progress = Callable[[str, str], None]

#: Perturbed runs of the old side per mode, whose largest change is the noise floor.
FLOOR_RUNS = 2

#: Seconds a worker may take for one case. Inception v2 with gradients takes 40 on two cores.
TIMEOUT = 900.0

_POLL = 0.1
_LOG_LINES = 30


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes:
        old_python: Interpreter of the old side; this one when None.
        seed: Seed of weights and inputs; the case file's when None.
        only: Names of the cases to run; all when empty.
        timeout: Seconds per case and side.
        keep: Folder for requests, answers and logs; a temporary one when None.
        progress: Told what is going on.
    """

    old_python: str | None = None
    seed: int | None = None
    only: Sequence[str] = ()
    timeout: float = TIMEOUT
    keep: Path | None = None
    progress: Progress | None = None


class UsageError(ValueError):
    """The run cannot start: a folder, interpreter or case that does not exist."""


def verify(
    cases_file: str | os.PathLike[str],
    old: str | os.PathLike[str] | None = None,
    new: str | os.PathLike[str] | None = None,
    *,
    old_python: str | None = None,
    seed: int | None = None,
    only: Sequence[str] = (),
    timeout: float = TIMEOUT,
    keep: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> VerifyResult:
    """Compares legacy code and its migrated form on the cases of a file.

    Args:
        cases_file: The TOML file.
        old: Root of the legacy tree, before the file's own.
        new: Root of the migrated tree, before the file's own.
        old_python: Interpreter for the old side, such as CPython 3.7 with TensorFlow 1.15.
        seed: Seed of weights and inputs, before the file's own.
        only: Names of the cases to run; all when empty.
        timeout: Seconds that one side may take for one case.
        keep: Folder in which requests, answers and logs stay.
        progress: Called with a side and a line of news, from two threads.

    Returns:
        The result; a worker that fails, crashes or hangs is a failed case in it.

    Raises:
        CaseFileError: The case file is wrong.
        UsageError: A folder, interpreter or case does not exist.
    """
    started = time.monotonic()
    file = cases.load(Path(cases_file))
    kept = None if keep is None else Path(keep)
    settings = Settings(old_python, seed, tuple(only), timeout, kept, progress)
    roots = {"old": _root("old", old, file.old), "new": _root("new", new, file.new)}
    chosen = _chosen(file, settings.only)
    file = dataclasses.replace(file, seed=file.seed if seed is None else seed, cases=chosen)
    _check_interpreter(old_python)
    with _folder(kept) as folder:
        sides = _run_sides(file, roots, settings, folder)
        results = [_case_result(file, place, sides) for place in range(len(chosen))]
        environments = {name: side.environment for name, side in sides.items()}
    return VerifyResult(
        cases_file=str(cases_file),
        old=str(roots["old"]),
        new=str(roots["new"]),
        seed=file.seed,
        status=_overall([case.status for case in results]),
        cases=results,
        environments=environments,
        seconds=time.monotonic() - started,
    )


def _root(side: str, given: str | os.PathLike[str] | None, default: Path | None) -> Path:
    root = default if given is None else Path(given).resolve()
    if root is None:
        raise UsageError(f"no {side} tree: give --{side} DIR, or {side} = in the case file")
    if not root.is_dir():
        raise UsageError(f"the {side} tree {root} is no folder")
    return root


def _chosen(file: cases.CaseFile, only: Sequence[str]) -> tuple[cases.Case, ...]:
    known = [case.name for case in file.cases]
    for name in only:
        if name not in known:
            raise UsageError(f"no case {name!r} in {file.path} (it has {', '.join(known)})")
    return tuple(case for case in file.cases if not only or case.name in only)


def _check_interpreter(old_python: str | None) -> None:
    if old_python is None:
        return
    try:
        subprocess.run([old_python, "-c", ""], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"the old side's interpreter {old_python} does not run: {error}"
        ) from error


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="slimport-verify-") as name:
        yield Path(name)


@dataclass
class Side:
    """One worker's side of a run: its request, and what has come back so far."""

    name: str
    script: Path
    python: str
    folder: Path
    request: dict[str, Any]
    timeout: float
    progress: Progress
    crashes: dict[int, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """Versions on this side; empty where the worker never came up."""
        path = self.folder / protocol.ENVIRONMENT_FILE
        return dict(protocol.read_json(path)) if path.exists() else {}

    def answer(self, place: int, mode: str) -> compare.Answered:
        """Returns the answer to one mode of one case, which may be an error."""
        if place in self.crashes:
            return compare.Answered({"error": _crash(self.crashes[place])}, {})
        folder = self._case_folder(place)
        meta = protocol.read_json(folder / protocol.META_FILE)["modes"][mode]
        if meta.get("error") is not None:
            return compare.Answered(meta, {})
        with np.load(folder / f"{mode}.npz", allow_pickle=False) as arrays:
            return compare.Answered(meta, dict(arrays))

    def run(self) -> None:
        """Runs workers until every case has an answer or a reason why not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        left = list(self.request["cases"])
        attempt = 0
        while left and not self.stop.is_set():
            reason = self._run_worker(left, attempt)
            left = [case for case in left if not self._is_answered(case["index"])]
            if left:
                failed = left.pop(0)
                self.crashes[failed["index"]] = f"{reason}\n{self._log(attempt)}"
                self.progress(self.name, f"{failed['name']}: {reason}")
                if not self.environment:
                    for case in left:
                        self.crashes[case["index"]] = self.crashes[failed["index"]]
                    return
            attempt += 1

    def _run_worker(self, left: Sequence[Any], attempt: int) -> str:
        """Runs one process over the cases left; returns why it ended early, if it did."""
        path = self.folder / f"request-{attempt}.json"
        protocol.write_json(path, {**self.request, "cases": list(left)})
        with (self.folder / f"log-{attempt}.txt").open("wb") as log:
            process = subprocess.Popen(
                [self.python, str(self.script), str(path)],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=_environment(self.name, self.python),
                start_new_session=True,
            )
            try:
                return self._wait(process, left)
            finally:
                _kill(process)

    def _wait(self, process: subprocess.Popen[bytes], left: Sequence[Any]) -> str:
        waiting = [case["index"] for case in left]
        names = {case["index"]: case["name"] for case in left}
        deadline = time.monotonic() + self.timeout
        self.progress(self.name, f"{names[waiting[0]]} ...")
        while not self.stop.is_set():
            code = process.poll()
            while waiting and self._is_answered(waiting[0]):
                self.progress(self.name, f"{names[waiting.pop(0)]} done")
                deadline = time.monotonic() + self.timeout
            if code is not None:
                return _ending(code)
            if time.monotonic() > deadline:
                return f"no answer within {self.timeout:.0f} s; the worker was ended"
            time.sleep(_POLL)
        return "interrupted"

    def _is_answered(self, place: int) -> bool:
        return (self._case_folder(place) / protocol.META_FILE).exists()

    def _case_folder(self, place: int) -> Path:
        return self.folder / f"case-{place}"

    def _log(self, attempt: int) -> str:
        path = self.folder / f"log-{attempt}.txt"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])


def _crash(text: str) -> dict[str, str]:
    return {"stage": "running the worker", "kind": "crash", "message": text, "traceback": text}


def _ending(code: int) -> str:
    if code < 0:
        return f"the worker was killed by {signal.Signals(-code).name}"
    return f"the worker ended with status {code}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a worker and whatever it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(side: str, python: str) -> dict[str, str]:
    """Environment of a worker: CPU, few words, and kernels that do not depend on the machine.

    oneDNN reorders sums (3.4e-5 absolute on Inception v2), and TensorFlow 1.15 has none.
    """
    found = dict(os.environ)
    if python != sys.executable:
        for name in ("PYTHONPATH", "PYTHONHOME"):
            found.pop(name, None)
    found.update(
        CUDA_VISIBLE_DEVICES="-1",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONHASHSEED="0",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_ENABLE_ONEDNN_OPTS="0",
    )
    found.pop("TF_USE_LEGACY_KERAS", None)
    if side == "new":
        found["KERAS_BACKEND"] = "tensorflow"
    return found


def _run_sides(
    file: cases.CaseFile, roots: Mapping[str, Path], settings: Settings, folder: Path
) -> dict[str, Side]:
    """Runs both workers side by side, and ends both if the run is interrupted."""
    sides = {name: _side(name, file, roots[name], settings, folder) for name in ("old", "new")}
    threads = [threading.Thread(target=side.run, daemon=True) for side in sides.values()]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
    finally:
        for side in sides.values():
            side.stop.set()
        for thread in threads:
            thread.join()
    return sides


def _side(name: str, file: cases.CaseFile, root: Path, settings: Settings, folder: Path) -> Side:
    here = Path(__file__).resolve().parent
    paths = file.old_paths if name == "old" else file.new_paths
    out = folder / name
    request = {
        "protocol": protocol.PROTOCOL_VERSION,
        "side": name,
        "root": str(root),
        "paths": list(paths),
        "out": str(out),
        "floor_runs": FLOOR_RUNS,
        "cases": [_request(case, name, place, file.seed) for place, case in enumerate(file.cases)],
    }
    return Side(
        name=name,
        script=here / f"{name}_worker.py",
        python=(settings.old_python or sys.executable) if name == "old" else sys.executable,
        folder=out,
        request=request,
        timeout=settings.timeout,
        progress=settings.progress or _silent,
    )


def _silent(side: str, news: str) -> None:
    """Progress that nobody watches."""


def _request(case: cases.Case, side: str, place: int, seed: int) -> dict[str, Any]:
    """Returns a case as the protocol carries it to one side."""
    call = case.old if side == "old" else case.new
    return {
        "index": place,
        "name": case.name,
        "seed": seed,
        "entry": call.entry,
        "arg_scope": call.arg_scope,
        "args": dict(call.args),
        "arg_scope_args": dict(call.arg_scope_args),
        "training_argument": call.training_argument,
        "arg_scope_training_argument": call.arg_scope_training_argument,
        "modes": list(case.modes) if side == "old" else [new for new, _ in _modes(case)],
        "inputs": [dataclasses.asdict(item) for item in case.inputs],
        "gradients": case.gradients,
        "no_gradient_outputs": [*case.discrete, *case.ignore],
    }


def _modes(case: cases.Case) -> list[tuple[str, str]]:
    """Returns the comparisons of a case: mode of the new side, mode of the old side."""
    pairs = [(mode, mode) for mode in case.modes]
    takes_training = case.new.training_argument or case.new.arg_scope_training_argument
    if protocol.INFERENCE in case.modes and takes_training:
        pairs.insert(1, (protocol.INFERENCE_FROM_TRAINING, protocol.INFERENCE))
    return pairs


def _case_result(file: cases.CaseFile, place: int, sides: Mapping[str, Side]) -> CaseResult:
    case = file.cases[place]
    modes: list[ModeResult] = []
    variables: list[Any] = []
    for new_mode, old_mode in _modes(case):
        old = sides["old"].answer(place, old_mode)
        new = sides["new"].answer(place, new_mode)
        variables = old.meta.get("variables") or variables
        modes.append(compare.compare_mode(case, new_mode, old, new))
    return CaseResult(
        name=case.name,
        old_entry=case.old.entry,
        new_entry=case.new.entry,
        status=_overall([mode.status for mode in modes]),
        modes=modes,
        variables=len(variables),
        parameters=sum(int(np.prod(variable["shape"])) for variable in variables),
        inputs=[f"{item.dtype}{list(item.shape)}" for item in case.inputs],
    )


def _overall(statuses: Sequence[Status]) -> Status:
    """The worst of several outcomes; no outcome at all is a failure too."""
    for status in (Status.FAILED, Status.DIFFERS, Status.NOTHING):
        if status in statuses:
            return status
    return Status.EQUAL if statuses else Status.NOTHING
