"""The tables: one line for each repository, for each entry, and for each training script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.object_detection_api.table import COLUMNS

Row = dict[str, Any]

HEADS = (
    "repository",
    "slim references rewritten",
    "marked",
    "TensorFlow references rewritten",
    "marked",
    "files",
    "import under TF 1",
    "as they were, TF 2",
    "rewritten, TF 2",
    "entries equal",
    "remarks",
)
REMARK_LENGTH = 160


def of_rows(rows: Sequence[Row]) -> str:
    """Returns the whole page in Markdown."""
    parts = [_sum(rows), _repositories(rows)]
    entries = [entry for row in rows for entry in row["entries"]]
    if entries:
        parts.append(_entries(entries))
    scripts = [script for row in rows for script in row["training"]]
    if scripts:
        parts.append(_training(scripts))
    return "\n\n".join(parts) + "\n"


def news(row: Row) -> str:
    """Returns some lines about a repository that ended."""
    lines = [f"{row['name']}: {row['seconds']:.0f} s  " + "  ".join(_cells(row)[1:])]
    lines += [f"    lost: {name}: {error}" for name, error in _lost(row).items()]
    for entry in row["entries"]:
        lines.append(f"    {entry['status']:>9}  {entry['name']}  {entry_remark(entry)}")
    for script in row["training"]:
        lines.append(f"    {script['status']:>9}  {script['name']}  {_script_remark(script)}")
    return "\n".join(lines)


def _sum(rows: Sequence[Row]) -> str:
    """What all repositories come to, in one sentence."""
    counted = [row["references"]["slim"] for row in rows if "references" in row]
    rewritten = sum(counts["rewritten"] for counts in counted)
    marked = sum(counts["marked"] for counts in counted)
    entries = [entry for row in rows for entry in row["entries"]]
    equal = sum(entry["status"] == "equal" for entry in entries)
    share = f" ({rewritten / (rewritten + marked):.1%})" if rewritten + marked else ""
    return (
        f"{len(rows)} repositories: {rewritten} of {rewritten + marked} references of slim "
        f"rewritten{share}, {marked} marked; {equal} of {len(entries)} entries equal."
    )


def _repositories(rows: Sequence[Row]) -> str:
    lines = [_line(HEADS), "|---|" + "--:|" * (len(HEADS) - 2) + "---|"]
    return "\n".join(lines + [_line(_cells(row)) for row in rows])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _cells(row: Row) -> list[str]:
    found, loaded, entries = row.get("references"), row.get("imports"), row["entries"]
    counts = ["", "", "", ""]
    if found is not None:
        counts = [
            str(found[g][kind]) for g in ("slim", "others") for kind in ("rewritten", "marked")
        ]
    files = ["", "", "", ""]
    if loaded is not None:
        files = [str(loaded[key]) for key in ("files", "tf1", "tf2", "migrated")]
    equal = sum(entry["status"] == "equal" for entry in entries)
    verdict = f"{equal} of {len(entries)}" if entries else ""
    return [f"`{row['name']}`", *counts, *files, verdict, "; ".join(_remarks(row))]


def _remarks(row: Row) -> list[str]:
    """What a reader must know: failures first, then what was marked."""
    found = []
    if "error" in row:
        found.append("**failed**: " + str(row["error"]).strip().splitlines()[-1][:REMARK_LENGTH])
    if row.get("other_commit"):
        found.append(f"checkout is at {row['other_commit'][:10]}")
    counts = row.get("references", {})
    found += [f"{path} not rewritten: {why}" for path, why in counts.get("failed", {}).items()]
    if row.get("imports", {}).get("runs_on"):
        found.append("work where they are imported: " + ", ".join(row["imports"]["runs_on"]))
    if _lost(row):
        found.append("load no more: " + ", ".join(_lost(row)))
    if counts.get("apis"):
        marked = ", ".join(f"`{api}` {times}" for api, times in counts["apis"].items())
        found.append("marked: " + marked)
    return found


def _lost(row: Row) -> dict[str, str]:
    return dict(row.get("imports", {}).get("lost", {}))


def _entries(entries: Sequence[Row]) -> str:
    columns = [c for c in COLUMNS if any(cell(entry, c[1], c[2]) for entry in entries)]
    heads = ["entry", "runs as", "variables", *(title for title, _, _ in columns), "remarks"]
    lines = [_line(heads), "|---|---|--:|" + "---|" * (len(columns) + 1)]
    for entry in entries:
        built = dict.fromkeys(m["built"] for m in entry.get("modes", {}).values() if m["built"])
        cells = [f"`{entry['name']}`", ", ".join(built), str(entry.get("matched", ""))]
        cells += [cell(entry, mode, group) for _, mode, group in columns]
        lines.append(_line([*cells, entry_remark(entry)]))
    return "\n".join(lines)


def cell(entry: Row, mode: str, group: str) -> str:
    """The largest relative difference of a group in one mode; bold where the mode did not pass."""
    found = entry.get("modes", {}).get(mode)
    if found is None:
        return ""
    if found["errors"]:
        return "**failed**"
    if not found["compared"].get(group):
        return ""
    worst = found["worst"].get(group)
    text = "noise" if worst is None else f"{worst:.0e}" if worst else "0"
    return text if found["status"] == "equal" else f"**{text}**"


def entry_remark(entry: Row) -> str:
    """The first thing that went wrong, or nothing."""
    if "error" in entry:
        return str(entry["error"]).strip().splitlines()[-1][:REMARK_LENGTH]
    for mode, found in entry["modes"].items():
        for side, text in found["errors"].items():
            lines = [part for part in text.strip().splitlines() if part.strip()]
            return f"{mode}, {side} side, {lines[0]}: {lines[-1]}"[:REMARK_LENGTH]
        if found["status"] != "equal":
            return f"{mode}: {found['first_divergence'] or found['status']}"[:REMARK_LENGTH]
    return ""


def _training(scripts: Sequence[Row]) -> str:
    heads = (
        "script",
        "variables",
        "steps",
        "first loss",
        "last loss",
        "losses",
        "rounding",
        "remarks",
    )
    lines = [_line(heads), "|---|" + "--:|" * (len(heads) - 2) + "---|"]
    for script in scripts:
        losses = script["losses"]["new"] or [[]]
        ends = [f"{step[0]:.6g}" if step else "" for step in (losses[0], losses[-1])]
        found = [f"{script[key]:.0e}" if key in script else "" for key in ("relative", "floor")]
        found[0] = found[0] if script["status"] == "equal" else f"**{found[0] or 'failed'}**"
        cells = [f"`{script['name']}`", script["variables"], str(script["steps"]), *ends, *found]
        lines.append(_line([*cells, _script_remark(script)]))
    return "\n".join(lines)


def _script_remark(script: Row) -> str:
    for run, text in script["errors"].items():
        return f"{run}: {text.strip().splitlines()[-1]}"[:REMARK_LENGTH]
    return ""
