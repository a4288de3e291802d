"""Functions whose parameters TensorFlow 1.0 put into another order."""

import ast

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, named, public
from slimport.rewrite.rule import Example, Keep, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal, source

_CROSS_ENTROPIES = {
    "tf.nn.sigmoid_cross_entropy_with_logits": (("logits", "logits"), ("targets", "labels")),
    "tf.nn.softmax_cross_entropy_with_logits": (
        ("logits", "logits"), ("labels", "labels"), ("dim", "dim"),
    ),
    "tf.nn.sparse_softmax_cross_entropy_with_logits": (("logits", "logits"), ("labels", "labels")),
}  # fmt: skip
_NAME = ("name", "name")


def _reverse(site: CallSite) -> list[cst.Arg] | None:
    """``tf.reverse(x, [False, True])``: a truth value for each axis."""
    bound = site.bound(("tensor", "dims", "name")) or {}
    dims = literal(bound["dims"].value) if "dims" in bound else None
    if not isinstance(dims, list | tuple) or not dims or any(type(d) is not bool for d in dims):
        return None
    axes = [index for index, turned in enumerate(dims) if turned]
    value = cst.parse_expression(repr(axes))
    new = {"dims": named(bound["dims"].with_changes(value=value), "axis")}
    return [new.get(name, argument) for name, argument in bound.items()]


def _cross_entropy(site: CallSite) -> list[cst.Arg] | None:
    """By position: since TensorFlow 1.0 that raises, as the order of the two had changed."""
    first = _first(site)
    if (first is None or literal(first.value) is None) and "targets" not in _keywords(site):
        return None
    return handed_on(site, (*_CROSS_ENTROPIES[site.api], _NAME), 0)


def _first(site: CallSite) -> cst.Arg | None:
    arguments = site.node.args
    return arguments[0] if arguments and not arguments[0].keyword else None


def _keywords(site: CallSite) -> set[str]:
    return {argument.keyword.value for argument in site.node.args if argument.keyword}


_FORMS = {
    "tf.reverse": _reverse,
    **dict.fromkeys(_CROSS_ENTROPIES, _cross_entropy),
}


class _OldCallRule(Rule):
    """Calls that only TensorFlow 0.x could run; any other is an ordinary TF 1 symbol."""

    def call(self, site: CallSite) -> Outcome:
        arguments = _FORMS[site.api](site)
        if arguments is None or site.aliased:
            return site.file.tf1(site) if site.file.is_tf1() else Keep()
        changed = site.node.with_changes(args=arguments)
        call = ast.parse(f"({source(changed)})", mode="eval").body  # it may go on in another line
        assert isinstance(call, ast.Call)
        return changed.with_changes(func=public(site, site.api.removeprefix("tf."), call))

    def value(self, site: ValueSite) -> Outcome:
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} has no keras.ops equivalent"


TF_PRE_1_CALLS = _OldCallRule(
    code="SLIM351",
    name="tf_pre_1_calls",
    summary="tf.reverse(x, [True]), cross entropies by position -> TensorFlow 1's calls",
    apis=tuple(_FORMS),
    details=(
        "Only calls that no later TensorFlow could run: truth values as axes, cross entropies by "
        "position. tf.concat(3, [a, b]) is SLIM302's, tf.split(3, 2, x) SLIM305's."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, labels):
    both = tf.concat(3, [tf.reverse(images, [False, False, True, False]), images])
    logits = slim.fully_connected(slim.flatten(both), 4, activation_fn=None, scope='fc')
    loss = tf.nn.sigmoid_cross_entropy_with_logits(logits, labels)
    return loss, tf.nn.softmax_cross_entropy_with_logits(logits, labels)
""",
            after="""
import tensorflow as tf

from scoped_layers import flatten, fully_connected


def net(images, labels):
    both = tf.concat([tf.reverse(images, axis=[2]), images], 3)
    logits = fully_connected(flatten(both), 4, activation=None, name='fc')
    loss = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)
    return loss, tf.compat.v1.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels)
""",
        ),
        Example(
            title="what every TensorFlow 1 can run stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, dim, parts):
    both = tf.concat([images, tf.reverse(images, [1])], 3) + tf.concat(parts, dim)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=both, logits=both)
""",
            after="""
import tensorflow as tf


def net(images, dim, parts):
    both = tf.concat([images, tf.reverse(images, [1])], 3) + tf.concat(parts, dim)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=both, logits=both)
""",
        ),
    ),
)
