"""What of a notebook is not its code: a rewriting leaves it as it is."""

from __future__ import annotations

import json

from slimport.files.source import SourceError
from slimport.notebooks.json_text import NoNotebook, scan
from slimport.notebooks.module_cell import carried


def check_rest(old: str, new: str) -> None:
    """Everything but the code is what it was, and cells but the one of the module."""
    try:
        same = [_without_code(text) for text in (old, new)]
    except (NoNotebook, ValueError) as error:
        raise SourceError(f"the notebook would be damaged ({error}); not written") from error
    if len(same[0][0]) != len(same[1][0]):
        raise SourceError("the notebook would lose a cell; not written")
    if same[0] != same[1]:
        raise SourceError("more than code would change in the notebook; not written")


def _without_code(text: str) -> tuple[list[object], object]:
    """The cells of a notebook without their code, and the rest of it."""
    skipped = {cell.number for cell in scan(text).cells if carried(cell) is not None}
    notebook = json.loads(text)
    sheets = notebook.get("worksheets")
    found: list[object] = []
    for holder in [notebook, *(sheets if isinstance(sheets, list) else [])]:
        cells = holder.pop("cells", None)
        for cell in cells if isinstance(cells, list) else []:
            if cell.get("cell_type") == "code":
                cell.pop("source", None)
                cell.pop("input", None)
            found.append(cell)
    kept = [cell for number, cell in enumerate(found, 1) if number not in skipped]
    return kept, notebook
