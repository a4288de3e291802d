"""The arithmetic behind the comparison with torchvision, and the form of the component cases."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.object_detection_api import mobilenet_v3_ssdlite as ssdlite
from benchmarks.object_detection_api import rows_components
from slimport.verify.case_files import cases

#: What the TensorFlow model has: all variables, and those that are trained.
MEASURED_VARIABLES, MEASURED_PARAMETERS, MEASURED_BOXES = 3_281_199, 3_248_255, 2_034


def test_torchvision_comes_out_at_the_published_numbers() -> None:
    found = ssdlite.torchvision()
    assert found.parameters == ssdlite.PUBLISHED_PARAMETERS == 3_440_060
    assert found.boxes == ssdlite.PUBLISHED_BOXES == 3_234
    assert [len(sizes) for sizes in ssdlite.torchvision_sizes()] == [ssdlite.ANCHORS] * 6


def _with_three_boxes_on_the_finest_map() -> ssdlite.Breakdown:
    """The TensorFlow model's numbers, from what its shapes are: three boxes fewer at 672 deep."""
    theirs = ssdlite.torchvision()
    counts = dict(theirs.counts)
    for part, outputs in ((ssdlite.BOXES, 4), (ssdlite.LOGITS, 91)):
        counts[part, ssdlite.KERNEL] -= 3 * outputs * 672
        counts[part, ssdlite.BIAS] -= 3 * outputs
    return dataclasses.replace(theirs, counts=counts, anchors=(3, 6, 6, 6, 6, 6))


def test_every_term_of_the_difference_is_explained() -> None:
    ours, theirs = _with_three_boxes_on_the_finest_map(), ssdlite.torchvision()
    assert ours.count() == MEASURED_VARIABLES
    assert ours.parameters == MEASURED_PARAMETERS
    assert ours.boxes == MEASURED_BOXES
    lines = ssdlite.explain(ours, theirs)
    assert [line.number for line in lines] == [MEASURED_VARIABLES, -32_944, 8_076, 183_729, 0, 0, 0]
    assert sum(line.number for line in lines) == theirs.parameters


def test_a_lost_bias_is_not_explained_away() -> None:
    ours, theirs = _with_three_boxes_on_the_finest_map(), ssdlite.torchvision()
    counts = dict(ours.counts)
    counts[ssdlite.LOGITS, ssdlite.BIAS] -= 91
    counts[ssdlite.BACKBONE, ssdlite.AFFINE] -= 16
    lines = ssdlite.explain(dataclasses.replace(ours, counts=counts), theirs)
    assert [line.number for line in lines[-3:]] == [16, 0, 91]


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("FeatureExtractor/MobilenetV3/Conv/weights", ssdlite.BACKBONE, ssdlite.KERNEL),
        (
            "FeatureExtractor/MobilenetV3/expanded_conv_3/squeeze_excite/Conv_1/biases",
            ssdlite.BACKBONE,
            ssdlite.BIAS,
        ),
        (
            "FeatureExtractor/MobilenetV3/layer_17_1_Conv2d_2_1x1_256/BatchNorm/gamma",
            ssdlite.EXTRA,
            ssdlite.AFFINE,
        ),
        (
            "BoxPredictor_0/BoxEncodingPredictor_depthwise/depthwise_weights",
            ssdlite.BOXES,
            ssdlite.KERNEL,
        ),
        (
            "BoxPredictor_5/ClassPredictor_depthwise/BatchNorm/moving_variance",
            ssdlite.LOGITS,
            ssdlite.STATISTICS,
        ),
    ],
)
def test_names_are_sorted_into_parts_and_kinds(name: str, part: str, kind: str) -> None:
    assert (ssdlite.part_of(name), ssdlite.kind_of(name)) == (part, kind)


def test_variables_are_counted_by_name() -> None:
    found = ssdlite.tensorflow(
        [
            ("FeatureExtractor/MobilenetV3/Conv/weights", [3, 3, 3, 16], True),
            ("FeatureExtractor/MobilenetV3/Conv/BatchNorm/moving_mean", [16], False),
            ("BoxPredictor_1/BoxEncodingPredictor/biases", [24], True),
            ("BoxPredictor_0/BoxEncodingPredictor/biases", [12], True),
        ]
    )
    assert found.count(ssdlite.BACKBONE) == 432 + 16
    assert found.parameters == 432 + 24 + 12
    assert found.anchors == (3, 6)
    with pytest.raises(ValueError, match="moving_mean is trained"):
        ssdlite.tensorflow([("x/BatchNorm/moving_mean", [4], True)])


def test_boxes_of_one_side_are_named() -> None:
    boxes = [
        [(0.5 - h / 2, 0.5 - w / 2, 0.5 + h / 2, 0.5 + w / 2) for h, w in sizes]
        for sizes in ssdlite.torchvision_sizes()
    ]
    assert ssdlite.compare_sizes(boxes) == [([], [])] * 6
    lost = boxes[0].pop(0)
    boxes[0].append((0.45, 0.45, 0.55, 0.55))
    (ours, theirs), *rest = ssdlite.compare_sizes(boxes)
    assert ours == [pytest.approx((0.1, 0.1))]
    assert theirs == [pytest.approx((lost[2] - lost[0], lost[3] - lost[1]))]
    assert rest == [([], [])] * 5


def test_component_cases_are_cases() -> None:
    rows = rows_components.cases()
    parsed = cases.parse({"case": rows}, Path("rows_components.toml")).cases
    assert len(parsed) == len(rows) > 40
    assert all(case.name.startswith("component/") for case in parsed)
    assert all(item.shape[0] in (2, 4) for case in parsed for item in case.inputs)
    graph_only = [case.name for case in parsed if case.places == (cases.GRAPH,)]
    assert graph_only and all("model_deploy" in name for name in graph_only)
