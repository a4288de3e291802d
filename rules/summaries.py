"""slim.summaries, slim.summarize_* and slim.model_analyzer."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import CallSite, Site, ValueSite

_ADDED = "histogram image scalar zero_fraction"
_SUMMARIZED = "activation activations biases collection tensor tensors variables weights"
_TABLES = "slim.model_analyzer."


class _SummaryRule(RenamedRule):
    """The same functions in the written module; outside of sessions nobody evaluates a summary."""

    def call(self, site: CallSite) -> Outcome:
        _note_effect(site)
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        _note_effect(site)
        return super().value(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        if reference.api.name.startswith(_TABLES):
            return None
        return f"{reference.api.name} takes tensors of TensorFlow"


def _note_effect(site: Site) -> None:
    written = site.file.runs_sessions() or site.file.is_of_loss(site.function)
    if not site.api.startswith(_TABLES) and not written:
        site.file.note(
            f"{site.api} has an effect in graphs with sessions alone; "
            "keras.callbacks.TensorBoard shows a model's training"
        )


SUMMARIES = _SummaryRule(
    code="SLIM406",
    name="summaries",
    summary="slim.summaries, summarize_*, model_analyzer -> the written module's",
    apis=(
        *(f"slim.summaries.add_{kind}_summary" for kind in _ADDED.split()),
        *(f"slim.summaries.add_{kind}_summaries" for kind in _ADDED.split()),
        *(f"slim.summarize_{what}" for what in _SUMMARIZED.split()),
        *(f"{_TABLES}{name}" for name in ("analyze_ops", "analyze_vars", "tensor_description")),
    ),
    details=(
        "The tags, values and collections are slim's. They go to tf.compat.v1.summary.merge_all; "
        "the callback Summaries writes those of a LossModel. In other models, where nothing "
        "evaluates them, they have no effect, and the report says so."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 3, scope='conv')
    slim.summarize_activation(images)
    return slim.flatten(images)


def main(_):
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = slim.fully_connected(net(x), 3, activation_fn=None)
    slim.model_analyzer.analyze_vars(slim.get_model_variables(), print_info=True)
    slim.summaries.add_scalar_summary(tf.reduce_mean(logits), 'mean', 'net', print_summary=True)
    slim.summarize_tensors(tf.trainable_variables(), slim.summaries.add_histogram_summary)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(tf.summary.merge_all())


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import (
    add_histogram_summary,
    add_scalar_summary,
    analyze_vars,
    conv2d,
    flatten,
    fully_connected,
    get_model_variables,
    summarize_activation,
    summarize_tensors,
)


def net(images):
    images = conv2d(images, 4, 3, name='conv')
    summarize_activation(images)
    return flatten(images)


def main(_):
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = fully_connected(net(x), 3, activation=None)
    analyze_vars(get_model_variables(), print_info=True)
    add_scalar_summary(tf.reduce_mean(logits), 'mean', 'net', print_summary=True)
    summarize_tensors(tf.trainable_variables(), add_histogram_summary)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(tf.summary.merge_all())


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="in a model",
            before="""
import tensorflow as tf
from tensorflow.contrib import layers


def net(images):
    images = layers.conv2d(images, 4, 3)
    layers.summarize_activation(images)
    layers.summarize_collection('variables', 'Conv')
    return images
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, summarize_activation, summarize_collection


def net(images):
    images = conv2d(images, 4, 3)
    summarize_activation(images)
    summarize_collection('variables', 'Conv')
    return images
""",
            inputs=((2, 6, 6, 3),),
        ),
    ),
)
