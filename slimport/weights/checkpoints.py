"""The way back: a checkpoint of TensorFlow 1's format and names, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slimport.weights.checkpoint_files import open_checkpoint
from slimport.weights.staging import staging_folder
from slimport.weights.stored import SourceError

_DATA, _INDEX = ".data-00000-of-00001", ".index"


@contextmanager
def written_whole(prefix: Path, values: Mapping[str, Any]) -> Iterator[Path]:
    """Writes values under their names, as `tf.train.Saver` of TensorFlow 0.12 and later did.

    The folder's `checkpoint` file, which names the latest one, is written only if there is none.

    Args:
        prefix: Path of the checkpoint, without the suffix of its files.
        values: Variables or arrays by name.

    Yields:
        The prefix of what was written, which takes its place at the end. If an exception ends
        the block, nothing is left and what was there is as it was.

    Raises:
        OSError: It cannot be written.
    """
    import tensorflow as tf

    with staging_folder(prefix) as folder:
        try:
            tf.raw_ops.SaveV2(
                prefix=str(folder / prefix.name),
                tensor_names=list(values),
                shape_and_slices=[""] * len(values),
                tensors=[tf.convert_to_tensor(value) for value in values.values()],
            )
        except tf.errors.OpError as error:
            raise OSError(f"{prefix} cannot be written: {error.message}") from error
        yield folder / prefix.name
        for suffix in (_DATA, _INDEX):  # readers look for the index: it comes last
            (folder / (prefix.name + suffix)).replace(prefix.with_name(prefix.name + suffix))
    if not (state := prefix.with_name("checkpoint")).exists():
        name = _quoted(prefix.name)
        state.write_text(
            f"model_checkpoint_path: {name}\nall_model_checkpoint_paths: {name}\n", "ascii"
        )


def _quoted(name: str) -> str:
    """A string of a text proto, as TensorFlow writes it."""
    plain = {*map(chr, range(32, 127))} - {'"', "\\"}
    characters = map(chr, os.fsencode(name))
    return '"' + "".join(c if c in plain else f"\\{ord(c):03o}" for c in characters) + '"'


def write_checkpoint(prefix: Path, values: Mapping[str, Any]) -> None:
    """The same, where nobody looks at it before it is in its place."""
    with written_whole(prefix, values):
        pass


def files_of(prefix: Path) -> list[Path]:
    """The files that a checkpoint of this name would take the place of, or be confused with."""
    files = [prefix.with_name(prefix.name + suffix) for suffix in (_DATA, _INDEX)]
    there = [path for path in files if os.path.lexists(path)]
    if there:
        return there
    try:
        is_old = open_checkpoint(prefix) is not None  # of the first version, or in several files
    except SourceError:
        is_old = True
    return [prefix] if is_old else []
