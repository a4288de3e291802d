"""Variants of a case: what a table stands for, and what random inputs look like."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from slimport.verify import run
from slimport.verify.case_files import cases
from slimport.verify.workers import new_worker, values

VARIANTS = """
[[case]]
name = "net"
entry = "m:f"
batch_sizes = [1, 3]
seeds = [0, 5]
[[case.inputs]]
shapes = [[2, 8, 8, 3], [2, 6, 9, 3]]
content = "image"
[[case.inputs]]
shape = [2]
dtype = "int32"
[[case]]
name = "two"
entry = "m:f"
inputs = [{ shapes = [[2], [4]] }, { shape = [1] }, { shapes = [[2, 1], [4, 1]] }]
[[case]]
name = "plain"
entry = "m:f"
seed = 7
"""


def load(tmp_path, text):
    path = tmp_path / "verify.toml"
    path.write_text(text, encoding="utf-8")
    return cases.load(path)


def test_batches_shapes_and_seeds_multiply(tmp_path):
    found = load(tmp_path, VARIANTS).cases
    nets = [case for case in found if case.family == "net"]
    assert [case.name for case in nets] == [
        f"net ({shape}, batch {batch}, seed {seed})"
        for shape in ("8x8x3", "6x9x3") for batch in (1, 3) for seed in (0, 5)
    ]  # fmt: skip
    last = nets[-1]
    assert (last.seed, [item.shape for item in last.inputs]) == (5, [(3, 6, 9, 3), (3,)])
    assert [item.content for item in last.inputs] == ["image", "uniform"]


def test_shapes_of_several_inputs_go_together(tmp_path):
    found = [case for case in load(tmp_path, VARIANTS).cases if case.family == "two"]
    assert [case.name for case in found] == ["two (2 and 2x1)", "two (4 and 4x1)"]
    assert [item.shape for item in found[1].inputs] == [(4,), (1,), (4, 1)]
    assert found[0].seed is None


def test_a_name_chooses_all_variants_or_one(tmp_path):
    file = load(tmp_path, VARIANTS)
    chosen = run.chosen(file, ["net"])
    assert len(chosen) == 8
    (one,) = run.chosen(file, ["two (4 and 4x1)"])
    assert one.inputs[0].shape == (4,)
    with pytest.raises(run.UsageError, match="no case 'two \\(9\\)'"):
        run.chosen(file, ["two (9)"])


def test_a_result_states_seed_and_inputs(tmp_path):
    (case,) = load(tmp_path, VARIANTS.partition('[[case]]\nname = "two"')[0]).cases[:1]
    assert [item.describe() for item in case.inputs] == [
        "float32[1, 8, 8, 3], image, -1 to 1",
        "int32[1], uniform, 0 to 2",
    ]


def test_an_open_batch_is_left_open():
    spec = {"shape": [3, 8, 8, 1]}
    assert new_worker._built_shape({"open_batch": True}, spec) == (None, 8, 8, 1)
    assert new_worker._built_shape({"open_batch": False}, spec) == (3, 8, 8, 1)
    assert new_worker._built_shape({"open_batch": True}, {"shape": []}) == ()


def spectrum(picture):
    """Exponent of the amplitude's fall over the frequency, from the radial mean."""
    size = picture.shape[0]
    amplitude = np.abs(np.fft.fft2(picture - picture.mean()))
    frequency = np.fft.fftfreq(size) * size
    radius = np.hypot(frequency[:, None], frequency[None, :])
    rings = np.arange(2, size // 3)
    means = [amplitude[(radius >= ring) & (radius < ring + 1)].mean() for ring in rings]
    return np.polyfit(np.log(rings), np.log(means), 1)[0]


def image(shape, seed=0, **more):
    spec = {"shape": shape, "dtype": "float32", "low": 0, "high": 1, "content": "image", **more}
    return values.input_value(spec, 0, "a", seed)


def test_pictures_have_the_statistics_of_photographs():
    pictures = image([8, 96, 96, 3])
    grey = pictures.mean(axis=-1)
    assert -1.7 < np.mean([spectrum(picture) for picture in grey]) < -0.9
    for picture in pictures:
        assert 0.02 < (picture == 0).mean() < 0.05
        assert 0.02 < (picture == 1).mean() < 0.05
    steps = np.abs(np.diff(grey, axis=1))
    assert steps.max() > 15 * np.median(steps)  # sharp edges among smooth parts
    noise = np.random.RandomState(0).uniform(size=(96, 96))
    assert abs(spectrum(noise)) < 0.2
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(image([1, 96, 96, 3], 1)[0], pictures[0])


@pytest.mark.parametrize("shape", [[1, 1, 3], [2, 1, 7, 1], [1, 2, 5, 40, 4], [16, 9, 3]])
def test_pictures_of_any_shape(shape):
    found = image(shape)
    assert found.shape == tuple(shape)
    assert np.isfinite(found).all()


def test_pictures_keep_to_their_range_in_each_channel():
    low, high = [0, -10, 100], [1, 10, 200]
    found = image([2, 24, 24, 3], low=low, high=high)
    assert np.allclose(found.min(axis=(0, 1, 2)), low)
    assert np.allclose(found.max(axis=(0, 1, 2)), high)
    whole = image([2, 24, 24, 3], dtype="uint8", low=0, high=256)
    assert (whole.min(), whole.max()) == (0, 255)


def test_a_normal_distribution():
    spec = {"shape": [4000], "dtype": "float32", "low": -2, "high": 6, "content": "normal"}
    found = values.input_value(spec, 0, "a")
    assert abs(found.mean() - 2) < 0.1
    assert abs(found.std() - 2) < 0.1
    assert found.max() > 6
    whole = values.input_value({**spec, "dtype": "int32"}, 0, "a")
    assert (whole.min(), whole.max()) == (-2, 5)


def test_pictures_are_those_of_every_other_interpreter():
    # Taken under CPython 3.7 with NumPy 1.18.5: the bits, not only the values.
    assert digest(image([2, 33, 48, 3])) == PICTURES


PICTURES = "d16cc831c81ba7eb"


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]
