"""Code that computes in other floating-point types than float32.

TF-Slim makes the variables of a layer in the type of what the layer is given
(``tf_slim/layers/layers.py``: ``dtype=inputs.dtype.base_dtype``). A Keras layer casts what it is
given to its own type, which is float32 unless told otherwise.
"""

from __future__ import annotations

import ast

from slimport.index.program import Function, Program
from slimport.index.walking import own_nodes

_OTHERS = frozenset("bfloat16 double float16 float64 half to_bfloat16 to_double".split())


def with_other_floats(program: Program) -> set[Function]:
    """The functions that tensors of other types may reach.

    What names such a type, its callers, and all that these call.
    """
    naming = [function for function in program.all() if _names_other_float(function)]
    return program.links.reached(program.links.reached(naming, up=True), up=False)


def _names_other_float(function: Function) -> bool:
    return any(_name(node) in _OTHERS for node in own_nodes(function.node))


def _name(node: ast.AST) -> object:
    """``float64`` of ``tf.float64``, of a name, or of a text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    return getattr(node, "attr", getattr(node, "id", None))
