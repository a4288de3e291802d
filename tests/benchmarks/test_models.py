"""What docs/performance.md and docs/export.md show of benchmarks/models and benchmarks/export."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

from benchmarks import export, freezing
from benchmarks.export import table as export_table
from benchmarks.models import results, table

DOCS = Path(__file__).resolve().parents[2] / "docs"


def of(kind: str, form: str, median: float) -> dict[str, Any]:
    """One measured ratio of a network."""
    return {"name": "A Net", "size": 8, "ratios": {kind: {form: {"median": median}}}}


def test_results_come_in_pieces(tmp_path: Path) -> None:
    for found in (of("step", "traced", 1.0), of("latency", "traced", 1.23456), of("step", "x", 2)):
        results.keep(tmp_path / "results", found)
    results.keep(tmp_path / "results", of("step", "traced", 3.0))
    (kept,) = results.kept(tmp_path / "results")
    assert kept["ratios"] == {
        "step": {"traced": {"median": 3.0}, "x": {"median": 2}},
        "latency": {"traced": {"median": 1.235}},
    }


def test_the_pages_show_what_is_kept() -> None:
    assert table.tables(results.kept(results.SHOWN)) in (DOCS / "performance.md").read_text()
    shown = json.loads((Path(export.__file__).parent / "shown.json").read_text())
    page = (DOCS / "export.md").read_text()
    assert shown and all(export_table.line(name, found) in page for name, found in shown.items())


def test_the_page_shows_how_models_are_frozen() -> None:
    text = inspect.getsource(freezing.frozen)
    code = text[: text.index('    """')] + text[text.index("    trainable") :]
    assert f"```python\n{code.replace(': Any', '').replace(' -> Any', '')}```" in (
        DOCS / "export.md"
    ).read_text("utf-8")
