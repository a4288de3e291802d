"""What a step of cloned networks updates: variables, moving statistics, moving averages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of
from slimport.index.lines import Lines, is_name, is_none, same
from slimport.index.program import bind
from slimport.index.stays import Stays
from slimport.index.walking import walk
from slimport.index.workers import SYNCHRONOUS, Synchronous, synchronous_of

AVERAGE = "tf.train.ExponentialMovingAverage"
_WITH_DEPENDENCIES = "tf.python.ops.control_flow_ops.with_dependencies"
_MULTIPLY, _CLIP = "slim.learning.multiply_gradients", "slim.learning.clip_gradient_norms"


@dataclass(frozen=True)
class Averages:
    """Moving averages of variables, kept up beside training.

    Attributes:
        name: Their name.
        variables: The name of the variables.
        call: The call that makes them.
        test: What they depend on, if anything; they are None otherwise.
    """

    name: str
    variables: str
    call: ast.Call
    test: ast.expr | None

    @property
    def decay(self) -> ast.expr:
        """How much of an average stays, at most."""
        given = argument(self.call, 0, "decay")
        assert given is not None
        return given


@dataclass(frozen=True)
class Updates:
    """How the training operation is put together.

    Attributes:
        loss: The loss that it gives.
        applied: The statement that applies the gradients.
        call: Its call.
        optimizer: The name of the optimizer.
        gradients: The name of the gradients.
        averages: Moving averages, if any.
        synchronous: Where workers wait for each other, if they do.
        gone: The statements that do nothing else.
    """

    loss: str
    applied: ast.stmt
    call: ast.Call
    optimizer: str
    gradients: str
    averages: Averages | None
    synchronous: Synchronous | None
    gone: list[ast.stmt]


@dataclass(frozen=True)
class Changes:
    """What happens to the gradients before they are applied.

    Attributes:
        multipliers: Factors by variable.
        norm: The greatest norm of each.
        gone: The statements.
    """

    multipliers: ast.expr | None
    norm: ast.expr | None
    gone: list[ast.stmt]


class UpdatesReading:
    """Reads the updates backwards, from the training operation.

    Args:
        lines: The block.
        scopes: The names of the first clone's scope.
    """

    def __init__(self, lines: Lines, scopes: set[str]) -> None:
        self._lines, self._scopes = lines, scopes
        self._gone: list[ast.stmt] = []
        self._applied: tuple[ast.stmt, ast.Call] | None = None
        self._kept: list[tuple[ast.Call, ast.expr | None]] = []

    def read(self, operation: str) -> Updates:
        """The updates behind the name of a training operation.

        Raises:
            Stays: If there is more to it, or less.
        """
        group, loss = self._waiting(self._lines.made(operation))
        listed = self._grouped(group)
        self._collected(listed)
        for statement in self._lines.block:
            for call, test in self._appended(statement, listed):
                self._append(statement, call, test)
        if self._applied is None:
            raise Stays("no gradients are applied")
        applied, call = self._applied
        gradients = argument(call, 0, "grads_and_vars")
        match call.func, gradients:
            case ast.Attribute(ast.Name(optimizer)), ast.Name(name):
                averages = self._averages()
                waits = self._synchronous(optimizer, averages)
                return Updates(loss, applied, call, optimizer, name, averages, waits, self._gone)
        raise Stays("gradients are applied in another way", call)

    def _waiting(self, statement: ast.stmt) -> tuple[str, str]:
        """``with tf.control_dependencies([update]): train_op = tf.identity(loss)``"""
        self._gone.append(statement)
        match statement:
            case ast.With(
                [ast.withitem(ast.Call() as opened, None)], [ast.Assign(_, ast.Call() as c)]
            ):
                waits, gives = "tf.control_dependencies", "tf.identity"
                if self._lines.api(opened) == waits and self._lines.api(c) == gives:
                    return self._one(argument(opened, 0, "control_inputs")), self._name(c, 0)
            case ast.Assign(_, ast.Call() as c) if self._lines.api(c) == _WITH_DEPENDENCIES:
                return self._one(argument(c, 0, "dependencies")), self._name(c, 1)
        raise Stays("the training operation is put together in another way", statement)

    def _one(self, node: ast.expr | None) -> str:
        match node:
            case ast.List([ast.Name(name)]):
                return name
        raise Stays("the training operation waits for several others", node)

    def _name(self, call: ast.Call, position: int) -> str:
        match call.args[position : position + 1]:
            case [ast.Name(name)]:
                return name
        raise Stays("the training operation gives something else than the loss", call)

    def _grouped(self, name: str) -> str:
        """``update = tf.group(*updates)``"""
        match self._lines.value(name):
            case ast.Call(_, [ast.Starred(ast.Name(listed))], _) as call:
                if self._lines.api(call) == "tf.group":
                    self._gone.append(self._lines.made(name))
                    return listed
        raise Stays(f"{name} is no group of updates", self._lines.made(name))

    def _collected(self, name: str) -> None:
        """``updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, first_clone_scope)``"""
        match self._lines.value(name):
            case ast.Call(_, [key, ast.Name(scope)], []) as call:
                is_updates = self._lines.api(key) == "tf.GraphKeys.UPDATE_OPS"
                is_scope = scope in self._scopes
                if self._lines.api(call) == "tf.get_collection" and is_updates and is_scope:
                    self._gone.append(self._lines.made(name))
                    return
        raise Stays(f"{name} are not the updates of the first clone", self._lines.made(name))

    def _appended(
        self, statement: ast.stmt, name: str
    ) -> Iterator[tuple[ast.Call, ast.expr | None]]:
        """The updates that a statement appends, and under which condition."""
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(listed), "append"), [value], [])) if (
                listed == name
            ):
                self._gone.append(statement)
                yield self._update(value), None
            case ast.If(test, [ast.Expr() as only], []):
                for call, inner in self._appended(only, name):
                    yield call, test if inner is None else inner
            case ast.If(_, [ast.Assign(_, ast.Call() as call)], [other]):
                if self._lines.api(call) == SYNCHRONOUS:
                    yield from self._appended(other, name)

    def _update(self, value: ast.expr) -> ast.Call:
        if isinstance(value, ast.Name):
            statement = self._lines.made(value.id)
            call = call_of(statement)
            if call is not None:
                return call
        if isinstance(value, ast.Call):
            return value
        raise Stays("an update is made in another way", value)

    def _append(self, statement: ast.stmt, call: ast.Call, test: ast.expr | None) -> None:
        match call.func:
            case ast.Attribute(_, "apply_gradients") if test is None and self._applied is None:
                holder = next(s for s in self._lines.block if call in walk(s))
                self._applied = holder, call
            case ast.Attribute(_, "apply"):
                self._kept.append((call, test))
                if isinstance(statement, ast.If) and statement not in self._gone:
                    self._gone.append(statement)
            case _:
                raise Stays(f"{ast.unparse(call.func)} is one more update", call)

    def _averages(self) -> Averages | None:
        """The moving averages that are applied, and nothing else that has `apply`."""
        if not self._kept:
            return None
        if len(self._kept) > 1:
            raise Stays("several moving averages are kept", self._kept[1][0])
        call, test = self._kept[0]
        match call:
            case ast.Call(ast.Attribute(ast.Name(name)), [ast.Name(variables)], []):
                made, found = _made_under(self._lines, name, variables)
                if found is not None and self._is_average(found) and same(made, test):
                    return Averages(name, variables, found, test)
        raise Stays("moving averages are kept in another way", call)

    def _is_average(self, call: ast.Call) -> bool:
        given = bind(call, ("decay", "num_updates"))
        return self._lines.api(call) == AVERAGE and given is not None and "decay" in given

    def _synchronous(self, optimizer: str, averages: Averages | None) -> Synchronous | None:
        """Where workers are awaited, who keep the same averages."""
        found = synchronous_of(self._lines, optimizer)
        if found is None:
            return None
        kept = found.given.get("variable_averages"), found.given.get("variables_to_average")
        if averages is None and not all(map(is_none, kept)):
            raise Stays("moving averages are kept by waiting workers alone", found.call)
        if averages is not None and not (
            is_name(kept[0], averages.name) and is_name(kept[1], averages.variables)
        ):
            raise Stays("moving averages are not kept by waiting workers", found.call)
        if found.statement not in self._gone:
            self._gone.append(found.statement)
        return found


def _made_under(lines: Lines, name: str, other: str) -> tuple[ast.expr | None, ast.Call | None]:
    """The condition under which a name gets a call's value, and the call.

    Otherwise it has to be None, as that of the other name.
    """
    match lines.made(name):
        case ast.Assign([ast.Name()], ast.Call() as call):
            return None, call
        case ast.If(test, body, orelse) as statement if lines.made(other) is statement:
            calls = [call_of(s) for s in body if isinstance(s, ast.Assign) and _binds(s, name)]
            if len(calls) == 1 and _to_none(orelse, name) and _to_none(orelse, other):
                return test, calls[0]
    return None, None


def _binds(statement: ast.Assign, name: str) -> bool:
    return len(statement.targets) == 1 and is_name(statement.targets[0], name)


def _to_none(statements: list[ast.stmt], name: str) -> bool:
    """``variables, averages = None, None``, or a line each."""
    for statement in statements:
        match statement:
            case ast.Assign([ast.Name(target)], value) if target == name:
                return is_none(value)
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                pairs = zip(targets, values, strict=False)
                if any(is_name(t, name) and is_none(v) for t, v in pairs):
                    return True
    return False


def changes_of(lines: Lines, gradients: str, optimized: ast.stmt) -> Changes:
    """What happens to the gradients between their computation and their use.

    Raises:
        Stays: If it is anything else than slim's multiplying and clipping, in this order.
    """
    found: dict[str, ast.expr] = {}
    gone: list[ast.stmt] = []
    for statement in lines.assigning(gradients):
        if statement is optimized:
            continue
        test = statement.test if isinstance(statement, ast.If) else None
        inner = statement.body if isinstance(statement, ast.If) else [statement]
        call = call_of(inner[0]) if len(inner) == 1 else None
        if call is None or getattr(statement, "orelse", []):
            raise Stays("gradients are changed in another way", statement)
        given = call.args[1] if len(call.args) == 2 else None
        kind = lines.api(call)
        if kind not in (_MULTIPLY, _CLIP) or given is None or not is_name(call.args[0], gradients):
            raise Stays("gradients are changed in another way", statement)
        if kind in found or (kind == _MULTIPLY and _CLIP in found):
            raise Stays("gradients are changed in another order", statement)
        if test is not None and not _means_any(test, given, kind):
            raise Stays("gradients are changed under a condition", statement)
        found[kind] = given
        gone.append(statement)
    return Changes(found.get(_MULTIPLY), found.get(_CLIP), gone)


def _means_any(test: ast.expr, given: ast.expr, kind: str) -> bool:
    """Whether a condition says what `compile` takes the value to say: none, or 0, is none."""
    match test:
        case ast.Compare(left, [ast.Gt()], [ast.Constant(0 | 0.0)]) if kind == _CLIP:
            return same(left, given)
    return same(test, given)
