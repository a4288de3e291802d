"""Rows of the table: each detector of the TF Object Detection API that TensorFlow 1 alone builds.

Plain data: a verify case per feature extractor, in the form of
`slimport.verify.case_files.cases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Pixels around the mean that ResNets subtract, [123.68, 116.779, 103.939].
DIM = ([123.18, 116.28, 103.44], [124.18, 117.28, 104.44])


@dataclass(frozen=True)
class Row:
    """A detector at a size that one core computes in about a minute.

    Attributes:
        extractor: Name of the feature extractor, and of its file in ``configs``.
        size: Height and width of the images; the published size where none is affordable below.
        batch: Images at a time. Batch statistics of a 1x1 feature map need two.
        max_proposals: Proposals per image of a two-stage detector, None for a one-stage one.
        damping: What raw predictions are divided by before detections are made of them. It
            brings logits to a standard deviation of about one, whatever residual sums make of
            random weights: each block of a ResNet doubles the variance in inference.
        pixels: Lowest and highest value of the images, numbers or one for each channel.
    """

    extractor: str
    size: int
    batch: int = 2
    max_proposals: int | None = None
    damping: float = 4.0
    pixels: tuple[Any, Any] = (0.0, 255.0)


ROWS = (
    Row("ssd_inception_v2", 300),
    Row("ssd_inception_v3", 224),
    Row("ssd_mobilenet_v1", 300),
    Row("ssd_mobilenet_v1_fpn", 256),
    Row("ssd_mobilenet_v1_ppn", 300),
    Row("ssd_mobilenet_v2", 300),
    Row("ssd_mobilenet_v2_fpn", 256),
    Row("ssd_mobilenet_v2_mnasfpn", 256, damping=12.0),
    Row("ssd_mobilenet_v3_large", 320),
    Row("ssd_mobilenet_v3_small", 320),
    Row("ssd_mobilenet_edgetpu", 320),
    Row("ssd_resnet50_v1_fpn", 192, pixels=DIM),
    Row("ssd_resnet101_v1_fpn", 160, pixels=DIM),
    Row("ssd_resnet152_v1_fpn", 160, pixels=DIM),
    Row("ssd_resnet50_v1_ppn", 272, pixels=DIM),
    Row("ssd_resnet101_v1_ppn", 272, pixels=DIM),
    Row("ssd_resnet152_v1_ppn", 272, pixels=DIM),
    Row("embedded_ssd_mobilenet_v1", 256, damping=0.5),
    Row("ssd_pnasnet", 192, damping=5e7),
    Row("ssd_mobiledet_cpu", 320, damping=0.5),
    Row("ssd_mobiledet_dsp", 320),
    Row("ssd_mobiledet_edgetpu", 320),
    Row("ssd_mobiledet_gpu", 320),
    Row("ssd_spaghettinet", 320),
    Row("faster_rcnn_nas", 128, batch=1, max_proposals=4, damping=3e5),
    Row("faster_rcnn_pnas", 128, batch=1, max_proposals=4, damping=5e6),
    Row("faster_rcnn_inception_resnet_v2", 160, batch=1, max_proposals=8),
    Row("faster_rcnn_inception_v2", 192, batch=1, max_proposals=16),
    Row("faster_rcnn_resnet50", 192, batch=1, max_proposals=16, damping=300.0, pixels=DIM),
    Row("faster_rcnn_resnet101", 160, batch=1, max_proposals=8, damping=2e6, pixels=DIM),
    Row("faster_rcnn_resnet152", 160, batch=1, max_proposals=8, damping=8e9, pixels=DIM),
)

#: Groundtruth boxes per image.
BOXES = 3
CLASSES = 90

#: Rows sorted by score, after non-maximum suppression. The first leads.
DISCRETE = tuple(
    "detections/" + name
    for name in (
        "detection_scores",
        "detection_boxes",
        "detection_classes",
        "detection_multiclass_scores",
        "detection_anchor_indices",
        "num_detections",
    )
)


def cases() -> list[dict[str, Any]]:
    """Returns the verify cases ``detector/<extractor>``, one for each row."""
    return [_case(row) for row in ROWS]


def _case(row: Row) -> dict[str, Any]:
    low, high = row.pixels
    args: dict[str, Any] = {
        "config": row.extractor,
        "image_size": row.size,
        "damping": row.damping,
    }
    if row.max_proposals is not None:
        args["max_proposals"] = row.max_proposals
    return {
        "name": "detector/" + row.extractor,
        "entry": "detectors:detector",
        "args": args,
        "training_argument": "is_training",
        "modes": ["inference", "training"],
        "places": ["graph", "model"],
        # The API asks `if self._is_training` and returns other tensors then.
        "built_once": False,
        "discrete": list(DISCRETE),
        "ignore": [],
        "inputs": [
            {"shape": [row.batch, row.size, row.size, 3], "low": low, "high": high},
            # Boxes that are large enough for a clipped proposal to match one.
            {
                "shape": [row.batch, BOXES, 4],
                "low": [0.0, 0.0, 0.4, 0.4],
                "high": [0.4, 0.4, 1.0, 1.0],
            },
            {"shape": [row.batch, BOXES], "dtype": "int32", "low": 0, "high": CLASSES},
        ],
    }
