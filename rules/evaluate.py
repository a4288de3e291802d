"""slim.evaluation: a block that builds metrics and evaluates checkpoints becomes evaluate."""

from slimport.rewrite.evaluate import CODE, NAME
from slimport.rewrite.rule import Example, Rule

EVALUATE = Rule(
    code=CODE,
    name=NAME,
    summary="slim.metrics and slim.evaluation -> MetricsModel, keras.metrics and evaluate",
    apis=("evaluate",),
    details=(
        "The statements that make the metrics become a function, and a MetricsModel updates a "
        "metric of Keras by it with each batch. Summaries of their values are written from the "
        "numbers. tf.contrib.training's evaluation goes the same way, with its two hooks. A block "
        "stays on sessions (SLIM243) where a metric has no equal among keras.metrics, where the "
        "rest looks into the tensors, or where it hands the loop what evaluate has no place for; "
        "the report says which. The edit is made by slimport/rewrite/evaluate.py, found by "
        "slimport/index/evaluations.py."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def network(images, is_training=True):
    net = slim.conv2d(images, 8, 3, scope='conv')
    net = slim.dropout(slim.flatten(net), is_training=is_training)
    return slim.fully_connected(net, 5, activation_fn=None, scope='logits')


def evaluate(images, labels, checkpoint_dir, folder):
    with tf.Graph().as_default():
        slim.get_or_create_global_step()
        # The metrics.
        logits = network(tf.constant(images), is_training=False)
        predictions = tf.argmax(logits, 1)
        values, updates = slim.metrics.aggregate_metric_map({
            'accuracy': slim.metrics.streaming_accuracy(predictions, labels),
            'recall_2': slim.metrics.streaming_recall_at_k(logits, labels, 2),
        })
        for name, value in values.items():
            tf.summary.scalar('eval/%s' % name, value)
        return slim.evaluation.evaluate_once(
            master='',
            checkpoint_path=tf.train.latest_checkpoint(checkpoint_dir),
            logdir=folder,
            num_evals=10,
            eval_op=list(updates.values()),
            final_op=values)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    MetricsModel,
    conv2d,
    dropout,
    flatten,
    fully_connected,
    log_metric,
    write_scalar,
)


def network(images, is_training=True):
    net = conv2d(images, 8, 3, name='conv')
    net = dropout(flatten(net), is_training=is_training)
    return fully_connected(net, 5, activation=None, name='logits')


def evaluate(images, labels, checkpoint_dir, folder):
    def build_metrics():
        # The metrics.
        logits = network(tf.constant(images), is_training=False)
        predictions = tf.argmax(logits, 1)
        log_metric('accuracy', keras.metrics.Accuracy, labels, predictions)
        log_metric(
            'recall_2',
            keras.metrics.SparseTopKCategoricalAccuracy,
            labels,
            logits,
            k=2,
        )

    model = MetricsModel(build_metrics)
    model.load_checkpoint(tf.train.latest_checkpoint(checkpoint_dir))
    values = model.evaluate(model.batches, steps=10, return_dict=True)
    with tf.summary.create_file_writer(folder).as_default(model.global_step):
        for name, value in values.items():
            write_scalar('eval/%s' % name, value)
    return values
""",
        ),
        Example(
            title="each new checkpoint",
            before="""
import tensorflow as tf
import tf_slim as slim


def watch(images, labels, checkpoint_dir, folder, seconds):
    slim.get_or_create_global_step()
    logits = slim.fully_connected(tf.constant(images), 5, activation_fn=None, scope='logits')
    error, update = slim.metrics.streaming_mean_squared_error(logits, tf.constant(labels))
    tf.summary.scalar('error', error)
    variables = tf.train.ExponentialMovingAverage(0.99).variables_to_restore()
    slim.evaluation.evaluation_loop(
        '', checkpoint_dir, folder, num_evals=10, eval_op=update,
        eval_interval_secs=seconds, variables_to_restore=variables)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    AveragedVariables,
    MetricsModel,
    checkpoints_to_evaluate,
    fully_connected,
    log_metric,
    write_scalar,
)


def watch(images, labels, checkpoint_dir, folder, seconds):
    def build_metrics():
        logits = fully_connected(tf.constant(images), 5, activation=None, name='logits')
        log_metric(
            'error',
            keras.metrics.MeanSquaredError,
            tf.constant(labels),
            logits,
        )

    model = MetricsModel(build_metrics)
    with model.layer_graph():
        variables = AveragedVariables(0.99).variables_to_restore()
    writer = tf.summary.create_file_writer(folder)
    for checkpoint_path in checkpoints_to_evaluate(checkpoint_dir, eval_interval_secs=seconds):
        model.load_checkpoint(checkpoint_path, variables)
        metric_values = model.evaluate(model.batches, steps=10, return_dict=True)
        error = metric_values['error']
        with writer.as_default(model.global_step):
            write_scalar('error', error)
""",
        ),
        Example(
            title="a metric that Keras has not: the evaluation stays on sessions",
            before="""
import tensorflow as tf
import tf_slim as slim


def evaluate(images, labels, path, folder):
    logits = slim.fully_connected(tf.constant(images), 5, activation_fn=None, scope='logits')
    value, update = tf.metrics.mean_cosine_distance(tf.one_hot(labels, 5), logits, 1)
    slim.evaluation.evaluate_once('', path, folder, num_evals=10, eval_op=update)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import evaluate_checkpoint, fully_connected


def evaluate(images, labels, path, folder):
    logits = fully_connected(tf.constant(images), 5, activation=None, name='logits')
    value, update = tf.metrics.mean_cosine_distance(tf.one_hot(labels, 5), logits, 1)
    evaluate_checkpoint('', path, folder, num_evals=10, eval_op=update)
""",
        ),
    ),
)
