"""Average precision of detections, from its definition.

Of each class, detections of all images are taken from the best score down. One is right where, of
the objects of its class in its image that none has taken yet, the one it overlaps most is
overlapped by the threshold or more (intersection over union); it takes that object. Precision at
each recall is the best one at that recall or a greater one; its integral over recall (all points,
not eleven) is the average precision of the class. The mean is over classes that have objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np


def at_thresholds(path: Path, thresholds: Iterable[float]) -> dict[str, float]:
    """The mean over classes by overlap, of a file that `detections.py` wrote."""
    with np.load(path) as file:
        found = dict(file)
    return {str(threshold): mean_average_precision(found, threshold) for threshold in thresholds}


def mean_average_precision(found: Mapping[str, np.ndarray], threshold: float) -> float:
    """Of the arrays that `detections.py` writes."""
    precisions = by_class(found, threshold)
    return float(np.mean(list(precisions.values())))


def by_class(found: Mapping[str, np.ndarray], threshold: float) -> dict[int, float]:
    """Average precision of every class that has objects."""
    return {
        int(label): average_precision(*of_class(found, label, threshold))
        for label in np.unique(found["true_classes"])
    }


def of_class(
    found: Mapping[str, np.ndarray], label: int, threshold: float
) -> tuple[np.ndarray, int]:
    """Whether each detection of a class is right, best score first; how many objects there are."""
    ours, theirs = found["classes"] == label, found["true_classes"] == label
    order = np.argsort(-found["scores"][ours], kind="stable")
    boxes, images = found["boxes"][ours][order], found["images"][ours][order]
    objects, places = found["true_boxes"][theirs], found["true_images"][theirs]
    taken = np.zeros(len(objects), bool)
    right = np.zeros(len(boxes), bool)
    for index, (box, image) in enumerate(zip(boxes, images, strict=True)):
        free = np.flatnonzero((places == image) & ~taken)
        if not len(free):
            continue
        overlaps = overlap(box, objects[free])
        right[index] = overlaps.max() >= threshold
        taken[free[overlaps.argmax()]] |= right[index]
    return right, len(objects)


def average_precision(right: np.ndarray, objects: int) -> float:
    """The area under precision over recall, of detections from the best score down."""
    if not len(right):
        return 0.0
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[right].sum() / objects)


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of ymin, xmin, ymax, xmax with each of others."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return shared / (areas + (box[2:] - box[:2]).prod() - shared)
