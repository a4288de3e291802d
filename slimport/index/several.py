"""Names that imports bind to several things of the program, so that no call by them is certain.

``from small import net`` in one branch and ``from large import net`` in the other: what the name
means is known only when the program runs, and a call by it may lead to either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slimport.index.modules import Module
from slimport.index.names import Imported, Scope
from slimport.index.resolve import InTree, InTreeModule, Meaning

if TYPE_CHECKING:
    from slimport.index.program import Function, Program


@dataclass
class Several:
    """What such names may lead to.

    Attributes:
        names: the names, by the files that have them.
        functions: the functions, by the last name of what may call them.
    """

    names: dict[Module, set[str]] = field(default_factory=dict)
    functions: dict[str, dict[Function, None]] = field(default_factory=dict)


def named_severally(program: Program) -> Several:
    """All names of a program that imports bind to more than one thing."""
    found = Several()
    for module in program.modules:
        for name, meaning in (*_of_imports(program, module), *_of_stars(program, module)):
            if isinstance(meaning, InTree | InTreeModule):
                found.names.setdefault(module, set()).add(name)
                for called, function in _functions(program, name, meaning):
                    found.functions.setdefault(called, {})[function] = None
    return found


def _of_imports(program: Program, module: Module) -> Iterator[tuple[str, Meaning | None]]:
    """Names that an import binds, and something else too, with the meanings of the imports."""
    for scope in module.all_scopes():
        for name, bindings in scope.bindings.items():
            imports = [b for b in bindings if isinstance(b, Imported)] if len(bindings) > 1 else ()
            if imports and not _is_one(program, name, scope, module):
                yield from ((name, program.resolver.imported(b.dotted, module)) for b in imports)


def _is_one(program: Program, name: str, scope: Scope, module: Module) -> bool:
    """Whether all bindings of a name mean the same thing of the program."""
    meaning = program.resolver.name(name, scope, module)
    return isinstance(meaning, InTree | InTreeModule)


def _of_stars(program: Program, module: Module) -> Iterator[tuple[str, Meaning | None]]:
    """Names that an ``import *`` brings, and that mean something else in the file."""
    resolver, stars = program.resolver, module.scope.stars
    for star in stars:
        supply = resolver.imported(star, module)
        if isinstance(supply, InTreeModule) and supply.module not in (None, module):
            assert supply.module is not None
            for name in _supplied(program, supply.module):
                if len(stars) > 1 or name in module.scope.bindings:
                    meaning = resolver.name(name, supply.module.scope, supply.module)
                    if meaning != resolver.name(name, module.scope, module):
                        yield name, meaning


def _supplied(program: Program, module: Module) -> set[str]:
    """The names of a file that an ``import *`` of it brings, its own such imports included."""
    names: set[str] = set()
    seen: set[Module] = set()
    pending = [module]
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            names.update(name for name in current.scope.bindings if not name.startswith("_"))
            meanings = (program.resolver.imported(star, current) for star in current.scope.stars)
            pending += [m.module for m in meanings if isinstance(m, InTreeModule) and m.module]
    return names


def _functions(
    program: Program, name: str, meaning: InTree | InTreeModule
) -> Iterator[tuple[str, Function]]:
    """The functions that a meaning leads to, each with the last name of a call of it."""
    if isinstance(meaning, InTree):
        made = f"{meaning.qualname}.__init__"
        for function in program.by_module[meaning.module]:
            if function.node is meaning.definition.node or function.qualname == made:
                yield name, function
        return
    for module in program.modules:
        if module is meaning.module or f".{meaning.dotted}." in f".{module.dotted}.":
            for function in program.by_module[module]:
                called = function.qualname.removesuffix(".__init__")
                if called and "." not in called:
                    yield called, function
