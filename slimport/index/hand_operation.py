"""The training operation of a loop by hand: how it is made of a loss and an optimizer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from slimport.index.blocks import argument, assigned, call_of, loaded, only_places, references_in
from slimport.index.hand_loop import PLACEHOLDER, Gradients, Minimized, nested
from slimport.index.program import Function
from slimport.index.stays import Stays
from slimport.index.training import TRAIN_OP
from slimport.index.walking import walk

_OF_MINIMIZE = {"loss", "global_step", "var_list", "name", "colocate_gradients_with_ops"}
_OF_APPLYING = {"grads_and_vars", "global_step", "name"}
_OF_TRAIN_OP = {
    "total_loss", "optimizer", "global_step", "variables_to_train", "clip_gradient_norm",
    "gradient_multipliers", "check_numerics", "summarize_gradients",
}  # fmt: skip
# Without `gate_gradients`, those of tf.gradients may be taken of weights that change meanwhile.
_OF_GRADIENTS = {
    "loss", "var_list", "ys", "xs", "name", "colocate_gradients_with_ops", "gate_gradients",
    "aggregation_method",
}  # fmt: skip
_DEPENDENCIES = "tf.control_dependencies"


class OperationReading:
    """Finds the training operation; every way out but the end is a `Stays`.

    Args:
        function: The function.
        block: Statements among which the loss is.
        opened: What else is opened around some of them, and goes.
    """

    def __init__(
        self, function: Function, block: list[ast.stmt], opened: Sequence[ast.stmt] = ()
    ) -> None:
        self._function, self._node = function, function.node
        inside = [*block, *(s for outer in opened if outer in block for s in _body(outer))]
        own = [s for s in inside if self._waits(s) or self._names_placeholders(s)]
        self.opened = [*own, *(s for s in opened if s in block)]
        self.block = list(self._flat(block))

    def minimized(self) -> Minimized:
        """The training operation.

        Raises:
            Stays: There is none that can be told, or more than one.
        """
        found = [m for s in self.block if (m := self._minimizing(s)) is not None]
        calls = {id(n) for s in nested(self.block) for n in walk(s) if self._minimizes(n)}
        if len(found) != 1 or len(calls) != 1:
            raise Stays("there is not one training operation", self._node)
        return self._grouped(self._after_updates(found[0]))

    def _api(self, call: ast.expr | None) -> str:
        names = [r.api.name for r in self._function.references if r.call is call is not None]
        return names[0] if names else ""

    def _minimizes(self, node: ast.AST) -> bool:
        match node:
            case ast.Call(ast.Attribute(_, "minimize" | "apply_gradients")):
                return True
            case ast.Call():
                return self._api(node) == TRAIN_OP
        return False

    def _minimizing(self, statement: ast.stmt) -> Minimized | None:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(made, "minimize")) as call):
                self._knows(call, _OF_MINIMIZE, 2)
                return Minimized(
                    statement=statement,
                    name=name,
                    loss=_name_of(argument(call, 0, "loss"), statement),
                    optimizer=made,
                    variables=argument(call, 2, "var_list"),
                    step=argument(call, 1, "global_step"),
                )
            case ast.Assign(
                [ast.Name(name)], ast.Call(ast.Attribute(made, "apply_gradients")) as call
            ):
                self._knows(call, _OF_APPLYING, 3)
                return self._applying(statement, name, made, call)
            case ast.Assign([ast.Name(name)], ast.Call() as call) if self._api(call) == TRAIN_OP:
                return self._slims(statement, name, call)
        return None

    def _slims(self, statement: ast.stmt, name: str, call: ast.Call) -> Minimized:
        """``train_op = slim.learning.create_train_op(loss, optimizer)``, which runs updates."""
        self._knows(call, _OF_TRAIN_OP, 2)
        optimizer = argument(call, 1, "optimizer")
        summarizes = argument(call, 99, "summarize_gradients")
        if optimizer is None or not (summarizes is None or ast.unparse(summarizes) == "False"):
            raise Stays("the training operation is told what has no equal", statement)
        told = ("variables_to_train", "clip_gradient_norm", "gradient_multipliers")
        return Minimized(
            statement=statement,
            name=name,
            loss=_name_of(argument(call, 0, "total_loss"), statement),
            optimizer=optimizer,
            variables=argument(call, 99, "variables_to_train"),
            step=argument(call, 99, "global_step"),
            updates=statement,
            is_slims=True,
            told=[n for n in (argument(call, 99, name) for name in told) if n is not None],
        )

    # Gradients --------------------------------------------------------------------------------

    def _applying(
        self, statement: ast.stmt, name: str, optimizer: ast.expr, call: ast.Call
    ) -> Minimized:
        """Gradients that are computed by a call, changed by statements, and applied."""
        given = argument(call, 0, "grads_and_vars")
        before = self.block[: self.block.index(statement)]
        around = [(s, n) for s in (*before, statement) for n in walk(s)]
        calls = [(s, n) for s, n in around if self._computes(n, optimizer)]
        if len(calls) != 1 or given is None:
            raise Stays("there is not one call that computes gradients", statement)
        first, computing = calls[0]
        assert isinstance(computing, ast.Call)
        self._knows(computing, _OF_GRADIENTS, 2)
        of_pairs = isinstance(computing.func, ast.Attribute) and not self._api(computing)
        names = ("loss", "var_list") if of_pairs else ("ys", "xs")
        return Minimized(
            statement=statement,
            name=name,
            loss=_name_of(argument(computing, 0, names[0]), statement),
            optimizer=optimizer,
            variables=argument(computing, 1, names[1]),
            step=argument(call, 1, "global_step"),
            gradients=Gradients(_changing(before, first), computing, given, of_pairs),
        )

    def _computes(self, node: ast.AST, optimizer: ast.expr) -> bool:
        match node:
            case ast.Call(ast.Attribute(owner, "compute_gradients")):
                return ast.dump(owner) == ast.dump(optimizer)
            case ast.Call():
                return self._api(node) == "tf.gradients"
        return False

    # Updates ----------------------------------------------------------------------------------

    def is_updates(self, node: ast.expr | None) -> bool:
        """Whether the value is ``tf.get_collection(tf.GraphKeys.UPDATE_OPS)``, all of it."""
        match node:
            case ast.Call(_, [given], []) if self._api(node) == "tf.get_collection":
                names = [r.api.name for r in references_in(given, self._function)]
                return names == ["tf.GraphKeys.UPDATE_OPS"]
            case ast.Call(_, [ast.Starred(given)], []) if self._api(node) == "tf.group":
                return self._updates(given, ast.Expr(node)) is not None
        return False

    def _updates(self, node: ast.expr, at: ast.stmt) -> ast.stmt | None:
        """Where updates that an expression gives are read, `None` where it gives something else."""
        if isinstance(node, ast.Name):
            made = [s for s in self.block if node.id in assigned([s])]
            is_one = len(made) == 1 and isinstance(made[0], ast.Assign)
            return made[0] if is_one and self.is_updates(_value(made[0])) else None
        return at if self.is_updates(node) else None

    def _waits(self, statement: ast.stmt) -> bool:
        """Whether it is ``with tf.control_dependencies(...):`` around a training operation."""
        if not isinstance(statement, ast.With) or len(statement.items) != 1:
            return False
        if statement.body[0].lineno == statement.lineno:
            return False
        trains = any(self._minimizes(n) for s in statement.body for n in walk(s))
        return self._api(statement.items[0].context_expr) == _DEPENDENCIES and trains

    def _names_placeholders(self, statement: ast.stmt) -> bool:
        """Whether it is ``with tf.name_scope(...):`` around placeholders alone."""
        if not isinstance(statement, ast.With) or not only_places(statement, self._function):
            return False
        return all(self._api(call_of(s)) == PLACEHOLDER for s in statement.body)

    def _flat(self, block: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in block:
            if statement in self.opened:
                yield from self._flat(_body(statement))
            else:
                yield statement

    def _after_updates(self, minimized: Minimized) -> Minimized:
        """The operation with the updates that it waits for."""
        for statement in filter(self._waits, self.opened):
            assert isinstance(statement, ast.With)
            match statement.items[0].context_expr:
                case ast.Call(_, [given], []) if minimized.statement in statement.body:
                    updates = self._updates(given, statement.body[0])
                    if updates is not None:
                        return replace(minimized, updates=updates)
            raise Stays("the training operation waits for something else", statement)
        return minimized

    def _grouped(self, minimized: Minimized) -> Minimized:
        """The group of the operation and of updates, if there is one."""
        for statement in self.block[self.block.index(minimized.statement) + 1 :]:
            call = call_of(statement)
            match statement:
                case ast.Assign([ast.Name(name)], ast.Call(_, given, [])) if self._api(
                    call
                ) == "tf.group" and minimized.name in loaded(given):
                    return self._of_group(minimized, statement, name, given)
        return minimized

    def _of_group(
        self, minimized: Minimized, statement: ast.stmt, name: str, given: list[ast.expr]
    ) -> Minimized:
        updates = minimized.updates
        for value in given:
            if isinstance(value, ast.Name) and value.id == minimized.name:
                continue
            value = value.value if isinstance(value, ast.Starred) else value
            found = self._updates(value, statement)
            if found is None:
                raise Stays("the training operation is grouped with something else", statement)
            updates = found
        return replace(minimized, name=name, inner=minimized.name, updates=updates, group=statement)

    def _knows(self, call: ast.Call, known: set[str], positions: int) -> None:
        if not {k.arg for k in call.keywords} <= known or len(call.args) > positions:
            raise Stays("the optimizer is told what has no equal", call)


def _body(statement: ast.stmt) -> list[ast.stmt]:
    assert isinstance(statement, ast.With)
    return statement.body


def _changing(before: Sequence[ast.stmt], first: ast.stmt) -> list[ast.stmt]:
    """The statement that computes gradients, and those that change them."""
    if first not in before:
        return []
    found, made = [first], assigned([first])
    for statement in before[before.index(first) + 1 :]:
        if loaded([statement]) & made:
            found.append(statement)
            made |= assigned([statement])
    filled = mutated(found)
    return [s for s in before if s in found or _is_empty(s, filled)]


def mutated(statements: Sequence[ast.AST]) -> set[str]:
    """Names of what statements change in place, as far as can be seen."""
    names = set()
    for node in (n for s in statements for n in walk(s)):
        match node:
            case ast.Call(ast.Attribute(ast.Name(name), "append" | "extend" | "insert" | "update")):
                names.add(name)
            case ast.Subscript(ast.Name(name), ctx=ast.Store() | ast.Del()):
                names.add(name)
    return names


def _is_empty(statement: ast.stmt, names: set[str]) -> bool:
    """``clipped = []``, for one of these names."""
    match statement:
        case ast.Assign([ast.Name(name)], ast.List([])):
            return name in names
    return False


def _name_of(loss: ast.expr | None, statement: ast.stmt) -> str:
    if not isinstance(loss, ast.Name):
        raise Stays("the optimizer is told what has no equal", statement)
    return loss.id


def _value(statement: ast.stmt) -> ast.expr | None:
    return statement.value if isinstance(statement, ast.Assign) else None
