"""Several errors in one network: behind each the new side is fed, so that all are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from slimport.verify import run

DATA = Path(__file__).parent / "data"

#: Text of the migrated file, what it becomes, and the start of the line that is to be named.
ERRORS = [
    ("MaxPooling2D(2, 2", "AveragePooling2D(2, 2", "x = keras.layers.AveragePooling2D"),
    ("([a, b])", "([b, a])", "x = keras.layers.Concatenate"),
    ("Softmax()(logits)", "Softmax()(2 * logits)", 'end_points["predictions"] ='),
]


@pytest.mark.slow
def test_every_error_is_named(tmp_path):
    shutil.copytree(DATA / "new", tmp_path / "new")
    module = tmp_path / "new" / "mini.py"
    source = module.read_text(encoding="utf-8")
    for before, after, _ in ERRORS:
        assert source.count(before) == 1
        source = source.replace(before, after)
    module.write_text(source, encoding="utf-8")
    text = (DATA / "mini.toml").read_text(encoding="utf-8")
    text = text.replace('old = "old"', f"old = {json.dumps(str(DATA / 'old'))}")
    text = text.replace('entry = "mini:net"', 'entry = "mini:net"\nmodes = ["inference"]')
    (tmp_path / "verify.toml").write_text(text, encoding="utf-8")
    settings = run.Settings(only=["net"], bisect=True)
    case = run.verify(tmp_path / "verify.toml", settings=settings).cases[0]
    named = [found.new[0].text for found in case.modes[0].divergences]
    assert len(named) == len(ERRORS)
    for _, _, line in ERRORS:
        assert any(text.startswith(line) for text in named), line
