"""Measures one network: all forms side by side, old beside old as the control."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import figures
from benchmarks.models.rows import Row
from benchmarks.models.trees import Pair
from benchmarks.models.turns import FormError, Limits, Process, in_turns, started

HERE = Path(__file__).resolve().parent
#: Forms of the migrated network, beside the old graph and a second one of it.
NEW = ("functional", "traced")
OLD, CONTROL = "graph", "control"

#: Largest difference of the outputs' means and largest values, relative to the old ones.
EQUAL = 1e-3


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is measured, and how long.

    Attributes:
        forms: Of `NEW`, and "plain".
        serve: Whether one image and a batch are.
        steps: Whether training steps are.
        frozen: Whether functions whose weights are constants are.
        ways: Whether a model is also called bare and by `predict`.
        control: Whether the old graph is measured beside itself, in a process of its own.
        limits: Of each kind of run.
        old_python: Interpreter of the old side; this one when None.
        work: Folder of requests and logs.
    """

    work: Path
    forms: Sequence[str] = NEW
    serve: bool = True
    steps: bool = True
    frozen: bool = True
    ways: bool = True
    control: bool = True
    limits: Limits = dataclasses.field(default_factory=Limits)
    old_python: str | None = None


def measure(row: Row, pair: Pair, settings: Settings) -> dict[str, Any]:
    """Returns everything that a network's rows in the tables need, as JSON."""
    folder = settings.work / row.name.replace(" ", "-").lower()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:

        def start(form: str, name: str) -> Process:
            python = settings.old_python if form == OLD else None
            asked = request(row, pair, form)
            return stack.enter_context(started(name, asked, folder, python or sys.executable))

        old = start(OLD, OLD)
        control = start(OLD, CONTROL) if settings.control else None
        new = {form: start(form, form) for form in settings.forms}
        found = _Found(row, old, control, new, settings)
        return found.everything()


def request(row: Row, pair: Pair, form: str) -> dict[str, Any]:
    """What a worker is asked."""
    is_old = form == OLD
    return {
        "form": form,
        "root": str(pair.old if is_old else pair.new),
        "paths": [".", str(HERE / "entries")],
        "case": row.case(),
    }


class _Found:
    """The measurements of one network, in their order."""

    def __init__(
        self,
        row: Row,
        old: Process,
        control: Process | None,
        new: dict[str, Process],
        settings: Settings,
    ) -> None:
        self.row, self.settings = row, settings
        self.old, self.new = old, new
        self.control = {} if control is None else {CONTROL: control}
        self.ratios: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}

    def everything(self) -> dict[str, Any]:
        """Builds, runs, trains and freezes; what the settings leave out is not there."""
        row, settings = self.row, self.settings
        built = self._built("build", "serve", 1)
        differences = self._differences()
        if any(not difference < EQUAL for difference in differences.values()):
            raise FormError(f"outputs are not those of the old graph: {differences}")
        told: dict[str, Any] = {
            "name": row.name,
            "size": row.size,
            "batch": row.batch,
            "step_batch": row.step_batch,
            "elements": {name: found["elements"] for name, found in built.items()},
            "differences": differences,
        }
        if settings.serve:
            told |= {"load": os.getloadavg()[1], "built": built, "peaks": {}}
            self._in_turns("latency", "serve", 1)
            self._in_turns("batch", "serve", row.batch)
            told["peaks"]["serve"] = self._peaks()
        if settings.ways:
            self._other_ways()
        if settings.steps:
            told["prepared"] = self._built("prepare", "step", row.step_batch)
            told["step_differences"] = self._differences()  # dropout draws other numbers
            self._in_turns("step", "step", row.step_batch)
            told.setdefault("peaks", {})["step"] = self._peaks()
        if settings.frozen:  # last: it holds all weights once more
            told["frozen_differences"] = self._frozen()
        told["traces"] = {
            form: process.ask("traced")["told"] for form, process in self._alive().items()
        }
        return {**told, "ratios": self.ratios, "failures": self.failures}

    def _alive(self) -> dict[str, Process]:
        return {form: made for form, made in self.new.items() if form not in self.failures}

    def _built(self, word: str, what: str, batch: int) -> dict[str, Any]:
        """What building and the first call take, one form after the other."""
        found = {}
        for form, process in {OLD: self.old, **self.control, **self._alive()}.items():
            try:
                building = process.ask(word)
                elements = process.ask("assign")["told"]
                first = process.ask("run", what, batch)
            except FormError as error:
                if form in (OLD, CONTROL):
                    raise
                self.failures[form] = str(error)
                continue
            found[form] = {
                "elements": elements,
                **{
                    key: {"build": building[key], "first": first[key]}
                    for key in ("seconds", "processor")
                },
            }
        return found

    def _differences(self) -> dict[str, float]:
        """How far the last outputs of each form are from the old graph's."""
        told = np.asarray(self.old.ask("outputs")["told"])
        found = {}
        for form, process in self._alive().items():
            ours = np.asarray(process.ask("outputs")["told"])
            found[form] = float(np.max(np.abs(ours - told) / np.maximum(np.abs(told), 1e-30)))
        return found

    def _in_turns(self, name: str, what: str, batch: int) -> None:
        others = {**self._alive(), **self.control}
        both = [self.old, *others.values()]
        in_turns(both, [(what, batch)] * len(both), self.settings.limits)
        self._keep(name, others, (what, batch), (what, batch))

    def _frozen(self) -> dict[str, float]:
        """Variables as constants, beside the session with variables and a frozen graph."""
        forms = self._alive()
        for process in (self.old, *forms.values()):
            process.ask("freeze")
        for kind, batch in (("frozen", 1), ("frozen batch", self.row.batch)):
            session, constants = ("serve", batch), ("frozen", batch)
            processes = [self.old, self.old, *forms.values()]
            runs = [session, *[constants] * (1 + len(forms))]
            in_turns(processes, runs, self.settings.limits)
            old = {OLD: self.old}
            self._keep(kind, {**old, **forms}, constants, session, clear=False)
            self._keep(f"{kind}, both", forms, constants, constants)
        return self._differences()

    def _other_ways(self) -> None:
        """A model that is called bare, and `predict`, beside the session."""
        for form, process in self._alive().items():
            for way in ("eager", "predict_on_batch", "predict"):
                run = (way, 1)
                self.old.taken.clear()
                in_turns([self.old, process], [("serve", 1), run], self.settings.limits)
                self._keep(way, {form: process}, run, ("serve", 1))

    def _keep(
        self,
        name: str,
        processes: dict[str, Process],
        run: tuple[str, int],
        old: tuple[str, int],
        clear: bool = True,
    ) -> None:
        for form, process in processes.items():
            by = {}
            for place, clock in enumerate(("seconds", "processor")):
                ours = [taken[place] for taken in process.taken[run]]
                theirs = [taken[place] for taken in self.old.taken[old]]
                by[clock] = dataclasses.asdict(figures.ratio(ours, theirs))
            self.ratios.setdefault(name, {})[form] = by
        for process in (self.old, *processes.values()) if clear else ():
            process.taken.clear()

    def _peaks(self) -> dict[str, Any]:
        every = {OLD: self.old, **self.control, **self._alive()}
        return {form: process.ask("peak")["bytes"] for form, process in every.items()}
