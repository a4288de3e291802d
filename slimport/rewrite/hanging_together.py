"""Which files hang together: what one of them became may decide what others mean."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from slimport.files.surroundings import LOADERS
from slimport.index.modules import Module
from slimport.index.program import Program, closure_of
from slimport.index.walking import walk

# What else may find a module by a name that the program makes up.
_FINDERS = ("find_spec", "iter_modules", "locate", "walk_packages")
_LOADERS = re.compile(rf"\b({'|'.join((*LOADERS, *_FINDERS))})\s*\(")
_BY_NAME = ("import_module", "__import__", "run_module")
_LIBRARIES = frozenset("tensorflow tf_slim keras numpy".split())


def programs(program: Program, concerns: Callable[[Module], bool]) -> list[set[Module]]:
    """The files in groups of those that hang together.

    Wider than `Program.connected`: a bare name may be a file in any folder, and where names of
    modules are made up as the program runs, any file may be meant. But two programs that share a
    helper of which nothing changes, nor of what it imports, have nothing to do with each other.

    Args:
        concerns: whether anything in a file may change.
    """
    near: dict[Module, set[Module]] = {m: set(program.imports[m]) for m in program.modules}
    by_name: dict[str, list[Module]] = {}
    for module in program.modules:
        by_name.setdefault(module.dotted.rpartition(".")[2], []).append(module)
    for module in program.modules:
        for dotted in _imported(module, program):
            near[module].update(by_name.get(dotted.rpartition(".")[2], ()))
        if any(_LOADERS.search(line) for line in module.lines):
            near[module].update(_loaded(module, program))
    importers: dict[Module, set[Module]] = {module: set() for module in program.modules}
    for module, others in near.items():
        for other in others:
            importers[other].add(module)
    binding = closure_of(filter(concerns, program.modules), importers.__getitem__)
    near = {
        module: (others | importers[module]) & binding if module in binding else set()
        for module, others in near.items()
    }
    found: list[set[Module]] = []
    seen: set[Module] = set()
    for module in program.modules:
        if module not in seen:
            found.append(closure_of([module], near.__getitem__))
            seen |= found[-1]
    return found


def _imported(module: Module, program: Program) -> Iterator[str]:
    """Names of modules that the file imports, and that the index has found nowhere."""
    for node in walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
            if program.table.find(node.module, module) is None:
                names += [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.partition(".")[0] not in _LIBRARIES and not program.table.find(name, module):
                yield name


def _loaded(module: Module, program: Program) -> Iterator[Module]:
    """The files that the file loads by name: all, where the name is not written down in it."""
    for node in walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if not _LOADERS.fullmatch(f"{name}("):
            continue
        first = node.args[0] if node.args else None
        if name in _BY_NAME and isinstance(first, ast.Constant) and isinstance(first.value, str):
            if first.value.startswith("."):
                yield from program.modules
            elif found := program.table.find(first.value, module):
                yield found
        else:
            yield from program.modules
