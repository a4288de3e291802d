"""slim.prefetch_queue and slim.queues: queues and what runs them."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

QUEUES = RenamedRule(
    code="SLIM274",
    name="queues",
    summary="slim.prefetch_queue.prefetch_queue, slim.queues -> the written module's",
    apis=(
        "slim.prefetch_queue.prefetch_queue",
        "slim.queues.NestedQueueRunnerError",
        "slim.queues.QueueRunners",
    ),
    only_tensorflow="queues hold tensors of a TF 1 graph",
    details="They work in a TF 1 graph with sessions. A tf.data.Dataset has prefetch().",
    examples=(
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.slim.python.slim.data import prefetch_queue


def show(image, label):
    batch = tf.train.batch({'image': image, 'label': label}, 4)
    queue = slim.prefetch_queue.prefetch_queue(batch, capacity=2)
    other = prefetch_queue.prefetch_queue(list(batch.values()), num_threads=2)
    with tf.Session() as session:
        with slim.queues.QueueRunners(session):
            return session.run([queue.dequeue(), other.dequeue()])
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import QueueRunners, prefetch_queue


def show(image, label):
    batch = tf.train.batch({'image': image, 'label': label}, 4)
    queue = prefetch_queue(batch, capacity=2)
    other = prefetch_queue(list(batch.values()), num_threads=2)
    with tf.Session() as session:
        with QueueRunners(session):
            return session.run([queue.dequeue(), other.dequeue()])
""",
        ),
    ),
)
