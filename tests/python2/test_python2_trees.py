"""Trees with files of Python 2, through the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.python2 import convert as conversion
from slimport.python2.convert import convert

NET = b"""\
# -*- coding: latin-1 -*-
import sys
import tensorflow as tf
import tensorflow.contrib.slim as slim


def net(images, depth=8):  # gr\xf6\xdfe
    print >>sys.stderr, 'depth', depth
    return slim.conv2d(images, depth / 2, [3, 3], scope='one')
"""
PLAIN = "import tf_slim as slim\n\n\ndef other(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"

#: What both must print alike; nothing of it is marked.
PROGRAM = """\
import sys

class Sides(object):
    def __init__(self, sides):
        self.sides = sides
    def __nonzero__(self):
        return bool(self.sides)
    def __iter__(self):
        self.at = 0
        return self
    def next(self):
        self.at += 1
        if self.at > len(self.sides):
            raise StopIteration
        return self.sides[self.at - 1]

def area((a, b), scale=1.0):
    return a * b * scale

def halves(count):
    found = []
    for i in range(count):
        found.append(i / 2)
    half = len(found)
    half /= 2
    return found, half, (7 + half) / (1 + 1), -7 / 2, 7 / 2., 0777, int(10L / 3)

print halves(5)
print [x for x in Sides([3, 4])], bool(Sides([])), area((3, 4), 0.5)
try:
    raise ValueError, 'no'
except (ValueError, TypeError), error:
    print >>sys.stdout, 'caught', error, `1 <> 2`
d = {'b': 1, 'a': 2}
keys = d.keys(); keys.sort()
print keys, map(lambda k: d[k], keys), zip(keys, range(2)), filter(None, [0, 1])
pairs = zip([1, 2], [3, 4])
print len(pairs), [p for p in pairs], [p for p in pairs]
exec 'value = 3' in d
print d['value'], '\\u00e9', sys.maxint > 10, reduce(lambda x, y: x + y, [1, 2]), ("a", 1)
print
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "legacy"
    root.mkdir()
    (root / "net.py").write_bytes(NET)
    (root / "other.py").write_text(PLAIN, "utf-8")
    return root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


def test_without_the_extra_it_is_refused_and_stops_nothing(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "fissix", lambda: None)
    result = run(tree)
    assert result.exit_code == 2
    talk = " ".join(result.output.split())
    assert "net.py: line 8: Python 2 source (print >>): install slimport[py2]" in talk
    assert (tree / "net.py").read_bytes() == NET
    assert "keras" in (tree / "other.py").read_text("utf-8")


def test_it_is_converted_and_rewritten_in_its_encoding(tree: Path) -> None:
    pytest.importorskip("fissix")
    result = run(tree, "--report", tree / "report.json")
    assert result.exit_code == 1
    text = (tree / "net.py").read_bytes().decode("latin-1")
    assert "# größe" in text
    assert "print('depth', depth, file=sys.stderr)" in text
    assert "conv2d(images, depth / 2, [3, 3], name='one')" in text
    report = json.loads((tree / "report.json").read_text("utf-8"))
    (file,) = (file for file in report["files"] if file["path"] == "net.py")
    assert [left["code"] for left in file["left"]] == ["SLIM361"]
    assert any("net.py: converted from Python 2: print (1)" in note for note in report["notes"])


def test_a_second_run_changes_nothing_and_finds_the_mark(tree: Path) -> None:
    pytest.importorskip("fissix")
    run(tree)
    once = (tree / "net.py").read_bytes()
    result = run(tree)
    assert result.exit_code == 1
    assert "net.py:11: SLIM361 / of two ints" in " ".join(result.output.split())
    assert (tree / "net.py").read_bytes() == once
    lines = [line for line in once.split(b"\n") if not line.startswith(b"    #")]
    (tree / "net.py").write_bytes(b"\n".join(lines))
    assert run(tree).exit_code == 0, "the mark was taken away"


@pytest.fixture
def python2() -> str:
    """CPython 2.7."""
    pytest.importorskip("fissix")
    found = shutil.which("python2.7")
    if found is None or subprocess.run([found, "-c", ""], check=False).returncode:
        pytest.skip("no Python 2.7 here")
    return found


def printed(python: str, script: Path) -> str:
    return subprocess.run([python, script], capture_output=True, text=True, check=True).stdout


PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/queue.py": "print 'queue'\nsize = 7 / 2\n",
    "pkg/utils.py": "import queue as q\ndef half(x): print x; return q.size\n",
    "pkg/net.py": "import utils, queue\nfrom utils import half as h\nprint h(queue.size)\n",
    "pkg/deep/__init__.py": "print 'deep'\nfrom inner import *\n",
    "pkg/deep/inner.py": "print 'inner'; x = 3\n",
    "run.py": "from pkg import net, deep\nprint net.queue.size, deep.x\n",
}


def test_a_package_that_imports_its_neighbours(tmp_path: Path, python2: str) -> None:
    for name, text in PACKAGE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    expected = printed(python2, tmp_path / "run.py")
    shutil.rmtree(tmp_path / "pkg" / "__pycache__", ignore_errors=True)
    assert run(tmp_path, "--python2").exit_code == 0
    assert printed(sys.executable, tmp_path / "run.py") == expected


def test_a_script_beside_what_it_imports(tmp_path: Path, python2: str) -> None:
    for name in ("pkg/__init__.py", "pkg/utils.py", "pkg/queue.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(PACKAGE[name].replace("queue as q", "deep as q"), "utf-8")
    (tmp_path / "pkg" / "deep.py").write_text("size = 4\n", "utf-8")
    script = tmp_path / "pkg" / "train.py"
    script.write_text(
        "import utils\nif __name__ == '__main__':\n    print utils.half(2)\n", "utf-8"
    )
    expected = printed(python2, script)
    result = run(tmp_path, "--python2")
    assert result.output.count("SLIM361 Python 2 takes the") == 2, (
        "as a part of the package it fails"
    )
    assert printed(sys.executable, script) == expected


def test_both_pythons_print_the_same(tmp_path: Path, python2: str) -> None:
    script = tmp_path / "both.py"
    script.write_text(PROGRAM, "utf-8")
    expected = printed(python2, script)
    # `reduce` is for rules/python2_names.py
    found = "from functools import reduce\n" + convert(script, PROGRAM).new
    assert "SLIM361" not in found
    script.write_text(found, "utf-8")
    assert printed(sys.executable, script) == expected


OTHERS = {"utils.py": "print 'x'\n", "log.py": "import sys\nprint >>sys.stderr, 'x'\n"}


def with_others(tree: Path) -> Path:
    for name, text in OTHERS.items():
        (tree / name).write_text(text, "utf-8")
    (tree / "plain.py").write_text("import tensorflow as tf\nprint 'tf'\n", "utf-8")
    (tree / "new.py").write_text("print('x')\nprint(1 >> 2)\n", "utf-8")
    return tree


def test_files_that_stay_python2_are_listed(tree: Path) -> None:
    pytest.importorskip("fissix")
    talk = " ".join(run(with_others(tree)).output.split())
    assert "Python 2 stays in 3 files" in talk
    assert "--python2 converts all files: log.py, plain.py, utils.py" in talk
    assert (tree / "utils.py").read_text("utf-8") == "print 'x'\n"
    assert "Python 2 stays" in run(tree, "--check").output, "a second run says so, too"


def test_they_are_converted_where_that_is_asked_for(tree: Path) -> None:
    pytest.importorskip("fissix")
    result = run(with_others(tree), "--python2")
    assert "Python 2 stays" not in result.output
    assert (tree / "utils.py").read_text("utf-8") == "print('x')\n"
    assert (tree / "log.py").read_text("utf-8") == "import sys\nprint('x', file=sys.stderr)\n"
    assert (tree / "plain.py").read_text("utf-8") == "import tensorflow as tf\nprint('tf')\n"
    assert "0 references rewritten" in run(tree, "--python2").output


def test_a_tree_without_slim_is_converted_where_that_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("fissix")
    for name, text in OTHERS.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert "Python 2" not in run(tmp_path).output
    run(tmp_path, "--python2")
    assert (tmp_path / "utils.py").read_text("utf-8") == "print('x')\n"


def test_what_cannot_be_converted_is_named(tree: Path) -> None:
    pytest.importorskip("fissix")
    (tree / "broken.py").write_text("print 'x\n", "utf-8")
    talk = " ".join(run(tree, "--python2").output.split())
    assert "Python 2 stays in 1 file, which cannot be converted: broken.py" in talk
