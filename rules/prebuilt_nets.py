"""slim.nets: networks shipped inside the library."""

import libcst as cst

from slimport import slim_api
from slimport.rewrite.always import always
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import CallSite, Site

_SIZE = "default_image_size"


class _NetRule(RenamedRule):
    """The written module has all of them, in one namespace."""

    def call(self, site: CallSite) -> Outcome:
        return site.renamed(self.value_of(site), {}, always(site))

    def value_of(self, site: Site) -> cst.BaseExpression:
        api = site.api.removesuffix(f".{_SIZE}")
        network = site.file.written(slim_api.NETS[api])
        return network if api == site.api else cst.Attribute(network, cst.Name(_SIZE))


NETS = _NetRule(
    code="SLIM260",
    name="prebuilt_nets",
    summary="slim.nets: AlexNet, Inception, OverFeat, ResNet, VGG -> the written module's",
    apis=(
        *slim_api.NETS,
        *(f"{api}.{_SIZE}" for api, name in slim_api.NETS.items() if name in slim_api.SIZED_NETS),
    ),
    details=(
        "Parameters, variables, end points and their order are those of tf-slim 1.1.0. The modules "
        "become one namespace: `resnet_v1.bottleneck` is `resnet_v1_bottleneck`, `vgg.vgg_d` is "
        "`vgg_16`."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim
from tf_slim.nets import resnet_v1


def net(images, is_training=True):
    with tf.variable_scope('towers'):
        with slim.arg_scope(resnet_v1.resnet_arg_scope(weight_decay=0.001)):
            net, end_points = resnet_v1.resnet_v1(
                images, [resnet_v1.resnet_v1_block('block1', 4, num_units=2, stride=2)],
                is_training=is_training, global_pool=False, scope='resnet')
    pooled = slim.max_pool2d(end_points['towers/resnet/block1'], 2)
    return slim.conv2d(pooled, 2, 1, scope='head'), net
""",
            after="""
from scoped_layers import (
    conv2d,
    layer_defaults,
    max_pool2d,
    resnet_arg_scope,
    resnet_v1,
    resnet_v1_block,
    variable_scope,
)


def net(images, is_training=True):
    with variable_scope('towers'):
        with layer_defaults(resnet_arg_scope(weight_decay=0.001)):
            net, end_points = resnet_v1(
                images, [resnet_v1_block('block1', 4, num_units=2, stride=2)],
                is_training=is_training, global_pool=False, scope='resnet')
    pooled = max_pool2d(end_points['towers/resnet/block1'], 2)
    return conv2d(pooled, 2, 1, name='head'), net
""",
            inputs=((4, 33, 33, 3),),
        ),
        Example(
            title="deep imports, a block of one's own, the size of the images",
            before="""
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.slim.nets import vgg
from tensorflow.contrib.slim.python.slim.nets import resnet_utils
from tensorflow.contrib.slim.python.slim.nets.resnet_v2 import bottleneck


def features(images):
    block = resnet_utils.Block(
        'block1', bottleneck, [{'depth': 64, 'depth_bottleneck': 16, 'stride': 1}] * 3)
    with slim.arg_scope([slim.conv2d, bottleneck], outputs_collections='points'):
        return resnet_utils.stack_blocks_dense(images, [block])


def logits(images):
    size = vgg.vgg_16.default_image_size
    images = tf.reshape(images, [-1, size, size, 3])
    return vgg.vgg_d(images, num_classes=10, is_training=False)[0]
""",
            after="""
import keras

from scoped_layers import (
    Block,
    conv2d,
    layer_defaults,
    resnet_v2_bottleneck,
    stack_blocks_dense,
    vgg_16,
)


def features(images):
    block = Block(
        'block1', resnet_v2_bottleneck, [{'depth': 64, 'depth_bottleneck': 16, 'stride': 1}] * 3)
    with layer_defaults([conv2d, resnet_v2_bottleneck], outputs_collections='points'):
        return stack_blocks_dense(images, [block])


def logits(images):
    size = vgg_16.default_image_size
    images = keras.ops.reshape(images, [-1, size, size, 3])
    return vgg_16(images, num_classes=10, is_training=False)[0]
""",
        ),
        Example(
            title="in a table",
            before="""
from tf_slim import nets

NETWORKS = {'inception_v3': nets.inception.inception_v3, 'vgg_16': nets.vgg.vgg_16}


def build(name, images):
    network = NETWORKS[name]
    return network(images)
""",
            after="""
from scoped_layers import inception_v3, vgg_16

NETWORKS = {'inception_v3': inception_v3, 'vgg_16': vgg_16}


def build(name, images):
    network = NETWORKS[name]
    return network(images)
""",
        ),
    ),
)

OTHERS = MarkedRule(
    code="SLIM407",
    name="prebuilt_nets_others",
    summary="slim.nets: what is no network, nor a part of one",
    apis=("slim.nets.*",),
    reason="not part of the networks that tf-slim 1.1.0 ships",
    advice="bring its source into the tree and rewrite it with the rest",
)
