"""The lines that set a layer's defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimport.verify.lines.default_scopes import CONCERNS, Scopes, site

UTILS = """\
def scope(decay, params=None):
    norm = {
        "decay": 0.9,
        "epsilon": 0.001,
    }
    with layer_defaults([conv2d],
                        kernel_regularizer=L2(decay)):
        with layer_defaults([conv2d], normalizer_params=norm if params is None else params) as sc:
            return sc
"""

NET = """\
from nets import utils
from nets.utils import scope as given


def net(x):
    kept = utils.scope(0.1)
    with variable_scope("a"), layer_defaults([conv2d], strides=2):
        x = conv2d(x, 4)
        with layer_defaults(kept):
            x = conv2d(x, 8)
    with layer_defaults(given(0.2)):
        with layer_defaults([max_pool2d], padding="same"):
            x = conv2d(x, 16)
    return conv2d(x, 32)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "utils.py").write_text(UTILS, "utf-8")
    (tmp_path / "nets" / "net.py").write_text(NET, "utf-8")
    return tmp_path


def found(tree: Path, line: int, group: str = "", entry: str | None = None) -> list[str]:
    scopes = Scopes(tree, ["."])
    frames = [("nets/net.py", line, "net")]
    return [str(place) for place in scopes.defaults(frames, entry, CONCERNS.get(group, ()))]


def test_the_block_around_a_call(tree: Path) -> None:
    assert found(tree, 8) == ["nets/net.py:7"]
    assert found(tree, 14) == []


def test_a_scope_that_is_kept_in_a_name_and_one_that_a_function_returns(tree: Path) -> None:
    assert found(tree, 10) == ["nets/utils.py:6", "nets/utils.py:8", "nets/net.py:7"]
    assert found(tree, 13) == ["nets/net.py:12", "nets/utils.py:6", "nets/utils.py:8"]


def test_the_keyword_that_matters_comes_first(tree: Path) -> None:
    assert found(tree, 13, "regularisation")[0] == "nets/utils.py:7"
    assert found(tree, 13, "update")[0] == "nets/utils.py:3"


def test_the_scope_around_the_entry(tree: Path) -> None:
    places = found(tree, 14, "regularisation", "nets.utils:scope")
    assert places == ["nets/utils.py:7", "nets/utils.py:6", "nets/utils.py:8"]


def test_a_file_that_does_not_parse_has_no_scopes(tree: Path) -> None:
    (tree / "nets" / "net.py").write_text("def (", "utf-8")
    assert found(tree, 1) == []


def test_a_line_as_a_report_shows_it(tree: Path) -> None:
    place = site(tree, ("nets/net.py", 8, "net"))
    assert (str(place), place.function, place.text) == (
        "nets/net.py:8",
        "net",
        "x = conv2d(x, 4)",
    )
    assert site(tree, ("nets/lost.py", 3, "f")).text == ""
