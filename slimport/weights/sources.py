"""Reads what TensorFlow 1 wrote: checkpoints, SavedModels, frozen graphs."""

from __future__ import annotations

from pathlib import Path

from slimport.weights import checkpoint_files, graph_constants, saved_models
from slimport.weights.foreign import what_it_is
from slimport.weights.stored import Source, SourceError, Stored

__all__ = ["Source", "SourceError", "Stored", "open_source"]

EXPECTED = (
    "Give a checkpoint of TensorFlow 1 (its prefix or folder), a SavedModel's folder, or a frozen "
    "graph (.pb)."
)


def open_source(path: Path) -> Source:
    """Opens a file or folder of old weights.

    Raises:
        SourceError: It is not there, not whole, or something else; the message says what.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _open_folder(path)
        return _open_file(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error


def _open_folder(folder: Path) -> Source:
    if saved_models.is_saved_model(folder):
        return saved_models.open_saved_model(folder)
    return checkpoint_files.open_folder(folder)


def _open_file(path: Path) -> Source:
    if path.name in ("saved_model.pb", "saved_model.pbtxt") and path.is_file():
        return saved_models.open_saved_model(path.parent)
    if path.name == "checkpoint" and path.is_file():
        return checkpoint_files.open_folder(path.parent)
    checkpoint = checkpoint_files.open_checkpoint(path)
    if checkpoint is not None:
        return checkpoint
    if not path.is_file():
        raise SourceError(f"There is no {path}. {EXPECTED}")
    foreign = what_it_is(path)
    if foreign is not None:
        raise SourceError(f"{path} is {foreign}. {EXPECTED}")
    if path.suffix != ".pb" and checkpoint_files.SHARD.search(path.name):
        raise SourceError(f"{path} is cut off, or no checkpoint. {EXPECTED}")
    return graph_constants.open_frozen_graph(path)
