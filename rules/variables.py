"""Looking variables up: slim.get_variables and its family."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example


class _LookUpRule(RenamedRule):
    """The written module's look-ups know the layers that it has built, and no others."""

    def blocks_plain_program(self, reference: Reference) -> str | None:
        return f"{reference.api.name} looks variables up by name"


VARIABLES = _LookUpRule(
    code="SLIM220",
    name="variables",
    summary="slim.get_variables, filter_variables ... -> the written module's look-ups",
    apis=(
        "slim.add_model_variable",
        "slim.assign_from_values",
        "slim.assign_from_values_fn",
        "slim.filter_variables",
        "slim.get_local_variables",
        "slim.get_model_variables",
        "slim.get_trainable_variables",
        "slim.get_unique_variable",
        "slim.get_variable_full_name",
        "slim.get_variables",
        "slim.get_variables_by_name",
        "slim.get_variables_by_suffix",
        "slim.get_variables_to_restore",
    ),
    only_tensorflow="a functional model would keep the values of the moment",
    details=(
        "Files that share a program with a look-up keep their layers scoped: plain Keras layers "
        "are in no list. assign_from_values needs a TF 1 graph and says so elsewhere."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.fully_connected(features, 4, scope='fc')
    return features * len(slim.get_model_variables('fc'))
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected, get_model_variables


def net(features):
    features = fully_connected(features, 4, name='fc')
    return features * len(get_model_variables('fc'))
""",
            inputs=((3, 7),),
        ),
        Example(
            title="filtered by name",
            before="""
import tensorflow as tf

slim = tf.contrib.slim


def net(features):
    features = slim.fully_connected(features, 4, scope='fc1')
    features = slim.fully_connected(features, 4, scope='fc2')
    kernels = tf.contrib.framework.filter_variables(
        slim.get_model_variables(), include_patterns=['weights:0$'], exclude_patterns=['^fc1/'],
        reg_search=True)
    (name,) = [slim.get_variable_full_name(kernel) for kernel in kernels]
    assert name == 'fc2/weights'
    return features * len(kernels)
""",
            after="""
from scoped_layers import (
    filter_variables,
    fully_connected,
    get_model_variables,
    get_variable_full_name,
)


def net(features):
    features = fully_connected(features, 4, name='fc1')
    features = fully_connected(features, 4, name='fc2')
    kernels = filter_variables(
        get_model_variables(), include_patterns=['weights:0$'], exclude_patterns=['^fc1/'],
        reg_search=True)
    (name,) = [get_variable_full_name(kernel) for kernel in kernels]
    assert name == 'fc2/weights'
    return features * len(kernels)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="in a session script",
            before="""
import numpy as np
import tensorflow as tf
import tf_slim as slim

count = slim.get_local_variables('metrics')
restore = slim.assign_from_values_fn({'fc/biases': np.zeros(4)})
with tf.Session() as session:
    restore(session)
""",
            after="""
import numpy as np
import tensorflow.compat.v1 as tf

from scoped_layers import assign_from_values_fn, get_local_variables

tf.disable_v2_behavior()

count = get_local_variables('metrics')
restore = assign_from_values_fn({'fc/biases': np.zeros(4)})
with tf.Session() as session:
    restore(session)
""",
        ),
    ),
)
