"""Where to begin again behind a divergence: a tensor that the old side's can stand in for.

Fed with what the legacy code computes there, the rest of the migrated code shows what else it does
differently; one error does not hide another.
"""

from __future__ import annotations

from collections.abc import Iterable

from slimport.verify.lines.divergence import Parting, Search
from slimport.verify.lines.traced import Operation, Trace

Pair = tuple[str, str]

#: Operations that come alone, however a layer is taken to pieces.
_SURE = (
    *("ConcatV2", "MaxPool", "AvgPool", "Conv2D", "DepthwiseConv2D", "MatMul"),
    *("Relu", "Relu6", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "Softmax"),
)
_HANDING_ON = ("Identity", "IdentityN", "EnsureShape")


def joint(search: Search, found: Parting, outputs: Iterable[str], fed: set[str]) -> Pair | None:
    """Returns the first tensor behind a divergence that has a sure counterpart.

    That is an output of the same name, what operations with the same variables take, or what the
    layer hands on to an operation that is of the same kind on both sides.

    Args:
        search: The search that found the divergence.
        found: The divergence.
        outputs: Names of the outputs that differ.
        fed: Tensors of the new side that are fed already.

    Returns:
        Names of the tensors of the new and of the old side; None where there is none.
    """
    if found.new is None:
        return None
    new, old = search.new, search.old
    behind = _behind(new, found.new)
    pairs = [(_source(new, new.outputs[name]), _source(old, old.outputs[name])) for name in outputs]
    pairs += _taken_alike(search, behind)
    pairs += _handed_out(search, found)
    fitting = [
        (mine, theirs)
        for mine, theirs in pairs
        if mine in behind
        and mine not in fed
        and theirs not in search.matches.of(mine)
        and new.tensors[mine].shape == old.tensors[theirs].shape
        and new.tensors[mine].sketch is not None
    ]
    return min(fitting, key=lambda pair: new.maker(pair[0]).order, default=None)


def _behind(trace: Trace, first: Operation) -> set[str]:
    """Tensors that depend on an operation."""
    found: set[str] = set()
    stack = [first]
    while stack:
        for tensor in stack.pop().outputs:
            if tensor.name not in found:
                found.add(tensor.name)
                stack.extend(trace.takers(tensor.name))
    return found


def _source(trace: Trace, tensor: str) -> str:
    """A tensor before it was handed on: that which other operations take, too."""
    maker = trace.maker(tensor)
    while maker.type in _HANDING_ON and trace.data(maker):
        tensor = trace.data(maker)[0]
        maker = trace.maker(tensor)
    return tensor


def _taken_alike(search: Search, behind: set[str]) -> list[Pair]:
    """Tensors that operations with the same variables take."""
    new, old = search.new, search.old
    takers: dict[frozenset[str], list[Operation]] = {}
    for operation in old.operations.values():
        variables = old.variables(operation)
        if variables and old.data(operation):
            takers.setdefault(variables, []).append(operation)
    pairs = []
    for mine in behind:
        for taker in new.takers(mine):
            alike = takers.get(new.variables(taker), [])
            same = [o for o in alike if o.family == taker.family and len(old.data(o)) == 1]
            if len(same) == 1 and new.data(taker) == [mine]:
                pairs.append((_source(new, mine), _source(old, old.data(same[0])[0])))
    return pairs


def _handed_out(search: Search, found: Parting) -> list[Pair]:
    """What the layer hands on, where one tensor of the legacy layer alone is handed on so."""
    new, old = search.new, search.old
    if found.new is None or found.old is None:
        return []
    theirs = [
        tensor
        for name in _behind(old, found.old)
        if (tensor := old.tensors[name]).sketch is not None
        and old.maker(name).site == found.old.site
        and not search.matches.has(name)
    ]
    pairs = []
    for name in sorted(_behind(new, found.new), key=lambda name: new.maker(name).order):
        if new.maker(name).site != found.new.site:
            continue
        kinds = {taker.family for taker in new.takers(name)} & set(_SURE)
        alike = [
            tensor
            for tensor in theirs
            if tensor.shape == new.tensors[name].shape
            and kinds & {taker.family for taker in old.takers(tensor.name)}
        ]
        if len(alike) == 1:
            pairs.append((name, alike[0].name))
    return pairs
