"""Taking a parameter out of a function, and out of its call."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst


def without_parameters(node: cst.FunctionDef, names: Collection[str]) -> cst.FunctionDef:
    """The function without some of its plain parameters."""
    kept = [p for p in node.params.params if p.name.value not in names]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return node.with_changes(params=node.params.with_changes(params=kept))


def without_argument(node: cst.Call, position: int, name: str) -> cst.Call:
    """The call without the argument for a parameter."""
    kept = [
        argument
        for index, argument in enumerate(node.args)
        if not (argument.keyword.value == name if argument.keyword else index == position)
    ]
    if kept and len(kept) < len(node.args) and kept[-1] is not node.args[-1]:
        kept[-1] = kept[-1].with_changes(comma=node.args[-1].comma)
    return node.with_changes(args=kept)
