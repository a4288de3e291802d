"""Every reason against plain layers belongs to a kind."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from slimport.scan.reasons import HINDRANCES, OTHER, hindrance

_ROOT = Path(__file__).parents[2]
_FILES = (
    _ROOT / "slimport/index/closed.py",
    _ROOT / "slimport/rewrite/plan.py",
    *sorted((_ROOT / "rules").glob("*.py")),
    *sorted((_ROOT / "slimport/rewrite").glob("*.py")),
)
_BLOCKS = ("blocks_plain", "blocks_keras_tensors", "blocks_plain_program")
#: What stands for an expression in a reason.
_SAMPLES = {"reason": "tf.where has no keras.ops equivalent"}


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (
            part.value if isinstance(part, ast.Constant) else "slim.conv2d" for part in node.values
        )
        return "".join(map(str, parts))
    return None


def _reasons() -> list[str]:
    found = []
    for path in _FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "refuse":
                found.append(_text(node.args[0]))
            elif isinstance(node, ast.FunctionDef) and node.name in _BLOCKS:
                returned = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
                values = [v.body if isinstance(v, ast.IfExp) else v for v in returned if v]
                found += [_text(value) for value in values]
    return sorted({text for text in found if text})


def test_there_are_reasons() -> None:
    assert len(_reasons()) > 30


@pytest.mark.parametrize("reason", _reasons())
def test_every_reason_has_a_kind(reason: str) -> None:
    assert hindrance(reason) is not OTHER, "give it to a kind in slimport/scan/reasons.py"


def test_what_a_callee_says_counts_as_its_kind() -> None:
    own = hindrance("tf.where has no keras.ops equivalent")
    assert hindrance("calls pad2d: tf.pad with a mode that is only known at run time") is own


def test_collections_are_no_arguments() -> None:
    assert hindrance("outputs_collections of slim.conv2d").name == "variables found by name"
    assert hindrance("data_format of slim.batch_norm").name == "arguments that Keras has not"


def test_only_unknown_scopes_open_a_function() -> None:
    opening = {kind.name for kind in HINDRANCES if kind.opens}
    assert opening == {
        "callers open scopes around it",
        "scopes that only a run knows",
        "a part was rewritten before",
    }
    assert not hindrance("it is called in several places, which may share").opens
