"""For authors of references: a model of any framework on the old side of a comparison.

```python
from slimport.verify import reference

WEIGHTS = {"net/conv/weights": reference.Weight("conv.weight", "HWIO->OIHW")}

def variables(case): ...    # -> reference.Variables: what the model holds, by its own names
def run(given): ...         # reference.Given -> reference.Found

if __name__ == "__main__":
    reference.main(variables, run, WEIGHTS)
```

`main` answers the request: it draws the shared values under the new side's names, moves them to
where the reference has them, calls `run`, calls it again on values one unit in the last place away
for the noise floors, and gives everything back under the new side's names.

This module runs under CPython 3.7 with nothing but numpy. Its public names are `main`, `Weight`,
`Variables`, `Given`, `Found` and `rearranged`.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP007, UP035, UP045

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Union

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import perturbations, randomness, values, worker
from slimport.verify.workers.layout import Layout
from slimport.verify.workers.layout import rearranged as rearranged

Array = Any
Arrays = Dict[str, Array]

#: What a reference need not give: of the new side's, these are listed as not compared.
OPTIONAL = (protocol.OUTPUT, protocol.UPDATE, protocol.REGULARISATION, protocol.GRADIENT)
#: Name of the sum of all regularisation losses.
TOTAL = "total"


class Weight:
    """Where the reference has a variable of the new side.

    Args:
        name: Its name there.
        layout: How its axes lie on the new side and there, ``HWIO->OIHW``; see `layout`. Empty
            where they lie alike.
        **sizes: Sizes of axes that are joined there.
    """

    def __init__(self, name: str, layout: str = "", **sizes: int) -> None:
        self.name = name
        self.layout = Layout(layout, **sizes)


#: New side's name to the reference's; None where the reference has no such variable.
WeightMap = Mapping[str, Union[str, Weight, None]]


@dataclass
class Variables:
    """What a reference holds, by its own names: shapes, or anything that has a shape.

    Attributes:
        trained: What an optimizer would change.
        others: What it would not, such as moving statistics.
        alone: Names that are not to be compared, which the report lists.
    """

    trained: Mapping[str, Any]
    others: Mapping[str, Any] = field(default_factory=dict)
    alone: Sequence[str] = ()


@dataclass
class Given:
    """What a reference is to compute.

    Attributes:
        case: The case as the request has it: ``name``, ``entry``, ``args``, ``seed`` ...
        mode: ``inference`` or ``training``.
        inputs: The inputs, as the new side takes them.
        weights: Values of all variables, by the reference's names and in its layout.
        dtype: What is to be computed in: ``float32``, or ``float64`` where `main` was told that
            the reference can. Inputs and weights have it already.
    """

    case: Mapping[str, Any]
    mode: str
    inputs: List[Array]
    weights: Arrays
    dtype: str = "float32"

    @property
    def training(self) -> bool:
        """Whether the model is to run as in training: batch statistics, dropout."""
        return self.mode == protocol.TRAINING

    def direction(self, output: str, shape: Sequence[int], dtype: str = "float32") -> Array:
        """Returns what an output is multiplied by before all are summed up and differentiated.

        Args:
            output: Name of the output.
            shape: Its shape, as the new side has it.
            dtype: NumPy name of its dtype.
        """
        if output in self.case["no_gradient_outputs"]:
            return np.zeros(tuple(shape), dtype)
        return values.projection(output, shape, dtype, self.case["seed"])

    def kept(self, shape: Sequence[int], rate: float) -> Array:
        """Returns what dropout multiplies a tensor by: 0 where it drops, else 1 / (1 - rate).

        The mask is that of the new side for a tensor of this shape, as the new side has it.
        """
        drawn = randomness.drawn(self.case["seed"], tuple(shape))
        return (drawn >= rate).astype(self.dtype) * np.asarray(1.0 / (1.0 - rate), self.dtype)


@dataclass
class Found:
    """What a reference computed, in arrays or in tensors that become arrays.

    Attributes:
        outputs: By the new side's names and in its layout; ``output`` where that is a bare tensor.
        after: Of `Variables.others`, what they hold after the run, by the reference's names.
        gradients: Of `Variables.trained`, by the reference's names; see `Given.direction`.
        regularisation: Sum of the regularisation losses.
    """

    outputs: Mapping[str, Any]
    after: Mapping[str, Any] = field(default_factory=dict)
    gradients: Mapping[str, Any] = field(default_factory=dict)
    regularisation: Optional[Any] = None


def main(
    variables: Callable[[Any], Variables],
    run: Callable[[Given], Found],
    weights: WeightMap,
    float64: bool = False,
) -> None:
    """Answers the request that the command line names, and ends the process.

    Args:
        variables: Takes a case; returns what the reference holds for it.
        run: Computes one mode of a case. It must give the same for the same every time.
        weights: Where the reference has each variable of the new side.
        float64: Whether `run` can compute in double precision (`Given.dtype`), for ``--float64``.
    """

    def start(request: Any) -> worker.RunMode:
        return _Reference(variables, run, weights, float64, request["floor_runs"])

    sys.exit(worker.main(sys.argv, start))


@dataclass
class _Variable:
    """A variable under both names."""

    name: str
    there: Weight
    shape: List[int]
    dtype: str
    trained: bool


class _Reference:
    """Answers one mode of one case."""

    def __init__(
        self, variables: Any, run: Any, weights: WeightMap, float64: bool, floor_runs: int
    ) -> None:
        self._variables = variables
        self._run = run
        self._weights = weights
        self._float64 = float64
        self._floor_runs = floor_runs

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        if mode not in (protocol.INFERENCE, protocol.TRAINING):
            raise NotImplementedError(f"slimport.verify.reference has no mode {mode!r}")
        worker.Stage.enter("asking the reference for its variables")
        held = self._variables(case)
        pairs = _paired(held, self._weights)
        start = {
            pair.name: worker.start_value(case, pair.name, pair.shape, pair.dtype) for pair in pairs
        }
        inputs = worker.input_values(case)

        def results(start: Arrays, inputs: List[Array]) -> _Results:
            return self._results(case, mode, held, pairs, start, inputs)

        found = results(start, inputs)
        others = [results(*moved) for moved in _moved(self._floor_runs, start, inputs)]
        answer = protocol.Answer("reference")
        for pair in pairs:
            answer.variable(pair.name, pair.shape, pair.dtype, pair.trained)
        _put(answer, found, others)
        asked = bool(case.get("float64"))
        if self._float64 and (self._floor_runs or asked):
            double = protocol.Answer("reference")
            _put(double, results(*_doubled(start, inputs)), [])
            answer.add_double(double, keep=asked)
        elif asked:
            answer.meta["notes"].append("the reference does not compute in float64")
        missing: Any = dict.fromkeys(OPTIONAL, True)
        missing["variable"] = [name for name, there in self._weights.items() if there is None]
        answer.meta["not_given"] = missing
        if held.alone:
            answer.meta["notes"].append(
                f"of the reference alone, not compared: {', '.join(held.alone)}"
            )
        return answer

    def _results(
        self,
        case: Any,
        mode: str,
        held: Variables,
        pairs: List[_Variable],
        start: Arrays,
        inputs: List[Array],
    ) -> _Results:
        worker.Stage.enter("running the reference")
        there = {pair.there.name: pair.there.layout.there(start[pair.name]) for pair in pairs}
        kinds = {np.asarray(value).dtype for value in [*start.values(), *inputs]}
        dtype = "float64" if np.dtype("float64") in kinds else "float32"
        found = self._run(Given(case, mode, [np.array(x) for x in inputs], there, dtype))
        worker.Stage.enter("reading what the reference gives")
        outputs = {name: _array(value) for name, value in found.outputs.items()}
        if mode == protocol.INFERENCE:
            return _Results(outputs)
        trained = [pair for pair in pairs if pair.trained]
        fixed = [pair for pair in pairs if not pair.trained]
        given = {name: value for name, value in found.after.items() if name not in held.alone}
        after = _here("after", fixed, given)
        before = {pair.name: start[pair.name] for pair in fixed}
        total = found.regularisation
        return _Results(
            outputs,
            {name: _difference(value, before[name]) for name, value in after.items()},
            _here("gradients", trained, found.gradients),
            {} if total is None else {TOTAL: np.asarray(_array(total), dtype)},
            {name: _largest(value) for name, value in after.items()},
        )


@dataclass
class _Results:
    """Arrays of one run under the new side's names; `summed` are sizes of updated variables."""

    outputs: Arrays
    updates: Arrays = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)
    regularisation: Arrays = field(default_factory=dict)
    summed: Dict[str, float] = field(default_factory=dict)


def _paired(held: Variables, weights: WeightMap) -> List[_Variable]:
    """Brings the names of both sides together; what has no partner stays under its own name.

    Raises:
        ValueError: The weight map names what the reference does not have, or one thing twice.
    """
    left = {name: (held.trained[name], True) for name in held.trained}
    left.update((name, (held.others[name], False)) for name in held.others)
    for name in held.alone:
        left.pop(name, None)
    every = sorted(left)
    found = []
    for name, there in weights.items():
        if there is None:
            continue
        there = Weight(there) if isinstance(there, str) else there
        if there.name not in left:
            twice = "names it twice" if there.name in every else f"it has {', '.join(every)}"
            raise ValueError(f"weight map: no {there.name!r} for {name!r} ({twice})")
        found.append(_variable(name, there, *left.pop(there.name)))
    found += [_variable(name, Weight(name), *left[name]) for name in left]
    return found


def _variable(name: str, there: Weight, like: Any, trained: bool) -> _Variable:
    shape = [int(size) for size in getattr(like, "shape", like)]
    dtype = str(getattr(like, "dtype", "float32")).rpartition(".")[2]
    try:
        here = list(there.layout.shape_here(shape))
    except ValueError as error:
        raise ValueError(f"weight map: {name!r}: {error}") from error
    return _Variable(name, there, here, dtype, trained)


def _moved(runs: int, start: Arrays, inputs: List[Array]) -> Iterator[Any]:
    """The same values one unit in the last place away, for each run."""
    for number in range(runs):
        weights = {
            name: values.one_ulp_away(value, number, "v", place)
            for place, (name, value) in enumerate(start.items())
        }
        yield weights, [values.one_ulp_away(x, number, "i", n) for n, x in enumerate(inputs)]


def _doubled(start: Arrays, inputs: List[Array]) -> Any:
    """The same values in float64."""

    def double(value: Array) -> Array:
        value = np.asarray(value)
        return value.astype("float64") if value.dtype == np.float32 else value

    return {name: double(value) for name, value in start.items()}, [double(x) for x in inputs]


def _here(what: str, pairs: List[_Variable], given: Mapping[str, Any]) -> Arrays:
    """Arrays that a reference gives by its own names, by the new side's and in its layout."""
    known = {pair.there.name: pair for pair in pairs}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{what} of {', '.join(unknown)}: the reference has no such variables")
    found = {known[name].name: known[name].there.layout.here(_array(given[name])) for name in given}
    return {pair.name: found[pair.name] for pair in pairs if pair.name in found}


def _array(value: Any) -> Array:
    """Returns an array, a NumPy one or a tensor's."""
    if hasattr(value, "detach"):  # PyTorch's
        value = value.detach().cpu()
    return np.array(value)


def _difference(after: Array, before: Array) -> Array:
    return np.asarray(after, "float64") - np.asarray(before, "float64")


def _largest(value: Array) -> float:
    return float(np.abs(value).max()) if np.size(value) else 0.0


def _put(answer: protocol.Answer, found: _Results, others: List[_Results]) -> None:
    for group, attribute in (
        (protocol.OUTPUT, "outputs"),
        (protocol.UPDATE, "updates"),
        (protocol.GRADIENT, "gradients"),
        (protocol.REGULARISATION, "regularisation"),
    ):
        for order, (name, value) in enumerate(getattr(found, attribute).items()):
            moved = [getattr(other, attribute)[name] for other in others]
            floors = perturbations.floors(value, {perturbations.ULP: moved})
            summed = found.summed.get(name, 0.0) if group == protocol.UPDATE else 0.0
            answer.tensor(group, name, value, order, floors, summed=summed)
