"""Tensors and operations that a program looks up by their names: ``get_tensor_by_name('probs:0')``.

What Keras computes has other names in a graph.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from slimport.index.modules import Module
from slimport.index.program import Program
from slimport.index.walking import all_of

# A tensor's name, or the end of one that is put together: ``scope + '/probs:0'``.
_OF_TENSOR = re.compile(r"[\w.\-/\\>]*?([\w.\-\\>]+?)(?:_\d+)?:\d+")
_OF_OPERATION = re.compile(r"(?:.*/)?(.+?)(?:_\d+)?")
# Functions that take names of operations.
_LOOKING_UP = frozenset(
    "as_graph_element convert_variables_to_constants extract_sub_graph get_operation_by_name "
    "get_tensor_by_name".split()
)


class GraphLookups:
    """The names that programs look up in their graphs, as far as they are written there."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._found: dict[int, frozenset[str]] = {}

    def of(self, module: Module) -> frozenset[str]:
        """The last parts of the names that the files of a program look up, without numbers."""
        group = self._program.connected(module)  # one object for all of its files
        if id(group) not in self._found:
            found = (name for member in group for name in _names(member))
            self._found[id(group)] = frozenset(found)
        return self._found[id(group)]


def _names(module: Module) -> Iterator[str]:
    for constant in all_of(module.tree, ast.Constant):
        match = _OF_TENSOR.fullmatch(constant.value) if isinstance(constant.value, str) else None
        if match is not None:
            yield match[1]
    for call in all_of(module.tree, ast.Call):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in _LOOKING_UP:
            for constant in all_of(call, ast.Constant):
                match = _OF_OPERATION.fullmatch(str(constant.value))
                if match is not None:
                    yield match[1]
