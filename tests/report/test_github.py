"""Annotations of GitHub: the right lines, its escapes, its limits, its summary."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import pytest

from slimport.report import faces
from slimport.report.github import SHOWN, to_github
from slimport.report.markdown import PLACES, ROWS
from slimport.report.model import FileReport, LeftAlone, Report, Rewritten, Status
from slimport.report.roots import Roots
from tests.report.sample import program, reported

COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)")


def unescaped(text: str) -> str:
    for escape, sign in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(escape, sign)
    return text


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read as the runner reads them: properties end at the first ``::``."""
    found = []
    for line in text.splitlines():
        command = COMMAND.fullmatch(line)
        if command is not None:
            pairs = (pair.partition("=") for pair in (command[2] or "").split(",") if pair)
            properties = {name: unescaped(value) for name, _, value in pairs}
            found.append((command[1], properties, unescaped(command[3])))
    return found


@pytest.mark.parametrize("write", [False, True])
def test_each_annotation_is_at_the_line_it_is_about(tmp_path: Path, write: bool) -> None:
    root = program(tmp_path)
    found = commands(to_github(reported(root, write), Roots(root)))
    kinds = [kind for kind, _, _ in found]
    assert kinds.count("error") == 1 and kinds.count("warning") == 5
    assert kinds.count("notice") == (1 if write else 2), "what can be rewritten; the whole run"
    for kind, properties, _ in found:
        if kind != "warning":
            continue
        lines = (root / properties["file"]).read_text("utf-8").splitlines()
        line = lines[int(properties["line"]) - 1]
        if "col" in properties:
            stretch = slice(int(properties["col"]) - 1, int(properties["endColumn"]) - 1)
            assert line[stretch] == "slim.learning.tune"
        else:
            assert line == "    (slim" and int(properties["endLine"]) > int(properties["line"])
    changes = [p for _, p, text in found if "can rewrite" in text]
    assert [(p["file"], p["line"]) for p in changes] == ([] if write else [("my code/net.py", "6")])


def test_a_message_is_one_line_and_says_what_it_said() -> None:
    said = "100% of\r\nthis: a, b::c"
    left = LeftAlone(3, "slim.x", "SLIM999", said)
    report = Report("1", [FileReport("a,b:c%.py", left=[left], root="/x")])
    text = to_github(report, Roots(Path("/x")))
    (kind, properties, message), _ = commands(text)
    assert (kind, message) == ("warning", said)
    assert properties == {"file": "a,b:c%.py", "line": "3", "title": "slimport SLIM999"}
    assert text.startswith(
        "::warning file=a%2Cb%3Ac%25.py,line=3,title=slimport SLIM999::100%25 of"
    )


def many(count: int) -> Report:
    left = [LeftAlone(i, "slim.x", "SLIM999", f"why\n::error::{i}") for i in range(1, count + 1)]
    done = [Rewritten(1, "slim.y", "SLIM101", "conv2d")]
    files = [FileReport(f"{i}.py", Status.REWRITTEN, done, root="/x") for i in range(20)]
    return Report("1", [*files, FileReport("left.py", left=left, root="/x")])


def test_no_kind_has_more_than_github_shows() -> None:
    text = to_github(many(400), Roots(Path("/x")))
    found = commands(text)
    kinds = [kind for kind, _, _ in found]
    assert kinds == ["warning"] * SHOWN + ["notice"] * SHOWN
    assert found[-1][2] == (
        "20 references in 20 files can be rewritten, 400 left. "
        "401 of all are in the log and the summary alone."
    )
    log = text[text.index("::group::") : text.index("::endgroup::")].splitlines()
    assert log[0] == "::group::401 more" and len(log) == 402
    assert all(line.startswith("  ") for line in log[1:]), "no command, whatever a message holds"
    assert log[1] == "  left.py:11: SLIM999 why ::error::11"


def test_nothing_to_say() -> None:
    assert to_github(Report("1", [FileReport("a.py")])) == ""


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = tmp_path / "work"
    inside = workspace / "src"
    inside.mkdir(parents=True)
    (tmp_path / "link").symlink_to(workspace)
    left = [LeftAlone(1, "slim.x", "SLIM999", "why")]

    def path(root: str, roots: Roots) -> str:
        report = Report("1", [FileReport("net.py", left=left, root=root)])
        return commands(to_github(report, roots))[0][1]["file"]

    monkeypatch.chdir(inside)
    assert path("", Roots(workspace)) == "src/net.py"
    assert path("../src", Roots(workspace)) == "src/net.py"
    assert path(str(inside), Roots(tmp_path / "link")) == "src/net.py", "the workspace is a link"
    assert path("", Roots()) == "net.py", "no repository: from where the command runs"
    (workspace / ".git").mkdir()
    assert path("", Roots()) == "src/net.py"
    assert path("", Roots(workspace)) == "src/net.py"
    (workspace / ".git").rmdir()
    (inside / ".git").mkdir()  # actions/checkout with `path: src`
    assert path("", Roots(workspace)) == "net.py"
    assert path("/elsewhere", Roots(workspace)) == "/elsewhere/net.py"


def test_the_step_has_a_summary(tmp_path: Path) -> None:
    root = program(tmp_path)
    report = reported(root)
    report.notes = ["a | b <script>"]
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    environment = {
        "GITHUB_WORKSPACE": str(root),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "me/mine",
        "GITHUB_SHA": "abc",
    }
    stream = io.StringIO()
    faces.write(report, "github", stream, environment=environment)
    text = summary.read_text("utf-8")
    assert text.startswith("before\n### slimport rewrite\n"), "other steps' lines stay"
    address = "https://github.example/me/mine/blob/abc/my%20code/train.py#L7"
    row = next(line for line in text.splitlines() if line.startswith("| SLIM401 |"))
    assert f" [my code/train.py:7]({address}), [9](" in row
    assert "a \\| b \\<script\\>" in text and "<script>" not in text
    assert "| SLIM101 | 2 | 0 |" in text
    written = reported(root, write=True)
    faces.write(written, "github", stream, environment=environment)
    new = summary.read_text("utf-8").removeprefix(text)
    assert "my code/train.py:" in new and "blob/abc" not in new, "no commit has these lines"


def test_a_summary_is_as_long_as_github_takes(tmp_path: Path) -> None:
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    faces.write(many(5_000), "github", io.StringIO(), environment=environment)
    text = (tmp_path / "summary.md").read_text("utf-8")
    assert len(text.encode()) < 1 << 20
    assert text.count("left.py:") == ROWS and "4800 more are in the log" in text


def test_a_summary_says_a_reason_once(tmp_path: Path) -> None:
    def left(api: str, *lines: int) -> list[LeftAlone]:
        return [LeftAlone(line, api, "SLIM9", f"{api} is gone", "go") for line in lines]

    one = left("tf.a", 3, 5, 5) + left("tf.b_c", 1)
    report = Report("1", [FileReport("a.py", left=one), FileReport("b.py", left=left("tf.a", 4))])
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}

    def rows() -> list[str]:
        (tmp_path / "summary.md").write_text("")
        faces.write(report, "github", io.StringIO(), environment=environment)
        text = (tmp_path / "summary.md").read_text("utf-8")
        return [line for line in text.splitlines() if line.startswith("| SLIM9 ")]

    places = "**tf.a** a.py:3, 5<br>b.py:4<br>**tf.b\\_c** a.py:1"
    assert rows() == [f"| SLIM9 | … is gone; go | {places} |", "| SLIM9 | 0 | 5 |"]
    report.files[1].left[:] = left("tf.a", *range(1, 9))
    assert "<details><summary>12 places</summary>**tf.a** a.py:3, 5<br>b.py:1, 2, 3," in rows()[0]
    report.files[1].left[:] = left("tf.a", *range(1, 2000))
    assert rows()[0].count(",") < PLACES
    assert f"{2003 - PLACES} more are in the log" in (tmp_path / "summary.md").read_text("utf-8")


def test_without_a_build_server_the_checkout_counts(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = program(tmp_path)
    found = commands(to_github(reported(root / "my code")))
    assert {p["file"] for kind, p, _ in found if kind == "warning"} == {"my code/train.py"}


def test_every_stream_holds_it_and_no_summary_is_no_error(tmp_path: Path) -> None:
    report = Report("1", [FileReport("ü\udcff.py", Status.FAILED, error="why")])
    for encoding in ("utf-8", "ascii"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding)
        environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "folder.md")}
        faces.write(report, "github", stream, environment=environment)
        stream.seek(0)
        text = stream.read()
        assert text.startswith("::error file=") and "\\udcff.py" in text
        assert (
            text.splitlines()[-1]
            == "::notice title=slimport::no summary: No such file or directory"
        )
    (tmp_path / "summary.md").touch()
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    faces.write(report, "github", io.StringIO(), environment=environment)
    assert "udcff.py" in (tmp_path / "summary.md").read_text("utf-8")
