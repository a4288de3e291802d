"""What a mapped function finds outside of it: values that stay, where a queue's graph ran anew."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from slimport.index.blocks import assigned, called, loaded, references_in
from slimport.index.free_names import with_inner
from slimport.index.global_steps import STEPS
from slimport.index.hand_loop import nested
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.training import is_inside
from slimport.index.walking import walk

# What gives the same in every run of a graph, and what says how examples are read.
_CONSTANT = (
    "slim.data", "slim.tfexample_decoder.", "tf.FixedLen", "tf.VarLenFeature", "tf.cast",
    "tf.compat.", "tf.constant", "tf.convert_to_tensor", "tf.expand_dims", "tf.gfile.", "tf.ones",
    "tf.range", "tf.reshape", "tf.reverse", "tf.stack", "tf.to_", "tf.transpose", "tf.zeros",
)  # fmt: skip
_TYPES = frozenset(
    """
    bool complex64 complex128 double float16 float32 float64 half int8 int16 int32 int64 string
    uint8 uint16 uint32 uint64
    """.split()
)


def finds_the_same(
    inside: Sequence[ast.AST], before: ast.stmt, function: Function, program: Program
) -> bool:
    """Whether statements of a mapped function take no tensor from above that changes.

    ``flip = tf.random_uniform([]) > 0.5`` above the reading was drawn for each example; in a
    dataset it would be one value for all.

    Args:
        inside: The statements, with the one that batches.
        before: The statement that reads.
        function: The function that holds them.
        program: The index.
    """
    changing: set[str] = set()
    for statement in nested(list(getattr(function.node, "body", []))):
        if statement is before or statement.lineno >= before.lineno:
            break
        if hasattr(statement, "body"):
            continue
        if _as_it_is([statement]) & changing or _makes_another(statement, function, program):
            changing |= assigned([statement])
        elif statement in getattr(function.node, "body", []):
            changing -= assigned([statement])
    used = loaded(inside)
    of_functions = with_inner(used, function) - used
    return not (_as_it_is(inside) | of_functions) & changing


def compares_tensors(
    inside: Sequence[ast.stmt], made: Iterable[ast.stmt], function: Function
) -> bool:
    """Whether statements ask by `==` or `!=` whether a tensor is one object with another.

    Args:
        inside: The statements.
        made: Those that read the tensors.
        function: The function that holds them.
    """
    tensors = assigned(made)
    for statement in inside:
        makes = any(is_inside(r) for r in references_in(statement, function))
        if loaded([statement]) & tensors and (makes or isinstance(statement, ast.Assign)):
            tensors |= assigned([statement])
    for node in (n for s in inside for n in walk(s)):
        if isinstance(node, ast.Compare):
            is_asked = any(isinstance(o, ast.Eq | ast.NotEq) for o in node.ops)
            sides = [n for n in (node.left, *node.comparators) if isinstance(n, ast.Name)]
            if is_asked and any(name.id in tensors for name in sides):
                return True
    return False


def _makes_another(statement: ast.stmt, function: Function, program: Program) -> bool:
    """Whether a statement makes a tensor that may be another in each run."""
    reached = closure_of(called(statement, function, program), callees)
    references = references_in(statement, function) + [r for f in reached for r in f.references]
    names = {r.api.name for r in references if is_inside(r) or r.api.name in STEPS}
    return not all(map(_is_constant, names))


def _is_constant(name: str) -> bool:
    return name.startswith(_CONSTANT) or name.removeprefix("tf.") in _TYPES


def _as_it_is(statements: Iterable[ast.AST]) -> set[str]:
    """The names that statements use themselves: not of a function, nor for an attribute."""
    nodes = [n for statement in statements for n in walk(statement)]
    taken = {id(part) for node in nodes for part in _of_others(node)}
    return loaded(n for n in nodes if isinstance(n, ast.Name) and id(n) not in taken)


def _of_others(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Attribute(value) | ast.Call(value):
            yield value
