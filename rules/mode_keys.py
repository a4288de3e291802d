"""What estimators told a model function: to train, to evaluate or to predict."""

import libcst as cst

from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import ValueSite, string

_LEARN = "tf.contrib.learn.ModeKeys"
_MODES = {
    "tf.estimator.ModeKeys.TRAIN": "train",
    "tf.estimator.ModeKeys.EVAL": "eval",
    "tf.estimator.ModeKeys.PREDICT": "infer",
    f"{_LEARN}.TRAIN": "train",
    f"{_LEARN}.EVAL": "eval",
    f"{_LEARN}.INFER": "infer",
}


class _ModeKeysRule(Rule):
    """The text that the constant is: a network asks the same question without estimators."""

    def value(self, site: ValueSite) -> Outcome:
        if not (site.api.startswith(_LEARN) or site.file.is_tf1()):
            return Keep()
        if any(_is_identity(node) for node in site.path[-2:]):
            return Leave("a mode is compared with `is`", "write == or !=")
        return string(_MODES[site.api])


def _is_identity(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Comparison):
        return any(_is_identity(target) for target in node.comparisons)
    return isinstance(node, cst.ComparisonTarget) and isinstance(node.operator, cst.Is | cst.IsNot)


MODE_KEYS = _ModeKeysRule(
    code="SLIM314",
    name="mode_keys",
    summary='tf.estimator.ModeKeys.TRAIN -> "train"',
    apis=tuple(_MODES),
    details=(
        "The constants are these texts. TensorFlow has had no estimators since 2.16; networks that "
        "were written for them ask for the mode all the same, and go on to. What makes or trains "
        "an estimator is marked beside it."
    ),
    numbers=(
        "tf.estimator.ModeKeys.PREDICT is 'infer' in TensorFlow 1.15.5, as "
        "tf.contrib.learn.ModeKeys.INFER is."
    ),
    alone=True,
    refuses=(
        Refusal(
            "a mode is compared with `is`",
            "Python keeps equal texts as one object or as two, as it likes, and warns.",
            "write == or !=",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, mode=tf.estimator.ModeKeys.TRAIN):
    is_training = mode == tf.estimator.ModeKeys.TRAIN
    net = slim.conv2d(images, 4, 1, scope='conv')
    if mode != tf.estimator.ModeKeys.PREDICT:
        net = slim.dropout(net, is_training=is_training, scope='drop')
    return slim.flatten(net)
""",
            after="""
import keras


def net(images, mode="train"):
    is_training = mode == "train"
    net = keras.layers.Conv2D(4, 1, padding="same", activation="relu", name="conv")(images)
    if mode != "infer":
        net = (keras.layers.Dropout(1 - 0.5, name="drop")(net) if is_training else net)
    return keras.layers.Flatten()(net)
""",
        ),
        Example(
            title="an estimator stays, marked",
            before="""
import tensorflow as tf
from tensorflow.contrib.learn import ModeKeys


def model_fn(features, labels, mode):
    logits = tf.contrib.layers.fully_connected(features, 3, activation_fn=None)
    if mode in (ModeKeys.EVAL, ModeKeys.INFER):
        return {'logits': logits}
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    return tf.estimator.EstimatorSpec(mode, loss=loss)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected


def model_fn(features, labels, mode):
    logits = fully_connected(features, 3, activation=None)
    if mode in ("eval", "infer"):
        return {'logits': logits}
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    # TODO(slimport): SLIM310 tf.estimator.EstimatorSpec is not part of TensorFlow 2; train with
    #   keras.Model.fit, which does what estimators did
    return tf.estimator.EstimatorSpec(mode, loss=loss)
""",
        ),
        Example(
            title="`is` asks for the object",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, mode):
    is_training = mode is tf.estimator.ModeKeys.TRAIN
    return slim.dropout(images, is_training=is_training)
""",
            after="""
import keras
import tensorflow as tf


def net(images, mode):
    # TODO(slimport): SLIM314 a mode is compared with `is`; write == or !=
    is_training = mode is tf.estimator.ModeKeys.TRAIN
    return (keras.layers.Dropout(1 - 0.5)(images) if is_training else images)
""",
        ),
    ),
)
