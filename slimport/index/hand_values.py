"""Names of a loop by hand that stand for one value: what is fed, and what is trained on."""

from __future__ import annotations

import ast

from slimport.index.hand_gradients import bound
from slimport.index.hand_loop import HandLoop
from slimport.index.stays import Stays


def check_values(loop: HandLoop) -> None:
    """The names of placeholders mean them where they are fed, that of the loss what is trained on.

    ``x = x / 255.0`` has a session feed the quotient; ``loss = loss / 2`` below the training
    operation has it train on the loss before.

    Raises:
        Stays: A name gets another value.
    """
    for statement in loop.of_loss:
        again = bound([statement]) & (loop.inputs.keys() | {loop.rate})
        if again:
            raise Stays(f"{min(map(str, again))} gets another value", statement)
    minimized = loop.minimized
    computed = min(map(loop.block.index, [*minimized.changing, minimized.statement]))
    for statement in loop.of_loss:
        if loop.block.index(statement) > computed and minimized.loss in bound([statement]):
            raise Stays(f"{minimized.loss} gets another value", statement)


def only_once(found: list[tuple[str, ast.stmt, ast.Call]]) -> dict[str, ast.Call]:
    """The calls by their names.

    Raises:
        Stays: Two have one name.
    """
    names = [name for name, _, _ in found]
    for name, statement, _ in found:
        if names.count(name) > 1:
            raise Stays(f"{name} gets another value", statement)
    return {name: call for name, _, call in found}
