"""Limits that no value of a case reaches: what lies beyond them is not compared.

A relu6 that is never handed more than six computes what a relu does, and so does a clip that cuts
nothing, a maximum of which one side is always the larger one, or a choice or a mask whose condition
is the same everywhere. Such a pair is equal whatever the migrated code has there. It cannot be seen
in outputs; the graph of the legacy code knows it.

This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Tuple

#: By the type of an operation: what users call it, and conditions of elements each of which must
#: hold somewhere, of its inputs.
LIMITS: Dict[str, Tuple[str, Callable[..., List[Any]]]] = {
    "Relu6": ("relu6", lambda tf, x: [tf.greater(x, 6.0)]),
    "Minimum": ("minimum", lambda tf, x, y: [tf.less(x, y), tf.greater(x, y)]),
    "Maximum": ("maximum", lambda tf, x, y: [tf.less(x, y), tf.greater(x, y)]),
    "ClipByValue": ("clip", lambda tf, x, low, high: [tf.less(x, low), tf.greater(x, high)]),
    "Select": ("where", lambda tf, chosen, *_: [chosen, tf.logical_not(chosen)]),
    "SelectV2": ("where", lambda tf, chosen, *_: [chosen, tf.logical_not(chosen)]),
    "Cast": ("mask", lambda tf, chosen: [chosen, tf.logical_not(chosen)]),
    "Where": ("mask", lambda tf, chosen: [chosen, tf.logical_not(chosen)]),
}

#: Of these, the ones of a condition: weights made of `labels != 255`, what `boolean_mask` keeps.
MASKS = ("Cast", "Where")

#: Operations of branches, and the place of the input that decides. One run takes one of both ways.
BRANCHES = {"Switch": 1, "If": 0, "StatelessIf": 0}

#: Types of numbers that are compared.
_NUMBERS = ("float", "bfloat", "double", "half", "int", "uint", "bool")


class Limits:
    """The limits on the way to some tensors.

    Args:
        tf: TensorFlow 1, or its stand-in.
        tensors: Outputs of a network, in the default graph.
        place: Says where in the user's code an operation was made, in words; empty if nowhere.

    Attributes:
        fetches: For each limit, whether it is reached.
    """

    def __init__(self, tf: Any, tensors: List[Any], place: Callable[[Any], str]) -> None:
        self._place = place
        every = list(_before(tensors))
        self._found = [(op, _reached(tf, op)) for op in every if _is_limit(op)]
        self._branches = list({_decides(op).name: op for op in every if _is_branch(op)}.values())
        self.fetches = [reached for _, reached in self._found]

    def notes(self, reached: List[Any]) -> List[str]:
        """Says in one note which of them no value reaches, given what `fetches` gave."""
        kinds: Dict[str, List[Any]] = {}
        beyond: Dict[str, List[Any]] = {}
        for (op, _), is_reached in zip(self._found, reached):  # noqa: B905
            name = LIMITS[op.type][0]
            kinds.setdefault(name, []).append(op)
            if not is_reached:
                beyond.setdefault(name, []).append(op)
        if self._branches:
            beyond["cond"] = kinds["cond"] = self._branches
        told = [self._told(name, ops, len(kinds[name])) for name, ops in beyond.items()]
        if not told:
            return []
        return [
            "no value reaches the limit of these, so that what lies beyond it is not compared: "
            f"{', '.join(told)}. Inputs of another range (low, high) or another seed may reach it."
        ]

    def _told(self, name: str, ops: List[Any], every: int) -> str:
        first = min(ops, key=lambda op: int(op._id))
        place = self._place(first) or first.name
        return f"{len(ops)} of {every} {name} (first: {place})"


def _is_limit(op: Any) -> bool:
    return (
        op.type in LIMITS
        and bool(op.graph.is_fetchable(op))  # not in a loop or a branch
        and all(x.dtype.base_dtype.name.startswith(_NUMBERS) for x in op.inputs)
        and (op.type not in MASKS or _is_mask(op.inputs[0]))
    )


def _is_mask(tensor: Any) -> bool:
    """Whether a tensor is of conditions; a single one is the same everywhere."""
    count = tensor.get_shape().num_elements()
    return bool(tensor.dtype.base_dtype.name == "bool" and count != 1)


def _decides(op: Any) -> Any:
    """What decides on the way that a branch takes."""
    return op.inputs[BRANCHES[op.type]]


def _is_branch(op: Any) -> bool:
    """Whether an operation is that of a branch, and not of a loop, and takes no constant way."""
    return op.type in BRANCHES and _decides(op).op.type not in ("LoopCond", "Const")


def _reached(tf: Any, op: Any) -> Any:
    """Whether each condition of a limit holds for some element."""
    conditions = LIMITS[op.type][1](tf, *op.inputs)
    return tf.reduce_all(tf.stack([tf.reduce_any(condition) for condition in conditions]))


def _before(tensors: List[Any]) -> Iterator[Any]:
    """Yields each operation that tensors are computed by, once."""
    seen = set()
    waiting = [tensor.op for tensor in tensors]
    while waiting:
        op = waiting.pop()
        if op.name not in seen:
            seen.add(op.name)
            yield op
            waiting.extend(tensor.op for tensor in op.inputs)
