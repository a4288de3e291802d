"""All rows: which there are, and what one row's run leaves behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from benchmarks.object_detection_api import rows_components, rows_detectors, rows_networks
from slimport.verify.case_files import cases
from slimport.verify.result import CaseResult, ModeResult

HERE = Path(__file__).resolve().parent

#: Import roots of both trees. A folder of entries, this benchmark's own, is added for each
#: group, so that answers are kept when another group's entries change.
IMPORT_PATHS = (".", "slim")

#: Group letter of the table and the beginning of the names of its rows.
GROUPS = {"A": "network/", "B": "detector/", "C": "component/"}


#: Rows that share one set of workers.
BATCH = 13


def all_cases() -> dict[str, dict[str, Any]]:
    """Returns every row's verify case, by name."""
    found = [*rows_networks.cases(), *rows_detectors.cases(), *rows_components.cases()]
    return {case["name"]: case for case in found}


def chosen(groups: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Returns the cases of some groups, or those whose names are given (a part is enough).

    Raises:
        ValueError: A name fits no row.
    """
    every = all_cases()
    if not names:
        prefixes = tuple(GROUPS[letter] for letter in groups)
        return [case for name, case in every.items() if name.startswith(prefixes)]
    for name in names:
        if not any(name in known for known in every):
            raise ValueError(f"no row is called {name!r}; there are {', '.join(every)}")
    return [case for known, case in every.items() if any(name in known for name in names)]


def batches(cases_of_rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Puts rows together that share workers: small ones, which would only start TensorFlow."""
    small = [case for case in cases_of_rows if case["name"].startswith(GROUPS["C"])]
    alone = [[case] for case in cases_of_rows if case not in small]
    return alone + [small[start : start + BATCH] for start in range(0, len(small), BATCH)]


def case_file(batch: list[dict[str, Any]], legacy: Path, migrated: Path) -> cases.CaseFile:
    """Returns a case file of some rows of one group."""
    entries = HERE / "entries" / batch[0]["entry"].partition(":")[0]
    paths = [*IMPORT_PATHS, str(entries), str(HERE / "entries" / "shared")]
    file = cases.parse({"case": batch, "paths": paths}, HERE / "rows.toml")
    return dataclasses.replace(file, old=legacy, new=migrated)


def summary(result: CaseResult) -> dict[str, Any]:
    """Returns what the table needs of a row, as JSON; its seconds are those of its workers."""
    return {
        "name": result.name,
        "status": result.status.value,
        "variables": result.variables,
        "matched": result.matched_variables,
        "parameters": result.parameters,
        "inputs": result.inputs,
        "seconds": _seconds(result),
        "modes": {mode.mode: _mode(mode) for mode in result.modes},
    }


def _seconds(result: CaseResult) -> float:
    """Time that both sides took; an answer of the old side serves several modes."""
    old = {mode.mode.removeprefix("graph_"): mode.seconds.get("old", 0.0) for mode in result.modes}
    old.pop("inference_from_training", None)
    return sum(old.values()) + sum(mode.seconds.get("new", 0.0) for mode in result.modes)


def _mode(mode: ModeResult) -> dict[str, Any]:
    groups = ("variable", "output", "regularisation", "update", "gradient")
    first = mode.first_divergence
    return {
        "status": mode.status.value,
        "built": mode.built,
        "seconds": mode.seconds,
        "compared": {group: len(mode.of(group)) for group in groups},
        "noise": sum(tensor.status.value == "noise" for tensor in mode.tensors),
        "worst": {group: _largest(mode, group) for group in groups[1:]},
        "bad": sum(not tensor.status.is_good for tensor in mode.tensors),
        "first_divergence": first and f"{first.group} {first.name}: {first.why}",
        "errors": mode.errors,
        "notes": mode.notes,
    }


def _largest(mode: ModeResult, group: str) -> float | None:
    """Largest relative difference among the tensors that prove something."""
    found = [
        t.relative for t in mode.of(group) if t.relative is not None and t.status.value == "equal"
    ]
    return max(found, default=None)
