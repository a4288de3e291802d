"""Every rule, held to what it says about itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slimport import rules
from slimport.rewrite.plan import Options
from slimport.rewrite.registry import all_rules, rule_for
from slimport.rewrite.rule import Example, Rule
from slimport.slim_api import LAYERS
from tests.rewrite.tools import check_transformed

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.name}-{number}")
    for rule in all_rules()
    for number, example in enumerate(rule.examples)
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_example_becomes_what_the_rule_says(rule: Rule, example: Example) -> None:
    options = Options(target=example.target, training=example.training)
    check_transformed(example.before, example.after, options)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_rule_is_described(rule: Rule) -> None:
    assert re.fullmatch(r"SLIM\d{3}", rule.code)
    assert rule.summary and len(rule.summary) <= 100
    assert rule.apis
    assert rule.examples or hasattr(rule, "advice"), "a rule that rewrites shows how"


def test_every_layer_has_a_rule() -> None:
    assert [name for name in sorted(LAYERS) if rule_for(f"slim.{name}") is None] == []


def test_every_file_of_the_rules_has_one() -> None:
    modules = {type(rule).__module__ for rule in all_rules()}
    files = {path.stem for path in Path(rules.__path__[0]).glob("*.py")} - {"__init__"}
    assert len(files) <= len(all_rules())
    assert modules  # the registry imported them


def test_rules_are_small() -> None:
    for path in Path(rules.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"    numbers=\(.*?\n    \),\n", "", text, flags=re.DOTALL)
        code = re.sub(r"(Example|Refusal)\(.*?\n        \),\n", "", text, flags=re.DOTALL)
        assert len(code.splitlines()) <= 200, f"{path.name} has outgrown its room"
