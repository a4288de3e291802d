"""slim.losses (tf.contrib.losses): tf.losses where that is the same, else the written module's."""

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal

_PREDICTIONS = "predictions labels weights scope"
# slim's parameters in order; tf.losses has all of them.
_PARAMETERS = {
    "absolute_difference": _PREDICTIONS,
    "add_loss": "loss loss_collection",
    "compute_weighted_loss": "losses weights scope",
    "cosine_distance": "predictions labels axis weights scope dim",
    "get_losses": "scope loss_collection",
    "get_regularization_losses": "scope",
    "get_total_loss": "add_regularization_losses name",
    "hinge_loss": "logits labels scope",
    "log_loss": "predictions labels weights epsilon scope",
    "mean_pairwise_squared_error": _PREDICTIONS,
    "mean_squared_error": _PREDICTIONS,
    "sigmoid_cross_entropy": "logits multi_class_labels weights label_smoothing scope",
    "softmax_cross_entropy": "logits onehot_labels weights label_smoothing scope",
    "sparse_softmax_cross_entropy": "logits labels weights scope",
}
# All others take the labels first in tf.losses.
_SAME_ORDER = (
    "add_loss", "compute_weighted_loss", "get_losses", "get_regularization_losses",
    "get_total_loss",
)  # fmt: skip
# tf.losses computes something else: one mean for all elements, another count of pairs.
_OTHERS_IN_TENSORFLOW = ("hinge_loss", "mean_pairwise_squared_error")


class _LossRule(Rule):
    """The same loss, kept in the same collection."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:
            return Keep()
        pairs = [(name, name) for name in _PARAMETERS[site.short].split()]
        bound = site.bound([name for name, _ in pairs])
        named = {argument.keyword.value for argument in site.node.args if argument.keyword}
        if (bound is None and not site.has_star) or not named <= dict(pairs).keys():
            return Leave(f"{site.api} has no such parameters", "see its signature")
        if bound is None or not _is_of_tensorflow(site, bound):
            return site.renamed(site.file.written(site.short), {})
        positional = len(pairs) if site.short in _SAME_ORDER else 0
        arguments = handed_on(site, pairs, positional)
        function = public(site, f"losses.{site.short}")
        return site.node.with_changes(func=function, args=arguments or [])

    def value(self, site: ValueSite) -> Outcome:
        if site.short == "add_loss":  # an op of arg_scope, which tf.losses knows nothing of
            return Leave(f"{site.api} is passed on", "pass on a function that calls it")
        return site.file.written(site.short)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} keeps losses in a graph collection"


def _is_of_tensorflow(site: CallSite, bound: dict[str, cst.Arg]) -> bool:
    """Whether tf.losses does the same here.

    It does in graphs of sessions alone. A model has collections of its own, and in eager code
    tf.losses keeps nothing.
    """
    if site.short in _OTHERS_IN_TENSORFLOW or not site.file.runs_sessions():
        return False
    if site.file.scopes_layers(site.function) and not site.file.only_in_graphs(site.function):
        return False
    return "weights" not in bound or type(literal(bound["weights"].value)) in (int, float)


CONTRIB_LOSSES = _LossRule(
    code="SLIM341",
    name="contrib_losses",
    summary="slim.losses -> tf.compat.v1.losses (labels by name) or the written module's",
    apis=tuple(
        f"{home}.{name}" for home in ("slim.losses", "tf.contrib.losses") for name in _PARAMETERS
    ),
    details=(
        "Losses with weights of a shape become the written module's functions, as do all outside "
        "of session programs and where layers are built. In a TF 1 graph both keep losses in the "
        "same collection; in a model the written module's get_losses and get_total_loss know the "
        "losses of the pass and the layers' regularisation losses."
    ),
    numbers=(
        "Without weights, or with one number, slim and tf.losses compute the mean over all "
        "elements. Weights with a shape mean more in slim, which sums the losses down to the "
        "weights' rank."
    ),
    refuses=(
        Refusal(
            "… has no such parameters",
            "A call with arguments that no version of slim took: what it meant is not known.",
            "see its signature",
        ),
        Refusal(
            "… is passed on",
            "Labels and predictions stand the other way round in `tf.losses`. By position they "
            "would be swapped without a word.",
            "pass on a function that calls it",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, labels):
    x = slim.fully_connected(features, 4, activation_fn=None, scope='logits')
    y = tf.nn.softmax(labels)
    places = tf.argmax(y, 1)
    likely = tf.nn.sigmoid(x)
    found = [
        slim.losses.softmax_cross_entropy(x, y, label_smoothing=0.1),
        slim.losses.sigmoid_cross_entropy(x, y, weights=2),
        slim.losses.sparse_softmax_cross_entropy(x, places, scope='sparse'),
        slim.losses.log_loss(likely, y, epsilon=1e-5),
        slim.losses.mean_squared_error(x, y, weights=-1.5),
        slim.losses.absolute_difference(x, y, 0.0),
        slim.losses.cosine_distance(likely, y, 1),
        slim.losses.compute_weighted_loss(x, 3.0),
    ]
    slim.losses.add_loss(found[0])
    return tf.stack(found), slim.losses.get_total_loss(False)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    absolute_difference,
    add_loss,
    compute_weighted_loss,
    cosine_distance,
    fully_connected,
    get_total_loss,
    log_loss,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)


def net(features, labels):
    x = fully_connected(features, 4, activation=None, name='logits')
    y = tf.nn.softmax(labels)
    places = tf.argmax(y, 1)
    likely = tf.nn.sigmoid(x)
    found = [
        softmax_cross_entropy(x, y, label_smoothing=0.1),
        sigmoid_cross_entropy(x, y, weights=2),
        sparse_softmax_cross_entropy(x, places, scope='sparse'),
        log_loss(likely, y, epsilon=1e-5),
        mean_squared_error(x, y, weights=-1.5),
        absolute_difference(x, y, 0.0),
        cosine_distance(likely, y, 1),
        compute_weighted_loss(x, 3.0),
    ]
    add_loss(found[0])
    return tf.stack(found), get_total_loss(False)
""",
            inputs=((5, 7), (5, 4)),
        ),
        Example(
            title="weights of any shape",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, labels, weights):
    x = slim.fully_connected(features, 4, activation_fn=None, scope='logits')
    y = tf.nn.softmax(labels)
    mask = tf.to_float(weights > 0.5)
    found = [
        slim.losses.softmax_cross_entropy(x, y, weights=mask),
        slim.losses.sigmoid_cross_entropy(x, y, tf.expand_dims(weights, 1)),
        slim.losses.mean_squared_error(x, y, weights=tf.ones_like(y) * tf.expand_dims(mask, 1)),
        slim.losses.mean_pairwise_squared_error(x, y, weights),
        tf.reduce_mean(slim.losses.hinge_loss(x, tf.round(labels))),
    ]
    return tf.stack(found), slim.losses.get_total_loss(add_regularization_losses=False)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    fully_connected,
    get_total_loss,
    hinge_loss,
    mean_pairwise_squared_error,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)


def net(features, labels, weights):
    x = fully_connected(features, 4, activation=None, name='logits')
    y = tf.nn.softmax(labels)
    mask = tf.cast(weights > 0.5, tf.float32)
    found = [
        softmax_cross_entropy(x, y, weights=mask),
        sigmoid_cross_entropy(x, y, tf.expand_dims(weights, 1)),
        mean_squared_error(x, y, weights=tf.ones_like(y) * tf.expand_dims(mask, 1)),
        mean_pairwise_squared_error(x, y, weights),
        tf.reduce_mean(hinge_loss(x, tf.round(labels))),
    ]
    return tf.stack(found), get_total_loss(add_regularization_losses=False)
""",
            inputs=((5, 7), (5, 4), (5,)),
        ),
        Example(
            title="in a session script",
            before="""
import tensorflow as tf
import tf_slim as slim


def loss(logits, labels, weights):
    slim.losses.softmax_cross_entropy(logits, labels)
    slim.losses.softmax_cross_entropy(logits, labels, weights=weights)
    return slim.losses.get_total_loss()


def main(_):
    x = tf.placeholder(tf.float32, [8, 4])
    value = loss(slim.fully_connected(x, 4), x, tf.placeholder(tf.float32, [8]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected, softmax_cross_entropy


def loss(logits, labels, weights):
    tf.losses.softmax_cross_entropy(logits=logits, onehot_labels=labels)
    softmax_cross_entropy(logits, labels, weights=weights)
    return tf.losses.get_total_loss()


def main(_):
    x = tf.placeholder(tf.float32, [8, 4])
    value = loss(fully_connected(x, 4), x, tf.placeholder(tf.float32, [8]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="passed on, or unknown",
            before="""
import tensorflow as tf
import tf_slim as slim

LOSSES = {'l2': slim.losses.mean_squared_error}


def loss(*tensors):
    slim.losses.sigmoid_cross_entropy(*tensors)
    slim.losses.softmax_cross_entropy(*tensors, weight=2.0)
    slim.losses.softmax_cross_entropy(tensors[0], tensors[1], weight=2.0)
    return slim.losses.add_loss
""",
            after="""
import tensorflow as tf

from scoped_layers import legacy_import, mean_squared_error, sigmoid_cross_entropy

slim = legacy_import("tf_slim")

LOSSES = {'l2': mean_squared_error}


def loss(*tensors):
    sigmoid_cross_entropy(*tensors)
    # TODO(slimport): SLIM341 slim.losses.softmax_cross_entropy has no such parameters; see its
    #   signature
    slim.losses.softmax_cross_entropy(*tensors, weight=2.0)
    # TODO(slimport): SLIM341 slim.losses.softmax_cross_entropy has no such parameters; see its
    #   signature
    slim.losses.softmax_cross_entropy(tensors[0], tensors[1], weight=2.0)
    # TODO(slimport): SLIM341 slim.losses.add_loss is passed on; pass on a function that calls it
    return slim.losses.add_loss
""",
        ),
    ),
)
