"""The benchmark of old weights: its rows, what it compares, its table. Nothing is converted."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.old_weights import rows, table
from benchmarks.old_weights.roundtrip import Outcome, compare

VALUES = {"a": np.array([0.0, np.nan], "float32"), "b": np.arange(3, dtype="int64")}


def compared(**changes: object) -> Outcome:
    outcome = Outcome("row")
    new = {**VALUES, **changes}
    compare(outcome, VALUES, {name: value for name, value in new.items() if value is not None})
    return outcome


def test_all_are_identical() -> None:
    found = compared()
    assert (found.variables, found.identical, found.wrong, found.numbers) == (2, 2, [], 32)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"a": np.array([-0.0, np.nan], "float32")}, "a is another"),
        ({"b": np.arange(3, dtype="int32")}, "b is another"),
        ({"b": np.arange(3).reshape(3, 1)}, "b is another"),
        ({"b": None}, "b is not there"),
        ({"c": np.zeros(1)}, "c is too much"),
    ],
)
def test_what_is_not(change: dict[str, object], wrong: str) -> None:
    assert compared(**change).wrong == [wrong]


def test_rows() -> None:
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)
    assert {row.network for row in rows.ROWS} == set(rows.NETWORKS)
    assert all(row.writer == rows.TODAY for row in rows.chosen((), with_old=False))
    with pytest.raises(ValueError, match="no row is called 'alexnet'"):
        rows.chosen(("alexnet",), with_old=True)


def test_the_table(tmp_path: Path) -> None:
    one, other = rows.ROWS[0], rows.ROWS[1]
    measured = {"peak": 4e7, "converting": 2.0}
    outcome = dataclasses.replace(
        compared(b=None), there=measured, back=measured, differences={"0": 2e-6}, is_equal=True
    )
    for row, found in ((one, outcome), (other, Outcome("x", error="it ended\nhere"))):
        (tmp_path / f"{row.name}.json").write_text(json.dumps(dataclasses.asdict(found)))
    lines = table.page(tmp_path).splitlines()
    assert "| 2 | 0.0 | **1 of 2** | 2e-06 in 1 | 2.0, 2.0 | 40, 40 |" in lines[2]
    assert "**it ended**" in lines[3] and len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
