"""The report as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slimport.verify.faces import markdown_more, markdown_tables, places, wording
from slimport.verify.faces.growth import by_steps
from slimport.verify.faces.links import Links
from slimport.verify.faces.markdown_failures import failure
from slimport.verify.faces.markdown_text import clipped, code, escaped, folded, html_code
from slimport.verify.result import CaseResult, VerifyResult

#: GitHub refuses comments longer than 65,536 characters.
LIMIT = 60_000
#: Failing cases that are shown open, and with their tensors, folded.
OPEN, WITH_TENSORS = 3, 12
#: Names in the first line.
NAMES = 6


@dataclass(frozen=True)
class Part:
    """Some lines of the report; those of the highest rank are left out first."""

    rank: int
    lines: Sequence[str]


def to_markdown(result: VerifyResult, links: Links | None = None) -> str:
    """Returns a run as Markdown: verdict, where it differs, table of cases, details folded.

    Args:
        result: The run.
        links: Where lines of the trees can be read; none if not given.
    """
    links = links or Links()
    bad = [case for case in result.cases if not case.status.is_good]
    parts = [Part(0, _title(result, bad))]
    told = places.Told()
    parts += [Part(1, failure(case, links, told)) for case in bad[:OPEN]]
    if any(not case.steps for case in result.cases):
        parts.append(Part(0, markdown_tables.cases_table(result)))
    for steps, cases in by_steps(result.cases).items():
        parts.append(Part(1, markdown_tables.training_table(steps, cases)))
    parts += [Part(3, _folded_case(case, links, told)) for case in bad[OPEN:WITH_TENSORS]]
    parts += [Part(4, _tensors(case)) for case in bad[:OPEN]]
    parts.append(Part(2, markdown_more.more(result)))
    return _joined([part for part in parts if part.lines], _left_out(bad))


def _title(result: VerifyResult, bad: Sequence[CaseResult]) -> list[str]:
    sign, word = ("✅", "equal") if result.is_equal else ("❌", "not equal")
    verdict = escaped(result.verdict())
    if bad:
        names = ", ".join(code(case.name) for case in bad[:NAMES])
        more = f" and {len(bad) - NAMES} more" if len(bad) > NAMES else ""
        verdict = f"{len(bad)} of {len(result.cases):,} cases not equal: {names}{more}."
    lines = [marker(result), f"### {sign} slimport verify: {word}", "", f"**{verdict}**"]
    if result.base:
        lines[-1] += f" {escaped(wording.base_in_words(result))}."
    return lines


def marker(result: VerifyResult) -> str:
    """Returns the first line, by which a later run finds the comment that it replaces."""
    name = Path(result.cases_file).name.replace("--", "-").replace(">", "")
    return f"<!-- slimport verify: {name or 'cases'} -->"


def _folded_case(case: CaseResult, links: Links, told: places.Told) -> list[str]:
    title = f"{html_code(case.name)}: {case.status.value}"
    return folded(title, [*failure(case, links, told)[2:], "", *_tensor_tables(case)])


def _tensors(case: CaseResult) -> list[str]:
    lines = _tensor_tables(case)
    return folded(f"{html_code(case.name)}: what is outside its tolerance", lines) if lines else []


def _tensor_tables(case: CaseResult) -> list[str]:
    return [line for mode in case.modes for line in markdown_tables.tensors_table(mode)]


def _left_out(bad: Sequence[CaseResult]) -> str:
    count = len(bad) - WITH_TENSORS
    return (
        f"Details of {wording.plural(count, 'more case')} are in the full report."
        if count > 0
        else ""
    )


def _joined(parts: Sequence[Part], last: str) -> str:
    """Joins the parts; what does not fit goes, the last part of the highest rank first."""
    left, gone = list(parts), 0
    while _length(left) > LIMIT and any(part.rank for part in left):
        rank = max(part.rank for part in left)
        place = max(k for k, part in enumerate(left) if part.rank == rank)
        del left[place]
        gone += 1
    lines = [line for part in left for line in (*part.lines, "")]
    if gone:
        last = f"{wording.plural(gone, 'part')} did not fit: see the full report. {last}"
    lines += [last.strip(), ""] if last else []
    return clipped("\n".join(lines), LIMIT + 2_000)


def _length(parts: Sequence[Part]) -> int:
    return sum(len(line) + 1 for part in parts for line in (*part.lines, ""))
