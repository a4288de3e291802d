"""The pages in docs/ say what the code says."""

from __future__ import annotations

import importlib.util
import re
import shutil
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from slimport.explain.find import everything
from slimport.rewrite.command import Request, run
from slimport.verify.case_files import cases

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "guides").glob("*.md"),
        *(ROOT / "docs" / "rules").glob("*.md"),
        *(ROOT / "docs" / "examples").glob("*/README.md"),
    ]
)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = ROOT / "tools" / "make_rules_doc.py"
    spec = importlib.util.spec_from_file_location("make_rules_doc", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rule_pages_are_fresh(maker: ModuleType) -> None:
    assert maker.stale_pages(maker.pages(everything())) == [], "run `make docs`"


def test_readme_shows_what_slimport_makes(tmp_path: Path) -> None:
    """The two pairs of the README: one from the SSD fixture, one that is a module of its own."""
    text = (ROOT / "README.md").read_text("utf-8")
    before, after = (
        re.findall(rf"```python\n# {side}\n(.*?)```", text, re.DOTALL)
        for side in ("before", "after")
    )
    assert len(before) == len(after) == 2

    legacy = ROOT / "fixtures" / "legacy" / "ssd_inception_v2" / "nets"
    shutil.copytree(legacy, tmp_path / "ssd" / "nets")
    net = tmp_path / "ssd" / "nets" / "inception_v2.py"
    assert textwrap.indent(before[0], " " * 6) in net.read_text("utf-8")
    plain = tmp_path / "plain.py"
    plain.write_text(f"import tf_slim as slim\n\n\n{before[1]}", "utf-8")

    assert not run(Request((tmp_path / "ssd", plain))).report.left
    assert textwrap.indent(after[0], " " * 6) in net.read_text("utf-8")
    assert after[1] in plain.read_text("utf-8")


def test_the_case_file_of_the_docs_is_one() -> None:
    text = (ROOT / "docs" / "verify.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = cases.parse(tomllib.loads("\n".join(blocks)), ROOT / "docs" / "cases.toml")
    families = list(dict.fromkeys(case.family for case in file.cases))
    assert families == ["inception_v2_base", "vgg", "momentum"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_codes_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    known = {rule.code for rule in everything()}
    assert set(re.findall(r"SLIM\d{3}", text)) <= known
