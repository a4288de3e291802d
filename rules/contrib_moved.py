"""tf.contrib's names for what is public TensorFlow as well."""

from slimport.contrib_api import Moved, moved
from slimport.index.canonical import canonical
from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite

# Packages that no tensor of a network passes through.
_NEUTRAL = ("checkpoint", "cluster_resolver", "data", "distribute", "framework.nest", "hooks")


# tf.contrib.slim.metrics is tf.contrib.metrics. Losses are likewise shared, and SLIM341's.
_SHARED_WITH_SLIM = "metrics."


def _by_api() -> dict[str, Moved]:
    """All names that have no rule of their own under another canonical name."""
    places = {k: v for k, v in moved().items() if not k.startswith("losses.")}
    found = {f"tf.contrib.{name}": place for name, place in places.items()}
    for name, place in places.items():
        if name.startswith(_SHARED_WITH_SLIM) and name.count(".") == 1:
            found[f"slim.{name}"] = place
    return {api: place for api, place in found.items() if _is_ours(api)}


def _is_ours(api: str) -> bool:
    first, _, rest = api.partition(".")
    return canonical(f"{'tf_slim' if first == 'slim' else 'tensorflow'}.{rest}") == api


_MOVED = _by_api()


class _ContribMovedRule(Rule):
    """The public name; SLIM310's table says where that is today."""

    def call(self, site: CallSite) -> Outcome:
        place = _MOVED[site.api]
        if site.aliased:  # the line that binds the name is right by now, or marked
            return Keep()
        if place.is_same:
            return site.node.with_changes(func=public(site, place.target, site.reference.call))
        arguments = handed_on(site, place.parameters or (), place.positional)
        if arguments is None:
            return Leave(
                f"{site.api} is tf.{place.target} with its parameters in another order, and what "
                "is passed cannot be seen",
                "pass every argument by name",
            )
        return site.node.with_changes(func=public(site, place.target), args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        place = _MOVED[site.api]
        if place.is_same:
            return public(site, place.target)
        return Leave(
            f"{site.api} is passed on as a function; tf.{place.target} has its parameters in "
            "another order",
            "pass on a function that hands its arguments over by name",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name.removeprefix("tf.contrib.")
        neutral = name.startswith(tuple(f"{package}." for package in _NEUTRAL))
        return None if neutral else f"{reference.api.name} has no keras.ops equivalent"


CONTRIB_MOVED = _ContribMovedRule(
    code="SLIM340",
    name="contrib_moved",
    summary="tf.contrib.framework.nest, tf.contrib.data.map_and_batch ... -> their public names",
    apis=tuple(_MOVED),
    details=(
        "Each name is, in TensorFlow 1.15.5, the very same object as a public one, or a function "
        "that does nothing but call one with every argument handed on (tools/make_contrib_table.py "
        "proves both there and writes slimport/data/contrib.json). Where that is in TensorFlow 2 "
        "is SLIM310's table. The streaming metrics take predictions first and the public ones "
        "labels, so arguments are named."
    ),
    refuses=(
        Refusal(
            "… is tf.… with its parameters in another order, and what is passed cannot be seen",
            "By position the arguments would land in each other's place.",
            "pass every argument by name",
        ),
        Refusal(
            "… is passed on as a function; tf.… has its parameters in another order",
            "Whoever calls it hands the arguments over in the old order.",
            "pass on a function that hands its arguments over by name",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib.framework import nest
import tf_slim as slim


def net(features):
    scores = slim.fully_connected(features, 5, activation_fn=None, scope='scores')
    best = tf.contrib.framework.sort(scores, direction='DESCENDING')
    places = tf.contrib.framework.argsort(scores, axis=0)
    parts = nest.flatten({'a': best, 'b': [tf.to_float(places)]})
    return tf.add_n(parts)
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(features):
    scores = fully_connected(features, 5, activation=None, name='scores')
    best = tf.sort(scores, direction='DESCENDING')
    places = tf.argsort(scores, axis=0)
    parts = tf.nest.flatten({'a': best, 'b': [tf.cast(places, tf.float32)]})
    return tf.add_n(parts)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="streaming metrics and a dataset",
            before="""
import tensorflow as tf
from tensorflow.contrib import data as contrib_data
from tensorflow.contrib.metrics import streaming_accuracy


def measure(predictions, labels):
    mean = tf.contrib.metrics.streaming_mean(predictions)
    return mean, streaming_accuracy(predictions, labels, name='right')


def batches(files):
    files = files.apply(contrib_data.parallel_interleave(
        tf.data.TFRecordDataset, cycle_length=4, sloppy=True))
    files = files.apply(tf.contrib.data.map_and_batch(parse, 32, num_parallel_batches=2))
    return files.prefetch(tf.contrib.data.AUTOTUNE)
""",
            after="""
import tensorflow as tf


def measure(predictions, labels):
    mean = tf.compat.v1.metrics.mean(predictions)
    return mean, tf.compat.v1.metrics.accuracy(predictions=predictions, labels=labels, name='right')


def batches(files):
    files = files.apply(tf.data.experimental.parallel_interleave(
        tf.compat.v1.data.TFRecordDataset, cycle_length=4, sloppy=True))
    files = files.apply(tf.data.experimental.map_and_batch(parse, 32, num_parallel_batches=2))
    return files.prefetch(tf.data.experimental.AUTOTUNE)
""",
        ),
        Example(
            title="what the order of the parameters decides",
            before="""
import tensorflow as tf

metrics = [tf.contrib.metrics.streaming_recall, tf.contrib.metrics.streaming_mean]


def measure(*arguments):
    return tf.contrib.metrics.streaming_auc(*arguments)
""",
            after="""
import tensorflow as tf

# TODO(slimport): SLIM340 tf.contrib.metrics.streaming_recall is passed on as a function;
#   tf.metrics.recall has its parameters in another order; pass on a function that hands its
#   arguments over by name
metrics = [tf.contrib.metrics.streaming_recall, tf.compat.v1.metrics.mean]


def measure(*arguments):
    # TODO(slimport): SLIM340 tf.contrib.metrics.streaming_auc is tf.metrics.auc with its
    #   parameters in another order, and what is passed cannot be seen; pass every argument by name
    return tf.contrib.metrics.streaming_auc(*arguments)
""",
        ),
    ),
)
