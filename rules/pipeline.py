"""tf.train.batch behind a provider or a reader of files: one tf.data pipeline, for fit."""

from slimport.rewrite.pipelines import CODE, NAME
from slimport.rewrite.rule import Example, Rule

PIPELINE = Rule(
    code=CODE,
    name=NAME,
    summary="tf.train.batch behind a provider or files -> dataset.map(prepare).batch(...)",
    apis=("pipeline",),
    details=(
        "In programs that train with fit (SLIM290), where the statements between stand in one "
        "block and nothing else uses an example. They become the function that map calls. Batches "
        "are as whole as tf.train.batch made them (drop_remainder). So do files of a "
        "tf.train.string_input_producer that a reader reads, here or in a function of its own, "
        "and a slim.prefetch_queue behind the batch: what is done to a batch before it becomes a "
        "second mapped function. tf.train.batch_join over readings that only share the work is one "
        "reading. A tf.data iterator that one get_next reads gives its dataset to next_batch. "
        "Elsewhere queues and iterators stay. "
        "The edit is made by slimport/rewrite/pipelines.py and single_iterators.py, found by "
        "pipelines.py, prefetching.py, joined.py and single_iterators.py of slimport/index."
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
    LogLoss,
    StopAtStep,
    flatten,
    fully_connected,
    layer_graph,
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
            title="files that are read by a queue and a reader",
            before="""
import tensorflow as tf
import tf_slim as slim


def read(queue, size):
    reader = tf.TFRecordReader()
    _, record = reader.read(queue)
    features = tf.parse_single_example(record, {
        'image': tf.FixedLenFeature([], tf.string),
        'label': tf.FixedLenFeature([], tf.int64)})
    image = tf.decode_raw(features['image'], tf.uint8)
    image.set_shape([size])
    return tf.to_float(image) / 255.0, features['label']


def load_batch(paths, epochs=None):
    queue = tf.train.string_input_producer(paths, num_epochs=epochs)
    image, label = read(queue, 784)
    images, labels = tf.train.shuffle_batch(
        [image, label], batch_size=32, num_threads=2, capacity=2000, min_after_dequeue=1000)
    return images, labels


def train(paths, folder):
    images, labels = load_batch(paths)
    logits = slim.fully_connected(images, 10, activation_fn=None, scope='logits')
    tf.losses.sparse_softmax_cross_entropy(labels, logits)
    loss = tf.losses.get_total_loss()
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    StopAtStep,
    fully_connected,
    layer_graph,
    queued_files,
)


def read(record, size):
    features = tf.compat.v1.parse_single_example(record, {
        'image': tf.io.FixedLenFeature([], tf.string),
        'label': tf.io.FixedLenFeature([], tf.int64)})
    image = tf.compat.v1.decode_raw(features['image'], tf.uint8)
    image.set_shape([size])
    return tf.cast(image, tf.float32) / 255.0, features['label']


def load_batch(paths, epochs=None):
    records = queued_files(paths, num_epochs=epochs)
    records = records.flat_map(tf.data.TFRecordDataset)

    def prepare(record):
        image, label = read(record, 784)
        return image, label

    batches = records.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.shuffle(2000)
    batches = batches.batch(32, drop_remainder=True)
    batches = batches.prefetch(tf.data.AUTOTUNE)
    return batches


def train(paths, folder):
    batches = load_batch(paths)
    images_spec, _ = batches.element_spec
    images = keras.Input(images_spec.shape[1:], dtype=images_spec.dtype)
    with layer_graph(images):
        logits = fully_connected(images, 10, activation=None, name='logits')
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
            title="a queue of batches that another function takes from",
            before="""
import tensorflow as tf
import tf_slim as slim


def build_loss(batch_queue):
    images, labels = batch_queue.dequeue()
    logits = slim.fully_connected(slim.flatten(images), 3, activation_fn=None)
    return tf.losses.softmax_cross_entropy(labels, logits)


def build(dataset):
    with tf.name_scope('read'):
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset)
        image, label = provider.get(['image', 'label'])
    images, labels = tf.train.batch([tf.to_float(image), label], batch_size=32)
    # A row for each class.
    labels = slim.one_hot_encoding(labels, 3)
    batch_queue = slim.prefetch_queue.prefetch_queue([images, labels], capacity=4)
    return build_loss(batch_queue)


def train(data, folder):
    loss = build(data)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    DatasetDataProvider,
    LogLoss,
    LossModel,
    StopAtStep,
    flatten,
    fully_connected,
    next_batch,
    one_hot_encoding,
)


def build_loss(batch_queue):
    images, labels = next_batch(batch_queue)
    logits = fully_connected(flatten(images), 3, activation=None)
    return tf.compat.v1.losses.softmax_cross_entropy(labels, logits)


def build(dataset):
    provider = DatasetDataProvider(dataset)

    def prepare(example):
        image, label = example['image'], example['label']
        return tf.cast(image, tf.float32), label

    batches = provider.examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.batch(32, drop_remainder=True)

    def arrange(images, labels):
        # A row for each class.
        labels = one_hot_encoding(labels, 3)
        return images, labels

    batches = batches.map(arrange, num_parallel_calls=tf.data.AUTOTUNE)
    batch_queue = batches.prefetch(tf.data.AUTOTUNE)
    return build_loss(batch_queue)


def train(data, folder):
    model = LossModel(build, data)
    model.compile(optimizer=keras.optimizers.Adam(0.01, epsilon=1e-8))
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=100,
        callbacks=[Checkpoints(folder), StopAtStep(100), training_log],
    )
""",
        ),
        Example(
            title="an iterator",
            before="""
import tensorflow as tf
import tf_slim as slim


def build(data):
    batches = tf.data.Dataset.from_tensor_slices(data).repeat().batch(32)
    iterator = batches.make_one_shot_iterator()
    x, y = iterator.get_next()
    return tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))


def train(data, folder):
    loss = build(data)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    StopAtStep,
    fully_connected,
    next_batch,
)


def build(data):
    batches = tf.compat.v1.data.Dataset.from_tensor_slices(data).repeat().batch(32)
    x, y = next_batch(batches)
    return tf.compat.v1.losses.mean_squared_error(y, fully_connected(x, 1))


def train(data, folder):
    model = LossModel(build, data)
    model.compile(optimizer=keras.optimizers.Adam(0.01, epsilon=1e-8))
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=100,
        callbacks=[Checkpoints(folder), StopAtStep(100), training_log],
    )
""",
        ),
        Example(
            title="a queue that is asked for its size: queues, and the loop on sessions",
            before="""
import tensorflow as tf
import tf_slim as slim


def build(dataset):
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset)
    x, y = provider.get(['x', 'y'])
    x, y = tf.train.batch([x, y], batch_size=32)
    batch_queue = slim.prefetch_queue.prefetch_queue([x, y])
    tf.summary.scalar('waiting', batch_queue.size())
    x, y = batch_queue.dequeue()
    return tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))


def train(data, folder):
    loss = build(data)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import (
    DatasetDataProvider,
    create_train_op,
    fully_connected,
    prefetch_queue,
    train_in_session,
)


def build(dataset):
    provider = DatasetDataProvider(dataset)
    x, y = provider.get(['x', 'y'])
    x, y = tf.train.batch([x, y], batch_size=32)
    batch_queue = prefetch_queue([x, y])
    tf.summary.scalar('waiting', batch_queue.size())
    x, y = batch_queue.dequeue()
    return tf.losses.mean_squared_error(y, fully_connected(x, 1))


def train(data, folder):
    loss = build(data)
    train_op = create_train_op(loss, tf.train.AdamOptimizer(0.01))
    train_in_session(train_op, folder, number_of_steps=100)
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

from scoped_layers import (
    DatasetDataProvider,
    create_train_op,
    flatten,
    train_in_session,
)


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
