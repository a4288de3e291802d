"""What `slimport weights --inspect` prints and writes."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from slimport.weights.inventory import fold, in_bytes, print_inventory, to_json
from tests.weights.tools import stored

SCOPE = "FeatureExtractor__InceptionV2__Mixed_3b__Branch_0__Conv2d_0a_1x1__"


@dataclass
class Made:
    """A source of which nothing is read."""

    variables: Any
    path: Path = Path("train/model.ckpt-7")
    kind: str = "checkpoint (V2)"

    def read(self, name):
        """The table is made of what the index says."""
        raise AssertionError(name)


@pytest.fixture
def source():
    """Long names, a slot behind a scope, and what has no length."""
    names = {f"{SCOPE}weights": [1, 1, 192, 64], f"{SCOPE}BatchNorm__moving_variance": [64]}
    names |= {f"{SCOPE}weights__ExponentialMovingAverage": [1, 1, 192, 64]}
    names |= {f"train__{SCOPE}weights__Momentum": [1, 1, 192, 64], "global_step": "int64"}
    return Made(stored(**names))


def printed(source, width, terminal):
    """What a console shows."""
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, highlight=False
    )
    print_inventory(source, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_whole_names_in_its_width(source, width):
    text = printed(source, width, terminal=True)
    assert max(map(len, text.splitlines())) <= width
    column = text.splitlines()[2].index("shape")
    names = "".join(line[:column].strip() for line in text.splitlines()[3:] if line.strip())
    for name in source.variables:
        assert name in names
    assert "…" not in text
    # An owner is said where the name does not begin with it.
    assert text.count("  of ") == 1


def test_a_file_has_a_line_for_each_variable(source):
    text = printed(source, 80, terminal=False)
    lines = [line.split() for line in text.splitlines() if line]
    for name in source.variables:
        assert [line[0] for line in lines].count(name) == 1
    owner = f"{SCOPE}weights".replace("__", "/")
    of = {line[0]: line[-1] for line in lines if "slot" in line and "of" in line}
    assert of == {f"train/{owner}/Momentum": owner}
    assert ["global_step", "scalar", "int64", "step"] in lines


def test_sums(source):
    text = printed(source, 80, terminal=False)
    rows = [line.split() for line in text.splitlines()[-6:]]
    assert ["optimizer", "slot", "1", "12,288", "49.2", "kB"] in rows
    assert ["step", "1", "1", "8", "B"] in rows
    assert rows[-1] == ["all", "5", "36,929", "147.7", "kB"]


def test_json(source):
    found = json.loads(json.dumps(to_json(source)))
    assert found["path"] == "train/model.ckpt-7"
    assert found["variables"][-2] == {
        "name": f"train__{SCOPE}weights__Momentum".replace("__", "/"),
        "shape": [1, 1, 192, 64],
        "dtype": "float32",
        "role": "optimizer slot",
        "of": f"{SCOPE}weights".replace("__", "/"),
    }
    assert found["roles"]["weight"] == {"variables": 1, "parameters": 12288, "bytes": 49152}
    assert list(found["roles"]) == [
        "weight",
        "moving statistic",
        "EMA shadow",
        "optimizer slot",
        "step",
    ]


def test_strings_have_no_length():
    made = Made(stored(a__names="string", a__weights=[2]))
    assert to_json(made)["roles"]["other"]["bytes"] is None
    assert printed(made, 80, terminal=False).split()[-1] == "unknown"


def test_an_empty_file():
    assert "all" in printed(Made({}), 80, terminal=False)


def test_markup_in_names_is_text():
    assert "a[red]/weights" in printed(Made(stored(**{"a[red]__weights": [2]})), 80, terminal=True)


def test_names_are_folded_at_slashes():
    assert fold("a/b/c", 5) == ["a/b/c"]
    assert fold("alpha/beta/c", 11) == ["alpha/beta/", "  c"]
    assert fold("alphabetical", 8) == ["alphabet", "  ical"]
    assert fold("a/alphabetical/b", 8) == ["a/", "  alphab", "  etical", "  /b"]


def test_lengths():
    assert [in_bytes(n) for n in (0, 999, 1000, 1_500_000, 2_500_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.5 MB",
        "2500.0 GB",
    ]
