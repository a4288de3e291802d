"""What a rule's page says it refuses is what its code refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slimport.explain.stays import MODULES as OF_BLOCKS
from slimport.explain.stays import of_module
from slimport.explain.unknown import UNKNOWN
from slimport.notebooks.installs import ASKS_FOR_TF1, CLONES_MODELS, INSTALLS_TF1
from slimport.rewrite.notebook_lines import ADVICE, UNREAD, UNREAD_ADVICE, WRITTEN
from slimport.rewrite.registry import all_rules, module_of
from slimport.rewrite.rule import Refusal, Rule
from slimport.rewrite.tf1 import BY_HAND, INSTEAD
from tests.explain.reasons import given

ROOT = Path(__file__).resolve().parents[2]
SERVICES = "services.py"
#: Of rules themselves: `Rule.unhandled`, and rules that say one thing of each of their names.
THE_BASE = frozenset({"rule.py", "marked.py"})
#: Its reasons come out of a table, which is what its page lists.
TABLES = frozenset({"rules/contrib.py", "rules/layers_left.py"})
#: Reasons of other modules: of `SERVICES`, which look names of TensorFlow 1 up, and of those that
#: read what a notebook installs.
ELSEWHERE = {
    "rules/notebook_lines.py": {
        *((reason.format(name="…"), ADVICE) for reason in (INSTALLS_TF1, ASKS_FOR_TF1)),
        (CLONES_MODELS, ADVICE),
        (UNREAD.format(name="…"), UNREAD_ADVICE),
        (WRITTEN.format(name="…", why="…"), UNREAD_ADVICE),
    },
    "rules/tf1_symbols.py": {
        ("… is not part of TensorFlow 2", advice) for advice in (BY_HAND, *INSTEAD.values())
    },
}
MODULES = sorted({module_of(rule) for rule in all_rules()} - TABLES)


@pytest.mark.parametrize("module", MODULES)
def test_every_reason_is_on_a_page(module: str) -> None:
    said = {
        (refusal.reason, refusal.advice)
        for rule in all_rules()
        if module_of(rule) == module
        for refusal in rule.refuses
    }
    assert said == given(ROOT / module) | ELSEWHERE.get(module, set())


def test_reasons_without_a_rule_are_on_a_page() -> None:
    said = {(refusal.reason, refusal.advice) for refusal in UNKNOWN.refuses}
    assert said == given(ROOT / module_of(UNKNOWN))


def test_the_rooms_around_the_rules_give_no_other_reasons() -> None:
    """Rules answer `Leave`; what works on their answers gives the reasons of these files alone."""
    rewrite = ROOT / "slimport" / "rewrite"
    giving = {path.name for path in rewrite.glob("*.py") if "Leave(" in path.read_text("utf-8")}
    assert giving == {*THE_BASE, "no_rule.py", SERVICES}
    looked_up = {reason for reason, _ in ELSEWHERE["rules/tf1_symbols.py"]}
    assert {reason for reason, _ in given(rewrite / SERVICES)} == looked_up


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_refusal_says_why(rule: Rule) -> None:
    if module_of(rule) not in TABLES:
        assert all(refusal.why.endswith(".") for refusal in rule.refuses)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_no_reason_comes_from_the_base(rule: Rule) -> None:
    """`Rule.unhandled` is a net below rules that forget a form; none needs it."""
    if any("." in api for api in rule.apis) and type(rule).call is not Rule.call:
        assert type(rule).value is not Rule.value


def test_whatever_keeps_a_block_on_its_session_is_on_a_page() -> None:
    listed = {name for names in OF_BLOCKS.values() for name in names}
    giving = {
        path.stem
        for path in (ROOT / "slimport" / "index").glob("*.py")
        if re.search(r"\bStays\(", path.read_text("utf-8")) and path.stem != "stays"
    }
    assert giving <= listed
    assert all(of_module(name) for name in listed)


def test_a_new_reason_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "rule.py"
    module.write_text('def call(site):\n    return Leave(f"{site.api} is new", "write it")\n')
    assert given(module) == {("… is new", "write it")}
    assert Refusal("… is new", "why", "write it") not in UNKNOWN.refuses
