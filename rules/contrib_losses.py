"""slim.losses (tf.contrib.losses) where tf.losses computes the same."""

from dataclasses import dataclass

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal

_PREDICTIONS = "predictions labels weights scope"
# slim's parameters in order; `slim=tf.losses` where the names differ.
_PARAMETERS = {
    "absolute_difference": _PREDICTIONS,
    "add_loss": "loss loss_collection",
    "compute_weighted_loss": "losses weights scope",
    "cosine_distance": "predictions labels axis weights scope dim",
    "get_total_loss": "add_regularization_losses name",
    "log_loss": "predictions labels weights epsilon scope",
    "mean_squared_error": _PREDICTIONS,
    "sigmoid_cross_entropy": "logits multi_class_labels weights label_smoothing scope",
    "softmax_cross_entropy": "logits onehot_labels weights label_smoothing scope",
    "sparse_softmax_cross_entropy": "logits labels weights scope",
}
# All others take the labels first in tf.losses.
_SAME_ORDER = ("add_loss", "compute_weighted_loss", "get_total_loss")


@dataclass(frozen=True, kw_only=True)
class _LossRule(Rule):
    """The same mean, kept in the same collection; labels and predictions change places."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:
            return Keep()
        pairs = [(name, name) for name in _PARAMETERS[site.short].split()]
        bound = site.bound([name for name, _ in pairs])
        if bound is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        if "weights" in bound and not _is_number(bound["weights"].value):
            return Leave(
                f"{site.api}: weights with a shape are spread otherwise by tf.losses",
                "use tf.compat.v1.losses with weights of the shape of the losses",
            )
        positional = len(pairs) if site.short in _SAME_ORDER else 0
        arguments = handed_on(site, pairs, positional)
        function = public(site, f"losses.{site.short}")
        return site.node.with_changes(func=function, args=arguments or [])

    def value(self, site: ValueSite) -> Outcome:
        return Leave(
            f"{site.api} is passed on; tf.losses has the parameters in another order",
            "pass on a function that hands its arguments over by name",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} keeps losses in a graph collection"


def _is_number(value: cst.BaseExpression) -> bool:
    return type(literal(value)) in (int, float)


CONTRIB_LOSSES = _LossRule(
    code="SLIM341",
    name="contrib_losses",
    summary="slim.losses.softmax_cross_entropy ... -> tf.compat.v1.losses, labels by name",
    apis=tuple(
        f"{home}.{name}" for home in ("slim.losses", "tf.contrib.losses") for name in _PARAMETERS
    ),
    details=(
        "Without weights, or with one number, both are the mean over all elements (0 for weight "
        "0). Weights with a shape are marked: slim sums the losses down to the weights' rank, "
        "tf.losses wants shapes that broadcast. mean_pairwise_squared_error and "
        "hinge_loss are SLIM404's."
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
from scoped_layers import fully_connected


def net(features, labels):
    x = fully_connected(features, 4, activation=None, name='logits')
    y = tf.nn.softmax(labels)
    places = tf.argmax(y, 1)
    likely = tf.nn.sigmoid(x)
    found = [
        tf.compat.v1.losses.softmax_cross_entropy(logits=x, onehot_labels=y, label_smoothing=0.1),
        tf.compat.v1.losses.sigmoid_cross_entropy(logits=x, multi_class_labels=y, weights=2),
        tf.compat.v1.losses.sparse_softmax_cross_entropy(logits=x, labels=places, scope='sparse'),
        tf.compat.v1.losses.log_loss(predictions=likely, labels=y, epsilon=1e-5),
        tf.compat.v1.losses.mean_squared_error(predictions=x, labels=y, weights=-1.5),
        tf.compat.v1.losses.absolute_difference(predictions=x, labels=y, weights=0.0),
        tf.compat.v1.losses.cosine_distance(predictions=likely, labels=y, axis=1),
        tf.compat.v1.losses.compute_weighted_loss(x, 3.0),
    ]
    tf.compat.v1.losses.add_loss(found[0])
    return tf.stack(found), tf.compat.v1.losses.get_total_loss(False)
""",
            inputs=((5, 7), (5, 4)),
        ),
        Example(
            title="what stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def loss(logits, labels, weights):
    slim.losses.softmax_cross_entropy(logits, labels, weights=weights)
    return {'l2': slim.losses.mean_squared_error}
""",
            after="""
import tensorflow as tf
from scoped_layers import legacy_import

slim = legacy_import("tf_slim")


def loss(logits, labels, weights):
    # TODO(slimport): SLIM341 slim.losses.softmax_cross_entropy: weights with a shape are spread
    #   otherwise by tf.losses; use tf.compat.v1.losses with weights of the shape of the losses
    slim.losses.softmax_cross_entropy(logits, labels, weights=weights)
    # TODO(slimport): SLIM341 slim.losses.mean_squared_error is passed on; tf.losses has the
    #   parameters in another order; pass on a function that hands its arguments over by name
    return {'l2': slim.losses.mean_squared_error}
""",
        ),
    ),
)
