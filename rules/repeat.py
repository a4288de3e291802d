"""slim.repeat and slim.stack: the same layer several times."""

import libcst as cst

from slimport.rewrite.layers import LayerRule, activation_name, keras_keyword
from slimport.rewrite.rule import Example, Outcome
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
    named = [keyword.value for keyword in call.keywords if keyword.arg == "layer"]
    nodes = [*call.args[position : position + 1], *named]
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
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.repeat(images, 2, slim.conv2d, 4, [3, 3], padding='VALID', scope='conv1')
    return slim.stack(images, slim.conv2d, [(8, [1, 1]), (6, [1, 1])], stride=1, scope='conv2')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, repeat, stack


def net(images):
    images = repeat(images, 2, conv2d, 4, [3, 3], padding='valid', name='conv1')
    return stack(images, conv2d, [(8, [1, 1]), (6, [1, 1])], strides=1, name='conv2')
""",
            inputs=((1, 9, 9, 3),),
        ),
    ),
)
