"""A share of a tree's files, as large as any other, for machines that work side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from slimport.index.modules import Module
from slimport.index.program import Program, closure_of


@dataclass(frozen=True)
class Shard:
    """Share `number` of `count`, from 1."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ValueError(f"there is no shard {self.number} of {self.count}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``2/5`` is the second of five.

        Raises:
            ValueError: it is something else.
        """
        number, slash, count = text.partition("/")
        if not slash or not number.isdecimal() or not count.isdecimal():
            raise ValueError(f"{text!r} is not of the form I/N")
        return cls(int(number), int(count))

    def of(self, sizes: Mapping[PurePosixPath, int]) -> set[PurePosixPath]:
        """The files of this share: the same for every run over the same tree."""
        loads = [0] * self.count
        mine = set()
        for path, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            lightest = loads.index(min(loads))
            loads[lightest] += size + 1
            if lightest == self.number - 1:
                mine.add(path)
        return mine


def reaching(program: Program, paths: set[PurePosixPath]) -> set[Module]:
    """Files outside of these that name something through them, and may need what they import."""
    inside = {module for module in program.modules if module.path in paths}
    importers: dict[Module, set[Module]] = {module: set() for module in program.modules}
    for importer, imported in program.imports.items():
        for module in imported:
            importers[module].add(importer)
    near = closure_of(inside, importers.__getitem__) - inside
    return {module for module in near if _names_through(module, inside, program)}


def _names_through(module: Module, inside: set[Module], program: Program) -> bool:
    through = program.resolver.through
    return any(
        owner in inside
        for function in program.by_module[module]
        for reference in function.references
        for owner, _ in through(reference.node, reference.scope, module)
    )
