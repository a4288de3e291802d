"""The report of the numbers, as Markdown."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.training_curve.comparison import Comparison, Measure


def markdown(found: Comparison, picture: str) -> str:
    parts = ["# The detector trained, old and migrated", f"![Losses and mAP]({picture})"]
    parts += [every_run(found), by_difference(found), *findings(found)]
    return "\n\n".join(parts) + "\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def every_run(found: Comparison) -> str:
    """A row for each run."""
    rows = []
    for index, seed in enumerate(found.seeds):
        for side in found.curves:
            values = [f"{getattr(measure, side)[index]:.3f}" for measure in found.measures]
            rows.append([f"start {seed}, {side}", *values])
        if not index:
            moved = [f"{measure.moved:.3f}" for measure in found.measures]
            rows.append([f"start {seed} moved by one ulp, legacy", *moved])
    return table(["run", *(measure.name for measure in found.measures)], rows)


def by_difference(found: Comparison) -> str:
    """What the runs say of the sides, beside what starts and one ulp do on one side."""
    lines: dict[str, Callable[[Measure], str]] = {
        "legacy, mean of the starts": lambda of: f"{of.legacy.mean():.3f}",
        "migrated, mean of the starts": lambda of: f"{of.migrated.mean():.3f}",
        "migrated less legacy, by start": lambda of: ", ".join(f"{d:+.3f}" for d in of.differences),
        "their mean": lambda of: f"{of.differences.mean():+.3f}",
        "standard error of that": lambda of: f"{of.error:.3f}",
        "95 % interval": interval,
        "signed-rank test, p": lambda of: f"{of.rank_p:.3f}",
        "between starts, legacy (standard deviation)": lambda of: f"{of.legacy.std(ddof=1):.3f}",
        "between starts, migrated": lambda of: f"{of.migrated.std(ddof=1):.3f}",
        "one ulp, legacy less legacy": lambda of: f"{of.one_ulp:+.3f}",
    }
    rows = [[name, *map(of, found.measures)] for name, of in lines.items()]
    return table(["", *(measure.name for measure in found.measures)], rows)


def interval(measure: Measure) -> str:
    mean = measure.differences.mean()
    return f"{mean - measure.half_width:+.3f} to {mean + measure.half_width:+.3f}"


def findings(found: Comparison) -> list[str]:
    """What follows from the numbers, and what does not."""
    apart = [measure for measure in found.measures if measure.told_apart]
    sentences = [
        f"{measure.name}: the sides differ by {measure.differences.mean():+.3f}, more than the "
        "starts explain (as one measure in twenty does by chance). Look for the cause."
        for measure in apart
    ]
    if len(apart) < len(found.measures):
        names = ", ".join(measure.name for measure in found.measures if not measure.told_apart)
        sentences.append(
            f"Not told apart by {len(found.seeds)} starts: {names}. A difference within the 95 % "
            "interval is not excluded; equality is shown by the steps that `slimport verify` "
            "compares, not by this."
        )
    sentences.append(
        "Begun one ulp beside its first start (threads order its batches anew, too), the legacy "
        f"program differs from itself by: {'; '.join(map(beside, found.measures))}."
    )
    sentences.append(
        "The programs of both sides read the last checkpoint of each run; their numbers (mAP, and "
        f"what eval.py prints) are {found.readers_apart:.2g} apart at most."
    )
    return sentences


def beside(measure: Measure) -> str:
    """One ulp beside the differences between the sides."""
    smaller = int((abs(measure.differences) <= abs(measure.one_ulp)).sum())
    between = f"{smaller} of the {len(measure.differences)} differences between the sides"
    return f"{measure.name} {measure.one_ulp:+.3f}, no less than {between}"
