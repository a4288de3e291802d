"""The report as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import html

from slimport.verify.growth import by_steps
from slimport.verify.result import CaseResult, ModeResult, TensorResult, VerifyResult
from slimport.verify.text import (
    MODE_NAMES,
    PLACES,
    apart_in_words,
    environment_line,
    number,
    when,
)

#: Failing tensors listed per mode.
SHOWN = 10


def to_markdown(result: VerifyResult) -> str:
    """Returns a run as Markdown: verdict, table of cases, details folded."""
    sign = "✅" if result.is_equal else "❌"
    lines = [f"### {sign} slimport verify", "", f"**{result.verdict()}**", ""]
    if any(not case.steps for case in result.cases):
        lines += _table(result)
    for steps, cases in by_steps(result.cases).items():
        lines += _training_table(steps, cases)
    for case in result.cases:
        lines += _details(case)
    lines += ["", "<details><summary>Environment</summary>", ""]
    lines += [f"- {side}: {_escape(environment_line(result, side))}" for side in ("old", "new")]
    lines += [f"- seed {result.seed}, {result.seconds:.0f} s", "", "</details>", ""]
    return "\n".join(lines)


def _table(result: VerifyResult) -> list[str]:
    lines = [
        "| case | mode | variables | outputs | gradients | worst / scale | tolerance | result |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for case in result.cases:
        for place, mode in enumerate(() if case.steps else case.modes):
            variables = case.matched_variables if place == 0 else ""
            lines.append(_row(case.name if place == 0 else "", variables, mode))
    if any(mode.mode == "inference_from_training" for c in result.cases for mode in c.modes):
        lines += ["", "\\* the model that was built for training, called with `training=False`"]
    return lines


def _training_table(steps: tuple[int, ...], cases: list[CaseResult]) -> list[str]:
    """A row for each place in which a program trains, a column for each recorded step."""
    titles = ["case", "runs in", "variables", *(f"after {step}" for step in steps), "result"]
    lines = ["", f"| {' | '.join(titles)} |", f"|---|---|--:|{'--:|' * len(steps)}---|"]
    for case in cases:
        for place, mode in enumerate(case.modes):
            status = mode.status.value
            cells = [
                f"`{case.name}`" if place == 0 else "",
                PLACES.get(mode.mode, mode.mode),
                case.matched_variables if place == 0 else "",
                *(apart_in_words(mode, step) for step in steps),
                status if mode.status.is_good else f"**{status}**",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    note = (
        "The largest difference after a step, in brackets what rounding alone does to that tensor."
    )
    return [*lines, "", note]


def _row(name: str, variables: str, mode: ModeResult) -> str:
    worst = mode.worst
    cells = (
        f"`{name}`" if name else "",
        MODE_NAMES.get(mode.mode, mode.mode).replace("*", "\\*"),
        variables,
        str(len(mode.of("output"))),
        str(len(mode.of("gradient")) or ""),
        number(worst.relative if worst else None),
        number(worst.relative_tolerance if worst else None),
        mode.status.value if mode.status.is_good else f"**{mode.status.value}**",
    )
    return "| " + " | ".join(cells) + " |"


def _details(case: CaseResult) -> list[str]:
    """What failed in a case, folded; nothing for a case that is equal and has no notes."""
    lines: list[str] = []
    errors_before: dict[str, str] = {}
    for mode in case.modes:
        if not mode.errors or mode.errors != errors_before:
            lines += _mode_details(mode)
        errors_before = mode.errors
    notes = dict.fromkeys(note for mode in case.modes for note in mode.notes)
    lines += [f"- {_escape(note)}" for note in notes]
    if not lines:
        return []
    first = case.first_divergence
    title = f"<code>{html.escape(case.name)}</code>: {case.status.value}"
    if first is not None:
        title += f", first at {first[1].group} <code>{html.escape(first[1].name)}</code>"
    return ["", f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _mode_details(mode: ModeResult) -> list[str]:
    lines: list[str] = []
    name = MODE_NAMES.get(mode.mode, mode.mode).replace("*", "\\*")
    for side, trace in mode.errors.items():
        lines += [f"{name}, {side} side:", "", "```", *trace.rstrip().splitlines()[-15:], "```", ""]
    bad = [tensor for tensor in mode.tensors if not tensor.status.is_good]
    if bad:
        lines += [
            f"{name}: {len(bad)} of {len(mode.tensors)} outside their tolerance",
            "",
            "| | tensor | max abs | / scale | tolerance | why |",
            "|---|---|--:|--:|--:|---|",
        ]
        first = mode.first_divergence
        ordered = [first, *(tensor for tensor in bad if tensor is not first)] if first else bad
        lines += [_tensor_row(tensor) for tensor in ordered[:SHOWN]]
        if len(bad) > SHOWN:
            lines.append(f"| | and {len(bad) - SHOWN} more | | | | |")
        lines.append("")
    return lines


def _tensor_row(tensor: TensorResult) -> str:
    cells = (
        tensor.group,
        f"`{tensor.name}`".replace("|", "\\|") + when(tensor),
        number(tensor.max_abs),
        number(tensor.relative),
        number(tensor.relative_tolerance),
        _escape(tensor.why),
    )
    return "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
