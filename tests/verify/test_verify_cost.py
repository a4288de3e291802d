"""Time and memory of both sides, measured in turns."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from slimport.verify import run
from slimport.verify.case_files import cases
from slimport.verify.result import CaseResult, Cost, ModeResult, SideCost, Status
from slimport.verify.running import cost, memory, sides
from tests.verify.test_verify_running import is_alive
from tests.weights.tools import tensorflow_1

WORKER = Path(__file__).with_name("fake_cost_worker.py")
DATA = Path(__file__).parent / "data"


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Makes both sides of a run of one case, with workers that pretend."""
    monkeypatch.setattr(cost, "SCRIPT", WORKER)
    monkeypatch.setattr(cost, "MOST", 6)

    def make(name, **changes):
        case = {"index": 0, "name": name, "modes": ["inference", "training"], "gradients": True}
        made = {}
        for side in ("old", "new"):
            out = tmp_path / side
            request = {"side": side, "root": ".", "paths": ["."], "out": str(out)}
            request["cases"] = [{**case, **changes}]
            made[side] = sides.Side(
                side, WORKER, sys.executable, out, request, 1.0, lambda *news: None
            )
        return made

    return make


def test_sides_are_asked_in_turns(fake, tmp_path):
    both = fake("net")
    found = cost.measure(both["old"], both["new"], 0)
    assert found == Cost(
        SideCost(12, 0.25, 0.25, (0.25,) * 6, (0.25,) * 6, 1000),
        SideCost(12, 0.5, 0.5, (0.5,) * 6, (0.5,) * 6, 1000),
    )
    order = (tmp_path / "order.txt").read_text().splitlines()
    runs = [line.split(" ")[0] for line in order if line.endswith(" infer")]
    pairs = list(zip(runs[::2], runs[1::2], strict=True))
    assert set(pairs) == {("old", "new"), ("new", "old")}
    assert all(set(pair) == {"old", "new"} for pair in pairs)


@pytest.mark.parametrize("changes", [{"gradients": False}, {"modes": ["inference"]}])
def test_cases_without_gradients_have_no_step(fake, changes):
    both = fake("net", **changes)
    found = cost.measure(both["old"], both["new"], 0)
    assert found.old.step_seconds == found.new.step_seconds == ()
    assert len(found.new.inference_seconds) == 6


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dies", "the new side: the worker ended with status 9. out of memory"),
        ("hangs", "the new side: no answer within 1 s"),
        ("nonsense", "step: it answered b'not JSON'"),
        ("raises", "infer: no such layer"),
    ],
)
def test_a_worker_that_fails_costs_the_measurement_only(fake, name, reason):
    both, before = fake(name), children()
    with pytest.raises(cost.CostError, match=reason):
        cost.measure(both["old"], both["new"], 0)
    assert not any(is_alive(child) for child in children() - before)


def children() -> set[str]:
    """The processes that this one has started: those of other tests may go on."""
    here = Path("/proc/self/task", str(os.getpid()), "children")
    return set(here.read_text().split()) if memory.IS_KNOWN and here.exists() else set()


def case_result(name, status=Status.EQUAL):
    return CaseResult(name, "a:b", "a:b", status, [ModeResult("inference", status)])


def test_what_is_not_measured_says_so_or_is_left_out(fake, monkeypatch):
    data = {"case": [{"name": name, "entry": "a:b", "inputs": []} for name in ("net", "other")]}
    file = cases.parse(data, Path("x.toml"))
    both, asked = fake("net"), []

    def measure(old, new, place):
        asked.append(place)
        raise cost.CostError("the new side: gone")

    monkeypatch.setattr(cost, "measure", measure)
    results = [case_result("net"), case_result("other", Status.FAILED)]
    found = list(zip(range(2), file.cases, results, strict=True))
    cost.measure_all(found, both, lambda *news: None)
    assert asked == [0]
    assert results[0].modes[0].notes == ["what it costs was not measured: the new side: gone"]
    both["old"].request["worker"] = "reference.py"
    cost.measure_all(found, both, lambda *news: None)
    assert asked == [0]


def check(case):
    """That everything was measured, and is of a sane size."""
    for side in (case.cost.old, case.cost.new):
        assert side.parameters == case.parameters > 0
        assert len(side.inference_seconds) >= cost.LEAST
        assert len(side.step_seconds) >= cost.LEAST
        assert 0 < min(side.inference_seconds) < side.first_call_seconds
        assert 0 < side.build_seconds < 60
        assert not memory.IS_KNOWN or 2**20 < side.peak_bytes < 4 * 2**30


@pytest.mark.slow
def test_a_small_network_is_measured_on_both_sides():
    settings = run.Settings(only=("net",), cost=True)
    [case] = run.verify(DATA / "mini.toml", settings=settings).cases
    check(case)


@pytest.mark.slow
def test_a_small_network_is_measured_under_tensorflow_1():
    settings = run.Settings(old_python=tensorflow_1(), only=("net",), cost_cases=("net",))
    [case] = run.verify(DATA / "mini.toml", settings=settings).cases
    check(case)
