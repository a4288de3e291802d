"""slim.tfexample_decoder and slim.data_decoder: examples and their items."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

_NAMES = (
    ("BoundingBox", "BoundingBoxItem"),
    ("BoundingBoxSequence", "BoundingBoxSequenceItem"),
    ("Image", "ImageItem"),
    ("KeypointsSequence", "KeypointsSequenceItem"),
    ("LookupTensor", "LookupTensorItem"),
    ("NumBoxesSequence", "NumBoxesSequenceItem"),
    ("SparseTensor", "SparseTensorItem"),
    ("Tensor", "TensorItem"),
)
_SAME = (
    "BackupHandler",
    "ItemHandler",
    "ItemHandlerCallback",
    "TFExampleDecoder",
    "TFSequenceExampleDecoder",
)

TFEXAMPLE_DECODER = RenamedRule(
    code="SLIM270",
    name="tfexample_decoder",
    summary="slim.tfexample_decoder.Image -> ImageItem, ... of the written module",
    apis=(
        *(f"slim.tfexample_decoder.{name}" for name, _ in _NAMES),
        *(f"slim.tfexample_decoder.{name}" for name in _SAME),
        "slim.data_decoder.DataDecoder",
    ),
    names=_NAMES,
    only_tensorflow="parsed features are no KerasTensors",
    details=(
        "Handlers named after what they make end in Item; the others keep slim's name. They work "
        "on tensors of a TF 1 graph, in eager code and in tf.data's map. Pictures of any format "
        "are decoded to 8 bits and cast, as slim does: a 16-bit PNG loses its lower half."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim
from tf_slim.data import tfexample_decoder


class Area(tfexample_decoder.ItemHandler):

    def __init__(self, key):
        super(Area, self).__init__([key])

    def tensors_to_item(self, keys_to_tensors):
        return tf.reduce_prod(keys_to_tensors[self.keys[0]])


def decoder():
    return slim.tfexample_decoder.TFExampleDecoder(
        {
            'image/encoded': tf.FixedLenFeature((), tf.string, default_value=''),
            'image/format': tf.FixedLenFeature((), tf.string, default_value='png'),
            'image/class/label': tf.FixedLenFeature([], tf.int64),
            'image/size': tf.FixedLenFeature([2], tf.int64),
        },
        {
            'image': slim.tfexample_decoder.Image(channels=1),
            'label': slim.tfexample_decoder.Tensor('image/class/label'),
            'area': Area('image/size'),
        })
""",
            after="""
import tensorflow as tf

from scoped_layers import ImageItem, ItemHandler, TensorItem, TFExampleDecoder


class Area(ItemHandler):

    def __init__(self, key):
        super(Area, self).__init__([key])

    def tensors_to_item(self, keys_to_tensors):
        return tf.reduce_prod(keys_to_tensors[self.keys[0]])


def decoder():
    return TFExampleDecoder(
        {
            'image/encoded': tf.io.FixedLenFeature((), tf.string, default_value=''),
            'image/format': tf.io.FixedLenFeature((), tf.string, default_value='png'),
            'image/class/label': tf.io.FixedLenFeature([], tf.int64),
            'image/size': tf.io.FixedLenFeature([2], tf.int64),
        },
        {
            'image': ImageItem(channels=1),
            'label': TensorItem('image/class/label'),
            'area': Area('image/size'),
        })
""",
        ),
        Example(
            title="the modules by other names",
            before="""
import tensorflow as tf
from tensorflow.contrib.slim.python.slim.data import data_decoder
from tensorflow.contrib.slim.python.slim.data import tfexample_decoder as decoders

slim_example_decoder = tf.contrib.slim.tfexample_decoder


class Decoder(data_decoder.DataDecoder):

    def __init__(self, with_masks):
        handlers = {'boxes': decoders.BoundingBox(prefix='bbox/')}
        if with_masks:
            handlers['masks'] = slim_example_decoder.ItemHandlerCallback(['masks'], self._masks)
        assert all(isinstance(h, decoders.ItemHandler) for h in handlers.values())
        self.handlers = handlers
""",
            after="""
from scoped_layers import (
    BoundingBoxItem,
    DataDecoder,
    ItemHandler,
    ItemHandlerCallback,
)


class Decoder(DataDecoder):

    def __init__(self, with_masks):
        handlers = {'boxes': BoundingBoxItem(prefix='bbox/')}
        if with_masks:
            handlers['masks'] = ItemHandlerCallback(['masks'], self._masks)
        assert all(isinstance(h, ItemHandler) for h in handlers.values())
        self.handlers = handlers
""",
        ),
        Example(
            title="numbers",
            before="""
import tensorflow as tf
import tf_slim as slim

decoders = slim.tfexample_decoder


def net(top, left, sizes):
    parsed = {'top': top, 'left': left, 'bottom': top + 1.0, 'right': left + 2.0, 'sizes': sizes}
    boxes = decoders.BoundingBox(['top', 'left', 'bottom', 'right'])
    picture = tf.cast(tf.reshape(sizes, [4, 3, 1]) * 20.0 + 100.0, tf.uint8)
    parsed['image/encoded'] = tf.image.encode_png(picture)
    parsed['image/format'] = tf.constant('png')
    image = decoders.Image(shape=[4, 3, 3], dtype=tf.float32)
    table = decoders.BackupHandler(
        decoders.Tensor('none', shape=[0, 3]), decoders.Tensor('sizes', shape=[4, 3]))
    parsed['none'] = sizes[:0]
    return tuple(h.tensors_to_item(parsed) for h in (boxes, image, table))
""",
            after="""
import tensorflow as tf

from scoped_layers import BackupHandler, BoundingBoxItem, ImageItem, TensorItem


def net(top, left, sizes):
    parsed = {'top': top, 'left': left, 'bottom': top + 1.0, 'right': left + 2.0, 'sizes': sizes}
    boxes = BoundingBoxItem(['top', 'left', 'bottom', 'right'])
    picture = tf.cast(tf.reshape(sizes, [4, 3, 1]) * 20.0 + 100.0, tf.uint8)
    parsed['image/encoded'] = tf.image.encode_png(picture)
    parsed['image/format'] = tf.constant('png')
    image = ImageItem(shape=[4, 3, 3], dtype=tf.float32)
    table = BackupHandler(
        TensorItem('none', shape=[0, 3]), TensorItem('sizes', shape=[4, 3]))
    parsed['none'] = sizes[:0]
    return tuple(h.tensors_to_item(parsed) for h in (boxes, image, table))
""",
            inputs=((5,), (5,), (12,)),
        ),
    ),
)
