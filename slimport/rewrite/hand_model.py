"""The loss of a loop by hand becomes a function, and a model of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from slimport.index.hand_loop import HandLoop
from slimport.rewrite.hand_names import HandNames
from slimport.rewrite.hand_prediction import HandPrediction
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import (
    BLANK,
    Pair,
    arguments,
    assignment,
    call_in,
    code,
    keyword,
    line,
    lines_above,
    with_lines_only,
)


class HandModel:
    """The model of one loop.

    Args:
        loop: What the index found.
        names: Those of what is new.
        services: The file, for names of the written module.
    """

    def __init__(self, loop: HandLoop, names: HandNames, services: FileServices) -> None:
        self._loop, self._names, self._services = loop, names, services

    def definition(
        self,
        of_loss: Sequence[cst.BaseStatement],
        pairs: Sequence[Pair],
        blank: int,
    ) -> list[cst.BaseStatement]:
        """``def build_loss(images, labels): ...`` and the model of it.

        Args:
            of_loss: The statements of the loss.
            pairs: Those of the block, with what the index knows of them.
            blank: Lines that go between definitions here.
        """
        specs = self._specs(pairs)
        first = of_loss[0]
        space = [BLANK] * blank
        above = [] if self._is_first() else space
        lines = lines_above(first)
        definition = cst.FunctionDef(
            cst.Name(self._names.function),
            cst.Parameters([cst.Param(cst.Name(name)) for name in specs]),
            cst.IndentedBlock([*indented(of_loss), line(f"return {self._returned()}")]),
            leading_lines=[*above, *(kept for kept in lines if kept.comment is not None)],
        )
        call = cst.Call(
            self._services.written(self._kind()),
            [
                cst.Arg(cst.Name(self._names.function)),
                *(keyword(n, spec) for n, spec in specs.items()),
            ],
        )
        call = on_lines(call)
        assign = cst.SimpleStatementLine([assignment(self._names.model, call)])
        return [definition, with_lines_only(assign, space)]

    def _returned(self) -> str:
        loop, loss = self._loop, self._loop.minimized.loss
        if not loop.trains:
            return HandPrediction(loop, self._names, self._services).returned()
        more = "".join(f', "{name}": {name}' for name in loop.fetched)
        return f'{{"loss": {loss}{more}}}' if more else loss

    def _kind(self) -> str:
        """The class of the model."""
        if not self._loop.trains:
            return "PredictionModel"
        return "FedModel" if self._loop.inputs else "LossModel"

    def _specs(self, pairs: Sequence[Pair]) -> dict[str, cst.BaseExpression]:
        """``tf.TensorSpec(shape, dtype)`` for each input."""
        spec = code(self._services.tensorflow("TensorSpec", "tensorflow"))
        found = {}
        for old, new in pairs:
            match old:
                case ast.Assign([ast.Name(name)]) if name in self._loop.inputs:
                    given = arguments(call_in(new), ("dtype", "shape", "name"))
                    shape = code(given["shape"]) if "shape" in given else "None"
                    made = f"{spec}({shape}, {code(given['dtype'])})"
                    found[name] = cst.parse_expression(made)
        return found

    def _is_first(self) -> bool:
        """Whether nothing stays above the loss."""
        loop = self._loop
        first = loop.block.index(loop.place)
        going = [*loop.gone, *loop.of_loss]
        stays = [s for s in loop.block[:first] if s not in going]
        if loop.graph is not None:
            stays += loop.function.node.body[: loop.function.node.body.index(loop.graph)]
        return not stays and isinstance(loop.function.node, ast.FunctionDef)


def indented(statements: Sequence[cst.BaseStatement]) -> Iterator[cst.BaseStatement]:
    """Statements of a file as those of a function: blank lines between them stay empty."""
    first, *rest = statements
    yield with_lines_only(first, ())
    for statement in rest:
        lines = lines_above(statement)
        yield with_lines_only(statement, [above if above.comment else BLANK for above in lines])
