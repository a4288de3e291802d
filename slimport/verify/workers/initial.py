"""What variables begin with before shared values replace it: constants, and draws of initializers.

A random initial value is asked for many times and its numbers are pooled, so that what comes back
is a sample of the initializer's distribution.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, Callable, Dict, List

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import values

Array = Any
#: Draws the variables of these names anew, so many times each; None for what cannot be drawn.
Draw = Callable[[Dict[str, int]], Dict[str, List[Array]]]

#: Numbers of a random variable that are compared, and draws that are made for them at most. With
#: so many a standard deviation that is 10 % off shows.
SAMPLE = 4096
DRAWS = 64


def put(answer: protocol.Answer, shapes: Dict[str, Any], draw: Draw) -> None:
    """Adds the initial values of variables to an answer.

    Args:
        answer: The answer to the mode that tells them.
        shapes: Shape of each variable, by legacy name.
        draw: Draws anew.
    """
    answer.meta["initial"] = True
    drawn = draw(dict.fromkeys(shapes, 2))
    random = {name for name, arrays in drawn.items() if not _same(arrays)}
    missing = {name: _missing(shapes[name]) for name in random}
    more = draw({name: count for name, count in missing.items() if count > 0})
    for order, name in enumerate(shapes):
        arrays = [*drawn.get(name, []), *more.get(name, [])]
        if not arrays:
            continue
        drawn_anew = name in random
        kept = _sample(name, arrays) if drawn_anew else _short(arrays[0])
        kind = "drawn" if drawn_anew else "constant"
        shape = [int(size) for size in shapes[name]]
        answer.tensor(protocol.INITIAL, name, kept, order, kind=kind, shape=shape)


def _same(arrays: List[Array]) -> bool:
    first = np.asarray(arrays[0])
    return all(np.array_equal(first, other) or _all_nan(first, other) for other in arrays[1:])


def _all_nan(first: Array, other: Array) -> bool:
    return first.dtype.kind == "f" and bool(np.isnan(first).all() and np.isnan(other).all())


def _missing(shape: Any) -> int:
    """Draws that a variable still needs after two."""
    size = max(1, int(np.prod([int(size) for size in shape])))
    return min(DRAWS, -(-SAMPLE // size)) - 2


def _sample(name: str, arrays: List[Array]) -> Array:
    pooled = np.concatenate([np.asarray(array).ravel() for array in arrays])
    if pooled.size <= SAMPLE:
        return pooled
    return pooled[values.generator("initial", name).choice(pooled.size, SAMPLE, replace=False)]


def _short(array: Array) -> Array:
    """One element where all are equal."""
    array = np.asarray(array)
    flat = array.ravel()
    if flat.size and array.dtype.kind in "biuf" and bool((flat == flat[0]).all()):
        return flat[0]
    return array


def of_graph(tf: Any, variables: List[Any], session: Any) -> Draw:
    """Draws from the initial values that a TensorFlow 1 graph has for its variables."""
    tensors = {v.op.name: v.initializer.inputs[1] for v in variables}

    def draw(counts: Dict[str, int]) -> Dict[str, List[Array]]:
        found: Dict[str, List[Array]] = {name: [] for name in counts}
        for number in range(max(counts.values(), default=0)):
            asked = [name for name, count in counts.items() if count > number]
            for name, value in _run(tf, session, {name: tensors[name] for name in asked}).items():
                found[name].append(value)
        return {name: arrays for name, arrays in found.items() if arrays}

    return draw


def _run(tf: Any, session: Any, tensors: Dict[str, Any]) -> Dict[str, Array]:
    """Runs initial values; those that need another variable to be there first are left out."""
    try:
        return dict(session.run(tensors))
    except tf.errors.OpError:
        found = {}
        for name, tensor in tensors.items():
            try:
                found[name] = session.run(tensor)
            except tf.errors.OpError:
                continue
        return found
