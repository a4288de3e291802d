"""Tolerances come from noise floors; each of their parts allows what it says and no more."""

from __future__ import annotations

import numpy as np
import pytest
from verify_answers import answer, case

from slimport.verify import protocol
from slimport.verify.comparing import compare, tolerances
from slimport.verify.comparing.answered import Answered
from slimport.verify.result import Status, TensorResult
from slimport.verify.workers import magnitudes, perturbations, values

X = np.linspace(-2, 2, 24, dtype="float32").reshape(2, 12)


def judge(change, mode="inference", group="output", entry=None, **chosen):
    """Compares X with X plus a change, with what the old side says of it."""
    old, new = (
        answer(groups={group: {"a": X}}),
        answer(groups={group: {"a": X + np.float32(change)}}),
    )
    for found in old.meta["tensors"]:
        found.update(entry or {})
    mode_result = compare.compare_mode(case(tolerance=chosen), mode, old, new)
    return mode_result.of(group)[0]


def test_float32_itself_bounds_a_floor_from_below():
    unit = 2.0**-22  # of 2.0
    assert judge(3 * unit).status is Status.EQUAL
    assert judge(3 * unit).floors == {"float32": pytest.approx(unit)}
    assert judge((tolerances.FACTOR + 2) * unit).status is Status.DIFFERS


@pytest.mark.parametrize("group", ["output", "update", "regularisation", "gradient"])
def test_the_factor_of_a_group_decides(group):
    factor, floor = tolerances.FACTOR, 1e-4
    entry = {"floors": {"ulp": floor / 3, "float64": floor}}
    inside = judge(0.9 * factor * floor, "training", group, entry)
    outside = judge(1.1 * factor * floor, "training", group, entry)
    assert (inside.status, outside.status) == (Status.EQUAL, Status.DIFFERS)
    assert inside.floor == pytest.approx(floor)
    assert inside.ratio == pytest.approx(0.9 * factor, rel=0.01)
    assert "float64" in inside.why


@pytest.mark.parametrize("group", ["output", "update", "regularisation", "gradient"])
def test_a_larger_floor_never_allows_less(group):
    allowed = [
        tolerances.tolerance("training", group, 1.0, "float32", {"floors": {"ulp": floor}}, {})
        for floor in np.geomspace(1e-9, 1.0, 60)
    ]
    limits = [given.allowed for given in allowed]
    assert limits == sorted(limits)
    proofs = [given.proves for given in allowed]
    assert proofs == sorted(proofs)
    assert proofs[-1] <= tolerances.CAP


def test_storing_a_sum_is_added_once():
    unit = perturbations.unit_of(1.0)
    entry = {"floors": {"ulp": 0.0}, "summed": 1.0}
    given = tolerances.tolerance("training", "update", 1e-3, "float64", entry, {})
    assert given.proves == pytest.approx(2 * unit, rel=0.02)


def test_what_storing_rounds_is_no_noise():
    unit = perturbations.unit_of(1.0)
    moved = np.array([0.1, 0.2])
    found = perturbations.floors(
        moved, {"ulp": [moved + unit], "float64": [moved - 3 * unit]}, unit
    )
    assert found == {"ulp": pytest.approx(0.0, abs=1e-15), "float64": pytest.approx(2 * unit)}


def test_adam_is_named_where_it_reaches_and_nowhere_else():
    entry = {"floors": {"ulp": 1e-9}, "beta_2": 1.29e-5}
    slot = tolerances.tolerance("steps", "slot", 1.0, "float32", entry, {})
    assert slot.proves == pytest.approx(tolerances.ADAM * 1.29e-5, rel=0.1)
    assert "beta_2" in slot.why()
    for mode, group in (("steps", "learning rate"), ("steps", "gradient"), ("graph_steps", "slot")):
        other = tolerances.tolerance(mode, group, 1.0, "float32", entry, {})
        assert other.proves < 1e-5


def test_a_variable_that_stays_must_stay():
    still = tolerances.tolerance("steps", "weight", 0.0, "float32", {"floors": {"ulp": 0.0}}, {})
    assert still.allowed == 0.0


def test_float64_and_float16_have_their_own_units():
    units = {
        dtype: tolerances.tolerance("inference", "output", 1.0, dtype, {}, {}).floor
        for dtype in ("float16", "float32", "float64")
    }
    assert units["float16"] > 1e-4 > units["float32"] > 1e-8 > units["float64"] > 0


def doubles(change, tolerance=1e-3, double=0.0):
    """A tensor that differs by `change` in float32 and by `double` in float64."""
    answers = []
    for shift, shift_double in ((0.0, 0.0), (change, double)):
        made = protocol.Answer("graph")
        made.tensor("output", "a", X + np.float32(shift))
        other = protocol.Answer("graph")
        other.tensor("output", "a", X.astype("float64") + shift_double)
        made.add_double(other)
        made.meta["double"] = {"in_float32": [], "error": None}
        answers.append(Answered(made.meta, made.arrays))
    return compare.compare_mode(case(tolerance={"output": tolerance}), "inference", *answers)


def test_float64_tells_rounding_from_wrong_arithmetic():
    rounding, wrong = doubles(0.02, double=1e-13), doubles(0.02, double=0.02)
    assert rounding.status is wrong.status is Status.DIFFERS
    assert "rounding, no wrong arithmetic" in rounding.of("output")[0].why
    assert "wrong arithmetic, no rounding" in wrong.of("output")[0].why
    assert wrong.of("output")[0].double == pytest.approx(0.01, rel=1e-3)


def test_what_rounding_hides_is_noted():
    hidden = doubles(1e-4, double=1e-4)
    assert hidden.status is Status.EQUAL
    assert any("arithmetic which rounding hides" in note for note in hidden.notes)
    assert doubles(1e-4, double=1e-12).notes == []


def test_a_floor_of_float64_is_how_far_float32_was_from_it():
    made, other = protocol.Answer("graph"), protocol.Answer("graph")
    made.tensor("output", "a", X, 0, {"ulp": 1e-7})
    other.tensor("output", "a", X.astype("float64") + 3e-5)
    made.add_double(other, keep=False)
    entry = made.meta["tensors"][0]
    assert entry["floors"]["float64"] == pytest.approx(3e-5) == entry["floor"]
    assert "double_key" not in entry


def test_one_ulp_moves_every_element_to_a_neighbour():
    moved = values.one_ulp_away(X, 0, "v", 0)
    assert (np.abs(moved - X) == np.spacing(np.abs(np.minimum(np.abs(moved), np.abs(X))))).all()
    assert perturbations.largest_change(X, [moved]) == pytest.approx(2.0**-22, rel=0.6)


def test_results_hold_what_a_reader_needs():
    found = judge(1e-6)
    assert isinstance(found, TensorResult)
    assert None not in (found.floor, found.max_abs, found.ratio, found.relative)


MASKED = np.linspace(-2, 2, 24, dtype="float32").reshape(2, 12)
MASKED[:, 6:] -= 1e9


def described(value, runs):
    """The answer of an old side that tells the parts of an output."""
    found = answer({"a": value})
    found.meta["tensors"][0]["parts"] = magnitudes.measured(value, runs)
    return found


def test_what_is_small_beside_a_mask_is_compared_by_itself():
    old = described(MASKED, {"ulp": [MASKED * np.float32(1 + 1e-7)]})
    wrong = MASKED.copy()
    wrong[:, :6] *= 1.01
    tensor = compare.compare_mode(case(), "inference", old, answer({"a": wrong})).of("output")[0]
    assert tensor.status is Status.DIFFERS
    assert (tensor.scale, "12 of 24 elements" in tensor.why) == (2.0, True)
    near = MASKED * np.float32(1 - 1e-7)
    assert compare.compare_mode(case(), "inference", old, answer({"a": near})).status.is_good


def test_small_elements_that_are_rests_of_large_ones_are_not_held_to_their_own_scale():
    value = np.random.RandomState(0).standard_normal(100_000).astype("float32")
    moved = [value + np.float32(1e-7) * np.random.RandomState(n).standard_normal(100_000)
             for n in (1, 2, 3)]  # fmt: skip
    old, new = described(value, {"ulp": moved[:2]}), answer({"a": moved[2].astype("float32")})
    assert old.meta["tensors"][0]["parts"]
    assert compare.compare_mode(case(), "inference", old, new).status is Status.EQUAL


def test_what_another_run_gives_otherwise_has_no_floor():
    runs = {perturbations.ULP: [MASKED + 1], perturbations.NOTHING: [MASKED + 2]}
    assert perturbations.is_random(MASKED, runs)
    assert perturbations.floors(MASKED, runs) == {}
    same = {**runs, perturbations.NOTHING: [MASKED.copy()]}
    assert not perturbations.is_random(MASKED, same)
    assert perturbations.floors(MASKED, same)[perturbations.NOTHING] == 0.0


def test_sums_in_the_order_in_which_threads_end_are_no_draws():
    value = np.random.RandomState(0).standard_normal(1000).astype("float32")
    other = value + np.float32(1e-5) * np.random.RandomState(1).standard_normal(1000)
    runs = {perturbations.NOTHING: [other.astype("float32")]}
    assert not perturbations.is_random(value, runs)
    assert 0.0 < perturbations.floors(value, runs)[perturbations.NOTHING] < 1e-4
    runs = {perturbations.NOTHING: [value + np.float32(1e-3)]}
    assert perturbations.is_random(value, runs)
