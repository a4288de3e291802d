"""Notebooks that come alone: which carry the written module in a cell, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from slimport.files.source import Source
from slimport.index.modules import Module
from slimport.index.program import Program
from slimport.notebooks.notebook import Notebook
from slimport.report.model import FunctionForm
from slimport.rewrite.written_module import REFUSAL, State, ways_to_models, written_state
from slimport.written.assemble import assemble

EDITED = f"the cell that carries the written module {REFUSAL}"


class ModuleCells:
    """Decides for each notebook of a program.

    Args:
        program: the index.
        sources: the files as they were read.
        names: what a file needs of the written module; empty where it does not use it.
        forms: how the functions of a file that build layers came out.
        file: the module's file name.
        asked: whether notebooks without such a cell get one.
        written: modules that cells write, each with the notebook.

    Attributes:
        carrying: notebooks that need no file of the module.
        errors: why notebooks cannot be written.
        notes: remarks for the report.
    """

    def __init__(
        self,
        program: Program,
        sources: Mapping[PurePosixPath, Source],
        names: Callable[[Module], Collection[str]],
        forms: Callable[[Module], Iterable[FunctionForm]],
        file: str,
        asked: bool,
        written: Mapping[PurePosixPath, PurePosixPath],
    ) -> None:
        self._program, self._sources, self._names_of = program, sources, names
        self._forms_of, self._written = forms, written
        self.carrying: set[PurePosixPath] = set()
        self.errors: dict[PurePosixPath, str] = {}
        self.notes: list[str] = []
        for module, notebook in self._notebooks(asked):
            self._decide(module, notebook, file)

    def _notebooks(self, asked: bool) -> Iterator[tuple[Module, Notebook]]:
        for module in self._program.modules:
            holder = self._sources[module.path].container
            if not isinstance(holder, Notebook):
                continue
            if holder.carried is not None or (asked and self._names(module)):
                yield module, holder

    def _names(self, module: Module) -> set[str]:
        """What a file needs, with the modules that its cells write."""
        return {name for part in self._parts(module) for name in self._names_of(part)}

    def _parts(self, module: Module) -> list[Module]:
        own = {path for path, notebook in self._written.items() if notebook == module.path}
        return [m for m in self._program.modules if m is module or m.path in own]

    def _text(self, module: Module, old: str | None) -> str:
        """The written module of a notebook, which may have one already."""
        forms = (form for part in self._parts(module) for form in self._forms_of(part))
        ways = ways_to_models(forms, None if old is None else old.encode())
        return assemble(self._names(module) | ways)

    def _decide(self, module: Module, notebook: Notebook, file: str) -> None:
        own = {path for path, written_by in self._written.items() if written_by == module.path}
        connected = [m for m in self._program.connected(module) if m is not module]
        others = [m for m in connected if m.path not in own and self._names(m)]
        if others:
            other = min(m.path for m in others)
            text = f"{other} of its program needs the written module, too: it is a file for both"
            self.notes.append(f"{module.path}: {text}")
            return
        if not notebook.can_carry:
            text = "a notebook of a format before 4: the written module is a file beside it"
            self.notes.append(f"{module.path}: {text}")
            return
        self.carrying |= {module.path, *own}
        old = notebook.carried
        if old is None:
            notebook.module = file, self._text(module, old)
            self.notes.append(f"{module.path}: its first code cell carries the written module")
            return
        state = written_state(old.encode(), self._names(module))
        if state is State.REFUSED:
            self.errors[module.path] = EDITED
        elif state is State.REPLACEABLE:
            notebook.module = file, self._text(module, old)
        else:
            text = "the cell that carries the written module was edited: it is kept"
            self.notes.append(f"{module.path}: {text}")
