"""Stacks of layers: strides, paddings, windows, rates, normalizers, activations."""

import tensorflow as tf

slim = tf.contrib.slim


def paddings(images, is_training=True):
    """Strides 1 to 3 with SAME and VALID, kernels that are not square."""
    end_points = {}
    with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.elu):
        net = slim.conv2d(images, 8, [3, 3], stride=2, scope="same2")
        end_points["same2"] = net
        net = slim.conv2d(net, 8, [5, 3], padding="VALID", scope="valid1")
        end_points["valid1"] = net
        net = slim.conv2d(net, 12, [1, 4], stride=[1, 2], scope="wide")
        end_points["wide"] = net
        net = slim.conv2d(net, 6, 2, stride=3, scope="same3")
    return net, end_points


def normalised(images, is_training=True, weight_decay=0.001):
    """Convolution, batch norm, relu; weight decay; gammas in one layer."""
    params = {"is_training": is_training, "decay": 0.95, "epsilon": 0.002}
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params=params,
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ):
        net = slim.conv2d(images, 8, [3, 3])
        net = slim.conv2d(net, 8, [3, 3], stride=2)
        net = slim.conv2d(net, 10, [1, 1], activation_fn=None)
    net = slim.batch_norm(net, scale=True, is_training=is_training, scope="last")
    return tf.nn.relu(net)


def separable(images, is_training=True):
    """MobileNet's first blocks: relu6, depthwise layers alone and separable ones."""
    params = {"is_training": is_training, "scale": True, "decay": 0.997}
    with slim.arg_scope(
        [slim.conv2d, slim.separable_conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params=params,
        activation_fn=tf.nn.relu6,
        weights_regularizer=slim.l2_regularizer(4e-5),
    ):
        net = slim.conv2d(images, 8, 3, stride=2, scope="conv")
        net = slim.separable_conv2d(net, None, 3, depth_multiplier=1, stride=1, scope="dw1")
        net = slim.conv2d(net, 12, 1, scope="pw1")
        net = slim.separable_conv2d(net, None, 3, depth_multiplier=2, stride=2, scope="dw2")
        return slim.separable_conv2d(net, 10, 3, depth_multiplier=1, scope="sep")


def inverted(images, is_training=True):
    """MobileNet v2: expansion, depthwise layer, linear projection, residual sum."""
    params = {"is_training": is_training, "scale": True, "decay": 0.9}
    with slim.arg_scope(
        [slim.conv2d, slim.separable_conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params=params,
        activation_fn=tf.nn.relu6,
    ):
        net = slim.conv2d(images, 8, 3, stride=2, scope="stem")
        for number in range(2):
            with tf.variable_scope("block_%d" % number):
                wide = slim.conv2d(net, 24, 1, scope="expand")
                wide = slim.separable_conv2d(wide, None, 3, 1, scope="depthwise")
                net += slim.conv2d(wide, 8, 1, activation_fn=None, scope="project")
    return net


def transposed(images, is_training=True):
    """Up and down: transposed convolutions with both paddings, strides 2 and 3."""
    net = slim.conv2d(images, 6, 3, stride=2, scope="down")
    same = slim.conv2d_transpose(net, 4, 3, stride=2, scope="same")
    valid = slim.conv2d_transpose(net, 4, [4, 2], stride=2, padding="VALID", scope="valid")
    with slim.arg_scope(
        [slim.conv2d_transpose],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": is_training},
        activation_fn=tf.nn.tanh,
    ):
        three = slim.conv2d_transpose(net, 3, 5, stride=3, scope="three")
    return {"same": same, "valid": valid, "three": three}


def atrous(images, is_training=True):
    """Rates 1, 2 and 4 side by side, as a pyramid does."""
    net = slim.conv2d(images, 6, 3, scope="root")
    branches = [slim.conv2d(net, 5, 1, scope="rate1")]
    for rate in (2, 4):
        branches.append(slim.conv2d(net, 5, 3, rate=rate, scope="rate%d" % rate))
    pooled = tf.reduce_mean(net, [1, 2], keep_dims=True)
    pooled = slim.conv2d(pooled, 5, 1, scope="pool")
    branches.append(tf.tile(pooled, [1, tf.shape(net)[1], tf.shape(net)[2], 1]))
    net = tf.concat(branches, 3)
    return slim.separable_conv2d(net, 6, 3, 1, rate=2, activation_fn=None, scope="sep")


def pools(images, is_training=True):
    """Maxima and means over windows of all kinds."""
    net = slim.conv2d(images, 6, 3, scope="conv")
    same = slim.max_pool2d(net, 3, stride=2, padding="SAME", scope="same")
    valid = slim.max_pool2d(net, [2, 3], scope="valid")
    mean = slim.avg_pool2d(net, 3, stride=1, padding="SAME", scope="average")
    mean = slim.avg_pool2d(mean, [2, 2], stride=[2, 1], scope="average_valid")
    return {"same": same, "valid": valid, "mean": mean, "global": tf.reduce_mean(net, [1, 2])}


def dropped(images, is_training=True):
    """Dropout in front of and behind dense layers."""
    net = slim.conv2d(images, 6, 3, stride=2, scope="conv")
    net = slim.dropout(net, 0.8, is_training=is_training, scope="drop1")
    net = slim.flatten(net)
    net = slim.fully_connected(net, 12, scope="fc1")
    net = slim.dropout(net, 0.5, is_training=is_training, scope="drop2")
    return slim.fully_connected(net, 5, activation_fn=None, scope="fc2")


def repeated(images, is_training=True):
    """VGG: repeats, stacks and pools."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(0.0005),
        biases_initializer=tf.constant_initializer(0.1),
    ):
        net = slim.repeat(images, 2, slim.conv2d, 6, [3, 3], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.repeat(net, 2, slim.conv2d, 8, [3, 3], scope="conv2")
        net = tf.reduce_mean(net, [1, 2])
        return slim.stack(net, slim.fully_connected, [10, 7], scope="fc")


def activations(images, is_training=True):
    """One of each."""
    net = slim.conv2d(images, 8, 3, activation_fn=tf.nn.leaky_relu, scope="leaky")
    net = slim.conv2d(net, 8, 3, activation_fn=tf.nn.softplus, scope="softplus")
    net = slim.conv2d(net, 8, 3, activation_fn=tf.nn.tanh, scope="tanh")
    net = slim.conv2d(net, 8, 3, activation_fn=tf.nn.selu, scope="selu")
    net = slim.conv2d(net, 8, 1, activation_fn=tf.sigmoid, scope="sigmoid")
    return slim.softmax(slim.conv2d(net, 4, 1, activation_fn=None, scope="logits"))


def penalised(images, is_training=True):
    """A regularizer of the variable scope covers moving averages, and a layer that is fixed."""
    with tf.variable_scope("all", regularizer=slim.l2_regularizer(0.01)):
        net = slim.conv2d(images, 6, 3, trainable=False, scope="fixed")
        net = slim.batch_norm(net, is_training=is_training, decay=0.9, scope="norm1")
        return slim.batch_norm(
            net, is_training=is_training, decay=0.9, updates_collections=None, scope="norm2"
        )
