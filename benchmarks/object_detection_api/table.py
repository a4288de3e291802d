"""The table: what the rewrite did, and one line for each row."""

from __future__ import annotations

from typing import Any

from benchmarks.object_detection_api.rows import GROUPS
from benchmarks.object_detection_api.tree import DISTRIBUTION, VERSION, Rewritten

TITLES = {
    "A": "Networks of `nets_factory`",
    "B": "Detectors of `model_builder` that TensorFlow 1 alone built",
    "C": "Parts of detectors",
}

#: Columns that show what one mode found: title, mode of the new side, group of tensors.
COLUMNS = (
    ("inference", "inference", "output"),
    ("inference, built for training", "inference_from_training", "output"),
    ("training", "training", "output"),
    ("updates", "training", "update"),
    ("regularisation", "training", "regularisation"),
    ("gradients", "training", "gradient"),
    ("graph, inference", "graph_inference", "output"),
    ("graph, training", "graph_training", "output"),
    ("graph, gradients", "graph_training", "gradient"),
)

REMARK_LENGTH = 160


def of_rewrite(migrated: Rewritten) -> str:
    """Returns one paragraph on the rewrite and a table of references by rule."""
    found = migrated.report["summary"]
    lines = [
        f"`{DISTRIBUTION}=={VERSION}`: {found['files']} files, {found['rewritten_files']} "
        f"rewritten in {migrated.seconds:.0f} s, {found['failed_files']} failed; "
        f"{found['rewritten']} references rewritten, {found['left']} left and marked.",
        "",
        "| rule | rewritten | left |",
        "|---|--:|--:|",
    ]
    for code, counts in found["by_rule"].items():
        lines.append(f"| {code} | {counts['rewritten'] or ''} | {counts['left'] or ''} |")
    return "\n".join(lines)


def line(row: dict[str, Any]) -> str:
    """Returns one line of news about a row that ended."""
    return f"{row['status']:>16}  {row['name']}  {row.get('seconds', 0):.0f} s  {_remark(row)}"


def of_rows(rows: list[dict[str, Any]], migrated: Rewritten) -> str:
    """Returns the whole page in Markdown."""
    parts = [of_rewrite(migrated)]
    for letter, prefix in GROUPS.items():
        members = [row for row in rows if row["name"].startswith(prefix)]
        if members:
            parts += [f"## {letter}. {TITLES[letter]}", _verdict(members), _table(members, prefix)]
    return "\n\n".join(parts) + "\n"


def _verdict(rows: list[dict[str, Any]]) -> str:
    equal = sum(row["status"] == "equal" for row in rows)
    slowest = max(rows, key=lambda row: float(row.get("seconds", 0)))
    return (
        f"{equal} of {len(rows)} rows equal. Slowest: {slowest['name']}, "
        f"{slowest.get('seconds', 0):.0f} s."
    )


def _table(rows: list[dict[str, Any]], prefix: str) -> str:
    columns = [c for c in COLUMNS if any(_cell(row, c[1], c[2]) for row in rows)]
    heads = ["row", "runs as", "variables", *(title for title, _, _ in columns), "remarks"]
    lines = ["| " + " | ".join(heads) + " |", "|---|---|--:|" + "---|" * (len(columns) + 1)]
    for row in rows:
        cells = [f"`{row['name'].removeprefix(prefix)}`", _built(row), _variables(row)]
        cells += [_cell(row, mode, group) for _, mode, group in columns]
        lines.append("| " + " | ".join([*cells, _remark(row).replace("|", "\\|")]) + " |")
    return "\n".join(lines)


def _built(row: dict[str, Any]) -> str:
    return ", ".join(dict.fromkeys(m["built"] for m in row.get("modes", {}).values() if m["built"]))


def _variables(row: dict[str, Any]) -> str:
    return str(row.get("matched", ""))


def _cell(row: dict[str, Any], mode: str, group: str) -> str:
    """The largest relative difference of a group, with what did not pass in bold."""
    found = row.get("modes", {}).get(mode)
    if found is None:
        return ""
    if found["errors"]:
        return "**failed**"
    if not found["compared"].get(group):
        return ""
    worst = found["worst"].get(group)
    text = "noise" if worst is None else "0" if worst == 0 else f"{worst:.0e}"
    return text if found["status"] == "equal" else f"**{text}**"


def _remark(row: dict[str, Any]) -> str:
    """The first thing that went wrong, or nothing."""
    if "error" in row:
        return str(row["error"]).strip().splitlines()[-1][:REMARK_LENGTH]
    for mode, found in row["modes"].items():
        for side, text in found["errors"].items():
            lines = [part for part in text.strip().splitlines() if part.strip()]
            return f"{mode}, {side} side, {lines[0]}: {_cause(lines)}"[:REMARK_LENGTH]
        if found["status"] != "equal":
            return f"{mode}: {found['first_divergence'] or found['status']}"[:REMARK_LENGTH]
    return ""


def _cause(lines: list[str]) -> str:
    """The line of a traceback that names the exception."""
    named = [part for part in lines if part[:1].isalpha() and ("Error" in part or ": " in part)]
    return (named or lines)[-1]
