"""End points and named outputs: slim.utils."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

COLLECTIONS = RenamedRule(
    code="SLIM230",
    name="collections",
    summary="slim.utils.convert_collection_to_dict, collect_named_outputs, last_dimension",
    apis=(
        "slim.utils.convert_collection_to_dict",
        "slim.utils.collect_named_outputs",
        "slim.utils.last_dimension",
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with tf.variable_scope('net') as scope:
        collection = scope.name + '_end_points'
        with slim.arg_scope([slim.conv2d], outputs_collections=collection):
            images = slim.conv2d(images, 4, 1, scope='conv1')
            images = slim.conv2d(images, 4, 1, scope='conv2')
        return images, slim.utils.convert_collection_to_dict(collection)
""",
            after="""
from scoped_layers import (
    conv2d,
    convert_collection_to_dict,
    layer_defaults,
    variable_scope,
)


def net(images):
    with variable_scope('net') as scope:
        collection = scope.name + '_end_points'
        with layer_defaults([conv2d], outputs_collections=collection):
            images = conv2d(images, 4, 1, name='conv1')
            images = conv2d(images, 4, 1, name='conv2')
        return images, convert_collection_to_dict(collection)
""",
            inputs=((1, 4, 4, 3),),
        ),
    ),
)
