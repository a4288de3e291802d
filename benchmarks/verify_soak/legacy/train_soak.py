"""Trains one of three small networks on random data; `data_seed` says which."""

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim


def data(data_seed, batch, size):
    """Images and which of three classes they are."""
    random = np.random.RandomState(data_seed)
    labels = random.randint(3, size=batch)
    images = random.randn(batch, size, size, 2) + 0.3 * labels[:, None, None, None]
    return images.astype(np.float32), labels.astype(np.int64)


def norm_net(images):
    """Batch norm, weight decay."""
    params = {"is_training": True, "decay": 0.9}
    with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(0.01)):
        net = slim.conv2d(
            images,
            4,
            3,
            stride=2,
            normalizer_fn=slim.batch_norm,
            normalizer_params=params,
            scope="conv",
        )
    return slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope="logits")


def deep_net(images):
    """Three layers and a separable one, elus."""
    with slim.arg_scope([slim.conv2d, slim.separable_conv2d], activation_fn=tf.nn.elu):
        net = slim.conv2d(images, 6, 3, scope="conv1")
        net = slim.separable_conv2d(net, 6, 3, 1, scope="sep")
        net = slim.conv2d(net, 6, 3, stride=2, scope="conv2")
    net = tf.reduce_mean(net, [1, 2])
    return slim.fully_connected(net, 3, activation_fn=None, scope="logits")


def build_loss(network, data_seed, batch, size):
    """The total loss."""
    images, labels = data(data_seed, batch, size)
    if network == "norm":
        logits = norm_net(tf.constant(images))
    else:
        logits = deep_net(tf.constant(images))
    tf.losses.sparse_softmax_cross_entropy(tf.constant(labels), logits)
    return tf.losses.get_total_loss()


def new_optimizer(name):
    """By name."""
    if name == "momentum":
        return tf.train.MomentumOptimizer(0.05, 0.9)
    if name == "adam":
        return tf.train.AdamOptimizer(0.01)
    if name == "rmsprop":
        return tf.train.RMSPropOptimizer(0.003, momentum=0.9, epsilon=1.0)
    if name == "adagrad":
        return tf.train.AdagradOptimizer(0.1)
    if name == "ftrl":
        return tf.train.FtrlOptimizer(0.1)
    return tf.train.GradientDescentOptimizer(0.05)


def train(folder=None, network="norm", optimizer="sgd", data_seed=0, batch=8, size=6, clip=0):
    """Trains; returns the last loss."""
    with tf.Graph().as_default():
        step = slim.get_or_create_global_step()
        total_loss = build_loss(network, data_seed, batch, size)
        train_op = slim.learning.create_train_op(
            total_loss, new_optimizer(optimizer), global_step=step, clip_gradient_norm=clip
        )
        return slim.learning.train(train_op, folder, number_of_steps=20, log_every_n_steps=5)
