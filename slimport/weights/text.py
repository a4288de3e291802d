"""What a run found, on a terminal and as JSON."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape

from slimport.verify.faces.wording import describe, number
from slimport.verify.protocol import OUTPUT
from slimport.verify.result import ModeResult, Status
from slimport.weights.pairing import Pairing
from slimport.weights.request import Result
from slimport.weights.roles import Role

# Outputs that are listed, the worst first.
_SHOWN = 5
_MEANINGS = {
    "missing": "in the model, not in the file",
    "other shape or dtype": "in both, but of another shape or dtype",
    "unused": "in the file, not in the model",
    "no moving average": "trained, but without a moving average in the file",
}


def print_result(result: Result, partial: bool, console: Console) -> None:
    """Prints what was paired, what was not, and what was written."""
    console.print(escape(result.source), soft_wrap=True)
    if result.pairing is not None:
        _print_pairing(result, result.pairing, console)
        for meaning, lines in unpaired(result.pairing).items():
            console.print(f"[yellow]{meaning}[/] ({_MEANINGS[meaning]}): {len(lines)}")
            for line in lines:
                console.print(f"  {escape(line)}", soft_wrap=True)
    for note in result.notes:
        console.print(escape(note), soft_wrap=True)
    if result.check is not None:
        _print_check(result.check, console)
    for path in result.written:
        console.print(f"[green]wrote[/] {escape(str(path))}", soft_wrap=True)
    if not result.is_done:
        advice = "--partial loads what fits" if not partial else ""
        console.print(f"[red]nothing written[/]. {advice}", soft_wrap=True)
    elif result.pairing is not None:
        console.print("[dim]The model that these weights belong to:[/]")
        for line in result.built.code.splitlines():
            console.print(f"  {escape(line)}", soft_wrap=True)


def _print_pairing(result: Result, pairing: Pairing, console: Console) -> None:
    variables = result.built.variables
    numbers = sum(_count(variables[name]) for name in pairing.matched)
    console.print(
        f"{len(pairing.matched)} of the model's {len(variables)} variables are in the file, name, "
        f"shape and dtype ({numbers:,} numbers)",
        soft_wrap=True,
    )
    averaged = sum(result.described[n].role is Role.SHADOW for n in pairing.matched.values())
    if averaged:
        text = f"{averaged} of them take their moving average; the weights themselves stay"
        console.print(text, soft_wrap=True)
    counts = Counter(d.role for d in pairing.beside if d.stored.name not in result.state)
    if counts:
        kept = ", ".join(
            f"{count} {_named(role, count)}" for role in Role if (count := counts[role])
        )
        console.print(f"[dim]left in the file: {kept}[/]", soft_wrap=True)


def _print_check(check: ModeResult, console: Console) -> None:
    for side, trace in check.errors.items():
        console.print(f"[red]the {side} side failed[/]\n{escape(trace.rstrip())}")
    for tensor in sorted(check.of(OUTPUT), key=lambda tensor: -tensor.severity)[:_SHOWN]:
        console.print(f"  {escape(describe(tensor))}", soft_wrap=True)
    for note in check.notes:
        console.print(f"  {escape(note)}", soft_wrap=True)
    compared = [t for t in check.of(OUTPUT) if t.relative is not None]
    worst = max((t.relative or 0.0 for t in compared), default=None)
    colour = "green" if check.status is Status.EQUAL else "red"
    console.print(
        f"old and new on one image: [{colour}]{check.status.value}[/], {len(compared)} outputs, "
        f"largest difference {number(worst)} of the output's largest value",
        soft_wrap=True,
    )


def _named(role: Role, count: int) -> str:
    return role.value if count == 1 else f"{role.value}s"


def _count(variable: Any) -> int:
    size = 1
    for length in variable.shape:
        size *= int(length)
    return size


def unpaired(pairing: Pairing) -> dict[str, list[str]]:
    """What has no partner, by its kind; each variable with what there is to say."""
    found = {
        "missing": list(pairing.missing),
        "other shape or dtype": [
            f"{m.name}: {list(m.stored.stored.shape)} {m.stored.stored.dtype} in the file, "
            f"{list(m.wanted.shape)} {m.wanted.dtype} in the model"
            for m in pairing.mismatched
        ],
        "unused": [
            f"{d.stored.name} {list(d.stored.shape)} ({d.role.value})" for d in pairing.unused
        ],
        "no moving average": list(pairing.unshadowed),
    }
    return {meaning: lines for meaning, lines in found.items() if lines}


def to_json(result: Result) -> dict[str, Any]:
    """The same as JSON values."""
    found: dict[str, Any] = {
        "source": result.source,
        "written": [str(path) for path in result.written],
        "notes": result.notes,
        "model": result.built.code,
    }
    if result.check is not None:
        found["check"] = dataclasses.asdict(result.check)
    pairing = result.pairing
    if pairing is not None:
        found |= {
            "matched": dict(pairing.matched),
            "missing": list(pairing.missing),
            "mismatched": [
                {
                    "name": m.name,
                    "file": {"shape": m.stored.stored.shape, "dtype": m.stored.stored.dtype},
                    "model": {"shape": m.wanted.shape, "dtype": m.wanted.dtype},
                }
                for m in pairing.mismatched
            ],
            "unused": [
                {"name": d.stored.name, "shape": d.stored.shape, "role": d.role.value}
                for d in pairing.unused
            ],
            "no_moving_average": list(pairing.unshadowed),
            "left_in_file": Counter(d.role.value for d in pairing.beside),
        }
    return found
