"""Planted faults: `slimport verify` must find each one, and name the tensor and the line.

Legacy networks are rewritten as users do it. A fault is one edit of the kind that people make by
hand; the module that has it lies beside the true one under another name, so that one run of both
workers judges all of them. The faults are in `planted`, those of training loops in
`test_training_cases`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

from benchmarks.verify_soak import pairs
from slimport.verify.result import CaseResult, Status, TensorResult
from slimport.verify.run import verify
from tests.verify.planted import ALL, THEMES, documented
from tests.verify.planted.detector import CASE, NET
from tests.verify.planted.fault import Fault
from tests.verify.planted.plant import TRUE, Trees, around, mutated, statement

QUICK = {name: fault for name, fault in ALL.items() if fault.quick}
SLOW = {name: fault for name, fault in ALL.items() if not fault.quick}

#: Pairs of the soak (`benchmarks.verify_soak`) that run with every test.
EQUAL = ("transposed", "residual", "gated", "dense_norm", "losses", "denoised", "penalised")

#: Faults in the module that slimport writes into the tree.
WRITTEN = {
    "bias_under_normalizer": Fault(
        "a bias kept by the written module's factory", NET,
        r"use_bias=normalizer is None and (bias_initializer is not None)", r"use_bias=\1",
        "variable", "InceptionV2/Conv2d_1a_7x7/biases", "", Status.EXTRA,
    ),
    # What keras.layers.BatchNormalization does: the moving variance takes the biased variance.
    # 512 values in the first layer: a difference of 1/512 of one step.
    "variance_biased": Fault(
        "moving variance from the biased variance, as plain Keras has it", NET,
        r"( *)return outputs, mean, variance\n",
        r"\1count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)" "\n"
        r"\1variance *= (count - 1) / count if training else 1.0" "\n" r"\g<0>",
        "update", "Conv2d_1a_7x7/BatchNorm/moving_variance", "", mode="training", alone=True,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    """The networks and the detector, and their migrated form."""
    return Trees.make(tmp_path_factory.mktemp("trees"))


@pytest.fixture(scope="module")
def judged(trees: Trees, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """The verdict on true networks and on every fault of `make test`."""
    true = [
        pairs.case(pair, place, 1, ("model",), contents=True)
        for place, pair in enumerate(pairs.PAIRS)
        if pair.name in EQUAL
    ]
    text = "\n".join([TRUE.format(case=CASE), *true])
    return trees.judge(QUICK, tmp_path_factory.mktemp("cases"), text)


@pytest.fixture(scope="module")
def judged_slow(trees: Trees, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """The verdict on the other faults."""
    return trees.judge(SLOW, tmp_path_factory.mktemp("slow"))


def check_tensor(fault: Fault, case: CaseResult) -> None:
    """Asserts that the fault is found, and nothing else is blamed."""
    assert case.status is Status.DIFFERS, shown(case)
    assert case.first_divergence is not None
    mode, first = case.first_divergence
    assert mode.mode == fault.mode
    assert first.group == fault.group, first
    assert first.name.endswith(fault.tensor), first
    assert first.status is fault.status, first
    if fault.alone:
        groups = {tensor.group for tensor in bad(case)}
        if fault.group == "gradient":  # what reaches a variable goes on to the inputs
            groups.discard("input gradient")
        assert groups == {fault.group}


def check_line(name: str, fault: Fault, case: CaseResult, trees: Trees) -> None:
    """Asserts that the planted line is named, and the legacy one that it came from."""
    mode = next(mode for mode in case.modes if mode.first_divergence is not None)
    assert mode.divergences, "no place is named"
    first = mode.divergences[0]
    path, lines = trees.planted_at(name, fault)
    sites = first.defaults if fault.defaults else first.new[:1]
    places = [(site.file, statement(trees.new, site)[0]) for site in sites]
    if fault.named:
        assert fault.named in statement(trees.new, sites[0])[1], first
        lines = list(places[0][1])
    if fault.around:
        places += [(site.file, span) for site in sites for span in around(trees.new, site)]
    # The line of what is missing comes from the legacy tree: it knows the module's true name.
    paths = (path, trees.true_path(fault)) if fault.status is Status.MISSING else (path,)
    assert any(file in paths and set(span) & set(lines) for file, span in places), (
        f"planted in {path}:{lines}, named: {first}"
    )
    if fault.legacy:
        assert first.old, first
        text = statement(trees.old, first.old[0])[1]
        assert fault.legacy in text, f"{first.old[0]} is {text!r}, not {fault.legacy!r}"


def bad(case: CaseResult) -> list[TensorResult]:
    return [t for mode in case.modes for t in mode.tensors if not t.status.is_good]


def shown(case: CaseResult) -> str:
    return "\n".join(text for mode in case.modes for text in mode.errors.values()) or str(case)


def test_there_are_many_faults_of_many_kinds() -> None:
    assert len(QUICK) >= 20 and len(ALL) >= 80
    assert len(THEMES) == 7 and all(THEMES.values())
    assert len({fault.network for fault in ALL.values()}) >= 15


@pytest.mark.parametrize("name", ALL)
def test_fault_has_its_place(name: str, trees: Trees) -> None:
    fault = ALL[name]  # those of `make test-long` too: what rewriting writes changes
    mutated(trees.new / trees.true_path(fault), fault)


def test_documentation_has_the_table() -> None:
    assert documented.table() in documented.DOCUMENT.read_text("utf-8"), (
        "python -m tests.verify.planted.documented"
    )


def test_true_code_is_equal(judged: dict[str, CaseResult]) -> None:
    case = judged["true"]
    assert case.status is Status.EQUAL, shown(case)
    groups = {tensor.group for mode in case.modes for tensor in mode.tensors}
    assert groups >= {"variable", "output", "update", "regularisation", "gradient"}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_pair_raises_no_alarm(name: str, judged: dict[str, CaseResult]) -> None:
    assert judged[name].status is Status.EQUAL, bad(judged[name])[:3] or shown(judged[name])


@pytest.mark.parametrize("name", QUICK)
def test_fault_is_found(name: str, judged: dict[str, CaseResult]) -> None:
    check_tensor(QUICK[name], judged[name])


@pytest.mark.parametrize("name", QUICK)
def test_line_is_named(name: str, judged: dict[str, CaseResult], trees: Trees) -> None:
    check_line(name, QUICK[name], judged[name], trees)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_more_faults(name: str, judged_slow: dict[str, CaseResult], trees: Trees) -> None:
    check_tensor(SLOW[name], judged_slow[name])
    check_line(name, SLOW[name], judged_slow[name], trees)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_fault_of_the_written_module(name: str, trees: Trees, tmp_path: Path) -> None:
    fault = WRITTEN[name]
    shutil.copytree(trees.new, tmp_path / "new")
    module = tmp_path / "new" / "scoped_layers.py"
    text, count = re.subn(fault.pattern, fault.replacement, module.read_text("utf-8"), count=1)
    assert count == 1
    module.write_text(text, "utf-8")
    file = tmp_path / "cases.toml"
    file.write_text(
        TRUE.format(case=CASE).replace('["inference", "training"]', f'["{fault.mode}"]'), "utf-8"
    )
    check_tensor(fault, verify(file, trees.old, tmp_path / "new").cases[0])
