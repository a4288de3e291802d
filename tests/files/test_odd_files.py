"""Files that are odd, or fail inside of slimport: one line of the report, and the others go on."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from slimport.index.program import Program
from slimport.report.model import Status
from slimport.rewrite.command import Request, run
from slimport.rewrite.plan import Plan
from slimport.rewrite.tree import TreeResult, rewrite_tree
from tests.files.planted import without_override

GOOD = (
    "import tf_slim as slim\n\n\ndef net(x):\n    y = slim.conv2d(x, 8, 3, scope='c')\n"
    "    return slim.flatten(y)\n"
)
NEW = (
    "import keras\n\n\ndef net(x):\n"
    '    y = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="c")(x)\n'
    "    return keras.layers.Flatten()(y)\n"
)


def rewritten(folder: Path, data: bytes) -> tuple[bytes, str]:
    """What becomes of a file, and its error; another file is there and is always rewritten."""
    (folder / "odd.py").write_bytes(data)
    (folder / "good.py").write_text(GOOD)
    result = rewrite_tree(folder)
    assert result.outputs[PurePosixPath("good.py")] == NEW.encode()
    errors = {file.path: file.error for file in result.report.files}
    return result.outputs.get(PurePosixPath("odd.py"), data), errors.get("odd.py", "")


#: Before and after in the file's own bytes, as far as they are not GOOD and NEW.
KEPT = {
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "BOM and its name": lambda text: b"\xef\xbb\xbf# coding: utf-8\n" + text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
    "blanks at the end": lambda text: (text + "    ").encode(),
    "a comment at the end": lambda text: (text + "# é").encode(),
    "form feed on its line": lambda text: text.replace("\n\ndef", "\n\x0c\ndef").encode(),
    "form feed in a line": lambda text: (text + "a = (1,\x0c2)\n").encode(),
    "other separators": lambda text: (text + "# \x1c \x1d \x1e \x85 \u2028 x\n").encode(),
    "separators in texts": lambda text: text.replace("    y", "    '\u2028\x1c'; y").encode(),
    "docstring": lambda text: text.replace(
        "x):\n", 'x):\n    """a\u2028\x1c\n\x0c b\n"""\n'
    ).encode(),
    "latin-1": lambda text: ("# coding: latin-1\né = 'ü'\n" + text).encode("latin-1"),
    "cp1252": lambda text: ("#!/bin/x\n# vim: fileencoding=cp1252\n'€'\n" + text).encode("cp1252"),
    "euc-jp": lambda text: ("# coding: euc-jp\n'日本'\n" + text).encode("euc-jp"),
    "shift_jis": lambda text: ("# coding: shift_jis\n'表ソ'\n" + text).encode("shift_jis"),
    "long line": lambda text: (text + "z = '" + "a" * 2**20 + "'\n").encode(),
    "continuation": lambda text: (text + "z = 1 + \\\n    2\n").encode(),
    "deep": lambda text: (text + "z = " + "+".join("1" * 900)).encode(),
}


@pytest.mark.parametrize("form", KEPT.values(), ids=KEPT.keys())
def test_everything_outside_of_the_edits_is_kept(
    tmp_path: Path, form: Callable[[str], bytes]
) -> None:
    assert rewritten(tmp_path, form(GOOD)) == (form(NEW), "")


SPACE = "its white space cannot be kept"
REFUSED = {
    "form feed in an indentation": (GOOD.replace("    y", "\x0c    y").encode(), SPACE),
    "carriage returns only": (GOOD.replace("\n", "\r").encode(), SPACE),
    "BOM and latin-1": (b"\xef\xbb\xbf# coding: latin-1\n" + GOOD.encode(), "cannot be decoded"),
    "UTF-16": (GOOD.encode("utf-16"), ""),
    "another name for bytes": (b"# coding: rot13\n" + GOOD.encode(), "cannot be decoded"),
    "wrong bytes": (b"# coding: ascii\n" + GOOD.encode() + b"# \xe9\n", "cannot be decoded"),
    "lone surrogate": (
        GOOD.replace("'c'", "'\\ud800'").encode(),
        "cannot be written in the file's",
    ),
    "NUL": (GOOD.encode() + b"\0", "null bytes"),
    "deep for ast": ((GOOD + "z = " + "(" * 250 + ")" * 250).encode(), ""),
    "deep for libcst": ((GOOD + "z = " + " or ".join("a" * 60_000)).encode(), "too deeply nested"),
    "long dotted name": ((GOOD + "import a" + ".a" * 9_000).encode(), "too deeply nested"),
    "large": (GOOD.encode() + b"#" * (5 * 2**20), "larger than 5 MiB"),
}


@pytest.mark.parametrize(("data", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_kept_is_an_error_of_that_file(
    tmp_path: Path, data: bytes, error: str
) -> None:
    new, said = rewritten(tmp_path, data)
    assert new == data
    assert error in said


def test_a_name_outside_of_the_encoding_is_an_error_of_that_file(tmp_path: Path) -> None:
    name = b"# coding: latin-1\n" + GOOD.replace("'c'", "u'\\u0436'").encode()
    new, said = rewritten(tmp_path, name)
    assert new == name or b"\\u0436" in new
    assert new != name or "cannot be written in the file's encoding" in said


def test_files_without_slim_are_read_in_their_encoding(tmp_path: Path) -> None:
    """They may pass names on: a name that is lost there may close a function that is open."""
    between = {"bom.py": b"\xef\xbb\xbffrom net import net\n",
               "old.py": b"# coding: latin-1\nfrom net import net  # \xe9\n"}  # fmt: skip
    for name, data in between.items():
        (tmp_path / name).write_bytes(data)
        (tmp_path / "net.py").write_text(GOOD)
        (tmp_path / "use.py").write_text(
            f"import tf_slim as slim\nfrom {name[:-3]} import net\n\n\ndef f(x):\n"
            "    with slim.arg_scope([slim.conv2d], stride=2):\n        return net(x)\n"
        )
        found = rewrite_tree(tmp_path).outputs[PurePosixPath("net.py")].decode()
        assert "strides=2" in found or "from scoped_layers import" in found
        (tmp_path / name).unlink()


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "unreadable", "unlisted"])
def test_what_is_no_readable_file(tmp_path: Path, kind: str) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    odd = tmp_path / "odd.py"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        before = Path.cwd()
        os.chdir(tmp_path)  # a socket's name is short
        server.bind("odd.py")
        os.chdir(before)
    elif kind == "unreadable":
        odd.write_text(GOOD)
        odd.chmod(0)
    else:
        odd.mkdir()
        (odd / "in.py").write_text(GOOD)
        odd.chmod(0 if kind == "unlisted" else 0o755)
    try:
        with without_override():
            result = run(Request((tmp_path,)))
    finally:
        if kind in ("unreadable", "unlisted"):
            odd.chmod(0o755)
    errors = {file.path: file.error for file in result.report.failed}
    assert (tmp_path / "good.py").read_text() != GOOD
    if kind == "folder":
        assert errors == {}
        assert (odd / "in.py").read_text() != GOOD
    else:
        assert errors.keys() == {"odd.py"}
        assert errors["odd.py"].startswith(("cannot be read: ", "cannot be listed: "))


def test_a_pipe_that_is_named_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "odd.py")
    failed = run(Request((tmp_path / "odd.py",), write=False)).report.failed
    assert [file.error for file in failed] == [
        "cannot be read: a pipe, socket or device, not a file"
    ]


def test_a_link_that_is_named_stays_and_what_it_leads_to_is_rewritten(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/net.py").write_text(GOOD)
    (tmp_path / "link.py").symlink_to("real/net.py")
    assert not run(Request((tmp_path / "link.py",))).report.failed
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "real/net.py").read_text() == NEW


# Faults inside of slimport ------------------------------------------------------------------------


def failing(name: str, original: Callable[..., Any], error: type[BaseException]) -> Any:
    def method(self: Any, *given: Any, **named: Any) -> Any:
        for value in (self, *given):
            path = getattr(value, "module", value)
            if getattr(path, "path", None) == PurePosixPath(name):
                raise error("planted")
            if isinstance(value, Mapping) and PurePosixPath(name) in value:
                raise error("planted")
            if isinstance(value, Program) and any(
                m.path.name == name for m in getattr(value, "modules", ())
            ):
                raise error("planted")
        return original(self, *given, **named)

    return method


REFERENCES = "slimport.rewrite.references.References"
PLANTED = [
    (f"{REFERENCES}.check_met", RuntimeError, "internal error, please report"),
    (f"{REFERENCES}.check_met", RecursionError, "too deeply nested"),
    ("slimport.index.program.Program.__init__", KeyError, "KeyError: 'planted'"),
    ("slimport.rewrite.plan.Plan.__init__", AssertionError, "AssertionError: planted"),
    ("slimport.rewrite.plan.Plan.concerns", TypeError, "TypeError: planted"),
    ("slimport.index.modules.Module.__post_init__", MemoryError, "not enough memory"),
]


def planted(monkeypatch: pytest.MonkeyPatch, place: str, error: type[BaseException]) -> None:
    import importlib

    module, owner, name = place.rsplit(".", 2)
    cls = getattr(importlib.import_module(module), owner)
    monkeypatch.setattr(cls, name, failing("odd.py", getattr(cls, name), error))


@pytest.mark.parametrize(("place", "error", "message"), PLANTED)
def test_an_error_inside_of_slimport_is_one_of_that_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: type[BaseException],
    message: str,
) -> None:
    planted(monkeypatch, place, error)
    for name in ("a.py", "odd.py", "z.py"):
        (tmp_path / name).write_text(GOOD)
    report = run(Request((tmp_path,))).report
    assert {file.path: file.status for file in report.files} == {
        "a.py": Status.REWRITTEN, "odd.py": Status.FAILED, "z.py": Status.REWRITTEN,
    }  # fmt: skip
    assert message in report.failed[0].error
    assert (tmp_path / "odd.py").read_text() == GOOD
    assert (tmp_path / "z.py").read_text() == NEW


def test_an_error_with_all_files_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Plan) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Plan, "__post_init__", fails)
    for number in range(8):
        (tmp_path / f"{number}.py").write_text(GOOD)
    report = run(Request((tmp_path,))).report
    assert len(report.failed) == 8
    assert all((tmp_path / f"{number}.py").read_text() == GOOD for number in range(8))


# Files that stay old ------------------------------------------------------------------------------

OPEN = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
SCOPE = (
    "import tf_slim as slim\nimport net\n\n\ndef train(x):\n"
    "    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):\n"
    "        return net.net(x)\n"
)


def forms(tree: TreeResult) -> str:
    return tree.outputs[PurePosixPath("net.py")].decode()


def test_code_that_cannot_be_read_may_open_scopes_around_what_it_names(tmp_path: Path) -> None:
    """It is mended later, and must not find layers that no scope reaches any more."""
    (tmp_path / "net.py").write_text(OPEN)
    (tmp_path / "train.py").write_text(SCOPE + "def (\n")
    assert "from scoped_layers import conv2d" in forms(rewrite_tree(tmp_path))
    (tmp_path / "train.py").write_text("import tf_slim\nimport other\ndef (\n")
    assert "keras.layers.Conv2D" in forms(rewrite_tree(tmp_path))


def test_a_file_that_cannot_be_written_is_no_part_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OPEN)
    (tmp_path / "train.py").write_text(SCOPE)
    (tmp_path / "train.py").chmod(0o444)
    report = run(Request((tmp_path,))).report
    assert [(file.path, file.error) for file in report.failed] == [
        ("train.py", "cannot be written: read-only file")
    ]
    assert "from scoped_layers import conv2d" in (tmp_path / "net.py").read_text()
    (tmp_path / "train.py").chmod(0o644)
    assert not run(Request((tmp_path,))).report.failed
    assert (
        "with layer_defaults([conv2d], normalizer=batch_norm)"
        in (tmp_path / "train.py").read_text()
    )
    assert "from scoped_layers import conv2d" in (tmp_path / "net.py").read_text()
