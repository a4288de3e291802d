"""slim.conv2d.__name__, by which code names scopes."""

import libcst as cst

from slimport import slim_api
from slimport.index.layer_names import NAMES, UNSEEN
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import ValueSite


class _LayerNames(Rule):
    """TF-Slim's name as a text; where a function may be another one, the place is marked."""

    def value(self, site: ValueSite) -> Outcome:
        if site.api == UNSEEN:
            return Leave(
                "TF-Slim's conv2d is named convolution2d, and this function may be a layer",
                "write the names out, where they name scopes",
            )
        name = site.api.split(".")[1]
        return cst.SimpleString(f'"{NAMES.get(name, name)}"')


LAYER_NAMES = _LayerNames(
    code="SLIM155",
    name="layer_names",
    summary='slim.conv2d.__name__ -> "convolution2d"',
    apis=(*(f"slim.{name}.__name__" for name in sorted(slim_api.LAYERS)), UNSEEN),
    details=(
        "Functions tell their names, and code names scopes by them: "
        "`tf.variable_scope(op.__name__)`. In TF-Slim `conv2d`, `conv2d_transpose`, "
        "`separable_conv2d` and their like are other names of `convolution2d` ...; in the written "
        "module they are called what they are called. The name of a function that is not known is "
        "marked where it names a scope or an operation, and such layers are passed on."
    ),
    refuses=(
        Refusal(
            "TF-Slim's conv2d is named convolution2d, and this function may be a layer",
            "Variables would have other names than those of the checkpoint.",
            "write the names out, where they name scopes",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def apply(op, x):
    with tf.variable_scope(op.__name__):
        return op(x, 8, 3)


def net(images):
    with tf.variable_scope(slim.conv2d.__name__ + '_first'):
        images = slim.conv2d(images, 8, 3)
    return apply(slim.conv2d, images)
""",
            after="""
from scoped_layers import conv2d, variable_scope


def apply(op, x):
    # TODO(slimport): SLIM155 TF-Slim's conv2d is named convolution2d, and this function may be a
    #   layer; write the names out, where they name scopes
    with variable_scope(op.__name__):
        return op(x, 8, 3)


def net(images):
    with variable_scope("convolution2d" + '_first'):
        images = conv2d(images, 8, 3)
    return apply(conv2d, images)
""",
        ),
    ),
)
