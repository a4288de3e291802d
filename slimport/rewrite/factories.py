"""One named layer factory where several calls of closed code share the defaults of their scopes.

``with slim.arg_scope([slim.conv2d], ...)`` around several convolutions becomes a local function
``conv2d`` with these defaults, as keras.applications does, in place of the same keywords at every
call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

import libcst as cst

from slimport.index.closed import Closure, LayerCall
from slimport.index.modules import Module
from slimport.rewrite.plain import PlainCall, PlainLayerRule
from slimport.rewrite.registry import rule_for
from slimport.rewrite.site import source

_NAMES = {"fully_connected": "dense"}
_MINIMUM = 2  # calls that share, and defaults that they share


@dataclass(eq=False)
class Factory:
    """A local function for some layer calls.

    Attributes:
        name: its name.
        scope: the innermost arg_scope; the function is defined where that scope was opened.
        own: slim parameters that some call sets itself: all calls pass them on.
    """

    name: str
    rule: PlainLayerRule
    scope: ast.Call
    members: list[LayerCall]
    own: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        given = {
            p for member in self.members for p in set(member.arguments) - set(member.from_scope)
        }
        self.own = frozenset(given - {"inputs", "scope", *self.rule.leading})

    def call(self, call: PlainCall) -> cst.BaseExpression:
        """One layer's call of the factory."""
        leading = [call.arguments[name] for name in self.rule.leading]
        keywords = self.rule.plain_keywords(call, self.own)
        return call.named(cst.Name(self.name), [call.arguments["inputs"], *leading], keywords)

    def definition(self, call: PlainCall) -> cst.BaseStatement:
        """The factory itself; `call` holds the scopes' values."""
        leading = [self.rule.keywords.get(name, name) for name in self.rule.leading]
        keywords = self.rule.plain_keywords(call, not_in=self.own)
        layer = source(call.file.keras(f"layers.{self.rule.layers[call.layer.reference.api.name]}"))
        given = [f"{name}={source(value)}" for name, value in keywords.items() if value is not None]
        arguments = "".join(f"        {argument},\n" for argument in (*leading, *given, "**kwargs"))
        text = (
            "# The defaults that these layers share.\n"
            f"def {self.name}(inputs, {', '.join(leading)}, **kwargs):\n"
            f"    return {layer}(\n{arguments}    )(inputs)\n"
        )
        return cst.parse_statement(text)


def find_factories(closures: Iterable[Closure], module: Module) -> dict[ast.Call, Factory]:
    """The factories of a file's closed functions, by the layer calls that use them."""
    groups: dict[object, list[LayerCall]] = {}
    for layer in (layer for closure in closures for layer in closure.layers.values()):
        shared = frozenset((name, id(scope)) for name, scope in layer.from_scope.items())
        if len(shared) >= _MINIMUM and layer.normalizer is None and layer.name:
            groups.setdefault((layer.reference.api.name, shared), []).append(layer)
    taken = {name for scope in module.all_scopes() for name in scope.bindings}
    found: dict[ast.Call, Factory] = {}
    for members in groups.values():
        rule = rule_for(members[0].reference.api.name)
        if len(members) < _MINIMUM or not isinstance(rule, PlainLayerRule) or not rule.leading:
            continue
        scope = max(members[0].from_scope.values(), key=lambda s: (s.lineno, s.col_offset))
        factory = Factory(_free_name(members[0], taken), rule, scope, members)
        taken.add(factory.name)
        found.update(dict.fromkeys((member.call for member in members), factory))
    return found


def _free_name(layer: LayerCall, taken: set[str]) -> str:
    short = layer.reference.api.name.rpartition(".")[2]
    base = name = _NAMES.get(short, short)
    number = 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name
