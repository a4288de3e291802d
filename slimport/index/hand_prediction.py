"""Sessions that restore a network and run it on what is fed: a loop by hand that trains nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from slimport.index.blocks import argument, call_of, loaded, references_in
from slimport.index.hand_loop import SAVER, SESSIONS, HandLoop, Minimized
from slimport.index.hand_loop_reading import HandLoopReading
from slimport.index.program import Function, Program
from slimport.index.session_runs import Saved
from slimport.index.stays import Stays

_TO_RESTORE = "slim.get_variables_to_restore"
_ALL = ("tf.all_variables", "tf.global_variables", "slim.get_variables")


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
        savers = [statement for _, statement, _ in self._assigned_calls(SAVER)]
        for saver in savers:
            yield saver
            made = list_of(saver, self._block, self._function)
            if made is not None and _is_used_by(made, saver, self._function):
                yield made


def restores_of(found: Saved, loop: HandLoop) -> dict[str, ast.expr]:
    """What the saver of ``saver.restore(session, path)`` was told to include and exclude.

    Raises:
        Stays: It was told another list of variables.
    """
    call = getattr(found.statement, "value", None)
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    name = ast.unparse(call.func.value)
    saver = next(s for s in loop.gone if _is_saver(s, name, loop))
    made = call_of(saver)
    assert made is not None
    given = argument(made, 0, "var_list")
    if given is None and not made.args:
        return {}
    of_list = list_of(saver, loop.block, loop.function)
    given = call_of(of_list) if of_list is not None else given
    if isinstance(given, ast.Call):
        names = [r.api.name for r in references_in(given.func, loop.function)]
        if names and names[-1] in _ALL and not given.args and not given.keywords:
            return {}
        if names[-1:] == [_TO_RESTORE] and len(given.args) <= 2:
            parts = {key: argument(given, at, key) for at, key in enumerate(("include", "exclude"))}
            told = {key: value for key, value in parts.items() if value is not None}
            if len(told) == len(given.args) + len(given.keywords) and all(
                _is_plain(value) for value in told.values()
            ):
                return {k: v for k, v in told.items() if ast.unparse(v) != "None"}
    raise Stays("the saver is told which variables it restores", saver)


def list_of(saver: ast.stmt, block: list[ast.stmt], function: Function) -> ast.stmt | None:
    """The statement that looks up the variables of a saver, if it is one of the block."""
    call = call_of(saver)
    given = argument(call, 0, "var_list") if call is not None else None
    if not isinstance(given, ast.Name):
        return None
    made = [s for s in block if given.id in _bound(s)]
    if len(made) != 1 or not isinstance(made[0], ast.Assign):
        return None
    names = [r.api.name for r in references_in(made[0], function)]
    return made[0] if names and names[-1] in (_TO_RESTORE, *_ALL) else None


def _is_used_by(made: ast.stmt, saver: ast.stmt, function: Function) -> bool:
    """Whether nobody else uses a list of variables."""
    within = {id(node) for node in ast.walk(saver)}
    return not any(
        isinstance(node, ast.Name)
        and node.id in _bound(made)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in within
        for node in ast.walk(function.node)
    )


def _is_saver(statement: ast.stmt, name: str, loop: HandLoop) -> bool:
    call = call_of(statement)
    made = [r for r in loop.function.references if r.call is call is not None]
    return name in _bound(statement) and [r.api.name for r in made] == [SAVER]


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.Assign([ast.Name(name)]):
            return {name}
    return set()


def _is_plain(value: ast.expr) -> bool:
    """Whether it is constants alone, which mean the same at another place."""
    parts = (ast.Constant, ast.List, ast.Tuple, ast.expr_context)
    return all(isinstance(node, parts) for node in ast.walk(value))


def _opens_session(statement: ast.stmt, function: Function) -> bool:
    """Whether it is ``with tf.Session() as session:``, on lines of its own."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return False
    opened = statement.items[0].context_expr
    names = [r.api.name for r in function.references if r.call is opened]
    return names[:1] != [] and names[0] in SESSIONS and statement.body[0].lineno > statement.lineno
