"""What the rounds say: alarms, and how far differences are from their noise floors."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GOOD = ("equal", "noise", "ignored")

HEAD = (
    "| mode | group | tensors | alarms | noise | difference | of tolerance "
    "| over floor: median | 99 % | 99.9 % | largest |"
)

Row = Mapping[str, Any]


def tensors(rows: Iterable[Row]) -> Iterable[tuple[Row, str, Row]]:
    """Every tensor with its case and mode."""
    for row in rows:
        for mode in row["modes"]:
            for tensor in mode["tensors"]:
                yield row, mode["mode"], tensor


def markdown(rows: Sequence[Row]) -> str:
    """The whole table, and every alarm in a line."""
    alarms = [row for row in rows if row["status"] != "equal"]
    found = list(tensors(rows))
    sides = Counter(row["old"] for row in rows)
    parts = [
        f"{len(rows)} runs of equal pairs, {len(found):,} tensors, {len(alarms)} alarms. Old side: "
        + ", ".join(f"{count} on TensorFlow {side}" for side, count in sorted(sides.items()))
        + ".",
        "",
        HEAD,
        "|" + " --- |" * (HEAD.count("|") - 1),
    ]
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for _, mode, tensor in found:
        if tensor["max_abs"] is not None:
            groups[mode, tensor["group"]].append(tensor)
    parts += [_line(*key, groups[key]) for key in sorted(groups)]
    if alarms:
        parts += ["", *(line for row in alarms for line in _alarm(row))]
    return "\n".join(parts) + "\n"


def _line(mode: str, group: str, found: Sequence[Row]) -> str:
    ratios = sorted(filter(None, (ratio(tensor) for tensor in found)))
    alarms = sum(tensor["status"] not in GOOD for tensor in found)
    noise = sum(tensor["status"] == "noise" for tensor in found)
    relative = max((t["max_abs"] / t["scale"] for t in found if t["scale"]), default=0.0)
    share = max((t["max_abs"] / t["tolerance"] for t in found if t["tolerance"]), default=0.0)
    shown = [
        mode, group, f"{len(found):,}", str(alarms), str(noise), f"{relative:.1e}", f"{share:.2f}",
        *(f"{_share(ratios, part):.3g}" for part in (0.5, 0.99, 0.999, 1.0)),
    ]  # fmt: skip
    return f"| {' | '.join(shown)} |"


def ratio(tensor: Row) -> float | None:
    """Difference over floor; None where a tensor has no floor or does not differ."""
    if not tensor["max_abs"] or tensor["floor"] is None:
        return None
    return tensor["max_abs"] / tensor["floor"] if tensor["floor"] else math.inf


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _alarm(row: Row) -> Iterable[str]:
    yield f"- {row['name']} ({row['tree']}, TensorFlow {row['old']}, seed {row['seed']}, " + (
        f"{', '.join(row['inputs'])}): {row['status']} {row['failure']}"
    )
    bad = [(mode, tensor) for _, mode, tensor in tensors([row]) if tensor["status"] not in GOOD]
    for mode, tensor in bad[:5]:
        floor = json.dumps(tensor["floors"]) if tensor["floors"] else tensor["floor"]
        yield (
            f"    - {mode} {tensor['group']} {tensor['name']}: {tensor['status']}, "
            f"{tensor['max_abs']} of {tensor['scale']}, allowed {tensor['tolerance']}, "
            f"floor {floor}. {tensor['why']}"
        )
