"""TensorFlow's private assign_moving_average, on which hand-written batch norms rest."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Keep, Outcome
from slimport.rewrite.site import CallSite, ValueSite

_BELOW = "tf.python.training.moving_averages"


class _MovingAverageRule(RenamedRule):
    """Follows the variable: moves where tf.get_variable does, and stays TensorFlow's elsewhere."""

    def call(self, site: CallSite) -> Outcome:
        return super().call(site) if site.file.scopes_layers(site.function) else Keep()

    def value(self, site: ValueSite) -> Outcome:
        return super().value(site) if site.file.scopes_layers(site.function) else Keep()


MOVING_AVERAGES = _MovingAverageRule(
    code="SLIM250",
    name="moving_averages",
    summary="moving_averages.assign_moving_average -> the written module's",
    apis=(f"{_BELOW}.assign_moving_average",),
    only_tensorflow="a functional model cannot assign to variables",
    details=(
        "TensorFlow 2's own works on variables of a graph alone. The variables of zero_debias, "
        "which is on unless the code says otherwise, keep their names."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim
from tensorflow.python.training import moving_averages


def net(images):
    images = slim.conv2d(images, 4, 1, scope='conv')
    with tf.variable_scope('range'):
        top = tf.get_variable(
            'top', [], initializer=tf.constant_initializer(6.0), trainable=False)
        top = moving_averages.assign_moving_average(
            top, tf.reduce_max(images), 0.75, zero_debias=False, name='AssignTop')
        size = tf.get_variable('size', [4], initializer=tf.zeros_initializer(), trainable=False)
        size = moving_averages.assign_moving_average(size, tf.reduce_mean(images, [0, 1, 2]), 0.75)
    return tf.minimum(images, top) / (1.0 + tf.abs(size))
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import assign_moving_average, conv2d, get_variable, variable_scope


def net(images):
    images = conv2d(images, 4, 1, name='conv')
    with variable_scope('range'):
        top = get_variable(
            'top', [], initializer=keras.initializers.Constant(6.0), trainable=False)
        top = assign_moving_average(
            top, tf.reduce_max(images), 0.75, zero_debias=False, name='AssignTop')
        size = get_variable('size', [4], initializer=keras.initializers.Zeros(), trainable=False)
        size = assign_moving_average(size, tf.reduce_mean(images, [0, 1, 2]), 0.75)
    return tf.minimum(images, top) / (1.0 + tf.abs(size))
""",
            inputs=((2, 4, 4, 3),),
        ),
        Example(
            title="no layers in the program: TensorFlow's",
            before="""
import tensorflow as tf
from tensorflow.python.training import moving_averages


def follow(value):
    mean = tf.Variable(0.0)
    return moving_averages.assign_moving_average(mean, value, 0.9)
""",
            after="""
import tensorflow as tf
from tensorflow.python.training import moving_averages


def follow(value):
    mean = tf.Variable(0.0)
    return moving_averages.assign_moving_average(mean, value, 0.9)
""",
        ),
    ),
)
