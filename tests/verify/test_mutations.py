"""Planted errors: `slimport verify` must catch each one, and say where it is.

The legacy SSD fixture is rewritten as users do it. A mutant is a module of the migrated tree with
one edit of the kind that people make by hand; it lies beside the true one under another name, so
that one run of both workers judges all of them.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from slimport.rewrite.command import Request, run
from slimport.verify.result import CaseResult, Status, TensorResult
from slimport.verify.run import verify

FIXTURE = Path(__file__).parents[2] / "fixtures" / "legacy" / "ssd_inception_v2"

#: A quarter of the channels, up to the first inception module, on images of 32 pixels.
CASE = """
[[case]]
name = "{name}"
old_entry = "nets.inception_v2:inception_v2_base"
new_entry = "nets.{net}:inception_v2_base"
old_arg_scope = "nets.inception_utils:inception_arg_scope"
new_arg_scope = "nets.{utils}:inception_arg_scope"
arg_scope_training_argument = "is_training"
arg_scope_args = {{ batch_norm_scale = true }}
modes = [{modes}]
[case.args]
final_endpoint = "Mixed_3b"
depth_multiplier = 0.25
min_depth = 8
use_separable_conv = false
[[case.inputs]]
shape = [2, 32, 32, 3]
"""

TRUE_MODULES = {"net": "inception_v2", "utils": "inception_utils"}


@dataclass(frozen=True)
class Mutant:
    """One planted error.

    Attributes:
        part: The module that is edited, a key of `TRUE_MODULES`.
        pattern: What is replaced, once.
        replacement: What takes its place.
        group: Kind of the tensor that must be named first.
        tensor: Its name, or the end of it.
        status: What it must be said to be.
        mode: The first mode that must fail.
        alone: Whether tensors of other kinds must stay equal.
    """

    part: str
    pattern: str
    replacement: str
    group: str
    tensor: str
    status: Status = Status.DIFFERS
    mode: str = "inference"
    alone: bool = False


MUTANTS = {
    # Keras' L2(l) is l * sum(w^2), slim's l2_regularizer(l) half of it.
    "l2_doubled": Mutant(
        "utils", r"0\.5 \* weight_decay", "weight_decay", "regularisation",
        "Conv2d_1a_7x7/weights", mode="training", alone=True,
    ),
    # Keras' default in place of slim's.
    "momentum_off": Mutant(
        "utils", r"(['\"]?(decay|momentum)['\"]?(: |=))batch_norm_decay", r"\g<1>0.99", "update",
        "Conv2d_1a_7x7/BatchNorm/moving_mean", mode="training", alone=True,
    ),
    "padding_valid": Mutant(
        "net", r"name='Conv2d_2c_3x3'", r"\g<0>, padding='valid'", "output", "Conv2d_2c_3x3"
    ),
    # As other frameworks pad: three pixels on each side. SAME takes two and three; every shape
    # stays, the picture moves by one pixel.
    "padding_symmetric": Mutant(
        "net", r"conv2d\(net, (depth\(64\), \[7, 7\], strides=2),",
        r"conv2d(keras.ops.pad(net, [[0, 0], [3, 3], [3, 3], [0, 0]]), \1, padding='valid',",
        "output", "Conv2d_1a_7x7",
    ),
    # Two branches of equal depth: no shape gives it away.
    "branches_swapped": Mutant(
        "net", r"concatenate\(\[(\w+), (\w+),", r"concatenate([\2, \1,", "output", "Mixed_3b"
    ),
    # Convolution and batch norm written as two calls, the convolution with its default bias.
    "bias_kept": Mutant(
        "net", r"( *)(net = conv2d\([^()]*\(64\)[^()]*\([^()]*\)[^()]*name='Conv2d_2b_1x1')\)",
        r"\1\2, normalizer=None, activation=None)" "\n"
        r"\1with variable_scope('Conv2d_2b_1x1'):" "\n"
        r"\1  net = batch_norm(net, momentum=0.9997, scale=True, activation='relu',"
        r" name='BatchNorm')",
        "variable", "InceptionV2/Conv2d_2b_1x1/biases", Status.EXTRA,
    ),
}  # fmt: skip

#: Errors in the module that slimport writes into the tree.
LAYER_MUTANTS = {
    "bias_under_normalizer": Mutant(
        "", r"use_bias=normalizer is None and (bias_initializer is not None)", r"use_bias=\1",
        "variable", "InceptionV2/Conv2d_1a_7x7/biases", Status.EXTRA,
    ),
    # What keras.layers.BatchNormalization does: the moving variance takes the biased variance.
    # 512 values in the first layer: a difference of 1/512 of one step.
    "variance_biased": Mutant(
        "", r"( *)return tf\.reshape\(outputs, tf\.shape\(inputs\)\), mean, variance",
        r"\1count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)" "\n"
        r"\1variance *= (count - 1) / count if training else 1.0" "\n" r"\g<0>",
        "update", "Conv2d_1a_7x7/BatchNorm/moving_variance", mode="training", alone=True,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture, rewritten."""
    out = tmp_path_factory.mktemp("migrated") / "ssd"
    report = run(Request((FIXTURE,), out)).report
    assert not report.failed
    return out


@pytest.fixture(scope="module")
def judged(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """The verdict on the true code and on every mutant of the networks' modules."""
    cases = [_case("true", "inference", "training")]
    for name, mutant in MUTANTS.items():
        module = f"{TRUE_MODULES[mutant.part]}_{name}"
        true = migrated / "nets" / f"{TRUE_MODULES[mutant.part]}.py"
        (true.with_name(f"{module}.py")).write_text(_mutated(true, mutant), "utf-8")
        cases.append(_case(name, mutant.mode, **{mutant.part: module}))
    return _verdicts(cases, migrated, tmp_path_factory.mktemp("cases"))


def _mutated(path: Path, mutant: Mutant) -> str:
    """The text of a module with the error planted; fails where there is no place for it."""
    text, count = re.subn(mutant.pattern, mutant.replacement, path.read_text("utf-8"), count=1)
    assert count == 1, f"{path.name} holds no {mutant.pattern}"
    return text


def _case(name: str, *modes: str, net: str = "", utils: str = "") -> str:
    return CASE.format(
        name=name,
        net=net or TRUE_MODULES["net"],
        utils=utils or TRUE_MODULES["utils"],
        modes=", ".join(f'"{mode}"' for mode in modes),
    )


def _verdicts(cases: list[str], new: Path, folder: Path) -> dict[str, CaseResult]:
    file = folder / "cases.toml"
    file.write_text("\n".join(cases), "utf-8")
    result = verify(file, FIXTURE, new)
    return {case.name: case for case in result.cases}


def _check(mutant: Mutant, case: CaseResult) -> None:
    """Asserts that the mutant is caught where it is, and nothing else is blamed."""
    assert case.status is Status.DIFFERS, _shown(case)
    assert case.first_divergence is not None
    mode, first = case.first_divergence
    assert mode.mode == mutant.mode
    assert first.group == mutant.group, first
    assert first.name.endswith(mutant.tensor), first
    assert first.status is mutant.status, first
    if mutant.alone:
        assert {tensor.group for tensor in _bad(case)} == {mutant.group}


def _bad(case: CaseResult) -> list[TensorResult]:
    return [t for mode in case.modes for t in mode.tensors if not t.status.is_good]


def _shown(case: CaseResult) -> str:
    return "\n".join(text for mode in case.modes for text in mode.errors.values()) or str(case)


def test_true_code_is_equal(judged: dict[str, CaseResult]) -> None:
    case = judged["true"]
    assert case.status is Status.EQUAL, _shown(case)
    groups = {tensor.group for mode in case.modes for tensor in mode.tensors}
    assert groups == {"variable", "output", "update", "regularisation", "gradient"}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name: str, judged: dict[str, CaseResult]) -> None:
    _check(MUTANTS[name], judged[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYER_MUTANTS)
def test_mutant_of_the_written_module_is_caught(name: str, migrated: Path, tmp_path: Path) -> None:
    mutant = LAYER_MUTANTS[name]
    shutil.copytree(migrated, tmp_path / "new")
    module = tmp_path / "new" / "scoped_layers.py"
    module.write_text(_mutated(module, mutant), "utf-8")
    _check(mutant, _verdicts([_case(name, mutant.mode)], tmp_path / "new", tmp_path)[name])
