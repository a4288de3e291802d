"""Comparison of detections: results of a sort, whose rows may change places by rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slimport.verify.comparing.arrays import Array, largest, unlike
from slimport.verify.protocol import OUTPUT
from slimport.verify.result import Status, TensorResult

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
        A result per name, in the order of `names`. Outputs without rows are *noise*: nothing of
        them was compared. NaN and infinities must be as many in each image on both sides.
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
    wrong = unlike(old, new)
    if wrong:
        return _fail(name, wrong)
    return TensorResult(OUTPUT, name, 0, Status.EQUAL, old.shape, str(old.dtype))


def _fail(name: str, why: str) -> TensorResult:
    return TensorResult(OUTPUT, name, 0, Status.DIFFERS, why=why)


def _exact(name: str, old: Array, new: Array) -> TensorResult:
    left, right = old.astype("float64"), new.astype("float64")
    distance = float(_gap(left, right).max(initial=0.0))
    status = Status.EQUAL if distance == 0.0 else Status.DIFFERS
    return TensorResult(
        OUTPUT, name, 0, status, old.shape, str(old.dtype), distance, largest(left), 0.0, None,
        "count: exact",
    )  # fmt: skip


def _compare_rows(
    old: Mapping[str, Array],
    new: Mapping[str, Array],
    leader: str,
    names: Sequence[str],
    base: float,
) -> dict[str, TensorResult]:
    rank = old[leader].ndim
    olds = {name: _by_image(old[name], rank) for name in names}
    news = {name: _by_image(new[name], rank) for name in names}
    scales = {name: largest(olds[name]) for name in names}
    allowed = {name: base * scales[name] for name in names}
    furthest = dict.fromkeys(names, 0.0)
    unmatched = 0
    for image in range(len(olds[leader])):
        left = {name: olds[name][image] for name in names}
        right = {name: news[name][image] for name in names}
        matching = match(left, right, leader, allowed)
        unmatched += len(matching.lost) + len(matching.gained)
        for name in names:
            for i, j in matching.pairs:
                gap = float(_gap(left[name][i], right[name][j]).max(initial=0.0))
                furthest[name] = max(furthest[name], gap)
    why = WHY if not unmatched else f"{WHY}; {unmatched} rows without a partner"
    results = {}
    for name in names:
        good = furthest[name] <= allowed[name] and not unmatched
        found = TensorResult(
            OUTPUT, name, 0, Status.EQUAL if good else Status.DIFFERS, old[name].shape,
            str(old[name].dtype), furthest[name], scales[name], allowed[name], None, why,
        )  # fmt: skip
        results[name] = _sound(found, olds[name], news[name])
    return results


def _sound(found: TensorResult, old: Array, new: Array) -> TensorResult:
    """A result that regards what no matching shows: no rows at all, numbers that are not finite."""
    if not old.size:
        return replace(found, status=Status.NOISE, why="no rows, which proves nothing")
    spoilt = [(~np.isfinite(side)).reshape(len(side), -1).sum(axis=1) for side in (old, new)]
    if np.array_equal(*spoilt):
        return found
    counts = [int(side.sum()) for side in spoilt]
    why = f"not finite: {counts[0]} elements on the old side, {counts[1]} on the new, unlike"
    return replace(found, status=Status.DIFFERS, why=why)


def _gap(old: Array, new: Array) -> Array:
    """How far numbers are from each other: infinitely where one alone is NaN or infinite."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(old - new)
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _by_image(array: Array, rank: int) -> Array:
    """Reshapes to [images, rows, elements of a row] as float64."""
    leading, rest = array.shape[: rank - 1], array.shape[rank:]
    shape = (math.prod(leading), array.shape[rank - 1], math.prod(rest))
    return array.astype("float64").reshape(shape)


def match(
    old: Mapping[str, Array], new: Mapping[str, Array], leader: str, allowed: Mapping[str, float]
) -> Matching:
    """Pairs the rows of one image.

    A row may take any partner whose score is within tolerance; among these the nearest in all
    other outputs wins. A row without partner is forgiven where the other side's lowest kept score
    is as high up to tolerance, because there rounding decides who is kept.
    """
    scores, others = old[leader][:, 0], new[leader][:, 0]
    near = _gap(scores[:, None], others[None, :]) <= allowed[leader]
    cost = np.zeros_like(near, dtype="float64")
    for name, value in old.items():
        gap = _gap(value[:, None, :], new[name][None, :, :]).max(axis=2, initial=0.0)
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
        # A NaN is below nothing, so that a row beside one is not forgiven.
        [i for i in lost if not scores[i] <= other_last + allowed[leader]],
        [j for j in sorted(free) if not others[j] <= last + allowed[leader]],
    )
