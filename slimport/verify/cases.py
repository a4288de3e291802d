"""Case files: what is to be compared, written in TOML, with no room for a misspelt key.

```toml
old = "../legacy"             # trees, relative to this file; the command line overrides them
new = "../migrated"
paths = [".", "slim"]         # import roots inside the trees (old_paths, new_paths for one side)
seed = 0                      # of weights and inputs

[[case]]
name = "inception_v2"
entry = "nets.inception_v2:inception_v2"
arg_scope = "nets.inception_v2:inception_v2_arg_scope"       # entered around the entry
arg_scope_args = { weight_decay = 0.00004 }
args = { num_classes = 10, defs = { ref = "nets.defs:SMALL" } }  # a ref is imported
training_argument = "is_training"               # of the entry: true or false by mode
arg_scope_training_argument = "is_training"     # likewise of the arg_scope function
modes = ["inference", "training"]               # the default
places = ["model", "graph"]                     # of the migrated code: a Keras model (the
                                                # default), a TensorFlow 1 graph with a session
built_once = true                               # a model built for training must infer as well;
                                                # false where the code asks `if is_training:`
discrete = ["boxes", "scores", "classes"]       # detections: rows are matched by score
ignore = ["1/debug"]                            # outputs that are not compared
gradients = true                                # compare gradients in training mode
tolerance = { output = 1e-4 }                   # output, update, regularisation, gradient

[[case.inputs]]               # one table per input, positional unless it has a name
shape = [2, 224, 224, 3]
dtype = "float32"
low = -1.0                    # uniform in [low, high); a list broadcasts against the shape
high = 1.0
```

``entry``, ``args``, ``arg_scope``, ``arg_scope_args`` and both training arguments may be given for
one side alone, as ``old_entry`` or ``new_entry``; ``new_arg_scope = ""`` means that the migrated
code needs none. An input may have ``values = [...]`` in place of random ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimport.verify import protocol

MODES = (protocol.INFERENCE, protocol.TRAINING)
#: Where the migrated code runs: as a Keras model, or in a TensorFlow 1 graph under a session.
MODEL, GRAPH = "model", "graph"
GROUPS = (protocol.OUTPUT, protocol.UPDATE, protocol.REGULARISATION, protocol.GRADIENT)
DTYPES = ("float32", "float64", "float16", "int32", "int64", "uint8", "bool", "int8", "int16")


class CaseFileError(ValueError):
    """A case file that cannot be used; the message names the file and the place in it."""


@dataclass(frozen=True)
class Input:
    """One input tensor.

    Attributes:
        shape: Full shape, batch included.
        dtype: NumPy name.
        low: Lower bound of the random values; a list broadcasts against the shape.
        high: Upper bound, exclusive.
        values: Constant values in place of random ones.
        name: Keyword under which the entry takes the input; positional without it.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: Any = -1.0
    high: Any = 1.0
    values: Any = None
    name: str | None = None


@dataclass(frozen=True)
class SideCall:
    """How one side builds a case."""

    entry: str
    arg_scope: str | None
    args: Mapping[str, Any]
    arg_scope_args: Mapping[str, Any]
    training_argument: str | None
    arg_scope_training_argument: str | None


@dataclass(frozen=True)
class Case:
    """One comparison."""

    name: str
    old: SideCall
    new: SideCall
    inputs: tuple[Input, ...]
    modes: tuple[str, ...] = MODES
    places: tuple[str, ...] = (MODEL,)
    built_once: bool = True
    discrete: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    gradients: bool = True
    tolerance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseFile:
    """A parsed case file, its paths resolved against its own folder."""

    path: Path
    old: Path | None
    new: Path | None
    old_paths: tuple[str, ...]
    new_paths: tuple[str, ...]
    seed: int
    cases: tuple[Case, ...]


def load(path: Path) -> CaseFile:
    """Reads a case file.

    Raises:
        CaseFileError: It cannot be read, is no TOML, or holds an unknown or wrong key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaseFileError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseFileError(f"{path}: {error}") from error
    return parse(data, path)


def parse(data: Mapping[str, Any], path: Path) -> CaseFile:
    """Makes a case file of TOML data; `path` serves messages and relative folders."""
    table = _Table(data, str(path))
    old, new = table.text("old"), table.text("new")
    paths = table.texts("paths", (".",))
    old_paths = table.texts("old_paths", paths)
    new_paths = table.texts("new_paths", paths)
    seed = table.integer("seed", 0)
    tables = table.tables("case")
    table.end()
    if not tables:
        raise CaseFileError(f"{path}: no [[case]] in it")
    cases = tuple(_case(item, f"{path}: case {place + 1}") for place, item in enumerate(tables))
    _refuse_doubles(cases, path)
    base = path.parent
    return CaseFile(
        path,
        None if old is None else (base / old).resolve(),
        None if new is None else (base / new).resolve(),
        old_paths,
        new_paths,
        seed,
        cases,
    )


def _refuse_doubles(cases: tuple[Case, ...], path: Path) -> None:
    names = [case.name for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise CaseFileError(f"{path}: two cases are named {name!r}")


def _case(data: Mapping[str, Any], place: str) -> Case:
    table = _Table(data, place)
    name = table.text("name")
    if name is None:
        raise CaseFileError(f"{place}: has no name")
    table.place = f"{place.rsplit(': ', 1)[0]}: case {name!r}"
    inputs = tuple(
        _input(item, f"{table.place}: input {number + 1}")
        for number, item in enumerate(table.tables("inputs"))
    )
    modes = table.texts("modes", MODES)
    if not modes or any(mode not in MODES for mode in modes):
        raise CaseFileError(f"{table.place}: modes may hold {' and '.join(MODES)} only")
    places = table.texts("places", (MODEL,))
    if not places or any(place not in (MODEL, GRAPH) for place in places):
        raise CaseFileError(f"{table.place}: places may hold {MODEL} and {GRAPH} only")
    case = Case(
        name=name,
        old=_side(table, "old"),
        new=_side(table, "new"),
        inputs=inputs,
        modes=modes,
        places=places,
        built_once=table.boolean("built_once", True),
        discrete=table.texts("discrete", ()),
        ignore=table.texts("ignore", ()),
        gradients=table.boolean("gradients", True),
        tolerance=_tolerance(table),
    )
    table.end()
    return case


def _side(table: _Table, side: str) -> SideCall:
    """Reads what one side calls; ``old_entry`` wins over ``entry``, and so on."""
    entry = table.either("entry", side, table.text)
    if entry is None:
        raise CaseFileError(f"{table.place}: has no entry for the {side} side")
    _check_reference(entry, table.place)
    scope = table.either("arg_scope", side, table.text) or None
    if scope is not None:
        _check_reference(scope, table.place)
    return SideCall(
        entry=entry,
        arg_scope=scope,
        args=table.either("args", side, table.mapping) or {},
        arg_scope_args=table.either("arg_scope_args", side, table.mapping) or {},
        training_argument=table.either("training_argument", side, table.text) or None,
        arg_scope_training_argument=table.either("arg_scope_training_argument", side, table.text)
        or None,
    )


def _check_reference(text: str, place: str) -> None:
    module, colon, attribute = text.partition(":")
    parts = module.split(".") + attribute.split(".")
    if not colon or not all(part.isidentifier() for part in parts):
        raise CaseFileError(f'{place}: {text!r} is not of the form "package.module:function"')


def _tolerance(table: _Table) -> dict[str, float]:
    found = table.mapping("tolerance") or {}
    for group, value in found.items():
        if group not in GROUPS:
            raise CaseFileError(
                f"{table.place}: tolerance has no {group!r}; it takes {', '.join(GROUPS)}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise CaseFileError(f"{table.place}: tolerance.{group} must be a number from 0 up")
    return {group: float(value) for group, value in found.items()}


def _input(data: Mapping[str, Any], place: str) -> Input:
    table = _Table(data, place)
    shape = table.take("shape")
    if not isinstance(shape, list) or not all(_is_size(size) for size in shape):
        raise CaseFileError(f"{place}: shape must be a list of whole numbers above 0")
    dtype = table.text("dtype") or "float32"
    if dtype not in DTYPES:
        raise CaseFileError(f"{place}: dtype {dtype!r} is none of {', '.join(DTYPES)}")
    whole = dtype.startswith(("int", "uint"))
    found = Input(
        shape=tuple(shape),
        dtype=dtype,
        low=_bound(table, "low", 0 if whole else -1.0),
        high=_bound(table, "high", 2 if whole else 1.0),
        values=table.take("values"),
        name=table.text("name"),
    )
    table.end()
    return found


def _is_size(size: Any) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and size > 0


def _bound(table: _Table, key: str, default: float) -> Any:
    value = table.take(key)
    if value is None:
        return default
    items = value if isinstance(value, list) else [value]
    if not items or not all(
        isinstance(item, (int, float)) and not isinstance(item, bool) for item in items
    ):
        raise CaseFileError(f"{table.place}: {key} must be a number or a list of numbers")
    return value


class _Table:
    """A TOML table whose keys are taken one by one, so that what is left over is unknown."""

    def __init__(self, data: Mapping[str, Any], place: str) -> None:
        self._left = dict(data)
        self._known: set[str] = set()
        self._shared: dict[str, Any] = {}
        self.place = place

    def take(self, key: str) -> Any:
        """Takes a value of any kind; None where there is none."""
        self._known.add(key)
        if key in self._left:
            self._shared[key] = self._left.pop(key)
        return self._shared.get(key)

    def _typed(self, key: str, kind: type, what: str) -> Any:
        value = self.take(key)
        if value is not None and (not isinstance(value, kind) or _is_wrong_bool(value, kind)):
            raise CaseFileError(f"{self.place}: {key} must be {what}")
        return value

    def text(self, key: str) -> str | None:
        """Takes a string."""
        found: str | None = self._typed(key, str, "a string")
        return found

    def integer(self, key: str, default: int) -> int:
        """Takes a whole number."""
        value = self._typed(key, int, "a whole number")
        return default if value is None else int(value)

    def boolean(self, key: str, default: bool) -> bool:
        """Takes true or false."""
        value = self._typed(key, bool, "true or false")
        return default if value is None else bool(value)

    def mapping(self, key: str) -> dict[str, Any] | None:
        """Takes a table."""
        found: dict[str, Any] | None = self._typed(key, dict, "a table")
        return found

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Takes a list of strings."""
        value = self._typed(key, list, "a list of strings")
        if value is None:
            return default
        if not all(isinstance(item, str) for item in value):
            raise CaseFileError(f"{self.place}: {key} must be a list of strings")
        return tuple(value)

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Takes a list of tables."""
        value = self._typed(key, list, "a list of tables")
        if value is not None and not all(isinstance(item, dict) for item in value):
            raise CaseFileError(f"{self.place}: {key} must be written as [[{key}]]")
        return value or []

    def either(self, key: str, side: str, take: Any) -> Any:
        """Takes ``old_key`` or ``new_key`` where given, else the key that serves both sides."""
        both, own = take(key), take(f"{side}_{key}")
        return both if own is None else own

    def end(self) -> None:
        """Refuses what nobody took."""
        if self._left:
            names = ", ".join(sorted(self._left))
            known = ", ".join(sorted(self._known))
            raise CaseFileError(f"{self.place}: unknown key {names} (known: {known})")


def _is_wrong_bool(value: Any, kind: type) -> bool:
    return isinstance(value, bool) and kind is int
