"""A case that fails, in the Markdown report: where the sides part, or how a side failed."""

from __future__ import annotations

from slimport.verify.faces import places, wording
from slimport.verify.faces.links import Links
from slimport.verify.faces.markdown_text import code, escaped, fenced
from slimport.verify.faces.wording import MODE_NAMES, factor, number
from slimport.verify.result import CaseResult, Divergence, ModeResult, Site, TensorResult

#: Lines of a log or traceback.
LOG_LINES = 15
#: Divergences of a mode, and callers of a line, that are listed.
DIVERGENCES, CALLERS = 3, 2


def failure(case: CaseResult, links: Links, told: places.Told) -> list[str]:
    """Returns what a reviewer needs to know of a case that is not equal.

    Args:
        case: The case.
        links: Where lines of the trees can be read.
        told: Lines that are told of already; grows.
    """
    lines = [f"#### {code(case.name)}: {case.status.value}", ""]
    first = case.first_divergence
    errors: dict[str, str] = {}
    for mode in case.modes:
        if mode.errors and mode.errors != errors:
            lines += _errors(mode, case.name, told)
            errors = mode.errors
    if first is not None:
        mode, tensor = first
        found = next((m.divergences for m in (mode, *case.modes) if m.divergences), ())
        for divergence in found[:DIVERGENCES]:
            before = told.before(divergence, case.name)
            if before:
                place = _place("new", divergence.new[0], links)
                lines.append(f"- from the same line as {code(before)}: {place}")
            else:
                lines += _parting(divergence, links)
        lines += [f"- {_numbers(mode, tensor)}"]
        others = [m for m in case.modes if m.first_divergence is not None and m is not mode]
        if others:
            names = ", ".join(MODE_NAMES.get(m.mode, m.mode) for m in others)
            lines.append(f"- differs in {escaped(names)}, too")
    return lines


def _errors(mode: ModeResult, name: str, told: places.Told) -> list[str]:
    lines = []
    for side, trace in mode.errors.items():
        words = f"{MODE_NAMES.get(mode.mode, mode.mode)}: the {side} side failed"
        words = words.replace("*", "\\*")
        first = told.failed.setdefault((side, trace), name)
        if first != name:
            lines += [f"{words}, as in {code(first)}", ""]
            continue
        lines += [words, "", *fenced(trace.rstrip().splitlines()[-LOG_LINES:]), ""]
    return lines


def _parting(found: Divergence, links: Links) -> list[str]:
    """The two lines as a diff, then what is known of them."""
    lines = []
    if found.new:
        lines += fenced(
            [f"- {site.text}" for site in found.old[:1]] + [f"+ {found.new[0].text}"], "diff"
        )
        lines.append("")
    callers = 0
    for line in places.lines_of(found):
        if line.label == "called from":
            callers += 1
            if callers > CALLERS:
                continue
        what = escaped(line.text) if line.site is None else _place(line.side, line.site, links)
        label = f"**{line.label}**" if line.label == "differs from here" else line.label
        lines.append(f"- {label}: {what}")
    return lines


def _place(side: str, site: Site, links: Links) -> str:
    address = links.to(side, site)
    shown = f"[{code(str(site))}]({address})" if address else code(str(site))
    inside = f" in {code(site.function)}" if site.function else ""
    return shown + inside


def _numbers(mode: ModeResult, tensor: TensorResult) -> str:
    name = MODE_NAMES.get(mode.mode, mode.mode)
    where = (
        f"first seen in {tensor.group} {code(tensor.name)}{wording.when(tensor)}, {escaped(name)}"
    )
    if tensor.relative is None:
        return f"{where}: {escaped(tensor.why) or tensor.status.value}"
    apart = f"**{number(tensor.relative)}** of its scale apart"
    if tensor.floor:
        apart += f", {factor(tensor.ratio)} times its noise floor"
    return f"{where}: {apart}, where {number(tensor.relative_tolerance)} is allowed"
