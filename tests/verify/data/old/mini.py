"""A small legacy network: normalised convolutions, two branches, a classifier."""

import collections

import tensorflow as tf

slim = tf.contrib.slim

Heads = collections.namedtuple("Heads", ["logits", "classes", "extra"])


def arg_scope(weight_decay=0.01, is_training=True):
    params = {"decay": 0.9, "epsilon": 0.001, "scale": True, "is_training": is_training}
    with slim.arg_scope(
        [slim.conv2d],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        normalizer_fn=slim.batch_norm,
        normalizer_params=params,
    ) as scope:
        return scope


def net(images, num_classes=5, is_training=True):
    end_points = collections.OrderedDict()
    with tf.variable_scope("Mini"):
        with slim.arg_scope([slim.batch_norm], is_training=is_training):
            x = slim.conv2d(images, 8, [3, 3], stride=2, scope="conv1")
            end_points["conv1"] = x
            with tf.variable_scope("Branches"):
                a = slim.conv2d(x, 4, [1, 1], scope="a")
                b = slim.conv2d(x, 4, [3, 3], scope="b")
            x = tf.concat([a, b], 3)
            end_points["Branches"] = x
            x = slim.max_pool2d(x, [2, 2], scope="pool")
            end_points["pool"] = x
            x = tf.reduce_mean(x, [1, 2], name="mean")
            end_points["mean"] = x
            logits = slim.fully_connected(x, num_classes, activation_fn=None, scope="logits")
    end_points["predictions"] = tf.nn.softmax(logits, name="predictions")
    return logits, end_points


def heads(images, lengths, is_training=True):
    """Two inputs, one of integers; a named tuple with a nested dictionary, a None and a text."""
    x = slim.conv2d(images, 4, [3, 3], scope="heads/conv")
    x = tf.reduce_mean(x, [1, 2]) * tf.expand_dims(tf.cast(lengths, tf.float32), 1)
    classes = tf.argmax(x, 1)
    return Heads(x, classes, {"nothing": None, "kind": "mini", "sizes": [4, 2.5]})


def exits(images):
    raise SystemExit(3)


def dies(images):
    import os

    print("last words")
    os._exit(7)


def hangs(images):
    import time

    time.sleep(600)
