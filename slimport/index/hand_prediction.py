"""Sessions that restore a network and run it on what is fed: a loop by hand that trains nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from slimport.index.blocks import loaded
from slimport.index.hand_lookups import makes_variables
from slimport.index.hand_loop import SAVER, SESSIONS, HandLoop, Minimized
from slimport.index.hand_loop_reading import HandLoopReading
from slimport.index.hand_restores import savers_gone
from slimport.index.program import Function, Program
from slimport.index.stays import Stays
from slimport.index.walking import walk


class PredictionReading(HandLoopReading):
    """Reads one function that trains nothing; every way out but the end is a `Stays`.

    Args:
        function: It names a session and placeholders.
        program: The index.
    """

    def __init__(self, function: Function, program: Program) -> None:
        body = function.node.body
        found = [s for s in (*body, *self._below(body)) if isinstance(s, ast.With)]
        super().__init__(function, program, [s for s in found if _opens_session(s, function)])

    @staticmethod
    def _below(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            if isinstance(statement, ast.With):
                yield from statement.body

    def loop(self) -> HandLoop:
        """The block, without placeholders that nothing feeds or uses.

        Raises:
            Stays: It is of another shape.
        """
        found = super().loop()
        used = loaded(found.of_loss).union(*(request.feed for request in found.asked))
        inputs = {name: call for name, call in found.inputs.items() if name in used}
        return replace(found, inputs=inputs)

    def _session(self) -> tuple[ast.stmt, str]:
        """The session, whose `with` is dissolved: what it holds is made in its place."""
        opened = [s for s in self._operation.opened if _opens_session(s, self._function)]
        if not opened:
            return super()._session()
        first = opened[0]
        assert isinstance(first, ast.With)
        name = first.items[0].optional_vars
        named = sum(r.api.name in SESSIONS for r in self._function.references)
        if len(opened) > 1 or named > 1 or not isinstance(name, ast.Name):
            raise Stays("there is not one session", self._node)
        return first, name.id

    def _trained(self, opened: ast.stmt, session: str) -> Minimized:
        """Nothing, from the first statement on that uses the session."""
        uses = [s for s in self._block if session in loaded([s])]
        if not uses:
            raise Stays("the session runs nothing here", opened)
        nothing = ast.Constant(None)
        return Minimized(
            statement=uses[0], name="", loss="", optimizer=nothing, variables=None, step=None
        )

    def _rate(self, minimized: Minimized, placeholders: Mapping[str, ast.Call]) -> None:
        """Nothing has a learning rate."""

    def _gone(self, session: str, minimized: Minimized) -> Iterator[ast.stmt]:
        yield from super()._gone(session, minimized)
        savers = [statement for _, statement, _ in self._savers()]
        yield from savers_gone(savers, self._block, self._function)

    def _savers(self) -> Iterator[tuple[str, ast.stmt, ast.Call]]:
        return self._assigned_calls(SAVER, self._nested)


def has_variables(function: Function, program: Program) -> bool:
    """Whether what a session runs may have variables: some code only decodes images."""
    nodes = (n for n in walk(function.node) if isinstance(n, ast.Attribute))
    if any(node.attr == "restore" for node in nodes):
        return True
    return any(makes_variables(s, function, program) for s in function.node.body)


def _opens_session(statement: ast.stmt, function: Function) -> bool:
    """Whether it is ``with tf.Session() as session:``, on lines of its own."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return False
    opened = statement.items[0].context_expr
    names = [r.api.name for r in function.references if r.call is opened]
    return names[:1] != [] and names[0] in SESSIONS and statement.body[0].lineno > statement.lineno
