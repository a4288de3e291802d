"""tf.train.batch_join over readings that only share the work: as many equal ones as a range has."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument, assigned, loaded
from slimport.index.later_uses import used_later
from slimport.index.program import Function
from slimport.index.walking import walk


@dataclass(frozen=True, eq=False)
class Join:
    """``for _ in range(4): ... examples.append([image, label])``, or a comprehension.

    Attributes:
        tensors: What each reading gives.
        made: The statement that makes the list; it holds the comprehension if there is one.
        loop: The loop around the reading, `None` for a comprehension.
    """

    tensors: ast.expr
    made: ast.stmt
    loop: ast.For | None = None

    @property
    def inside(self) -> list[ast.stmt]:
        """The statements of one reading."""
        return self.loop.body[:-1] if self.loop is not None else []

    def once(self, block: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements of a block, with one reading instead of the loop."""
        if self.loop is None:
            return list(block)
        found = []
        for statement in block:
            if statement is not self.made:
                found += self.inside if statement is self.loop else [statement]
        return found


def joined(
    call: ast.Call, batch: ast.stmt, block: Sequence[ast.stmt], function: Function
) -> Join | None:
    """The readings that a call of tf.train.batch_join batches, `None` where they may differ.

    Args:
        call: The call.
        batch: Its statement.
        block: The statements among which that is.
        function: The function that holds them.
    """
    given = argument(call, 0, "tensors_list")
    if isinstance(given, ast.ListComp):
        return _comprehended(given, batch)
    if not isinstance(given, ast.Name):
        return None
    places = [n for n in walk(function.node) if _is_name(n, given.id)]
    for statement in block:
        match statement:
            case ast.Assign([ast.Name(name)], ast.ListComp() as value) if name == given.id:
                return _comprehended(value, statement) if len(places) == 2 else None
            case ast.Assign([ast.Name(name)], ast.List([])) if name == given.id:
                loops = [s for s in block if isinstance(s, ast.For)]
                found = [join for s in loops if (join := _looped(s, name, statement, function))]
                return found[0] if len(places) == 3 and found else None
    return None


def _comprehended(value: ast.ListComp, statement: ast.stmt) -> Join | None:
    (generator, *others) = value.generators
    if others or generator.ifs or not _is_range(generator.iter):
        return None
    counted = assigned([generator.target])
    inside = {n.id for n in walk(value.elt) if isinstance(n, ast.Name)}
    return None if counted & inside else Join(value.elt, statement)


def _looped(loop: ast.For, name: str, made: ast.stmt, function: Function) -> Join | None:
    match loop:
        case ast.For(
            ast.Name(counted),
            iterated,
            [*inside, ast.Expr(ast.Call(ast.Attribute(ast.Name(of), "append"), [tensors], []))],
            [],
        ) if of == name and _is_range(iterated):
            carried = used_later(loop.body, function, ()) & assigned(inside)
            is_counted = counted in loaded([function.node])
            return None if carried or is_counted else Join(tensors, made, loop)
    return None


def _is_range(node: ast.expr) -> bool:
    """``range(n)``"""
    match node:
        case ast.Call(
            ast.Name("range" | "xrange"), [ast.Name() | ast.Attribute() | ast.Constant()]
        ):
            return not node.keywords
    return False


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
