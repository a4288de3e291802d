"""Numbers that a comparison could pass over: NaN, infinities, zeros, nothing at all, no floors."""

from __future__ import annotations

import numpy as np
import pytest
from verify_answers import answer, case

from slimport.verify import protocol
from slimport.verify.comparing import compare, initial_compare, tolerances
from slimport.verify.result import Status

SCORES = np.array([[0.9, 0.5, 0.1]], "float32")
BOXES = np.arange(12, dtype="float32").reshape(1, 3, 4)
NAMES = ("scores", "boxes")


def judged(old, new, **changes):
    """The mode in which one side gives `old` and the other `new`."""
    return compare.compare_mode(case(**changes), "inference", answer(old), answer(new))


def detected(scores=SCORES, boxes=BOXES, **more):
    return {"scores": scores, "boxes": boxes, **more}


def with_nan(array, *places):
    found = array.copy()
    found.ravel()[list(places)] = np.nan
    return found


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, -1])
def test_a_detection_that_is_not_finite_on_one_side_differs(bad, name, place):
    spoilt = detected()
    spoilt[name] = spoilt[name].copy()
    spoilt[name].ravel()[place] = bad
    for old, new in ((detected(), spoilt), (spoilt, detected())):
        mode = judged(old, new, discrete=NAMES)
        assert mode.status is Status.DIFFERS


def test_detections_that_are_all_nan_on_one_side_differ():
    for name in NAMES:
        new = detected()
        new[name] = np.full_like(new[name], np.nan)
        assert judged(detected(), new, discrete=NAMES).status is Status.DIFFERS


def test_nan_in_the_same_row_of_both_sides_is_equal():
    boxes = with_nan(BOXES, 5)
    assert judged(detected(boxes=boxes), detected(boxes=boxes), discrete=NAMES).status is (
        Status.EQUAL
    )
    other = detected(boxes=with_nan(BOXES, 1))
    assert judged(detected(boxes=boxes), other, discrete=NAMES).status is Status.DIFFERS


def test_detections_of_another_kind_of_number_differ():
    old, new = (detected(classes=np.array([[1, 2, 3]], kind)) for kind in ("float32", "int64"))
    mode = judged(old, new, discrete=(*NAMES, "classes"))
    assert "dtype float32 became int64" in mode.first_divergence.why


def test_a_count_that_is_nan_on_one_side_differs():
    old, new = (detected(num=np.array([count], "float32")) for count in (3.0, np.nan))
    assert judged(old, new, discrete=(*NAMES, "num")).status is Status.DIFFERS


def test_detections_without_rows_prove_nothing():
    empty = detected(SCORES[:, :0], BOXES[:, :0])
    mode = judged(empty, empty, discrete=NAMES)
    assert mode.status is Status.NOTHING
    assert "no rows" in mode.notes[-1]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (np.zeros((2, 0), "float32"), "no elements"),
        (np.zeros((2, 3), "float32"), "zero on both sides"),
        (np.full((2, 3), np.inf, "float32"), "no finite number"),
    ],
    ids=("empty", "zero", "infinite"),
)
def test_a_mode_without_a_number_says_why_it_proves_nothing(value, why):
    mode = judged({"a": value, "b": value}, {"a": value, "b": value})
    assert mode.status is Status.NOTHING
    assert mode.notes[-1].startswith("nothing compared: no output proves anything. a: ")
    assert why in mode.notes[-1]
    alive = {"a": value, "b": np.ones(3, "float32")}
    assert judged(alive, alive).status is Status.EQUAL


def test_whole_numbers_that_are_zero_are_numbers():
    assert judged({"a": np.array([0, 0])}, {"a": np.array([0, 0])}).status is Status.EQUAL


def test_a_mode_without_outputs_says_so():
    assert judged({}, {}).notes == ["nothing compared: there is no output on either side"]


@pytest.mark.parametrize("floor", [float("inf"), float("nan")])
def test_a_floor_that_is_no_number_allows_nothing(floor):
    given = tolerances.tolerance("inference", "output", 1.0, "float32", {"floor": floor}, {})
    assert given.allowed < 1e-6


def test_what_storing_hides_altogether_is_noise():
    old, new = (
        answer({"a": np.ones(3)}, groups={"update": {"mean": np.full(3, moved)}})
        for moved in (1e-7, 1.5e-7)
    )
    for entry in old.meta["tensors"]:
        entry["summed"] = 100.0
    mode = compare.compare_mode(case(), "training", old, new)
    assert mode.of("update")[0].status is Status.NOISE
    assert "too large to prove anything" in mode.of("update")[0].why


@pytest.mark.parametrize("scale", [1e-45, 3e38, 1e300])
def test_the_unit_of_any_scale_is_a_number(scale):
    for group in ("output", "update"):
        given = tolerances.tolerance("training", group, scale, "float32", {"summed": scale}, {})
        assert 0.0 < given.allowed < np.inf


def test_draws_that_are_not_finite_on_one_side_differ():
    numbers = np.random.RandomState(0).standard_normal(4096)
    entry = {"kind": "drawn", "shape": [3], "dtype": "float32"}
    for bad in (np.nan, np.inf):
        for spoilt in (numbers * bad, np.append(numbers[6:], [bad] * 6)):
            for sides in ((numbers, spoilt), (spoilt, numbers)):
                found = initial_compare.compare("w", 0, *((entry, side) for side in sides))
                assert found.status is Status.DIFFERS
                assert "not finite" in found.why


def test_a_tensor_that_is_told_twice_is_no_answer():
    found = protocol.Answer("graph")
    found.tensor("output", "a", np.ones(3))
    protocol.completed(found.meta, found.arrays)
    found.tensor("output", "a", np.zeros(3))
    with pytest.raises(ValueError, match="output a is in the answer 2 times"):
        protocol.completed(found.meta, found.arrays)


def test_bytes_that_are_no_text_stay_apart():
    assert protocol.literal(b"\xff") != protocol.literal(b"\xfe")
