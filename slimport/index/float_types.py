"""Code that computes in other floating-point types than float32.

TF-Slim makes the variables of a layer in the type of what the layer is given
(``tf_slim/layers/layers.py``: ``dtype=inputs.dtype.base_dtype``). A Keras layer casts what it is
given to its own type, which is float32 unless told otherwise.
"""

from __future__ import annotations

import ast

from slimport.index.modules import Module
from slimport.index.program import Function, Program
from slimport.index.walking import all_of, own_nodes

_OTHERS = frozenset("bfloat16 double float16 float64 half to_bfloat16 to_double".split())


def with_other_floats(program: Program) -> set[Function]:
    """The functions that tensors of other types may reach.

    What names such a type, its callers, and all that these call.
    """
    modules = (module for module in program.modules if _may_name_one(module))
    functions = (function for module in modules for function in program.by_module[module])
    naming = [function for function in functions if _names_other_float(function)]
    return program.links.reached(program.links.reached(naming, up=True), up=False)


def _may_name_one(module: Module) -> bool:
    """Whether some place of a file does: few files do, and to ask each function takes long."""
    texts = all_of(module.tree, ast.Constant)
    return not module.words.isdisjoint(_OTHERS) or any(text.value in _OTHERS for text in texts)


def _names_other_float(function: Function) -> bool:
    return any(_name(node) in _OTHERS for node in own_nodes(function.node))


def _name(node: ast.AST) -> object:
    """``float64`` of ``tf.float64``, of a name, or of a text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    return getattr(node, "attr", getattr(node, "id", None))
