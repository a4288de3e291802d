"""tf.identity, tf.nn.l2_normalize, tf.nn.lrn: functions that keras.ops lacks."""

from dataclasses import dataclass

from slimport.index.program import Function, Reference
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import FileFacts, ValueSite
from slimport.rewrite.tensors import TensorRule

_LRN = ("local_response_normalization", "input=x depth_radius bias alpha beta name")
_L2_NORMALIZE = ("l2_normalize", "x axis epsilon name dim=axis")


@dataclass(frozen=True, kw_only=True)
class _TensorFunctions(TensorRule):
    """`tf.identity` is an activation, too, and may reach a layer as a value."""

    def value(self, site: ValueSite) -> Outcome:
        if not (self.names_function(site.api) and site.file.builds_file()):
            return super().value(site)
        return self.function(site)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        passed_on = reference.call is None and self.names_function(reference.api.name)
        return not passed_on and super().keeps(reference, function, file)

    def names_function(self, api: str) -> bool:
        return api == "tf.identity"


TENSOR_FUNCTIONS = _TensorFunctions(
    code="SLIM305",
    name="tensor_functions",
    summary="tf.identity, tf.nn.l2_normalize, tf.nn.lrn -> functions that take KerasTensors, too",
    table={
        "tf.identity": ("identity", "input=x name"),
        "tf.nn.lrn": _LRN,
        "tf.nn.local_response_normalization": _LRN,
        "tf.nn.l2_normalize": _L2_NORMALIZE,
        "tf.math.l2_normalize": _L2_NORMALIZE,
    },
    only_python={
        **dict.fromkeys(("tf.nn.l2_normalize", "tf.math.l2_normalize"), "axis dim"),
        **dict.fromkeys(
            ("tf.nn.lrn", "tf.nn.local_response_normalization"), "depth_radius bias alpha beta"
        ),
    },
    of_written_module=True,
    details=(
        "keras.ops has no such functions. The written module's are TensorFlow's own operations on "
        "TensorFlow, under the names that they were given: a session finds `output:0` as before. "
        "KerasTensors go through them as well, so that a function with one of them makes a "
        "functional model, also on other backends. A KerasTensor has no name of its own to keep."
    ),
    numbers=(
        "TensorFlow's kernels on TensorFlow. Elsewhere the formulas of their documentation; "
        "float64 images, which TensorFlow's tf.nn.lrn refuses, always."
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
    ),
)
