"""Static shapes and types: what code asks of them, and what they are compared with."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from slimport.index.asked_types import asked_types
from slimport.index.modules import Module
from slimport.index.names import Assigned, Binding, Scope, Unpacked
from slimport.index.walking import all_of

# What a `tf.TensorShape` has beside a tuple's own.
_OF_SHAPES = frozenset(
    "assert_has_rank assert_is_compatible_with assert_is_fully_defined assert_same_rank as_proto "
    "concatenate dims is_compatible_with is_fully_defined merge_with num_elements with_rank "
    "with_rank_at_least with_rank_at_most".split()
)
_ASKING = _OF_SHAPES | {"as_list", "get_shape", "ndims", "rank", "set_shape", "value"}
_SHAPES = ("get_shape", "shape")
COMPARED = "shape.compared"
UNKNOWN_SIZES = "shape.unknown_sizes"
SIZES_AS_OBJECTS = "shape.sizes_as_objects"
IN_TEXT = "shape.in_text"
# Where layers keep their channels: a size that each of them needs to know.
_CHANNELS = frozenset({-1, 3})
# Names that are being followed already: `s = s[1:]` refers to itself.
_Seen = frozenset[tuple[Scope, str]]
_Test = Callable[[ast.expr, Scope, _Seen], bool]


class Shapes:
    """The questions of one module; they are asked of tensors, whatever their names.

    Attributes:
        asking: the names of the attributes that may ask one.
    """

    def __init__(self, module: Module) -> None:
        tree, scope_of = module.tree, module.scopes.scope_of
        self._compared: dict[ast.expr, str] = {}
        if not module.words.isdisjoint(_SHAPES):  # most files have none
            self._compared |= _compared(tree, scope_of)
            self._compared |= dict.fromkeys(_taken_as_objects(tree, scope_of), SIZES_AS_OBJECTS)
            self._compared |= dict.fromkeys(_in_texts(tree), IN_TEXT)
        if "dtype" in module.words:
            self._compared |= dict.fromkeys(asked_types(tree, scope_of), "dtype")
        compared = {node.attr for node in self._compared if isinstance(node, ast.Attribute)}
        self.asking = _ASKING | compared

    def asked(
        self, node: ast.Attribute, call: ast.Call | None, scope: Scope
    ) -> tuple[str, ast.expr]:
        """What an attribute (`call` is the call of it) asks of a shape, and all that belongs to it.

        ``x.get_shape().as_list()`` is "as_list"; "" where nothing is asked.
        """
        if node.attr in ("get_shape", "set_shape") and call is not None:
            return self._compared.get(call, node.attr), call
        if node.attr == "as_list" and call is not None and _is_shape(node.value, scope):
            return "as_list", call
        if node.attr in ("ndims", "rank") and _is_shape(node.value, scope):
            return "ndims", node
        if node.attr in _OF_SHAPES and _is_shape(node.value, scope):
            return f"shape.{node.attr}", call or node
        if node.attr == "value" and _is_dimension(node.value, scope):
            return "value", node
        return self._compared.get(node, ""), node


def sizes_beside_none(
    tree: ast.Module, scope_of: dict[ast.AST, Scope]
) -> Iterator[tuple[ast.Compare, bool]]:
    """Yields comparisons of a size with None, and what TF 1 made of them.

    A `Dimension` was never None, and `==` and `!=` of it and None were both None, which is no more
    true than False (tensorflow/python/framework/tensor_shape.py, `Dimension.__eq__`).
    """
    for node in all_of(tree, ast.Compare):
        if len(node.ops) == 1 and _is_none(node.comparators[0]):
            size, scope = node.left, scope_of[node]
            if _is_dimension(size, scope) and _asked_of_tensor(size, scope) is not None:
                yield node, isinstance(node.ops[0], ast.IsNot)


def _compared(tree: ast.Module, scope_of: dict[ast.AST, Scope]) -> Iterator[tuple[ast.expr, str]]:
    """Yields the shapes that comparisons are made with, and the kind of each."""
    loud = set(_ending_loudly(tree))
    for node in all_of(tree, ast.Compare):
        match node:
            case ast.Compare(left, [ast.Eq() | ast.NotEq() as operator], [right]):
                scope = scope_of[node]
                for side, other in ((left, right), (right, left)):
                    found = _beside_list(side, other) or _asked_of_tensor(side, scope)
                    kind = _kind(operator, side, other, scope)
                    if found is not None and kind:
                        yield found, COMPARED if node in loud else kind
                        break


def _kind(operator: ast.cmpop, side: ast.expr, other: ast.expr, scope: Scope) -> str:
    if _is_shape(side, scope):
        sizes = getattr(other, "elts", None)
        unknown = _is_shape(other, scope) or (sizes is not None and any(map(_is_none, sizes)))
        return UNKNOWN_SIZES if unknown else COMPARED
    if isinstance(operator, ast.Eq) or not _is_dimension(side, scope):
        return ""
    unknown = not _is_dimension(other, scope) and not _is_none(other)
    return UNKNOWN_SIZES if unknown and not _positions(side, scope) <= _CHANNELS else ""


def _taken_as_objects(tree: ast.Module, scope_of: dict[ast.AST, Scope]) -> Iterator[ast.expr]:
    """Yields shapes whose sizes are asked whether they are true, or whether None is among them.

    TF 1 had an object for each size, also for one that it did not know: it was true, and not None.
    """
    for size in _asked_for_truth(tree):
        if size in scope_of and _is_dimension(size, scope_of[size]):
            yield from filter(None, [_asked_of_tensor(size, scope_of[size])])
    for node in all_of(tree, ast.Compare):
        match node:
            case ast.Compare(ast.Constant(None), [ast.In() | ast.NotIn()], [shape]):
                if _is_shape(shape, scope_of[node]):
                    yield from filter(None, [_asked_of_tensor(shape, scope_of[node])])


def _asked_for_truth(tree: ast.Module) -> Iterator[ast.expr]:
    yield from (branch.test for branch in all_of(tree, ast.If))
    yield from (choice.test for choice in all_of(tree, ast.IfExp))
    for operation in all_of(tree, ast.BoolOp):
        yield from operation.values
    for negated in all_of(tree, ast.UnaryOp):
        if isinstance(negated.op, ast.Not):
            yield negated.operand


def _in_texts(tree: ast.Module) -> Iterator[ast.expr]:
    """Yields each ``x.get_shape()`` of ``"%s" % x.get_shape()``, which takes a tuple apart."""
    for node in all_of(tree, ast.BinOp):
        match node:
            case ast.BinOp(ast.Constant(str()), ast.Mod(), shape):
                if _is_shape_itself(shape):
                    yield shape


def _ending_loudly(tree: ast.Module) -> Iterator[ast.AST]:
    """What decides whether an error is raised, and nothing else."""
    for check in all_of(tree, ast.Assert):
        yield from all_of(check, ast.Compare)
    for branch in all_of(tree, ast.If):
        if all(isinstance(s, ast.Raise) for s in branch.body) and not branch.orelse:
            yield from all_of(branch.test, ast.Compare)


def _asked_of_tensor(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> ast.expr | None:
    """The ``x.get_shape()`` that a shape or a size comes from: only tensors have that method."""
    match node:
        case ast.Name(name):
            owner, bindings = scope.lookup(name) or (scope, [])
            values = [b.value for b in bindings if isinstance(b, Assigned | Unpacked)]
            if (owner, name) in seen or len(values) < len(bindings):
                return None
            seen |= {(owner, name)}
            found = {_asked_of_tensor(v, owner, seen) for v in values} - {None}
            return found.pop() if len(found) == 1 else None
        case ast.Subscript(value):
            return _asked_of_tensor(value, scope, seen)
        case ast.Call(ast.Attribute(attr="get_shape")):
            return node
    return None


def _beside_list(side: ast.expr, other: ast.expr) -> ast.expr | None:
    """The shape of ``x.shape == [2, 3]``, which only a tensor is asked: no tuple equals a list."""
    while isinstance(side, ast.Subscript) and isinstance(side.slice, ast.Slice):
        side = side.value
    is_shape = isinstance(side, ast.Attribute) and side.attr == "shape"
    return side if is_shape and isinstance(other, ast.List) else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _positions(node: ast.expr, scope: Scope) -> set[int | None]:
    """Where a size stands in its shape: that of ``x.get_shape()[1]``, or of a name for one."""
    if isinstance(node, ast.Name):
        owner, bindings = scope.lookup(node.id) or (scope, [])
        places = [_place(binding, owner) for binding in bindings]
        return set().union(*places)
    try:
        return {int(ast.literal_eval(node.slice))} if isinstance(node, ast.Subscript) else {None}
    except (ValueError, TypeError):
        return {None}


def _place(binding: Binding, owner: Scope) -> set[int | None]:
    match binding:
        case Assigned(ast.Subscript() as size):
            return _positions(size, owner)
        case Unpacked(ast.Call() | ast.Attribute(), position):
            return {position}
    return {None}


def _is_shape_itself(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Attribute(attr="get_shape")) | ast.Attribute(attr="shape"):
            return True
    return False


def _is_shape(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """``x.get_shape()`` or ``x.shape``, a part of one, or a name for one."""
    match node:
        case ast.Name():
            return _is_name_of(node, scope, _is_shape, seen)
        case ast.Subscript(value, ast.Slice()):
            return _is_shape(value, scope, seen)
    return _is_shape_itself(node)


def _is_dimension(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """An element of a shape, or a name for one: ``n, h = x.shape``, ``for d in x.shape``."""
    if isinstance(node, ast.Name):
        return _is_name_of(node, scope, _is_dimension, seen)
    return isinstance(node, ast.Subscript) and _is_shape(node.value, scope, seen)


def _is_name_of(node: ast.Name, scope: Scope, test: _Test, seen: _Seen) -> bool:
    """Whether whatever is bound to a name passes a test; ``x = x.shape`` alone tells nothing."""
    owner, bindings = scope.lookup(node.id) or (scope, [])
    if (owner, node.id) in seen:
        return False
    seen |= {(owner, node.id)}
    return bool(bindings) and all(_passes(binding, owner, test, seen) for binding in bindings)


def _passes(binding: Binding, owner: Scope, test: _Test, seen: _Seen) -> bool:
    if isinstance(binding, Assigned):
        return not isinstance(binding.value, ast.Name) and test(binding.value, owner, seen)
    if not isinstance(binding, Unpacked):
        return False
    value = binding.value
    if isinstance(value, ast.Tuple | ast.List) and binding.position is not None:
        elements = value.elts
        return binding.position < len(elements) and test(elements[binding.position], owner, seen)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
        value = value.value
    is_name = isinstance(value, ast.Name)
    return test is _is_dimension and not is_name and _is_shape(value, owner, seen)
