"""Which files were written for TensorFlow 1, and which keep its names (`tensorflow.compat.v1`)."""

from __future__ import annotations

import ast
from functools import cache

from slimport.index.canonical import is_slim
from slimport.index.modules import Module
from slimport.index.names import Imported
from slimport.index.program import Function, Program, Reference, closure_of
from slimport.index.sessions import Sessions, Start
from slimport.rewrite.tf1 import became, only_in_tf1
from slimport.tf1_api import only_in_tf2

# Spelled from `tensorflow` on, these are not to be had from `tensorflow.compat.v1`; and a file that
# says `tf.compat.v1` where it wants TensorFlow 1 means TensorFlow 2 by `tf`.
_ELSEWHERE = ("tensorflow.python.", "tensorflow.core.", "tensorflow.compat.v")
# Kinds of names that TensorFlow 2 has elsewhere; what it has nowhere is no reason to switch.
_MOVED = ("renamed", "compat")


# Of the written module: files that import one of them read datasets in TensorFlow 2's way.
_OF_FIT = frozenset({"Checkpoints", "LogLoss", "StopAtStep", "next_batch", "queued_files"})


class Tf1Files:
    """Answers per file.

    Args:
        program: the index.
        keeps_sessions: false where the user leaves sessions behind.
        trained: functions whose loop on sessions becomes fit.
    """

    def __init__(
        self, program: Program, keeps_sessions: bool, trained: frozenset[Function] = frozenset()
    ) -> None:
        self._program = program
        self._keeps_sessions = keeps_sessions
        self.sessions = Sessions(program, trained)
        self.names_compat = cache(_names_compat)
        self.fits = cache(_fits)
        self._written_for: dict[Module, bool] = {}
        self._own: dict[Module, bool] = {}
        self._starts: dict[Module, Start | None] = {}
        self._keeps: dict[Module, bool] = {}
        self._sharing: dict[Module, set[Module]] = {}
        self._led: dict[int, bool] = {}  # by the group of files that share a program

    def is_tf1(self, module: Module) -> bool:
        """Whether a file was written for TF 1.

        It is if it names slim or a symbol that TF 2 lacks. A file that names neither (a helper
        with a `tf.where`, say) follows the files that it shares a program with, unless one of
        them says `tensorflow.compat`: who wrote that knew both, and meant TensorFlow 2 here.
        """
        if module not in self._written_for:
            self._written_for[module] = self._shows_tf1(module) or self._follows(module)
        return self._written_for[module]

    def keeps_tf1_names(self, module: Module) -> bool:
        """Whether the file gets ``import tensorflow.compat.v1 as tf``, and its names stay.

        Files of graph-and-session programs do: that is the smaller change, and what every name
        means there stays TF 1's. It is none where each name means the same in TensorFlow 2. Files
        that have one name for TensorFlow by an ``import *`` all do, or none does.
        """
        if module not in self._keeps:
            sharing = closure_of([module], self._share_a_name)
            keeps = any(map(self._wants_tf1_names, sharing)) and all(map(self._can_switch, sharing))
            self._keeps.update(dict.fromkeys(sharing, keeps))
        return self._keeps[module]

    def _wants_tf1_names(self, module: Module) -> bool:
        return (
            self._keeps_sessions
            and self.is_tf1(module)
            and (
                self.start(module) is not None
                or (self.sessions.runs(module) and self._needs_tf1(module))
            )
        )

    def _share_a_name(self, module: Module) -> set[Module]:
        """The files whose name for TensorFlow an ``import *`` binds again, there or here.

        After ``import tensorflow as tf`` a ``from helper import *`` makes `tf` what it is there.
        """
        if not self._sharing:
            pairs = [
                (exporter, importer)
                for exporter in self._program.modules
                if _exports_tensorflow(exporter)
                for importer in closure_of([exporter], self._program.star_importers)
                if _names_of_tensorflow(exporter) & _names_of_tensorflow(importer)
            ]
            self._sharing = {module: set() for module in self._program.modules}
            for exporter, importer in pairs:
                self._sharing[exporter].add(importer)
                self._sharing[importer].add(exporter)
        return self._sharing[module]

    def runs_sessions(self, module: Module) -> bool:
        """Whether a graph-and-session program runs code of the file, and goes on doing so."""
        return self._keeps_sessions and self.sessions.runs(module)

    def only_in_graphs(self, function: Function) -> bool:
        """Whether a function names a session: what it opens and makes may stay TensorFlow's."""
        keeps_names = self.keeps_tf1_names(function.module) or self.names_compat(function.module)
        return self._keeps_sessions and keeps_names and self.sessions.names_one(function)

    def start(self, module: Module) -> Start | None:
        """Where the file, if a graph-and-session program starts in it, turns eager mode off."""
        if module not in self._starts:
            candidate = (
                self._keeps_sessions
                and self.is_tf1(module)
                and not self._shows_tf2(module)
                and not self.names_compat(module)
            )
            self._starts[module] = self.sessions.start(module) if candidate else None
        return self._starts[module]

    def _follows(self, module: Module) -> bool:
        near = self._program.connected(module)
        if id(near) not in self._led:
            shown = any(map(self._shows_tf1, near)) and not any(map(self.names_compat, near))
            self._led[id(near)] = shown
        return self._led[id(near)] and not self._shows_tf2(module)

    def _shows_tf1(self, module: Module) -> bool:
        if module not in self._own:
            self._own[module] = any(
                is_slim(reference.api.name)
                or (
                    only_in_tf1(reference.api.name.removeprefix("tf."))
                    and not reference.api.spelled.startswith("tensorflow.compat.v1")
                )
                for reference in self._references(module)
            )
        return self._own[module]

    def _shows_tf2(self, module: Module) -> bool:
        return any(
            reference.api.spelled.startswith("tensorflow.compat.v2")
            or reference.api.name.removeprefix("tf.") in only_in_tf2()
            for reference in self._references(module)
        )

    def _needs_tf1(self, module: Module) -> bool:
        """Whether some name of TensorFlow has another meaning there, or none, since TF 2."""
        return any(
            reference.api.name.startswith("tf.")
            and not reference.api.spelled.startswith("tensorflow.compat.")
            and became(reference.api.name.removeprefix("tf."), reference.call).kind in _MOVED
            for reference in self._references(module)
        )

    def _can_switch(self, module: Module) -> bool:
        """Whether each way in which the file reaches TensorFlow has its like in compat.v1."""
        if self._shows_tf2(module) or self.names_compat(module):
            return False
        return not any(
            (reference.api.spelled.startswith(_ELSEWHERE) and self._from_root(reference))
            or self._is_of_another_file(reference)
            for reference in self._references(module)
        )

    @staticmethod
    def _is_of_another_file(reference: Reference) -> bool:
        """Whether the name for TensorFlow is not of this file's imports: ``from lib import tf``."""
        if not reference.api.spelled.startswith("tensorflow."):
            return False
        found = reference.scope.lookup(reference.base)
        return found is None or any(
            isinstance(b, Imported) and not f"{b.dotted}.".startswith("tensorflow.")
            for b in found[1]
        )

    @staticmethod
    def _from_root(reference: Reference) -> bool:
        """Whether a reference begins at a name for TensorFlow itself."""
        found = reference.scope.lookup(reference.base)
        return found is not None and Imported("tensorflow") in found[1]

    def _references(self, module: Module) -> list[Reference]:
        functions = self._program.by_module[module]
        return [reference for function in functions for reference in function.references]


def _names_compat(module: Module) -> bool:
    """Whether the file imports `tensorflow.compat.v1` or `v2`, or something of them."""
    bindings = (b for scope in module.all_scopes() for b in scope.bindings.values())
    imported = {b.dotted for found in bindings for b in found if isinstance(b, Imported)}
    return any(f"{dotted}.".startswith("tensorflow.compat.v") for dotted in imported)


def _names_of_tensorflow(module: Module) -> set[str]:
    """What the file calls TensorFlow itself: `tf`."""
    bindings = module.scope.bindings.items()
    return {name for name, found in bindings if Imported("tensorflow") in found}


def _exports_tensorflow(module: Module) -> bool:
    """Whether an ``import *`` of the file gives its name for TensorFlow as well."""
    return "__all__" not in module.scope.bindings and bool(_names_of_tensorflow(module))


def _fits(module: Module) -> bool:
    """Whether an earlier run has made the file fit a model: its datasets are TensorFlow 2's."""
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name in _OF_FIT for alias in node.names)
        for node in module.tree.body
    )
