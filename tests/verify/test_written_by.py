"""Which rule wrote a line: asked of a small tree that is rewritten and then edited by hand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from slimport.rewrite.command import Request, run
from slimport.verify.lines import statements, written_by
from slimport.verify.lines.written_by import Question
from slimport.verify.result import CaseResult, Divergence, ModeResult, Site, Status

LEGACY = '''
import tensorflow as tf
import tf_slim as slim


def net(images, depth=8):
  """A small one."""
  with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.relu,
                      padding='SAME'):
    x = slim.conv2d(images, depth, [3, 3],
                    stride=2, scope='conv1')
    x = slim.repeat(x, 2, slim.conv2d, depth, [3, 3], scope='conv2')
    x = slim.max_pool2d(x, [2, 2], scope='pool')
    y = x + 1.0
    x = tf.concat([x, y], 3)
  return x
'''
#: Comes out as plain layers: the arg_scope goes away, and each call is several lines.
PLAIN = """
import tf_slim as slim


def plain(images):
    with slim.arg_scope([slim.conv2d], padding='VALID'):
        images = slim.conv2d(images, 32, [5, 5], scope='conv9')
    return slim.max_pool2d(images, [2, 2], scope='pool9')
"""


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A legacy tree and its migrated form, with a comment that moves all lines."""
    root = tmp_path_factory.mktemp("trees")
    (root / "old").mkdir()
    (root / "old" / "net.py").write_text(LEGACY)
    (root / "old" / "plain.py").write_text(PLAIN)
    shutil.copytree(root / "old", root / "new")
    assert not run(Request((root / "new",))).report.left
    text = (root / "new" / "net.py").read_text()
    (root / "new" / "net.py").write_text("# Copyright.\n\n" + text)
    return root


@pytest.fixture
def edited(trees, tmp_path):
    """A migrated tree to edit."""
    shutil.copytree(trees, tmp_path, dirs_exist_ok=True)
    return tmp_path


def line_of(root: Path, tree: str, text: str, file: str = "net.py") -> int:
    lines = (root / tree / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def edit(root: Path, before: str, after: str) -> None:
    path = root / "new" / "net.py"
    text = path.read_text()
    assert text.count(before) == 1, text
    path.write_text(text.replace(before, after))


def of_new(root: Path, text: str, file: str = "net.py") -> written_by.Origin:
    """Asks, in this process, where a line of the migrated tree comes from."""
    site = Site(file, line_of(root, "new", text, file))
    return written_by.Trees(root / "old", root / "new").origin(Question(new=site))


@pytest.mark.parametrize(
    ("text", "rules", "legacy"),
    [
        ("name='conv1'", ("SLIM101",), "x = slim.conv2d(images, depth, [3, 3],"),
        ("repeat(x", ("SLIM150", "SLIM101"), "x = slim.repeat("),
        ("max_pool2d(x", ("SLIM130",), "x = slim.max_pool2d("),
        ("concatenate", ("SLIM302",), "x = tf.concat("),
        ("with layer_defaults", ("SLIM001", "SLIM301", "SLIM101"), "with slim.arg_scope("),
        ("x + 1.0", (), "y = x + 1.0"),
    ],
)
def test_a_line_has_its_rule_and_its_legacy_line(trees, text, rules, legacy):
    found = of_new(trees, text)
    assert found.rules == rules
    assert found.old is not None
    assert found.old.text.startswith(legacy)
    assert found.old.line == line_of(trees, "old", legacy)
    assert found.old.function == "net"


@pytest.mark.parametrize(
    ("text", "rule", "legacy"),
    [
        ("Conv2D(", "SLIM101", "images = slim.conv2d("),
        ('name="conv9"', "SLIM101", "images = slim.conv2d("),
        ("MaxPooling2D(", "SLIM130", "return slim.max_pool2d("),
    ],
)
def test_plain_layers_have_theirs_on_each_of_their_lines(trees, text, rule, legacy):
    found = of_new(trees, text, "plain.py")
    assert found.rules == (rule,)
    assert found.old is not None
    assert found.old.text.startswith(legacy)


def test_what_was_edited_afterwards_is_said(edited):
    edit(edited, "y = x + 1.0", "z = keras.ops.abs(x)\n    y = x + 2.0")
    edit(edited, "name='pool'", "padding='same', name='pool'")
    assert of_new(edited, "max_pool2d(x").rules == ("SLIM130, edited by hand since",)
    assert of_new(edited, "x + 2.0").rules == ("no rule, edited by hand since",)
    assert of_new(edited, "ops.abs").rules == ("no rule, written by hand",)
    assert of_new(edited, "name='conv1'").rules == ("SLIM101",)


def test_a_line_that_was_put_back_is_no_rule_s(edited):
    edit(
        edited,
        "x = max_pool2d(x, [2, 2], name='pool')",
        "x = slim.max_pool2d(x, [2, 2], scope='pool')",
    )
    assert of_new(edited, "slim.max_pool2d").rules == ()


def test_a_formatter_is_no_hand(edited):
    before = of_new(edited, "max_pool2d(x")
    edit(edited, "[2, 2], name='pool'", '\n        [2, 2],\n        name="pool"\n    ')
    assert of_new(edited, "max_pool2d(x") == before


def test_a_legacy_line_finds_its_rule_and_its_new_line(trees):
    site = Site("net.py", line_of(trees, "old", "stride=2"))
    asked = written_by.Trees(trees / "old", trees / "new")
    found = asked.origin(Question(old=site))
    assert found.rules == ("SLIM101",)
    assert found.new is not None and found.new.line == line_of(trees, "new", "x = conv2d(images")


def test_a_module_that_was_written_by_hand_goes_by_its_legacy_line(trees):
    old = Site("net.py", line_of(trees, "old", "slim.max_pool2d"))
    asked = written_by.Trees(trees / "old", trees / "new")
    assert asked.origin(Question(Site("elsewhere.py", 3), old)).rules == ("SLIM130",)


def test_divergences_of_a_run_are_completed(trees):
    new = Site("net.py", line_of(trees, "new", "concatenate"))
    unknown = Site("nowhere.py", 3)
    mode = ModeResult("inference", Status.DIFFERS)
    mode.divergences = tuple(Divergence("output", "a", new=(site,)) for site in (new, unknown))
    written_by.with_rules(
        trees / "old", trees / "new", [CaseResult("a", "a:a", "a:a", Status.DIFFERS, [mode])]
    )
    known, other = mode.divergences
    assert known.rules == ("SLIM302",)
    assert known.old[0].line == line_of(trees, "old", "tf.concat")
    assert other == Divergence("output", "a", new=(unknown,))


def test_edits_of_defaults_and_callers_are_named(edited):
    edit(edited, "padding='same'", "padding='valid'")
    line = line_of(edited, "new", "with layer_defaults")
    first = Site("net.py", line_of(edited, "new", "x = conv2d("))
    defaults = (Site("net.py", line), Site("net.py", line + 1))  # both of one statement
    mode = ModeResult("inference", Status.DIFFERS)
    mode.divergences = (Divergence("output", "a", new=(first,), defaults=defaults),)
    written_by.with_rules(
        edited / "old", edited / "new", [CaseResult("a", "a:a", "a:a", Status.DIFFERS, [mode])]
    )
    assert mode.divergences[0].rules == (
        "SLIM101",
        f"SLIM001, edited by hand since (net.py:{line})",
    )


def test_nobody_edited_a_file_that_is_another_altogether(edited):
    path = edited / "new" / "net.py"
    text = path.read_text()
    path.write_text(re.sub(r"\bx\b", "net", text).replace("images", "pictures"))
    assert of_new(edited, "max_pool2d(net").rules == ("SLIM130, which writes it otherwise",)


def test_what_takes_too_long_or_cannot_be_read_is_not_known(trees, tmp_path):
    asked = [Question(Site("net.py", 3))]
    assert written_by.origins(trees / "old", trees / "new", asked, 0.01) == [written_by.Origin()]
    (tmp_path / "net.py").write_text("print 'old'\n")
    assert written_by.Trees(tmp_path, trees / "new").origin(asked[0]) == written_by.Origin()


def test_statements_are_brought_together_in_order_by_their_words():
    old = statements.statements(b"def f(x):\n  y = a(x)\n  z = scope(y, 'one')\n  return z\n")
    new = statements.statements(
        b"import b\ndef f(x):\n  new = other(1)\n  y = a(x)\n  z = b.scoped(y, name='one')\n"
        b"  return z\n"
    )
    pairs = statements.partners(old, new)
    assert {new[n].text: old[o].text for n, o in pairs.items()} == {
        "def f(x):\n    pass": "def f(x):\n    pass",
        "y = a(x)": "y = a(x)",
        "z = b.scoped(y, name='one')": "z = scope(y, 'one')",
        "return z": "return z",
    }


def test_the_innermost_statement_holds_a_line():
    found = statements.statements(b"if a:\n  b = (1,\n    2)\nelse:\n  c = 3\n")
    assert [found[place].text for place in (1, 2)] == ["b = (1, 2)", "c = 3"]
    assert [statements.at(found, line) for line in (1, 2, 3, 5, 9)] == [0, 1, 1, 2, None]
