"""The benchmark's own code: rows, tables, and a row that crashes. Nothing is downloaded here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.object_detection_api import __main__ as driver
from benchmarks.object_detection_api import rows, table
from benchmarks.object_detection_api.tree import Rewritten
from slimport.verify.run import Settings

REPORT = {
    "summary": {
        "files": 3,
        "rewritten_files": 2,
        "failed_files": 0,
        "rewritten": 7,
        "left": 1,
        "by_rule": {"SLIM101": {"rewritten": 7, "left": 0}, "SLIM401": {"rewritten": 0, "left": 1}},
    }
}
MIGRATED = Rewritten(Path("migrated"), REPORT, 12.4)


def mode(status: str = "equal", errors: dict[str, str] | None = None, **worst: float | None):
    """What one mode of a row left behind."""
    return {
        "status": status,
        "built": "functional",
        "compared": dict.fromkeys(worst, 3),
        "worst": worst,
        "first_divergence": None if status == "equal" else "output 0: 1e-05 of scale",
        "errors": errors or {},
    }


def row(name: str, status: str, **modes):
    """A row of the table."""
    return {"name": name, "status": status, "matched": "4/4", "seconds": 1.0, "modes": modes}


def test_every_row_is_a_case_with_entries_on_its_path():
    every = rows.all_cases()
    counts = {letter: sum(n.startswith(p) for n in every) for letter, p in rows.GROUPS.items()}
    assert counts["A"] == 40
    assert counts["B"] == 31
    assert counts["C"] >= 40
    for case in every.values():
        file = rows.case_file([case], Path("old"), Path("new"))
        entry, shared = (Path(path) for path in file.new_paths[-2:])
        assert (entry / f"{case['entry'].partition(':')[0]}.py").is_file()
        assert (shared / "slim_half.py").is_file()


def test_every_detector_has_its_pipeline_file():
    configs = rows.HERE / "entries" / "detectors" / "configs"
    named = {case["args"]["config"] for case in rows.chosen("B", ())}
    assert named == {path.stem for path in configs.glob("*.config")}


def test_rows_are_chosen_by_a_part_of_their_name():
    assert [c["name"] for c in rows.chosen("ABC", ("network/lenet",))] == ["network/lenet"]
    assert len(rows.chosen("ABC", ("resnet_v1_",))) == 4
    with pytest.raises(ValueError, match="no row is called 'nothing'"):
        rows.chosen("ABC", ("nothing",))


def test_small_rows_share_workers():
    found = rows.batches(rows.chosen("ABC", ()))
    assert sum(len(batch) for batch in found) == len(rows.all_cases())
    assert {len(batch) for batch in found if not batch[0]["name"].startswith("component/")} == {1}
    assert max(len(batch) for batch in found) == rows.BATCH


def test_the_table_shows_what_did_not_pass():
    text = table.of_rows(
        [
            row("network/a", "equal", inference=mode(output=0.0), training=mode(output=2e-6)),
            row("network/b", "differs", inference=mode("differs", output=0.5)),
            row("network/c", "failed", inference=mode("failed", {"new": "while x\nKeyError: 'k'"})),
            {"name": "network/d", "status": "failed", "error": "Traceback\nMemoryError: none left"},
        ],
        MIGRATED,
    )
    assert "3 files, 2 rewritten in 12 s, 0 failed; 7 references rewritten, 1 left" in text
    assert "1 of 4 rows equal" in text
    lines = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert "| 0 | 2e-06 |" in lines["a"]
    assert "**5e-01**" in lines["b"]
    assert "output 0: 1e-05 of scale" in lines["b"]
    assert "**failed**" in lines["c"]
    assert "KeyError: 'k'" in lines["c"]
    assert "MemoryError: none left" in lines["d"]


def test_a_row_that_cannot_start_is_a_result(tmp_path):
    case = rows.all_cases()["network/lenet"]
    [found] = driver._rows([case], tmp_path / "nowhere", tmp_path, Settings())
    assert found["status"] == "failed"
    assert "is no folder" in found["error"]
    assert "failed" in table.line(found)
