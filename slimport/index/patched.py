"""Names of other libraries that the program itself assigns: ``np.int = int``, ``slim.pad = f``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from slimport import numpy_api
from slimport.index.canonical import canonical
from slimport.index.modules import Module
from slimport.index.resolve import Api, External, Meaning
from slimport.index.walking import all_of
from slimport.tf1_api import BEFORE_1

if TYPE_CHECKING:
    from slimport.index.program import Program

# Flags are set, not replaced.
_SETTINGS = ("tf.app.flags.", "tf.flags.")
_BY_NAME = frozenset({"setattr", "delattr"})


def patched_names(program: Program) -> frozenset[str]:
    """Canonical names that some file assigns or deletes, as attributes or by ``setattr``."""
    modules = program.modules
    stored = {name for module in modules for _, name in _stored(module, program)}
    return frozenset(stored.union(*(_by_name(module, program) for module in modules)))


def patched_apis(program: Program) -> Mapping[Module, frozenset[str]]:
    """Names of slim and TensorFlow that mean something else, by the files in which they do.

    ``slim.conv2d = my_conv2d`` says what the name is in all files of a process: those that the
    file imports, directly or not, those that import it, and what these import.

    Asked before references are collected, which are known by the names that are in doubt.
    """
    found: dict[Module, frozenset[str]] = {}
    for module in program.modules:
        names = frozenset(_replaced(module, program))
        for other in program.loaded_with(module) if names else ():
            found[other] = found.get(other, frozenset()) | names
    return found


def _replaced(module: Module, program: Program) -> Iterator[str]:
    stored = [*_stored(module, program)]
    shims = _shims(module, program) if stored else ()
    names = (name for node, name in stored if node not in shims)
    for name in (*names, *_by_name(module, program)):
        if not name.startswith(("numpy.", *_SETTINGS)):
            yield name


def _stored(module: Module, program: Program) -> Iterator[tuple[ast.Attribute, str]]:
    for node in all_of(module.tree, ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            name = _api(node, module, program)
            if name is not None:
                yield node, name


def _shims(module: Module, program: Program) -> set[ast.expr]:
    """What is given the object that it names: ``tf.mul = tf.multiply``."""
    return {
        target
        for node in all_of(module.tree, ast.Assign)
        if isinstance(node.value, ast.Attribute)
        for target in node.targets
        if (name := _api(node.value, module, program)) is not None
        if _now(_api(target, module, program) or "") == _now(name)
    }


def _api(node: ast.expr, module: Module, program: Program) -> str | None:
    meaning = program.resolve(node, module)
    return meaning.name if isinstance(meaning, Api) else None


def _now(name: str) -> str:
    short = name.removeprefix("tf.")
    return BEFORE_1.get(short, short)


def _by_name(module: Module, program: Program) -> Iterator[str]:
    """Names that ``setattr(np, "int", int)`` and its like assign or delete."""
    if module.words.isdisjoint(_BY_NAME):
        return
    for call in all_of(module.tree, ast.Call):
        if not isinstance(call.func, ast.Name) or call.func.id not in _BY_NAME:
            continue
        match call.args:
            case [owner, ast.Constant(value=name), *_]:
                yield from _attribute(program.resolve(owner, module), str(name))
            case [owner, _, *_]:
                if program.resolve(owner, module) == External("numpy"):
                    yield from numpy_api.old_names()  # a loop over names may assign any


def _attribute(owner: Meaning | None, name: str) -> Iterator[str]:
    if owner == External("numpy"):
        yield f"numpy.{name}"
    elif isinstance(owner, Api):
        yield canonical(f"{owner.spelled}.{name}") or owner.name
