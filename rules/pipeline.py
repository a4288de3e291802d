"""tf.train.batch behind a data provider: one tf.data pipeline, where a LossModel reads it."""

from slimport.rewrite.pipelines import CODE, NAME
from slimport.rewrite.rule import Example, Rule

PIPELINE = Rule(
    code=CODE,
    name=NAME,
    summary="provider.get and tf.train.batch -> examples.map(prepare).batch(...).prefetch(...)",
    apis=("pipeline",),
    details=(
        "In programs that train with fit (SLIM290), where the statements between stand in one "
        "block and nothing else uses an example. They become the function that map calls. Batches "
        "are as whole as tf.train.batch made them (drop_remainder). Elsewhere the queues stay. "
        "The edit is made by slimport/rewrite/pipelines.py, found by slimport/index/pipelines.py."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def load_batch(dataset, size, is_training=True):
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=is_training)
    [image, label] = provider.get(['image', 'label'])
    # To one size.
    image = tf.image.resize_image_with_crop_or_pad(tf.to_float(image), size, size)
    if is_training:
        image = tf.image.random_flip_left_right(image)
    return tf.train.batch([image, label], batch_size=32, num_threads=4, capacity=160)


def train(dataset, folder):
    images, labels = load_batch(dataset, 64)
    logits = slim.fully_connected(slim.flatten(images), 3, activation_fn=None)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf
from scoped_layers import (
    Checkpoints,
    DatasetDataProvider,
    flatten,
    fully_connected,
    layer_graph,
    LogLoss,
    StopAtStep,
)


def load_batch(dataset, size, is_training=True):
    provider = DatasetDataProvider(dataset, shuffle=is_training)

    def prepare(example):
        image, label = example['image'], example['label']
        # To one size.
        image = tf.image.resize_with_crop_or_pad(tf.cast(image, tf.float32), size, size)
        if is_training:
            image = tf.image.random_flip_left_right(image)
        return image, label

    batches = provider.examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.batch(32, drop_remainder=True)
    batches = batches.prefetch(tf.data.AUTOTUNE)
    return batches


def train(dataset, folder):
    batches = load_batch(dataset, 64)
    images_spec, _ = batches.element_spec
    images = keras.Input(images_spec.shape[1:], dtype=images_spec.dtype)
    with layer_graph(images):
        logits = fully_connected(flatten(images), 3, activation=None)
    model = keras.Model(images, logits)
    model.compile(
        optimizer=keras.optimizers.Adam(0.01, epsilon=1e-8),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    training_log = LogLoss()
    model.fit(
        batches,
        steps_per_epoch=100,
        callbacks=[Checkpoints(folder), StopAtStep(100), training_log],
    )
""",
        ),
        Example(
            title="an example that is used beside its batch: queues, and the loop on sessions",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(dataset, folder):
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset)
    image, label = provider.get(['image', 'label'])
    images, labels = tf.train.batch([image, label], batch_size=32)
    tf.summary.image('one', tf.expand_dims(image, 0))
    loss = tf.losses.sparse_softmax_cross_entropy(labels, slim.flatten(images))
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import tensorflow.compat.v1 as tf
from scoped_layers import create_train_op, DatasetDataProvider, flatten, train_in_session


def train(dataset, folder):
    provider = DatasetDataProvider(dataset)
    image, label = provider.get(['image', 'label'])
    images, labels = tf.train.batch([image, label], batch_size=32)
    tf.summary.image('one', tf.expand_dims(image, 0))
    loss = tf.losses.sparse_softmax_cross_entropy(labels, flatten(images))
    train_op = create_train_op(loss, tf.train.AdamOptimizer(0.01))
    train_in_session(train_op, folder, number_of_steps=100)
""",
        ),
    ),
)
