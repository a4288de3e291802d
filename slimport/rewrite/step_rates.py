"""A learning rate that a block computes of the global step becomes a StepSchedule."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.step_rates import RatesOfBlock, StepRate
from slimport.report.model import Rewritten
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.names import free_name
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import (
    BLANK,
    Pair,
    apart,
    assignment,
    lines_above,
    simple,
    with_lines_only,
    with_value,
    without_blank,
)

CODE, NAME = "SLIM281", "schedules"


class StepSchedules:
    """The new statements for the learning rates of a block.

    Args:
        rates: What the index found.
        services: The file, for names of the written module.
        taken: Names of the function; those that are given away are added.
    """

    def __init__(self, rates: RatesOfBlock, services: FileServices, taken: set[str]) -> None:
        self._services = services
        self._last = {rate.statements[-1]: rate for rate in rates.computed}
        self._early = {s for rate in rates.computed for s in rate.statements[:-1]}
        self._names: Mapping[StepRate, str] = {
            rate: free_name(f"compute_{rate.name}", taken) for rate in rates.computed
        }

    def goes(self, old: ast.stmt) -> bool:
        """Whether a statement goes into a function that stands further down."""
        return old in self._early

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of them."""
        for statement, rate in self._last.items():
            note = f"{rate.name} is asked for at each step: docs/optimizers.md"
            yield Rewritten(statement.lineno, "a learning rate of the step", CODE, NAME, note)

    def instead(self, old: ast.stmt, pairs: Sequence[Pair]) -> list[cst.BaseStatement] | None:
        """What takes the place of the last statement of a rate; None for any other."""
        rate = self._last.get(old)
        if rate is None:
            return None
        made = [new for statement, new in pairs if statement in rate.statements]
        parameter = cst.Parameters([cst.Param(cst.Name(rate.step))])
        if len(made) == 1 and isinstance(old, ast.Assign):
            small = made[0].body[0] if isinstance(made[0], cst.SimpleStatementLine) else None
            assert isinstance(small, cst.Assign)
            schedule = self._schedule(cst.Lambda(parameter, small.value))
            return [with_value(made[0], schedule)]
        name = self._names[rate]
        first, *rest = made
        end = simple(cst.Return(cst.Name(rate.name)))
        definition = cst.FunctionDef(
            cst.Name(name),
            parameter,
            cst.IndentedBlock([with_lines_only(first, ()), *rest, end]),
            leading_lines=[BLANK, *without_blank(lines_above(first))],
        )
        return [definition, apart(simple(assignment(rate.name, self._schedule(cst.Name(name)))))]

    def _schedule(self, function: cst.BaseExpression) -> cst.Call:
        return on_lines(cst.Call(self._services.written("StepSchedule"), [cst.Arg(function)]))
