"""The documentation as a site: it builds without a warning, and every page has its place."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make site`, elsewhere: a warning, such as a link that leads nowhere, is an error."""
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def test_every_page_is_in_the_navigation(site: Path) -> None:
    navigation = (site / "rules.html").read_text("utf-8").partition("md-sidebar--primary")[2]
    linked = set(re.findall(r'href="([^"#]+\.html)"', navigation.partition("md-content")[0]))
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}
    assert pages - linked == {"rules.html"} - linked
    assert {"index.html", "changelog.html", "rules/SLIM101.html"} <= pages
    sources = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) == len(sources) + 2  # README.md, CHANGELOG.md


def test_nothing_is_fetched_while_it_is_read(site: Path) -> None:
    fetched = r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//'
    for page in site.rglob("*.html"):
        assert not re.search(fetched, page.read_text("utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_links_of_the_repository_lead_to_pages(site: Path) -> None:
    home = (site / "index.html").read_text("utf-8")
    assert 'href="verify.html#training"' in home
    assert "docs/" not in " ".join(re.findall(r'href="([^"]*)"', home))
    restoring = html.unescape((site / "weights.html").read_text("utf-8"))
    assert "../fixtures" not in restoring, "what is no page is no link"


def test_no_list_has_become_a_paragraph(site: Path) -> None:
    """Python-Markdown wants an empty line above a list and four columns inside; GitHub does not."""
    for page in site.rglob("*.html"):
        article = page.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
        text = re.sub(r"<pre.*?</pre>", "", article, flags=re.DOTALL)
        assert not re.search(r"\n(?:- |\* |\d+\. |\|)", text), page
