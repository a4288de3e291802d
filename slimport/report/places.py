"""The places of a file's references, in the file as it was and as it will be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from slimport.files.read import read
from slimport.files.source import Container, Source, SourceError
from slimport.report.lines import LineMap, renumbered
from slimport.report.model import FunctionForm, LeftAlone, Position, Rewritten

Item = TypeVar("Item", Rewritten, LeftAlone)


def in_file(items: Iterable[Item], container: Container | None) -> list[Item]:
    """References with the lines of the file, where it holds a program that has others."""
    if container is None:
        return list(items)
    return [_in_file(item, container) for item in items]


def forms_in_file(forms: list[FunctionForm], container: Container | None) -> list[FunctionForm]:
    """Functions with the lines of the file."""
    if container is None:
        return forms
    return [replace(form, line=container.line_in_file(form.line)) for form in forms]


def notes_in_file(notes: list[str], path: str, container: Container | None) -> list[str]:
    """Remarks that begin with a path and a line, with the line of the file."""
    if container is None:
        return notes
    known = re.compile(rf"{re.escape(path)}:(\d+): ")

    def placed(note: str) -> str:
        found = known.match(note)
        if found is None:
            return renumbered(note, container.line_in_file)
        line = container.line_in_file(int(found[1]))
        place = _words(container, int(found[1]))
        text = f"{place}: {note[found.end() :]}" if place else note[found.end() :]
        return f"{path}:{line}: {text}"

    return [placed(note) for note in notes]


def left_in_files(
    left: Sequence[LeftAlone],
    again: Sequence[LeftAlone],
    source: Source,
    output: bytes,
) -> list[LeftAlone]:
    """What is left of a file that changes, with its place before and after.

    Args:
        left: what the rewriting left, with lines of the old program.
        again: what it would leave of the new program: the same references, in the same order.
        source: the file as it was.
        output: the file as it will be.
    """
    if not left:
        return []
    container = _container(source, output)  # a notebook is read anew
    olds, news = _by_api(left), _by_api(again)
    moved = LineMap(source.original, output)
    result = in_file(left, source.container)
    for key, indices in olds.items():
        same = len(news.get(key, ())) == len(indices)
        for old, new in zip(indices, news[key] if same else indices, strict=True):
            if same:
                (after,) = in_file([again[new]], container)
                result[old] = replace(result[old], new=after.old)
            else:  # the new program is read otherwise: the line has to do
                result[old] = replace(result[old], new=Position(moved.new(result[old].line)))
    return result


def _by_api(left: Sequence[LeftAlone]) -> dict[tuple[str, str], list[int]]:
    """Indices of the references to each API, in order."""
    found = defaultdict[tuple[str, str], list[int]](list)
    for index, item in enumerate(left):
        found[item.code, item.api].append(index)
    return dict(found)


def _container(source: Source, output: bytes) -> Container | None:
    """What holds the program of the new file."""
    if source.container is None:
        return None
    try:
        found = read(source.path, output)
    except SourceError:
        return None
    return found.container if found is not None else None


def _in_file(item: Item, container: Container) -> Item:
    """Columns of a program say nothing in a file that quotes its lines."""
    line = container.line_in_file(item.line)
    place = _words(container, item.line)
    return replace(item, line=line, column=0, end_line=0, end_column=0, place=place)


def _words(container: Container, line: int) -> str:
    """Where a line stands, unless it is the number of a line alone."""
    place = container.place(line)
    return "" if re.fullmatch(r"line \d+", place) else place
