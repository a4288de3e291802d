"""A program in the cells of a notebook becomes what it becomes in a file."""

from __future__ import annotations

import ast
import itertools
import random
from pathlib import Path

import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.registry import all_rules
from slimport.rewrite.tree import TreeResult, rewrite_tree
from tests.rewrite.test_notebooks import rewritten_with, sources_of

#: They are about calls of IPython, which cells have as lines.
OF_IPYTHON = ("SLIM990", "SLIM991")
#: What a notebook begins a program with sessions with, and a file where it is run.
STARTS = ("tf.disable_v2_behavior()", "import tensorflow.compat.v1 as tf")
EXAMPLES = [
    pytest.param(example.before, options, id=f"{rule.code}-{number}-{options.training}")
    for rule in all_rules()
    if rule.code not in OF_IPYTHON
    for number, example in enumerate(rule.examples)
    for options in (Options(), Options(training="fit"))
]


def in_cells(source: str) -> list[str]:
    """The program in up to five cells, cut between statements of its top level."""
    lines = source.strip("\n").split("\n")
    if not _is_python3(source):
        return ["\n".join(lines)]
    starts = {statement.lineno - 1 for statement in ast.parse("\n".join(lines)).body[1:]}
    plain = sorted(start for start in starts if not lines[start - 1].startswith(("#", "@")))
    cuts = random.Random(source).sample(plain, min(4, len(plain)))
    places = [0, *sorted(cuts), len(lines)]
    return ["\n".join(lines[a:b]).strip("\n") for a, b in itertools.pairwise(places)]


def _is_python3(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def said(texts: list[str]) -> list[str]:
    lines = (line.strip() for text in texts for line in text.split("\n"))
    return sorted(
        line for line in lines if line and line not in (*STARTS, "import tensorflow as tf")
    )


def texts(result: TreeResult, old: str) -> list[str]:
    assert not result.report.failed, result.report.failed
    found = [data.decode() for path, data in result.outputs.items() if path.name == "net.py"]
    return found or [old]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "options"), EXAMPLES)
def test_cells_become_what_a_file_becomes(tmp_path: Path, source: str, options: Options) -> None:
    cells = in_cells(source)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "net.py").write_text("\n".join(cells), "utf-8")
    file = rewrite_tree(tmp_path / "file", options, jobs=1)
    if file.report.failed:
        pytest.skip("refused as a file")
    found = rewritten_with(tmp_path / "cells", options, *cells)
    assert not found.report.failed, found.report.failed
    new = sources_of(found) if any(p.suffix == ".ipynb" for p in found.outputs) else cells
    assert said(new) == said(texts(file, "\n".join(cells)))
