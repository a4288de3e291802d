"""The report as one self-contained page."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slimport.verify.faces import (
    cost_plots,
    cost_words,
    excerpts,
    places,
    plots,
    training_plots,
    wording,
)
from slimport.verify.faces.growth import apart, by_steps
from slimport.verify.faces.html_tables import Room, environment_names, summary
from slimport.verify.result import (
    CaseResult,
    Divergence,
    ModeResult,
    Status,
    TensorResult,
    VerifyResult,
)

TEMPLATE = "report.html.j2"

MODE_TITLES = {
    "inference": "Inference",
    "training": "Training",
    "inference_from_training": "Inference, model built for training",
    "graph_inference": "Inference in a TensorFlow 1 graph",
    "graph_training": "Training in a TensorFlow 1 graph",
    "steps": "Steps of fit",
    "graph_steps": "Steps in a TensorFlow 1 graph",
}

#: Tensors drawn one by one, modes that have plots, and cases and failures that are described.
SCATTERS, PLOTTED, FAILING = 6, 30, 30
#: Names of cases that a failure stops, before the others are folded.
NAMES = 12


class Failure(NamedTuple):
    """What kept a side from running, and what that stopped."""

    side: str
    trace: str
    stopped: list[wording.Stopped]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it apart."""
        return self.side, self.trace

    @property
    def last(self) -> str:
        """What was being done, and the error, in a line."""
        lines = self.trace.strip().splitlines()
        return f"{lines[0]}: {lines[-1]}" if len(lines) > 1 else self.trace.strip()


def to_html(result: VerifyResult) -> str:
    """Returns a run as an HTML page without references to anything outside it."""
    import jinja2

    folder = Path(__file__).parent
    anchors = {id(case): f"case-{place}" for place, case in enumerate(result.cases)}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        number=wording.number,
        factor=wording.factor,
        when=wording.when,
        floor=wording.floor_of,
        ratio=wording.ratio_of,
        mode_title=lambda mode: MODE_TITLES.get(mode.mode, mode.mode),
        place=lambda mode: wording.PLACES.get(mode.mode, mode.mode),
        css=lambda status: status.value.split(" ")[0],
        anchor=lambda case: anchors[id(case)],
        id=id,
    )
    texts = {name: (folder / f"report.{name}").read_text("utf-8") for name in ("css", "js")}
    return environment.get_template(TEMPLATE).render(
        {**_content(result), "css_text": texts["css"], "script": texts["js"]}
    )


def _content(result: VerifyResult) -> dict[str, Any]:
    modes = _by_need(result)
    plotted = modes[:PLOTTED]
    stopped = wording.stopped(result.cases)
    bad = [case for case in result.cases if _differs(case)]
    counts = wording.counted(result)
    return {
        "result": result,
        "counts": counts,
        "outside": sum(count for status, count in counts.items() if not status.is_good),
        "noise": counts[Status.NOISE],
        "base": wording.base_in_words(result),
        "seeds": wording.seeds(result),
        "old_tree": wording.short_base(result) or result.old,
        "failures": [Failure(*key, found) for key, found in stopped.items()],
        "failure_anchor": {key: f"failure-{place}" for place, key in enumerate(stopped)},
        "bad": bad,
        "kept_from_running": {
            id(one.case): key for key, ones in stopped.items() for one in ones if one.mode is None
        },
        "notes_of": wording.notes_of,
        "failing": FAILING,
        "failing_title": "Where it differs" if bad else "What fails",
        "names_shown": NAMES,
        "lines_of": places.lines_of,
        "excerpt": functools.partial(excerpts.excerpt, result),
        "parted": _parted,
        "linked_rules": _linked_rules,
        "rules": places.rules_in(result),
        "apart": apart,
        "by_steps": by_steps(result.cases),
        "overview": plots.overview(result.cases),
        "overview_limit": plots.CASES,
        "scatters": [(label, plots.scatter(t), t) for label, t in _worst(result)],
        "cost_plot": cost_plots.cost_of(result.cases),
        "measures": cost_words.measures,
        "shown": cost_words.shown,
        "depth": {id(mode): plots.error_by_depth(mode) for _, mode in plotted},
        "trained": {id(mode): training_plots.steps_of(mode, case.steps) for case, mode in plotted},
        "not_plotted": len(modes[PLOTTED:]),
        "room": Room(),
        "summary": summary,
        "environment_names": environment_names(result),
        "ordered": _failing_first(result.cases),
    }


def _differs(case: CaseResult) -> bool:
    """Whether it is not equal, and not because a side failed alone."""
    return not case.status.is_good and (
        case.first_divergence is not None or not any(mode.errors for mode in case.modes)
    )


def _parted(case: CaseResult) -> tuple[Divergence, ...]:
    """Where the sides part, in the first mode that tells it."""
    return next((mode.divergences for mode in case.modes if mode.divergences), ())


def _linked_rules(words: str) -> Any:
    """Words in which codes of rules lead to what the page says of them."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"\b(SLIM\d{3})\b", r'<a href="#rule-\1">\1</a>', str(escape(words))))


def _by_need(result: VerifyResult) -> list[tuple[CaseResult, ModeResult]]:
    """All modes of which both sides ran, those that fail first."""
    modes = [(case, mode) for case in result.cases for mode in case.modes if not mode.errors]
    return sorted(modes, key=lambda pair: pair[1].status.is_good)


def _failing_first(cases: Sequence[CaseResult]) -> list[CaseResult]:
    """Cases in the order in which they get room for their tables."""
    return sorted(cases, key=lambda case: case.status.is_good)


def _worst(result: VerifyResult) -> list[tuple[str, TensorResult]]:
    """The tensors nearest to their tolerance, or furthest beyond, of all cases."""
    found = [
        (f"{case.name}, {MODE_TITLES.get(mode.mode, mode.mode).lower()}", tensor)
        for case in result.cases
        for mode in case.modes
        for tensor in mode.tensors
        if tensor.max_abs
        and tensor.sample is not None
        and len(tensor.sample.old) > (8 if case.steps else 1)
    ]
    found.sort(key=lambda pair: -pair[1].severity)
    # Modes of a case, cases of one network, and one tensor under two names look alike.
    names = {tensor.name: (label, tensor) for label, tensor in reversed(found)}
    samples = {tensor.sample: (label, tensor) for label, tensor in names.values()}
    return sorted(samples.values(), key=lambda pair: -pair[1].severity)[:SCATTERS]
