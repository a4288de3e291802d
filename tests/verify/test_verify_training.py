"""Training cases without TensorFlow: what is recorded, how it is judged, how reports show it."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from verify_answers import case

from slimport.verify import protocol
from slimport.verify.case_files import cases
from slimport.verify.case_files.training_cases import Training
from slimport.verify.comparing import compare
from slimport.verify.comparing.answered import Answered
from slimport.verify.faces import growth
from slimport.verify.faces.html import to_html
from slimport.verify.faces.json_face import to_json
from slimport.verify.faces.markdown import to_markdown
from slimport.verify.faces.text import print_result
from slimport.verify.result import CaseResult, ModeResult, Status, VerifyResult
from slimport.verify.workers import training_record

STEPS = (1, 3)
START = np.array([1.0, -2.0, 0.5], "float32")
MOVE = np.array([0.1, 0.2, -0.1], "float32")


def record(apart: float = 0.0, slots: tuple[str, ...] = ("w/m",)) -> training_record.Record:
    """Three steps that move a variable; `apart` is added to what is held after each."""
    found = training_record.Record()
    found.losses = [np.float32(loss) for loss in (3.0, 2.0, 1.5)]
    found.rates = [[0.1], [0.1], [0.05]]
    found.gradients = {"w": -MOVE}
    found.variables = [("w", [3], "float32", 1)]
    for step in (0, *STEPS):
        moved = (START + step * MOVE + (apart if step else 0.0)).astype("float32")
        found.held[step] = {
            ("weight", "w"): moved,
            ("counter", "global_step"): np.int64(step),
            **{("slot", name): (step * MOVE).astype("float32") for name in slots},
        }
    return found


def answered(run: training_record.Record, *others: training_record.Record) -> Answered:
    answer = training_record.answer("fit", STEPS, run, others)
    return Answered({**answer.meta, "seconds": 1.0}, answer._arrays)


def judged(old: Answered, new: Answered, **changes: Any) -> ModeResult:
    return compare.compare_mode(case(training=Training(STEPS), **changes), protocol.STEPS, old, new)


def found(mode: ModeResult, group: str, step: int) -> Any:
    (tensor,) = [tensor for tensor in mode.of(group) if tensor.step == step]
    return tensor


def test_the_same_steps_are_equal() -> None:
    mode = judged(answered(record(), record(1e-6)), answered(record()))
    assert mode.status is Status.EQUAL
    assert [(t.group, t.step) for t in mode.tensors if t.group != "variable"] == [
        ("loss", 1), ("loss", 3), ("gradient", 1), ("learning rate", 1), ("learning rate", 3),
        ("slot", 1), ("slot", 3), ("weight", 1), ("weight", 3), ("counter", 1), ("counter", 3),
    ]  # fmt: skip
    assert mode.curves is not None and mode.curves.old == (3.0, 2.0, 1.5)


def test_a_difference_is_relative_to_the_way_since_the_start() -> None:
    mode = judged(answered(record(), record(1e-7)), answered(record(1e-3)))
    first, last = (found(mode, "weight", step) for step in STEPS)
    assert (first.status, last.status) == (Status.DIFFERS, Status.DIFFERS)
    assert first.relative == pytest.approx(1e-3 / 0.2, rel=1e-3)
    assert last.relative == pytest.approx(1e-3 / 0.6, rel=1e-3)


def test_what_rounding_alone_does_is_noise_and_proves_nothing() -> None:
    mode = judged(answered(record(), record(0.1)), answered(record(0.2)))
    assert found(mode, "weight", 1).status is Status.NOISE
    assert mode.status is Status.NOTHING
    assert growth.apart(mode, 1, ("weight",)) is None
    beyond = judged(answered(record(), record(0.1)), answered(record(0.9)))
    assert found(beyond, "weight", 1).status is Status.DIFFERS


def test_a_slot_of_one_side_is_named_unless_it_stands_still() -> None:
    old, more = answered(record()), record(slots=("w/m", "w/v"))
    assert judged(old, answered(more)).status is Status.DIFFERS
    assert judged(answered(more), old).status is Status.DIFFERS
    for step in STEPS:
        more.held[step]["slot", "w/v"] = more.held[0]["slot", "w/v"]
    mode = judged(old, answered(more))
    assert mode.status is Status.EQUAL
    assert {t.status for t in mode.of("slot") if t.name == "w/v"} == {Status.IGNORED}


def test_the_first_divergence_is_that_of_the_first_step() -> None:
    wrong = record()
    wrong.losses[2] += 1.0
    wrong.held[1]["slot", "w/m"] = 2 * wrong.held[1]["slot", "w/m"]
    mode = judged(answered(record()), answered(wrong))
    assert mode.first_divergence is not None
    assert (mode.first_divergence.group, mode.first_divergence.step) == ("slot", 1)
    assert found(mode, "loss", 3).why.endswith("from step 3 on")


def test_a_rate_is_named_before_the_losses_that_it_makes() -> None:
    wrong = record()
    wrong.rates[1] = [0.2]
    wrong.losses[2] += 1.0
    first = judged(answered(record()), answered(wrong)).first_divergence
    assert first is not None
    assert (first.group, first.step) == ("learning rate", 3)


def test_a_worker_that_tells_no_curve_has_a_first_divergence_too() -> None:
    old, new = answered(record()), answered(record(1e-3))
    for side in (old, new):
        del side.meta["curves"]
    first = judged(old, new).first_divergence
    assert first is not None
    assert (first.group, first.step) == ("weight", 1)


def test_a_tolerance_of_the_case_counts_alone() -> None:
    mode = judged(answered(record()), answered(record(1e-3)), tolerance={"weight": 0.01})
    assert mode.status is Status.EQUAL
    assert found(mode, "weight", 3).why == "1e-02 of scale, set by the case"


def test_a_step_has_one_loss() -> None:
    twice = training_record.Record()
    twice.losses, twice.rates = [5.0, 4.0, 3.0, 2.0], [[0.1], [0.2], [0.3], [0.4]]
    twice.end_step(3)
    assert (twice.losses, twice.rates) == ([5.0, 4.0, 2.0], [[0.1], [0.2], [0.4]])
    twice.end_step(4)
    assert len(twice.losses) == 4 and np.isnan(twice.losses[-1])


@pytest.fixture
def results() -> VerifyResult:
    good = judged(answered(record(), record(1e-6)), answered(record()))
    bad = judged(answered(record(), record(1e-6)), answered(record(1e-2)))
    made = [
        CaseResult("good", "a:b", "a:b", good.status, [good], 1, 3, steps=STEPS),
        CaseResult("<bad>", "a:b", "a:b", bad.status, [bad], 1, 3, steps=STEPS),
    ]
    return VerifyResult("verify.toml", "/legacy", "/new", 0, Status.DIFFERS, made)


def test_every_report_shows_the_steps(
    results: VerifyResult, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(to_json(results))["cases"][0]["modes"][0]
    assert data["curves"]["new"] == [3.0, 2.0, 1.5]
    assert {tensor["step"] for tensor in data["tensors"]} == {None, 1, 3}
    markdown = to_markdown(results)
    assert "|  | case | runs in | after 1 | after 3 |" in markdown
    assert "| ✅ | `good` | fit | 0 " in markdown
    assert "| weight | `w` after step 1 | 1.0e-2 |" in markdown.replace("\u2011", "-")
    page = to_html(results)
    assert page.count('aria-label="Losses and differences by step') == 2
    assert "<bad>" not in page and not re.search(r"#0[1-5]0[1-5]0[1-5]", page)
    assert "Outputs, in build order" not in page
    print_result(results, Console(width=200))
    text = capsys.readouterr().out
    assert "first divergence: weight w after step 1: differs" in text
    assert re.search(r"good +fit +0 \(1e-05\)|good +fit +0", text)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("steps = []", "steps must be"),
        ("steps = [3, 1]", "steps must be"),
        ("steps = [0, 1]", "steps must be"),
        ("steps = 3", "steps must be"),
        ("flags = 3", "flags must be a table"),
        ("modes = ['training']", "unknown key modes"),
        ("places = ['session']", "places may hold model and graph only"),
        ("tolerance = { output = 0.1 }", "it takes loss, gradient, learning rate, slot"),
    ],
)
def test_a_wrong_training_case_is_refused(more: str, message: str, tmp_path: Any) -> None:
    file = tmp_path / "verify.toml"
    file.write_text(f"[[training]]\nname = 'a'\nentry = 'm:f'\n{more}", "utf-8")
    with pytest.raises(cases.CaseFileError, match=re.escape(message)) as caught:
        cases.load(file)
    assert "training 'a'" in str(caught.value)
