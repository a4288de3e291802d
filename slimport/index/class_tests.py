"""Where code asks for the class of a value: ``isinstance(x, C)``, ``type(x) is C``."""

from __future__ import annotations

import ast

from slimport.index.program import Reference
from slimport.index.walking import all_of, walk

BY_INSTANCE, BY_TYPE = "isinstance", "type"


def asked_for(reference: Reference) -> str:
    """How a class is asked for; "" where it is named for other ends."""
    around = reference.scope.function() or reference.scope.root().node
    for node in all_of(around, ast.Call, ast.Compare):
        match node:
            case ast.Call(ast.Name("isinstance" | "issubclass"), [_, classes]):
                if reference.node in walk(classes):
                    return BY_INSTANCE
            case ast.Compare(left, _, others):
                parts = [left, *others]
                if any(map(_is_class, parts)) and any(reference.node in walk(p) for p in parts):
                    return BY_TYPE
    return ""


def _is_class(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Name("type"), [_], []) | ast.Attribute(attr="__class__"):
            return True
    return False
