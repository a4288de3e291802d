"""One run of `slimport weights`: a file and a model in, a file out, and what to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slimport.verify.result import ModeResult
from slimport.weights import conversion, keras_files, training_state
from slimport.weights.building import checkpoint_of, like_of, made, pattern_of
from slimport.weights.check import Old, check
from slimport.weights.errors import CheckError, WeightsError
from slimport.weights.from_keras import from_keras
from slimport.weights.pairing import Wanted, pair
from slimport.weights.request import Progress, Request, Result
from slimport.weights.roles import Role, describe
from slimport.weights.sources import Source, open_source
from slimport.weights.writing import check_free, size_of, write_checkpoint, write_keras


def run(request: Request, progress: Progress) -> Result:
    """Does what is asked.

    Returns:
        What was found. Nothing is written where something does not fit and `partial` is not set.

    Raises:
        BlueprintError: The model cannot be made.
        SourceError: The file cannot be read.
        WeightsError: Files are in the way, nothing fits, or what was written is not what was read.
    """
    check_free(request)
    if keras_files.is_keras_file(request.source):
        return from_keras(request)
    source = open_source(request.source)
    built = made(request)
    described = describe(source.variables)
    try:
        pairing = pair(described, _wanted(built.variables), request.shadows, request.scopes)
    except ValueError as error:
        raise WeightsError(f"{request.source}: {error}") from error
    result = Result(f"{source.kind} {source.path}", built, pairing=pairing, described=described)
    _check_pairing(result, request)
    if not pairing.is_complete and not request.partial:
        return result
    with progress("reading", size_of(source, pairing.matched)) as tick:
        conversion.assign(source, pairing.matched, built.variables, tick)
    if request.slots:
        _take_state(request, source, result)
    if request.out is not None:
        write_keras(request, source, result, progress)
    if request.checkpoint is not None:
        write_checkpoint(request, result, like_of(request) or pattern_of(source))
    if request.old is not None:
        old = replace(request.old, checkpoint=pattern_of(source))
        result.check = _checked(request, source, result, old)
    return result


def _take_state(request: Request, source: Source, result: Result) -> None:
    """Gives the optimizer what the checkpoint has for it."""
    model, described = result.built.model, result.described
    state = training_state.restore(model, checkpoint_of(source), described, request.partial)
    result.state = state.as_stored
    what = f"{state.taken} slots and averages"
    result.notes.append(f"the optimizer goes on: {what}, step {state.step:,}")
    if state.unkept:
        result.notes.append(
            f"{state.unkept} slots stay in the file: as it is set, Keras' optimizer keeps none of "
            "their kind. A setting of the old program, as momentum, may be lacking"
        )
    for name in state.unaveraged:
        result.notes.append(f"no moving average in the file, it begins anew: {name}")


def _checked(request: Request, source: Source, result: Result, old: Old) -> ModeResult:
    def values() -> dict[str, Any]:
        """Those of the file, and of what it lacks the model's."""
        assert result.pairing is not None
        found = {name: conversion.held(v) for name, v in result.built.variables.items()}
        return found | {name: source.read(n) for name, n in result.pairing.matched.items()}

    try:
        return check(result.built, request.blueprint, old, request.shown, values)
    except CheckError as error:
        written = ", ".join(map(str, result.written))
        raise WeightsError(
            f"{error}\n{written}: written and read back, but not compared"
        ) from error


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
    taken = (result.described[name].role for name in pairing.matched.values())
    if request.shadows and Role.SHADOW not in taken:
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
