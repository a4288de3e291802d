"""The pages in docs/ say what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from slimport.rewrite.registry import all_rules

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = ROOT / "tools" / "make_rules_doc.py"
    spec = importlib.util.spec_from_file_location("make_rules_doc", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rules_page_is_fresh(maker: ModuleType) -> None:
    assert maker.PAGE.read_text("utf-8") == maker.page(all_rules()), "run `make docs`"


def test_every_rule_says_what_it_does() -> None:
    for rule in all_rules():
        assert re.fullmatch(r"SLIM\d{3}", rule.code), rule.name
        assert rule.summary and not rule.summary.endswith("."), rule.code
        assert rule.apis, rule.code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_codes_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    known = {rule.code for rule in all_rules()}
    assert set(re.findall(r"SLIM\d{3}", text)) <= known
