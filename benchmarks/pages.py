"""Tables that a benchmark keeps up to date on a page of the documentation."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
_END = "<!-- end of table -->\n"


def put(page: str, benchmark: str, text: str) -> None:
    """Puts a table between its marks: `<!-- table: benchmarks/NAME -->` and the end of it.

    Raises:
        ValueError: The page has no such marks.
    """
    path, start = DOCS / page, f"<!-- table: benchmarks/{benchmark} -->\n"
    head, _, rest = path.read_text("utf-8").partition(start)
    _, end, tail = rest.partition(_END)
    if not end:
        raise ValueError(f"{path} has no place for the table of benchmarks/{benchmark}")
    path.write_text(f"{head}{start}\n{text}\n{end}{tail}", "utf-8")
