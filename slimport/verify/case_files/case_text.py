"""The text of a case file, written from cases; reading it gives the same cases."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slimport.verify.case_files import cases

_SIDE_KEYS = (
    "entry", "arg_scope", "args", "arg_scope_args", "training_argument",
    "arg_scope_training_argument",
)  # fmt: skip
_EMPTY: dict[str, Any] = {"args": {}, "arg_scope_args": {}}


def to_text(file: cases.CaseFile, comments: Sequence[str] = ()) -> str:
    """Writes a case file as TOML.

    Args:
        file: Its cases. Paths become relative to the folder of `file.path`.
        comments: Lines to stand at its head.
    """
    base = file.path.resolve().parent
    lines = [f"# {comment}".rstrip() for comment in comments]
    top: dict[str, Any] = {
        "old": _relative(file.old, base),
        "new": _relative(file.new, base),
        "old_worker": _relative(file.old_worker, base),
        "seed": file.seed or None,
        **_paths(file),
    }
    lines += _pairs(top)
    for case in file.cases:
        lines += ["", *(_training(case) if case.training is not None else _case(case, base))]
    return "\n".join(lines).lstrip("\n") + "\n"


def _paths(file: cases.CaseFile) -> dict[str, Any]:
    if file.old_paths == file.new_paths:
        return {"paths": None if file.old_paths == (".",) else list(file.old_paths)}
    return {"old_paths": list(file.old_paths), "new_paths": list(file.new_paths)}


def _case(case: cases.Case, base: Path) -> Iterator[str]:
    yield "[[case]]"
    yield from _pairs(
        {
            "name": case.name,
            **_sides(case),
            "modes": _unless(list(case.modes), list(cases.MODES)),
            "places": _unless(list(case.places), [cases.MODEL]),
            "built_once": _unless(case.built_once, True),
            "open_batch": _unless(case.open_batch, False),
            "discrete": _unless(list(case.discrete), []),
            "ignore": _unless(list(case.ignore), []),
            "gradients": _unless(case.gradients, True),
            "initial": _unless(case.initial, True),
            "tolerance": _unless(dict(case.tolerance), {}),
            "weights": case.weights and _relative(Path(case.weights), base),
            "seed": case.seed,
        }
    )
    for item in case.inputs:
        yield "[[case.inputs]]"
        yield from _pairs(_input(item, base))


def _training(case: cases.Case) -> Iterator[str]:
    training = case.training
    assert training is not None
    default = type(training)()
    yield "[[training]]"
    yield from _pairs(
        {
            "name": case.name,
            **_sides(case),
            "flags": _unless(dict(training.flags), {}),
            "steps": _unless(list(training.steps), list(default.steps)),
            "places": _unless(list(case.places), [cases.MODEL]),
            "smooth": _unless(training.smooth, default.smooth),
            "tolerance": _unless(dict(case.tolerance), {}),
            "seed": case.seed,
        }
    )


def _sides(case: cases.Case) -> dict[str, Any]:
    """What both sides call: once where it is the same, else once for each."""
    found: dict[str, Any] = {}
    for key in _SIDE_KEYS:
        empty = _EMPTY.get(key)
        old, new = getattr(case.old, key), getattr(case.new, key)
        if old == new:
            found[key] = _unless(old, empty)
        else:
            # Text that is empty takes away what a key without a side would give; so does {}.
            found[f"old_{key}"], found[f"new_{key}"] = _unless(old, empty), _unless(new, empty)
    return found


def _input(item: cases.Input, base: Path) -> dict[str, Any]:
    whole = item.dtype.startswith(("int", "uint"))
    return {
        "shape": list(item.shape),
        "dtype": _unless(item.dtype, "float32"),
        "low": _unless(item.low, 0 if whole else -1.0),
        "high": _unless(item.high, 2 if whole else 1.0),
        "content": _unless(item.content, "uniform"),
        "values": item.values,
        "file": item.file and _relative(Path(item.file), base),
        "name": item.name,
    }


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value


def _relative(path: Path | None, base: Path) -> str | None:
    return None if path is None else Path(os.path.relpath(path, base)).as_posix()


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table; what is None is left out."""
    for key, value in table.items():
        if value is not None:
            yield f"{_key(key)} = {toml(value)}"


def toml(value: Any) -> str:
    """Writes a value as TOML, on one line.

    Raises:
        TypeError: TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # inf and nan, too, are TOML's own words
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    raise TypeError(f"{type(value).__name__} is nothing that TOML can hold")


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "a").replace("-", "a").isalnum()
    return key if bare else _string(key)


def _string(text: str) -> str:
    escaped = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    found = "".join(
        escaped.get(letter)
        or (f"\\u{ord(letter):04X}" if ord(letter) < 32 or ord(letter) == 127 else letter)
        for letter in text
    )
    return f'"{found}"'
