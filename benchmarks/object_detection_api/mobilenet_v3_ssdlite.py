"""The SSDLite MobileNet v3 (large, 320x320) of the Object Detection API beside torchvision's.

Both come from the same paper. torchvision publishes `ssdlite320_mobilenet_v3_large` with 3,440,060
parameters; the number is derived here, layer by layer, from its published architecture, so that
each part of it can be held against the variables of the TensorFlow model:

    python -m benchmarks.object_detection_api.mobilenet_v3_ssdlite ANSWER [MODE]

What no number of variables shows: at stride 2 TensorFlow pads even sizes by one less at their
start, torch alike at both ends; TensorFlow scores classes by sigmoids, torch by softmax.

ANSWER is the folder in which a worker of `slimport verify` left the case
`component/ssdlite_mobilenet_v3_large`, on either side (`case-N` below the folder of `--keep`).
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A variable as a worker lists it: name, shape, whether it is trained.
Variable = tuple[str, Sequence[int], bool]
#: Corners [ymin, xmin, ymax, xmax] in normalised coordinates.
Corners = Sequence[float]
#: Height and width of a box in normalised coordinates.
Size = tuple[float, float]

PUBLISHED_PARAMETERS = 3_440_060
PUBLISHED_BOXES = 3_234

#: Logits per box: COCO's 90 classes and background, four numbers of the box code.
CLASSES, BOX_CODE = 91, 4
#: Height and width of the feature maps: strides 16 and 32, then halved with SAME padding.
GRIDS = (20, 10, 5, 3, 2, 1)
#: torchvision's boxes per location: two squares, and two ratios lying and standing.
ANCHORS = 6
#: Depths of the layers that SSDLite adds to the backbone.
EXTRA_DEPTHS = (512, 256, 256, 128)

BACKBONE, EXTRA, BOXES, LOGITS = "backbone", "extra layers", "box heads", "class heads"
PARTS = (BACKBONE, EXTRA, BOXES, LOGITS)
KERNEL, BIAS, AFFINE, STATISTICS = "kernels", "biases", "norm affine", "norm statistics"
KINDS = (KERNEL, BIAS, AFFINE, STATISTICS)

#: The blocks of MobileNet v3 large with a halved tail: kernel, expansion, depth, squeeze-excite.
_BLOCKS = (
    (3, 16, 16, False),
    (3, 64, 24, False),
    (3, 72, 24, False),
    (5, 72, 40, True),
    (5, 120, 40, True),
    (5, 120, 40, True),
    (3, 240, 80, False),
    (3, 200, 80, False),
    (3, 184, 80, False),
    (3, 184, 80, False),
    (3, 480, 112, True),
    (3, 672, 112, True),
    (5, 672, 80, True),
    (5, 480, 80, True),
    (5, 480, 80, True),
)
_STEM_DEPTH, _LAST_DEPTH = 16, 480
#: Depths of the maps that the backbone gives: the expansion of the block at stride 32, and the end.
BACKBONE_DEPTHS = (672, _LAST_DEPTH)


@dataclass(frozen=True)
class Breakdown:
    """Numbers of scalars by part of the detector and kind of variable.

    Attributes:
        counts: By (part, kind).
        anchors: Boxes per location of each feature map, finest first.
    """

    counts: Mapping[tuple[str, str], int]
    anchors: tuple[int, ...]

    def count(self, part: str | None = None, kind: str | None = None) -> int:
        """Returns the number of scalars in a part, of a kind, or of all of them."""
        return sum(
            number
            for (its_part, its_kind), number in self.counts.items()
            if part in (None, its_part) and kind in (None, its_kind)
        )

    @property
    def parameters(self) -> int:
        """What is trained. Both frameworks train the affine part of a norm, not its statistics."""
        return self.count() - self.count(kind=STATISTICS)

    @property
    def boxes(self) -> int:
        """Number of default boxes."""
        return sum(cells * each for cells, each in zip(_cells(), self.anchors, strict=True))


def _cells() -> list[int]:
    return [size * size for size in GRIDS]


# ------------------------------------------------------------------------------- torchvision


Layer = tuple[str, int]  # kind of variable and number of scalars


def torchvision() -> Breakdown:
    """Counts the variables of torchvision's model from its architecture.

    The statistics are means and variances; torch's counters of batches are left out.
    """
    depths = (*BACKBONE_DEPTHS, *EXTRA_DEPTHS)
    layers = {
        BACKBONE: list(_backbone()),
        EXTRA: list(_extra_layers()),
        BOXES: [layer for depth in depths for layer in _head(depth, ANCHORS * BOX_CODE)],
        LOGITS: [layer for depth in depths for layer in _head(depth, ANCHORS * CLASSES)],
    }
    counts = {
        (part, kind): sum(number for its_kind, number in found if its_kind == kind)
        for part, found in layers.items()
        for kind in KINDS
    }
    return Breakdown(counts, (ANCHORS,) * len(GRIDS))


def _normed(kernel: int, depth: int) -> Iterator[Layer]:
    """A convolution without bias, given its kernel's size, and the norm behind it."""
    yield KERNEL, kernel
    yield AFFINE, 2 * depth
    yield STATISTICS, 2 * depth


def _biased(before: int, after: int) -> Iterator[Layer]:
    """A 1x1 convolution with bias."""
    yield KERNEL, before * after
    yield BIAS, after


def _backbone() -> Iterator[Layer]:
    yield from _normed(3 * 3 * 3 * _STEM_DEPTH, _STEM_DEPTH)
    before = _STEM_DEPTH
    for kernel, expansion, depth, squeezed in _BLOCKS:
        if expansion != before:
            yield from _normed(before * expansion, expansion)
        yield from _normed(kernel * kernel * expansion, expansion)
        if squeezed:
            inner = _multiple_of_eight(expansion / 4)
            yield from _biased(expansion, inner)
            yield from _biased(inner, expansion)
        yield from _normed(expansion * depth, depth)
        before = depth
    yield from _normed(before * _LAST_DEPTH, _LAST_DEPTH)


def _multiple_of_eight(number: float) -> int:
    """Rounds to a multiple of eight, never down by more than a tenth."""
    rounded = max(8, int(number + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * number else rounded


def _extra_layers() -> Iterator[Layer]:
    """1x1 to half the depth, 3x3 depthwise of stride 2, 1x1 to the depth; each with a norm."""
    before = _LAST_DEPTH
    for depth in EXTRA_DEPTHS:
        half = depth // 2
        yield from _normed(before * half, half)
        yield from _normed(3 * 3 * half, half)
        yield from _normed(half * depth, depth)
        before = depth


def _head(depth: int, outputs: int) -> Iterator[Layer]:
    """3x3 depthwise with a norm, then 1x1 with bias."""
    yield from _normed(3 * 3 * depth, depth)
    yield from _biased(depth, outputs)


def torchvision_sizes() -> list[list[Size]]:
    """Returns the boxes at each location of each feature map, which torchvision clips to 1."""
    scales = [0.2 + 0.75 * place / 5 for place in range(6)] + [1.0]
    found = []
    for scale, following in itertools.pairwise(scales):
        between = math.sqrt(scale * following)
        sizes = [(scale, scale), (between, between)]
        for ratio in (2.0, 3.0):
            long, short = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            sizes += [(short, long), (long, short)]
        found.append([(min(height, 1.0), min(width, 1.0)) for height, width in sizes])
    return found


# -------------------------------------------------------------------------------- TensorFlow


def tensorflow(variables: Iterable[Variable]) -> Breakdown:
    """Counts the variables of the TensorFlow model, which has them under their checkpoint names.

    Args:
        variables: All variables, moving statistics included.

    Raises:
        ValueError: A variable is trained and counted as a statistic, or the other way round.
    """
    counts = {(part, kind): 0 for part in PARTS for kind in KINDS}
    anchors: dict[int, int] = {}
    for name, shape, trainable in variables:
        part, kind = part_of(name), kind_of(name)
        if trainable == (kind == STATISTICS):
            raise ValueError(f"{name} is {'' if trainable else 'not '}trained, as {kind}")
        counts[part, kind] += math.prod(shape)
        if part == BOXES and kind == BIAS:
            anchors[int(name.partition("/")[0].rpartition("_")[2])] = shape[0] // BOX_CODE
    return Breakdown(counts, tuple(anchors[place] for place in sorted(anchors)))


def part_of(name: str) -> str:
    """Returns the part of the detector to which a checkpoint name belongs."""
    if name.startswith("BoxPredictor"):
        return BOXES if "/BoxEncodingPredictor" in name else LOGITS
    # The layers that SSD adds are named after the endpoint from which they start. A whole detector
    # has "FeatureExtractor/" in front of these names, the component alone does not.
    return EXTRA if "/layer_17_" in name else BACKBONE


def kind_of(name: str) -> str:
    """Returns the kind of a variable by the last part of its checkpoint name."""
    last = name.rpartition("/")[2]
    kinds = {"gamma": AFFINE, "beta": AFFINE, "biases": BIAS}
    return STATISTICS if last.startswith("moving_") else kinds.get(last, KERNEL)


def tensorflow_sizes(anchors: Sequence[Sequence[Corners]]) -> list[list[Size]]:
    """Returns the distinct boxes at each location of each feature map.

    Args:
        anchors: The anchors of each feature map.
    """
    found = []
    for boxes in anchors:
        sizes: list[Size] = []
        for top, left, bottom, right in boxes:
            size = (float(bottom - top), float(right - left))
            if not any(_alike(size, other) for other in sizes):
                sizes.append(size)
        found.append(sizes)
    return found


def _alike(one: Size, other: Size) -> bool:
    # The configuration writes the ratio 1/3 as 0.3333.
    return all(abs(a - b) < 1e-3 for a, b in zip(one, other, strict=True))


# -------------------------------------------------------------------------------- comparison


@dataclass(frozen=True)
class Line:
    """One term of the way from one number of parameters to the other."""

    number: int
    text: str


def explain(ours: Breakdown, theirs: Breakdown) -> list[Line]:
    """Returns the terms that lead from TensorFlow's number of scalars to torchvision's parameters.

    Each term is computed from the shapes, not as a remainder; the last line holds what no term
    explains, and should be 0.

    Args:
        ours: The TensorFlow model.
        theirs: torchvision's.
    """
    lines = [
        Line(ours.count(), "all variables of the TensorFlow model"),
        Line(
            -ours.count(kind=STATISTICS),
            "moving means and variances: buffers in torch, which counts parameters only",
        ),
    ]
    depths = (*BACKBONE_DEPTHS, *EXTRA_DEPTHS)
    for place, depth in enumerate(depths):
        more = theirs.anchors[place] - ours.anchors[place]
        if more:
            each = f"{depth} kernel elements and a bias"
            boxes, logits = more * BOX_CODE, more * CLASSES
            at = f"map {place} ({GRIDS[place]}x{GRIDS[place]}): {more:+d} boxes per location"
            lines.append(Line(boxes * (depth + 1), f"{at}, {boxes:+d} box numbers of {each} each"))
            lines.append(Line(logits * (depth + 1), f"{at}, {logits:+d} logits of {each} each"))
    for part in (BACKBONE, EXTRA):
        number = theirs.count(part) - theirs.count(part, STATISTICS)
        number -= ours.count(part) - ours.count(part, STATISTICS)
        lines.append(Line(number, f"trained variables of the {part}"))
    left = theirs.parameters - sum(line.number for line in lines)
    return [*lines, Line(left, "not explained")]


def table(ours: Breakdown, theirs: Breakdown) -> list[tuple[str, int, int]]:
    """Returns rows (what, TensorFlow, torchvision): each part by kind, then the totals."""
    rows = [
        (f"{part}, {kind}", ours.count(part, kind), theirs.count(part, kind))
        for part in PARTS
        for kind in KINDS
        if ours.count(part, kind) or theirs.count(part, kind)
    ]
    rows += [(f"all, {kind}", ours.count(kind=kind), theirs.count(kind=kind)) for kind in KINDS]
    rows.append(("trained parameters", ours.parameters, theirs.parameters))
    rows.append(("with norm statistics", ours.count(), theirs.count()))
    rows.append(("default boxes", ours.boxes, theirs.boxes))
    return rows


def compare_sizes(anchors: Sequence[Sequence[Corners]]) -> list[tuple[list[Size], list[Size]]]:
    """Returns, for each feature map, the box sizes that only TensorFlow and only torchvision has.

    Args:
        anchors: TensorFlow's anchors of each feature map.
    """
    pairs = zip(tensorflow_sizes(anchors), torchvision_sizes(), strict=True)
    return [(_without(ours, theirs), _without(theirs, ours)) for ours, theirs in pairs]


def _without(sizes: Sequence[Size], others: Sequence[Size]) -> list[Size]:
    return [size for size in sizes if not any(_alike(size, other) for other in others)]


def report(variables: Iterable[Variable], anchors: Sequence[Sequence[Corners]]) -> str:
    """Returns the comparison as text.

    Args:
        variables: All variables of the TensorFlow model.
        anchors: Its anchors, for each feature map.
    """
    ours, theirs = tensorflow(variables), torchvision()
    lines = [f"{'':32}{'TensorFlow':>12}{'torchvision':>13}{'difference':>12}"]
    for what, one, other in table(ours, theirs):
        lines.append(f"{what:32}{one:>12,}{other:>13,}{other - one:>+12,}")
    lines += ["", "from TensorFlow's number to torchvision's:"]
    lines += [f"{line.number:>+12,}  {line.text}" for line in explain(ours, theirs)]
    lines.append(f"{theirs.parameters:>+12,}  parameters of torchvision's model")
    lines += ["", "default boxes (height x width) that only one of them has:"]
    differences = zip(GRIDS, anchors, compare_sizes(anchors), strict=True)
    for place, (grid, boxes, (only_ours, only_theirs)) in enumerate(differences):
        lines.append(
            f"map {place} {grid}x{grid}: {len(boxes)} and {grid * grid * ANCHORS} boxes; "
            f"TensorFlow: {_listed(only_ours)}; torchvision: {_listed(only_theirs)}"
        )
    return "\n".join(lines)


def _listed(sizes: Sequence[Size]) -> str:
    return ", ".join(f"{height:.3f} x {width:.3f}" for height, width in sizes) or "none"


def read(folder: Path, mode: str = "inference") -> tuple[list[Variable], list[list[Corners]]]:
    """Reads variables and anchors from the answer of a worker.

    Args:
        folder: The answer's `case-N`.
        mode: The mode whose answer is read.

    Raises:
        ValueError: The worker failed in that mode.
    """
    import numpy as np

    meta: Any = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["modes"][mode]
    if meta.get("error"):
        raise ValueError(f"{folder}: {meta['error']['message']}")
    variables = [(item["name"], item["shape"], item["trainable"]) for item in meta["variables"]]
    keys = {
        item["name"]: item["key"]
        for item in meta["tensors"]
        if item["group"] == "output" and item["name"].startswith("anchors/")
    }
    with np.load(folder / f"{mode}.npz", allow_pickle=False) as arrays:
        anchors = [arrays[keys[f"anchors/{place}"]].tolist() for place in range(len(keys))]
    return variables, anchors


def main(argv: Sequence[str]) -> int:
    """Prints the comparison for an answer's folder."""
    if len(argv) not in (1, 2):
        print("usage: mobilenet_v3_ssdlite ANSWER [MODE]", file=sys.stderr)
        return 2
    print(report(*read(Path(argv[0]), *argv[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
