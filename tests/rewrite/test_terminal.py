"""The report on a terminal says what is in the report."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from slimport.cli import main


def test_a_line_number_is_no_emoji(tmp_path: Path) -> None:
    """`eval.py:100: ...` must not become a picture."""
    lines = ["import tf_slim as slim", *[""] * 98, "slim.optimize_loss(1, 2)", ""]
    (tmp_path / "eval.py").write_text("\n".join(lines), "utf-8")
    done = CliRunner().invoke(main, ["rewrite", "--check", str(tmp_path)])
    assert "eval.py:100: SLIM409" in done.output
