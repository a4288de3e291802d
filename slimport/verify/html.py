"""The report as one self-contained page."""

from __future__ import annotations

from pathlib import Path

from slimport.verify import plots, training_plots
from slimport.verify.growth import apart, by_steps
from slimport.verify.result import CaseResult, ModeResult, TensorResult, VerifyResult
from slimport.verify.wording import PLACES, number, when

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

GROUP_TITLES = {
    "variable": "Variables",
    "output": "Outputs, in build order",
    "regularisation": "Regularisation losses",
    "update": "Updates of moving statistics",
    "loss": "Losses",
    "gradient": "Gradients",
    "learning rate": "Learning rates",
    "slot": "Slots of optimizers",
    "weight": "Trained variables",
    "statistic": "Other variables",
    "average": "Moving averages of variables",
    "counter": "Counters",
}

#: Scatter plots in the page.
SCATTERS = 4
#: Rows of a table that are shown at once; the others are folded.
ROWS = 40


def to_html(result: VerifyResult) -> str:
    """Returns a run as an HTML page without references to anything outside it."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(number=number, id=id, when=when)
    environment.globals.update(apart=apart)
    return environment.get_template(TEMPLATE).render(
        result=result,
        mode_titles=MODE_TITLES,
        group_titles=GROUP_TITLES,
        overview=plots.overview(result.cases),
        depth={
            id(mode): plots.error_by_depth(mode) for case in result.cases for mode in case.modes
        },
        scatters=[(label, plots.scatter(t), t) for label, t in _worst(result)],
        trained={
            id(mode): training_plots.steps_of(mode, case.steps)
            for case in result.cases
            for mode in case.modes
        },
        by_steps=by_steps(result.cases),
        places=PLACES,
        rows=ROWS,
        shown=shown_groups,
        summary=summary,
        environment_names=_environment_names(result),
    )


def _worst(result: VerifyResult) -> list[tuple[str, TensorResult]]:
    """The tensors nearest to their tolerance, or furthest beyond, of all cases."""
    found = [
        (f"{case.name}, {MODE_TITLES.get(mode.mode, mode.mode).lower()}", tensor)
        for case in result.cases
        for mode in case.modes
        for tensor in mode.tensors
        if tensor.sample is not None and len(tensor.sample.old) > (8 if case.steps else 1)
    ]
    return sorted(found, key=lambda pair: -pair[1].severity)[:SCATTERS]


def shown_groups(mode: ModeResult) -> list[tuple[str, list[TensorResult], list[TensorResult]]]:
    """Returns the tables of a mode: title, rows shown, rows folded.

    Failing tensors come first, then the worst; variables show only where they fail. Outputs stay
    in build order.
    """
    tables: list[tuple[str, list[TensorResult], list[TensorResult]]] = []
    for group, title in GROUP_TITLES.items():
        tensors = mode.of(group)
        bad = [tensor for tensor in tensors if not tensor.status.is_good]
        if not tensors:
            continue
        if group == "output":
            tables.append((title, tensors, []))
        elif group == "variable":
            if bad:
                tables.append((title, bad[:ROWS], bad[ROWS:]))
        else:
            ordered = sorted(tensors, key=lambda tensor: -tensor.severity)
            count = max(8, min(len(bad), ROWS))
            tables.append((title, ordered[:count], ordered[count:]))
    return tables


def summary(case: CaseResult) -> str:
    """Returns what a case compared, in a line."""
    parts = [f"{case.parameters:,} parameters"]
    if case.matched_variables:
        parts.insert(0, f"{case.matched_variables} variables matched by name and shape")
    if case.steps:
        parts.append(f"{case.steps[-1]} steps")
    if case.inputs:
        parts.append("input " + ", ".join(case.inputs))
    built = {mode.built for mode in case.modes if mode.built}
    if built and not case.steps:
        parts.append(f"new side: {' and '.join(sorted(built))} model")
    return " · ".join(parts)


def _environment_names(result: VerifyResult) -> list[str]:
    order = ["python", "tensorflow", "keras", "tf_keras", "tf_slim", "numpy", "onednn", "platform"]
    found = {name for side in result.environments.values() for name in side}
    return [name for name in order if name in found]
