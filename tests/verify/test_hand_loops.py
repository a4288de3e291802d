"""Loops that fed a session by hand: what --training fit makes of them, beside the session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

HEAD = """
import json
import os
import sys

import numpy as np
import tensorflow as tf
import tf_slim as slim

start, out = sys.argv[1:]


def data():
    random = np.random.RandomState(3)
    for _ in range(25):
        yield random.randint(0, 256, (8, 6, 6, 3)).astype('uint8'), random.randint(0, 3, 8)

"""
IN_A_FUNCTION = """
def net(images, is_training):
    params = {'is_training': is_training, 'decay': 0.9}
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=params):
        net = slim.conv2d(images, 4, 3)
    return slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')


def train():
    tf.reset_default_graph()
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    labels = tf.placeholder(tf.int64, [None])
    training = tf.placeholder(tf.bool, [])
    rate = tf.placeholder(tf.float32)
    logits = net(images / 255.0, training)
    cross = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(cross)
    right = tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.int32))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.AdamOptimizer(rate).minimize(loss)
    saver = tf.train.Saver()
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if os.path.exists(start + '.index'):
            saver.restore(sess, start)
        else:
            saver.save(sess, start)
        for step, (pixels, classes) in enumerate(data()):
            _, value, count = sess.run([train_op, loss, right], feed_dict={
                images: pixels, labels: classes, training: True, rate: 0.01 / (1 + step // 10)})
            losses.append([float(value), int(count)])
        saver.save(sess, out, global_step=len(losses))
    with open(out + '.json', 'w') as file:
        json.dump(losses, file)


if __name__ == '__main__':
    train()
"""
IN_THE_FILE = """
images = tf.placeholder(tf.float32, shape=(None, 6, 6, 3), name='images')
labels = tf.placeholder(tf.int64)

with slim.arg_scope([slim.conv2d, slim.fully_connected],
                    weights_regularizer=slim.l2_regularizer(0.01)):
    net = slim.conv2d(images / 255.0, 4, 3, stride=2)
    # Classes.
    logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')
tf.losses.sparse_softmax_cross_entropy(labels, logits)
total = tf.losses.get_total_loss()

step = tf.Variable(0, trainable=False, name='step')
variables = tf.trainable_variables()
weights = [v for v in variables if 'biases' not in v.name]
rate = tf.train.exponential_decay(0.05, step, 7, 0.8, staircase=True)
optimizer = tf.train.MomentumOptimizer(rate, 0.9)
train_op = optimizer.minimize(total, global_step=step, var_list=weights)

saver = tf.train.Saver(max_to_keep=2)
init = tf.global_variables_initializer()
sess = tf.Session()
sess.run(init)
if os.path.exists(start + '.index'):
    saver.restore(sess, start)
else:
    saver.save(sess, start)
losses = []
for pixels, classes in data():
    _, value = sess.run([train_op, total], feed_dict={images: pixels, labels: classes.tolist()})
    losses.append([float(value), 0])
saver.save(sess, out, global_step=len(losses))
sess.close()
with open(out + '.json', 'w') as file:
    json.dump(losses, file)
"""
OF_QUEUES = """
def read(queue):
    reader = tf.TFRecordReader()
    _, record = reader.read(queue)
    example = tf.parse_single_example(record, {
        'pixels': tf.FixedLenFeature([], tf.string), 'label': tf.FixedLenFeature([], tf.int64)})
    pixels = tf.reshape(tf.decode_raw(example['pixels'], tf.uint8), [6, 6, 3])
    return tf.to_float(pixels) / 255.0, example['label']


def batch(path):
    queue = tf.train.string_input_producer([path], shuffle=False)
    pixels, label = read(queue)
    return tf.train.batch([pixels, label], 8, 1, 16)


def train(steps):
    with tf.Graph().as_default():
        images, labels = batch(os.path.join(os.path.dirname(out), 'records'))
        net = slim.conv2d(images, 4, 3, stride=2)
        logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        largest = tf.reduce_max(labels)
        train_op = tf.train.RMSPropOptimizer(0.003, momentum=0.5).minimize(loss)
        init = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())
        saver = tf.train.Saver()
        losses = []
        with tf.Session() as sess:
            sess.run(init)
            if os.path.exists(start + '.index'):
                saver.restore(sess, start)
            else:
                saver.save(sess, start)
            coord = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(sess=sess, coord=coord)
            for step in range(steps):
                _, value, label = sess.run([train_op, loss, largest])
                losses.append([float(value), int(label)])
            saver.save(sess, out, global_step=steps)
            coord.request_stop()
            coord.join(threads)
    with open(out + '.json', 'w') as file:
        json.dump(losses, file)


if __name__ == '__main__':
    train(25)
"""
THAT_LOOKS = """
def net(images, keep_prob):
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                        normalizer_params={'decay': 0.9}):
        net = slim.conv2d(images, 4, 3)
    net = slim.dropout(tf.nn.dropout(slim.flatten(net), keep_prob=keep_prob), keep_prob)
    return slim.fully_connected(net, 3, activation_fn=None, scope='logits')


def train():
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    labels = tf.placeholder(tf.int64, [None])
    keep_prob = tf.placeholder(tf.float32, [])
    step = tf.Variable(0, trainable=False)
    logits = net(images / 255.0, keep_prob)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        train_op = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
    right = tf.equal(tf.argmax(logits, 1), labels)
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    saver = tf.train.Saver()
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if os.path.exists(start + '.index'):
            saver.restore(sess, start)
        else:
            saver.save(sess, start)
        for pixels, classes in data():
            # Of other pictures.
            other, share = sess.run([loss, accuracy], feed_dict={
                images: 255 - pixels, labels: classes, keep_prob: 1.0})
            _, value = sess.run([train_op, loss], {
                images: pixels, labels: classes, keep_prob: 1.0})
            largest = logits.eval({images: pixels[:2], keep_prob: 1.0}).max()
            losses.append([float(value), int(sess.run(step)), float(other), float(share),
                           float(largest)])
        saver.save(sess, out, global_step=step)
    with open(out + '.json', 'w') as file:
        json.dump(losses, file)


if __name__ == '__main__':
    train()
"""
# The saver knows nothing of Adam's averages; the branch without training sees none of this batch.
WITH_A_BRANCH = """
def net(images, is_training, reuse):
    net = slim.conv2d(
        images, 4, 3, normalizer_fn=slim.batch_norm, scope='Conv', reuse=reuse,
        normalizer_params={'decay': 0.7, 'is_training': is_training})
    return slim.fully_connected(
        slim.flatten(net), 3, activation_fn=None, scope='logits', reuse=reuse)


def train():
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    labels = tf.placeholder(tf.int64, [None])
    logits = net(images / 255.0, True, None)
    usual = net(images / 255.0, False, True)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    saver = tf.train.Saver()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.AdamOptimizer(0.02).minimize(loss)
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if os.path.exists(start + '.index'):
            saver.restore(sess, start)
        else:
            saver.save(sess, start)
        for step, (pixels, classes) in enumerate(data()):
            _, value = sess.run([train_op, loss], {images: pixels, labels: classes})
            if step == 5:
                saver.save(sess, out + '-kept')
            if step == 15:
                saver.restore(sess, out + '-kept')
            largest = sess.run(usual, {images: pixels // 2 + 100}).max()
            losses.append([float(value), 0, float(largest)])
        saver.save(sess, out, global_step=len(losses))
    with open(out + '.json', 'w') as file:
        json.dump(losses, file)


if __name__ == '__main__':
    train()
"""
LOOP = """
    saver = tf.train.Saver()
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if os.path.exists(start + '.index'):
            saver.restore(sess, start)
        else:
            saver.save(sess, start)
        for pixels, classes in data():
            {run}
            losses.append([float(value), 0])
        saver.save(sess, out, global_step=len(losses))
    with open(out + '.json', 'w') as file:
        json.dump(losses, file)


if __name__ == '__main__':
    train()
"""
BY_HAND = """
def train():
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    labels = tf.placeholder(tf.int64, [None])
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                        normalizer_params={{'decay': 0.9}}):
        net = slim.conv2d(images / 255.0, 4, 3)
    logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    {operation}
"""
TOGETHER = BY_HAND.format(
    operation="""with tf.control_dependencies(updates):
        optimizer = tf.train.MomentumOptimizer(0.05, 0.9)
        grads, variables = zip(*optimizer.compute_gradients(loss))
        grads, norm = tf.clip_by_global_norm(grads, 0.5)
        train_op = optimizer.apply_gradients(zip(grads, variables))"""
)
EACH = BY_HAND.format(
    operation="""optimizer = tf.train.MomentumOptimizer(0.2, 0.5)
    weights = [v for v in tf.trainable_variables() if 'logits/biases' not in v.name]
    grads = tf.gradients(loss, weights, gate_gradients=True)  # else a race
    clipped = []
    for grad in grads:
        clipped.append(tf.clip_by_value(grad, -0.02, 0.01))
    train_op = optimizer.apply_gradients(zip(clipped, weights))
    train_op = tf.group(train_op, *updates)"""
)
BY_SLIM = BY_HAND.format(
    operation="""step = tf.train.get_or_create_global_step()
    loss += 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()
                             if 'weights' in v.name])
    rate = tf.train.exponential_decay(0.05, step, 7, 0.8)
    optimizer = tf.train.GradientDescentOptimizer(rate)
    train_op = slim.learning.create_train_op(loss, optimizer, clip_gradient_norm=0.3)"""
)
FED = "{images: pixels, labels: classes}"
TOGETHER += LOOP.format(run=f"_, value = sess.run([train_op, loss], feed_dict={FED})")
EACH += LOOP.format(run=f"_, value = sess.run([train_op, loss], feed_dict={FED})")
BY_SLIM += LOOP.format(run=f"value = sess.run(train_op, feed_dict={FED})")
STATISTICS = "Conv/BatchNorm/moving_mean Conv/BatchNorm/moving_variance Conv/BatchNorm/beta"
UNTIL_THE_END = OF_QUEUES.replace("shuffle=False", "shuffle=False, num_epochs=10").replace(
    """            for step in range(steps):
                _, value, label = sess.run([train_op, loss, largest])
                losses.append([float(value), int(label)])
            saver.save(sess, out, global_step=steps)
            coord.request_stop()
""",
    """            try:
                while not coord.should_stop():
                    _, value, label = sess.run([train_op, loss, largest])
                    losses.append([float(value), int(label)])
            except tf.errors.OutOfRangeError:
                saver.save(sess, out, global_step=len(losses))
            finally:
                coord.request_stop()
""",
)
NAMES = {
    "until the end": "Conv/biases logits/biases",
    "gradients together": STATISTICS,
    "each gradient": STATISTICS,
    "slim's operation": STATISTICS,
    "looks": STATISTICS,
    "a branch": STATISTICS,
    "queues": "Conv/biases logits/biases",
    "function": STATISTICS,
    "file": "Conv/biases logits/biases",
}

PROGRAMS = {
    "function": IN_A_FUNCTION,
    "file": IN_THE_FILE,
    "queues": OF_QUEUES,
    "until the end": UNTIL_THE_END,
    "looks": THAT_LOOKS,
    "a branch": WITH_A_BRANCH,
    "gradients together": TOGETHER,
    "each gradient": EACH,
    "slim's operation": BY_SLIM,
}


def write_records(path: str) -> None:
    random = np.random.default_rng(6)
    with tf.io.TFRecordWriter(path) as writer:
        for label in random.integers(0, 3, 20):
            pixels = random.integers(0, 256, 6 * 6 * 3, np.uint8).tobytes()
            features = {
                "pixels": tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def run_both(body: str, folder: Path) -> tuple[Path, Path]:
    """Runs the old program and the new one from one start; returns where each writes."""
    for side in ("legacy", "migrated"):
        (folder / side).mkdir()
    (folder / "legacy" / "train.py").write_text(HEAD + body)
    write_records(str(folder / "records"))
    result = rewrite_tree(folder / "legacy", Options(training="fit"))
    assert result.report.left == 0 and result.report.notes == []
    for path, data in result.outputs.items():
        (folder / "migrated" / path).write_bytes(data)
    text = (folder / "migrated" / "train.py").read_text()
    assert "train_on_batch(" in text and "Session" not in text and "placeholder" not in text
    for side in ("legacy", "migrated"):  # the first makes the start that both begin with
        run_script(side, folder / side / "train.py", folder / "start", f"{folder}/{side}-out")
    return folder / "legacy-out", folder / "migrated-out"


# Programs of one form more; `make test-long` runs them, too.
LONG = (
    "a branch", "each gradient", "file", "gradients together", "slim's operation", "until the end",
    "looks",
)  # fmt: skip
EACH_PROGRAM = [
    pytest.param(place, body, id=place, marks=[pytest.mark.slow] if place in LONG else [])
    for place, body in PROGRAMS.items()
]


@pytest.mark.parametrize(("place", "body"), EACH_PROGRAM)
def test_batches_train_as_they_did(place: str, body: str, tmp_path: Path) -> None:
    paths = run_both(body, tmp_path)
    old, new = (np.array(json.loads(p.with_suffix(".json").read_text())) for p in paths)
    before, after = (tf.train.load_checkpoint(f"{path}-25") for path in paths)
    np.testing.assert_allclose(new[:, 0], old[:, 0], rtol=1e-4)
    np.testing.assert_array_equal(new[:, 1], old[:, 1])
    np.testing.assert_allclose(new[:, 2:], old[:, 2:], rtol=1e-3, atol=5e-5)
    begun = tf.train.load_checkpoint(str(tmp_path / "start"))
    for name in ["Conv/weights", "logits/weights", *NAMES[place].split()]:
        start, last = begun.get_tensor(name), before.get_tensor(name)
        way = np.abs(last - start).max()
        assert way > 1e-3 or name.endswith("biases"), name
        assert np.abs(after.get_tensor(name) - last).max() <= 1e-3 * way + 1e-6, name


THAT_WRITES = """
def train():
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    labels = tf.placeholder(tf.int64, [None])
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
        net = slim.conv2d(images / 255.0, 4, 3)
    logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.MomentumOptimizer(0.02, 0.5).minimize(loss)
    tf.summary.scalar('losses/total', loss)
    tf.summary.histogram('logits', logits)
    largest = tf.summary.scalar('largest', tf.reduce_max(logits))
    tf.summary.image('images', images, max_outputs=1)
    merged = tf.summary.merge_all()
    saver = tf.train.Saver()
    with tf.Session() as sess:
        writer = tf.summary.FileWriter(out + '-events', sess.graph)
        test_writer = tf.summary.FileWriter(logdir=out + '-test')
        sess.run(tf.global_variables_initializer())
        if os.path.exists(start + '.index'):
            saver.restore(sess, start)
        else:
            saver.save(sess, start)
        for step, (pixels, classes) in enumerate(data()):
            feed = {images: pixels, labels: classes}
            if step % 5:
                sess.run(train_op, feed_dict=feed)
            else:
                _, summary = sess.run([train_op, merged], feed_dict=feed)
                writer.add_summary(summary, step)
                test_writer.add_summary(sess.run(merged, {images: 255 - pixels, labels: classes}))
                test_writer.add_summary(largest.eval({images: pixels}), global_step=step)
                test_writer.flush()
        writer.close()
        test_writer.close()


if __name__ == '__main__':
    train()
"""


def events_of(folder: str) -> list[tuple[int, str, Any]]:
    """Each value of the event file: its step, tag and what it holds."""
    (path,) = Path(folder).iterdir()
    found: list[tuple[int, str, Any]] = []
    for event in tf.compat.v1.train.summary_iterator(str(path)):
        for value in event.summary.value:
            kind = value.WhichOneof("value")
            held = getattr(value, kind)
            if kind == "histo":
                held = [held.min, held.max, held.num, held.sum, held.sum_squares]
            found.append((event.step, value.tag, held))
    return found


def test_event_files_hold_what_they_held(tmp_path: Path) -> None:
    paths = run_both(THAT_WRITES, tmp_path)
    for what, count in (("events", 20), ("test", 25)):
        old, new = (events_of(f"{path}-{what}") for path in paths)
        assert len(old) == len(new) == count
        for (step, tag, before), (step_now, tag_now, after) in zip(old, new, strict=True):
            assert (step, tag) == (step_now, tag_now)
            if "images" in tag:
                assert before == after
            else:
                np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4)
