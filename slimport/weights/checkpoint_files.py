"""Checkpoints: which files one consists of, whether they are whole, and their variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slimport.weights.stored import Source, SourceError, Stored
from slimport.weights.tensor_bundle import OBJECT_GRAPH, Index, TableError, is_table, read_index

#: What each file of a checkpoint (V2) has behind the prefix.
SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")

#: What each file of a divided checkpoint (V1) has behind the prefix.
SHARD = re.compile(r"-(\d{5}|\?{5})-of-(\d{5})$")

#: Entries of object-based checkpoints.
ATTRIBUTES = "/.ATTRIBUTES/"


def bundle_at(prefix: Path) -> bool:
    """Tells whether a prefix is that of a checkpoint (V2)."""
    return _beside(prefix, ".index").is_file()


def open_checkpoint(path: Path) -> Source | None:
    """Opens the checkpoint that a prefix or one of its files names; None where there is none."""
    prefix = path.with_name(SUFFIX.sub("", path.name))
    if bundle_at(prefix):
        return BundleSource(prefix)
    if any(_data_files(prefix)):
        index = _beside(prefix, ".index")
        raise SourceError(f"{index} is missing: without it the data of {prefix} cannot be read.")
    if prefix.is_file() and is_table(prefix) and not SHARD.search(prefix.name):
        return TableSource(prefix, [prefix])
    shards = _table_shards(prefix.with_name(SHARD.sub("", prefix.name)))
    if shards:
        return TableSource(Path(SHARD.sub("", str(shards[0]))), shards)
    if _beside(prefix, ".meta").is_file() and not prefix.is_file():
        raise SourceError(
            f"{_beside(prefix, '.meta')} holds a graph and no values: {prefix.name}.index and "
            "its data are missing."
        )
    return None


def open_folder(folder: Path) -> Source:
    """Opens the checkpoint that a folder's `checkpoint` file calls the latest, or the only one."""
    found = sorted(prefixes(folder))
    names = ", ".join(prefix.name for prefix in found)
    state = folder / "checkpoint"
    if state.is_file():
        latest = _latest(state)
        source = open_checkpoint(latest)
        if source is None:
            there = f"The folder holds {names}: give one." if found else "The folder holds none."
            raise SourceError(f"{state} names {latest}, which is not there. {there}")
        return source
    if not found:
        raise SourceError(f"{folder} holds no checkpoint and no SavedModel.{_graphs_in(folder)}")
    if len(found) > 1:
        raise SourceError(f"{folder} holds {len(found)} checkpoints: {names}. Give one of them.")
    source = open_checkpoint(found[0])
    assert source is not None
    return source


def prefixes(folder: Path) -> set[Path]:
    """Returns the prefixes of the checkpoints in a folder."""
    files = [path for path in folder.iterdir() if path.is_file()]
    found = {path.with_name(SUFFIX.sub("", path.name)) for path in files if path.suffix == ".index"}
    for path in files:
        if not SUFFIX.search(path.name) and is_table(path):
            found.add(path.with_name(SHARD.sub("", path.name)))
    return found


def _graphs_in(folder: Path) -> str:
    """Returns a hint at other files of weights."""
    graphs = sorted(p.name for p in folder.glob("*.pb"))
    inner = sorted(p.parent.name for p in folder.glob("*/saved_model.pb*"))
    return f" It holds {', '.join(graphs + inner)}: give that." if graphs + inner else ""


def _latest(state: Path) -> Path:
    """Returns the prefix that a CheckpointState names; one that is not absolute is beside it."""
    content = state.read_text("utf-8", errors="replace")
    named = re.search(r'^\s*model_checkpoint_path\s*:\s*"((?:[^"\\]|\\.)*)"', content, re.MULTILINE)
    if named is None:
        raise SourceError(f"{state} names no checkpoint. Give a checkpoint's prefix.")
    # Text protos write what is not ASCII as octal bytes.
    path = named[1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return state.parent / path.encode("latin-1", "ignore").decode("utf-8", "replace")


def _beside(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


def _data_files(prefix: Path) -> Iterator[Path]:
    if prefix.parent.is_dir():
        start = f"{prefix.name}.data-"
        yield from (path for path in prefix.parent.iterdir() if path.name.startswith(start))


def _table_shards(prefix: Path) -> list[Path]:
    """Returns the files of a divided checkpoint (V1); SourceError where some are missing."""
    found: dict[int, set[Path]] = {}
    for path in prefix.parent.iterdir() if prefix.parent.is_dir() else ():
        shard = SHARD.search(path.name)
        if shard and path.name == prefix.name + shard[0] and is_table(path):
            found.setdefault(int(shard[2]), set()).add(path)
    for count, paths in found.items():
        names = [_beside(prefix, f"-{i:05d}-of-{count:05d}") for i in range(count)]
        for name in names:
            if name not in paths:
                what = "is cut off" if name.is_file() else "is missing"
                raise SourceError(f"{name} {what}: {prefix} was written in {count} files.")
        return names
    return []


class _Reader:
    """TensorFlow's reader, opened by the first value that is asked for."""

    def __init__(self, pattern: Path) -> None:
        self.pattern = pattern
        self._open: Any = None

    def opened(self) -> Any:
        import tensorflow as tf

        if self._open is None:
            self._open = tf.train.load_checkpoint(str(self.pattern))
        return self._open

    def read(self, stored: Stored) -> Any:
        """Reads a value; the array is TensorFlow's own buffer, without a copy."""
        import tensorflow as tf

        try:
            try:
                return self.opened().get_tensor(stored.name)
            except tf.errors.UnimplementedError:
                return self._joined(stored)
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise SourceError(_damaged(self.pattern, stored.name, error)) from error

    def _joined(self, stored: Stored) -> Any:
        """Of a checkpoint (V1), the reader does not put the parts of a variable together."""
        import tensorflow as tf

        values = tf.raw_ops.RestoreV2(
            prefix=str(self.pattern),
            tensor_names=[stored.name],
            shape_and_slices=[""],
            dtypes=[tf.as_dtype(stored.dtype)],
        )
        return values[0].numpy()


def _damaged(path: Path, name: str, error: Exception) -> str:
    import tensorflow as tf

    lost = isinstance(error, (tf.errors.DataLossError, tf.errors.OutOfRangeError))
    advice = " Copy the checkpoint again." if lost else ""
    return f"{path}: the value of {name} cannot be read ({_why(error)}).{advice}"


def _why(error: Exception) -> str:
    return str(getattr(error, "message", error)).partition("\n")[0]


class BundleSource:
    """A checkpoint (V2): an index and files of data."""

    def __init__(self, prefix: Path, kind: str = "checkpoint (V2)") -> None:
        self.path = prefix
        self.kind = kind
        file = _beside(prefix, ".index")
        try:
            index = read_index(file)
        except TableError as error:
            message = f"{file} is damaged or cut off ({error}). Copy the checkpoint again."
            raise SourceError(message) from error
        _refuse_objects(prefix, index)
        _check_data(prefix, index)
        names = sorted(index.tensors)
        self.variables: Mapping[str, Stored] = {n: index.tensors[n].stored for n in names}
        self._reader = _Reader(prefix)

    def read(self, name: str) -> Any:
        """Reads one variable; its checksum is looked at."""
        return self._reader.read(self.variables[name])


def _refuse_objects(prefix: Path, index: Index) -> None:
    if OBJECT_GRAPH in index.tensors or any(ATTRIBUTES in name for name in index.tensors):
        raise SourceError(
            f"{prefix} is an object-based checkpoint of TensorFlow 2 (tf.train.Checkpoint, or "
            "save_weights of Keras 2): it knows places in objects and no names of variables. "
            "Load it with the program that wrote it."
        )


def _check_data(prefix: Path, index: Index) -> None:
    """TensorFlow's reader would notice only at the first value that is not there."""
    for shard, length in index.shard_lengths().items():
        path = _beside(prefix, f".data-{shard:05d}-of-{index.shards:05d}")
        if not path.is_file():
            raise SourceError(f"{path} is missing: the checkpoint has {index.shards} such file(s).")
        found = path.stat().st_size
        if found < length:
            raise SourceError(
                f"{path} is cut off: it has {found:,} bytes, and the checkpoint's index says "
                f"{length:,}. Copy it again."
            )


class TableSource:
    """A checkpoint (V1): tables that hold the values themselves."""

    kind = "checkpoint (V1)"

    def __init__(self, prefix: Path, files: list[Path]) -> None:
        import tensorflow as tf

        self.path = prefix
        whole = files == [prefix]
        pattern = prefix if whole else _beside(prefix, f"-?????-of-{len(files):05d}")
        self._reader = _Reader(pattern)
        try:
            shapes = self._reader.opened().get_variable_to_shape_map()
            dtypes = self._reader.opened().get_variable_to_dtype_map()
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            message = f"{prefix} is no checkpoint that TensorFlow can read ({_why(error)})."
            raise SourceError(message) from error
        self.variables: Mapping[str, Stored] = {
            name: Stored(name, tuple(shapes[name]), dtypes[name].name) for name in sorted(shapes)
        }

    def read(self, name: str) -> Any:
        """Reads one variable."""
        return self._reader.read(self.variables[name])
