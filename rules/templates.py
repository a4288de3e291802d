"""tf.make_template: a function whose calls share their variables."""

from slimport.index.program import Function, Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, FileFacts, ValueSite, literal

_PARAMETERS = ("name_", "func_", "create_scope_now_", "unique_name_", "custom_getter_")


class _TemplateRule(RenamedRule):
    """TensorFlow's opens a scope that layers see in TF 1 graphs alone."""

    def call(self, site: CallSite) -> Outcome:
        if not _moves(site):
            return site.file.tf1(site)
        getter = (site.bound(_PARAMETERS) or {}).get("custom_getter_")
        if getter is not None and literal(getter.value) is not None:
            return Leave(
                "tf.make_template with custom_getter_ has no equivalent",
                "write out what it does to each variable",
            )
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        return super().value(site) if _moves(site) else site.file.tf1(site)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return False


def _moves(site: CallSite | ValueSite) -> bool:
    """Whether layers may be what it is a template of: nobody knows what a program hands on."""
    return site.file.builds_program() and not site.file.only_in_graphs(site.function)


TEMPLATES = _TemplateRule(
    code="SLIM006",
    name="templates",
    summary="tf.make_template -> the written module's, which shares layers",
    apis=("tf.make_template",),
    details=(
        "The first call opens the scope and makes the layers, later ones find them, under the "
        "names that TensorFlow 1 gave. It stays TensorFlow's in programs without layers."
    ),
    refuses=(
        Refusal(
            "tf.make_template with custom_getter_ has no equivalent",
            "A getter reaches the variables of all layers inside; a Keras layer makes its own, "
            "and lets nobody exchange them.",
            "write out what it does to each variable",
        ),
    ),
    examples=(
        Example(  # unnamed layers: without its scope a second call would make others
            before="""
import tensorflow as tf
import tf_slim as slim


def encoder(images, depth):
    images = slim.conv2d(images, depth, [3, 3])
    return slim.fully_connected(slim.flatten(images), 5, scope='out')


def net(images):
    encode = tf.make_template('encoder', encoder, depth=4)
    other = tf.make_template('encoder', encoder, create_scope_now_=True, depth=2)
    with slim.arg_scope([slim.conv2d], activation_fn=None):
        first = encode(images)
    return first + encode(2.0 * images) + other(images)
""",
            after="""
from scoped_layers import (
    conv2d,
    flatten,
    fully_connected,
    layer_defaults,
    make_template,
)


def encoder(images, depth):
    images = conv2d(images, depth, [3, 3])
    return fully_connected(flatten(images), 5, name='out')


def net(images):
    encode = make_template('encoder', encoder, depth=4)
    other = make_template('encoder', encoder, create_scope_now_=True, depth=2)
    with layer_defaults([conv2d], activation=None):
        first = encode(images)
    return first + encode(2.0 * images) + other(images)
""",
            inputs=((2, 4, 4, 3),),
        ),
        Example(
            title="what stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.conv2d(images, 4, [3, 3])


def shared(getter):
    return tf.make_template('net', net, custom_getter_=getter)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    return conv2d(images, 4, [3, 3])


def shared(getter):
    # TODO(slimport): SLIM006 tf.make_template with custom_getter_ has no equivalent; write out
    #   what it does to each variable
    return tf.make_template('net', net, custom_getter_=getter)
""",
        ),
    ),
)
