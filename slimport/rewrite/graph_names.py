"""What TensorFlow's tensors have and KerasTensors lack: their names in a graph, and the graph.

`net.op` and `net.graph` end in an AttributeError, `net.name` does not: a KerasTensor has a name of
its own (`keras_tensor_3`), which would be another key in a dictionary of end points.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.graph_lookups import GraphLookups
from slimport.index.names import Assigned
from slimport.index.program import Function, Program
from slimport.index.resolve import Api
from slimport.index.walking import all_of
from slimport.rewrite.layers import LayerRule
from slimport.rewrite.registry import rule_for
from slimport.rewrite.tensors import TensorRule

_OF_GRAPHS = frozenset({"graph", "name", "op"})
# Methods of a `tf.Graph`: whatever has them behind `.graph` is no KerasTensor.
_ASKED_OF_A_GRAPH = frozenset(
    "as_graph_def get_all_collection_keys get_collection get_operation_by_name get_operations "
    "get_tensor_by_name".split()
)


def graph_names(function: Function, program: Program) -> Iterator[str]:
    """Yields why a function that asks a tensor for such a thing cannot run on KerasTensors.

    Only names that layers, or functions with an equivalent, are assigned to are known as tensors.
    A graph that is searched is TensorFlow's, whatever it is the graph of.
    """
    for node in all_of(function.node, ast.Attribute):
        match node:
            case ast.Attribute(ast.Attribute(ast.Name(), "graph"), method):
                if method in _ASKED_OF_A_GRAPH:
                    yield f"{ast.unparse(node)} looks into a graph of TensorFlow"
        if node.attr not in _OF_GRAPHS or not isinstance(node.value, ast.Name):
            continue
        if _is_tensor(node.value, function, program):
            yield f"{ast.unparse(node)} is asked for: a KerasTensor is in no graph of TensorFlow"


def names_looked_up(function: Function, lookups: GraphLookups) -> Iterator[str]:
    """Yields why a function whose operations a program finds by name keeps TensorFlow's own.

    Those of Keras take no name: ``get_tensor_by_name('probs:0')`` would find nothing.
    """
    for reference in function.references:
        rule = rule_for(reference.api.name)
        if not isinstance(rule, TensorRule) or rule.of_written_module or reference.call is None:
            continue
        given = [*reference.call.args, *(keyword.value for keyword in reference.call.keywords)]
        texts = (part.value for part in given if isinstance(part, ast.Constant))
        for name in (text for text in texts if isinstance(text, str)):
            if name.rpartition("/")[2] in lookups.of(function.module):
                yield f"the program looks {name!r} up in its graph"


def _is_tensor(node: ast.Name, function: Function, program: Program) -> bool:
    module = function.module
    scope = module.scopes.scope_of.get(node, module.scope)
    _, bindings = scope.lookup(node.id) or (scope, [])
    calls = (b.value for b in bindings if isinstance(b, Assigned) and isinstance(b.value, ast.Call))
    return any(_makes_tensor(call, function, program) for call in calls)


def _makes_tensor(call: ast.Call, function: Function, program: Program) -> bool:
    meaning = program.resolve(call.func, function.module)
    rule = rule_for(meaning.name) if isinstance(meaning, Api) else None
    return isinstance(rule, LayerRule | TensorRule)
