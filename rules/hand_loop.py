"""Sessions that are fed batches in a Python loop: a FedModel and train_on_batch."""

from slimport.rewrite.hand_loop import CODE, NAME
from slimport.rewrite.rule import Example, Rule

HAND_LOOP = Rule(
    code=CODE,
    name=NAME,
    summary="placeholders, minimize and session.run -> FedModel, compile and train_on_batch",
    apis=("hand_loop",),
    details=(
        "With --training fit. The statements between placeholders and the loss become a function "
        "of what is fed; each run of the training operation becomes train_on_batch, other runs "
        "run_on_batch, and the loop around them stays. A loop stays on its session where it asks "
        "for anything else; the report says for what, and where. The edit is made by "
        "slimport/rewrite/hand_loop.py, found by slimport/index/hand_loops.py."
    ),
    examples=(
        Example(
            training="fit",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.fully_connected(slim.flatten(images), 10, activation_fn=None, scope='logits')


def train(batches, test, path, restore=None):
    images = tf.placeholder(tf.float32, [None, 28, 28], name='images')
    labels = tf.placeholder(tf.int64, [None])
    rate = tf.placeholder(tf.float32)
    # Cross entropy.
    logits = net(images)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    right = tf.equal(tf.argmax(logits, 1), labels)
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    train_op = tf.train.AdamOptimizer(rate).minimize(loss)
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session() as sess:
        # Begin.
        sess.run(tf.global_variables_initializer())
        if restore:
            saver.restore(sess, restore)
        for step, (pixels, classes) in enumerate(batches):
            decayed = 0.1 if step < 100 else 0.01
            _, value, share = sess.run([train_op, loss, accuracy], feed_dict={
                images: pixels / 255.0, labels: classes, rate: decayed})
            print(step, value, share)
            if step % 1000 == 0:
                print(sess.run(accuracy, {images: test.images, labels: test.labels}))
                saver.save(sess, path, global_step=step)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import FedModel, ModelSaver, flatten, fully_connected


def net(images):
    return fully_connected(flatten(images), 10, activation=None, name='logits')


def train(batches, test, path, restore=None):
    # Cross entropy.
    def build_loss(images, labels):
        logits = net(images)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits)
        right = tf.equal(tf.argmax(logits, 1), labels)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        return {"loss": loss, "accuracy": accuracy}

    model = FedModel(
        build_loss,
        images=tf.TensorSpec([None, 28, 28], tf.float32),
        labels=tf.TensorSpec([None], tf.int64),
    )
    model.compile(optimizer=keras.optimizers.Adam(0.0, epsilon=1e-8))
    saver = ModelSaver(model, max_to_keep=2)
    # Begin.
    if restore:
        saver.restore(restore)
    for step, (pixels, classes) in enumerate(batches):
        decayed = 0.1 if step < 100 else 0.01
        model.optimizer.learning_rate = decayed
        logs = model.train_on_batch({
            "images": pixels / 255.0, "labels": classes}, return_dict=True)
        value, share = logs["loss"], logs["accuracy"]
        print(step, value, share)
        if step % 1000 == 0:
            print(model.run_on_batch({"images": test.images, "labels": test.labels}, "accuracy"))
            saver.save(path, global_step=step)
""",
        ),
        Example(
            training="fit",
            title="a session that is handed on: the loop stays on it",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(batches, hook):
    images = tf.placeholder(tf.float32, [None, 4])
    logits = slim.fully_connected(images, 1, scope='logits')
    loss = tf.reduce_mean(tf.square(logits))
    train_op = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for batch in batches:
            sess.run(train_op, {images: batch})
        hook(sess)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected


def train(batches, hook):
    images = tf.placeholder(tf.float32, [None, 4])
    logits = fully_connected(images, 1, name='logits')
    loss = tf.reduce_mean(tf.square(logits))
    train_op = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for batch in batches:
            sess.run(train_op, {images: batch})
        hook(sess)
""",
        ),
    ),
)
