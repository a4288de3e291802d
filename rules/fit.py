"""slim.learning.train: a block that builds a loss and trains it becomes compile and fit."""

from slimport.rewrite.fit import CODE, NAME
from slimport.rewrite.rule import Example, Rule

FIT = Rule(
    code=CODE,
    name=NAME,
    summary="slim.learning.create_train_op and train -> a model, compile and fit",
    apis=("fit",),
    details=(
        "A network on a batch with one of Keras' losses becomes keras.Model(inputs, outputs) "
        "(SLIM291 shows one). Elsewhere the statements that make the loss become a function, and a "
        "LossModel computes the loss of each batch by it. Checkpoints keep TF 1's names and "
        "format; a run goes on from the last. "
        "A block stays on sessions (SLIM242) where the rest looks into the loss, where queues feed "
        "it, or where it hands the loop what fit has no place for. The edit is made by "
        "slimport/rewrite/fit.py and plain_fit.py, found by training.py, told_apart.py and "
        "plain_training.py of slimport/index."
    ),
    numbers=(
        "The loss of a step, gradients, variables and slots are compared after 1, 3 and 100 steps: "
        "docs/training-with-fit.md."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def build_loss(x, y):
    predictions = slim.fully_connected(x, 1, activation_fn=None, scope='fc')
    return tf.reduce_mean(tf.square(predictions - y))


def train(x, y, folder, restore=None):
    with tf.Graph().as_default():
        step = slim.get_or_create_global_step()
        # Least squares.
        loss = build_loss(tf.constant(x), tf.constant(y))
        rate = tf.train.exponential_decay(0.1, step, 100, 0.9)
        optimizer = tf.train.AdamOptimizer(rate)
        train_op = slim.learning.create_train_op(
            loss, optimizer, global_step=step, clip_gradient_norm=4.0)
        init_fn = slim.assign_from_checkpoint_fn(restore, slim.get_model_variables())
        return slim.learning.train(
            train_op, folder, init_fn=init_fn, number_of_steps=1000, log_every_n_steps=50,
            saver=tf.train.Saver(max_to_keep=3), save_interval_secs=300)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    StopAtStep,
    assign_from_checkpoint_fn,
    fully_connected,
    get_model_variables,
)


def build_loss(x, y):
    predictions = fully_connected(x, 1, activation=None, name='fc')
    return keras.ops.mean(keras.ops.square(predictions - y))


def train(x, y, folder, restore=None):
    # Least squares.
    model = LossModel(build_loss, tf.constant(x), tf.constant(y))
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)
    optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)
    model.compile(optimizer=optimizer, clip_gradient_norm=4.0)
    with model.layer_graph():
        init_fn = assign_from_checkpoint_fn(restore, get_model_variables())
    training_log = LogLoss(50)
    model.fit(
        model.batches,
        steps_per_epoch=1000,
        callbacks=[
            Checkpoints(folder, init_fn=init_fn, save_interval_secs=300, max_to_keep=3),
            StopAtStep(1000),
            training_log,
        ],
    )
    return training_log.loss
""",
        ),
        Example(
            title="the loss is looked into: the loop stays on sessions",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(x, folder):
    logits = slim.fully_connected(x, 1, scope='fc')
    loss = tf.reduce_mean(tf.square(logits))
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    hook = tf.Print(logits, [logits])
    slim.learning.train(train_op, folder, summary_op=tf.summary.merge_all())
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import create_train_op, fully_connected, train_in_session


def train(x, folder):
    logits = fully_connected(x, 1, name='fc')
    loss = tf.reduce_mean(tf.square(logits))
    train_op = create_train_op(loss, tf.train.AdamOptimizer(0.1))
    hook = tf.Print(logits, [logits])
    train_in_session(train_op, folder, summary_op=tf.summary.merge_all())
""",
        ),
    ),
)
