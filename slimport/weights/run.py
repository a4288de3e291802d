"""One run of `slimport weights`: a file and a model in, a file out, and what to say about it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slimport.verify.result import ModeResult
from slimport.weights import conversion, keras_files, layers_in_file, training_state
from slimport.weights.blueprint import Blueprint, Built, build
from slimport.weights.check import CheckError, Old, check
from slimport.weights.checkpoints import files_of, written_whole
from slimport.weights.images import ImageError, Shown
from slimport.weights.old_graphs import OldGraphError
from slimport.weights.pairing import Pairing, Wanted, pair
from slimport.weights.roles import Described, describe
from slimport.weights.sources import Source, open_source

#: Opens a bar: what is done, and its bytes. What it yields is told of each variable.
Progress = Callable[[str, int], AbstractContextManager[conversion.Tick]]


class WeightsError(Exception):
    """The run ends without a file; the message says why."""


@dataclass(frozen=True)
class Request:
    """What is to be done.

    Attributes:
        source: A checkpoint, SavedModel or frozen graph of TensorFlow 1, or a file of Keras.
        blueprint: The model.
        out: The Keras file to write.
        checkpoint: The checkpoint to write, without the suffix of its files.
        shadows: Whether variables take their moving averages.
        slots: Whether the optimizer's state comes along.
        like: For a checkpoint that is written of a file of Keras: an old one with the names of
            slots.
        partial: Whether a model may take less than all, and leave some.
        overwrite: Whether files that are there may go.
        old: The old side of a check; `None` for no check.
        shown: What the check shows both sides.
        step: What the checkpoint says `global_step` is; `None` for no such variable.
    """

    source: Path
    blueprint: Blueprint
    out: Path | None = None
    checkpoint: Path | None = None
    shadows: bool = False
    slots: bool = False
    like: Path | None = None
    partial: bool = False
    overwrite: bool = False
    step: int | None = None
    old: Old | None = None
    shown: Shown = field(default_factory=Shown)


@dataclass
class Result:
    """What was found and done.

    Attributes:
        source: What was read, in words.
        built: The model, which holds the values now.
        state: What of the optimizer holds a value of the file as it is, by its name there.
        pairing: What belongs to what; `None` for a file of Keras, which Keras pairs itself.
        described: The variables of the file, where there is a pairing.
        written: The files.
        notes: What a reader should know.
        check: Old and new on one image, where that was asked for.
    """

    source: str
    built: Built
    state: Mapping[str, Any] = field(default_factory=dict)
    pairing: Pairing | None = None
    described: Mapping[str, Described] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    check: ModeResult | None = None

    @property
    def is_done(self) -> bool:
        """Whether the model was given its values."""
        return bool(self.written)


def run(request: Request, progress: Progress) -> Result:
    """Does what is asked.

    Returns:
        What was found. Nothing is written where something does not fit and `partial` is not set.

    Raises:
        BlueprintError: The model cannot be made.
        SourceError: The file cannot be read.
        WeightsError: Files are in the way, nothing fits, or what was written is not what was read.
    """
    _check_free(request)
    if keras_files.is_keras_file(request.source):
        return _from_keras(request, progress)
    source = open_source(request.source)
    built = _made(request)
    described = describe(source.variables)
    try:
        pairing = pair(described, _wanted(built.variables), request.shadows)
    except ValueError as error:
        raise WeightsError(f"{request.source}: {error}") from error
    result = Result(f"{source.kind} {source.path}", built, pairing=pairing, described=described)
    _check_pairing(result, request)
    if not pairing.is_complete and not request.partial:
        return result
    with progress("reading", _size(source, pairing.matched)) as tick:
        conversion.assign(source, pairing.matched, built.variables, tick)
    if request.slots:
        checkpoint = _checkpoint_of(source)
        state = training_state.restore(built.model, checkpoint, described, request.partial)
        result.state = state.as_stored
        what = f"{state.taken} slots and averages"
        result.notes.append(f"the optimizer goes on: {what}, step {state.step:,}")
        for name in state.unaveraged:
            result.notes.append(f"no moving average in the file, it begins anew: {name}")
    if request.out is not None:
        _write_keras(request, source, result, progress)
    if request.checkpoint is not None:
        _write_checkpoint(request, result, _like(request) or _pattern(source))
    if request.old is not None:
        values = {name: conversion.held(v) for name, v in built.variables.items()}
        values |= {name: source.read(stored) for name, stored in pairing.matched.items()}
        result.check = _checked(
            request, result, replace(request.old, checkpoint=_pattern(source)), values
        )
    return result


def _checked(request: Request, result: Result, old: Old, values: Mapping[str, Any]) -> ModeResult:
    try:
        return check(result.built, request.blueprint, old, request.shown, values)
    except (CheckError, ImageError, OldGraphError) as error:
        written = ", ".join(map(str, result.written))
        raise WeightsError(
            f"{error}\n{written}: written and read back, but not compared"
        ) from error


def _made(request: Request) -> Built:
    built = build(request.blueprint)
    if request.slots:
        training_state.prepare(built)
    return built


def _checkpoint_of(source: Source) -> Path:
    if not source.kind.startswith("checkpoint"):
        raise WeightsError(f"a {source.kind} has no optimizer slots: run without --slots")
    return _pattern(source)


def _pattern(source: Source) -> Path:
    """What TensorFlow itself is told to open."""
    return getattr(source, "pattern", source.path)


def _like(request: Request) -> Path | None:
    return None if request.like is None else _checkpoint_of(open_source(request.like))


def _check_free(request: Request) -> None:
    """Nothing that is there is lost."""
    if request.checkpoint is not None:
        if request.checkpoint.is_dir():
            raise WeightsError(
                f"{request.checkpoint} is a folder: --to-checkpoint takes a prefix, like "
                f"{request.checkpoint / 'model.ckpt'}"
            )
        _check_untaken(files_of(request.checkpoint), request)
    if request.out is not None:
        _check_untaken(_there(request.out), request)


def _there(path: Path) -> list[Path]:
    return [path] if os.path.lexists(path) else []


def _check_untaken(taken: list[Path], request: Request) -> None:
    if taken and not request.overwrite:
        raise WeightsError(f"{taken[0]} is there already; --overwrite replaces it")


def _wanted(variables: Mapping[str, Any]) -> dict[str, Wanted]:
    import keras

    return {
        name: Wanted(
            tuple(variable.shape),
            keras.backend.standardize_dtype(variable.dtype),
            bool(variable.trainable),
        )
        for name, variable in variables.items()
    }


def _check_pairing(result: Result, request: Request) -> None:
    pairing = result.pairing
    assert pairing is not None
    if request.shadows and not set(pairing.matched.values()) - set(pairing.matched):
        raise WeightsError(
            f"{result.source} has no moving averages of this model's variables: run without --ema"
        )
    if not pairing.matched:
        raise WeightsError(
            f"{result.source} has nothing for this model: no variable has the same name and shape. "
            f"It holds {_some(result.described)}; the model has {_some(result.built.variables)}"
        )


def _some(names: Mapping[str, Any]) -> str:
    shown = ", ".join(list(names)[:3])
    return f"{shown} ..." if len(names) > 3 else shown or "nothing"


def _size(source: Source, matched: Mapping[str, str]) -> int:
    return sum(source.variables[name].nbytes or 0 for name in matched.values())


def _write_keras(request: Request, source: Source, result: Result, progress: Progress) -> None:
    """Saves the model, loads what was saved, and compares it with the source bit by bit."""
    pairing, built, out = result.pairing, result.built, request.out
    assert pairing is not None and out is not None
    matched = {**pairing.matched, **{name: name for name in result.state}}
    mine = {name: built.variables[name] for name in pairing.matched} | {**result.state}
    with keras_files.written_whole(out) as path:
        try:
            keras_files.save(built.model, path)
            conversion.forget(mine)
            built.model.load_weights(path)
        except Exception as error:  # a layer's own code may raise anything
            raise WeightsError(
                f"Keras cannot save this model as {out.name}: {type(error).__name__}: {error}"
            ) from error
        with progress("comparing", _size(source, matched)) as tick:
            lost = conversion.differing(source, matched, mine, tick)
        if lost:
            raise WeightsError(
                f"{len(lost)} variables do not come back from the file that Keras wrote "
                f"({lost[0]} is the first): nothing is written"
            )
        _check_untaken(_there(out), request)  # by another run, meanwhile
    result.notes.append(f"read back: {len(mine)} of {len(mine)} variables equal, bit by bit")
    result.written.append(out)


def _from_keras(request: Request, progress: Progress) -> Result:
    built = _made(request)
    result = Result(f"Keras file {request.source}", built)
    if request.checkpoint is None:
        raise WeightsError(f"{request.source} is a file of Keras: only --to-checkpoint takes it")
    if not request.source.is_file():
        raise WeightsError(f"{request.source} is not there")
    try:
        with warnings.catch_warnings():
            if request.slots:  # Keras only warns where it leaves an optimizer as it is
                warnings.filterwarnings("error", "Skipping variable loading for optimizer")
            built.model.load_weights(request.source)
    except Exception as error:  # a layer's own code may raise anything, and so do damaged files
        raise WeightsError(f"{request.source} does not fit the model: {error}") from error
    wrong = layers_in_file.differing(built.model, request.source)
    if wrong:
        raise WeightsError(
            f"{request.source} is of another model. Keras finds layers by their order and class, "
            f"their names say: {'; '.join(wrong[:5])}{' ...' if len(wrong) > 5 else ''}"
        )
    _write_checkpoint(request, result, _like(request))
    return result


def _write_checkpoint(request: Request, result: Result, like: Path | None) -> None:
    """Writes the model's variables, and compares what is read back from the files."""
    import numpy as np

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
