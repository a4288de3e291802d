import tensorflow as tf
import tensorflow.contrib.slim as slim


def conv_bn(images, is_training=True):
    with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(0.01),
                        normalizer_fn=slim.batch_norm,
                        normalizer_params={'is_training': is_training, 'decay': 0.97,
                                           'epsilon': 0.01, 'scale': True}):
        net = slim.conv2d(images, 8, [3, 3], scope='c1')
        return slim.conv2d(net, 8, [3, 3], stride=2, scope='c2')


def bn_alone(images, is_training=True):
    net = slim.conv2d(images, 6, [1, 1], activation_fn=None, scope='c')
    net = slim.batch_norm(net, is_training=is_training, activation_fn=tf.nn.relu, scope='bn')
    return net


def drop(images, is_training=True):
    net = slim.flatten(images)
    net = slim.fully_connected(net, 64, scope='fc')
    net = slim.dropout(net, keep_prob=0.7, is_training=is_training, scope='d')
    return slim.fully_connected(net, 5, activation_fn=None, scope='out')


def lrn(images):
    net = slim.conv2d(images, 16, [3, 3], scope='c')
    net = tf.nn.lrn(net, 4, bias=1.0, alpha=0.001, beta=0.75)
    return net


def resize(images):
    a = tf.image.resize_bilinear(images, [13, 9], align_corners=True)
    b = tf.image.resize_nearest_neighbor(images, [13, 9])
    c = tf.image.resize_bilinear(images, [13, 9])
    return a, b, c


def pools(images):
    a = slim.max_pool2d(images, [3, 3], stride=2, padding='SAME', scope='p1')
    b = slim.avg_pool2d(images, [3, 3], stride=2, padding='SAME', scope='p2')
    c = slim.max_pool2d(images, [2, 2], scope='p3')
    return a, b, c


def deconv(images):
    net = slim.conv2d_transpose(images, 6, [4, 4], stride=2, scope='d1')
    return slim.conv2d_transpose(net, 4, [3, 3], stride=2, padding='VALID', activation_fn=None,
                                 scope='d2')


def sep(images):
    with slim.arg_scope([slim.separable_conv2d], weights_regularizer=slim.l2_regularizer(0.02)):
        net = slim.separable_conv2d(images, 8, [3, 3], depth_multiplier=2, scope='s1')
        return slim.separable_conv2d(net, None, [3, 3], depth_multiplier=1, stride=2, scope='s2')


def dense(images):
    net = slim.flatten(images)
    net = slim.fully_connected(net, 12, weights_regularizer=slim.l1_regularizer(0.01),
                               biases_regularizer=slim.l2_regularizer(0.03), scope='f1')
    net = slim.fully_connected(net, 7, activation_fn=tf.nn.tanh, scope='f2')
    return net


def smoothed(logits, labels):
    labels = slim.one_hot_encoding(labels, 5)
    a = tf.losses.softmax_cross_entropy(labels, logits, label_smoothing=0.1, weights=0.4)
    b = tf.losses.sigmoid_cross_entropy(labels, logits, weights=2.0)
    c = tf.losses.mean_squared_error(labels, logits, weights=[[1.0], [0.0], [2.0]])
    d = tf.losses.huber_loss(labels, logits, delta=0.5)
    e = tf.losses.absolute_difference(labels, logits, reduction=tf.losses.Reduction.SUM)
    f = tf.losses.hinge_loss(labels, logits)
    g = tf.losses.log_loss(labels, tf.nn.sigmoid(logits), epsilon=0.01)
    h = tf.losses.cosine_distance(tf.nn.l2_normalize(labels, 1), tf.nn.l2_normalize(logits, 1), axis=1)
    return a, b, c, d, e, f, g, h


def siamese(images):
    def tower(x, reuse):
        with tf.variable_scope('tower', reuse=reuse):
            net = slim.conv2d(x, 6, [3, 3], scope='c1')
            net = slim.conv2d(net, 6, [3, 3], scope='c2')
            return net
    a = tower(images, False)
    b = tower(images[:, ::-1], True)
    return a - b


def clips(images):
    a = tf.clip_by_value(images, -0.5, 0.7)
    b = tf.clip_by_norm(images, 2.0, axes=[1, 2])
    c = tf.nn.relu6(8.0 * images)
    d = tf.nn.l2_normalize(images, 3, epsilon=0.5)
    e = tf.nn.leaky_relu(images, 0.3)
    return a, b, c, d, e


def shapes(images):
    a, b = tf.split(images, 2, axis=2)
    net = tf.concat([b, a, a], 3)
    net = tf.transpose(net, [0, 2, 1, 3])
    net = tf.space_to_depth(net, 2)
    net = tf.reshape(net, [-1, 24])
    s = tf.stack([a, b], 1)
    return net, s, tf.argmax(images, 3), tf.nn.top_k(net, 3), tf.gather(images, [1, 0], axis=1)


def norms(images):
    net = slim.conv2d(images, 8, [1, 1], activation_fn=None, scope='c')
    a = slim.layer_norm(net, scope='ln')
    b = slim.instance_norm(net, scope='in')
    c = slim.unit_norm(net, 3)
    mean, var = tf.nn.moments(net, [1, 2], keep_dims=True)
    d = (net - mean) / tf.sqrt(var + 0.05)
    return a, b, c, d


def starts(images):
    net = slim.conv2d(images, 16, [3, 3], weights_initializer=slim.variance_scaling_initializer(),
                      biases_initializer=tf.constant_initializer(0.1), scope='a')
    net = slim.conv2d(net, 16, [3, 3], weights_initializer=tf.truncated_normal_initializer(stddev=0.02),
                      scope='b')
    net = slim.conv2d(net, 16, [3, 3], scope='c')
    net = slim.conv2d(net, 16, [3, 3], weights_initializer=tf.random_uniform_initializer(-0.1, 0.1),
                      scope='d')
    return slim.conv2d(net, 16, [3, 3],
                       weights_initializer=slim.xavier_initializer(uniform=False), scope='e')


def atrous(images):
    net = slim.conv2d(images, 8, [3, 3], rate=2, scope='a')
    return slim.conv2d(net, 8, [3, 3], rate=2, padding='VALID', scope='b')


def soft(images):
    a = tf.nn.softmax(images, axis=3)
    b = tf.nn.log_softmax(images / 2.0)
    c = tf.reduce_logsumexp(images, [1, 2])
    d = tf.reduce_mean(images, [1, 2], keep_dims=True)
    e = tf.reduce_max(images, 3)
    return a, b, c, d, e


def whole(images, numbers):
    a = tf.cast(images * 10.0, tf.int32)
    b = numbers // 3
    c = tf.floormod(numbers, 4)
    d = tf.round(images * 10.0)
    e = tf.floor(images * 10.0)
    f = tf.one_hot(numbers, 6, on_value=0.9, off_value=0.1)
    return a, b, c, d, e, f


def stopped(images):
    net = slim.conv2d(images, 6, [3, 3], scope='a')
    with tf.variable_scope('side'):
        side = slim.conv2d(tf.stop_gradient(net), 6, [3, 3], scope='b')
    return net, side


def frozen(images, is_training=True):
    net = slim.conv2d(images, 6, [3, 3], trainable=False, scope='a')
    net = slim.batch_norm(net, is_training=is_training, scale=True, trainable=False, scope='bn')
    return slim.conv2d(net, 4, [1, 1], scope='out')


def padded(images):
    a = tf.pad(images, [[0, 0], [1, 2], [2, 1], [0, 0]], mode='REFLECT')
    b = tf.pad(images, [[0, 0], [1, 2], [2, 1], [0, 0]], constant_values=1.0)
    net = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    c = slim.conv2d(net, 5, [3, 3], stride=2, padding='VALID', scope='c')
    return a, b, c


def endpoints(images):
    end_points = {}
    net = slim.conv2d(images, 6, [3, 3], scope='a')
    end_points['a'] = net
    net = slim.conv2d(net, 6, [3, 3], scope='b')
    end_points['b'] = net
    end_points['sum'] = tf.add_n([end_points['a'], net])
    return net, end_points


def lstm(frames):
    cell = tf.nn.rnn_cell.BasicLSTMCell(6, forget_bias=0.7)
    outputs, state = tf.nn.dynamic_rnn(cell, frames, dtype=tf.float32)
    return outputs, state.c, state.h


def gru(frames):
    cell = tf.nn.rnn_cell.GRUCell(6)
    outputs, state = tf.nn.dynamic_rnn(cell, frames, dtype=tf.float32)
    return outputs


def averaged(images, is_training=True):
    net = slim.conv2d(images, 6, [3, 3], normalizer_fn=slim.batch_norm,
                      normalizer_params={'is_training': is_training, 'updates_collections': None,
                                         'decay': 0.9}, scope='a')
    return net


def in_plane(images):
    net = slim.conv2d_in_plane(images, 2, scope='p')
    return slim.bias_add(net, scope='b', activation_fn=tf.nn.elu)


def prelu(images):
    net = slim.conv2d(images, 4, [3, 3], activation_fn=None, scope='a')
    alpha = slim.model_variable('alpha', [4], initializer=tf.constant_initializer(0.25))
    return tf.maximum(net, 0.0) + alpha * tf.minimum(net, 0.0)
