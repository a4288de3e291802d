"""Values of files that are not there to be read: a loss that uses them may use tensors."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from slimport.index.blocks import assigned, loaded, references_in
from slimport.index.in_place import of_library
from slimport.index.model_deploy import deployed
from slimport.index.program import Function, Program
from slimport.index.resolve import External
from slimport.index.stays import Stays
from slimport.index.walking import walk

# They take a number or an array.
_OF_ARRAYS = ("tf.constant",)


def check_values(
    of_loss: Sequence[ast.stmt], rest: Sequence[ast.stmt], function: Function, program: Program
) -> None:
    """What files give that are not there to be read may be tensors.

    Args:
        of_loss: The statements of the loss.
        rest: Those beside it.
        function: The function that holds them.
        program: The index.

    Raises:
        Stays: If the loss uses such a value as it is, or a call may add a loss.
    """
    unknown: set[str] = set()
    for statement in (s for s in rest if not isinstance(s, ast.FunctionDef | ast.ClassDef)):
        calls = [n for n in walk(statement) if isinstance(n, ast.Call)]
        if any(_is_unknown(c, unknown, function, program) for c in calls):
            if isinstance(statement, ast.Expr):
                raise Stays(f"{ast.unparse(statement)} may make losses", statement)
            unknown |= assigned([statement])
    for statement in of_loss:
        used = _as_it_is(statement, function) & unknown
        if used:
            raise Stays(f"{min(used)} may be a tensor", statement)
        unknown -= assigned([statement])


def _is_unknown(call: ast.Call, names: set[str], function: Function, program: Program) -> bool:
    meaning = program.resolve(call.func, function.module)
    if isinstance(meaning, External):
        return not of_library(meaning) and deployed(call, function, program) is None
    return meaning is None and bool(loaded([call.func]) & names)


def _as_it_is(statement: ast.stmt, function: Function) -> set[str]:
    """The names that a statement takes as they are, but for what TensorFlow takes as arrays."""
    taken: set[ast.AST] = set()
    for node in walk(statement):
        match node:
            case ast.Attribute(value) | ast.Call(value):
                taken.add(value)
    for reference in references_in(statement, function):
        if reference.call is not None and reference.api.name in _OF_ARRAYS:
            taken |= {*walk(reference.call)}
    return loaded(n for n in walk(statement) if isinstance(n, ast.Name) and n not in taken)
