"""What hand-written layers take from slim.utils."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Example

LAYER_UTILS = RenamedRule(
    code="SLIM235",
    name="layer_utils",
    summary="slim.utils.get_variable_collections, two_element_tuple, constant_value ...",
    apis=(
        "slim.utils.append_tensor_alias",
        "slim.utils.channel_dimension",
        "slim.utils.constant_value",
        "slim.utils.gather_tensors_aliases",
        "slim.utils.get_tensor_aliases",
        "slim.utils.get_variable_collections",
        "slim.utils.n_positive_integers",
        "slim.utils.static_cond",
        "slim.utils.two_element_tuple",
    ),
    details=(
        "The alias of a tensor that was given none is the name of its operation, which in a model "
        "is not TF 1's; a KerasTensor has none, and get_tensor_aliases says so."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.framework.python.ops import variables
from tensorflow.contrib.layers.python.layers import utils


@slim.add_arg_scope
def scale(inputs, kernel_size=1, variables_collections=None, outputs_collections=None, scope=None):
    with tf.variable_scope(scope, 'Scale', [inputs]) as sc:
        depth = utils.channel_dimension(inputs.get_shape(), 'channels_last', min_rank=4)
        height, width = utils.two_element_tuple(kernel_size)
        alpha = variables.model_variable(
            'alpha', [height, width, depth],
            collections=utils.get_variable_collections(variables_collections, 'alpha'))
        outputs = inputs * tf.reduce_mean(alpha, [0, 1])
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


def net(images):
    with slim.arg_scope([scale], variables_collections={'alpha': ['factors']}):
        images = scale(images, [2, 3], outputs_collections='points')
        images = scale(images, outputs_collections='points', scope='last')
    points = utils.convert_collection_to_dict('points')
    assert utils.gather_tensors_aliases(points.values()) == ['Scale', 'last']
    known = utils.constant_value(True)
    return images + utils.static_cond(known, lambda: points['Scale'], lambda: images)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    channel_dimension,
    collect_named_outputs,
    constant_value,
    convert_collection_to_dict,
    gather_tensors_aliases,
    get_variable_collections,
    layer_defaults,
    model_variable,
    static_cond,
    takes_layer_defaults,
    two_element_tuple,
    variable_scope,
)


@takes_layer_defaults
def scale(inputs, kernel_size=1, variables_collections=None, outputs_collections=None, scope=None):
    with variable_scope(scope, 'Scale', [inputs]) as sc:
        depth = channel_dimension(inputs.get_shape(), 'channels_last', min_rank=4)
        height, width = two_element_tuple(kernel_size)
        alpha = model_variable(
            'alpha', [height, width, depth],
            collections=get_variable_collections(variables_collections, 'alpha'))
        outputs = inputs * tf.reduce_mean(alpha, [0, 1])
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def net(images):
    with layer_defaults([scale], variables_collections={'alpha': ['factors']}):
        images = scale(images, [2, 3], outputs_collections='points')
        images = scale(images, outputs_collections='points', scope='last')
    points = convert_collection_to_dict('points')
    assert gather_tensors_aliases(points.values()) == ['Scale', 'last']
    known = constant_value(True)
    return images + static_cond(known, lambda: points['Scale'], lambda: images)
""",
            inputs=((2, 4, 5, 3),),
            title="a layer of one's own",
        ),
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.layers.python.layers import utils
from tensorflow.python.ops import variable_scope


def scale(inputs, variables_collections=None, reuse=None, scope=None):
    with variable_scope.variable_scope(scope, 'Scale', [inputs], reuse=reuse):
        depth = utils.last_dimension(inputs.get_shape())
        collections = utils.get_variable_collections(variables_collections, 'gamma')
        gamma = slim.model_variable('gamma', [depth], collections=collections)
        return inputs * gamma + variable_scope.get_variable('beta', [depth])


def net(images):
    images = slim.conv2d(images, 4, 3)
    return scale(scale(images))
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    conv2d,
    get_variable,
    get_variable_collections,
    last_dimension,
    model_variable,
    variable_scope as scoped_variable_scope,
)


def scale(inputs, variables_collections=None, reuse=None, scope=None):
    with scoped_variable_scope(scope, 'Scale', [inputs], reuse=reuse):
        depth = last_dimension(inputs.get_shape())
        collections = get_variable_collections(variables_collections, 'gamma')
        gamma = model_variable('gamma', [depth], collections=collections)
        return inputs * gamma + get_variable('beta', [depth])


def net(images):
    images = conv2d(images, 4, 3)
    return scale(scale(images))
""",
            inputs=((2, 4, 5, 3),),
            title="TensorFlow's scopes by the module they are written in",
        ),
        Example(
            before="""
from tf_slim.layers import utils


def sizes(size, collections):
    pair = utils.two_element_tuple(size)
    return pair, utils.n_positive_integers(3, 2), utils.get_variable_collections(
        collections, name='weights')
""",
            after="""
from scoped_layers import (
    get_variable_collections,
    n_positive_integers,
    two_element_tuple,
)


def sizes(size, collections):
    pair = two_element_tuple(size)
    return pair, n_positive_integers(3, 2), get_variable_collections(
        collections, name='weights')
""",
            title="functions of Python's values alone",
        ),
    ),
)

SMART_COND = RenamedRule(
    code="SLIM236",
    name="smart_cond",
    summary="slim.utils.smart_cond -> a Python if where the condition is known, else tf.cond",
    apis=("slim.utils.smart_cond",),
    only_tensorflow="smart_cond is tf.cond for tensors",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, bright):
    images = slim.conv2d(images, 4, 1, scope='conv')
    images = slim.utils.smart_cond(True, lambda: images * 2.0, lambda: images)
    return slim.utils.smart_cond(
        tf.reduce_mean(bright) > 0.5, lambda: images + 1.0, lambda: images - 1.0)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, smart_cond


def net(images, bright):
    images = conv2d(images, 4, 1, name='conv')
    images = smart_cond(True, lambda: images * 2.0, lambda: images)
    return smart_cond(
        tf.reduce_mean(bright) > 0.5, lambda: images + 1.0, lambda: images - 1.0)
""",
            inputs=((2, 4, 4, 3), (7,)),
        ),
    ),
)

LAYER_UTILS_LEFT = MarkedRule(
    code="SLIM410",
    name="layer_utils_left",
    summary="slim.utils: what else is in the module",
    apis=("slim.utils.*",),
    reason="not one of the functions of tf_slim.layers.utils 1.1.0",
    advice="rewrite it by hand",
)
