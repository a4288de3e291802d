"""The statements of one block, asked for by the names that they give values to."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from slimport.index.blocks import assigned, value_of
from slimport.index.program import Function, Program
from slimport.index.stays import Stays


class Lines:
    """A block of a function.

    Args:
        block: Its statements.
        function: The function.
        program: The index.
    """

    def __init__(self, block: Sequence[ast.stmt], function: Function, program: Program) -> None:
        self.block, self.function, self.program = block, function, program
        self._apis = {id(r.node): r.api.name for r in function.references}

    def api(self, node: ast.AST | None) -> str:
        """The API that an expression names or a call calls; empty for anything else."""
        return self._apis.get(id(node.func if isinstance(node, ast.Call) else node), "")

    def assigning(self, name: str) -> list[ast.stmt]:
        """The statements that give a name a value, here or in blocks of theirs."""
        return [s for s in self.block if name in assigned([s])]

    def made(self, name: str) -> ast.stmt:
        """The one statement that gives a name its value.

        Raises:
            Stays: If there are none or several.
        """
        found = self.assigning(name)
        if len(found) != 1:
            raise Stays(f"{name} gets {'several values' if found else 'its value elsewhere'}")
        return found[0]

    def value(self, name: str) -> ast.expr | None:
        """What the one statement that gives a name its value gives it, if that is all it does."""
        statement = self.made(name)
        return value_of(statement) if isinstance(statement, ast.Assign) else None


def same(one: ast.expr | None, other: ast.expr | None) -> bool:
    """Whether two expressions are written alike."""
    if one is None or other is None:
        return one is other
    return ast.dump(one) == ast.dump(other)


def is_name(node: ast.expr | None, name: str) -> bool:
    """Whether an expression is a name."""
    return isinstance(node, ast.Name) and node.id == name


def is_none(node: ast.expr | None) -> bool:
    """Whether an expression is left out or `None`."""
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
