"""How every face of the report says a thing: names, numbers, and a tensor in a line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from slimport.verify.faces.growth import apart
from slimport.verify.protocol import GRADIENT, LOSS, RATE
from slimport.verify.result import CaseResult, ModeResult, Status, TensorResult, VerifyResult

MODE_NAMES = {
    "inference": "inference",
    "training": "training",
    "inference_from_training": "inference *",
    "graph_inference": "inference, graph",
    "graph_training": "training, graph",
    "steps": "steps of fit",
    "graph_steps": "steps in a graph",
}

#: What the star behind a mode's name means.
STAR = "the model that was built for training, called with training=False"

_HASH = re.compile(r"\b[0-9a-f]{40}\b")

#: Where a migrated program trains.
PLACES = {"steps": "fit", "graph_steps": "graph"}


def number(value: float | None) -> str:
    """Returns a difference as a report shows it: two digits, zero as 0."""
    if value is None:
        return "–"
    if value == 0.0:
        return "0"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if 10 <= value < 10_000:
        return f"{value:.0f}"
    return f"{value:#.2g}" if 1e-2 <= value < 10 else _short(value, 1)


def factor(value: float | None) -> str:
    """Returns a ratio as a report shows it: 0.42, 3.1, 250, 3.1e+06."""
    if value is None or not math.isfinite(value) or value < 0.01 or value >= 10_000:
        return number(value)
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def ratio_of(tensor: TensorResult | None) -> str:
    """Returns how many times its noise floor a difference is, where there is a floor."""
    return factor(tensor.ratio if tensor is not None and tensor.floor else None)


def floor_of(tensor: TensorResult | None) -> float | None:
    """Returns a tensor's noise floor relative to its scale."""
    if tensor is None or tensor.floor is None or not tensor.scale:
        return None
    return tensor.floor / tensor.scale


def plural(count: int, noun: str) -> str:
    """Returns a count and its noun: ``1 case``, ``1,200 cases``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def base_in_words(result: VerifyResult) -> str:
    """Returns what stands on the two sides, where the old one comes from a revision."""
    return f"{short_base(result)} against the working tree" if result.base else ""


def short_base(result: VerifyResult) -> str:
    """Returns the revision of the old tree, hashes shortened."""
    return _HASH.sub(lambda found: found.group()[:10], result.base)


#: What every worker tells of itself.
ENVIRONMENT = (
    *("python", "tensorflow", "keras", "tf_keras", "tf_slim", "numpy", "onednn", "platform"),
    "executable",
)


def environment_line(result: VerifyResult, side: str) -> str:
    """Returns one side's tree and versions in a line."""
    found = result.environments.get(side, {})
    known = ["python", "tensorflow", "tf_keras" if side == "old" else "keras", "numpy"]
    names = [name for name in known if name in found]
    names += [name for name in found if name not in ENVIRONMENT]  # of a worker of the user's own
    versions = [f"{name} {found[name]}" for name in names]
    root = result.old if side == "old" else result.new
    if side == "old" and result.base:
        root = short_base(result)
    return f"{root} ({', '.join(versions) or 'did not start'})"


def seeds(result: VerifyResult) -> str:
    """Returns the seeds of weights and inputs: of the run, and of cases that have their own."""
    own = sorted({case.seed for case in result.cases} - {result.seed})
    more = f" (cases of their own: {', '.join(map(str, own))})" if own else ""
    return f"seed {result.seed}{more}"


def labelled(tensor: TensorResult) -> str:
    """Returns what a tensor is: its group, its name, and after which step it was read."""
    return f"{tensor.group} {tensor.name}{when(tensor)}"


def when(tensor: TensorResult) -> str:
    """Returns after which step a tensor was read, where its name does not say so."""
    of_curve = tensor.group in (LOSS, RATE, GRADIENT)
    return "" if tensor.step is None or of_curve else f" after step {tensor.step}"


def describe(tensor: TensorResult) -> str:
    """Returns one tensor's outcome in a line."""
    return f"{labelled(tensor)}: {outcome(tensor)}"


def outcome(tensor: TensorResult) -> str:
    """Returns how far a tensor is apart, and what it may be."""
    if tensor.max_abs is None:
        return f"{tensor.status.value}, {tensor.why}"
    return (
        f"{tensor.status.value}, max abs {number(tensor.max_abs)}, "
        f"{number(tensor.relative)} of scale {number(tensor.scale)}{_floor_words(tensor)}; "
        f"tolerance {number(tensor.relative_tolerance)} ({tensor.why})"
    )


def _floor_words(tensor: TensorResult) -> str:
    words = ""
    if tensor.floor:
        words += f", {factor(tensor.ratio)} times its floor"
    if tensor.double is not None:
        words += f", {number(tensor.double)} in float64"
    return words


def apart_in_words(mode: ModeResult, step: int) -> str:
    """Returns the largest difference after a step, and in brackets the rounding of that tensor."""
    if mode.errors:
        return "–"
    found = apart(mode, step)
    if found is None:
        return "noise"
    floor = "" if found.floor is None else f" ({_short(found.floor)})"
    return _short(found.relative) + floor


def _short(value: float, digits: int = 0) -> str:
    """A number with its power of ten, which has no zeros in front: 2.1e-7."""
    if value == 0:
        return "0"
    mantissa, power = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{int(power)}"


def title_of(case: CaseResult, mode: ModeResult) -> str:
    """Returns what a mode of a case is called: ``net, training``."""
    return f"{case.name}, {MODE_NAMES.get(mode.mode, mode.mode)}"


@dataclass(frozen=True)
class Stopped:
    """What a failure of a side stopped.

    Attributes:
        case: The case.
        mode: The mode, where others of the case ran; none where none did.
    """

    case: CaseResult
    mode: ModeResult | None = None

    @property
    def title(self) -> str:
        """The case, and the mode if that alone was stopped."""
        return self.case.name if self.mode is None else title_of(self.case, self.mode)


def stopped(cases: Iterable[CaseResult]) -> dict[tuple[str, str], list[Stopped]]:
    """Returns what each failure of a side stopped: cases, or modes where others of a case ran.

    Args:
        cases: All that a report tells of.

    Returns:
        What was stopped, by side and traceback.
    """
    found: dict[tuple[str, str], list[Stopped]] = {}
    for case in cases:
        failed: dict[tuple[str, str], list[ModeResult]] = {}
        for mode in case.modes:
            for failure in mode.errors.items():
                failed.setdefault(failure, []).append(mode)
        for failure, modes in failed.items():
            whole = len(modes) == len(case.modes)
            here = [Stopped(case)] if whole else [Stopped(case, mode) for mode in modes]
            found.setdefault(failure, []).extend(here)
    return found


def failing(mode: ModeResult) -> list[TensorResult]:
    """Returns a mode's tensors that fail, the first divergence first."""
    first = mode.first_divergence
    bad = [tensor for tensor in mode.tensors if not tensor.status.is_good]
    return bad if first is None else [first, *(tensor for tensor in bad if tensor is not first)]


def notes_of(case: CaseResult) -> list[str]:
    """Returns the notes of all modes of a case, each once."""
    return list(dict.fromkeys(note for mode in case.modes for note in mode.notes))


def counted(result: VerifyResult) -> dict[Status, int]:
    """Returns how many tensors of a run came out how."""
    found = dict.fromkeys(Status, 0)
    for case in result.cases:
        for mode in case.modes:
            for tensor in mode.tensors:
                found[tensor.status] += 1
    return found
