"""Keras' own files, written whole or not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slimport.weights.staging import staging_folder

WEIGHTS, MODEL = ".weights.h5", ".keras"


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
