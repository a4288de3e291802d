"""slim's `deployment/model_deploy.py`: clones of a network on several devices.

It is no part of the slim package: scripts have a copy of it in their own tree, or find slim's
research models on the path. A copy counts as long as what it computes is what was published.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

from slimport.index.program import Function, Program
from slimport.index.resolve import External, InTree

CONFIG, CREATE, OPTIMIZE = "DeploymentConfig", "create_clones", "optimize_clones"
_MODULE = "model_deploy"
# What a function computes (`computed_by`), by its name in the module. The copies of ten
# repositories of 2016 to 2021 agree in these; they differ in summaries and in Python's age.
_PUBLISHED = {
    "create_clones": "ecd32663bb7a63d4",
    "_gather_clone_loss": "57efa4778231e6cf",
    "_optimize_clone": "241b9c9648fe2786",
    "optimize_clones": "7848c1cf1ed6ff9f",
    "_sum_clones_gradients": "7de54f7344a84ea2",
}
_USED = {
    CREATE: (CREATE,),
    OPTIMIZE: (OPTIMIZE, "_gather_clone_loss", "_optimize_clone", "_sum_clones_gradients"),
    CONFIG: (),
}
# What Python 3 and TensorFlow call it today.
_RENAMED = {"xrange": "range", "tf.div": "tf.divide", "tf.math.divide": "tf.divide"}


def names_model_deploy(dotted: str) -> bool:
    """Whether an imported name is the module, or something in it."""
    return _MODULE in dotted.split(".")[-2:]


def deployed(call: ast.Call | None, function: Function, program: Program) -> str | None:
    """The function or class of `model_deploy` that a call means, `None` for any other.

    Args:
        call: A call of the function.
        function: The function.
        program: The index.
    """
    meaning = program.resolve(call.func, function.module) if call is not None else None
    if isinstance(meaning, External):
        module, _, name = meaning.dotted.rpartition(".")
        return name if module.rpartition(".")[2] == _MODULE and name in _USED else None
    if isinstance(meaning, InTree) and meaning.module.dotted.rpartition(".")[2] == _MODULE:
        return meaning.qualname if meaning.qualname in _USED else None
    return None


def changed(call: ast.Call, function: Function, program: Program) -> str | None:
    """The function of the tree's copy that computes something else than the published one."""
    meaning = program.resolve(call.func, function.module)
    if not isinstance(meaning, InTree):
        return None
    inside = {f.qualname: f for f in program.by_module[meaning.module]}
    for name in _USED[meaning.qualname]:
        if name not in inside or computed_by(inside[name]) != _PUBLISHED[name]:
            return name
    return None


def computed_by(function: Function) -> str:
    """A digest of what a function computes.

    Docstrings, summaries, prints and what errors say leave it as it is, so do the names that its
    file knows TensorFlow's and slim's functions by.
    """
    names = {id(r.node): r.api.name for r in function.references}
    summaries = {r.call for r in function.references if r.api.name.startswith("tf.summary.")}
    written = "\n".join(_written(function.node, names, summaries))
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def _written(
    node: ast.AST, names: dict[int, str], summaries: set[ast.Call | None]
) -> Iterator[str]:
    """The tree of a node as lines, whatever version of Python parsed it."""
    name = names.get(id(node), node.id if isinstance(node, ast.Name) else None)
    if name is not None:
        yield f"name {_RENAMED.get(name, name)}"
        return
    if isinstance(node, ast.Expr) and _is_silent(node.value, summaries):
        return
    yield type(node).__name__
    if isinstance(node, ast.Raise):
        return
    for field in node._fields:
        if field in ("ctx", "kind", "type_comment", "type_params", "decorator_list", "returns"):
            continue
        value = getattr(node, field)
        yield f"{field}:"
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _written(part, names, summaries)
            elif part is not None:
                yield repr(part)


def _is_silent(value: ast.expr, summaries: set[ast.Call | None]) -> bool:
    """Whether a statement of a value computes nothing that anything else uses."""
    match value:
        case ast.Constant():
            return True
        case ast.Call(ast.Name("print"), args, []):
            return all(isinstance(a, ast.Constant | ast.Name | ast.Attribute) for a in args)
    return value in summaries
