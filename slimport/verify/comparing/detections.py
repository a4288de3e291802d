"""Comparison of detections: results of a sort, whose rows may change places by rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slimport.verify.protocol import OUTPUT
from slimport.verify.result import Status, TensorResult

Array = np.ndarray[Any, Any]

WHY = "rows matched by score"


@dataclass(frozen=True)
class Matching:
    """Rows of one image brought together.

    Attributes:
        pairs: Places (old, new).
        lost: Old places without a partner although their score is clear of the cut.
        gained: New places likewise.
    """

    pairs: list[tuple[int, int]]
    lost: list[int]
    gained: list[int]


def compare(
    old: Mapping[str, Array], new: Mapping[str, Array], names: Sequence[str], base: float
) -> dict[str, TensorResult]:
    """Compares the outputs of one detector after non-maximum suppression.

    Args:
        old: Arrays of the old side by output name: scores ``[batch, n]`` or ``[n]``, others with
            the same leading shape (boxes, classes), and counts ``[batch]``.
        new: Arrays of the new side.
        names: The outputs that belong together; the one with "score" in its name leads.
        base: Tolerance relative to an array's scale.

    Returns:
        A result per name, in the order of `names`.
    """
    results = {name: _presence(name, old.get(name), new.get(name)) for name in names}
    present = [name for name in names if results[name].status is Status.EQUAL]
    scores = [name for name in present if "score" in name.rsplit("/", 1)[-1].lower()]
    if not scores:
        why = "discrete outputs need one among them that is named as a score"
        return {name: _fail(name, why) for name in names}
    leader = scores[0]
    shape = old[leader].shape
    rows = [name for name in present if old[name].shape[: len(shape)] == shape]
    for name in present:
        if name not in rows:
            results[name] = _exact(name, old[name], new[name])
    results.update(_compare_rows(old, new, leader, rows, base))
    return results


def _presence(name: str, old: Array | None, new: Array | None) -> TensorResult:
    if new is None or old is None:
        status = Status.MISSING if new is None else Status.EXTRA
        return TensorResult(OUTPUT, name, 0, status, why="on one side only")
    if old.shape != new.shape:
        return _fail(name, f"shape {list(old.shape)} became {list(new.shape)}")
    return TensorResult(OUTPUT, name, 0, Status.EQUAL, old.shape, str(old.dtype))


def _fail(name: str, why: str) -> TensorResult:
    return TensorResult(OUTPUT, name, 0, Status.DIFFERS, why=why)


def _exact(name: str, old: Array, new: Array) -> TensorResult:
    distance = float(np.abs(old.astype("float64") - new.astype("float64")).max(initial=0.0))
    status = Status.EQUAL if distance == 0.0 else Status.DIFFERS
    scale = float(np.abs(old.astype("float64")).max(initial=0.0))
    shape = old.shape
    return TensorResult(
        OUTPUT, name, 0, status, shape, str(old.dtype), distance, scale, 0.0, None, "count: exact"
    )


def _compare_rows(
    old: Mapping[str, Array],
    new: Mapping[str, Array],
    leader: str,
    names: Sequence[str],
    base: float,
) -> dict[str, TensorResult]:
    shape = old[leader].shape
    images = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    olds = {name: _by_image(old[name], images, len(shape)) for name in names}
    news = {name: _by_image(new[name], images, len(shape)) for name in names}
    scales = {name: float(np.abs(olds[name]).max(initial=0.0)) for name in names}
    allowed = {name: base * scales[name] for name in names}
    largest = dict.fromkeys(names, 0.0)
    unmatched = 0
    for image in range(images):
        left = {name: olds[name][image] for name in names}
        right = {name: news[name][image] for name in names}
        matching = match(left, right, leader, allowed)
        unmatched += len(matching.lost) + len(matching.gained)
        for name in names:
            for i, j in matching.pairs:
                gap = float(np.abs(left[name][i] - right[name][j]).max(initial=0.0))
                largest[name] = max(largest[name], gap)
    results = {}
    for name in names:
        good = largest[name] <= allowed[name] and not unmatched
        why = WHY if not unmatched else f"{WHY}; {unmatched} rows without a partner"
        results[name] = TensorResult(
            OUTPUT, name, 0, Status.EQUAL if good else Status.DIFFERS, old[name].shape,
            str(old[name].dtype), largest[name], scales[name], allowed[name], None, why,
        )  # fmt: skip
    return results


def _by_image(array: Array, images: int, rank: int) -> Array:
    """Reshapes to [images, rows, elements of a row] as float64."""
    rows = array.shape[rank - 1]
    return array.astype("float64").reshape(images, rows, -1)


def match(
    old: Mapping[str, Array], new: Mapping[str, Array], leader: str, allowed: Mapping[str, float]
) -> Matching:
    """Pairs the rows of one image.

    A row may take any partner whose score is within tolerance; among these the nearest in all
    other outputs wins. A row without partner is forgiven where the other side's lowest kept score
    is as high up to tolerance, because there rounding decides who is kept.
    """
    scores, others = old[leader][:, 0], new[leader][:, 0]
    near = np.abs(scores[:, None] - others[None, :]) <= allowed[leader]
    cost = np.zeros_like(near, dtype="float64")
    for name, value in old.items():
        gap = np.abs(value[:, None, :] - new[name][None, :, :]).max(axis=2, initial=0.0)
        cost += gap / max(allowed[name], np.finfo("float64").tiny)
    cost[~near] = np.inf
    pairs, free = [], set(range(len(others)))
    for i in np.argsort(-scores, kind="stable"):
        best = min(free, key=lambda j: (cost[i, j], j), default=None)
        if best is not None and np.isfinite(cost[i, best]):
            free.discard(best)
            pairs.append((int(i), int(best)))
    paired = {i for i, _ in pairs}
    lost = [i for i in range(len(scores)) if i not in paired]
    last, other_last = scores.min(initial=np.inf), others.min(initial=np.inf)
    return Matching(
        pairs,
        [i for i in lost if scores[i] > other_last + allowed[leader]],
        [j for j in sorted(free) if others[j] > last + allowed[leader]],
    )
