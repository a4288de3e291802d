"""Names of other libraries that the program itself assigns: ``np.int = int``, ``slim.pad = f``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from slimport import numpy_api
from slimport.index.canonical import canonical
from slimport.index.modules import Module
from slimport.index.resolve import Api, External, Meaning
from slimport.index.walking import own_of
from slimport.tf1_api import BEFORE_1

if TYPE_CHECKING:
    from slimport.index.program import Function, Program, Reference

# Flags are set, not replaced.
_SETTINGS = ("tf.app.flags.", "tf.flags.")
_BY_NAME = frozenset({"setattr", "delattr"})


def patched_names(program: Program) -> frozenset[str]:
    """Canonical names that some file assigns or deletes, as attributes or by ``setattr``."""
    stored = {reference.api.name for f in program.all() for reference in _stored(f)}
    return frozenset(stored.union(*(_by_name(f, program) for f in program.all())))


def patched_apis(program: Program) -> Mapping[Module, frozenset[str]]:
    """Names of slim and TensorFlow that mean something else, by the files in which they do.

    ``slim.conv2d = my_conv2d`` says what the name is in all files of a process: those that the
    file imports, directly or not, those that import it, and what these import.
    """
    found: dict[Module, frozenset[str]] = {}
    for module in program.modules:
        names = frozenset(_replaced(module, program))
        for other in program.loaded_with(module) if names else ():
            found[other] = found.get(other, frozenset()) | names
    return found


def _replaced(module: Module, program: Program) -> Iterator[str]:
    for function in program.by_module[module]:
        stored = [*_stored(function)]
        shims = _shims(function) if stored else ()
        names = (r.api.name for r in stored if r.node not in shims)
        for name in (*names, *_by_name(function, program)):
            if not name.startswith(("numpy.", "tensor.", *_SETTINGS)):
                yield name


def _stored(function: Function) -> Iterator[Reference]:
    for reference in function.references:
        if not isinstance(getattr(reference.node, "ctx", ast.Load()), ast.Load):
            yield reference


def _shims(function: Function) -> set[ast.expr]:
    """What is given the object that it names: ``tf.mul = tf.multiply``."""
    apis = {reference.node: reference.api.name for reference in function.references}
    return {
        target
        for node in own_of(function.node, ast.Assign)
        if isinstance(node.value, ast.Attribute)
        for target in node.targets
        if node.value in apis and _now(apis.get(target, "")) == _now(apis[node.value])
    }


def _now(name: str) -> str:
    short = name.removeprefix("tf.")
    return BEFORE_1.get(short, short)


def _by_name(function: Function, program: Program) -> Iterator[str]:
    """Names that ``setattr(np, "int", int)`` and its like assign or delete."""
    for call in function.calls:
        if not isinstance(call.func, ast.Name) or call.func.id not in _BY_NAME:
            continue
        match call.args:
            case [owner, ast.Constant(value=name), *_]:
                yield from _attribute(program.resolve(owner, function.module), str(name))
            case [owner, _, *_]:
                if program.resolve(owner, function.module) == External("numpy"):
                    yield from numpy_api.old_names()  # a loop over names may assign any


def _attribute(owner: Meaning | None, name: str) -> Iterator[str]:
    if owner == External("numpy"):
        yield f"numpy.{name}"
    elif isinstance(owner, Api):
        yield canonical(f"{owner.spelled}.{name}") or owner.name
