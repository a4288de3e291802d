"""Initial values and float64 from end to end: old TF-Slim against its migrated form."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from slimport.verify import run
from slimport.verify.case_files import cases
from slimport.verify.result import Status

pytestmark = pytest.mark.slow

LEGACY = """
import tensorflow.compat.v1 as tf
import tf_slim as slim


def net(images, is_training=True):
    with tf.variable_scope("Net"):
        net = slim.conv2d(
            images, 8, [3, 3], normalizer_fn=slim.batch_norm, scope="conv",
            normalizer_params={"is_training": is_training, "epsilon": 0.003},
            weights_initializer=tf.truncated_normal_initializer(stddev=0.01),
            weights_regularizer=slim.l2_regularizer(0.01))
        net = tf.nn.lrn(slim.max_pool2d(net, [2, 2], scope="pool"))
        return slim.fully_connected(
            slim.flatten(net), 3, activation_fn=None, scope="logits",
            biases_initializer=tf.constant_initializer(0.1))
"""

#: What is planted, by the name of the module that holds it.
PLANTED = {
    "net": ("", ""),
    "wider": ("stddev=0.01", "stddev=0.012"),
    # Of the same deviation, which truncation at two of them makes .88 as wide.
    "plain": ("TruncatedNormal(stddev=0.01)", "RandomNormal(stddev=0.0087962566)"),
    "bias": ("Constant(0.1)", "Constant(0.2)"),
    "epsilon": ("0.003", "0.0031"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Each planted fault's case, by name."""
    root = tmp_path_factory.mktemp("float64")
    (root / "old").mkdir()
    (root / "old" / "net.py").write_text(LEGACY, encoding="utf-8")
    assert not rewrite(Request((root / "old",), root / "new", write=True)).report.left
    right = (root / "new" / "net.py").read_text(encoding="utf-8")
    for name, (before, after) in PLANTED.items():
        assert before in right, right
        text = right.replace(before, after, 1) if before else right
        (root / "new" / f"{name}.py").write_text(text, encoding="utf-8")
    tables = [
        {
            "name": name,
            "old_entry": "net:net",
            "new_entry": f"{name}:net",
            "training_argument": "is_training",
            "modes": ["inference", "training"] if name == "net" else ["inference"],
            "built_once": False,
            "inputs": [{"shape": [2, 8, 8, 3]}],
        }
        for name in PLANTED
    ]
    data = {"old": "old", "new": "new", "case": tables}
    file = cases.parse(data, root / "cases.toml")
    found = run.verify_cases(file, run.Settings(float64=True))
    return {case.name: case for case in found.cases}


def modes(case, *names):
    """The modes of a case, by name."""
    found = {mode.mode: mode for mode in case.modes}
    return [found[name] for name in names]


def test_equal_sides_are_equal_in_float64(results):
    case = results["net"]
    assert case.status is Status.EQUAL, [(m.first_divergence, m.errors) for m in case.modes]
    inference, training = modes(case, "inference", "training")
    assert [t.status for t in inference.of("initial")] == [Status.EQUAL] * 6
    compared = [t for mode in (inference, training) for t in mode.tensors if t.scale]
    doubles = [t.double for t in compared if t.group in ("output", "update", "gradient")]
    assert len(doubles) > 6
    assert None not in doubles
    assert max(doubles) < 1e-6  # lrn has no double kernel
    assert all("float64" in t.floors for t in compared if t.group != "initial")
    assert any("LRN" in note for mode in (inference, training) for note in mode.notes)
    before_lrn = [t for t in training.of("update") if t.scale]
    assert max(t.double for t in before_lrn) < 1e-12


@pytest.mark.parametrize(
    ("planted", "variable", "said"),
    [
        ("wider", "Net/conv/weights", "standard deviation"),
        ("plain", "Net/conv/weights", "largest value"),
        ("bias", "Net/logits/biases", "always 0.1 became always 0.2"),
    ],
)
def test_a_wrong_initializer_is_found_and_nothing_else(results, planted, variable, said):
    case = results[planted]
    assert case.status is Status.DIFFERS
    mode, first = case.first_divergence
    assert (mode.mode, first.group, first.name) == ("inference", "initial", variable)
    assert said in first.why
    bad = [t.name for m in case.modes for t in m.tensors if not t.status.is_good]
    assert bad == [variable]


def test_a_wrong_epsilon_is_arithmetic(results):
    first = results["epsilon"].first_divergence[1]
    assert first.group == "output"
    assert "wrong arithmetic, no rounding" in first.why
    assert first.double == pytest.approx(first.relative, rel=0.01)
