"""Forms of real code that `nets` does not make of single calls: own layers, kept scopes, towers.

Each is text of which words are drawn: functions above the network, and statements that make `net`
(of rank 4) of `net`. `#` in a form is a number of its own.
"""

from __future__ import annotations

from random import Random

from tests.fuzz import python_forms
from tests.fuzz.drawn import Form

_SCOPES = {
    "kept": Form("""
        with slim.arg_scope([slim.conv2d, slim.fully_connected], {set}) as kept#:
            net = slim.conv2d(net, 4, {kernel}, padding='SAME')
        with slim.arg_scope(kept#):
            net = slim.conv2d(net, 4, {kernel}, padding='SAME', activation_fn={act}{name})
    """),
    "kept, inner": Form("""
        with slim.arg_scope([slim.conv2d], padding='SAME'):
            with slim.arg_scope([slim.conv2d], {set}) as kept#:
                net = slim.conv2d(net, 3, {kernel})
        with slim.arg_scope([slim.conv2d], activation_fn={act}):
            with slim.arg_scope(kept#):
                net = slim.conv2d(net, 4, 1{name})
            net = slim.conv2d(net, 4, {kernel})
    """),
    "of a function, twice": Form(
        """
        scope# = scope_#(0.01)
        with slim.arg_scope(scope#):
            net = slim.conv2d(net, 4, {kernel}{name})
        with slim.arg_scope(scope_#(weight_decay=0.1)), slim.arg_scope([slim.conv2d], {set}):
            net = slim.conv2d(net, 4, 1)
        """,
        """
        def scope_#(weight_decay=0.0005):
            regularizer = slim.l2_regularizer(weight_decay)
            with slim.arg_scope([slim.conv2d], padding='SAME', weights_regularizer=regularizer):
                with slim.arg_scope([slim.conv2d, slim.separable_conv2d], {set}) as scope:
                    return scope
        """,
    ),
    "of unpacked words": Form("""
        words# = dict(stride=1, padding='SAME', activation_fn={act})
        with slim.arg_scope([slim.conv2d], **words#):
            net = slim.conv2d(net, 4, {kernel})
        net = slim.conv2d(net, 4, {kernel}, **words#)
    """),
    "of a list": Form("""
        ops# = [slim.conv2d, slim.separable_conv2d]
        with slim.arg_scope(ops#, {set}):
            net = slim.conv2d(net, 4, {kernel})
            net = slim.separable_conv2d(net, 4, 3, 1)
    """),
    "of a choice": Form("""
        with (slim.arg_scope([slim.conv2d], {set}) if {bool} else slim.arg_scope([])):
            net = slim.conv2d(net, 4, {kernel}{name})
    """),
    "of a decorator": Form(
        "net = decorated_#(net)",
        """
        def decorator_#(function):
            def wrapped(*args, **kwargs):
                with slim.arg_scope([slim.conv2d], {set}):
                    return function(*args, **kwargs)
            return wrapped


        @decorator_#
        def decorated_#(net):
            return slim.conv2d(net, 4, {kernel}{name})
        """,
    ),
    "of a context manager": Form(
        """
        with opened_#({act}):
            net = slim.conv2d(net, 4, {kernel}, padding='SAME'{name})
        """,
        """
        @contextlib.contextmanager
        def opened_#(activation):
            with tf.variable_scope('opened_#'), slim.arg_scope([slim.conv2d], {set}):
                with slim.arg_scope([slim.conv2d], activation_fn=activation):
                    yield
        """,
        ("contextlib",),
    ),
}
_LAYER = "slim.conv2d(net, 4, {kernel}, padding='SAME', stride=1, activation_fn={act}, scope='c')"
_REUSE = {
    "AUTO_REUSE": Form(f"""
        for turn# in range(2):
            with tf.variable_scope('auto#', reuse=tf.AUTO_REUSE):
                net = slim.conv2d(net, 4, {{kernel}}, padding='SAME', scope='a%d' % turn#)
        with tf.variable_scope('auto#', reuse=tf.AUTO_REUSE):
            side# = {_LAYER}
        with tf.variable_scope('auto#', reuse=tf.AUTO_REUSE):
            net = tf.nn.relu(net) + side#
    """),
    "the object": Form("""
        with tf.variable_scope('object#') as object#:
            side# = slim.conv2d(net, 4, 3, padding='SAME', scope='c')
        with tf.variable_scope(object#, reuse=True):
            net = side# + slim.conv2d(tf.nn.elu(net), 4, 3, padding='SAME', scope='c')
        with tf.variable_scope(object#):
            net = slim.conv2d(net, 3, {kernel}, activation_fn={act}, scope='d')
    """),
    "the object's method": Form("""
        with tf.variable_scope('method#') as method#:
            side# = slim.conv2d(net, 4, 3, padding='SAME', scope='c')
            method#.reuse_variables()
            net = side# + slim.conv2d(tf.nn.elu(net), 4, 3, padding='SAME', scope='c')
    """),
    "the scope that is open": Form("""
        with tf.variable_scope('open#'):
            side# = slim.conv2d(net, 4, 3, padding='SAME')
            tf.get_variable_scope().reuse_variables()
            net = side# + slim.conv2d(tf.nn.elu(net), 4, 3, padding='SAME', scope='Conv')
    """),
    "a default name": Form("""
        for turn# in range(2):
            with tf.variable_scope(None, default_name='unit'):
                net = slim.conv2d(net, 3, {kernel}, activation_fn={act})
    """),
    "a flag of a loop": Form("""
        sides# = []
        for turn# in range(2):
            with tf.variable_scope('turns#', reuse=turn# > 0):
                sides#.append(slim.conv2d(net * (turn# + 1.0), 3, 3, padding='SAME', scope='c'))
        net = tf.concat(sides#, 3)
    """),
    "a tower": Form(
        """
        side# = tower_#(net, is_training)
        net = side# + tower_#(tf.nn.relu(net), is_training, reuse=True)
        """,
        """
        def tower_#(net, is_training=True, reuse=None, scope='tower_#'):
            with tf.variable_scope(scope, 'tower', [net], reuse=reuse):
                net = slim.conv2d(net, 4, 3, padding='SAME', stride=1, {set}, scope='first')
                net = slim.batch_norm(net, is_training=is_training, scale={bool}, scope='norm')
                return slim.conv2d(net, 4, 1, padding='SAME', stride=1, scope='second')
        """,
    ),
    "a reused layer": Form("""
        side# = slim.conv2d(net, 4, 3, padding='SAME', stride=1, scope='again#')
        net = side# + slim.conv2d(net * 0.5, 4, 3, padding='SAME', stride=1, reuse=True,
                                  scope='again#')
    """),
    "a template": Form(
        """
        shared# = tf.make_template('shared#', template_#, depth=4)
        net = shared#(net) + shared#(net * 0.5)
        """,
        """
        def template_#(net, depth):
            return slim.conv2d(net, depth, {kernel}, padding='SAME', stride=1, {set})
        """,
    ),
    "with defaults": Form("""
        with tf.variable_scope('defaults#', regularizer={reg}, initializer={init}):
            net = slim.conv2d(net, 4, {kernel}, {set})
            gain# = tf.get_variable('gain', [4])
            net = net * gain#
    """),
    "a path": Form("""
        with tf.variable_scope('a#/b'):
            net = slim.conv2d(net, 4, {kernel}, scope='c/d')
        with tf.variable_scope('a#'):
            net = slim.conv2d(net, 4, {kernel})
    """),
}
_OWN = {
    "scaled": Form(
        "net = scaled_#(net{name})",
        """
        def scaled_#(net, scope=None):
            with tf.variable_scope(scope, 'scaled', [net]):
                depth = net.get_shape()[-1].value
                gamma = slim.model_variable('gamma', shape=[depth], initializer={init},
                                            regularizer={reg}, trainable={bool})
                beta = tf.get_variable('beta', [depth], initializer=tf.zeros_initializer())
                return net * gamma + beta
        """,
    ),
    "in scopes": Form(
        """
        with slim.arg_scope([gated_#], depth=3, activation={act}):
            net = gated_#(net{name})
            net = gated_#(net, depth=4)
        """,
        """
        @slim.add_arg_scope
        def gated_#(net, depth=5, activation=None, scope=None):
            with tf.variable_scope(scope, 'gated', [net]):
                gate = slim.conv2d(net, depth, 1, activation_fn=tf.nn.sigmoid, stride=1,
                                   padding='SAME', scope='gate')
                net = slim.conv2d(net, depth, 3, activation_fn=activation, stride=1,
                                  padding='SAME', scope='value')
                return net * gate
        """,
    ),
    "a normalizer": Form(
        """
        net = slim.conv2d(net, 4, {kernel}, normalizer_fn=norm_#,
                          normalizer_params={'is_training': is_training, 'decay': 0.95}{name})
        """,
        """
        def norm_#(net, is_training=True, decay=0.9, scope=None):
            net = slim.batch_norm(net, decay=decay, is_training=is_training, center={bool},
                                  scale={bool}, scope=scope)
            return net * 1.5
        """,
    ),
    "a normalizer of a scope": Form("""
        params# = {'is_training': is_training, 'decay': 0.9, 'epsilon': 0.01, 'scale': {bool}}
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            normalizer_params=params#):
            with slim.arg_scope([slim.batch_norm], **params#):
                net = slim.conv2d(net, 4, {kernel}{name})
                net = slim.batch_norm(net)
    """),
    "a lambda for a normalizer": Form("""
        net = slim.conv2d(net, 4, {kernel}, activation_fn={act}, normalizer_fn=lambda x:
                          slim.batch_norm(x, is_training=is_training, scale=True))
    """),
    "a partial for a normalizer": Form(
        """
        norm# = functools.partial(slim.batch_norm, is_training=is_training, decay=0.9)
        net = slim.conv2d(net, 4, {kernel}, normalizer_fn=norm#, activation_fn={act}{name})
        """,
        imports=("functools",),
    ),
    "a class": Form(
        "net = Unit#(4, is_training)(net)",
        """
        class Unit#(object):
            def __init__(self, depth, is_training):
                self.depth, self.is_training = depth, is_training

            def conv(self, net, scope=None):
                return slim.conv2d(net, self.depth, {kernel}, {set}, scope=scope)

            def __call__(self, net):
                with tf.variable_scope('unit#'):
                    net = self.conv(net, 'first')
                    return slim.batch_norm(self.conv(net), is_training=self.is_training)
        """,
    ),
    "a kernel": Form("""
        with tf.variable_scope('raw#'):
            depth# = net.get_shape().as_list()[-1]
            kernel# = tf.get_variable('kernel', [3, 3, depth#, 4], initializer={init},
                                      regularizer={reg})
            net = tf.nn.conv2d(net, kernel#, [1, 1, 1, 1], 'SAME')
        net = slim.bias_add(net)
    """),
}
_CALLS = {
    "nested": Form("""
        def inner_#(net, depth=4):
            return slim.conv2d(net, depth, {kernel}, {set})
        net = inner_#(inner_#(net), depth=3)
    """),
    "a lambda": Form("""
        layer# = lambda x, depth: slim.conv2d(x, depth, {kernel}, activation_fn={act})
        net = layer#(layer#(net, 4), 3)
    """),
    "a partial": Form(
        """
        conv# = functools.partial(slim.conv2d, stride=1, padding='SAME', activation_fn={act})
        net = conv#(net, 4, {kernel}{name})
        with slim.arg_scope([slim.conv2d], {set}):
            net = conv#(net, num_outputs=3, kernel_size=1)
        """,
        imports=("functools",),
    ),
    "a table": Form("""
        ops# = {'conv': slim.conv2d, 'other': {op}}
        for kind#, depth# in [('conv', 4), ('other', 5)]:
            net = ops#[kind#](net, depth#, [3, 3], scope='%s_#' % kind#)
    """),
    "a comprehension": Form("""
        net = tf.concat([slim.conv2d(net, 3, size, padding='SAME', stride=1, activation_fn={act},
                                     scope='size#_%d' % size) for size in (1, 3)], 3)
    """),
    "reduce": Form(
        """
        net = functools.reduce(lambda x, depth: slim.conv2d(x, depth, 1, {set},
                                                            scope='deep#_%d' % depth), (3, 4), net)
        """,
        imports=("functools",),
    ),
    "recursion": Form(
        "net = recursive_#(net, 2)",
        """
        def recursive_#(net, depth):
            if depth == 0:
                return net
            return recursive_#(slim.conv2d(net, 2 + depth, {kernel}, {set}), depth - 1)
        """,
    ),
    "a default": Form(
        "net = with_default_#(net, activation_fn={act})",
        """
        def with_default_#(net, op=slim.conv2d, **more):
            return op(net, 4, {kernel}, padding='SAME', **more)
        """,
    ),
    "repeated": Form(
        "net = slim.repeat(net, 2, repeated_#, 4, scope='repeated#')",
        """
        def repeated_#(net, depth, scope=None):
            with tf.variable_scope(scope, 'repeated', [net]):
                return slim.conv2d(net, depth, {kernel}, {set})
        """,
    ),
    "stacked": Form("""
        with slim.arg_scope([slim.conv2d], {set}):
            net = slim.stack(net, {op}, [(3, [3, 3], 1), (4, [1, 1], 1)], scope='stacked#')
    """),
    "by keywords": Form("""
        net = slim.conv2d(inputs=net, num_outputs=net.shape[3].value, kernel_size={kernel}, {set})
        net = slim.max_pool2d(inputs=net, kernel_size=2, stride=1)
    """),
    "a training branch": Form("""
        if is_training:
            net = slim.dropout(net, 0.8, is_training=is_training)
        net = slim.conv2d(net, 4, {kernel}, trainable=is_training)
    """),
    "a rate of a branch": Form("""
        net = slim.dropout(net, 0.5 if is_training else 1.0, is_training=is_training)
    """),
}
_COLLECTIONS = {
    "outputs": Form("""
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], outputs_collections='ends#'):
            net = slim.conv2d(net, 4, {kernel}{name})
            net = slim.max_pool2d(net, 2, stride=1)
        end_points.update(slim.utils.convert_collection_to_dict('ends#'))
    """),
    "outputs, of several": Form("""
        net = slim.conv2d(net, 4, {kernel}, outputs_collections=['all#', 'ends#'])
        end_points['of#'] = tf.get_collection('all#')[0]
    """),
    "variables": Form("""
        net = slim.conv2d(net, 4, {kernel}, variables_collections=['mine#'], {set}{name})
        net = net * (1.0 + tf.reduce_sum(tf.get_collection('mine#')[0]))
    """),
    "variables, by name": Form("""
        net = slim.conv2d(net, 4, {kernel}, activation_fn={act}, variables_collections={
            'weights': ['w#'], 'biases': ['b#']})
        net = net + tf.get_collection('w#')[0][0, 0, 0, 0]
    """),
}
_NORMS = {
    "own regularizers": Form("""
        net = slim.batch_norm(net, is_training=is_training, scale=True, fused={bool},
                              param_regularizers={'gamma': slim.l2_regularizer(0.1)})
    """),
    "own initializers": Form("""
        net = slim.batch_norm(net, is_training=is_training, scale=True, param_initializers={
            'gamma': tf.constant_initializer(0.5), 'moving_mean': tf.constant_initializer(0.1)})
    """),
    "group": Form("""
        net = slim.conv2d(net, 4, 1, {set})
        net = slim.group_norm(net, groups=2, center={bool}, scale={bool})
    """),
}
_TF_LAYERS = {
    "conv2d": Form("""
        net = tf.layers.conv2d(net, 4, 3, padding='same', activation=tf.nn.relu, name='tf#',
                               kernel_regularizer={reg}, use_bias={bool})
    """),
    "unnamed": Form("""
        net = tf.layers.conv2d(net, 4, (1, 1))
        net = tf.layers.conv2d(net, 3, 3, strides=1, padding='SAME', kernel_initializer={init})
    """),
    "batch normalization": Form("""
        net = tf.layers.batch_normalization(net, training=is_training, momentum=0.9, scale={bool})
        net = tf.nn.relu(net)
    """),
    "pools and dropout": Form("""
        net = tf.layers.average_pooling2d(net, 2, 1, padding='same')
        net = tf.layers.dropout(net, rate=0.3, training=is_training)
    """),
    "reused": Form("""
        side# = tf.layers.conv2d(net, 4, 3, padding='same', name='shared#')
        net = side# + tf.layers.conv2d(net * 2.0, 4, 3, padding='same', name='shared#', reuse=True)
    """),
}
#: All forms, by kind and name.
FORMS = {
    "scope": _SCOPES, "reuse": _REUSE, "own": _OWN, "call": _CALLS, "collection": _COLLECTIONS,
    "norm": _NORMS, "tf.layers": _TF_LAYERS, **python_forms.FORMS,
}  # fmt: skip


def form(choice: Random, number: int) -> Form:
    """A random one: first its kind, then which of these."""
    kind = FORMS[choice.choice(sorted(FORMS))]
    return kind[choice.choice(sorted(kind))].drawn(choice, number)
