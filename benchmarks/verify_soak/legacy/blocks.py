"""Networks made of blocks: residual sums, branches, dense connections, gates."""

import tensorflow as tf

slim = tf.contrib.slim


def bottleneck(net, depth, stride, scope):
    """ResNet v2: batch norm and relu come first."""
    with tf.variable_scope(scope):
        before = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="preact")
        if depth == net.get_shape().as_list()[3]:
            shortcut = net if stride == 1 else slim.max_pool2d(net, 1, stride=stride)
        else:
            shortcut = slim.conv2d(
                before,
                depth,
                1,
                stride=stride,
                normalizer_fn=None,
                activation_fn=None,
                scope="shortcut",
            )
        residual = slim.conv2d(before, depth // 2, 1, scope="conv1")
        residual = slim.conv2d(residual, depth // 2, 3, stride=stride, scope="conv2")
        residual = slim.conv2d(
            residual, depth, 1, normalizer_fn=None, activation_fn=None, scope="conv3"
        )
        return shortcut + residual


def residual(images, is_training=True):
    """Three bottlenecks, the second one smaller."""
    with slim.arg_scope(
        [slim.conv2d],
        weights_regularizer=slim.l2_regularizer(0.0001),
        weights_initializer=slim.variance_scaling_initializer(),
        normalizer_fn=slim.batch_norm,
    ):
        with slim.arg_scope(
            [slim.batch_norm], is_training=is_training, decay=0.97, epsilon=1e-5, scale=True
        ):
            net = slim.conv2d(images, 8, 3, normalizer_fn=None, scope="root")
            net = bottleneck(net, 16, 1, "unit_1")
            net = bottleneck(net, 16, 2, "unit_2")
            net = bottleneck(net, 16, 1, "unit_3")
            net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="postnorm")
    return tf.reduce_mean(net, [1, 2], keep_dims=True)


def mixed(net, scope):
    """Four branches, one of them pooled."""
    with tf.variable_scope(scope):
        with tf.variable_scope("Branch_0"):
            one = slim.conv2d(net, 6, [1, 1], scope="Conv2d_0a_1x1")
        with tf.variable_scope("Branch_1"):
            three = slim.conv2d(net, 4, [1, 1], scope="Conv2d_0a_1x1")
            three = slim.conv2d(three, 6, [3, 3], scope="Conv2d_0b_3x3")
        with tf.variable_scope("Branch_2"):
            five = slim.conv2d(net, 4, [1, 1], scope="Conv2d_0a_1x1")
            five = slim.conv2d(five, 4, [1, 5], scope="Conv2d_0b_1x5")
            five = slim.conv2d(five, 4, [5, 1], scope="Conv2d_0c_5x1")
        with tf.variable_scope("Branch_3"):
            pool = slim.avg_pool2d(net, [3, 3], stride=1, padding="SAME", scope="AvgPool")
            pool = slim.conv2d(pool, 4, [1, 1], scope="Conv2d_0b_1x1")
        return tf.concat(axis=3, values=[one, three, five, pool])


def branches(images, is_training=True, scope=None):
    """Two inception modules and their endpoints."""
    end_points = {}
    with tf.variable_scope(scope, "Branches", [images]):
        with slim.arg_scope(
            [slim.conv2d],
            normalizer_fn=slim.batch_norm,
            normalizer_params={"is_training": is_training, "decay": 0.9},
        ):
            net = slim.conv2d(images, 8, 3, stride=2, scope="Conv2d_1a")
            for name in ("Mixed_1", "Mixed_2"):
                net = mixed(net, name)
                end_points[name] = net
    return net, end_points


def dense(images, is_training=True):
    """DenseNet: every layer sees all before it."""
    net = slim.conv2d(images, 6, 3, stride=2, activation_fn=None, scope="root")
    with slim.arg_scope([slim.batch_norm], is_training=is_training, scale=True, decay=0.9):
        for number in range(3):
            with tf.variable_scope("layer%d" % number):
                new = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="norm")
                new = slim.conv2d(new, 4, 3, activation_fn=None, scope="conv")
                net = tf.concat([net, new], axis=3)
        net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="last")
    return slim.avg_pool2d(net, 2, stride=2, scope="transition")


def squeezed(images, is_training=True):
    """Squeeze and excitation."""
    net = slim.conv2d(images, 8, 3, scope="conv")
    with tf.variable_scope("se"):
        squeeze = tf.reduce_mean(net, [1, 2], keep_dims=True)
        squeeze = slim.conv2d(squeeze, 4, 1, scope="reduce")
        gate = slim.conv2d(squeeze, 8, 1, activation_fn=tf.sigmoid, scope="expand")
    return net * gate, gate


def shuffled(images, is_training=True):
    """ShuffleNet: groups exchange their channels."""
    net = slim.conv2d(images, 8, 1, scope="conv")
    left, right = tf.split(net, 2, axis=3)
    right = slim.separable_conv2d(right, 4, 3, 1, scope="right")
    net = tf.concat([left, right], 3)
    _, height, width, depth = net.get_shape().as_list()
    net = tf.reshape(net, [-1, height, width, 2, depth // 2])
    net = tf.transpose(net, [0, 1, 2, 4, 3])
    return tf.reshape(net, [-1, height, width, depth])


def gated(images, is_training=True):
    """Highway: a gate between what came in and what is made of it."""
    net = slim.conv2d(images, 6, 3, scope="root")
    for number in range(2):
        with tf.variable_scope("highway", reuse=tf.AUTO_REUSE):
            made = slim.conv2d(net, 6, 3, activation_fn=tf.nn.tanh, scope="made")
            gate = slim.conv2d(
                net,
                6,
                3,
                activation_fn=tf.sigmoid,
                biases_initializer=tf.constant_initializer(-1.0),
                scope="gate",
            )
            net = gate * made + (1.0 - gate) * net
    return net


def towers(images, other, is_training=True):
    """A siamese network: one tower, called twice, and the distance of what it gives."""

    def tower(net, reuse):
        with tf.variable_scope("tower", reuse=reuse):
            net = slim.conv2d(net, 8, 3, stride=2, scope="conv1")
            net = slim.conv2d(net, 8, 3, stride=2, scope="conv2")
            net = slim.fully_connected(slim.flatten(net), 6, activation_fn=None, scope="fc")
            return tf.nn.l2_normalize(net, 1)

    left, right = tower(images, None), tower(other, True)
    return left, right, tf.reduce_sum(tf.square(left - right), 1)


def unet(images, is_training=True):
    """Down and up again, with bilinear resizing and skips."""
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": is_training, "decay": 0.9},
    ):
        first = slim.conv2d(images, 6, 3, scope="down1")
        second = slim.conv2d(slim.max_pool2d(first, 2), 8, 3, scope="down2")
        deep = slim.conv2d(slim.max_pool2d(second, 2), 10, 3, scope="deep")
        up = tf.image.resize_bilinear(deep, second.get_shape().as_list()[1:3])
        up = slim.conv2d(tf.concat([up, second], 3), 8, 3, scope="up2")
        size = first.get_shape().as_list()[1:3]
        up = tf.image.resize_bilinear(up, size, align_corners=True)
        up = slim.conv2d(tf.concat([up, first], 3), 6, 3, scope="up1")
    return slim.conv2d(up, 3, 1, activation_fn=None, normalizer_fn=None, scope="masks")
