"""What variables begin with: constants exactly, random ones as distributions, without alarms."""

from __future__ import annotations

import numpy as np
import pytest

from slimport.verify import protocol
from slimport.verify.comparing import initial_compare
from slimport.verify.result import Status
from slimport.verify.workers import initial

SHAPE = (3, 3, 3, 8)


def truncated(random, scale=1.0):
    """A normal distribution of two deviations, of deviation `scale`."""
    found = random.standard_normal(SHAPE)
    while (np.abs(found) > 2).any():
        found = np.where(np.abs(found) > 2, random.standard_normal(SHAPE), found)
    return found * scale / 0.87962566


DISTRIBUTIONS = {
    "normal": lambda random: random.standard_normal(SHAPE) * 0.1,
    "normal, 20 % wider": lambda random: random.standard_normal(SHAPE) * 0.12,
    "normal, 20 % narrower": lambda random: random.standard_normal(SHAPE) * 0.08,
    "normal, moved": lambda random: random.standard_normal(SHAPE) * 0.1 + 0.02,
    "truncated, same deviation": lambda random: truncated(random, 0.1),
    "uniform, same deviation": lambda random: random.uniform(-1, 1, SHAPE) * 0.1 * np.sqrt(3),
    "zeros": lambda random: np.zeros(SHAPE),
    "a tenth": lambda random: np.full(SHAPE, 0.1),
}


def begins(distribution, seed):
    """What a side answers of a variable with that initializer."""
    random = np.random.RandomState(seed)
    answer = protocol.Answer("graph")

    def draw(counts):
        one = DISTRIBUTIONS[distribution]
        return {n: [one(random).astype("float32") for _ in range(k)] for n, k in counts.items()}

    initial.put(answer, {"w": SHAPE}, draw)
    entry = answer.meta["tensors"][0]
    return entry, answer.arrays[entry["key"]]


@pytest.mark.parametrize("new", DISTRIBUTIONS)
@pytest.mark.parametrize("old", DISTRIBUTIONS)
def test_only_equal_initializers_are_equal(old, new):
    found = initial_compare.compare("w", 0, begins(old, 1), begins(new, 2))
    assert found.status is (Status.EQUAL if old == new else Status.DIFFERS), found.why
    assert (found.group, found.shape) == ("initial", SHAPE)


def test_a_wrong_initializer_says_what_is_wrong():
    def why(new):
        return initial_compare.compare("w", 0, begins("normal", 1), begins(new, 2)).why

    assert "standard deviation" in why("normal, 20 % wider")
    assert "mean" in why("normal, moved")
    assert "largest value" in why("truncated, same deviation")
    assert why("zeros").endswith("became always 0")
    assert why("a tenth").endswith("became always 0.1")


@pytest.mark.parametrize("kind", ["normal", "truncated, same deviation", "uniform, same deviation"])
def test_many_variables_of_equal_initializers_raise_no_alarm(kind):
    for seed in range(60):
        left, right = begins_quickly(kind, 2 * seed), begins_quickly(kind, 2 * seed + 1)
        found = initial_compare.compare("w", 0, left, right)
        assert found.status is Status.EQUAL, found.why


def begins_quickly(kind, seed):
    random = np.random.RandomState(seed)
    draws = [DISTRIBUTIONS[kind](random).astype("float32").ravel() for _ in range(4)]
    return {"kind": "drawn", "shape": list(SHAPE), "dtype": "float32"}, np.concatenate(draws)


@pytest.mark.parametrize("changed", [1e-7, np.nan])
def test_constants_are_equal_to_the_last_bit(changed):
    table = np.linspace(1, 2, 12, dtype="float32")
    other = table.copy()
    other[3] += np.float32(changed) * 2
    entry = {"kind": "constant", "shape": [12], "dtype": "float32"}
    same = initial_compare.compare("w", 0, (entry, table), (entry, table.copy()))
    found = initial_compare.compare("w", 0, (entry, table), (entry, other))
    assert (same.status, found.status) == (Status.EQUAL, Status.DIFFERS)


def test_numbers_that_one_side_draws_once_are_compared_as_numbers_drawn():
    drawn, kept = begins("normal", 1), begins_quickly("normal", 2)
    once = ({**kept[0], "kind": "constant"}, kept[1])
    assert initial_compare.compare("w", 0, drawn, once).status is Status.EQUAL
    wide = begins_quickly("normal, 20 % wider", 2)
    other = ({**wide[0], "kind": "constant"}, wide[1])
    assert initial_compare.compare("w", 0, drawn, other).status is Status.DIFFERS


@pytest.mark.parametrize("size", [2, 3, 8, 20, 100, 600])
@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_few_numbers_drawn_once_raise_no_alarm(size, kind):
    random = np.random.RandomState(size)
    for _ in range(300):
        left, right = (
            random.standard_normal(count) if kind == "normal" else random.uniform(-1, 1, count)
            for count in (4096, size)
        )
        assert compare_drawn(left, right).status is Status.EQUAL, compare_drawn(left, right).why


@pytest.mark.parametrize(
    ("size", "wrong"),
    [
        (8, lambda x: 100 * x),
        (8, lambda x: x + 10),
        (20, lambda x: 0.05 * x),
        (100, lambda x: 3 * x),
        (100, lambda x: x + 2),
    ],
)
def test_a_few_numbers_of_another_distribution_show(size, wrong):
    random = np.random.RandomState(size)
    for _ in range(20):
        left, right = random.standard_normal(4096), wrong(random.standard_normal(size))
        assert compare_drawn(left, right).status is Status.DIFFERS
        assert compare_drawn(right, left).status is Status.DIFFERS


def compare_drawn(left, right):
    sides = [({"kind": "drawn", "shape": [1], "dtype": "float32"}, side) for side in (left, right)]
    return initial_compare.compare("w", 0, *sides)


def test_large_variables_are_sampled_and_constants_kept_short():
    answer = protocol.Answer("graph")
    random = np.random.RandomState(0)

    def draw(counts):
        made = {"large": lambda: random.standard_normal((300, 300)), "zero": lambda: np.zeros(9000)}
        return {name: [made[name]() for _ in range(count)] for name, count in counts.items()}

    initial.put(answer, {"large": (300, 300), "zero": (9000,)}, draw)
    sizes = {entry["name"]: answer.arrays[entry["key"]].size for entry in answer.meta["tensors"]}
    assert sizes == {"large": initial.SAMPLE, "zero": 1}
    assert answer.meta["tensors"][0]["shape"] == [300, 300]
