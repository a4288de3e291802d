"""Shared values: the same everywhere, and of a size that deep networks can bear."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from slimport.verify.workers import values, worker

HERE = Path(values.__file__).parents[1]
OLD_SIDE = sorted(
    ".".join(("slimport", "verify", *path.relative_to(HERE).with_suffix("").parts))
    for path in HERE.rglob("*.py")
    if "runs under CPython 3.7" in path.read_text("utf-8")
)


def test_values_are_those_of_every_other_interpreter():
    # Taken under CPython 3.7 with NumPy 1.18.5.
    weights = values.variable_value("net/conv1/weights", (3, 3, 2, 4), "float32")
    assert weights.sum(dtype="float64") == pytest.approx(1.64874193558353, abs=1e-7)
    image = values.input_value({"shape": [2, 2], "dtype": "float32", "low": 0, "high": 1}, 0, "a")
    assert image.sum(dtype="float64") == pytest.approx(1.0325988046824932, abs=1e-7)


def test_name_and_seed_decide():
    one = values.variable_value("a/weights", (4, 4), "float32", 0)
    assert np.array_equal(one, values.variable_value("a/weights", (4, 4), "float32", 0))
    assert not np.array_equal(one, values.variable_value("b/weights", (4, 4), "float32", 0))
    assert not np.array_equal(one, values.variable_value("a/weights", (4, 4), "float32", 1))


@pytest.mark.parametrize(
    ("name", "shape", "low", "high"),
    [
        ("n/BatchNorm/gamma", (500,), 0.8, 1.3),
        ("n/BatchNorm/moving_variance", (500,), 0.8, 1.3),
        ("n/BatchNorm/beta", (500,), -0.6, 0.6),
        ("n/biases", (500,), -0.6, 0.6),
        ("n/BatchNorm/moving_mean", (500,), -0.6, 0.6),
    ],
)
def test_vectors_are_not_trivial(name, shape, low, high):
    value = values.variable_value(name, shape, "float32")
    assert low <= value.min() < value.max() <= high
    assert (value != 0).all()
    assert (value != 1).all()


@pytest.mark.parametrize(
    ("name", "shape", "fan_in"),
    [
        ("n/weights", (3, 3, 64, 128), 576),
        ("n/depthwise_weights", (7, 7, 256, 1), 49),
        ("n/pointwise_weights", (1, 1, 300, 64), 300),
        ("n/anything", (400, 50), 400),
    ],
)
def test_kernels_keep_the_second_moment(name, shape, fan_in):
    value = values.variable_value(name, shape, "float32")
    assert value.var() == pytest.approx(2 / fan_in, rel=0.1)


def test_a_hundred_layers_stay_in_range():
    signal = np.random.RandomState(0).standard_normal((64, 64))
    for layer in range(100):
        weights = values.variable_value(f"layer{layer}/weights", (64, 64), "float32")
        signal = np.maximum(signal @ weights, 0)
    assert 1e-3 < np.sqrt((signal**2).mean()) < 1e3


def test_inputs_follow_their_bounds():
    boxes = values.input_value(
        {"shape": [50, 4], "dtype": "float32", "low": [0, 0, 0.5, 0.5], "high": [0.5, 0.5, 1, 1]},
        0,
        "a",
    )
    assert (boxes[:, :2] < 0.5).all()
    assert (boxes[:, 2:] >= 0.5).all()
    whole = values.input_value({"shape": [99], "dtype": "int64", "low": 3, "high": 6}, 1, "a")
    assert sorted(set(whole.tolist())) == [3, 4, 5]
    fixed = values.input_value({"shape": [2], "dtype": "int32", "values": [8, 9]}, 2, "a")
    assert fixed.tolist() == [8, 9]


def test_one_ulp_is_the_smallest_step():
    start = np.array([1.0, -3.5, 0.0, np.inf, 1e30], "float32")
    moved = values.one_ulp_away(start, 0)
    assert (moved[:3] != start[:3]).all()
    assert moved[3] == np.inf
    assert np.abs(moved[[0, 1, 4]] / start[[0, 1, 4]] - 1).max() < 2e-7
    assert values.one_ulp_away(np.array([1, 2]), 0).tolist() == [1, 2]


@pytest.mark.parametrize("name", OLD_SIDE)
def test_the_old_side_speaks_python_3_7(name):
    path = HERE.joinpath(*name.split(".")[2:]).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    siblings = {*OLD_SIDE, "slimport.written.hparams", "slimport.numpy_api"}  # all for 3.7, too
    allowed = {"numpy", "tensorflow", "importlib"} | set(sys.stdlib_module_names)
    packages = {sibling.rpartition(".")[0] for sibling in OLD_SIDE}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in packages:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # A worker of both sides imports what is the other's within a function.
            assert names <= siblings or node not in tree.body
        elif isinstance(node, ast.ImportFrom):
            assert node.module in siblings or node.module.split(".")[0] in allowed, node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] in allowed, alias.name


def test_an_input_from_a_file(tmp_path):
    given = np.arange(6, dtype="float32").reshape(2, 3)
    np.save(tmp_path / "in.npy", given)
    spec = {"shape": [2, 3], "dtype": "float32", "file": str(tmp_path / "in.npy")}
    assert np.array_equal(values.input_value(spec, 0, "case"), given)


def test_values_of_a_checkpoint(tmp_path):
    tf = pytest.importorskip("tensorflow")
    value = np.arange(3, dtype="float32")
    path = str(tmp_path / "model.ckpt")
    tf.raw_ops.SaveV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[value])
    case = {"weights": path, "seed": 0}
    assert np.array_equal(worker.start_value(case, "a", [3], "float32"), value)
    with pytest.raises(KeyError, match=r"a: \[4\] here, \[3\] in"):
        worker.start_value(case, "a", [4], "float32")
    with pytest.raises(KeyError, match="nothing of this name"):
        worker.start_value(case, "b", [3], "float32")
    random = worker.start_value({"weights": None, "seed": 0}, "b", [3], "float32")
    assert np.array_equal(random, values.variable_value("b", [3], "float32", 0))


@pytest.mark.parametrize("given", [np.zeros((2, 3)), np.zeros((3, 2), "float32"), np.zeros(6)])
def test_an_array_of_a_file_is_what_the_case_says(tmp_path, given):
    path = tmp_path / "in.npy"
    spec = {"shape": [2, 3], "dtype": "float32", "file": str(path)}
    np.save(path, np.ones((2, 3), "float32"))
    assert values.input_value(spec, 0, "a").sum() == 6
    np.save(path, given)
    with pytest.raises(ValueError, match=r"in\.npy holds .*, the case says float32\[2, 3\]"):
        values.input_value(spec, 0, "a")
