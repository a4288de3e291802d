"""The training operation of a loop by hand becomes compile, changes of gradients a function."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from slimport.index.hand_loop import HandLoop
from slimport.rewrite.hand_model import indented
from slimport.rewrite.hand_names import HandNames, name_of_pairs
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.site import dotted
from slimport.rewrite.statements import (
    BLANK,
    arguments,
    call_in,
    code,
    keyword,
    line,
    lines_above,
    on_one_line,
    with_lines_only,
)


class HandOperation:
    """The training operation of one loop.

    Args:
        loop: What the index found.
        names: Those of what is new.
    """

    def __init__(self, loop: HandLoop, names: HandNames) -> None:
        self._loop, self._names = loop, names
        self._variables: cst.BaseExpression | None = None

    def compiled(self, statement: cst.BaseStatement, changes: bool) -> cst.BaseStatement:
        """``model.compile(optimizer=...)``"""
        call, minimized = call_in(statement), self._loop.minimized
        told = arguments(call, ("loss", "global_step"))
        optimizer = told.get("optimizer")
        if minimized.is_slims:
            told = arguments(call, ("total_loss", "optimizer"))
            optimizer = told["optimizer"]
        else:
            assert isinstance(call.func, cst.Attribute)
            optimizer = call.func.value
        given = [keyword("optimizer", optimizer)]
        variables = told.get("variables_to_train", told.get("var_list", self._variables))
        if variables is not None:
            given.append(keyword("variables_to_train", variables))
        if changes:
            given.append(keyword("transform_gradients", cst.Name(self._names.transform)))
        for name in ("clip_gradient_norm", "gradient_multipliers", "check_numerics"):
            if name in told:
                given.append(keyword(name, told[name]))
        checks = cst.Name(str(minimized.is_slims))  # only slim's operation checks the loss
        if bool(self._loop.inputs) == minimized.is_slims and "check_numerics" not in told:
            given.append(keyword("check_numerics", checks))
        made = cst.Call(dotted(f"{self._names.model}.compile"), on_one_line(given))
        made = on_lines(made)
        return statement.with_changes(body=[cst.Expr(made)])

    def computed(self, node: cst.Call) -> cst.BaseExpression:
        """What takes the place of the call that computed gradients."""
        gradients = self._loop.minimized.gradients
        assert gradients is not None
        names = ("loss", "var_list") if gradients.of_pairs else ("ys", "xs")
        self._variables = arguments(node, names).get(names[1])
        if gradients.of_pairs:
            return cst.Name(self._names.pairs)
        return cst.parse_expression(f"[gradient for gradient, _ in {self._names.pairs}]")

    def changing(
        self, statements: Sequence[cst.BaseStatement], applying: cst.BaseStatement, blank: int
    ) -> list[cst.BaseStatement]:
        """``def change_gradients(grads_and_vars): ...``, where they change."""
        if self._loop.minimized.gradients is None:
            return []
        applied = arguments(call_in(applying), ("grads_and_vars",))["grads_and_vars"]
        if name_of_pairs(self._loop.minimized) is not None:
            statements = statements[1:]
        if not statements and code(applied) == self._names.pairs:
            return []
        first, *rest = [*statements, line(f"return {code(applied)}")]
        comments = [kept for kept in lines_above(first) if kept.comment is not None]
        body = [with_lines_only(first, comments), *list(indented([first, *rest]))[1:]]
        definition = cst.FunctionDef(
            cst.Name(self._names.transform),
            cst.Parameters([cst.Param(cst.Name(self._names.pairs))]),
            cst.IndentedBlock(body),
            leading_lines=[BLANK] * blank,
        )
        return [definition]
