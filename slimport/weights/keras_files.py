"""Keras' own files, written whole or not at all."""

from __future__ import annotations

import errno
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slimport.weights.staging import staging_folder

WEIGHTS, MODEL = ".weights.h5", ".keras"

#: Bytes that HDF5 writes beside a value, for its group and name: about half of this.
_BESIDE = 8192


def is_keras_file(path: Path) -> bool:
    """Whether a name is that of a file of Keras."""
    return path.name.endswith((WEIGHTS, MODEL))


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Yields a path to write to, of the same name; it takes the place of `out` at the end.

    If an exception ends the block, nothing is left and `out` is as it was.
    """
    with staging_folder(out) as folder:
        yield folder / out.name
        (folder / out.name).replace(out)


def reserve(model: Any, path: Path) -> None:
    """Asks for the room that `save` needs.

    HDF5 cannot be told that a disk is full: what it could not write it tries again to write when
    the process ends, which crashes it.

    Raises:
        OSError: There is no room, or a file may not be so large.
    """
    variables = [*model.variables, *getattr(getattr(model, "optimizer", None), "variables", ())]
    size = sum(nbytes(variable) + _BESIDE for variable in variables)
    times = 1 if path.name.endswith(WEIGHTS) else 2  # the archive and what it is made of
    if not hasattr(os, "posix_fallocate"):
        return
    with tempfile.TemporaryFile(dir=path.parent) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, times * size))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
                raise


def nbytes(variable: Any) -> int:
    """Bytes of a variable's value."""
    import tensorflow as tf

    size: int = math.prod(variable.shape) * tf.as_dtype(variable.dtype).size
    return size


def save(model: Any, path: Path) -> None:
    """Saves the weights (`*.weights.h5`) or the whole model (`*.keras`)."""
    if path.name.endswith(WEIGHTS):
        model.save_weights(path)
        return
    import keras

    # Keras builds the archive of a .keras file in memory if it thinks that there is enough: the
    # weights would be there twice (keras/src/saving/saving_lib.py, _save_model_to_fileobj).
    folder = path.with_name("unzipped")
    keras.saving.save_model(model, folder, zipped=False)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
                file.unlink()
