"""The variables of checkpoints: whether all bytes are there, and one value at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slimport.weights.stored import SourceError, Stored
from slimport.weights.tensor_bundle import OBJECT_GRAPH, Index, TableError, read_index

#: Entries of object-based checkpoints.
ATTRIBUTES = "/.ATTRIBUTES/"


def beside(prefix: Path, suffix: str) -> Path:
    """Returns the path of a file of a checkpoint."""
    return prefix.with_name(prefix.name + suffix)


def literal(path: Path) -> Path:
    """Returns a pattern that matches this path alone: TensorFlow takes that of a V1 for one.

    Below `run[12]/` it would read the checkpoint of a `run1/` beside it.
    """
    return Path(re.sub(r"([\\*?\[])", r"\\\1", str(path)))


#: What to tell users of such a path.
PATTERN = "TensorFlow takes [ and \\ in a path for a pattern, and finds no checkpoint: rename it"


def is_pattern(path: Path) -> bool:
    """Whether TensorFlow looks for a checkpoint (V2) under other names than that of its path.

    Its reader asks whether an index matches, and then opens the one that is named: `*` and `?`
    match themselves.
    """
    return bool(re.search(r"[\[\\]", str(path)))


class _Reader:
    """TensorFlow's reader, opened by the first value that is asked for.

    Args:
        pattern: What TensorFlow is told: the prefix (V2), or a pattern of files (V1).
    """

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
    if isinstance(error, tf.errors.NotFoundError) and is_pattern(path):
        advice = f" {PATTERN}."
    return f"{path}: the value of {name} cannot be read ({_why(error)}).{advice}"


def _why(error: Exception) -> str:
    return str(getattr(error, "message", error)).partition("\n")[0]


class BundleSource:
    """A checkpoint (V2): an index and files of data."""

    def __init__(self, prefix: Path, kind: str = "checkpoint (V2)") -> None:
        self.path = prefix
        self.kind = kind
        file = beside(prefix, ".index")
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
        path = beside(prefix, f".data-{shard:05d}-of-{index.shards:05d}")
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
        name = literal(prefix)
        pattern = name if whole else beside(name, f"-?????-of-{len(files):05d}")
        self.pattern = pattern
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
