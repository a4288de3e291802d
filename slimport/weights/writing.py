"""A model's values into files, which take their place only if they hold what they should."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimport.weights import conversion, keras_files, training_state
from slimport.weights.checkpoint_values import PATTERN, is_pattern
from slimport.weights.checkpoints import files_of, written_whole
from slimport.weights.errors import WeightsError
from slimport.weights.request import Progress, Request, Result
from slimport.weights.sources import Source, open_source


def check_free(request: Request) -> None:
    """Nothing that is there is lost."""
    if request.checkpoint is not None:
        if request.checkpoint.is_dir():
            raise WeightsError(
                f"{request.checkpoint} is a folder: --to-checkpoint takes a prefix, like "
                f"{request.checkpoint / 'model.ckpt'}"
            )
        _check_untaken(files_of(request.checkpoint), request)
        if is_pattern(request.checkpoint):
            raise WeightsError(f"{request.checkpoint}: {PATTERN}")
    if request.out is not None:
        _check_untaken(_there(request.out), request)


def _there(path: Path) -> list[Path]:
    return [path] if os.path.lexists(path) else []


def _check_untaken(taken: list[Path], request: Request) -> None:
    if taken and not request.overwrite:
        raise WeightsError(f"{taken[0]} is there already; --overwrite replaces it")


def write_keras(request: Request, source: Source, result: Result, progress: Progress) -> None:
    """Saves the model, loads what was saved, and compares it with the source bit by bit."""
    pairing, built, out = result.pairing, result.built, request.out
    assert pairing is not None and out is not None
    matched = {**pairing.matched, **{name: name for name in result.state}}
    mine = {name: built.variables[name] for name in pairing.matched} | {**result.state}
    with keras_files.written_whole(out) as path:
        try:
            keras_files.reserve(built.model, path)
        except OSError as error:
            raise WeightsError(f"{out} cannot be written: {error.strerror}") from error
        try:
            keras_files.save(built.model, path)
            conversion.forget(mine)
            built.model.load_weights(path)
        except Exception as error:  # a layer's own code may raise anything
            raise WeightsError(
                f"Keras cannot save this model as {out.name}: {type(error).__name__}: {error}"
            ) from error
        with progress("comparing", size_of(source, matched)) as tick:
            lost = conversion.differing(source, matched, mine, tick)
        if lost:
            raise WeightsError(
                f"{len(lost)} variables do not come back from the file that Keras wrote "
                f"({lost[0]} is the first): nothing is written"
            )
        _check_untaken(_there(out), request)  # by another run, meanwhile
    result.notes.append(f"read back: {len(mine)} of {len(mine)} variables equal, bit by bit")
    result.written.append(out)


def write_checkpoint(request: Request, result: Result, like: Path | None) -> None:
    """Writes the model's variables, and compares what is read back from the files."""
    assert request.checkpoint is not None
    built = result.built
    values = dict(built.variables)
    if request.slots:
        values = dict(training_state.named_as_by_tf1(built.model, like))
    if request.step is not None:
        values["global_step"] = np.int64(request.step)
    with written_whole(request.checkpoint, values) as prefix:
        lost = conversion.differing(
            open_source(prefix), {name: name for name in values}, values, lambda name, size: None
        )
        if lost:
            raise WeightsError(f"{request.checkpoint} does not hold what was written: {lost[0]}")
        _check_untaken(files_of(request.checkpoint), request)  # by another run, meanwhile
    result.notes.append(f"read back: {len(values)} of {len(values)} variables equal, bit by bit")
    result.written.append(request.checkpoint)


def size_of(source: Source, matched: Mapping[str, str]) -> int:
    """Bytes of the values that are taken."""
    return sum(source.variables[name].nbytes or 0 for name in matched.values())
