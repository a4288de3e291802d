"""What goes where: data to standard output, talk to standard error, exit codes."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.report.diff import patch

NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
LEFT = "import tf_slim as slim\n\n\ndef train(op):\n    slim.learning.tune(op, '/tmp')\n"
BAD = "import tf_slim\ndef f(:\n"


def run(*arguments: object, input: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)], input=input)


@pytest.mark.parametrize(
    ("files", "options", "code"),
    [
        ({"a.py": "x = 1\n"}, [], 0),
        ({"a.py": NET}, [], 0),
        ({"a.py": NET}, ["--check"], 1),
        ({"a.py": NET}, ["--diff"], 1),
        ({"a.py": NET}, ["--check", "--exit-zero"], 0),
        ({"a.py": LEFT}, [], 1),
        ({"a.py": LEFT}, ["--exit-zero"], 0),
        ({"a.py": BAD}, [], 2),
        ({"a.py": BAD}, ["--exit-zero"], 2),
        ({"a.py": NET, "b.py": BAD}, ["--check"], 2),
    ],
)
def test_exit_codes(tmp_path: Path, files: dict[str, str], options: list[str], code: int) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert run(*options, tmp_path).exit_code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "--out", "x"], "no --out"),
        (["-", "a.py"], "`-` goes alone"),
        (["-", "--output-format", "json"], "--output-format needs --check"),
        (["--stdin-filename", "a.py"], "goes with `-`"),
        (["--diff", "--output-format", "json", "."], "both go to standard output"),
        (["--shard", "1/2", "."], "--shard goes with --check or --diff"),
        (["--shard", "x", "--check", "."], "is not of the form I/N"),
        (["--shard", "3/2", "--check", "."], "3 of 2"),
        (["--overwrite", "."], "--overwrite goes with --out"),
        (["--out", "x", "a", "b"], "--out takes one path"),
        (["--select", "SLIM777", "."], "SLIM777"),
        (["--jobs", "0", "."], "0"),
        (["--chek", "."], "--check"),
        (["--target", "torch", "."], "torch"),
        (["--config", "none.toml", "."], "none.toml"),
    ],
)
def test_usage_errors_are_2_and_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    (tmp_path / "a.py").write_text(NET)
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, input=NET)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert done.stdout == ""
    assert (tmp_path / "a.py").read_text() == NET and not (tmp_path / "x").exists()


@pytest.mark.parametrize("face", ["json", "sarif", "gitlab"])
@pytest.mark.parametrize("text", [NET, "x = 1\n"])
def test_data_goes_to_standard_output_alone(tmp_path: Path, face: str, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    done = run("--check", "--output-format", face, tmp_path / "a.py")
    json.loads(done.stdout)
    assert done.stderr == ""


def test_quiet_says_errors_alone(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(LEFT)
    done = run("-q", tmp_path)
    assert (done.exit_code, done.output) == (1, "")
    (tmp_path / "b.py").write_text(BAD)
    done = run("-q", tmp_path)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert "b.py: line 2: invalid syntax" in done.stderr


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    done = run("--report", tmp_path / "no" / "report.json", tmp_path / "a.py")
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_what_nobody_foresaw_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slimport.rewrite import command

    def fail(request: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(command, "run", fail)
    (tmp_path / "a.py").write_text(NET)
    done = run(tmp_path)
    assert done.exit_code == 2
    assert "planted" in done.stderr and "Traceback" not in done.stderr


# Standard input ---------------------------------------------------------------------------------


def test_stdin_without_a_name() -> None:
    done = run("-", input=NET)
    assert done.exit_code == 0
    assert "keras.layers.Conv2D" in done.stdout and done.stdout.startswith("import keras\n")


@pytest.mark.parametrize(
    "data",
    [
        b"x = 1",
        b"x = 1\r\n\x0cy = 2\r\n",
        b"\xef\xbb\xbfx = 1\n",
        b"# -*- coding: latin-1 -*-\n# \xe9\n",
        b"",
    ],
)
def test_code_that_stays_comes_out_byte_for_byte(data: bytes) -> None:
    done = run("-", input=data)
    assert (done.exit_code, done.stdout_bytes) == (0, data)


def test_stdin_that_is_no_python_gives_no_code() -> None:
    done = run("-", input=BAD)
    assert (done.exit_code, done.stdout) == (2, "")


def test_stdin_with_check_and_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (run("-", "--check", input=NET).exit_code, run("-", "--check", input=NET).stdout) == (
        1, "",
    )  # fmt: skip
    done = run("-", "--diff", "--stdin-filename", "nets/none.py", input=NET)
    assert "+import keras\n" in done.stdout and done.exit_code == 1


# Patches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["plain.py", "with space.py", "sub/ä.py"], ids=["plain", "space", "umlaut"]
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb\nc\n", b"a\nB\nc\n"),
        (b"a\nb", b"a\nB"),
        (b"a\nb", b"a\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nB\r\n"),
        (b"a\x0c\nb\xe9\x85\n", b"a\x0c\nB\xe9\x85\n"),
        (None, b"new\n"),
        (b"", b"x\n"),
    ],
)
def test_git_applies_the_patch(tmp_path: Path, name: str, old: bytes | None, new: bytes) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    if old is not None:
        file.write_bytes(old)
    text = b"".join(patch(name, old, new))
    subprocess.run(["git", "apply", "-"], input=text, cwd=tmp_path, check=True)
    assert file.read_bytes() == new


def test_the_patch_of_a_run_does_what_the_run_does(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_bytes(NET.replace("\n", "\r\n").encode())
    (tmp_path / "train.py").write_text(LEFT)
    (tmp_path / "open.py").write_text(NET + "\n\nNETS = {'a': net}")
    environment = {**os.environ, "PYTHONPATH": "", "NO_COLOR": ""}
    command = [sys.executable, "-m", "slimport", "rewrite", "--isolated", "--diff", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment)
    copy = tmp_path.parent / f"{tmp_path.name}-copy"
    assert run("--isolated", "--out", copy, tmp_path).exit_code == 1
    subprocess.run(["git", "apply", "-"], input=done.stdout, cwd=tmp_path, check=True)
    for file in copy.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colored: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a.py").write_text(LEFT)
    done = run("--diff", tmp_path)
    assert ("\x1b[3" in done.stdout) is colored
    assert ("\x1b[3" in done.stderr) is colored


# A terminal, and an interrupt -------------------------------------------------------------------


def test_progress_is_on_standard_error_of_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from slimport.rewrite import progress

    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_PERIOD", 0.0)
    with progress.Bar() as bar:
        bar.update(1, 2)
    assert capfd.readouterr() == ("", "")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        patched.setenv("TERM", "xterm")
        with progress.Bar() as bar:
            bar.update(1, 20)
            bar.update(7, 20)
        with progress.Bar(quiet=True) as bar:
            bar.update(9, 20)
        stream.flush()
        seen = ""
        while select.select([ours], [], [], 0.05)[0]:
            seen += os.read(ours, 65536).decode()
    os.close(ours)
    assert "7/20" in seen and "9/20" not in seen
    assert capfd.readouterr().out == ""


def test_an_interrupt_ends_with_130_and_whole_files(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"net{number}.py").write_text(NET * 3 + f"# {number}\n" * 50)
    environment = {**os.environ, "PYTHONPATH": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "slimport", "rewrite", "--isolated", str(tmp_path)],
        stderr=subprocess.PIPE, env=environment, text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the run was done before")
    assert process.returncode == 130
    assert "Traceback" not in talk and "interrupted" in talk
    texts = {file.read_text() for file in tmp_path.glob("net*.py")}
    assert all(text.count("\n") >= 60 for text in texts)
    assert not list(tmp_path.glob(".*.tmp"))
