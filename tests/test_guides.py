"""Python pairs of docs/guides: what stands after `# after` is what slimport makes of `# before`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.tools import transform

GUIDES = Path(__file__).resolve().parents[1] / "docs" / "guides"
_PAIR = re.compile(
    r"```python\n# before(?:, --training (?P<training>\w+))?\n(?P<before>.*?)```\n"
    r"(?P<between>.*?)```python\n# after\n(?P<after>.*?)```",
    re.DOTALL,
)


def _pairs() -> Iterator[object]:
    for guide in sorted(GUIDES.glob("*.md")):
        for number, found in enumerate(_PAIR.finditer(guide.read_text("utf-8"))):
            yield pytest.param(found, id=f"{guide.stem}-{number}")


@pytest.mark.parametrize("found", _pairs())
def test_guide_shows_what_slimport_makes(found: re.Match[str]) -> None:
    assert transform(found["before"], Options(training=found["training"])) == found["after"]


def test_no_block_is_left_without_its_pair() -> None:
    for guide in GUIDES.glob("*.md"):
        text = guide.read_text("utf-8")
        assert text.count("\n# before") == text.count("\n# after") == len(_PAIR.findall(text))


def test_every_question_has_its_guide() -> None:
    index = (GUIDES / "index.md").read_text("utf-8")
    assert {f"({path.name})" for path in GUIDES.glob("*.md")} - {"(index.md)"} == set(
        re.findall(r"\([\w-]+\.md\)", index)
    )
