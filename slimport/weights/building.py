"""What both kinds of sources need: the model of a request, and the checkpoint with its slots."""

from __future__ import annotations

from pathlib import Path

from slimport.weights import training_state
from slimport.weights.blueprint import Built, build
from slimport.weights.errors import WeightsError
from slimport.weights.request import Request
from slimport.weights.sources import Source, open_source


def made(request: Request) -> Built:
    """The model, its optimizer's variables made if its state is to come along."""
    built = build(request.blueprint)
    if request.slots:
        training_state.prepare(built)
    return built


def checkpoint_of(source: Source) -> Path:
    """What TensorFlow is told to open for slots; a WeightsError where a source has none."""
    if not source.kind.startswith("checkpoint"):
        raise WeightsError(f"a {source.kind} has no optimizer slots: run without --slots")
    return pattern_of(source)


def pattern_of(source: Source) -> Path:
    """What TensorFlow itself is told to open."""
    return getattr(source, "pattern", source.path)


def like_of(request: Request) -> Path | None:
    """The old checkpoint that names of slots are taken from."""
    return None if request.like is None else checkpoint_of(open_source(request.like))
