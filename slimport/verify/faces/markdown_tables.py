"""Tables of the Markdown report: cases, programs that train, tensors that fail."""

from __future__ import annotations

from collections.abc import Sequence

from slimport.verify.faces import wording
from slimport.verify.faces.markdown_text import clipped, code, escaped, head, row
from slimport.verify.faces.wording import MODE_NAMES, PLACES, apart_in_words, when
from slimport.verify.result import CaseResult, ModeResult, Status, TensorResult, VerifyResult

#: Cases with a row of their own; the others share one.
ROWS = 30
#: Failing tensors listed per mode.
SHOWN = 8

#: What the columns mean.
LEGEND = (
    "<sub>Of the tensor nearest to its tolerance, relative to its scale: *difference* is the "
    "smallest tolerance that would have passed, *floor* what rounding alone does to it on the old "
    "side, *ratio* one over the other.</sub>"
)


def _number(value: float | None) -> str:
    # A hyphen may end a line of a narrow column, which parts 2e-7; this one does not.
    return wording.number(value).replace("-", "\N{NON-BREAKING HYPHEN}")


def _ratio(tensor: TensorResult | None) -> str:
    return wording.ratio_of(tensor).replace("-", "\N{NON-BREAKING HYPHEN}")


def cases_table(result: VerifyResult) -> list[str]:
    """Returns the table of cases; what fails comes first where not all have room."""
    cases = [case for case in result.cases if not case.steps]
    if len(cases) > ROWS:
        cases = sorted(cases, key=lambda case: case.status.is_good)
    lines = head(("", "case", "mode", ">tensors", ">difference", ">floor", ">ratio", ">allowed"))
    for case in cases[:ROWS]:
        lines += _rows(case)
    if len(cases) > ROWS:
        lines += _rest(cases[ROWS:])
    lines += ["", LEGEND]
    if any(not case.status.is_good and _has_star(case) for case in cases[:ROWS]):
        lines[-1] = LEGEND.replace("</sub>", f" \\* {escaped(wording.STAR)}.</sub>")
    return lines


def _has_star(case: CaseResult) -> bool:
    return any("*" in MODE_NAMES.get(mode.mode, "") for mode in case.modes)


def _rows(case: CaseResult) -> list[str]:
    """One row for what is equal in a case, before it one for each mode that is not."""
    bad = [mode for mode in case.modes if not mode.status.is_good]
    good = [mode for mode in case.modes if mode.status.is_good]
    rows = [_row(code(case.name), _mode_name(mode), [mode], mode.status) for mode in bad]
    if good:
        names = _mode_name(good[0]) if len(good) == 1 else f"{len(good)}&nbsp;modes"
        rows.append(_row(code(case.name), names, good, good[0].status))
    return rows


def _mode_name(mode: ModeResult) -> str:
    return MODE_NAMES.get(mode.mode, mode.mode).replace("*", "\\*").replace(" ", "&nbsp;")


def _rest(cases: Sequence[CaseResult]) -> list[str]:
    """A row for all cases of one outcome that have none of their own."""
    lines = []
    for status in dict.fromkeys(case.status for case in cases):
        chosen = [case for case in cases if case.status is status]
        modes = [mode for case in chosen for mode in case.modes]
        lines.append(_row(f"and {len(chosen):,} more", "", modes, status))
    return lines


def _row(name: str, mode: str, modes: Sequence[ModeResult], status: Status) -> str:
    found = [mode.worst for mode in modes if mode.worst is not None]
    worst = max(found, key=lambda tensor: tensor.severity, default=None)
    return row(
        (
            in_words(status),
            name,
            mode,
            f"{sum(len(mode.tensors) for mode in modes):,}",
            _number(worst.relative if worst else None),
            _number(wording.floor_of(worst)),
            _ratio(worst),
            _number(worst.relative_tolerance if worst else None),
        )
    )


def in_words(status: Status) -> str:
    """Returns an outcome: a sign, and the word where it is not equal."""
    if status is Status.EQUAL:
        return "✅"
    return f"❌&nbsp;{status.value.replace(' ', '&nbsp;')}"


def training_table(steps: tuple[int, ...], cases: Sequence[CaseResult]) -> list[str]:
    """Returns a row for each place in which a program trains, a column for each recorded step."""
    if len(cases) > ROWS:
        cases = sorted(cases, key=lambda case: case.status.is_good)
    lines = head(("", "case", "runs in", *(f">after {step}" for step in steps)))
    for case in cases[:ROWS]:
        for mode in case.modes:
            steps_apart = (apart_in_words(mode, step) for step in steps)
            place = PLACES.get(mode.mode, mode.mode)
            lines.append(row((in_words(mode.status), code(case.name), place, *steps_apart)))
    for status in dict.fromkeys(case.status for case in cases[ROWS:]):
        count = sum(case.status is status for case in cases[ROWS:])
        lines.append(row((in_words(status), f"and {count:,} more", "", *("" for _ in steps))))
    note = (
        "<sub>The largest difference after a step, in brackets what rounding alone does to that "
        "tensor.</sub>"
    )
    return [*lines, "", note]


def tensors_table(mode: ModeResult) -> list[str]:
    """Returns the tensors of a mode that fail, the first divergence first; nothing if none does."""
    bad = wording.failing(mode)
    if not bad:
        return []
    name = MODE_NAMES.get(mode.mode, mode.mode).replace("*", "\\*")
    lines = [f"{name}: {len(bad):,} of {len(mode.tensors):,} outside their tolerance", ""]
    lines += head(("", "tensor", ">max abs", ">difference", ">floor", ">ratio", ">allowed", "why"))
    lines += [_tensor_row(tensor) for tensor in bad[:SHOWN]]
    if len(bad) > SHOWN:
        lines.append(row(("", f"and {len(bad) - SHOWN:,} more", *("" for _ in range(6)))))
    return [*lines, ""]


def _tensor_row(tensor: TensorResult) -> str:
    return row(
        (
            tensor.group,
            code(tensor.name) + when(tensor),
            _number(tensor.max_abs),
            _number(tensor.relative),
            _number(wording.floor_of(tensor)),
            _ratio(tensor),
            _number(tensor.relative_tolerance),
            escaped(clipped(tensor.why, 160)),
        )
    )
