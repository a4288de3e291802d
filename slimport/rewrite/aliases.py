"""Names of the author's own for modules of TensorFlow 1: ``flags = tf.app.flags``."""

from __future__ import annotations

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.names import Assigned
from slimport.index.program import Program, Reference
from slimport.index.resolve import Api
from slimport.rewrite.registry import acting_rule
from slimport.rewrite.tf1 import became

# Of the rule for names of TensorFlow 1 that have no rule of their own.
CODE, NAME = "SLIM310", "tf1_symbols"


def compat_aliases(module: Module, program: Program, kinds: frozenset[str]) -> dict[str, str]:
    """The names whose every use leads to `tf.compat.v1` by the same path.

    Such a name stays, with another value; any other goes, and what it led to is spelled out.

    Returns:
        The dotted module below TensorFlow by the name, e.g. ``app.flags``.
    """
    used: dict[str, list[Reference]] = {}
    for function in program.by_module[module]:
        for reference in function.references:
            used.setdefault(reference.base, []).append(reference)
    found = {}
    for name, bindings in module.scope.bindings.items():
        meaning = program.resolver.name(name, module.scope, module)
        if not isinstance(meaning, Api) or not meaning.name.startswith("tf."):
            continue
        is_alias = len(bindings) == 1 and isinstance(bindings[0], Assigned)
        is_module = is_namespace(meaning.name) and not is_slim(meaning.name)
        if not is_alias or not is_module or name in program.imported_names[module]:
            continue
        if meaning.spelled.startswith("tensorflow.compat."):  # it leads there already
            continue
        uses = used.get(name, [])
        if uses and all(_is_in_compat(use, kinds) for use in uses):
            found[name] = meaning.name.removeprefix("tf.")
    return found


def _is_in_compat(reference: Reference, kinds: frozenset[str]) -> bool:
    api = reference.api.name
    rule = acting_rule(api, kinds)
    if rule is None or rule.code != CODE or reference.api.doubt:
        return False
    path = api.removeprefix("tf.")
    now = became(path, reference.call)
    return now.kind == "compat" and now.name == f"compat.v1.{path}"
