"""Whether code does nothing with a tensor but compute: no assignment, no look-up, no choice."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from slimport.index.global_steps import SCHEDULES
from slimport.index.program import Function, Program, Reference, bind
from slimport.index.resolve import Api, InTree
from slimport.index.stays import Stays
from slimport.index.walking import walk

# Functions of TensorFlow that give the same whenever they are asked, and dtypes.
_COMPUTES = frozenset(
    "tf." + name
    for name in """
    abs add add_n bool case cast ceil clip_by_value complex128 cond constant convert_to_tensor cos
    div divide div_no_nan equal exp expand_dims fill float16 float32 float64 floor floor_div
    floordiv floormod greater greater_equal identity int32 int64 less less_equal log log1p
    logical_and logical_not logical_or logical_xor maximum minimum mod multiply name_scope negative
    not_equal ones ones_like pow realdiv reciprocal reduce_max reduce_mean reduce_min reduce_prod
    reduce_sum reshape rint round rsqrt scalar_mul sigmoid sign sin sqrt square squared_difference
    squeeze stack subtract tan tanh to_double to_float to_int32 to_int64 truediv truncatediv
    truncatemod where zeros zeros_like
    """.split()
)
# What happens once, where the code runs first.
_ONCE = ("tf.app.flags.", "tf.flags.", "tf.logging.")
_NEVER = (
    ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.Await, ast.ClassDef, ast.Delete,
    ast.Global, ast.NamedExpr, ast.Nonlocal, ast.Try, ast.TryStar, ast.Yield, ast.YieldFrom,
)  # fmt: skip
# `==` is Python's own in TensorFlow 1, and compares elements in TensorFlow 2.
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def computes(api: str) -> bool:
    """Whether an API gives a tensor that depends on its arguments alone, or is a dtype."""
    return api in _COMPUTES or api.removeprefix("tf.math.") != api or api in SCHEDULES


def is_once(api: str) -> bool:
    """Whether an API is a flag's or a logger's: it acts where the code runs first."""
    return api.startswith(_ONCE)


class Computing:
    """Code that takes a tensor, and the functions of the program that it runs.

    Args:
        program: The index.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._seen: set[tuple[Function, frozenset[str]]] = set()
        self.functions: set[Function] = set()

    def check(self, code: Sequence[ast.stmt], function: Function, names: Collection[str]) -> None:
        """Whether statements of a function only compute with the tensors of these names.

        Raises:
            Stays: If they do anything else.
        """
        nodes = [node for statement in code for node in walk(statement)]
        made = made_of(nodes, names)
        for node in nodes:
            _check_node(node, made)
        inside = {id(node) for node in nodes}
        within = [f for f in self._program.by_module[function.module] if id(f.node) in inside]
        self.functions |= set(within)
        alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for owner in (function, *within):
            for reference in owner.references:
                if id(reference.node) in inside:
                    _check_reference(reference, alone)
            for target in owner.all_callees:
                calls = self._program.calls_of(owner, target)
                calls = [c for c in calls if id(c) in inside and not self._is_builtin(c, owner)]
                if calls and id(target.node) not in inside:
                    self._function(target, frozenset())
        for node in nodes:
            if isinstance(node, ast.Call) and holds(_given(node), made):
                self._check_call(node, function, made, id(node) in alone)
            elif isinstance(node, ast.Name | ast.Attribute):
                self._check_named(node, function, inside)

    def _check_call(self, call: ast.Call, function: Function, made: set[str], alone: bool) -> None:
        """Whether a call takes what is made of the tensors, and computes with it."""
        meaning = self._program.resolve(call.func, function.module)
        api = meaning.name if isinstance(meaning, Api) else ""
        if computes(api) or (alone and api.startswith("tf.summary.")):
            return
        target = (
            self._program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
        )
        if target is None or target.is_method or not isinstance(target.node, ast.FunctionDef):
            raise Stays(f"{ast.unparse(call.func)} takes what is made of the global step", call)
        arguments = target.node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        given = bind(call, tuple(a.arg for a in every))
        if given is None:
            raise Stays(f"what {ast.unparse(call.func)} is given is not seen", call)
        self._function(target, frozenset(n for n, v in given.items() if holds([v], made)))

    def _check_named(
        self, node: ast.Name | ast.Attribute, function: Function, inside: Collection[int]
    ) -> None:
        """A function that is named may be run."""
        meaning = self._program.resolve(node, function.module)
        target = (
            self._program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
        )
        if target is not None and id(target.node) not in inside:
            self._function(target, frozenset())

    def _is_builtin(self, call: ast.Call, function: Function) -> bool:
        """Whether a call is of a name that the file does not bind, such as `int`."""
        if not isinstance(call.func, ast.Name):
            return False
        scope = function.module.scopes.scope_of.get(call.func, function.module.scope)
        known = self._program.resolve(call.func, function.module)
        return known is None and scope.lookup(call.func.id) is None

    def _function(self, target: Function, names: frozenset[str]) -> None:
        if (target, names) in self._seen:
            return
        self._seen.add((target, names))
        self.functions.add(target)
        node = target.node
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            raise Stays(f"{target.qualname} is no plain function", node)
        self.check(node.body, target, names)


def _check_reference(reference: Reference, alone: Collection[int]) -> None:
    name = reference.api.name
    if not name.startswith(("tf.", "slim.", "tensor.")) or is_once(name):
        return
    is_shown = name.startswith("tf.summary.") and id(reference.call) in alone
    if not computes(name) and not is_shown:
        raise Stays(f"{name} does more than compute a learning rate", reference.node)


def _check_node(node: ast.AST, made: set[str]) -> None:
    """Whether Python looks at nothing that is made of the tensors, and keeps it nowhere.

    What is kept in an object makes its name one of these: ``self.step = step``.
    """
    if isinstance(node, _NEVER):
        raise Stays("more is done than a learning rate computed", node)
    if any(holds([part], made) for part in _looked_at(node)):
        raise Stays("Python looks at what is made of the global step", node)


def _looked_at(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If(test) | ast.While(test) | ast.IfExp(test) | ast.Assert(test):
            yield test
        case ast.BoolOp() | ast.UnaryOp(ast.Not()) | ast.Subscript() | ast.JoinedStr():
            yield node
        case ast.Compare(_, operators):
            if len(operators) > 1 or not isinstance(operators[0], _ORDERED):
                yield node
        case ast.Attribute(value, attr) if attr != "dtype":
            yield value
        case ast.For(_, iterated) | ast.comprehension(_, iterated):
            yield iterated
        case ast.withitem(opened):
            yield opened
        case ast.arguments(defaults=defaults, kw_defaults=others):
            yield from (value for value in (*defaults, *others) if value is not None)


def _given_values(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets, value):
            yield from ((target, value) for target in targets)
        case ast.AugAssign(target, _, value):
            yield target, value
        case ast.AnnAssign(target, _, ast.expr() as value):
            yield target, value


def made_of(nodes: Sequence[ast.AST], names: Collection[str]) -> set[str]:
    """The names, and those of everything that is made of what they stand for."""
    made = set(names)
    while True:
        found = set(made)
        for node in nodes:
            for target, value in _given_values(node):
                if holds([value], made):
                    found |= {n.id for n in walk(target) if isinstance(n, ast.Name)}
            if isinstance(node, ast.FunctionDef) and holds(node.body, made):
                found.add(node.name)
        if found == made:
            return made
        made = found


def holds(parts: Sequence[ast.AST], names: Collection[str]) -> bool:
    nodes = (node for part in parts for node in walk(part))
    return any(isinstance(node, ast.Name) and node.id in names for node in nodes)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
