"""One round: every pair once, with a seed, shapes and ranges of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.verify_soak import pairs
from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from slimport.verify.case_files import cases
from slimport.verify.result import CaseResult, TensorResult
from slimport.verify.run import Settings, verify

#: Trees: the networks alone; with a program that has sessions; the detector.
PLAIN, SESSIONS, DETECTOR = "plain", "sessions", "detector"

#: Rounds with sessions, and rounds with the old side on TensorFlow 1.15 where there is one.
WITH_SESSIONS, OF_TENSORFLOW_1 = 3, 4


class Unsound(Exception):
    """The pairs cannot be made."""


@dataclass(frozen=True)
class Round:
    """A round of the soak.

    Attributes:
        work: Folder of the trees and of what came out.
        number: Its place, from 0; the seed of its weights and inputs.
        old_python: Interpreter of the old side, in some rounds.
        only: Parts of names of pairs; all when empty.
        timeout: Seconds per case and side.
    """

    work: Path
    number: int
    old_python: str | None = None
    only: tuple[str, ...] = ()
    timeout: float = 300.0

    @property
    def file(self) -> Path:
        """What came out."""
        return self.work / f"round-{self.number:03}.json"

    @property
    def on_tensorflow_1(self) -> bool:
        """Whether the old side runs under the other interpreter."""
        return self.old_python is not None and self.number % OF_TENSORFLOW_1 == 3

    def run(self) -> list[dict[str, Any]]:
        """Runs what is not done yet; returns rows of every case."""
        if not self.file.exists():
            rows = [row for tree in _trees(self.number) for row in self._tree(tree)]
            self.file.write_text(json.dumps(rows), "utf-8")
        found: list[dict[str, Any]] = json.loads(self.file.read_text("utf-8"))
        return found

    def _tree(self, tree: str) -> list[dict[str, Any]]:
        texts = list(_cases(tree, self.number, self.only))
        if not texts:
            return []
        file = self.work / f"round-{self.number:03}-{tree}.toml"
        file.write_text("\n".join([f"seed = {self.number}", "", *texts]), "utf-8")
        old, new = made(self.work, tree)
        python = self.old_python if self.on_tensorflow_1 else None
        settings = Settings(old_python=python, timeout=self.timeout)
        side = "1.15" if self.on_tensorflow_1 else "2"
        return [row(case, tree, side) for case in verify(file, old, new, settings).cases]


def _trees(number: int) -> tuple[str, ...]:
    if number % WITH_SESSIONS == WITH_SESSIONS - 1:
        return (SESSIONS, DETECTOR)
    return (PLAIN, DETECTOR)


def _cases(tree: str, number: int, only: Sequence[str]) -> Iterator[str]:
    places = ("graph",) if tree == SESSIONS else ("model",)
    for place, pair in enumerate(pairs.PAIRS):
        if pair.detector == (tree == DETECTOR) and _wanted(pair.name, only):
            yield pairs.case(pair, place, number, places, _has_contents())
    if tree == PLAIN:
        for args in pairs.TRAINED:
            if _wanted(pairs.trained_name(args), only):
                yield pairs.training(args, number)


def _has_contents() -> bool:
    return "content" in cases.Input.__dataclass_fields__


def _wanted(name: str, only: Sequence[str]) -> bool:
    return not only or any(part in name for part in only)


def made(work: Path, tree: str) -> tuple[Path, Path]:
    """A legacy tree and its migrated form, made by slimport the first time."""
    old, new = work / "old" / tree, work / "new" / tree
    if not new.exists():
        shutil.copytree(pairs.DETECTOR if tree == DETECTOR else pairs.LEGACY, old)
        if tree == SESSIONS:
            (old / "run_sessions.py").write_text(pairs.session_script(), "utf-8")
        report = rewrite(Request((old,), new)).report
        if report.failed or (report.left and tree != DETECTOR):
            raise Unsound(f"{tree}: {report.left} references left, {report.failed} failed")
    return old, new


def row(case: CaseResult, tree: str, side: str) -> dict[str, Any]:
    """A case as plain data."""
    return {
        "name": case.name,
        "tree": tree,
        "old": side,
        "inputs": case.inputs,
        "status": str(case.status),
        "failure": case.failure,
        "modes": [
            {
                "mode": mode.mode,
                "status": str(mode.status),
                "built": mode.built,
                "tensors": [_tensor(tensor) for tensor in mode.tensors],
            }
            for mode in case.modes
        ],
    }


def _tensor(tensor: TensorResult) -> dict[str, Any]:
    return {
        "group": tensor.group,
        "name": tensor.name,
        "status": str(tensor.status),
        "step": tensor.step,
        "max_abs": tensor.max_abs,
        "scale": tensor.scale,
        "tolerance": tensor.tolerance,
        "floor": tensor.floor,
        "floors": dict(tensor.floors),
        "why": tensor.why if not tensor.status.is_good else "",
    }
