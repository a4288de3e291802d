"""tf.GraphKeys.UPDATE_OPS as the collection for updates of batch norm."""

import libcst as cst

from slimport.rewrite.rule import Example, Keep, Outcome, Rule
from slimport.rewrite.site import ValueSite, literal, string

_PARAMETER = "updates_collections"  # slim's own, and `batch_norm_updates_collections` of networks


class _UpdateOpsRule(Rule):
    """The string itself where batch norm is told its collection; elsewhere TensorFlow's name."""

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.is_tf1():
            return Keep()
        if not _is_for_batch_norm(site) or site.file.is_patched(site.api):
            return site.file.tf1(site)
        return string("update_ops")


def _is_for_batch_norm(site: ValueSite) -> bool:
    """Whether it is the argument, the parameter's default or the dict's value of that name."""
    match site.path[-1]:
        case cst.Arg(keyword=cst.Name(value=name)):
            return name.endswith(_PARAMETER)
        case cst.Param(name=cst.Name(value=name)):
            return name.endswith(_PARAMETER)
        case cst.DictElement(key=key):
            return str(literal(key)).endswith(_PARAMETER)
    return False


UPDATE_OPS = _UpdateOpsRule(
    code="SLIM223",
    name="update_ops",
    summary='updates_collections=tf.GraphKeys.UPDATE_OPS -> "update_ops"',
    apis=("tf.GraphKeys.UPDATE_OPS",),
    details=(
        "The symbol is this string. In a network that names nothing else of TensorFlow the import "
        "goes with it, so that the network runs on Keras' other backends. Where scripts read the "
        "collection, the symbol stays."
    ),
    alone=True,
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net_arg_scope(is_training, batch_norm_updates_collections=tf.GraphKeys.UPDATE_OPS):
    params = {'is_training': is_training, 'updates_collections': batch_norm_updates_collections}
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                        normalizer_params=params) as scope:
        return scope


def net(images, is_training=True):
    with slim.arg_scope(net_arg_scope(is_training)):
        return slim.conv2d(images, 4, 1, scope='conv')
""",
            after="""
from scoped_layers import batch_norm, conv2d, layer_defaults


def net_arg_scope(is_training, batch_norm_updates_collections="update_ops"):
    params = {'is_training': is_training, 'updates_collections': batch_norm_updates_collections}
    with layer_defaults([conv2d], normalizer=batch_norm,
                        normalizer_params=params) as scope:
        return scope


def net(images, is_training=True):
    with layer_defaults(net_arg_scope(is_training)):
        return conv2d(images, 4, 1, name='conv')
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="where the collection is read, the symbol stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=True):
    return slim.batch_norm(images, is_training=is_training,
                           updates_collections=tf.GraphKeys.UPDATE_OPS)


def updates():
    return tf.group(*tf.get_collection(tf.GraphKeys.UPDATE_OPS))
""",
            after="""
import tensorflow as tf

from scoped_layers import batch_norm


def net(images, is_training=True):
    return batch_norm(images, is_training=is_training,
                      updates_collections="update_ops")


def updates():
    return tf.group(*tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS))
""",
            inputs=((1, 4, 4, 3),),
        ),
    ),
)
