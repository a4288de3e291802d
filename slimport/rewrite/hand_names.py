"""Names of what takes the place of a loop by hand."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from slimport.index.hand_loop import HandLoop, Minimized
from slimport.rewrite.names import free_name, names_taken


@dataclass(frozen=True)
class HandNames:
    """Names that are free in a function.

    Attributes:
        model: The model.
        function: The function that computes its loss, or what it predicts.
        logs: What a step returns.
        batches: What gives its batches, where queues did.
        transform: The function that changes gradients.
        pairs: What that takes.
        averages: Variables by what they are restored from, where that is their averages.
    """

    model: str
    function: str
    logs: str
    batches: str
    transform: str
    pairs: str
    averages: str

    @property
    def step(self) -> str:
        """The global step, a number."""
        return f"int({self.model}.optimizer.iterations)"


def names_of(loop: HandLoop) -> HandNames:
    """The names for one loop."""
    taken = names_taken(loop.function)
    return HandNames(
        model=free_name("model", taken),
        function=free_name("build_loss" if loop.trains else "build_outputs", taken),
        logs=free_name("logs", taken),
        batches=free_name("batches", taken),
        averages=free_name("averages", taken),
        transform=free_name("change_gradients", taken),
        pairs=name_of_pairs(loop.minimized) or free_name("grads_and_vars", taken),
    )


def name_of_pairs(minimized: Minimized) -> str | None:
    """The name of all pairs, if that is all that becomes of them at once."""
    gradients = minimized.gradients
    match gradients and gradients.statements[:1]:
        case [ast.Assign([ast.Name(name)], value)] if gradients is not None:
            is_all = gradients.of_pairs and value is gradients.computing
            return name if is_all else None
    return None
