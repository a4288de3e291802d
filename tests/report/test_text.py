"""The report on a terminal: few lines for much that is left, colours where they are wanted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from slimport.report import faces
from slimport.report.model import FileReport, FunctionForm, LeftAlone, Report, Rewritten, Status
from slimport.report.text import FEW, GROUPS
from tests.report.sample import program, reported


def text_of(report: Report, verbose: bool = False) -> str:
    stream = io.StringIO()
    faces.write(report, "text", stream, verbose=verbose)
    return stream.getvalue()


def left(count: int, api: str = "tf.estimator.RunConfig") -> list[LeftAlone]:
    reason = f"{api} is not part of TensorFlow 2"
    return [LeftAlone(i, api, "SLIM310", reason, "do it") for i in range(1, count + 1)]


def test_few_places_have_a_line_each(tmp_path: Path) -> None:
    text = text_of(reported(program(tmp_path)), verbose=True)
    assert text.count("left: ") == 5
    assert "my code/train.py:7: SLIM401 slim.learning.tune: a training loop" in text
    two = Report("1", [FileReport("a.py", left=left(2))])
    assert text_of(two).count("left: a.py:") == 2


def test_places_with_one_reason_share_it(tmp_path: Path) -> None:
    text = text_of(reported(program(tmp_path)))
    assert text.count("left: ") == 1 and text.count("a training loop") == 1
    assert "5 left: SLIM401 slim.learning.tune: a training loop" in text
    assert "my code/train.py:7, 9, 12, 16\n" in text
    assert "broken.py: line 3: invalid syntax" in text
    assert "my code/net.py: 2 references" in text
    last = text.rstrip().splitlines()[-3:]
    assert last[0].startswith("2 of 4 files to rewrite: 2 references, 5 left, 1 file failed")
    assert last[1:] == [
        "`slimport explain SLIM401` tells what to do about one",
        "nothing was written",
    ]


def test_places_stand_below_each_other_behind_names_of_any_length() -> None:
    found = [*left(2, "tf.a.B"), *left(1, "tf.a.LongerName")]
    text = text_of(Report("1", [FileReport("net.py", left=found)]))
    assert "\n  tf.a.B           net.py:1, 2\n  tf.a.LongerName  net.py:1\n" in text


def test_a_written_file_is_shown_as_it_is_now(tmp_path: Path) -> None:
    root = program(tmp_path)
    text = text_of(reported(root, write=True), verbose=True)
    lines = (root / "my code" / "train.py").read_text("utf-8").splitlines()
    shown = [line for line in text.splitlines() if line.startswith("left: ")]
    assert len(shown) == 5
    for line in shown:
        number = int(line.split("train.py:")[1].split(":")[0])
        assert "tune" in lines[number - 1] or "(slim" in lines[number - 1]
    assert "each is marked `# TODO(slimport)`" in text and "wrote " in text
    assert "would" not in text


def test_reasons_against_the_plainer_form_have_a_line_each() -> None:
    why = ("it is called in several places", "tf.Print is TensorFlow's alone, " * 5)
    form = FunctionForm(3, "net", "scoped", "tensorflow", "traced", why)
    text = text_of(Report("1", [FileReport("a" * 60 + ".py", functions=[form])]), verbose=True)
    assert f"{'a' * 60}.py:3 net: scoped layers, tensorflow, traced model\n" in text
    assert [line[2:] for line in text.splitlines() if line.startswith("  ")] == list(why)


def test_four_hundred_references_are_a_handful_of_lines() -> None:
    others = [LeftAlone(9, f"tf.x{i}", "SLIM499", f"tf.x{i}: no heir") for i in range(30)]
    files = [FileReport("a.py", left=left(300)), FileReport("b.py", left=left(70) + others)]
    report = Report("1", files)
    text = text_of(report)
    assert len(text.splitlines()) < 25
    assert "370 left: SLIM310 tf.estimator.RunConfig is not part of TensorFlow 2" in text
    assert "  a.py:1, 2, 3  and 367 more places" in text
    assert "30 left: SLIM499 …: no heir" in text
    assert "and 26 more names, 26 references" in text
    assert "-v lists all" in text
    assert text_of(report, verbose=True).count("left: ") == 400


def test_many_reasons_are_counted() -> None:
    found = [LeftAlone(i, "slim.x", "SLIM999", f"reason {i}") for i in range(1, 40)]
    text = text_of(Report("1", [FileReport("a.py", left=found)]))
    assert text.count("1 left: SLIM999 reason") == GROUPS
    assert f"{39 - GROUPS} left: for {39 - GROUPS} other reasons" in text


def test_a_tree_that_needs_fifty_rules_shows_those_that_did_most() -> None:
    done = [Rewritten(1, "x", f"SLIM{100 + i}", "") for i in range(50) for _ in range(i + 1)]
    report = Report(
        "1", [FileReport("a.py", Status.REWRITTEN, done)], notes=list(map(str, range(50)))
    )
    lines = text_of(report).splitlines()
    assert sum(" SLIM1" in line for line in lines) == 12 and "and 40 more notes" in lines
    (more,) = (line.split() for line in lines if "38 rules" in line)
    assert more == ["more", "38", "rules", str(38 * 39 // 2)]
    assert sum(" SLIM1" in line for line in text_of(report, verbose=True).splitlines()) == 50


def test_notes_that_say_the_same_are_one(tmp_path: Path) -> None:
    files = [FileReport(f"{name}.py") for name in "abcde"]
    notes = [f"{file.path}:{line}: it stays" for line, file in enumerate(files, 1)]
    report = Report("1", files, notes=["so", *notes])
    text = text_of(report)
    assert "note: a.py:1, b.py:2, c.py:3 and 2 more places: it stays\nnote: so\n" in text
    assert text_of(report, verbose=True).count("it stays") == 5


def test_many_changed_files_are_counted() -> None:
    done = [Rewritten(1, "slim.conv2d", "SLIM101", "conv2d")]
    report = Report("1", [FileReport(f"{i}.py", Status.REWRITTEN, done) for i in range(30)])
    text = text_of(report)
    assert text.count(".py: 1 reference\n") == 10 and "would rewrite 20 more files" in text
    assert text_of(report, verbose=True).count(".py: 1 reference\n") == 30


def test_a_notebooks_places_are_told_in_words() -> None:
    found = [LeftAlone(57, "slim.x", "SLIM999", "why", place="cell 3, line 2")]
    text = text_of(Report("1", [FileReport("nb.ipynb", left=found)]))
    assert "nb.ipynb:57 (cell 3, line 2): SLIM999 why" in text
    grouped = text_of(Report("1", [FileReport("nb.ipynb", left=found * (FEW + 1))]))
    assert "nb.ipynb:57 (cell 3, line 2)" in grouped


def test_what_is_ignored_is_told_on_demand() -> None:
    file = FileReport("a.py", ignored=[LeftAlone(1, "slim.x", "SLIM999", "a comment says so")])
    assert "a comment says so" not in text_of(Report("1", [file]))
    assert "ignored: a.py:1: SLIM999 a comment says so" in text_of(Report("1", [file]), True)


def test_nothing_to_do_is_said_in_a_line() -> None:
    assert text_of(Report("1", [FileReport("a.py")])) == "1 file: nothing to rewrite\n"
    assert text_of(Report("1")) == "0 files: nothing to rewrite\n"


def test_text_of_files_is_no_markup() -> None:
    report = Report(
        "1",
        [
            FileReport("[red]a[/].py", Status.FAILED, error="[/] [bold]x"),
            FileReport("b.py", left=[LeftAlone(1, "slim.x", "SLIM999", "x[0] [/red]", "[/] y")]),
        ],
        notes=["[blink]z"],
    )
    text = text_of(report)
    for part in ("[red]a[/].py: [/] [bold]x", "x[0] [/red] ([/] y)", "[blink]z"):
        assert part in text


def test_names_of_files_command_no_terminal_and_fit_every_stream() -> None:
    names = ["\x1b[31mred\x1b]0;title\x07.py", "a\nb.py", "\udcff.py", "größe🚀.py"]
    files = [FileReport(name, Status.FAILED, error="why") for name in names]
    for encoding in ("utf-8", "ascii", "cp1252"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding, newline="")
        faces.write(Report("1", files), "text", stream)
        stream.seek(0)
        lines = stream.read().splitlines()
        assert len([line for line in lines if line.startswith("error: ")]) == 4
        assert not any("\x1b" in line or "\x07" in line for line in lines)
        assert "error: \\x1b[31mred\\x1b]0;title\\x07.py: why" in lines
        assert "error: \\udcff.py: why" in lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    report = Report("1", [FileReport("a.py", left=left(2))])
    terminal = Terminal()
    faces.write(report, "text", terminal)
    assert ("\x1b[33m" in terminal.getvalue()) is coloured
    assert "\x1b" not in text_of(report)


def test_lines_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    done = [Rewritten(1, "slim.conv2d", "SLIM101", "conv2d")]
    files = [FileReport("a/long/path/to/a/file.py", Status.REWRITTEN, done, left(1))]
    text = text_of(Report("1", files))
    assert "left: a/long/path/to/a/file.py:1: SLIM310 tf.estimator.RunConfig is not part" in text
    assert max(len(line) for line in text.splitlines() if "SLIM101" in line) <= 40
