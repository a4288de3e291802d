"""What a run of `slimport weights` is asked for, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimport.verify.result import ModeResult
from slimport.weights.blueprint import Blueprint, Built
from slimport.weights.check import Old
from slimport.weights.conversion import Tick
from slimport.weights.images import Shown
from slimport.weights.pairing import Pairing
from slimport.weights.roles import Described

#: Opens a bar: what is done, and its bytes. What it yields is told of each variable.
Progress = Callable[[str, int], AbstractContextManager[Tick]]


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
        scopes: Scopes in the file by those of the model that they stand for.
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
    scopes: Mapping[str, str] = field(default_factory=dict)
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
