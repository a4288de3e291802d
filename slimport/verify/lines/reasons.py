"""Why two operations make something else of the same data, as far as their description tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from slimport.verify.lines.divergence import Parting
from slimport.verify.lines.matching import Matches
from slimport.verify.lines.traced import Operation, Trace
from slimport.verify.workers import sketch

_WINDOWS = ("Conv2D", "Conv3D", "DepthwiseConv2D", "Conv2DBackpropInput", "Conv3DBackpropInputV2")
_POOLS = ("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolV2")
_ACTIVATIONS = (
    *("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign"),
    *("Softmax", "LogSoftmax"),
)
#: Operations that change a network where they are added to it.
_NOTABLE = (
    *(*_ACTIVATIONS, *_POOLS, "Pad", "MirrorPad", "PadV2", "StridedSlice", "Slice", "ReverseV2"),
    *("Transpose", "Square", "Rsqrt", "Exp", "Neg", "ClipByValue", "LRN"),
)
_STEPS = 6
_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "ArgMax", "ArgMin", "All", "Any")


def reason(found: Parting, new: Trace, old: Trace, matches: Matches) -> str:
    """Returns what is unlike, in a few words; empty where nothing is known."""
    if found.takes or found.new is None or found.old is None:
        return found.takes
    swapped = _swapped(found.new, found.old, matches)
    if swapped:
        return swapped
    mine, theirs = _layer(new, found.new, matches), _layer(old, found.old, None)
    if _is_new(new, found.new, old, theirs):
        return f"{found.new.type} is new"
    facts, others = _facts(new, mine), _facts(old, theirs)
    unlike = [
        f"{key} {_shown(others[key])} became {_shown(facts[key])}"
        for key in others
        if key in facts and not _is_alike(others[key], facts[key])
    ]
    unlike += [] if unlike else _activations(new, mine, theirs)
    if not unlike:
        unlike = _other_constant(found, new, old) or _arithmetic(mine, theirs)
    return "; ".join(unlike)


def _layer(trace: Trace, first: Operation, matches: Matches | None) -> list[Operation]:
    """Operations that the same line made of an operation's result, with constants beside them."""
    found, stack = {first.name: first}, [first]
    while stack:
        operation = stack.pop()
        for tensor in operation.outputs:
            if operation is not first and matches is not None and matches.of(tensor.name):
                continue  # both sides have it again
            for taker in trace.takers(tensor.name):
                if taker.site == first.site and taker.name not in found:
                    found[taker.name] = taker
                    stack.append(taker)
    return sorted(found.values(), key=lambda operation: operation.order)


def _facts(trace: Trace, operations: list[Operation]) -> dict[str, Any]:
    """What decides on the result of a layer, by a name that a reader understands."""
    facts: dict[str, Any] = {}
    for operation in operations:
        attributes = operation.attributes
        if operation.type in (*_WINDOWS, *_POOLS):
            facts["pooling"] = operation.type if operation.type in _POOLS else None
            for name, key in (("padding", "padding"), ("strides", "strides"), ("ksize", "window"),
                              ("dilations", "dilations")):  # fmt: skip
                facts.setdefault(key, attributes.get(name))
            facts.setdefault("dilation by blocks", False)
        if "epsilon" in attributes:
            facts.setdefault("epsilon", attributes["epsilon"])
        if "is_training" in attributes:
            facts.setdefault("batch statistics", attributes["is_training"])
        if operation.family == "Resize":
            facts["method"] = operation.type
            for name in ("align_corners", "half_pixel_centers"):
                facts[name] = attributes.get(name, False)
        if operation.type == "LeakyRelu":
            facts["alpha"] = attributes.get("alpha")
        if operation.type == "ConcatV2":
            facts["axis"] = _axis(trace, operation, operation.inputs[-1])
        if operation.type in _REDUCTIONS and len(operation.inputs) > 1:
            facts["axis"] = _axis(trace, operation, operation.inputs[1])
        if operation.family in ("Pad", "MirrorPad"):
            facts["paddings"] = _constant(trace, operation.inputs[1])
            facts["mode"] = attributes.get("mode", "CONSTANT")
        if operation.type == "Transpose":
            facts["permutation"] = _constant(trace, operation.inputs[1])
    facts.setdefault("epsilon", _epsilon(trace, operations))
    facts.setdefault("rate", _rate(trace, operations))
    return {key: value for key, value in facts.items() if value is not None}


def _axis(trace: Trace, operation: Operation, tensor: str) -> Any:
    """An axis, or several, counted from the front."""
    value = _constant(trace, tensor)
    shape = trace.tensors[operation.inputs[0]].shape
    if value is None or shape is None:
        return value
    several = [value] if isinstance(value, int) else list(value)
    counted = sorted(axis + len(shape) if axis < 0 else axis for axis in several)
    return counted[0] if len(counted) == 1 else counted


def _constant(trace: Trace, tensor: str) -> Any:
    maker = trace.maker(tensor)
    if maker.type == "Identity":
        maker = trace.maker(maker.inputs[0])
    return maker.value


def _epsilon(trace: Trace, operations: list[Operation]) -> Any:
    """What is added to a variance in front of its root, be it of variables or of the batch."""
    for operation in _with_beside(trace, operations):
        if operation.type in ("Rsqrt", "Sqrt"):
            maker = trace.maker(operation.inputs[0])
            values = [_constant(trace, name) for name in maker.inputs]
            small = [v for v in values if isinstance(v, float) and 0.0 < v < 1.0]
            if maker.family == "Add" and small:
                return small[0]
    return None


def _rate(trace: Trace, operations: list[Operation]) -> Any:
    """What random numbers are compared to by a dropout."""
    for operation in _with_beside(trace, operations):
        if operation.type == "GreaterEqual":
            value = _constant(trace, operation.inputs[1])
            if isinstance(value, float):
                return value
    return None


def _with_beside(trace: Trace, operations: list[Operation]) -> Iterable[Operation]:
    for operation in operations:
        yield operation
        yield from trace.beside(operation)


def _is_alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=1e-5, atol=0.0))
    return bool(one == other)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _swapped(mine: Operation, theirs: Operation, matches: Matches) -> str:
    """Says that two operations take the same in another order."""
    if mine.family != theirs.family or mine.family not in ("ConcatV2", "Sub", "Div", "Pack"):
        return ""
    data = [name for name in mine.inputs if matches.of(name)]
    other = [name for name in theirs.inputs if name in {o for n in data for o in matches.of(n)}]
    if len(data) != len(other) or len(data) < 2:
        return ""
    in_place = [b in matches.of(a) for a, b in zip(data, other, strict=True)]
    found = all(any(b in matches.of(a) for b in other) for a in data)
    return "inputs swapped" if found and not all(in_place) else ""


def _is_new(trace: Trace, source: Operation, old: Trace, theirs: list[Operation]) -> bool:
    """Whether an operation stands in front of what the legacy code does alone."""
    if source.type not in _NOTABLE or not theirs or theirs[0].family == source.family:
        return False
    wanted = old.variables(theirs[0])
    if not wanted and any(operation.family == source.family for operation in theirs):
        return False
    behind, step = [source], 0
    while behind and step < _STEPS:
        behind = [t for o in behind for tensor in o.outputs for t in trace.takers(tensor.name)]
        step += 1
        alike = [o for o in behind if o.family == theirs[0].family]
        if any(not wanted or trace.variables(o) == wanted for o in alike):
            return True
    return False


def _activations(trace: Trace, mine: list[Operation], theirs: list[Operation]) -> list[str]:
    """Activations of one side alone; those of the new side may be layers of their own."""
    new, old = ({o.type for o in side if o.type in _ACTIVATIONS} for side in (mine, theirs))
    if new == old:
        return []
    behind = {t.type for o in mine for tensor in o.outputs for t in trace.takers(tensor.name)}
    old -= behind - new
    if not new and not old:
        return []
    lost, more = sorted(old - new), sorted(new - old)
    if lost and more:
        return [f"{' and '.join(lost)} became {' and '.join(more)}"]
    return [f"{name} is missing" for name in lost] + [f"{name} is new" for name in more]


def _constants(trace: Trace, operation: Operation) -> list[float]:
    """Numbers that an operation takes beside its data."""
    values = (maker.value for maker in trace.beside(operation))
    return sorted(float(value) for value in values if isinstance(value, (int, float)))


def _other_constant(found: Parting, new: Trace, old: Trace) -> list[str]:
    """The one number that is another one, of operations of the same kind."""
    if found.new is None or found.old is None or found.new.family != found.old.family:
        return []
    mine, theirs = _constants(new, found.new), _constants(old, found.old)
    more = [a for a in mine if not any(_is_alike(a, b) for b in theirs)]
    lost = [b for b in theirs if not any(_is_alike(a, b) for a in mine)]
    if len(more) != 1 or len(lost) != 1:
        return []
    return [f"{_shown(lost[0])} became {_shown(more[0])}"]


def _arithmetic(mine: list[Operation], theirs: list[Operation]) -> list[str]:
    """What a layer's result is in terms of the legacy one, where that is simple."""
    one, other = _result(mine), _result(theirs)
    if one is None or other is None or one.shape != other.shape:
        return []
    said = proportion(one, other)
    return [f"the result is {said}"] if said else []


def proportion(new: Any, old: Any) -> str:
    """Says what an array is in terms of another one, where that is simple; else nothing."""
    one, other = np.ravel(new).astype("float64"), np.ravel(old).astype("float64")
    scale = float(np.abs(other).max(initial=0.0))
    finite = np.isfinite(one).all() and np.isfinite(other).all()
    if one.shape != other.shape or scale == 0.0 or not finite:
        return ""

    def close(a: Any, b: Any) -> bool:
        return bool(np.abs(a - b).max() <= 1e-3 * scale)

    if close(one, other):
        return ""
    if not one.any():
        return "zero"
    factor = float(np.dot(one, other) / np.dot(other, other))
    if close(one, factor * other):
        return f"{factor:.4g} times the legacy one"
    if close(one, np.maximum(other, 0.0)):
        return "the legacy one with negative values cut"
    if close(np.maximum(one, 0.0), other):
        return "the legacy one with negative values kept"
    shift = float(np.mean(one - other))
    if close(one, other + shift):
        return f"the legacy one {'+' if shift > 0 else '-'} {abs(shift):.4g}"
    return ""


def _result(operations: list[Operation]) -> Any:
    """Elements of the last tensor that a layer makes."""
    for operation in reversed(operations):
        for tensor in operation.outputs[:1]:
            if tensor.sketch is not None and np.isfinite(tensor.sketch).all():
                return sketch.elements(tensor.sketch)
    return None
