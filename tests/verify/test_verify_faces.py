"""The reports: verdict first, complete, self-contained, and safe against odd names."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console
from sample_results import failing_run
from verify_answers import answer, case

from slimport.verify.comparing import compare
from slimport.verify.comparing.answered import Answered
from slimport.verify.faces.html import to_html
from slimport.verify.faces.json_face import to_json
from slimport.verify.faces.markdown import to_markdown
from slimport.verify.faces.text import print_result
from slimport.verify.result import CaseResult, ModeResult, Status, VerifyResult

MODES = ("inference", "training")
X = np.linspace(-2, 2, 24, dtype="float32")


def run(*modes, status=None):
    worst = next((mode.status for mode in modes if not mode.status.is_good), Status.EQUAL)
    found = CaseResult("net", "nets:net", "nets:net", worst, list(modes), 1, 24, ["float32[2, 3]"])
    environments = {side: {"python": "3.11.7", "tensorflow": "2.21.0"} for side in ("old", "new")}
    return VerifyResult(
        "verify.toml", "/legacy", "/new", 0, status or worst, [found], environments, 3.0
    )


@pytest.fixture
def equal():
    both = answer({"a": X, "b": X}, floors={"a": 1e-7, "b": 1e-7})
    return run(compare.compare_mode(case(), "inference", both, both))


@pytest.fixture
def different():
    old = answer({"a": X, "<b>|x": X, "c": X}, groups={"gradient": {"w": X}})
    new = answer({"a": X, "<b>|x": X + 1, "c": X}, groups={"gradient": {"w": 2 * X}})
    error = {"stage": "calling nets:net", "traceback": "Traceback\nValueError: <odd>"}
    return run(
        compare.compare_mode(case(), "training", old, new),
        compare.compare_mode(case(), "inference", old, Answered({"error": error}, {})),
    )


def test_json_holds_every_tensor_and_no_infinity(different):
    data = json.loads(to_json(different), parse_constant=pytest.fail)
    assert (data["schema"], data["equal"]) == (1, False)
    mode = data["cases"][0]["modes"][0]
    assert mode["first_divergence"] == {"group": "output", "name": "<b>|x", "step": None}
    assert {t["name"] for t in mode["tensors"]} == {"a", "<b>|x", "c", "w", "total"} - {"total"}
    assert all("tolerance" in t and "why" in t and "relative" in t for t in mode["tensors"])


def test_markdown_gives_the_verdict_first(equal, different):
    good, bad = to_markdown(equal), to_markdown(different)
    assert "The one case is equal" in good.splitlines()[3]
    assert "1 of 1 cases not equal: `net`." in bad.splitlines()[3]
    assert "first at output <code><b>|x" not in bad
    assert "ValueError: <odd>" in bad
    assert len(good.splitlines()) < 35


def test_html_stands_alone_and_escapes(equal, different):
    for result in (equal, different):
        page = to_html(result)
        assert not re.search(r'(src|href)\s*=\s*"(?!#)', page.replace("xlink:", ""))
        assert page.count("<script>") == page.count("<script") == 1
        assert "http" not in re.sub(r"http://www.w3.org/[\w/]+", "", page)
        assert page.index(result.verdict()) < page.index("<table")
        assert "prefers-color-scheme: dark" in page
        assert not re.search(r"#0[1-5]0[1-5]0[1-5]", page)
    assert "&lt;b&gt;|x" in page
    assert "<b>|x" not in page
    assert "ValueError: &lt;odd&gt;" in page
    assert page.count("<svg") >= 3


def test_the_terminal_names_the_first_divergence(different, capsys):
    print_result(different, Console(width=200))
    text = capsys.readouterr().out
    assert "first divergence: output <b>|x: differs, max abs 1.0" in text
    assert "the new side failed" in text
    assert text.rstrip().endswith("1 of 1 cases not equal: net.")


def test_what_stops_several_cases_is_said_once(capsys):
    error = {"new": "Traceback\nImportError: no net"}
    failed = [ModeResult(mode, Status.FAILED, [], errors=error) for mode in MODES]
    cases = [CaseResult(name, "net:net", "net:net", Status.FAILED, failed) for name in "ab"]
    part = [failed[0], ModeResult("training", Status.EQUAL, [])]
    cases.append(CaseResult("c", "net:net", "net:net", Status.FAILED, part))
    result = VerifyResult("verify.toml", "/legacy", "/new", 0, Status.FAILED, cases, {}, 3.0)
    print_result(result, Console(width=200))
    text = capsys.readouterr().out
    assert text.count("ImportError: no net") == 1
    assert "a, b, c, inference: the new side failed" in text
    assert to_markdown(result).count("ImportError: no net") == 1
    assert "the new side failed, as in `a`" in to_markdown(result)


def test_the_command_imports_nothing_heavy():
    code = "import sys, slimport.verify.command; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "tensorflow", "keras", "jinja2", "matplotlib", "libcst"}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_terminal_is_too_narrow_for_the_verdict_of_a_case(width: int) -> None:
    stream = io.StringIO()
    print_result(failing_run(), Console(width=width, file=stream))
    text = stream.getvalue()
    assert "…" not in text
    for name, verdict in (("inception", "differs"), ("vgg", "failed"), ("momentum", "equal")):
        assert any(line.startswith(name) and verdict in line for line in text.splitlines())
    assert "258 ms → 310 ms" in text
