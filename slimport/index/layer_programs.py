"""Programs with layers: files that a program with migrated layers may run."""

from __future__ import annotations

import ast
from functools import cache

from slimport.index.looked_up import IMPORTERS
from slimport.index.modules import Module
from slimport.index.program import Program
from slimport.index.walking import walk

# What restores variables, by itself or when it is asked to.
RESTORING = (
    "tf.train.ChiefSessionCreator", "tf.train.MonitoredTrainingSession", "tf.train.Saver",
    "tf.train.Scaffold", "tf.train.SingularMonitoredSession", "tf.train.Supervisor",
    "tf.train.import_meta_graph", "tf.train.init_from_checkpoint",
)  # fmt: skip


class LayerPrograms:
    """Answers per file.

    Args:
        program: the index.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._building = {function.module for function in program.building}
        self.holds = cache(self._holds)

    def restores(self, module: Module) -> bool:
        """Whether the file may restore variables of layers."""
        functions = self._program.by_module[module]
        return self.holds(module) and any(
            reference.api.name.startswith(RESTORING)
            for function in functions
            for reference in function.references
        )

    def _holds(self, module: Module) -> bool:
        """Whether the file shares a program with one that makes layers, as far as imports tell.

        Where a file imports others by computed names (a factory of networks), any may be meant.
        """
        near = self._program.connected(module)
        return bool(self._building & near) or (
            bool(self._building) and any(map(_imports_by_name, near))
        )


@cache
def _imports_by_name(module: Module) -> bool:
    calls = (node.func for node in walk(module.tree) if isinstance(node, ast.Call))
    names = (getattr(call, "attr", None) or getattr(call, "id", None) for call in calls)
    return any(name in IMPORTERS for name in names)
