"""Sessions that restore a network and run it: a PredictionModel and predict_on_batch."""

from slimport.rewrite.hand_prediction import CODE, NAME
from slimport.rewrite.rule import Example, Rule

PREDICT_BY_HAND = Rule(
    code=CODE,
    name=NAME,
    summary="placeholders, Saver.restore and session.run -> PredictionModel and predict_on_batch",
    apis=("predict_by_hand",),
    details=(
        "With --training fit. The statements between placeholders and what is run become a "
        "function of what is fed, restoring restore_checkpoint, and each run predict_on_batch, or "
        "run_on_batch where runs ask for different outputs. What trains, draws numbers or changes "
        "state, and what nothing restores, stays on its session; the report says for what, and "
        "where. The edit is made by slimport/rewrite/hand_prediction.py, found by "
        "slimport/index/hand_prediction.py."
    ),
    examples=(
        Example(
            training="fit",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, num_classes, is_training=True):
    net = slim.dropout(slim.flatten(images), 0.8, is_training=is_training)
    return slim.fully_connected(net, num_classes, activation_fn=None, scope='logits')


def predict(batches, path):
    images = tf.placeholder(tf.float32, [None, 28, 28], name='images')
    # Classes.
    logits = net(images, num_classes=5, is_training=False)
    probabilities = tf.nn.softmax(logits)
    saver = tf.train.Saver()
    with tf.Session() as sess:
        saver.restore(sess, path)
        for batch in batches:
            found = sess.run(probabilities, feed_dict={images: batch})
            print(found)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    PredictionModel,
    dropout,
    flatten,
    fully_connected,
    restore_checkpoint,
)


def net(images, num_classes, is_training=True):
    net = dropout(flatten(images), 0.8, is_training=is_training)
    return fully_connected(net, num_classes, activation=None, name='logits')


def predict(batches, path):
    # Classes.
    def build_outputs(images):
        logits = net(images, num_classes=5, is_training=False)
        probabilities = tf.nn.softmax(logits)
        return probabilities

    model = PredictionModel(
        build_outputs,
        images=tf.TensorSpec([None, 28, 28], tf.float32),
    )
    restore_checkpoint(model, path)
    for batch in batches:
        found = model.predict_on_batch(batch)
        print(found)
""",
        ),
        Example(
            training="fit",
            title="the head of another number of classes is not restored; runs of two outputs",
            before="""
import tensorflow as tf
import tf_slim as slim

images = tf.placeholder(tf.float32, [None, 28, 28])
scale = tf.placeholder(tf.float32, [])
hidden = slim.fully_connected(slim.flatten(images * scale), 16, scope='hidden')
logits = slim.fully_connected(hidden, 5, activation_fn=None, scope='logits')
saver = tf.train.Saver(slim.get_variables_to_restore(exclude=['logits']))
sess = tf.Session()
sess.run(tf.global_variables_initializer())
saver.restore(sess, 'model.ckpt')
for batch in [[[0.0] * 28] * 28]:
    print(sess.run([hidden, logits], feed_dict={images: [batch], scale: 0.5}))
logits = sess.run(logits, {images: [batch], scale: 1.0})
print(logits.argmax(1))
sess.close()
""",
            after="""
import tensorflow as tf

from scoped_layers import PredictionModel, flatten, fully_connected, restore_checkpoint


def build_outputs(images, scale):
    hidden = fully_connected(flatten(images * scale), 16, name='hidden')
    logits = fully_connected(hidden, 5, activation=None, name='logits')
    return {"hidden": hidden, "logits": logits}


model = PredictionModel(
    build_outputs,
    images=tf.TensorSpec([None, 28, 28], tf.float32),
    scale=tf.TensorSpec([], tf.float32),
)
restore_checkpoint(model, 'model.ckpt', exclude=['logits'])
for batch in [[[0.0] * 28] * 28]:
    print(model.run_on_batch({"images": [batch], "scale": 0.5}, ["hidden", "logits"]))
logits = model.run_on_batch({"images": [batch], "scale": 1.0}, "logits")
print(logits.argmax(1))
""",
        ),
        Example(
            training="fit",
            title="nothing restores the variables: it stays on its session",
            before="""
import tensorflow as tf
import tf_slim as slim


def look(batch):
    images = tf.placeholder(tf.float32, [None, 4])
    logits = slim.fully_connected(images, 1, scope='logits')
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(logits, {images: batch})
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected


def look(batch):
    images = tf.placeholder(tf.float32, [None, 4])
    logits = fully_connected(images, 1, name='logits')
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(logits, {images: batch})
""",
        ),
    ),
)
