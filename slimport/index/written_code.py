"""Code that an earlier run migrated, and that makes layers of the written module.

Some files of a tree may still be slim's: they could not be rewritten at first, or were added. Their
scopes reach such layers once they are migrated, and so must not be taken for scopes of nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from slimport import slim_api
from slimport.index.walking import all_of

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

#: What of the written module makes layers or variables; so does all whose name begins with `tf_`.
_MAKES_LAYERS = frozenset(
    {*slim_api.LAYERS, *(name.rpartition(".")[2] for name in slim_api.NETS), "variable",
     "model_variable", "get_variable", "takes_layer_defaults"}
)  # fmt: skip
#: What of it stands for what a graph-and-session program alone holds.
_IN_SESSIONS = frozenset(
    {"MonitoredTrainingSession", "Saver", "SingularMonitoredSession", "Supervisor",
     "create_train_op", "evaluate_once", "evaluate_repeatedly", "evaluation_loop",
     "train_in_session", "train_monitored"}
)  # fmt: skip


def makes_layers(name: str) -> bool:
    """Whether this of the written module makes layers or variables."""
    return name in _MAKES_LAYERS or name.startswith(("tf_", "convolution"))


def makes_variables_alone(name: str) -> bool:
    """Whether this makes variables, which share names with layers only where layers call it."""
    return name in ("get_variable", "tf_variable")


def is_of_sessions(name: str) -> bool:
    """Whether this of the written module runs in graphs with sessions alone."""
    return name in _IN_SESSIONS


def written_names(program: Program, name: str) -> dict[Function, set[str]]:
    """The functions that an earlier run has gone over, with what they name of this module."""
    found: dict[Function, set[str]] = {}
    for module in program.modules:
        _add_names(module, program, name, found)
    return found


def _add_names(
    module: Module, program: Program, name: str, found: dict[Function, set[str]]
) -> None:
    if not module.holds(name):
        return
    bound = {
        alias.asname or alias.name: alias.name
        for node in all_of(module.tree, ast.ImportFrom)
        if (node.module or "").rpartition(".")[2] == name
        for alias in node.names
    }
    for node in all_of(module.tree, ast.Name):
        if node.id in bound:
            scope = module.scopes.scope_of.get(node, module.scope)
            function = program.functions[scope.function() or module.tree]
            found.setdefault(function, set()).add(bound[node.id])
