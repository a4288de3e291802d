"""Tensor functions that keras.ops lacks: tf.identity, tf.split, tf.nn.avg_pool ..."""

import ast
from collections.abc import Callable

import libcst as cst

from slimport.index.dynamic_sizes import used_as_size
from slimport.index.program import Function, Reference
from slimport.rewrite.moved import public
from slimport.rewrite.order_before_1 import sizes_in_one, split_in_order
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import CallSite, FileFacts, Site, ValueSite, source
from slimport.rewrite.tensors import TensorRule, takes_sizes

_LRN = ("local_response_normalization", "input=x depth_radius bias alpha beta name")
_L2_NORMALIZE = ("l2_normalize", "x axis epsilon name dim=axis")
_POOL = "value=x ksize strides padding data_format name input=x"
_POOL_OF_TF2 = "input=x ksize strides padding data_format name"
_RESIZE = "images size align_corners name half_pixel_centers"

# Parameters that TensorFlow 1 and 2 have at the same places.
_SAME_PLACES = {
    "tf.argmax": 2, "tf.argmin": 2, "tf.convert_to_tensor": 2, "tf.gather": 2, "tf.nn.moments": 2,
}  # fmt: skip
_EXTREME = "input=x axis name dimension=axis output_type"


class _TensorFunctions(TensorRule):
    """`tf.identity` is an activation, too, and may reach a layer as a value."""

    def call(self, site: CallSite) -> Outcome:
        form = _OLD_FORMS.get(site.api)
        arguments = form(site) if form is not None and not site.aliased else None
        if arguments is None:
            return super().call(site)
        changed = site.node.with_changes(args=arguments)
        call = ast.parse(f"({source(changed)})", mode="eval").body  # it may go on in another line
        assert isinstance(call, ast.Call)
        return changed.with_changes(func=public(site, site.api.removeprefix("tf."), call))

    def value(self, site: ValueSite) -> Outcome:
        if not (self.names_function(site.api) and site.file.builds_file()):
            return super().value(site)
        return self.function(site)

    def function(self, site: Site) -> cst.BaseExpression:
        of_sizes = site.api == "tf.convert_to_tensor" and site.reference.call is not None
        if of_sizes and takes_sizes(site.reference, self.parameters[site.api]):
            return site.file.written("dynamic_sizes")
        return super().function(site)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        api = reference.api.name
        if (reference.call is None and self.names_function(api)) or api in _OLD_FORMS:
            return False
        return super().keeps(reference, function, file)

    def names_function(self, api: str) -> bool:
        return api == "tf.identity"

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        api, call = reference.api.name, reference.call
        if call is not None and len(call.args) > _SAME_PLACES.get(api, len(call.args)):
            return f"{api} with an argument whose place is another one in TensorFlow 2"
        if api == "tf.shape" and call is not None and not used_as_size(call, reference.scope):
            return "tf.shape is used otherwise than for sizes"
        return super().blocks_keras_tensors(reference)


_OLD_FORMS: dict[str, Callable[[CallSite], list[cst.Arg] | None]] = {
    "tf.split": split_in_order,
    "tf.image.resize_images": sizes_in_one,
}


def _splits_a_number(bound: dict[str, ast.expr]) -> str | None:
    """TensorFlow 0.x's order, see `split_in_order`."""
    if _is_number(bound.get("value")):
        return "tf.split with the axis first, as TensorFlow 0.x had it"
    return None


def _resizes_otherwise(bound: dict[str, ast.expr]) -> str | None:
    if _is_number(bound.get("size")):
        return "tf.image.resize_images with two sizes, as TensorFlow 0.x had it"
    method = bound.get("method", ast.Constant(0))
    if not isinstance(method, ast.Constant) or method.value not in (0, 1, "bilinear", "nearest"):
        return "tf.image.resize_images by a method that is not known, or not bilinear or nearest"
    return None


def _is_number(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and type(value.value) is int


def _explicit_paddings(bound: dict[str, ast.expr]) -> str | None:
    if isinstance(bound.get("padding"), ast.List | ast.Tuple):
        return "pooling with paddings of its own"
    return None


_POOLS = {
    "tf.nn.avg_pool": ("avg_pool", _POOL),
    "tf.nn.avg_pool2d": ("avg_pool", _POOL),
    "tf.nn.max_pool": ("max_pool", _POOL),
    "tf.nn.max_pool2d": ("max_pool", _POOL_OF_TF2),
    "tf.compat.v2.nn.avg_pool2d": ("avg_pool", _POOL_OF_TF2),
    "tf.compat.v2.nn.max_pool2d": ("max_pool", _POOL_OF_TF2),
}
_RESIZES = {
    "tf.image.resize_bilinear": ("resize_bilinear", _RESIZE),
    "tf.image.resize_nearest_neighbor": ("resize_nearest_neighbor", _RESIZE),
    "tf.image.resize_images": ("resize_images", "images size method align_corners"),
}

TENSOR_FUNCTIONS = _TensorFunctions(
    code="SLIM305",
    name="tensor_functions",
    summary="tf.identity, tf.split, tf.gather ... -> functions that take KerasTensors, too",
    table={
        "tf.identity": ("identity", "input=x name"),
        "tf.nn.lrn": _LRN,
        "tf.nn.local_response_normalization": _LRN,
        "tf.nn.l2_normalize": _L2_NORMALIZE,
        "tf.math.l2_normalize": _L2_NORMALIZE,
        "tf.split": ("split", "value=x num_or_size_splits axis num name"),
        "tf.add_n": ("add_n", "inputs name"),
        "tf.argmax": ("argmax", _EXTREME),
        "tf.argmin": ("argmin", _EXTREME),
        "tf.gather": ("gather", "params=x indices name axis"),
        "tf.one_hot": ("one_hot", "indices depth on_value off_value axis dtype name"),
        "tf.shape": ("dynamic_shape", "input=x name"),
        "tf.slice": ("slice_tensor", "input_=x begin size name"),
        "tf.nn.moments": ("nn_moments", "x axes shift name keepdims keep_dims=keepdims"),
        "tf.convert_to_tensor": ("convert_to_tensor", "value dtype name"),
        **_POOLS,
        **_RESIZES,
    },
    limits={
        "tf.split": _splits_a_number,
        "tf.image.resize_images": _resizes_otherwise,
        **dict.fromkeys(_POOLS, _explicit_paddings),
    },
    no_tensors={
        "tf.split": "num_or_size_splits axis num",
        "tf.argmax": "axis dimension",
        "tf.argmin": "axis dimension",
        "tf.gather": "axis",
        "tf.one_hot": "depth on_value off_value axis",
        "tf.slice": "begin size",
        "tf.nn.moments": "axes keepdims keep_dims",
        **dict.fromkeys(_POOLS, "ksize strides padding"),
        **dict.fromkeys(_RESIZES, "align_corners half_pixel_centers"),
    },
    sizes=dict.fromkeys(_RESIZES, "size"),
    only_python={
        **dict.fromkeys(("tf.nn.l2_normalize", "tf.math.l2_normalize"), "axis dim"),
        **dict.fromkeys(
            ("tf.nn.lrn", "tf.nn.local_response_normalization"), "depth_radius bias alpha beta"
        ),
    },
    of_written_module=True,
    details=(
        "keras.ops has no such functions, or others: it cuts at indices where tf.split takes "
        "sizes, and resizes with half pixel centers. The written module's are TensorFlow's own "
        "operations on TensorFlow, under their names: a session finds `output:0` as before. "
        "KerasTensors go through them as well, so that a function with one of them makes a "
        "functional model, also on other backends. A KerasTensor has no name of its own to keep. "
        "`tf.shape` is a vector of integers and KerasTensors then: it is taken where it gives "
        "sizes to tf.reshape and to resizing alone, or single ones that become floats, whatever "
        "names they have on the way, and whatever parts them and puts them together."
    ),
    numbers=(
        "TensorFlow's kernels on TensorFlow. Elsewhere the formulas of their documentation, in "
        "float32 where TensorFlow resizes in it; float64 images, which TensorFlow's tf.nn.lrn "
        "refuses, always. `tf.argmax` gives int64, which JAX has only where it is turned on. For "
        "an index outside of the tensor, which TensorFlow refuses, JAX gives other values."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, project_activation_fn=tf.identity):
    images = slim.conv2d(images, 4, 1, activation_fn=project_activation_fn, scope='conv')
    images = tf.nn.lrn(input=images, depth_radius=1, alpha=0.5, name='norm')
    images = tf.nn.l2_normalize(images, dim=3, name='unit')
    return tf.identity(images, name='output')
""",
            after="""
import keras

from scoped_layers import identity, l2_normalize, local_response_normalization


def net(images, project_activation_fn=identity):
    images = keras.layers.Conv2D(
        4, 1, padding="same", activation=project_activation_fn, name="conv"
    )(images)
    images = local_response_normalization(images, depth_radius=1, alpha=0.5, name='norm')
    images = l2_normalize(images, axis=3, name='unit')
    return identity(images, name='output')
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="arguments that may be tensors keep the function on TensorFlow",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.fully_connected(features, 4, scope='fc')
    features = tf.nn.l2_normalize(features, tf.rank(features) - 1)
    return tf.identity(features, 'output')
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(features):
    features = fully_connected(features, 4, name='fc')
    features = tf.nn.l2_normalize(features, tf.rank(features) - 1)
    return tf.identity(features, 'output')
""",
            inputs=((2, 3),),
        ),
        Example(
            title="parts, windows and sizes",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    left, right = tf.split(images, [1, -1], axis=-1, name='parts')
    right = slim.conv2d(right, 1, 1, scope='conv')
    both = tf.nn.max_pool(tf.add_n([left, right]), [1, 3, 3, 1], [1, 2, 2, 1], 'SAME')
    height, width = images.get_shape().as_list()[1:3]
    return tf.image.resize_bilinear(both, [height, width], align_corners=True)
""",
            after="""
import keras

from scoped_layers import add_n, max_pool, resize_bilinear, split


def net(images):
    left, right = split(images, [1, -1], axis=-1, name='parts')
    right = keras.layers.Conv2D(1, 1, padding="same", activation="relu", name="conv")(right)
    both = max_pool(add_n([left, right]), [1, 3, 3, 1], [1, 2, 2, 1], 'SAME')
    height, width = list(images.shape)[1:3]
    return resize_bilinear(both, [height, width], align_corners=True)
""",
            inputs=((2, 5, 4, 3),),
        ),
        Example(
            title="indices, blocks and moments",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, labels):
    images = tf.convert_to_tensor(images, name='images')
    images = slim.conv2d(tf.slice(images, [0, 1, 0, 0], [-1, 2, -1, 3]), 4, 1, scope='conv')
    mean, variance = tf.nn.moments(images, [1, 2], keep_dims=True)
    images = tf.gather((images - mean) * tf.rsqrt(variance + 1e-3), [3, 1], axis=3)
    best = tf.argmax(tf.reduce_mean(images, [1, 2]), dimension=1, output_type=tf.int32)
    return images, best, tf.one_hot(labels, 3, on_value=0.9, off_value=0.1)
""",
            after="""
import keras

from scoped_layers import (
    argmax,
    convert_to_tensor,
    gather,
    nn_moments,
    one_hot,
    slice_tensor,
)


def net(images, labels):
    images = convert_to_tensor(images, name='images')
    images = keras.layers.Conv2D(
        4, 1, padding="same", activation="relu", name="conv"
    )(slice_tensor(images, [0, 1, 0, 0], [-1, 2, -1, 3]))
    mean, variance = nn_moments(images, [1, 2], keepdims=True)
    images = gather((images - mean) * keras.ops.rsqrt(variance + 1e-3), [3, 1], axis=3)
    best = argmax(keras.ops.mean(images, [1, 2]), axis=1, output_type="int32")
    return images, best, one_hot(labels, 3, on_value=0.9, off_value=0.1)
""",
            inputs=((2, 4, 4, 4), (2,)),
            dtypes=("float32", "int32"),
        ),
        Example(
            title="sizes that only the running program knows",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    size, batch = tf.shape(images)[1:3], tf.shape(images)[0]
    images = slim.conv2d(images, 4, 3, stride=2, scope='conv')
    images = tf.image.resize_bilinear(images, size * 2, align_corners=True)
    return tf.reshape(images, [batch, -1, 4])
""",
            after="""
import keras

from scoped_layers import dynamic_reshape, dynamic_shape, resize_bilinear


def net(images):
    size, batch = dynamic_shape(images)[1:3], dynamic_shape(images)[0]
    images = keras.layers.Conv2D(
        4, 3, strides=2, padding="same", activation="relu", name="conv"
    )(images)
    images = resize_bilinear(images, size * 2, align_corners=True)
    return dynamic_reshape(images, [batch, -1, 4])
""",
            inputs=((2, 4, 6, 3),),
        ),
        Example(
            title="sizes that are parted, put together and counted",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 3, scope='conv')
    batch, height, width, depth = tf.unstack(tf.shape(images))
    rows = tf.reshape(images, tf.stack([batch, height * width, depth]))
    return tf.matmul(rows, rows, transpose_a=True) / tf.to_float(height * width)
""",
            after="""
import keras

from scoped_layers import (
    dynamic_reshape,
    dynamic_shape,
    dynamic_stack,
    dynamic_unstack,
    matmul,
)


def net(images):
    images = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(images)
    batch, height, width, depth = dynamic_unstack(dynamic_shape(images))
    rows = dynamic_reshape(images, dynamic_stack([batch, height * width, depth]))
    return matmul(rows, rows, transpose_a=True) / keras.ops.cast(height * width, "float32")
""",
            inputs=((2, 4, 6, 3),),
        ),
        Example(
            title="elsewhere a shape may have to be a tensor",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 3, scope='conv')
    return images * tf.ones(tf.shape(images))
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    images = conv2d(images, 4, 3, name='conv')
    return images * tf.ones(tf.shape(images))
""",
            inputs=((2, 4, 6, 3),),
        ),
        Example(
            title="TensorFlow 0.x's order, and what is not known",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, dim):
    images = slim.conv2d(images, 4, 1, scope='conv')
    left, right = tf.split(3, 2, images)
    first, _ = tf.split(dim, 2, left)
    return tf.image.resize_images(tf.concat(3, [first, right]), 3, 5)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images, dim):
    images = conv2d(images, 4, 1, name='conv')
    left, right = tf.split(axis=3, num_or_size_splits=2, value=images)
    first, _ = tf.split(dim, 2, left)
    return tf.compat.v1.image.resize_images(tf.concat([first, right], 3), [3, 5])
""",
        ),
    ),
)
