"""Whether a literal ``is_training=True`` trains always, or as long as Keras' `fit` does.

A script's True says that the script trains. In a network that is told whether it trains, a True
beside that says more: pix2pix drops out when it draws pictures, too.
"""

from __future__ import annotations

import ast
import enum
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.names import Assigned, FunctionNode, Scope
from slimport.index.program import Function, Program
from slimport.index.walking import children, walk

# Parameters that say whether a network trains, as authors call them.
TRAINING_PARAMETERS = frozenset(
    "is_train is_training istrain istraining phase_train train training train_mode".split()
)
_LAYERS = ("slim.", "tf.layers.")
_LEAVES = (ast.Return, ast.Continue, ast.Break)


class Trains(enum.Enum):
    """What a literal True means."""

    FOLLOWS = enum.auto()  # Keras: fit trains, predict infers
    ALWAYS = enum.auto()
    UNTOLD = enum.auto()  # one of the two; nothing here tells which


def meaning_of_true(node: ast.AST, function: Function, program: Program) -> Trains:
    """What a True that stands at a node of a function means.

    It is told by the innermost function around it that has a switch; where none has, by those that
    call it.

    Args:
        node: The True, or the call that it is handed to.
        function: The function whose own statements hold it.
        program: Its program.
    """
    if not isinstance(function.node, FunctionNode):
        return Trains.FOLLOWS
    switches = _switches(function)
    told = Trains.ALWAYS if switches else _callers_in(program).told(function)
    if told is Trains.FOLLOWS:
        return told
    here = _among(node, function.node, switches)
    return told if here is Trains.ALWAYS else here


def is_true(node: ast.AST | None) -> bool:
    """Whether the node is a literal True."""
    return isinstance(node, ast.Constant) and node.value is True


def true_in(node: ast.expr | None) -> ast.expr | None:
    """The True of ``{'is_training': True}`` or ``dict(is_training=True)``, if there is one."""
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(node, ast.Dict):
        pairs = [
            (getattr(k, "value", None), v) for k, v in zip(node.keys, node.values, strict=True)
        ]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
    return next((v for k, v in pairs if k == "is_training" and is_true(v)), None)


def assigned(node: ast.expr | None, scope: Scope) -> list[ast.expr]:
    """What a name may stand for, as far as its scope assigns it."""
    found = scope.lookup(node.id) if isinstance(node, ast.Name) else None
    bindings = found[1] if found is not None else []
    return [binding.value for binding in bindings if isinstance(binding, Assigned)]


def _around(function: Function, program: Program) -> Function | None:
    """The function that this one is defined in."""
    scope = function.module.scopes.scope_of.get(function.node)
    node = scope.function() if scope is not None else None
    return program.functions.get(node) if node is not None else None


# Callers --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a function without a switch is called, or passed on."""

    node: ast.AST
    function: Function
    tells: bool  # whether it says itself, or has callers that do
    is_passed_on: bool = False


class _Callers:
    """What those that call a function say of its True; for all functions on the way at once.

    A program that calls methods by names that many classes have is one large circle: to follow
    each way through it would never end.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._places: dict[Function, list[_Place]] = {}
        self._told: dict[Function, Trains] = {}
        self._here: dict[_Place, Trains] = {}

    def told(self, function: Function) -> Trains:
        """What the callers of a function without a switch say."""
        if function not in self._told:
            new = self._collect(function)
            self._settle(new)
            for circle in new:
                if circle not in self._told:  # only calls itself: nobody runs it
                    self._told[circle] = Trains.FOLLOWS
                    self._settle(new)
        return self._told[function]

    def _collect(self, function: Function) -> list[Function]:
        """The functions without a switch that lead to this one, and are not settled yet."""
        found, waiting = [], [function]
        while waiting:
            one = waiting.pop()
            if one in self._places:
                continue
            found.append(one)
            self._places[one] = list(self._places_of(one))
            waiting += [place.function for place in self._places[one] if not place.tells]
        return found

    def _places_of(self, function: Function) -> Iterator[_Place]:
        calls = [
            (caller, call)
            for caller in function.all_callers - {function}
            for call in self._program.calls_of(caller, function)
        ]
        around = _around(function, self._program)
        # Passed on: where it runs, and whether that is below a branch, is not seen.
        passed_on = around is not None and (function.escapes or not calls)
        for caller, call in calls:
            yield _Place(call, caller, _tells(caller), passed_on)
        if around is not None and passed_on:
            yield _Place(function.node, around, _tells(around), passed_on)

    def _settle(self, functions: list[Function]) -> None:
        """Says of each what all its places say; what is said of one only gets less certain."""
        changed = True
        while changed:
            changed = False
            for function in functions:
                found = {means for place in self._places[function] if (means := self._at(place))}
                if not found and self._places[function]:
                    continue  # all of them wait for others
                told = found.pop() if len(found) == 1 else Trains.UNTOLD if found else None
                told = told or Trains.FOLLOWS
                changed |= told is not self._told.get(function)
                self._told[function] = told

    def _at(self, place: _Place) -> Trains | None:
        """What a place says; None as long as nothing is known of the function that it is in."""
        node = place.function.node
        if not isinstance(node, FunctionNode):
            return Trains.FOLLOWS
        told = Trains.ALWAYS if place.tells else self._told.get(place.function)
        if told is None or told is Trains.FOLLOWS:
            return told
        if place not in self._here:
            self._here[place] = _among(place.node, node, _switches(place.function))
        here = self._here[place]
        means = told if here is Trains.ALWAYS else here
        return Trains.UNTOLD if place.is_passed_on and means is Trains.ALWAYS else means


@functools.lru_cache(maxsize=1)  # one program is rewritten at a time
def _callers_in(program: Program) -> _Callers:
    return _Callers(program)


def _tells(function: Function) -> bool:
    return not isinstance(function.node, FunctionNode) or bool(_switches(function))


# Switches -------------------------------------------------------------------------------------


def _switches(function: Function) -> set[str]:
    """Source of what tells the function whether it trains, and what it computes of that."""
    assert isinstance(function.node, FunctionNode)
    arguments = function.node.args
    names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    switches = names & TRAINING_PARAMETERS
    for reference in function.references:
        if reference.call is not None and reference.api.name.startswith(_LAYERS):
            switches |= {
                ast.unparse(value)
                for value in _values_of_is_training(reference.call)
                if _is_switch(value, reference.scope)
            }
    return switches


def _values_of_is_training(call: ast.Call) -> Iterator[ast.expr]:
    for keyword in call.keywords:
        if keyword.arg in ("is_training", "training"):
            yield keyword.value
        if isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "is_training":
                    yield value


def _is_switch(value: ast.expr, scope: Scope) -> bool:
    """Whether it may be False as well as True; ``is_training = True`` above it is no switch."""
    if isinstance(value, ast.Constant):
        return False
    found = scope.lookup(value.id) if isinstance(value, ast.Name) else None
    return found is None or not all(
        isinstance(b, Assigned) and isinstance(b.value, ast.Constant) for b in found[1]
    )


def _derived(node: ast.AST, switches: set[str]) -> set[str]:
    """The switches and the names that are computed of them."""
    found, before = set(switches), 0
    while len(found) != before:
        before = len(found)
        for inner in walk(node):
            if not isinstance(inner, ast.Assign) or _calls(inner.value):
                continue  # what a layer makes that is told a switch is none
            if _names(inner.value, found):
                found |= {t.id for t in inner.targets if isinstance(t, ast.Name)}
    return found


def _calls(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Call) for inner in walk(node))


def _names(node: ast.AST, switches: set[str]) -> bool:
    return any(_is_named(inner, switches) for inner in walk(node))


def _is_named(node: ast.AST, switches: set[str]) -> bool:
    """Whether it is a switch, or is called like one: ``self.is_training``, ``ModeKeys.TRAIN``."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Constant):
        return False
    source = ast.unparse(node)
    last = source.rpartition(".")[2].strip("'\"").lower()
    return source in switches or (last in TRAINING_PARAMETERS and source != "tf.train")


# Branches -------------------------------------------------------------------------------------


def _among(node: ast.AST, function: FunctionNode, switches: set[str]) -> Trains:
    """What a True means below the branches of a function that has switches."""
    mentioned = _derived(function, switches)
    path = _path(function, node)
    for above, below in itertools.pairwise(path):
        if isinstance(above, ast.If | ast.IfExp) and below is not above.test:
            if not _names(above.test, mentioned):
                continue
            runs = below is above.body or (isinstance(above, ast.If) and below in above.body)
            known = _says(above.test, switches)
            if known is None or known is runs:
                return Trains.UNTOLD if known is None else Trains.FOLLOWS
        if _hides(above, below, mentioned):
            return Trains.UNTOLD
    return Trains.ALWAYS


def _hides(above: ast.AST, below: ast.AST, mentioned: set[str]) -> bool:
    """Whether it takes more than a look at a test to see when the code below a node runs."""
    if isinstance(above, ast.While | ast.BoolOp | ast.comprehension):
        return _names(above, mentioned)
    # A scope may be for layers that only one of the branches below it makes.
    scoped = getattr(above, "body", ()) if isinstance(below, ast.withitem) else ()
    return any(_branches(statement, mentioned) for statement in scoped) or any(
        _leaves(statement, mentioned) for statement in _before(above, below)
    )


def _path(node: ast.AST, target: ast.AST) -> list[ast.AST]:
    """The nodes from `node` down to `target`; empty if it is not in there."""
    if node is target:
        return [node]
    for child in children(node):
        below = _path(child, target)
        if below:
            return [node, *below]
    return []


def _says(test: ast.expr, switches: set[str]) -> bool | None:
    """Whether a branch with this test trains (True) or infers (False); None if nobody knows."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        said = _says(test.operand, switches)
        return None if said is None else not said
    is_one = isinstance(test, ast.Name | ast.Attribute) and _is_named(test, switches)
    return True if is_one else None


def _before(above: ast.AST, below: ast.AST) -> list[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, None)
        if isinstance(block, list) and below in block:
            return block[: block.index(below)]
    return []


def _branches(statement: ast.AST, mentioned: set[str]) -> bool:
    return any(
        isinstance(n, ast.If | ast.IfExp | ast.While) and _names(n.test, mentioned)
        for n in walk(statement)
    )


def _leaves(statement: ast.stmt, mentioned: set[str]) -> bool:
    """Whether a branch of a switch leaves what comes after it."""
    return _branches(statement, mentioned) and any(isinstance(n, _LEAVES) for n in walk(statement))
