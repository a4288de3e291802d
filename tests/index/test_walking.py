"""A syntax tree is numbered once; what is asked about a part of it is cut out of one list."""

from __future__ import annotations

import ast

from slimport.index.walking import all_of, children, own_nodes, own_of, parents, walk

CODE = """
@decorator(1)
def outer(a, *rest, b=2 ** 3, **more):
    class Inner(Base):
        size = [x for x in a if not x]

    def inner(y: int) -> str:
        return {**more, 'y': -y}['y'] < 1 < a.b.c

    with open(a) as f, lock:
        a += inner(lambda z: z or f)
    return a
"""
_NOT_WALKED = (ast.boolop, ast.cmpop, ast.expr_context, ast.operator, ast.unaryop)


def _of_ast(node: ast.AST) -> list[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, _NOT_WALKED)]


def _in_order(node: ast.AST) -> list[ast.AST]:
    return [node, *(inner for child in _of_ast(node) for inner in _in_order(child))]


def test_every_part_of_a_tree_is_walked_in_the_order_of_its_fields() -> None:
    tree = ast.parse(CODE)
    above = parents(tree)
    for node in _in_order(tree):
        assert list(walk(node)) == _in_order(node)
        assert children(node) == _of_ast(node)
        assert all(above[child] is node for child in children(node))


def test_a_part_that_was_asked_about_first_stays_a_part() -> None:
    tree = ast.parse(CODE)
    first = tree.body[0]
    assert isinstance(first, ast.FunctionDef)
    assert list(walk(first.body[-1])) == _in_order(first.body[-1])
    assert list(walk(tree)) == _in_order(tree)
    default = first.args.kw_defaults[0]
    assert default is not None
    assert list(walk(ast.Expr(default)))[1:] == _in_order(default)  # made by somebody who asks
    assert parents(tree)[default] is first.args
    assert parents(tree)[first.args] is first


def test_nodes_of_some_classes_come_in_order() -> None:
    tree = ast.parse(CODE)
    for node in _in_order(tree):
        kinds = (ast.Name, ast.Call, ast.arg)
        assert all_of(node, *kinds) == [n for n in _in_order(node) if type(n) in kinds]
        assert all_of(node, ast.Call) == [n for n in _in_order(node) if type(n) is ast.Call]


def test_own_nodes_leave_out_what_is_in_definitions() -> None:
    function = ast.parse(CODE).body[0]
    assert isinstance(function, ast.FunctionDef)
    own = own_nodes(function)
    assert function.body[0] in own and function.body[1] in own
    assert not {n.id for n in own if isinstance(n, ast.Name)} & {"Base", "x", "y", "str", "more"}
    assert {"decorator", "open", "lock", "f", "z"} <= {n.id for n in own if isinstance(n, ast.Name)}


def test_own_nodes_of_some_classes() -> None:
    for tree in (ast.parse(CODE), ast.parse(CODE).body[0]):  # a part that was asked about first
        for node in _in_order(tree):
            kinds = (ast.Name, ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.Return)
            assert own_of(node, *kinds) == [n for n in own_nodes(node) if type(n) in kinds]
