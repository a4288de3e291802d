"""All rows: which there are, and what one row's run leaves behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from benchmarks.object_detection_api import rows_components, rows_detectors, rows_networks
from slimport.verify import cases
from slimport.verify.result import CaseResult, ModeResult

HERE = Path(__file__).resolve().parent

#: Import roots of both trees. A folder of entries, this benchmark's own, is added for each
#: group, so that answers are kept when another group's entries change.
IMPORT_PATHS = (".", "slim")

#: Group letter of the table and the beginning of the names of its rows.
GROUPS = {"A": "network/", "B": "detector/", "C": "component/"}


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


def case_file(case: dict[str, Any], legacy: Path, migrated: Path) -> cases.CaseFile:
    """Returns a case file of one row."""
    entries = HERE / "entries" / case["entry"].partition(":")[0]
    paths = [*IMPORT_PATHS, str(entries), str(HERE / "entries" / "shared")]
    data = {"case": [case], "paths": paths}
    file = cases.parse(data, HERE / "rows.toml")
    return dataclasses.replace(file, old=legacy, new=migrated)


def summary(result: CaseResult, seconds: float) -> dict[str, Any]:
    """Returns what the table needs of a row, as JSON."""
    return {
        "name": result.name,
        "status": result.status.value,
        "variables": result.variables,
        "matched": result.matched_variables,
        "parameters": result.parameters,
        "inputs": result.inputs,
        "seconds": seconds,
        "modes": {mode.mode: _mode(mode) for mode in result.modes},
    }


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
