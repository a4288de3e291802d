"""Input that cannot be rewritten: a clear line, the other files done, nothing half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.python2 import convert

GOOD = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
BAD = {
    "syntax error": (b"import tf_slim as slim\ndef net(:\n", "line 2: invalid syntax"),
    "merge marker": (b"import tf_slim as slim\n<<<<<<< HEAD\n", "line 2: invalid syntax"),
    "print statement": (b"import tf_slim\nprint 'x'\n", "line 2: Python 2 source"),
    "exec statement": (b"import tf_slim\nexec 'x'\n", "line 2: Python 2 source"),
    "print to a file": (
        b"import tf_slim, sys\nprint >>sys.stderr, 'x'\n",
        "line 2: Python 2 source (print >>)",
    ),
    "except with a comma": (
        b"import tf_slim\ntry:\n    pass\nexcept ValueError, e:\n    pass\n",
        "line 4: Python 2 source",
    ),
    "octal literal": (b"import tf_slim\nmode = 0777\n", "line 2: Python 2 source"),
    "not UTF-8": (b"import tf_slim\n# \xff\xfe\n", "cannot be decoded"),
    "unknown encoding": (b"# -*- coding: no-such -*-\nimport tf_slim\n", "cannot be decoded"),
    "null bytes": (b"import tf_slim\n\x00\n", "null bytes"),
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


def said(result: Result) -> str:
    """What was printed, as one line."""
    return " ".join(result.output.split())


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
def test_bad_file_is_named_and_left_and_the_others_are_done(
    tmp_path: Path, data: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "fissix", lambda: None)  # with [py2] some of it is no error
    bad, good = tmp_path / "bad.py", tmp_path / "good.py"
    bad.write_bytes(data)
    good.write_text(GOOD)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert f"error: {bad}: " in said(result)
    assert message in said(result)
    assert bad.read_bytes() == data
    assert "keras" in good.read_text()


def test_bad_file_that_cannot_concern_slim_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("print 'hello'\n")
    assert run(tmp_path).exit_code == 0


def test_no_such_path(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    result = run(tmp_path / "missing", tmp_path / "good.py")
    assert result.exit_code == 2
    assert "missing" in said(result) and "no such file" in said(result)
    assert "keras" in (tmp_path / "good.py").read_text()


def test_read_only_file_is_an_error_for_that_file_only(tmp_path: Path) -> None:
    locked, good = tmp_path / "locked.py", tmp_path / "good.py"
    locked.write_text(GOOD)
    good.write_text(GOOD.replace("'c'", "'d'"))
    locked.chmod(0o444)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "locked.py: cannot be written: read-only file" in said(result)
    assert locked.read_text() == GOOD
    assert "keras" in good.read_text()


def test_unreadable_file_is_an_error_for_that_file_only(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "folder.py").mkdir()  # what even root cannot read as a file
        (tmp_path / "good.py").write_text(GOOD)
        assert run(tmp_path / "good.py").exit_code == 0
        return
    locked = tmp_path / "locked.py"
    locked.write_text(GOOD)
    locked.chmod(0)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "locked.py: cannot be read" in said(result)


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"# -*- coding: latin-1 -*-\n" + GOOD.encode() + b"# \xe9t\xe9\n",
        GOOD.rstrip("\n").encode(),
        GOOD.encode() + b"\x0c\nX = 1\n",
        GOOD.replace("    ", "\t").encode(),
    ],
    ids=["CRLF", "BOM", "latin-1", "no final newline", "form feed", "tabs"],
)
def test_bytes_outside_the_edits_survive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(data)
    assert run(path).exit_code == 0
    after = path.read_bytes()
    assert b"keras" in after
    assert after.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in after) == (b"\r\n" in data)
    assert after.count(b"\r\n") in (0, after.count(b"\n"))
    assert after.endswith(b"\n") == data.endswith(b"\n")
    for kept in (b"\xe9t\xe9", b"\x0c", b"\t"):
        assert (kept in after) == (kept in data)


def test_columns_count_characters_not_bytes(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    source = "import tf_slim as slim\n\n\ndef net(x):\n    é = 'ü'; y = slim.flatten(x)\n"
    path.write_text(source, encoding="utf-8")
    assert run(path).exit_code == 0
    assert "é = 'ü'; y = keras.layers.Flatten()(x)" in path.read_text(encoding="utf-8")


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(GOOD)
    path.chmod(0o755)
    run(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(GOOD)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link.py").symlink_to(outside)
    run(tree)
    assert outside.read_text() == GOOD


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(GOOD)
    run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


def test_code_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(GOOD + f"\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    run(path)
    assert not (tmp_path / "ran").exists()
