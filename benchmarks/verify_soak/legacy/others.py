"""Other normalizers, dense layers, rows of words, heads of detectors, losses."""

import tensorflow as tf

slim = tf.contrib.slim


def styled(images, is_training=True):
    """Style transfer: reflected borders, instance norm, nearest neighbours."""
    net = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
    with slim.arg_scope(
        [slim.conv2d], normalizer_fn=tf.contrib.layers.instance_norm, padding="VALID"
    ):
        net = slim.conv2d(net, 6, 5, scope="conv1")
        size = [2 * extent for extent in net.get_shape().as_list()[1:3]]
        net = tf.image.resize_nearest_neighbor(net, size)
        net = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        net = slim.conv2d(net, 3, 3, activation_fn=tf.nn.tanh, scope="conv2")
    return 127.5 * (net + 1.0)


def layer_normed(images, is_training=True):
    """Dense layers, each with layer norm."""
    net = slim.flatten(images)
    net = slim.fully_connected(
        net, 16, normalizer_fn=tf.contrib.layers.layer_norm, activation_fn=tf.tanh, scope="fc1"
    )
    net = slim.fully_connected(net, 12, scope="fc2")
    return tf.contrib.layers.layer_norm(net, center=False, scope="norm")


def group_normed(images, is_training=True):
    """Group norm in place of batch norm."""
    net = slim.conv2d(images, 8, 3, activation_fn=None, scope="conv1")
    net = tf.nn.relu(tf.contrib.layers.group_norm(net, groups=4, scope="norm1"))
    return slim.conv2d(net, 4, 3, stride=2, scope="conv2")


def dense_norm(rows, is_training=True):
    """Batch norm of rows, fused or not."""
    with slim.arg_scope(
        [slim.fully_connected],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": is_training, "decay": 0.9, "scale": True},
        weights_regularizer=slim.l1_regularizer(0.001),
    ):
        net = slim.fully_connected(rows, 12, scope="fc1")
        net = slim.fully_connected(net, 12, activation_fn=None, scope="fc2")
    net = slim.batch_norm(
        net, is_training=is_training, center=False, updates_collections=None, scope="unfused"
    )
    return slim.fully_connected(net, 3, activation_fn=None, scope="logits")


def attention(images, is_training=True):
    """Every position looks at every other."""
    _, height, width, _ = images.get_shape().as_list()
    query = tf.reshape(slim.conv2d(images, 4, 1, scope="query"), [-1, height * width, 4])
    key = tf.reshape(slim.conv2d(images, 4, 1, scope="key"), [-1, height * width, 4])
    value = tf.reshape(slim.conv2d(images, 6, 1, scope="value"), [-1, height * width, 6])
    weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / 2.0)
    return tf.reshape(tf.matmul(weights, value), [-1, height, width, 6]), weights


def words(tokens, is_training=True):
    """Words as rows of a table, convolutions of three widths over them."""
    table = tf.get_variable("table", [20, 6], initializer=tf.random_uniform_initializer(-1, 1))
    net = tf.expand_dims(tf.nn.embedding_lookup(table, tokens), 3)
    pooled = []
    for width in (2, 3, 4):
        conv = slim.conv2d(net, 5, [width, 6], padding="VALID", scope="width%d" % width)
        pooled.append(tf.squeeze(tf.reduce_max(conv, 1), [1]))
    return slim.fully_connected(tf.concat(pooled, 1), 4, activation_fn=None, scope="logits")


def boxes(images, is_training=True):
    """Heads over two maps: boxes and scores of anchors."""
    first = slim.conv2d(images, 8, 3, stride=2, scope="map1")
    second = slim.conv2d(first, 8, 3, stride=2, scope="map2")
    found, scores = [], []
    for number, net in enumerate((first, second)):
        with tf.variable_scope("head_%d" % number):
            with slim.arg_scope([slim.conv2d], activation_fn=None):
                box = slim.conv2d(net, 2 * 4, 3, scope="box")
                score = slim.conv2d(net, 2 * 3, 3, scope="class")
        found.append(tf.reshape(box, [tf.shape(box)[0], -1, 4]))
        scores.append(tf.reshape(score, [tf.shape(score)[0], -1, 3]))
    box = tf.concat(found, 1)
    centre, size = box[:, :, :2] * 0.1, tf.exp(box[:, :, 2:] * 0.2)
    corners = tf.concat([centre - size / 2, centre + size / 2], 2)
    return {"boxes": corners, "scores": tf.nn.softmax(tf.concat(scores, 1))}


def losses(images, labels, is_training=True):
    """Losses of three kinds, one of them weighted, and what regularizes."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.01)
    ):
        net = slim.conv2d(images, 6, 3, stride=2, scope="conv")
        logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope="logits")
    onehot = slim.one_hot_encoding(labels, 3)
    return {
        "logits": logits,
        "softmax": tf.losses.softmax_cross_entropy(onehot, logits, label_smoothing=0.1),
        "sparse": tf.losses.sparse_softmax_cross_entropy(labels, logits, weights=0.7),
        "huber": tf.losses.huber_loss(onehot, logits, weights=tf.to_float(labels)[:, None]),
        "mean": tf.losses.mean_squared_error(onehot, tf.nn.softmax(logits)),
    }


def generator(noise, is_training=True):
    """Noise to picture: dense layer, transposed convolutions with batch norm."""
    with slim.arg_scope(
        [slim.fully_connected, slim.conv2d_transpose],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": is_training, "decay": 0.9, "scale": True},
        weights_initializer=tf.truncated_normal_initializer(stddev=0.02),
    ):
        net = slim.fully_connected(noise, 4 * 4 * 8, scope="fc")
        net = tf.reshape(net, [-1, 4, 4, 8])
        net = slim.conv2d_transpose(net, 6, 5, stride=2, scope="up1")
        return slim.conv2d_transpose(
            net, 3, 5, stride=2, normalizer_fn=None, activation_fn=tf.tanh, scope="up2"
        )


def denoised(images, is_training=True):
    """A residual denoiser whose normalizer has no gamma and moves slowly."""
    net = slim.conv2d(images, 8, 3, scope="conv1")
    for number in range(2, 5):
        net = slim.conv2d(
            net, 8, 3, activation_fn=None, biases_initializer=None, scope="conv%d" % number
        )
        net = slim.batch_norm(net, decay=0.99, is_training=is_training, scope="bn%d" % number)
        net = tf.nn.leaky_relu(net, alpha=0.1)
    depth = images.get_shape().as_list()[3]
    return images - slim.conv2d(net, depth, 3, activation_fn=None, scope="last")


def cropped(images, is_training=True):
    """Convolutions without padding, the centre of an early map beside a late one."""
    first = slim.conv2d(images, 6, 3, padding="VALID", scope="conv1")
    net = slim.conv2d(first, 6, 3, padding="VALID", scope="conv2")
    net = slim.conv2d(net, 6, 3, padding="VALID", scope="conv3")
    _, height, width, _ = net.get_shape().as_list()
    centre = tf.slice(first, [0, 2, 2, 0], [-1, height, width, -1])
    return slim.maxout(tf.concat([centre, net], 3), 4, scope="maxout")


def taught(images, is_training=True):
    """A student that is drawn to a teacher, and not the other way round."""
    net = slim.conv2d(images, 6, 3, stride=2, scope="body")
    teacher = slim.conv2d(net, 4, 1, activation_fn=None, scope="teacher")
    student = slim.conv2d(net, 4, 1, activation_fn=None, scope="student")
    return student, tf.square(student - tf.stop_gradient(teacher))
