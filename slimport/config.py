"""`[tool.slimport]` of a pyproject.toml: what a project wants of every run.

Nothing in it is guessed: a key that is not known, or a value of another type, is an error.
"""

from __future__ import annotations

import difflib
import keyword
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "pyproject.toml"
#: Name of the module that is written into a tree, unless the project says another.
MODULE_NAME = "scoped_layers"
#: The faces of a report, see `slimport.report.faces`.
FORMATS = ("text", "json", "sarif", "github", "gitlab")

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:(\*|[A-Za-z_][\w.]*)")


class ConfigError(Exception):
    """What is wrong with a configuration; the message names the file and the key."""


@dataclass(frozen=True)
class Kind:
    """A type of values: its name in messages, and a test."""

    name: str
    fits: Callable[[Any], bool]


def _choice(*values: str) -> Kind:
    return Kind(" or ".join(f'"{value}"' for value in values), lambda value: value in values)


def _texts(value: Any, fits: Callable[[str], bool] = bool) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and fits(v) for v in value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXT = Kind("a text", lambda value: isinstance(value, str) and bool(value))
TEXTS = Kind("a list of texts", _texts)
COUNT = Kind("a whole number from 1", lambda v: type(v) is int and v >= 1)
WHOLE = Kind("a whole number", lambda v: type(v) is int)
NUMBER = Kind("a number above 0", _is_number)
NAME = Kind("the name of a Python module", _is_name)
FUNCTIONS = Kind(
    'a list of "package.module:function"',
    lambda value: _texts(value, lambda text: _FUNCTION.fullmatch(text) is not None),
)
#: Paths are relative to the file that names them.
PATH = Kind("a path", TEXT.fits)
PATHS = Kind("a list of paths", TEXTS.fits)

KEYS: dict[str, Kind] = {
    "paths": PATHS,
    "exclude": TEXTS,
    "extend-exclude": TEXTS,
    "force-exclude": FLAG,
    "select": TEXTS,
    "ignore": TEXTS,
    "open-world": FLAG,
    "open-functions": FUNCTIONS,
    "target": _choice("keras"),
    "training": _choice("fit"),
    "module-name": NAME,
    "module-cell": FLAG,
    "notebooks": FLAG,
    "python2": FLAG,
    "out": PATH,
    "output-format": _choice(*FORMATS),
    "jobs": COUNT,
}
#: The table `[tool.slimport.verify]`: options of `slimport verify`, under their names.
VERIFY_KEYS: dict[str, Kind] = {
    "cases": PATH,
    "old": PATH,
    "new": PATH,
    "base": TEXT,
    "old-python": TEXT,
    "old-worker": PATH,
    "seed": WHOLE,
    "timeout": NUMBER,
    "jobs": COUNT,
    "memory": NUMBER,
    "isolated": FLAG,
    "float64": FLAG,
    "cache": PATH,
}
VERIFY = "verify"


@dataclass(frozen=True)
class Config:
    """The checked configuration of one project.

    Attributes:
        file: where it was read from; None where there is none.
        values: by key, as TOML has them; paths are complete.
        verify: those of `[tool.slimport.verify]`.
    """

    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    verify: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """What paths and patterns are relative to; the root of the project."""
        return self.file.parent if self.file is not None else None

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key.

        Raises:
            KeyError: no such key is known.
        """
        if key not in KEYS:
            raise KeyError(key)
        return self.values.get(key, default)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self.get(key, ()))


def load(start: Path, file: Path | None = None, isolated: bool = False) -> Config:
    """The configuration for a run.

    Args:
        start: a file or folder; the nearest pyproject.toml with a table `[tool.slimport]` at it
            or above it counts.
        file: this file instead.
        isolated: none at all.

    Raises:
        ConfigError: it cannot be read, or has a key or value that is not known.
    """
    if isolated:
        return Config()
    if file is not None:
        table = _table(file)
        if table is None:
            raise ConfigError(f"{file}: there is no table [tool.slimport] in it")
        return _checked(file, table)
    start = start.absolute()
    for folder in (start, *start.parents):
        found = folder / FILE
        if found.is_file():
            table = _table(found)
            if table is not None:
                return _checked(found, table)
    return Config()


def _table(file: Path) -> Mapping[str, Any] | None:
    """The table in a file; a file of another name may have its keys at the top."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is no TOML: {error}") from error
    tool = data.get("tool", {})
    if isinstance(tool, dict) and "slimport" in tool:
        found = tool["slimport"]
        if not isinstance(found, dict):
            raise ConfigError(f"{file}: tool.slimport is no table")
        return found
    return data if file.name != FILE and "tool" not in data else None


def _checked(file: Path, table: Mapping[str, Any]) -> Config:
    file = file.absolute()
    rest = {key: value for key, value in table.items() if key != VERIFY}
    verify = table.get(VERIFY, {})
    if not isinstance(verify, dict):
        raise ConfigError(f"{file}: tool.slimport.verify is no table")
    values = _values(file, "tool.slimport", rest, KEYS, {VERIFY})
    return Config(file, values, _values(file, "tool.slimport.verify", verify, VERIFY_KEYS))


def _values(
    file: Path,
    table: str,
    given: Mapping[str, Any],
    known: Mapping[str, Kind],
    tables: Iterable[str] = (),
) -> dict[str, Any]:
    found = {}
    for key, value in given.items():
        kind = known.get(key)
        if kind is None:
            # Cut-off 0: a list of all keys would be longer, and the nearest one is there always.
            near = difflib.get_close_matches(key, [*known, *tables], n=1, cutoff=0.0)
            raise ConfigError(f"{file}: unknown key {key!r} in [{table}]; the nearest is {near[0]}")
        if not kind.fits(value):
            raise ConfigError(f"{file}: {key} in [{table}] must be {kind.name}, not {value!r}")
        found[key] = _complete(file.parent, kind, value)
    return found


def _complete(folder: Path, kind: Kind, value: Any) -> Any:
    if kind is PATH:
        return str(folder / value)
    return [str(folder / item) for item in value] if kind is PATHS else value
