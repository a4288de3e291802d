"""Forms of Python itself around layers: loops over tables, closures, classes, sizes, aliases.

Text as in `forms`, which has the words in braces and makes one table of all.
"""

from __future__ import annotations

from tests.fuzz.drawn import Form

_SIZES = {
    "a product": Form("""
        height#, width# = net.get_shape()[1], net.get_shape()[2].value
        net = tf.reshape(net, [-1, width#, int(height#) * 1, net.get_shape()[3].value])
    """),
    "of Dimensions": Form("""
        rows#, depth# = net.get_shape()[1], net.get_shape()[-1]
        net = slim.conv2d(net, int(depth# * 2 - 1), {kernel}, padding='SAME')
        net = tf.pad(net, [[0, 0], [0, int(rows#) % 2], [0, 0], [0, 0]])
    """),
    "a depth that is compared": Form("""
        if net.get_shape()[-1] == 4:
            net = slim.conv2d(net, 3, {kernel}, {set})
        if net.shape[3].value != 4:
            net = slim.conv2d(net, 4, 1, stride=1, activation_fn={act})
        if net.shape.as_list()[-1] > 4 or net.get_shape()[3] < 3:
            net = net * 0.5
    """),
    "shapes that are compared": Form("""
        side# = slim.conv2d(net, 4, {kernel}, padding='SAME', stride=1, {set})
        if side#.get_shape().as_list() == net.get_shape().as_list():
            net = net + side#
        else:
            net = tf.concat([net, side#], 3)
    """),
    "the rank": Form("""
        net.get_shape().assert_has_rank(4)
        if len(net.shape) == 4 and net.get_shape().ndims > 2:
            net = slim.conv2d(net, net.shape.ndims, {kernel})
        assert net.shape.ndims == 4, net.shape
    """),
    "unpacked": Form("""
        _, height#, width#, depth# = net.get_shape().as_list()
        net = tf.reshape(net, [-1, height# * width# * depth#])
        net = tf.reshape(net, (-1, height#, width#, depth#))
        net = slim.conv2d(net, max(depth# // 2, 2), {kernel}{name})
    """),
    "of a pool": Form("""
        mean# = slim.avg_pool2d(net, net.get_shape()[1:3], padding='VALID', scope='pool#')
        mean# = slim.conv2d(mean#, net.get_shape()[3].value, 1, stride=1, padding='SAME', {set})
        net = net + mean#
    """),
    "known when it runs": Form("""
        shape# = tf.shape(net)
        net = tf.image.resize_bilinear(net, shape#[1:3] + 1)
        net = tf.image.resize_nearest_neighbor(net, tf.stack([shape#[1], shape#[2]]))
    """),
    "of the batch": Form("""
        batch# = tf.shape(net)[0]
        wide# = net.get_shape().as_list()
        net = tf.reshape(net, tf.stack([batch#, wide#[2], wide#[1], wide#[3]]))
        net = slim.conv2d(net, 4, {kernel}, padding='SAME')
    """),
    "an upper layer's": Form("""
        low# = slim.conv2d(net, 4, 3, stride=2, padding='SAME', {set})
        up# = tf.image.resize_bilinear(low#, tf.shape(net)[1:3], align_corners={bool})
        net = tf.concat([net, up#], axis=-1)
    """),
    "of a type": Form("""
        if net.dtype == tf.float32:
            net = slim.conv2d(net, 3, {kernel})
        if net.dtype.base_dtype.is_floating and net.dtype != tf.float64:
            net = tf.cast(net, tf.float32) * tf.constant(0.5, dtype=net.dtype)
    """),
    "in a loop": Form("""
        for turn# in range(net.get_shape().ndims - 2):
            net = slim.conv2d(net, 3 + turn#, 1, stride=1, activation_fn={act})
    """),
    "set": Form("""
        wide# = net.get_shape().as_list()
        net = tf.nn.dropout(net, 1.0)
        net.set_shape([None] + wide#[1:])
        net = slim.conv2d(net, 3, {kernel})
    """),
}
_LOOPS = {
    "a dict": Form("""
        for key#, size# in sorted({'a': 1, 'b': 3}.items()):
            net = slim.conv2d(net, 3, size#, padding='SAME', scope='d#' + key#)
            end_points['d#' + key#] = net
    """),
    "enumerate": Form("""
        for at#, depth# in enumerate([3, 4]):
            with tf.variable_scope('e#_%d' % at#):
                net = slim.conv2d(net, depth#, {kernel}, {set})
    """),
    "zip": Form("""
        for op#, more# in zip((slim.conv2d, {op}), ((3, 1), (4, [3, 3], 1))):
            net = op#(net, *more#, padding='SAME')
    """),
    "a dict of layers": Form("""
        sides# = {size: slim.conv2d(net, 3, size, padding='SAME', stride=1, activation_fn={act},
                                    scope='k#_%d' % size) for size in (1, 3)}
        end_points.update(('k#_%d' % size, side) for size, side in sides#.items())
        net = tf.concat([sides#[size] for size in sorted(sides#)], -1)
    """),
    "a sum": Form("""
        net = tf.add_n([slim.conv2d(net, 4, 3, padding='SAME', stride=1, {set}) for _ in range(2)])
    """),
    "tuples of arguments": Form("""
        for given# in [(3, 1), (4, [3, 3])]:
            net = slim.conv2d(net, *given#, padding='SAME')
    """),
    "dicts of arguments": Form("""
        for given# in [dict(num_outputs=3, kernel_size=1), {'num_outputs': 4, 'kernel_size': 3,
                                                             'activation_fn': {act}}]:
            net = slim.conv2d(net, **given#)
    """),
    "lambdas, bound early": Form("""
        layers# = []
        for depth# in (3, 4):
            layers#.append(lambda x, depth=depth#: slim.conv2d(x, depth, 1, {set}))
        for layer# in layers#:
            net = layer#(net)
    """),
    "lambdas, bound late": Form("""
        layers# = []
        for depth# in (3, 4):
            layers#.append(lambda x: slim.conv2d(x, depth#, 1, activation_fn={act}))
        for layer# in layers#:
            net = layer#(net)
    """),
    "while": Form("""
        left# = 2
        while left#:
            net = slim.conv2d(net, 2 + left#, {kernel}, scope='left#_{}'.format(left#))
            left# -= 1
    """),
    "break": Form("""
        for turn# in range(4):
            net = slim.conv2d(net, 3, 1, {set})
            if turn# == 1:
                break
        else:
            net = slim.conv2d(net, 7, 1)
    """),
    "nested": Form("""
        for block# in range(2):
            with tf.variable_scope('block#_%d' % block#), slim.arg_scope([slim.conv2d], {set}):
                for unit# in range(2):
                    net = slim.conv2d(net, 3 + unit#, 1, stride=1)
    """),
    "scopes by turn": Form("""
        for rate#, size# in ((1, 3), (2, 1)):
            with slim.arg_scope([slim.conv2d], rate=rate#, stride=1, padding='SAME'):
                net = slim.conv2d(net, 4, size#)
    """),
    "a table of rows": Form(
        """
        for row# in ROWS_#:
            net = slim.conv2d(net, row#.depth, row#.kernel, scope=row#.name)
        """,
        """
        Row_# = collections.namedtuple('Row_#', ['name', 'depth', 'kernel'])
        ROWS_# = [Row_#('one_#', 3, [1, 1]), Row_#(depth=4, kernel={kernel}, name='two_#')]
        """,
        ("collections",),
    ),
}
_FUNCTIONS = {
    "star arguments": Form(
        """
        net = starred_#(net, 4, {kernel}, activation_fn={act})
        net = starred_#(net, num_outputs=3, kernel_size=1)
        """,
        """
        def starred_#(net, *args, **kwargs):
            kwargs.setdefault('padding', 'SAME')
            return slim.conv2d(net, *args, **kwargs)
        """,
    ),
    "a choice as an argument": Form("""
        net = slim.conv2d(net, 4, {kernel}, activation_fn={act} if {bool} else None,
                          normalizer_fn=slim.batch_norm if {bool} else None,
                          scope='picked#' if {bool} else None)
    """),
    "a layer of a choice": Form("""
        op# = slim.conv2d if {bool} else slim.conv2d_transpose
        net = op#(net, 3, 3)
        net = (slim.max_pool2d if {bool} else slim.avg_pool2d)(net, 2, stride=1)
    """),
    "an early return": Form(
        """
        net = early_#(net, None)
        net = early_#(net, 3)
        """,
        """
        def early_#(net, depth=None):
            net = slim.conv2d(net, 4, {kernel}, {set})
            if depth is None:
                return net
            return slim.conv2d(net, depth, 1)
        """,
    ),
    "several outputs": Form(
        """
        net, ends# = several_#(net)
        end_points.update(ends#)
        for key#, value# in sorted(ends#.items()):
            end_points['again/' + key#] = value# * 0.5
        """,
        """
        def several_#(net):
            ends = collections.OrderedDict()
            net = slim.conv2d(net, 4, {kernel}, {set})
            ends['several_#/a'] = net
            net = ends['several_#/b'] = slim.conv2d(net, 3, 1)
            return net, ends
        """,
        ("collections",),
    ),
    "a scope that is passed on": Form(
        """
        with tf.variable_scope('passed#') as passed#:
            net = within_#(net, passed#, 3)
        net = within_#(net, passed#, 4)
        """,
        """
        def within_#(net, scope, depth):
            with tf.variable_scope(scope):
                return slim.conv2d(net, depth, {kernel}, {set}, scope='of_%d' % depth)
        """,
    ),
    "arg_scopes that are passed on": Form(
        """
        net = under_#(net, defaults_#())
        net = under_#(net, defaults_#(0.1))
        """,
        """
        def defaults_#(decay=0.0):
            with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(decay),
                                activation_fn={act}) as scope:
                return scope


        def under_#(net, scope):
            with slim.arg_scope(scope):
                return slim.conv2d(net, 3, {kernel})
        """,
    ),
    "a partial with a scope": Form(
        """
        layer# = functools.partial(layer_#, depth=4, scope='partial#')
        net = layer#(net)
        net = functools.partial(layer_#, net)(3, {act})
        """,
        """
        def layer_#(net, depth, activation=None, scope=None):
            with slim.arg_scope([slim.conv2d], activation_fn=activation):
                return slim.conv2d(net, depth, {kernel}, scope=scope)
        """,
        ("functools",),
    ),
    "defaults that are layers": Form(
        """
        net = of_layers_#(net)
        net = of_layers_#(net, pool=slim.avg_pool2d, activation={act})
        """,
        """
        def of_layers_#(net, conv=slim.conv2d, pool=slim.max_pool2d, activation=tf.nn.relu):
            net = conv(net, 3, {kernel}, padding='SAME', activation_fn=activation)
            return pool(net, 2, stride=1, padding='SAME')
        """,
    ),
    "a generator": Form(
        """
        for side# in generated_#(net):
            end_points[side#.op.name + '#'] = side#
            net = tf.concat([net, side#], 3)
        """,
        """
        def generated_#(net):
            for size in (1, 3):
                yield slim.conv2d(net, 2, size, padding='SAME', stride=1, {set})
        """,
    ),
    "a closure that keeps state": Form(
        """
        net = counted_#()(net)
        layer# = counted_#()
        net = layer#(layer#(net))
        """,
        """
        def counted_#():
            count = [0]

            def layer(net):
                count[0] += 1
                return slim.conv2d(net, 3, 1, scope='counted_#_%d' % count[0], reuse=tf.AUTO_REUSE)
            return layer
        """,
    ),
    "a pop": Form("""
        end_points['kept#'] = slim.conv2d(net, 4, {kernel}, padding='SAME', stride=1)
        net = slim.conv2d(net, 4, {kernel}, padding='SAME', stride=1, {set})
        net = net + end_points.pop('kept#')
        end_points['kept#'] = net
        end_points['kept#'] = tf.nn.relu(end_points['kept#'])
    """),
    "a wrapped function": Form(
        "net = wrapped_#(net, 3)",
        """
        def wrapping_#(function):
            @functools.wraps(function)
            def inner(net, *args, **kwargs):
                with tf.variable_scope('wrapped_#'):
                    return function(net, *args, **kwargs)
            return inner


        @wrapping_#
        def wrapped_#(net, depth, kernel={kernel}):
            return slim.conv2d(net, depth, kernel, {set})
        """,
        ("functools",),
    ),
    "a network by name": Form(
        "net = NETS_#['large' if {bool} else 'small'](net)",
        """
        def small_#(net):
            with tf.variable_scope('Small_#', values=[net]):
                return slim.conv2d(net, 3, {kernel}, {set})


        def large_#(net, depth=4):
            with tf.variable_scope('Large_#'):
                return small_#(slim.conv2d(net, depth, 1))


        NETS_# = {'small': small_#, 'large': large_#}
        """,
    ),
    "networks that share a scope": Form(
        """
        side# = teacher_#(net)
        net = side# + student_#(net)
        """,
        """
        def teacher_#(net, reuse=None):
            with tf.variable_scope('both_#', reuse=reuse):
                return slim.conv2d(net, 4, 3, padding='SAME', stride=1, {set}, scope='c')


        def student_#(net):
            with tf.variable_scope('both_#', reuse=tf.AUTO_REUSE):
                net = slim.conv2d(net * 0.5, 4, 3, padding='SAME', stride=1, scope='d')
            with tf.variable_scope('both_#'):
                return slim.conv2d(net, 4, 1, padding='SAME', stride=1)
        """,
    ),
}
_CLASSES = {
    "nested": Form(
        "net = Outer#.Inner(3).build(net)",
        """
        class Outer#(object):
            DEPTH = 4

            class Inner(object):
                def __init__(self, depth):
                    self.depth = depth

                def build(self, net):
                    net = slim.conv2d(net, Outer#.DEPTH, {kernel}, {set})
                    return slim.conv2d(net, self.depth, 1, scope='inner#')
        """,
    ),
    "a property": Form(
        "net = Lazy#(net, is_training).logits",
        """
        class Lazy#(object):
            def __init__(self, images, is_training):
                self._images, self._is_training, self._logits = images, is_training, None

            @property
            def logits(self):
                if self._logits is None:
                    with tf.variable_scope('lazy#'):
                        net = slim.conv2d(self._images, 4, {kernel}, {set})
                        self._logits = slim.batch_norm(net, is_training=self._is_training)
                return self._logits
        """,
    ),
    "derived": Form(
        "net = Derived#(3)(net)",
        """
        class Base#(object):
            kernel = 1

            def __init__(self, depth=4):
                self.depth = depth

            def _conv(self, net, scope):
                return slim.conv2d(net, self.depth, self.kernel, {set}, scope=scope)

            def __call__(self, net):
                with tf.variable_scope(type(self).__name__):
                    return self._conv(net, 'first')


        class Derived#(Base#):
            kernel = 3

            def __call__(self, net):
                net = super(Derived#, self).__call__(net)
                return self._conv(net, 'second')
        """,
    ),
    "static": Form(
        "net = Static#.block(Static#.conv(net), 3)",
        """
        class Static#:
            @staticmethod
            def conv(net, depth=4):
                return slim.conv2d(net, depth, {kernel}, activation_fn={act})

            @classmethod
            def block(cls, net, depth):
                with slim.arg_scope([slim.conv2d], {set}):
                    return cls.conv(net, depth)
        """,
    ),
    "its layers": Form(
        """
        holder# = Holder#()
        net = holder#.run(net)
        end_points.update(holder#.ends)
        """,
        """
        class Holder#(object):
            def __init__(self, op=slim.conv2d):
                self.op, self.ends = op, {}

            def run(self, net):
                for at in range(2):
                    net = self.op(net, 3, 1, scope='held#_%d' % at)
                    self.ends['held#_%d' % at] = net
                return net
        """,
    ),
    "its scope": Form(
        "net = Scoped#(is_training).build(net)",
        """
        class Scoped#(object):
            def __init__(self, is_training):
                self.norm = {'is_training': is_training, 'decay': 0.9, 'scale': {bool}}

            def scope(self):
                with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                                    normalizer_params=self.norm) as scope:
                    return scope

            def build(self, net):
                with slim.arg_scope(self.scope()):
                    return slim.conv2d(net, 4, {kernel})
        """,
    ),
}
_NAMES = {
    "of layers": Form(
        """
        with arg_scope_#([conv_#], {set}):
            net = conv_#(net, 4, {kernel})
        """,
        """
        conv_# = slim.conv2d
        arg_scope_# = slim.arg_scope
        """,
    ),
    "an import below": Form("""
        from tensorflow.contrib.framework import arg_scope as scoped#
        from tensorflow.contrib.layers import conv2d as conv#, l2_regularizer as decay#
        with scoped#([conv#], weights_regularizer=decay#(0.01)):
            net = conv#(net, 4, {kernel}, activation_fn={act})
    """),
    "an import of two": Form(
        "net = slim_#.conv2d(net, 4, {kernel}, activation_fn={act})",
        """
        try:
            import tf_slim as slim_#
        except ImportError:
            from tensorflow.contrib import slim as slim_#
        """,
    ),
    "contrib's layers": Form(
        """
        net = layers_#.conv2d(net, 4, {kernel}, weights_initializer=layers_#.xavier_initializer())
        net = layers_#.batch_norm(net, is_training=is_training, decay=0.9, center={bool})
        net = layers_#.relu(net, 3) if {bool} else layers_#.linear(net, 3)
        """,
        "layers_# = tf.contrib.layers",
    ),
    "a layer of Keras": Form("""
        net = tf.keras.layers.ReLU()(net) if {bool} else tf.keras.activations.relu(net)
        net = slim.conv2d(net, 3, {kernel})
    """),
    "constants": Form(
        """
        with slim.arg_scope([slim.conv2d], **DEFAULTS_#):
            net = slim.conv2d(net, DEPTHS_#[-1], {kernel})
        """,
        """
        DEPTHS_# = (3, 4)
        DEFAULTS_# = {'activation_fn': {act}, 'weights_initializer': {init}, 'padding': 'SAME'}
        """,
    ),
}
_VARIABLES = {
    "a getter": Form(
        """
        with tf.variable_scope('getter#', custom_getter=getter_#):
            gain# = tf.get_variable('gain', [net.shape[3].value], initializer={init})
        net = slim.conv2d(net * gain#, 3, {kernel})
        """,
        """
        def getter_#(getter, name, *args, **kwargs):
            return getter(name, *args, **kwargs) * 0.5
        """,
    ),
    "a type": Form("""
        with tf.variable_scope('typed#', dtype=tf.float32, initializer={init}):
            bias# = tf.get_variable('bias', shape=(net.get_shape()[-1],))
            net = slim.conv2d(net + bias#, 4, {kernel}, {set})
    """),
    "of values": Form("""
        scale# = tf.get_variable('scale#', initializer=tf.constant([0.5, 1.5, 2.5]))
        net = slim.conv2d(net, 3, {kernel}) * scale#
    """),
    "of an activation": Form(
        """
        with slim.arg_scope([slim.conv2d], activation_fn=prelu_#):
            net = slim.conv2d(net, 4, {kernel}{name})
        net = slim.conv2d(net, 3, 1, activation_fn=prelu_# if {bool} else None)
        """,
        """
        def prelu_#(net):
            alpha = tf.get_variable('alpha', net.get_shape()[-1:], initializer={init})
            return tf.nn.relu(net) - alpha * tf.nn.relu(-net)
        """,
    ),
    "found by scope": Form("""
        with tf.variable_scope('found#'):
            net = slim.conv2d(net, 4, {kernel}, {set})
        net = net + 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in slim.get_variables('found#')])
    """),
}
#: All of them, by kind and name.
FORMS = {
    "size": _SIZES, "loop": _LOOPS, "function": _FUNCTIONS, "class": _CLASSES, "alias": _NAMES,
    "variable": _VARIABLES,
}  # fmt: skip
