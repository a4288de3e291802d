"""slim.l2_regularizer and its family."""

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, parenthesized

EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


class _LpRegularizer(Rule):
    """``slim.l2_regularizer(s)`` is s * sum(w**2) / 2, Keras' ``L2(s)`` is s * sum(w**2)."""

    def call(self, site: CallSite) -> Outcome:
        bound = site.bound(("scale", "scope"))
        if bound is None or "scale" not in bound:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        asks = site.file.is_called(site.reference, site.function)
        if asks and site.file.runs_sessions() and not site.aliased:
            # Keras' own fails on variables of TF 1 graphs: it does not know dtype float32_ref.
            return site.node.with_changes(
                func=site.file.written(site.short),
                args=[bound["scale"].with_changes(comma=cst.MaybeSentinel.DEFAULT)],
            )
        scale = bound["scale"].value
        keyword = None
        if site.short == "l1_regularizer" and site.file.plain(site.function):
            function = site.file.keras("regularizers.L1")
        elif site.short == "l1_regularizer":
            # L1 keeps its factor as a tensor of the graph that it is made in (Keras 3.15,
            # regularizers.py), with which a traced model cannot compute its losses.
            function, keyword = site.file.keras("regularizers.L1L2"), cst.Name("l1")
        else:
            function = site.file.keras("regularizers.L2")
            scale = cst.BinaryOperation(cst.Float("0.5"), cst.Multiply(), parenthesized(scale))
        argument = bound["scale"].with_changes(
            value=scale,
            keyword=keyword,
            equal=EQUAL if keyword else cst.MaybeSentinel.DEFAULT,
            comma=cst.MaybeSentinel.DEFAULT,
        )
        return site.node.with_changes(func=function, args=[argument])

    def value(self, site: ValueSite) -> Outcome:
        # Called later with the scale: a function that halves it is what is meant.
        return site.file.written(site.short)


LP_REGULARIZER = _LpRegularizer(
    code="SLIM201",
    name="l2_regularizer",
    summary="slim.l2_regularizer(s) -> keras.regularizers.L2(0.5 * s); l1_regularizer(s) -> L1(s)",
    apis=("slim.l1_regularizer", "slim.l2_regularizer"),
    numbers=(
        "tf_slim/layers/regularizers.py uses tf.nn.l2_loss, which halves the sum of squares: "
        "without the factor 0.5 the penalty would be twice as large. L1 has no such factor. Keras "
        "sums the penalties of weights that are trained; layers of the written module add those "
        "of `trainable=False`, as TF-Slim did."
    ),
    refuses=(
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, weight_decay=0.0005):
    features = slim.fully_connected(
        features, 4, weights_regularizer=slim.l2_regularizer(weight_decay), scope='fc1')
    return slim.fully_connected(
        features, 2, weights_regularizer=slim.l1_regularizer(1e-4), scope='fc2')
""",
            after="""
import keras
import tensorflow as tf


def net(features, weight_decay=0.0005):
    features = keras.layers.Dense(
        4,
        activation="relu",
        kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
        name="fc1",
    )(features)
    return keras.layers.Dense(
        2, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-4), name="fc2"
    )(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="weights that nothing trains are penalized, too",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.fully_connected(
        features, 4, weights_regularizer=slim.l2_regularizer(0.5), trainable=False)
    with tf.variable_scope('scaled', regularizer=slim.l2_regularizer(0.5)):
        return features * slim.variable('factor', [4], trainable=False)
""",
            after="""
import keras

from scoped_layers import fully_connected, variable, variable_scope


def net(features):
    features = fully_connected(
        features, 4, kernel_regularizer=keras.regularizers.L2(0.5 * 0.5), trainable=False)
    with variable_scope('scaled', regularizer=keras.regularizers.L2(0.5 * 0.5)):
        return features * variable('factor', [4], trainable=False)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="asked for the penalty of a variable of TensorFlow's own, in a session",
            before="""
import tensorflow as tf
import tf_slim as slim

decay = slim.l2_regularizer(0.1)
weights = tf.get_variable('weights', [3, 4])
losses = [decay(weights), slim.l1_regularizer(0.5)(weights)]
features = slim.fully_connected(tf.ones([2, 3]), 4, weights_regularizer=slim.l2_regularizer(0.1))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(losses)
""",
            after="""
import keras
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected, l1_regularizer, l2_regularizer

tf.disable_v2_behavior()

decay = l2_regularizer(0.1)
weights = tf.get_variable('weights', [3, 4])
losses = [decay(weights), l1_regularizer(0.5)(weights)]
features = fully_connected(tf.ones([2, 3]), 4, kernel_regularizer=keras.regularizers.L2(0.5 * 0.1))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(losses)
""",
        ),
    ),
)

COMBINED_REGULARIZER = RenamedRule(
    code="SLIM202",
    name="combined_regularizers",
    summary="slim.l1_l2_regularizer, sum_regularizer, apply_regularization -> the written module's",
    apis=("slim.l1_l2_regularizer", "slim.sum_regularizer", "slim.apply_regularization"),
    numbers="The L2 part is halved as in SLIM201.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    return slim.fully_connected(
        features, 2, weights_regularizer=slim.l1_l2_regularizer(1e-4, 1e-3), scope='fc')
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import l1_l2_regularizer


def net(features):
    return keras.layers.Dense(
        2, activation="relu", kernel_regularizer=l1_l2_regularizer(1e-4, 1e-3), name="fc"
    )(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    both = slim.sum_regularizer([slim.l1_regularizer(1e-4), slim.l2_regularizer(1e-3)])
    return slim.fully_connected(features, 2, weights_regularizer=both, scope='fc')
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import sum_regularizer


def net(features):
    both = sum_regularizer([keras.regularizers.L1(1e-4), keras.regularizers.L2(0.5 * 1e-3)])
    return keras.layers.Dense(2, activation="relu", kernel_regularizer=both, name="fc")(features)
""",
            inputs=((3, 7),),
            title="a sum",
        ),
    ),
)
