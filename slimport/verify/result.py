"""What a comparison found: plain data that every face of the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from slimport.verify.protocol import RATE, STEP_MODES, TRAINING_GROUPS

#: Raised whenever a field of the JSON report changes its meaning or goes away.
SCHEMA_VERSION = 1

#: Cases that the verdict names.
NAMED = 8


class Status(StrEnum):
    """Outcome of one tensor, mode, case or run."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    EXTRA = "extra"
    NOISE = "noise"
    IGNORED = "ignored"
    FAILED = "failed"
    NOTHING = "nothing compared"

    @property
    def is_good(self) -> bool:
        """Whether this outcome lets the run pass."""
        return self in (Status.EQUAL, Status.NOISE, Status.IGNORED)


@dataclass(frozen=True)
class Sample:
    """Some elements of a tensor on both sides, for the plots."""

    old: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(frozen=True)
class Site:
    """A place in one of the two trees.

    Attributes:
        file: Path relative to the tree's root.
        line: Line, from 1.
        function: Function that the line is in; empty at module level.
        text: The line itself, stripped.
    """

    file: str
    line: int
    function: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Divergence:
    """Where the sides part: an operation whose inputs are equal and whose result is not.

    Attributes:
        group: Group of the tensor that shows it.
        name: Name of that tensor.
        operation: What computes something else, on the new side: a layer, an operation, a variable.
        new: Places in the migrated tree, the line that makes the operation first, then its callers.
        defaults: Places in the migrated tree where defaults of that operation are set.
        old: Places in the legacy tree, likewise.
        rules: Codes of the rules that wrote the first of `new`, such as ``SLIM101``.
        why: What is known to be unlike, such as ``padding SAME became VALID``; may be empty.
    """

    group: str
    name: str
    operation: str = ""
    new: tuple[Site, ...] = ()
    defaults: tuple[Site, ...] = ()
    old: tuple[Site, ...] = ()
    rules: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class SideCost:
    """What one side of a case costs.

    Attributes:
        parameters: Number of elements of all variables.
        build_seconds: Building the graph or model, imports aside.
        first_call_seconds: The first inference, tracing and optimizing included.
        inference_seconds: Each measured inference.
        step_seconds: Each measured forward and backward pass with its updates; empty where a case
            has no gradients.
        peak_bytes: Largest resident size of the process while it ran, less that before building;
            None where the system does not tell.
    """

    parameters: int
    build_seconds: float
    first_call_seconds: float
    inference_seconds: tuple[float, ...] = ()
    step_seconds: tuple[float, ...] = ()
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Cost:
    """What both sides of a case cost, measured in turns."""

    old: SideCost
    new: SideCost


@dataclass(frozen=True)
class TensorResult:
    """One tensor of one mode, compared.

    Attributes:
        group: ``output``, ``update``, ``regularisation``, ``gradient``, ``variable`` or
            ``initial`` (what a variable begins with); in a training case also ``loss``,
            ``learning rate``, ``slot``, ``weight``, ``statistic``, ``average`` and ``counter``.
        name: Endpoint name, or legacy variable name.
        order: Place in the old side's build order, within the group.
        status: The outcome.
        shape: Shape on the old side (new side where the old one lacks it).
        dtype: Dtype on the old side, or ``old -> new`` where they differ.
        max_abs: Largest absolute difference; None where none can be taken.
        scale: Largest absolute value on the old side; for what a training case holds after a
            step, its largest change there since the start.
        tolerance: Largest absolute difference that passes.
        floor: What one ulp in inputs and weights did to this tensor on the old side.
        why: What the tolerance rests on, and the reason of a failure.
        sample: Elements for a scatter plot, kept for few tensors only.
        step: In a training case the step after which it was read, the last one of a curve.
        floors: What each perturbation of the old side did to this tensor: ``ulp``, ``grappler``,
            ``float64``; ``float32`` is the least that float arithmetic does, ``stored`` what the
            variable that an update is added to rounds. Absolute; `floor` is the largest.
        double: Largest difference with both sides in float64, relative to the scale; None where
            that was not run or cannot be.
    """

    group: str
    name: str
    order: int
    status: Status
    shape: tuple[int, ...] = ()
    dtype: str = ""
    max_abs: float | None = None
    scale: float | None = None
    tolerance: float | None = None
    floor: float | None = None
    why: str = ""
    sample: Sample | None = None
    step: int | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    double: float | None = None

    @property
    def ratio(self) -> float | None:
        """Largest difference over the noise floor; None where there is no floor."""
        if self.max_abs is None or self.floor is None:
            return None
        if self.floor == 0.0:
            return 0.0 if self.max_abs == 0.0 else float("inf")
        return self.max_abs / self.floor

    @property
    def relative(self) -> float | None:
        """Largest difference over the tensor's scale: the smallest tolerance that would pass."""
        if self.max_abs is None or self.scale is None:
            return None
        if self.scale == 0.0:
            return 0.0 if self.max_abs == 0.0 else float("inf")
        return self.max_abs / self.scale

    @property
    def relative_tolerance(self) -> float | None:
        """The tolerance over the tensor's scale."""
        if self.tolerance is None or not self.scale:
            return None
        return self.tolerance / self.scale

    @property
    def severity(self) -> float:
        """Difference over tolerance: above 1 it fails. Orders tensors from worst to best."""
        if self.max_abs is None:
            return 0.0 if self.status.is_good else float("inf")
        if self.max_abs == 0.0:
            return 0.0
        return self.max_abs / self.tolerance if self.tolerance else float("inf")


def _weight(tensor: TensorResult) -> tuple[float, bool, float]:
    """Orders tensors from best to worst; of those without a difference those with a floor last."""
    return tensor.severity, bool(tensor.floor), tensor.tolerance or 0.0


@dataclass(frozen=True)
class Curves:
    """The loss of every step of a training case.

    Attributes:
        old: Of the old side.
        new: Of the new side.
        spread: How far the old side's other runs are from it, in each step.
    """

    old: tuple[float, ...]
    new: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass
class ModeResult:
    """One mode of one case.

    Attributes:
        mode: One of the modes of `protocol`.
        status: The outcome.
        tensors: Every tensor, in build order within its group.
        built: How the new side was built: ``functional``, ``traced`` or ``graph``.
        errors: Traceback by side, where one failed.
        notes: What limits the comparison.
        seconds: Time that each side took, building included.
        curves: The losses of a training case.
        divergences: Where the sides part, the first one first; more than one only where later
            parts of the new side were fed what the old side computes.
    """

    mode: str
    status: Status
    tensors: list[TensorResult] = field(default_factory=list)
    built: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    curves: Curves | None = None
    divergences: tuple[Divergence, ...] = ()

    def of(self, group: str) -> list[TensorResult]:
        """Returns the tensors of one group."""
        return [tensor for tensor in self.tensors if tensor.group == group]

    @property
    def first_divergence(self) -> TensorResult | None:
        """The first tensor that fails: variables, outputs in build order, then the others.

        Gradients are searched against build order, as they flow. A training case is searched step
        by step, in the order in which a step makes things.
        """
        if self.mode in STEP_MODES:
            # No loss moves a learning rate: between two recorded steps it is the other way round.
            groups = ("variable", RATE, *TRAINING_GROUPS)
            bad = [tensor for tensor in self.tensors if not tensor.status.is_good]
            return min(
                bad, key=lambda t: (t.step or 0, groups.index(t.group), t.order), default=None
            )
        flow = ("regularisation", "update", "gradient", "input gradient", "initial")
        for group in ("variable", "output", *flow):
            bad = [tensor for tensor in self.of(group) if not tensor.status.is_good]
            if bad:
                sign = -1 if group == "gradient" else 1
                # A total of regularisation is the sum of what is to be named before it.
                return min(bad, key=lambda t: (t.name == "total", sign * t.order))
        return None

    @property
    def matched_variables(self) -> tuple[int, int, int]:
        """Variables with a partner of the same name and shape; all old ones; extra new ones."""
        found = self.of("variable")
        extra = sum(variable.status is Status.EXTRA for variable in found)
        matched = sum(variable.status.is_good for variable in found)
        return matched, len(found) - extra, extra

    @property
    def worst(self) -> TensorResult | None:
        """The tensor that comes nearest to its tolerance, or exceeds it most.

        Among those that do not differ at all, one that rounding moves.
        """
        compared = [tensor for tensor in self.tensors if tensor.max_abs is not None]
        return max(compared, key=_weight, default=None)


@dataclass
class CaseResult:
    """One case of the case file.

    Attributes:
        name: Its name.
        old_entry: What the old side calls.
        new_entry: What the new side calls.
        status: The worst outcome of its modes.
        modes: Each mode's outcome.
        variables: Number of variables of the old side.
        parameters: Number of their elements.
        inputs: Dtype, shape and kind of each input.
        steps: Recorded steps of a training case.
        seed: Seed of its weights and inputs.
        cost: Time and memory; None where they were not measured.
    """

    name: str
    old_entry: str
    new_entry: str
    status: Status
    modes: list[ModeResult] = field(default_factory=list)
    variables: int = 0
    parameters: int = 0
    inputs: list[str] = field(default_factory=list)
    steps: tuple[int, ...] = ()
    seed: int = 0
    cost: Cost | None = None

    @property
    def matched_variables(self) -> str:
        """How many variables of the old side have their partner: ``275/275``, and extra ones."""
        counts = [mode.matched_variables for mode in self.modes if mode.of("variable")]
        if not counts:
            return ""
        matched, all_old, extra = min(counts, key=lambda count: (count[0] - count[1], -count[2]))
        return f"{matched}/{all_old}" + (f" +{extra}" if extra else "")

    @property
    def failure(self) -> str:
        """The first failure of a side in a line; empty where both sides ran."""
        for mode in self.modes:
            for side, trace in mode.errors.items():
                lines = trace.strip().splitlines()
                return f"the {side} side failed {lines[0]}: {lines[-1]}"
        return ""

    @property
    def first_divergence(self) -> tuple[ModeResult, TensorResult] | None:
        """The first tensor that fails, in the first mode where one does."""
        for mode in self.modes:
            found = mode.first_divergence
            if found is not None:
                return mode, found
        return None


@dataclass
class VerifyResult:
    """A whole run of `slimport verify`.

    Attributes:
        cases_file: Path of the case file.
        old: Root of the legacy tree.
        new: Root of the migrated tree.
        seed: Seed of the case file, or of the command line.
        status: The worst outcome of its cases.
        cases: Each case's outcome.
        environments: Versions of each side.
        seconds: Time of the whole run.
        base: Revision that the old tree was taken from; empty where it is a folder.
        case_text: Text of the case file that was made because none was given.
    """

    cases_file: str
    old: str
    new: str
    seed: int
    status: Status
    cases: list[CaseResult] = field(default_factory=list)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    seconds: float = 0.0
    base: str = ""
    case_text: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether every case was compared and is equal."""
        return self.status is Status.EQUAL

    def count(self, group: str) -> int:
        """Number of comparisons of one group over all cases and modes."""
        return sum(len(mode.of(group)) for case in self.cases for mode in case.modes)

    def verdict(self) -> str:
        """Returns the outcome in one sentence."""
        total = len(self.cases)
        if self.is_equal:
            tensors = [t for case in self.cases for mode in case.modes for t in mode.tensors]
            noise = sum(tensor.status is Status.NOISE for tensor in tensors)
            cases = "The one case is" if total == 1 else f"All {total} cases are"
            text = f"{cases} equal: {len(tensors):,} comparisons, none outside its tolerance."
            return f"{text} {noise:,} of them hold only noise." if noise else text
        if total == 0:
            return "Nothing was compared."
        bad = [case.name for case in self.cases if case.status is not Status.EQUAL]
        more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        return f"{len(bad)} of {total} cases not equal: {', '.join(bad[:NAMED])}{more}."
