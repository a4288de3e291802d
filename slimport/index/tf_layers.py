"""TensorFlow 1's own layers and recurrent cells: which functions make their variables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from slimport.index.canonical import is_slim
from slimport.index.resolve import Api, InTree
from slimport.index.walking import all_of

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

_OWNERS = ("tf.nn.rnn_cell", "tf.contrib.rnn")
# What is left and marked makes nothing that the written module knows of, so it is not here.
_FUNCTIONS = (
    "average_pooling1d average_pooling2d average_pooling3d batch_normalization conv1d conv2d "
    "conv2d_transpose conv3d conv3d_transpose dense dropout flatten max_pooling1d max_pooling2d "
    "max_pooling3d separable_conv1d separable_conv2d"
).split()
_CELLS = (
    "BasicLSTMCell BasicRNNCell DeviceWrapper DropoutWrapper GRUCell LSTMCell LSTMStateTuple "
    "MultiRNNCell RNNCell ResidualWrapper"
).split()
_LOOPS = "bidirectional_dynamic_rnn dynamic_rnn raw_rnn static_bidirectional_rnn static_rnn".split()

TF_LAYERS = frozenset(f"tf.layers.{name}" for name in _FUNCTIONS)
CELLS = frozenset(f"{owner}.{name}" for owner in _OWNERS for name in _CELLS)
# What runs cells, and so makes their variables.
LOOPS = frozenset(f"tf.nn.{name}" for name in _LOOPS) | {
    "tf.contrib.rnn.static_bidirectional_rnn",
    "tf.contrib.rnn.static_rnn",
}
# The methods of a cell that TensorFlow calls.
_STEPS = ("__call__", "build", "call")


def functions_with_tf_layers(program: Program) -> set[Function]:
    """The functions that make variables of TensorFlow 1's own layers.

    None in a tree that knows TensorFlow 1 as `tensorflow.compat.v1` alone: no rule touches it.
    """
    found: set[Function] = set()
    is_rewritten = False
    for function in program.all():
        for reference in function.references:
            of_tf1 = reference.api.spelled.startswith("tensorflow.compat.v1")
            is_layer = reference.api.name in TF_LAYERS | CELLS | LOOPS
            is_rewritten |= is_slim(reference.api.name) or (is_layer and not of_tf1)
            if is_layer:
                found.add(function)
    return found | _methods_of_cells(program) if found and is_rewritten else set()


def _methods_of_cells(program: Program) -> set[Function]:
    """What TensorFlow's loops call of the program's own cells, as no code in the tree does."""
    classes = [
        (node, module)
        for module in program.modules
        for node in all_of(module.tree, ast.ClassDef)
        if node.bases
    ]
    cells: set[ast.AST] = set()
    grown = True
    while grown:  # a cell may be derived from another one of the program
        found: set[ast.AST] = {
            node
            for node, module in classes
            if any(_is_cell(program, base, module, cells) for base in node.bases)
        }
        grown, cells = found != cells, found
    bodies = (program.functions.get(node) for cell in cells for node in ast.iter_child_nodes(cell))
    return {f for f in bodies if f is not None and getattr(f.node, "name", "") in _STEPS}


def _is_cell(program: Program, base: ast.expr, module: Module, cells: set[ast.AST]) -> bool:
    meaning = program.resolve(base, module)
    if isinstance(meaning, InTree):
        return meaning.definition.node in cells
    return isinstance(meaning, Api) and meaning.name in CELLS
