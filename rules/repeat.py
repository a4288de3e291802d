"""slim.repeat and slim.stack: the same layer several times."""

import libcst as cst

from slimport.rewrite.layers import LayerRule, activation_name, keras_keyword
from slimport.rewrite.rule import Outcome
from slimport.rewrite.site import CallSite, literal, string


class _LoopRule(LayerRule):
    """Keywords of the call belong to the layer that it repeats."""

    def call(self, site: CallSite) -> Outcome:
        layer = _repeated_api(site)
        arguments = [_keyword(argument, layer) for argument in site.node.args]
        function = site.node.func if site.aliased else site.file.written(site.short)
        return site.node.with_changes(func=function, args=arguments)


def _repeated_api(site: CallSite) -> str:
    """Canonical name of the repeated layer where it stands as ``slim.<layer>``, else ``""``."""
    position = 2 if site.short == "repeat" else 1
    call = site.reference.call
    assert call is not None
    nodes = [*call.args[position : position + 1], *(k.value for k in call.keywords if k.arg == "layer")]
    for reference in site.function.references:
        if nodes and reference.node is nodes[0]:
            return reference.api.name
    return ""


def _keyword(argument: cst.Arg, layer: str) -> cst.Arg:
    if argument.keyword is None or not layer:
        return argument
    name = argument.keyword.value
    value = argument.value
    padding = literal(value)
    if name == "padding" and isinstance(padding, str):
        value = string(padding.lower(), like=value)
    elif name == "activation_fn":
        value = activation_name(value) or value
    return argument.with_changes(keyword=cst.Name(keras_keyword(layer, name)), value=value)


REPEAT = _LoopRule(
    code="SLIM150",
    name="repeat",
    summary="slim.repeat, slim.stack -> the same layer several times, scopes conv1/conv1_1, ...",
    apis=("slim.repeat", "slim.stack"),
    keywords={"scope": "name"},
)
