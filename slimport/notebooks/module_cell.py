"""The cell in which a notebook that comes alone carries the written module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from slimport.notebooks.json_edits import replaced
from slimport.notebooks.json_text import CodeCell, NotebookText, scan
from slimport.rewrite.written_module import is_ours

_HEAD = re.compile(r"%%writefile[ \t]+(?P<file>\w+\.py)[ \t]*\r?\n")
#: In formats before this one cells have no ids.
_WITH_IDS = (4, 5)


def carried(cell: CodeCell) -> str | None:
    """The module's text in a cell that carries it; None for any other cell."""
    text = cell.source.text
    head = _HEAD.match(text)
    if head is None or not is_ours(text.encode()):
        return None
    return text[head.end() :].removesuffix("\n") + "\n"  # which IPython writes at the end


def with_module(text: str, file: str, module: str) -> str:
    """The notebook with the module in a cell before all code, which its last run wrote or this one.

    Args:
        text: of the notebook, of format 4.
        file: the name that the module is written under.
        module: its text.
    """
    found = scan(text)
    source = f"%%writefile {file}\n{module.removesuffix(chr(10))}"
    old = next((cell for cell in found.cells if carried(cell) is not None), None)
    if old is not None:
        return replaced(text, iter([(old.source, source)]))
    first = found.cells[0]
    return f"{text[: first.start]}{_cell(text, found, source)}{text[first.start :]}"


def _cell(text: str, notebook: NotebookText, source: str) -> str:
    """A cell as JSON in the style of the others, with what parts it from the next."""
    first = notebook.cells[0]
    before = text[: first.start]
    between = before[len(before.rstrip()) :]
    fields: dict[str, object] = {"cell_type": "code", "execution_count": None}
    if notebook.format >= _WITH_IDS:
        fields["id"] = _free_id(notebook.ids)
    fields["metadata"] = {"jupyter": {"source_hidden": True}}
    fields["outputs"] = []
    lines = source.splitlines(keepends=True)
    fields["source"] = lines if first.source.is_list else source
    ascii_only = text.isascii()
    if "\n" not in between:
        colon, comma = (": ", ", ") if '": ' in before else (":", ",")
        return json.dumps(fields, ensure_ascii=ascii_only, separators=(comma, colon)) + comma
    indent = between.rpartition("\n")[2]
    unit = indent[: max(1, len(indent) // 2)]
    done = json.dumps(fields, ensure_ascii=ascii_only, indent=unit).replace("\n", f"\n{indent}")
    end = "\r\n" if "\r\n" in between else "\n"
    return f"{done},{between}".replace("\r\n", "\n").replace("\n", end)


def _free_id(taken: Iterable[str]) -> str:
    name, ids = "scoped-layers", set(taken)
    while name in ids:
        name += "-"
    return name
