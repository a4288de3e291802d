"""The networks of `make fuzz-meaning`, without their numbers, and what is said of these."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import PurePosixPath
from random import Random

import pytest

from slimport.verify.result import CaseResult, ModeResult, Status, TensorResult
from tests.fuzz.drawn import Form
from tests.fuzz.forms import FORMS
from tests.fuzz.meaning import program, verdict
from tests.fuzz.nets import network
from tests.fuzz.promises import broken
from tests.rewrite.tools import rewrite_program


@pytest.mark.parametrize("seed", range(6))
def test_a_network_is_rewritten(seed: int) -> None:
    text = network(seed)
    compile(text, "net.py", "exec")
    assert not broken(text.encode())


def _of(forms: Iterable[Form]) -> str:
    """A network of all of these forms, one after the other."""
    drawn = [form.drawn(Random(number), number) for number, form in enumerate(forms)]
    modules = sorted({f"import {name}\n" for form in drawn for name in form.imports})
    above = "\n\n".join(form.functions for form in drawn)
    body = textwrap.indent("\n".join(form.body for form in drawn), "    ")
    head = f"{''.join(modules)}import tensorflow as tf\nimport tf_slim as slim\n\n{above}"
    head += "\n\n\ndef net(net, is_training=True):\n    end_points = {}\n"
    return f"{head}{body}\n    return net\n"


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_is_rewritten(kind: str) -> None:
    text = _of(FORMS[kind].values())
    compile(text, "net.py", "exec")
    assert not re.search(r"#|\{\w+\}", text)
    assert not broken(text.encode())


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_what_a_session_runs_is_made_of_factories(seed: int) -> None:
    name, files = program(seed, graph=True)
    assert "def run(values)" in files[f"{name}.py"]
    done = rewrite_program(files)
    assert not done.report.failed
    assert not any(b"keras.layers." in done.outputs.get(PurePosixPath(p), b"") for p in files)


@pytest.mark.parametrize(
    ("status", "difference", "errors", "said"),
    [
        (Status.EQUAL, 0.0, {}, "equal"),
        (Status.DIFFERS, 1e-6, {}, "equal"),  # of few layers: noise
        (Status.DIFFERS, 1e-3, {}, "differs: training, output net (1.0e-03)"),
        (Status.MISSING, None, {}, "missing: training, output net"),
        (Status.FAILED, None, {"old": "x", "new": "y"}, "no old side"),
        (Status.FAILED, None, {"new": "a\nValueError: b"}, "no new side: ValueError: b"),
    ],
)
def test_a_difference_is_seen(
    status: Status, difference: float | None, errors: dict[str, str], said: str
) -> None:
    tensor = TensorResult("output", "net", 0, status, max_abs=difference, scale=1.0)
    mode = ModeResult("training", status, [] if errors else [tensor], errors=errors)
    assert verdict(CaseResult("net", "", "", status, [mode])).startswith(said)


@pytest.mark.parametrize(("mode", "said"), [("graph_training", "equal"), ("training", "differs: ")])
def test_updates_of_a_shared_average_have_no_order_in_a_graph(mode: str, said: str) -> None:
    tensor = TensorResult("update", "mean", 0, Status.DIFFERS, max_abs=5e-4, scale=1.0)
    case = CaseResult("net", "", "", Status.DIFFERS, [ModeResult(mode, Status.DIFFERS, [tensor])])
    assert verdict(case).startswith(said)
