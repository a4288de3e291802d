"""Where things are: lines and columns before and after a rewrite, in characters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slimport.files.source import parse
from slimport.report.findings import Kind, findings
from slimport.report.lines import LineMap
from slimport.report.model import FileReport, LeftAlone, Position, Report, Status
from slimport.report.places import in_file, left_in_files, notes_in_file
from slimport.report.roots import full_path
from tests.report.sample import program, reported


def text_at(path: Path, position: Position) -> str:
    """The text of a stretch of a file, without white space."""
    lines = path.read_text("utf-8").splitlines()[position.line - 1 : position.end_line]
    lines[-1] = lines[-1][: position.end_column - 1]
    lines[0] = lines[0][position.column - 1 :]
    return "".join("".join(lines).split())


@pytest.mark.parametrize("write", [False, True])
def test_every_place_is_the_reference_on_the_disk(tmp_path: Path, write: bool) -> None:
    report = reported(program(tmp_path), write)
    left = [item for item in findings(report) if item.kind is Kind.LEFT]
    assert len(left) == 5
    for item in left:
        assert item.file is not None and item.position is not None
        assert text_at(full_path(item.file), item.position) == "slim.learning.tune"


def test_a_second_run_has_the_places_of_the_first(tmp_path: Path) -> None:
    first = findings(reported(program(tmp_path), write=True))
    second = findings(reported(tmp_path, write=True))
    places = [[(i.place, i.position) for i in f if i.kind is Kind.LEFT] for f in (first, second)]
    assert places[0] == places[1]


def test_changes_are_told_while_they_are_to_be_made(tmp_path: Path) -> None:
    before = findings(reported(program(tmp_path)))
    changes = [item for item in before if item.kind is Kind.CHANGE]
    assert [item.place.rpartition("/")[2] for item in changes] == ["net.py:6", "net.py:7"]
    for item in changes:
        assert item.file is not None and item.position is not None
        assert text_at(full_path(item.file), item.position) == "slim.conv2d"
    after = findings(reported(tmp_path, write=True))
    assert not [item for item in after if item.kind is Kind.CHANGE]


def test_a_file_that_failed_has_the_line_of_its_error(tmp_path: Path) -> None:
    (error,) = (i for i in findings(reported(program(tmp_path))) if i.kind is Kind.ERROR)
    assert error.place.endswith("broken.py:3")


def test_notes_point_at_the_line_that_became_of_theirs(tmp_path: Path) -> None:
    report = reported(program(tmp_path), write=True)
    line = 8  # net.net(x)
    report.notes = [f"my code/train.py:{line}: a remark", "all of it", "my code/net.py: a file"]
    notes = [item for item in findings(report) if item.kind is Kind.NOTE]
    assert [item.text for item in notes] == ["a remark", "all of it", "a file"]
    assert notes[0].file is not None and notes[0].position is not None
    lines = full_path(notes[0].file).read_text("utf-8").splitlines()
    assert lines[notes[0].position.line - 1] == "    net.net(x)"
    assert notes[1].place == "" and notes[2].place.endswith("net.py")


def test_two_roots_with_one_name_leave_a_note_without_a_place(tmp_path: Path) -> None:
    first, second = (program(tmp_path / name) for name in ("a", "b"))
    report = reported(first)
    report.files += reported(second).files
    report.notes = ["my code/net.py:1: which one?"]
    (note,) = (item for item in findings(report) if item.kind is Kind.NOTE)
    assert note.file is None and note.text == "my code/net.py:1: which one?"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"a\nb\nc", b"a\nb\nc", [1, 2, 3]),
        (b"a\nb\nc", b"a\nx\ny\nb\nc", [1, 4, 5]),
        (b"a\nb\nc", b"a\nB\nc", [1, 2, 3]),
        (b"a\nb\nc\nd", b"a\nB\nd", [1, 2, 2, 3]),
        (b"a\nb\nc", b"a\nc", [1, 2, 2]),
        (b"a\r\nb\rc\n", b"x\r\na\r\nb\rc\n", [2, 3, 4]),
        (b"a\rb\rc", b"x\ra\ry\rb\rc", [2, 4, 5]),
        (b"a\n\x0cb\nc", b"a\nx\n\x0cb\nc", [1, 3, 4]),
        (b"a\nb", b"b", [1, 1]),
        (b"a", b"", [1]),
    ],
)
def test_lines_that_move(old: bytes, new: bytes, expected: list[int]) -> None:
    moved = LineMap(old, new)
    assert [moved.new(line) for line in range(1, len(expected) + 1)] == expected


def test_a_remark_on_several_lines_names_those_of_the_disk() -> None:
    file = FileReport("a.py", Status.REWRITTEN, moved=LineMap(b"a\nb\nc", b"x\na\nb\nc"))
    said = "a.py: / of 2 ints. Look at lines 1, 3"
    report = Report("1", [file], notes=[said, "a.py: Look at line 2", "a.py: no 1"], written=True)
    texts = [item.text for item in findings(report)]
    assert texts == ["/ of 2 ints. Look at lines 2, 4", "Look at line 3", "no 1"]
    report.written = False
    assert findings(report)[0].text == "/ of 2 ints. Look at lines 1, 3"
    assert notes_in_file([said], "a.py", Cells()) == ["a.py: / of 2 ints. Look at lines 10, 30"]


class Cells:
    """A container in which each line of the program is the tenfold line of the file."""

    def with_program(self, code: bytes) -> bytes:
        return code

    def place(self, line: int) -> str:
        return f"cell 1, line {line}"

    def line_in_file(self, line: int) -> int:
        return 10 * line


LEFT = LeftAlone(2, "slim.x", "SLIM999", "why", column=3, end_line=2, end_column=9)


def test_in_a_notebook_lines_are_the_files_and_columns_are_unknown() -> None:
    (item,) = in_file([LEFT], Cells())
    assert item.old == Position(20, place="cell 1, line 2")
    notes = notes_in_file(["nb.ipynb:3: so", "other"], "nb.ipynb", Cells())
    assert notes == ["nb.ipynb:30: cell 1, line 3: so", "other"]


def test_what_the_second_pass_reads_otherwise_has_the_line_of_a_comparison() -> None:
    source = parse(Path("net.py"), b"import tf_slim as slim\nslim.x\n")
    again = replace(LEFT, line=4)
    output = b"import tf_slim as slim\n\n# mark\nslim.x\n"
    (same,) = left_in_files([LEFT], [again], source, output)
    assert same.new == Position(4, 3, 2, 9)
    (unknown,) = left_in_files([LEFT], [], source, output)
    assert unknown.new == Position(4)
    assert [i.new for i in left_in_files([LEFT], [again, again], source, output)] == [Position(4)]


def test_a_file_that_could_not_be_written_is_as_it_was() -> None:
    left = replace(LEFT, new=Position(9))
    file = FileReport("a.py", Status.FAILED, left=[left], moved=LineMap(b"a", b"b\na"))
    report = Report("1", [file], written=True)
    assert report.position(file, left).line == 2 and report.line(file, 1) == 1
    file.status = Status.REWRITTEN
    assert report.position(file, left).line == 9 and report.line(file, 1) == 2
    report.written = False
    assert report.position(file, left).line == 2 and report.line(file, 1) == 1
