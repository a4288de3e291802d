"""Case files: what is to be compared, written in TOML, with no room for a misspelt key.

```toml
old = "../legacy"             # trees, relative to this file; the command line overrides them
new = "../migrated"
paths = [".", "slim"]         # import roots inside the trees (old_paths, new_paths for one side)
old_worker = "reference.py"   # a worker of your own on the old side; old is then its folder, and
                              # its cases need no old_entry (docs/verify-protocol.md)
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
initial = true                                  # compare what variables begin with
tolerance = { output = 1e-4 }                   # output, update, regularisation, gradient
weights = "model.ckpt"                          # values of the variables, in place of random ones
open_batch = false                              # true: the new model is built for any batch size
seed = 0                                        # of this case; the file's (or --seed's) without it

[[case.inputs]]               # one table per input, positional unless it has a name
shape = [2, 224, 224, 3]
dtype = "float32"
low = -1.0                    # a list broadcasts against the shape
high = 1.0
content = "uniform"           # in [low, high), the default; "normal" around the middle with that
                              # range as four deviations; "image", as smooth and as sharp as photos

[[case]]                      # stands for eight cases, see `variants`
name = "vgg"
entry = "nets.vgg:vgg_16"
batch_sizes = [1, 3]
seeds = [0, 1]
inputs = [{ shapes = [[2, 224, 224, 3], [2, 256, 320, 3]], content = "image" }]

[[training]]                  # a program that trains; see `training_cases`
name = "momentum"
entry = "train:train"         # a function that ends in a training loop
args = { logdir = { temporary = true }, data = { path = "shapes" } }
flags = { learning_rate = 0.1 }
steps = [1, 3, 100]           # the default
places = ["model"]            # where the migrated loop runs: in fit (the default), in a graph
```

``entry``, ``args``, ``arg_scope``, ``arg_scope_args`` and both training arguments may be given for
one side alone, as ``old_entry`` or ``new_entry``; ``new_arg_scope = ""`` means that the migrated
code needs none. An input may have ``values = [...]`` in place of random ones. In ``args`` and
``flags`` a ``path`` is taken from the case file's folder, ``temporary`` is a new folder. Paths from
there are ``weights``, too, and an input's ``file``: an array that `numpy.save` wrote.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimport.verify import protocol
from slimport.verify.case_files.tables import CaseFileError as CaseFileError
from slimport.verify.case_files.tables import Table, is_whole
from slimport.verify.case_files.training_cases import Training, read_training
from slimport.verify.case_files.variants import expanded

MODES = (protocol.INFERENCE, protocol.TRAINING)
#: Where the migrated code runs: as a Keras model, or in a TensorFlow 1 graph under a session.
MODEL, GRAPH = "model", "graph"
GROUPS = (protocol.OUTPUT, protocol.UPDATE, protocol.REGULARISATION, protocol.GRADIENT)
#: What random inputs look like; `contents` draws them.
CONTENTS = ("uniform", "normal", "image")
DTYPES = ("float32", "float64", "float16", "int32", "int64", "uint8", "bool", "int8", "int16")


@dataclass(frozen=True)
class Input:
    """One input tensor.

    Attributes:
        shape: Full shape, batch included.
        dtype: NumPy name.
        low: Lower bound of the random values; a list broadcasts against the shape.
        high: Upper bound, exclusive.
        content: What the random values are like, one of `CONTENTS`.
        values: Constant values in place of random ones.
        file: Path of an array with these values, as `numpy.save` writes it.
        name: Keyword under which the entry takes the input; positional without it.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: Any = -1.0
    high: Any = 1.0
    values: Any = None
    name: str | None = None
    file: str | None = None
    content: str = "uniform"

    def describe(self) -> str:
        """Dtype, shape and content in a line."""
        if self.file is not None:
            what = f"values of {Path(self.file).name}"
        elif self.values is not None:
            what = "given values"
        elif self.dtype == "bool":
            what = "random"
        else:
            what = f"{self.content}, {_short(self.low)} to {_short(self.high)}"
        return f"{self.dtype}{list(self.shape)}, {what}"


def _short(bound: Any) -> str:
    if isinstance(bound, list):
        return "[" + ", ".join(map(_short, bound)) + "]"
    return f"{bound:g}"


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
    """One comparison.

    Attributes:
        family: Name in the case file, which several variants share.
        seed: Seed of its own; that of the run when None.
        open_batch: Whether the migrated model is built for batches of any size.
    """

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
    initial: bool = True
    tolerance: Mapping[str, float] = field(default_factory=dict)
    training: Training | None = None
    weights: str | None = None
    family: str = ""
    seed: int | None = None
    open_batch: bool = False

    def is_called(self, name: str) -> bool:
        """Whether a name on the command line means this case, alone or with its variants."""
        return name in (self.name, self.family)


@dataclass(frozen=True)
class CaseFile:
    """A parsed case file, its paths resolved against its own folder.

    Attributes:
        old_side: What answers for the old tree: legacy code's worker, or (``base``, ``graph``) a
            worker of migrated code, where the old tree is migrated already.
    """

    path: Path
    old: Path | None
    new: Path | None
    old_paths: tuple[str, ...]
    new_paths: tuple[str, ...]
    seed: int
    cases: tuple[Case, ...]
    old_worker: Path | None = None
    old_side: str = "old"


def load(path: Path, old_worker: Path | None = None) -> CaseFile:
    """Reads a case file.

    Args:
        path: The file.
        old_worker: Script that answers on the old side, before the file's own.

    Raises:
        CaseFileError: It cannot be read, is no TOML, or holds an unknown or wrong key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaseFileError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseFileError(f"{path}: {error}") from error
    return parse(data, path, old_worker)


def parse(data: Mapping[str, Any], path: Path, old_worker: Path | None = None) -> CaseFile:
    """Makes a case file of TOML data; `path` serves messages and relative folders."""
    table = Table(data, str(path))
    old, new = table.text("old"), table.text("new")
    paths = table.texts("paths", (".",))
    old_paths = table.texts("old_paths", paths)
    new_paths = table.texts("new_paths", paths)
    seed = table.integer("seed", 0)
    tables, trainings = table.tables("case"), table.tables("training")
    worker = _worker(table, path.parent, old_worker)
    table.end()
    if worker is not None:
        tables, trainings = ([_for(worker, item) for item in some] for some in (tables, trainings))
        old = old or str(worker.parent)
    if not tables and not trainings:
        raise CaseFileError(f"{path}: no [[case]] and no [[training]] in it")
    cases = tuple(
        _case(item, f"{path}: case {place + 1}", family)
        for place, data in enumerate(tables)
        for family, item in _variants(data, f"{path}: case {place + 1}")
    )
    cases += tuple(
        _training_case(item, f"{path}: training {place + 1}")
        for place, item in enumerate(trainings)
    )
    _refuse_doubles(cases, path)
    base = path.parent
    cases = tuple(_with_paths(case, base) for case in cases)
    return CaseFile(
        path,
        None if old is None else (base / old).resolve(),
        None if new is None else (base / new).resolve(),
        old_paths,
        new_paths,
        seed,
        cases,
        worker,
    )


def _worker(table: Table, base: Path, given: Path | None) -> Path | None:
    """The script of the user's own that answers on the old side."""
    text = table.text("old_worker")
    if given is not None:
        return given.resolve()
    return None if text is None else (base / text).resolve()


def _for(worker: Path, item: dict[str, Any]) -> dict[str, Any]:
    """A case whose old side a worker answers for; what that runs may be its own business."""
    if "entry" in item or "old_entry" in item:
        return item
    return {**item, "old_entry": re.sub(r"\W", "_", worker.stem) + ":run"}


def _refuse_doubles(cases: tuple[Case, ...], path: Path) -> None:
    names = [case.name for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise CaseFileError(f"{path}: two cases are named {name!r}")


def _refuse_names_twice(inputs: tuple[Input, ...], place: str) -> None:
    """Refuses two inputs for one keyword: the entry would get one of them."""
    names = [item.name for item in inputs if item.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise CaseFileError(f"{place}: two inputs are named {name!r}")


def _variants(data: Mapping[str, Any], place: str) -> list[tuple[Any, dict[str, Any]]]:
    """The tables that a table stands for, each with the name of the one in the file."""
    return [(data.get("name"), item) for item in expanded(data, place)]


def _case(data: Mapping[str, Any], place: str, family: str) -> Case:
    table = Table(data, place)
    name = _name(table, "case")
    inputs = tuple(
        _input(item, f"{table.place}: input {number + 1}")
        for number, item in enumerate(table.tables("inputs"))
    )
    _refuse_names_twice(inputs, table.place)
    modes = table.texts("modes", MODES)
    if not modes or any(mode not in MODES for mode in modes) or len(set(modes)) < len(modes):
        raise CaseFileError(f"{table.place}: modes may hold {' and '.join(MODES)} only, each once")
    case = Case(
        name=name,
        old=_side(table, "old"),
        new=_side(table, "new"),
        inputs=inputs,
        modes=modes,
        places=_places(table),
        built_once=table.boolean("built_once", True),
        discrete=table.texts("discrete", ()),
        ignore=table.texts("ignore", ()),
        gradients=table.boolean("gradients", True),
        initial=table.boolean("initial", True),
        tolerance=_tolerance(table, GROUPS),
        weights=table.text("weights"),
        family=family,
        seed=table.whole("seed"),
        open_batch=table.boolean("open_batch", False),
    )
    table.end()
    return case


def _training_case(data: Mapping[str, Any], place: str) -> Case:
    table = Table(data, place)
    name = _name(table, "training")
    case = Case(
        name=name,
        family=name,
        old=_program(table, "old"),
        new=_program(table, "new"),
        inputs=(),
        modes=(protocol.STEPS,),
        places=_places(table),
        tolerance=_tolerance(table, protocol.TRAINING_GROUPS),
        training=read_training(table),
        seed=table.whole("seed"),
    )
    table.end()
    return case


def _name(table: Table, what: str) -> str:
    """The name of a case, which stands for its number in messages from now on."""
    name = table.text("name")
    if name is None:
        raise CaseFileError(f"{table.place}: has no name")
    table.place = f"{table.place.rsplit(': ', 1)[0]}: {what} {name!r}"
    return name


def _places(table: Table) -> tuple[str, ...]:
    places = table.texts("places", (MODEL,))
    known = all(place in (MODEL, GRAPH) for place in places)
    if not places or not known or len(set(places)) < len(places):
        raise CaseFileError(f"{table.place}: places may hold {MODEL} and {GRAPH} only, each once")
    return places


def _entry(table: Table, side: str) -> str:
    entry: str | None = table.either("entry", side, table.text)
    if entry is None:
        raise CaseFileError(f"{table.place}: has no entry for the {side} side")
    _check_reference(entry, table.place)
    return entry


def _program(table: Table, side: str) -> SideCall:
    """What one side runs in a training case."""
    args = table.either("args", side, table.mapping) or {}
    return SideCall(_entry(table, side), None, args, {}, None, None)


def _with_paths(case: Case, base: Path) -> Case:
    """A case whose paths begin at the root of the file system."""
    old, new = (
        dataclasses.replace(
            call,
            args=_resolved(call.args, base),
            arg_scope_args=_resolved(call.arg_scope_args, base),
        )
        for call in (case.old, case.new)
    )
    training = case.training
    if training is not None:
        training = dataclasses.replace(training, flags=_resolved(training.flags, base))
    inputs = tuple(
        item
        if item.file is None
        else dataclasses.replace(item, file=str((base / item.file).resolve()))
        for item in case.inputs
    )
    weights = None if case.weights is None else str((base / case.weights).resolve())
    return dataclasses.replace(
        case, old=old, new=new, training=training, inputs=inputs, weights=weights
    )


def _resolved(value: Any, base: Path) -> Any:
    if isinstance(value, dict) and set(value) == {"path"} and isinstance(value["path"], str):
        return {"path": str((base / value["path"]).resolve())}
    if isinstance(value, dict):
        return {name: _resolved(item, base) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, base) for item in value]
    return value


def _side(table: Table, side: str) -> SideCall:
    """Reads what one side calls; ``old_entry`` wins over ``entry``, and so on."""
    entry = _entry(table, side)
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


def _tolerance(table: Table, groups: tuple[str, ...]) -> dict[str, float]:
    found = table.mapping("tolerance") or {}
    for group, value in found.items():
        if group not in groups:
            raise CaseFileError(
                f"{table.place}: tolerance has no {group!r}; it takes {', '.join(groups)}"
            )
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < 1:  # at 1 a tensor of zeros would pass
            raise CaseFileError(
                f"{table.place}: tolerance.{group} is relative to the scale of a tensor: a number "
                "from 0 up, below 1"
            )
    return {group: float(value) for group, value in found.items()}


def _input(data: Mapping[str, Any], place: str) -> Input:
    table = Table(data, place)
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
        file=table.text("file"),
        content=table.text("content") or "uniform",
    )
    table.end()
    _check_values(found, place)
    _check_content(found, place)
    return found


def _check_values(found: Input, place: str) -> None:
    if found.values is None:
        return
    if found.file is not None:
        raise CaseFileError(f"{place}: has values and a file")
    given = _shape_of(found.values)
    if given != list(found.shape):
        raise CaseFileError(f"{place}: values are of the shape {given}, not {list(found.shape)}")


def _shape_of(values: Any) -> list[int] | None:
    """The shape of a nested list; None where its parts are of several shapes."""
    if not isinstance(values, list):
        return []
    parts = [_shape_of(part) for part in values]
    first: list[int] | None = parts[0] if parts else []
    if first is None or any(part != first for part in parts):
        return None
    return [len(parts), *first]


def _check_content(found: Input, place: str) -> None:
    if found.content not in CONTENTS:
        raise CaseFileError(f"{place}: content {found.content!r} is none of {', '.join(CONTENTS)}")
    if found.content == "uniform":
        return
    if found.dtype == "bool" or found.values is not None or found.file is not None:
        raise CaseFileError(f"{place}: content goes with random numbers only")
    if found.content == "image" and len(found.shape) < 3:
        raise CaseFileError(f"{place}: an image has height, width and channels at its end")


def _is_size(size: Any) -> bool:
    return is_whole(size) and size > 0


def _bound(table: Table, key: str, default: float) -> Any:
    value = table.take(key)
    if value is None:
        return default
    items = value if isinstance(value, list) else [value]
    if not items or not all(
        isinstance(item, (int, float)) and not isinstance(item, bool) for item in items
    ):
        raise CaseFileError(f"{table.place}: {key} must be a number or a list of numbers")
    return value
