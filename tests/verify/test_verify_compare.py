"""The comparison finds what is planted, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from verify_answers import answer, case

from slimport.verify.comparing import compare
from slimport.verify.comparing.answered import Answered
from slimport.verify.result import Status

X = np.linspace(-2, 2, 24, dtype="float32").reshape(2, 12)


def inference(old, new, **changes):
    return compare.compare_mode(case(**changes), "inference", old, new)


def training(old, new, **changes):
    return compare.compare_mode(case(**changes), "training", old, new)


def test_equal_outputs_are_equal():
    mode = inference(answer({"a": X, "b": X}), answer({"a": X, "b": X + 1e-6}))
    assert mode.status is Status.EQUAL
    assert mode.first_divergence is None


def test_first_divergence_follows_the_build_order_of_the_old_side():
    old = answer({"early": X, "middle": X, "late": X})
    new = answer({"late": X + 1, "middle": X + 1, "early": X})
    mode = inference(old, new)
    assert mode.status is Status.DIFFERS
    assert mode.first_divergence.name == "middle"


def test_smallest_passing_tolerance_is_told():
    mode = inference(answer({"a": X}), answer({"a": X + np.float32(0.02)}))
    assert mode.of("output")[0].relative == pytest.approx(0.01, rel=1e-4)


def test_swapped_channels_differ():
    swapped = np.concatenate([X[:, 6:], X[:, :6]], 1)
    assert inference(answer({"a": X}), answer({"a": swapped})).status is Status.DIFFERS


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_on_one_side_differs(bad):
    spoilt = X.copy()
    spoilt[0, 3] = bad
    for old, new in ((X, spoilt), (spoilt, X)):
        mode = inference(answer({"a": old}), answer({"a": new}))
        assert mode.status is Status.DIFFERS
        assert "not finite" in mode.first_divergence.why


def test_not_finite_at_the_same_places_is_equal():
    spoilt = X.copy()
    spoilt[0, :3] = np.nan, np.inf, -np.inf
    assert inference(answer({"a": spoilt}), answer({"a": spoilt.copy()})).status is Status.EQUAL


def test_infinities_of_opposite_sign_differ():
    plus, minus = X.copy(), X.copy()
    plus[0, 0], minus[0, 0] = np.inf, -np.inf
    assert inference(answer({"a": plus}), answer({"a": minus})).status is Status.DIFFERS


def test_nothing_compared_is_no_success():
    mode = inference(answer({}), answer({}))
    assert mode.status is Status.NOTHING
    assert not mode.status.is_good


def test_missing_and_extra_outputs_fail():
    mode = inference(answer({"a": X, "b": X}), answer({"a": X, "c": X}))
    assert {t.name: t.status for t in mode.of("output")} == {
        "a": Status.EQUAL,
        "b": Status.MISSING,
        "c": Status.EXTRA,
    }
    assert mode.status is Status.DIFFERS


@pytest.mark.parametrize(
    ("variables", "name", "status"),
    [
        ({"w": {}}, "b", Status.MISSING),
        ({"w": {}, "b": {}, "biases": {}}, "biases", Status.EXTRA),
        ({"w": {}, "b": {"shape": [4]}}, "b", Status.DIFFERS),
        ({"w": {}, "b": {"trainable": False}}, "b", Status.DIFFERS),
        ({"w": {}, "b": {"trainable": 2}}, "b", Status.DIFFERS),
        ({"w": {}, "b": {"dtype": "float64"}}, "b", Status.DIFFERS),
    ],
)
def test_variables_must_be_the_same(variables, name, status):
    old = answer({"a": X}, variables={"w": {}, "b": {}})
    mode = inference(old, answer({"a": X}, variables=variables))
    assert mode.status is Status.DIFFERS
    assert (mode.first_divergence.name, mode.first_divergence.status) == (name, status)


@pytest.mark.parametrize(
    "other",
    [X[:1], X.astype("int32"), X.astype("float64"), X.astype("float16"), X > 0],
    ids=["shape", "int", "float64", "float16", "bool"],
)
def test_other_shape_or_kind_differs(other):
    mode = inference(answer({"a": X}), answer({"a": other}))
    assert mode.first_divergence.why.startswith(("shape", "dtype"))


def test_whole_numbers_must_be_exactly_equal_in_any_width():
    numbers = np.array([1, 2, 1000000])
    same = inference(answer({"a": numbers}), answer({"a": numbers.astype("int32")}))
    other = inference(answer({"a": numbers}), answer({"a": numbers + np.array([0, 0, 1])}))
    assert (same.status, other.status) == (Status.EQUAL, Status.DIFFERS)


def test_the_noise_floor_raises_the_tolerance():
    old = answer({"a": X}, floors={"a": 1e-4})
    near, far = answer({"a": X + np.float32(4e-4)}), answer({"a": X + np.float32(6e-4)})
    assert inference(old, near).status is Status.EQUAL
    assert inference(old, far).status is Status.DIFFERS


def test_no_floor_hides_a_difference_beyond_the_cap():
    old = answer({"a": X, "b": X}, floors={"a": 0.1})
    mode = inference(old, answer({"a": X + np.float32(0.15), "b": X}))
    assert mode.first_divergence.name == "a"


def test_pure_noise_passes_as_noise_and_is_no_evidence():
    noise = np.float32(1e-9) * X
    old = answer({}, groups={"gradient": {"w": noise, "v": X}}, floors={"w": 1e-9})
    new = answer({}, groups={"gradient": {"w": -noise, "v": X}})
    mode = training(old, new)
    assert [t.status for t in mode.of("gradient")] == [Status.NOISE, Status.EQUAL]
    assert mode.status is Status.NOTHING
    wrong = answer({}, groups={"gradient": {"w": noise + 1, "v": X}})
    assert training(old, wrong).of("gradient")[0].status is Status.DIFFERS


def test_a_noisy_gradient_is_equal_up_to_the_cap_and_noise_beyond():
    old = answer({"a": X}, groups={"gradient": {"w": X}}, floors={"w": 0.03})

    def gradient(change):
        new = answer({"a": X}, groups={"gradient": {"w": X + np.float32(change)}})
        return training(old, new).of("gradient")[0].status

    statuses = [gradient(0.09), gradient(0.14), gradient(0.16)]
    assert statuses == [Status.EQUAL, Status.NOISE, Status.DIFFERS]


def test_a_tolerance_of_the_case_counts_alone():
    old = answer({"a": X}, floors={"a": 1.0})
    new = answer({"a": X + np.float32(0.02)})
    assert inference(old, new, tolerance={"output": 0.02}).status is Status.EQUAL
    assert inference(old, new, tolerance={"output": 0.005}).status is Status.DIFFERS


def test_ignored_outputs_do_not_count():
    mode = inference(answer({"a": X, "b": X}), answer({"a": X, "b": X + 1}), ignore=("b",))
    assert mode.status is Status.EQUAL
    alone = inference(answer({"b": X}), answer({"b": X + 1}), ignore=("b",))
    assert alone.status is Status.NOTHING


def test_zero_against_something_small_differs():
    zero = np.zeros_like(X)
    mode = inference(answer({"a": zero}), answer({"a": zero + np.float32(1e-12)}))
    assert mode.status is Status.DIFFERS


def test_an_error_on_one_side_is_a_failed_mode_with_its_traceback():
    error = {"stage": "calling nets:net", "traceback": "Traceback ...\nKeyError: 'x'"}
    mode = inference(Answered({"error": error}, {}), answer({"a": X}))
    assert mode.status is Status.FAILED
    assert "KeyError: 'x'" in mode.errors["old"]
    assert "calling nets:net" in mode.errors["old"]


def test_gradients_on_one_side_only_differ():
    mode = training(answer({"a": X}), answer({"a": X}, gradient_error="LookupError: none"))
    assert mode.status is Status.DIFFERS
    assert any("LookupError" in note for note in mode.notes)


def test_first_diverging_gradient_is_the_last_in_build_order():
    names = {"conv1": X, "conv2": X, "conv3": X}
    wrong = {"conv1": X + 1, "conv2": X + 1, "conv3": X}
    mode = training(
        answer({"a": X}, groups={"gradient": names}), answer({"a": X}, groups={"gradient": wrong})
    )
    assert mode.first_divergence.name == "conv2"


BOXES = np.arange(16, dtype="float32").reshape(1, 4, 4)
SCORES = np.array([[0.9, 0.5, 0.5, 0.1]], "float32")
CLASSES = np.array([[1, 2, 3, 4]], "float32")
COUNT = np.array([4.0], "float32")
NAMES = ("boxes", "scores", "classes", "num")


def detected(boxes=BOXES, scores=SCORES, classes=CLASSES, count=COUNT):
    return answer(dict(zip(NAMES, (boxes, scores, classes, count), strict=True)))


def test_detections_may_swap_where_scores_tie():
    order = [0, 2, 1, 3]
    new = detected(BOXES[:, order], SCORES + np.float32(1e-7), CLASSES[:, order])
    assert inference(detected(), new).status is Status.DIFFERS
    assert inference(detected(), new, discrete=NAMES).status is Status.EQUAL


def test_detections_may_not_swap_where_scores_are_apart():
    order = [3, 1, 2, 0]
    new = detected(BOXES[:, order], SCORES, CLASSES[:, order])
    assert inference(detected(), new, discrete=NAMES).status is Status.DIFFERS


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_detection_differs(name):
    value = {"boxes": BOXES, "scores": SCORES, "classes": CLASSES, "num": COUNT}[name].copy()
    value.flat[0] += 0.05
    new = detected(**{"count" if name == "num" else name: value})
    assert inference(detected(), new, discrete=NAMES).status is Status.DIFFERS


def test_rounding_may_decide_who_is_kept_last():
    boxes = BOXES.copy()
    boxes[0, 3] = 99
    new = detected(boxes, SCORES + np.array([[0, 0, 0, 0.01]], "float32"))
    assert inference(detected(), new, discrete=NAMES).status is Status.DIFFERS


def test_discrete_outputs_need_a_score():
    new = old = answer({"boxes": BOXES})
    mode = inference(old, new, discrete=("boxes",))
    assert "score" in mode.first_divergence.why


@pytest.mark.parametrize(("weight", "status"), [(0.0, Status.EQUAL), (1e-9, Status.DIFFERS)])
def test_a_regulariser_of_weight_zero_is_none(weight, status):
    outputs = {"y": np.ones(3)}
    old = answer(outputs, groups={"regularisation": {"total": 0.5}})
    new = answer(outputs, groups={"regularisation": {"total": 0.5, "w": weight}})
    assert training(old, new).status is status
    assert training(new, old).status is status


def test_detections_that_training_leaves_out_on_both_sides_are_not_missed():
    outputs = {"y": np.ones(3)}
    found = inference(answer(outputs), answer(outputs), discrete=("scores", "boxes"))
    assert found.status is Status.EQUAL


def test_both_parts_of_complex_numbers_count():
    mode = inference(answer({"a": X + 1j * X}), answer({"a": X + 2j * X}))
    assert mode.status is Status.DIFFERS
    assert inference(answer({"a": X + 1j * X}), answer({"a": X + 1j * X})).status is Status.EQUAL


def test_whole_numbers_beyond_float64_must_be_equal():
    numbers = np.array([2**60, 5])
    mode = inference(answer({"a": numbers}), answer({"a": numbers + np.array([1, 0])}))
    assert mode.status is Status.DIFFERS


def test_nan_everywhere_on_both_sides_proves_nothing():
    bad = np.full_like(X, np.nan)
    mode = inference(answer({"a": bad}), answer({"a": bad}))
    assert mode.status is Status.NOTHING
    assert "no finite number" in mode.of("output")[0].why


@pytest.mark.parametrize("value", [None, "<Net>", "mode"])
def test_what_is_no_tensor_proves_nothing(value):
    found = literal(value)
    assert inference(found, found).status is Status.NOTHING


def test_an_object_is_not_looked_into_and_no_proof():
    tensor = inference(literal("<Net>"), literal("<Net>")).of("output")[0]
    assert (tensor.status, "not looked into" in tensor.why) == (Status.IGNORED, True)


def test_strings_of_another_shape_differ():
    mode = inference(literal(["a", "b"], [2], "string"), literal(["a", "b"], [1, 2], "string"))
    assert mode.status is Status.DIFFERS


def literal(value, shape=(), dtype="literal"):
    """An answer with one output that is no number."""
    found = answer({})
    entry = {"group": "output", "name": "x", "order": 0, "dtype": dtype, "shape": list(shape)}
    found.meta["tensors"].append({**entry, "literal": value})
    return found


def test_gradients_of_inputs_are_compared_where_both_sides_tell_them():
    told = {"input_gradients": True}
    old = answer({"a": X}, groups={"input gradient": {"input 1": X}}, **told)
    new = answer({"a": X}, groups={"input gradient": {"input 1": 0 * X}}, **told)
    mode = training(old, new)
    assert (mode.status, mode.first_divergence.name) == (Status.DIFFERS, "input 1")
    assert mode.first_divergence.group == "input gradient"
    reference = training(answer({"a": X}), new)
    assert reference.status is Status.EQUAL
    assert "one side has none" in reference.notes[0]
