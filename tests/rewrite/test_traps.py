"""Code that would look migrated and compute something else: each case was, or could be, a bug."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import (
    check_left,
    check_transformed,
    output,
    report,
    rewrite_program,
    transform,
)

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"


def test_a_conditional_activation_keeps_both_branches() -> None:
    text = transform(
        HEAD
        + """def scope(use_relu6):
    with slim.arg_scope([slim.conv2d],
                        activation_fn=tf.nn.relu6 if use_relu6 else tf.nn.relu) as sc:
        return sc
"""
    )
    assert "activation=keras.ops.relu6 if use_relu6 else keras.ops.relu" in text


def test_an_assigned_call_is_no_alias() -> None:
    source = "step = slim.optimize_loss(loss, adam)\nprint(step)\n"
    found = check_left(HEAD + source, 5, "SLIM409")
    assert found.left[0].api == "slim.optimize_loss"


def test_a_variable_that_holds_an_object_of_tensorflow_stays() -> None:
    check_transformed(
        "import tensorflow as tf\n\nFLAGS = tf.app.flags.FLAGS\nprint(FLAGS.steps)\n",
        "import tensorflow as tf\n\nFLAGS = tf.compat.v1.app.flags.FLAGS\nprint(FLAGS.steps)\n",
    )


def test_an_alias_of_a_layer_stays_and_its_keywords_are_translated() -> None:
    text = transform(
        HEAD
        + """conv = slim.conv2d


def net(x):
    return conv(x, 8, [3, 3], stride=2, padding='SAME')
"""
    )
    assert "conv = conv2d\n" in text
    assert "conv(x, 8, [3, 3], strides=2, padding='same')" in text


def test_a_loop_over_one_layer_keeps_its_scope() -> None:
    text = transform(
        HEAD
        + """def net(x):
    for i in range(3):
        x = slim.conv2d(x, 8, 3)
    return x
"""
    )
    assert "keras.layers" not in text
    assert "x = conv2d(x, 8, 3)" in text


def test_a_scope_that_reaches_through_a_call_is_not_lost() -> None:
    text = transform(
        HEAD
        + """def block(x):
    return slim.conv2d(x, 8, 3, scope='c')


def net(x):
    with slim.arg_scope([slim.conv2d], activation_fn=None):
        return block(x)
"""
    )
    assert "keras.layers" not in text
    assert "with layer_defaults([conv2d], activation=None):" in text


def test_a_library_of_scope_functions_stays_open() -> None:
    """Nobody in the tree enters the scope: its user is elsewhere and so are the defaults."""
    result = rewrite_program(
        {
            "net.py": HEAD
            + """def net_arg_scope():
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm) as sc:
        return sc


def net(x):
    return slim.conv2d(x, 8, 3, scope='c')
"""
        }
    )
    text = output(result, "net.py") or ""
    assert "keras.layers" not in text
    (form,) = [f for f in report(result, "net.py").functions if f.function == "net"]
    assert any("net_arg_scope" in reason for reason in form.why)


def test_a_default_that_changes_between_calls_is_not_copied() -> None:
    text = transform(
        HEAD
        + """def net(x):
    rate = 2
    with slim.arg_scope([slim.conv2d], rate=rate):
        rate = 4
        return slim.conv2d(x, 8, 3, scope='c')
"""
    )
    assert "keras.layers" not in text


def test_a_parameter_that_changes_between_calls_is_not_copied() -> None:
    text = transform(
        HEAD
        + """def net(x, rate):
    with slim.arg_scope([slim.conv2d], rate=rate):
        rate = 4
        return slim.conv2d(x, 8, 3, scope='c')
"""
    )
    assert "keras.layers" not in text


def test_a_name_scope_does_not_enter_the_names_of_variables() -> None:
    text = transform(
        HEAD
        + """def net(x):
    with tf.name_scope('ops'):
        return slim.conv2d(x, 8, 3, scope='c')
"""
    )
    assert "keras.name_scope" not in text


def test_a_function_that_is_called_twice_keeps_sharing_or_failing() -> None:
    text = transform(
        HEAD
        + """def tower(x):
    return slim.conv2d(x, 8, 3, scope='c')


def net(x, y):
    with tf.variable_scope('towers') as scope:
        a = tower(x)
        scope.reuse_variables()
        return a, tower(y)
"""
    )
    assert "keras.layers" not in text


def test_layers_of_one_name_in_two_scopes_are_not_plain() -> None:
    text = transform(
        HEAD
        + """def net(x):
    with tf.variable_scope('a'):
        x = slim.conv2d(x, 8, 3, scope='conv')
    with tf.variable_scope('b'):
        return slim.conv2d(x, 8, 3, scope='conv')
"""
    )
    assert "keras.layers" not in text


def test_a_session_script_keeps_its_layers_scoped() -> None:
    text = transform(
        HEAD
        + """def net(x):
    return slim.conv2d(x, 8, 3, scope='c')


with tf.Session() as session:
    session.run(net(tf.placeholder(tf.float32, [1, 8, 8, 3])))
"""
    )
    assert "keras.layers" not in text
    assert text.startswith("import tensorflow.compat.v1 as tf\n")
    assert "tf.disable_v2_behavior()" in text


def test_one_tensor_function_without_equivalent_keeps_all_on_tensorflow() -> None:
    text = transform(
        HEAD
        + """def net(x):
    x = slim.conv2d(x, 8, 3, scope='c')
    return tf.concat([x, tf.nn.crelu(x)], 3)
"""
    )
    assert "keras.ops" not in text
    assert "tf.concat([x, tf.compat.v1.nn.crelu(x)], 3)" in text


def test_keywords_of_a_custom_op_are_not_renamed() -> None:
    text = transform(
        HEAD
        + """@slim.add_arg_scope
def block(x, stride=1, scope=None):
    return slim.conv2d(x, 8, 3, stride=stride, scope=scope)


def net(x):
    with slim.arg_scope([block], stride=2):
        return block(x, scope='b')
"""
    )
    assert "layer_defaults([block], stride=2)" in text
    assert "block(x, scope='b')" in text


def test_values_for_a_custom_op_stay() -> None:
    text = transform(
        HEAD
        + """@slim.add_arg_scope
def block(x, padding='SAME', activation_fn=None):
    x = slim.conv2d(x, 8, 3, padding='SAME' if padding == 'SAME' else 'VALID')
    return activation_fn(x)


def net(x):
    with slim.arg_scope([block, slim.conv2d], padding='SAME', activation_fn=tf.nn.relu):
        return block(x)
"""
    )
    assert "[block, conv2d], padding='SAME', activation_fn=keras.ops.relu)" in text


def test_frozen_weights_keep_their_regularization() -> None:
    source = "def net(x):\n    return slim.conv2d(x, 8, 3, trainable=False, scope='c')\n"
    assert "conv2d(x, 8, 3, trainable=False, name='c')" in transform(HEAD + source)


def test_a_shared_initializer_is_not_shared_in_keras() -> None:
    text = transform(
        HEAD
        + """def net(x):
    init = tf.truncated_normal_initializer(stddev=0.1)
    x = slim.conv2d(x, 8, 3, weights_initializer=init, scope='c1')
    return slim.conv2d(x, 8, 3, weights_initializer=init, scope='c2')
"""
    )
    assert "keras.layers" not in text


def test_training_that_is_off_is_off_whatever_fit_asks_for() -> None:
    text = transform(HEAD + "def net(x):\n    return slim.dropout(x, 0.5, is_training=False)\n")
    assert "return x\n" in text


def test_a_keyword_that_two_ops_call_differently_keeps_slims_name() -> None:
    text = transform(
        HEAD
        + """def scope():
    with slim.arg_scope([slim.conv2d, slim.max_pool2d], kernel_size=[3, 3], stride=1) as sc:
        return sc
"""
    )
    assert "layer_defaults([conv2d, max_pool2d], kernel_size=[3, 3], strides=1)" in text


def test_a_name_that_the_file_has_taken_is_not_shadowed() -> None:
    text = transform(
        HEAD
        + """def net(x, dropout):
    x = slim.dropout(x, dropout, scope='d')
    return [slim.conv2d(x, 8, 3) for conv2d in range(2)]
"""
    )
    assert "scoped_dropout(x, dropout" in text
    assert "[scoped_conv2d(x, 8, 3) for conv2d in range(2)]" in text


def test_positional_arguments_of_a_plain_layer_mean_what_they_meant() -> None:
    text = transform(HEAD + "def net(x):\n    return slim.conv2d(x, 8, 3, 2, 'VALID', scope='c')\n")
    assert 'keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="c")(x)' in text


def test_slims_pool_stride_is_written_out() -> None:
    text = transform(HEAD + "def net(x):\n    return slim.max_pool2d(x, [3, 3])\n")
    assert "keras.layers.MaxPooling2D([3, 3], strides=2)(x)" in text


def test_no_bias_stays_no_bias() -> None:
    source = "def net(x):\n    return slim.conv2d(x, 8, 3, biases_initializer=None, scope='c')\n"
    assert "use_bias=False" in transform(HEAD + source)


def test_a_sum_in_a_regularizer_is_halved_as_a_whole() -> None:
    source = "REGULARIZER = slim.l2_regularizer(a + b)\n"
    assert "keras.regularizers.L2(0.5 * (a + b))" in transform(HEAD + "a = b = 1.0\n" + source)


def test_what_a_comment_says_survives() -> None:
    text = transform(
        "import tensorflow as tf  # TF 1\n# Slim, of course.\nslim = tf.contrib.slim  # alias\n\n\n"
        "def net(x):\n"
        "    # before\n"
        "    with slim.arg_scope([slim.conv2d], stride=2):  # header\n"
        "        # inside\n"
        "        x = slim.conv2d(x, 8, 3, scope='c')  # trailing\n"
        "        # last\n"
        "    # after\n"
        "    return x\n"
    )
    for comment in ("Slim, of course.", "before", "header", "inside", "trailing", "last", "after"):
        assert f"# {comment}" in text, comment


def test_normalizer_parameters_from_elsewhere_keep_the_factory() -> None:
    text = transform(
        HEAD
        + """def net(x, params):
    return slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm, normalizer_params=params,
                       scope='c')
"""
    )
    assert "normalizer=batch_norm, normalizer_params=params" in text


def test_a_batch_norm_that_updates_in_place_keeps_the_factory() -> None:
    source = "def net(x):\n    return slim.batch_norm(x, updates_collections=None)\n"
    assert "batch_norm(x, updates_collections=None)" in transform(HEAD + source)


def test_a_normalizer_of_the_authors_own_keeps_the_factory() -> None:
    text = transform(
        HEAD
        + """def norm(x):
    return x


def net(x):
    return slim.conv2d(x, 8, 3, normalizer_fn=norm, scope='c')
"""
    )
    assert "conv2d(x, 8, 3, normalizer=norm, name='c')" in text


def test_no_bias_is_left_under_batch_norm() -> None:
    source = (
        "def net(x):\n    return slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm, scope='c')\n"
    )
    text = transform(HEAD + source)
    assert "use_bias=False" in text and "BatchNormalization(" in text


def test_a_module_that_is_passed_on_is_marked() -> None:
    check_left(HEAD + "run(slim)\n", 5, "SLIM999")
    check_left(
        HEAD + "class Net:\n    def __init__(self):\n        self.slim = slim\n", 7, "SLIM999"
    )


def test_a_factory_takes_a_name_that_is_free() -> None:
    text = transform(
        HEAD
        + """def net(x, conv2d):
    with slim.arg_scope([slim.conv2d], stride=2, activation_fn=None):
        x = slim.conv2d(x, conv2d, 3, scope='c1')
        return slim.conv2d(x, conv2d, 3, scope='c2')
"""
    )
    assert "def conv2d_2(inputs, filters, kernel_size, **kwargs):" in text
    assert 'x = conv2d_2(x, conv2d, 3, name="c1")' in text
    assert "scoped_layers" not in text


def test_one_call_is_no_reason_for_a_factory() -> None:
    text = transform(
        HEAD
        + """def net(x):
    with slim.arg_scope([slim.conv2d], stride=2, activation_fn=None):
        x = slim.conv2d(x, 8, 3, scope='c1')
        return slim.conv2d(x, 8, 3, stride=1, scope='c2')
"""
    )
    assert "def conv2d" not in text


def test_layers_that_another_file_looks_up_are_not_plain() -> None:
    """A look-up knows the layers of the written module, and no plain one."""
    net = HEAD + "def net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
    tool = "import tf_slim as slim\n\n\ndef count():\n    return len(slim.get_variables())\n"
    user = "import net\nimport tool\n\n\ndef run(x):\n    return net.net(x), tool.count()\n"
    result = rewrite_program({"net.py": net, "tool.py": tool, "user.py": user, "alone.py": net})
    assert "return conv2d(x, 8, 3, name='c')" in (output(result, "net.py") or "")
    assert "keras.layers.Conv2D" in (output(result, "alone.py") or "")
    (form,) = [f for f in report(result, "net.py").functions if f.function == "net"]
    assert "slim.get_variables looks variables up by name" in form.why


def test_an_l1_factor_that_a_traced_model_uses_after_its_trace_is_no_tensor():
    found = transform(
        """
        import tensorflow as tf
        import tf_slim as slim

        def net(x, weight):
            x = tf.image.resize(x, [8, 8])
            return slim.conv2d(x, 4, 3, weights_regularizer=slim.l1_regularizer(weight, 'l1'))
        """
    )
    assert "kernel_regularizer=keras.regularizers.L1L2(l1=weight))" in found


@pytest.mark.parametrize(
    "binding",
    [
        "try:\n    import tf_slim as slim\nexcept ImportError:\n    slim = None\n",
        "import tf_slim as slim\nfrom mine import layers as slim\n",
        "if MODERN:\n    import tf_slim as slim\nelse:\n    from mine import layers as slim\n",
    ],
)
def test_what_may_not_be_slim_is_reported_and_left(binding):
    source = "MODERN = True\n" + binding
    source += "\n\ndef net(x):\n    with slim.arg_scope([slim.conv2d], stride=2):\n"
    source += "        return slim.conv2d(x, 4, [3, 3], scope='a')\n"
    found = report(
        rewrite_program({"net.py": source, "mine/layers.py": "", "mine/__init__.py": ""}), "net.py"
    )
    assert not found.error
    assert not found.rewritten
    assert {item.api for item in found.left} == {"slim.arg_scope", "slim.conv2d"}
    assert "may be something else here" in found.left[0].reason


def test_a_normalizer_that_may_be_none_is_no_doubt():
    found = transform(
        """
        import tf_slim as slim

        def net(x, use):
            normalizer = slim.batch_norm
            if not use:
                normalizer = None
            return slim.conv2d(x, 4, 3, normalizer_fn=normalizer)
        """
    )
    assert "normalizer = batch_norm" in found
    assert "normalizer=normalizer" in found


def test_a_shape_under_a_name_is_a_shape():
    found = transform(
        """
        import tensorflow.compat.v1 as tf
        import tf_slim as slim

        def net(x):
            shape = x.get_shape()
            height = shape[1].value
            width = shape[2]
            x = tf.image.resize_bicubic(x, [height * 2, width.value * 2])
            return slim.conv2d(x, 4, 3, scope='a')
        """
    )
    assert "height = tf.compat.dimension_value(shape[1])" in found
    assert "tf.compat.dimension_value(width) * 2" in found


@pytest.mark.parametrize(
    ("bind", "name"),
    [
        ("h, w = x.get_shape()[1], x.get_shape()[2]", "w"),
        ("_, h, w, c = x.get_shape()", "c"),
        ("[n, h, w, c] = x.shape", "n"),
        ("h, w = x.shape[1:3]", "h"),
        ("shape, steps = x.get_shape(), 3", "shape[1]"),
    ],
)
def test_dimensions_unpacked_from_a_shape(bind: str, name: str) -> None:
    source = f"""import tensorflow as tf
import tf_slim as slim


def net(x):
    {bind}
    return slim.conv2d(tf.image.resize_bicubic(x, [9, 9]), {name}.value, 3)
"""
    assert f"tf.compat.dimension_value({name})" in transform(source)


def test_dimensions_of_a_loop_over_a_shape() -> None:
    source = """import tensorflow as tf
import tf_slim as slim


def net(x):
    sizes = [size.value for size in x.get_shape()]
    for side in x.shape[1:3]:
        sizes.append(side.value)
    for event in read():
        sizes.append(event.value)
    return slim.conv2d(tf.image.resize_bicubic(x, [9, 9]), sizes[1], 3)
"""
    text = transform(source)
    assert "[tf.compat.dimension_value(size) for size in" in text
    assert "sizes.append(tf.compat.dimension_value(side))" in text
    assert "sizes.append(event.value)" in text


@pytest.mark.parametrize(
    "bind",
    [
        "h, w = f(x)",
        "h, *w = x.get_shape()",
        "(h, w), c = f(x.shape), 3",
        "for h, w in x.shape: pass",
        "h, w = x.get_shape()[1], 3; w = f(x)",
    ],
)
def test_what_may_not_be_a_dimension_keeps_its_value(bind: str) -> None:
    source = f"""import tensorflow as tf
import tf_slim as slim


def net(x):
    {bind}
    return slim.conv2d(tf.image.resize_bicubic(x, [9, 9]), w.value, 3)
"""
    assert "w.value, 3" in transform(source)


def test_the_value_of_what_may_not_be_a_dimension_stays():
    source = """
        import tensorflow.compat.v1 as tf
        import tf_slim as slim

        def net(x, options, flag):
            width = x.get_shape()[2]
            if flag:
                width = options.width
            for option in options:
                x = x * option.value
            return slim.conv2d(x, width.value, 3, scope='a')
        """
    found = transform(source)
    assert "Conv2D(width.value, 3" in found  # fails loudly where it is an integer
    assert "option.value" in found


def test_a_chain_of_calls_ends_the_file() -> None:
    source = (
        f"{HEAD}def net(x):\n    (Feeder(x)\n     .conv(slim.conv2d, 3)\n"
        "     .pool(tf.log(x), name='end'))"
    )
    assert transform(source).endswith(".pool(keras.ops.log(x), name='end'))")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import tensorflow.contrib.slim\nx = 1\n", "x = 1\n"),
        ("def f():\n    import tensorflow.contrib.slim\n", "def f():\n    pass\n"),
        (
            "import tensorflow.contrib.slim\nx = tensorflow.zeros(1)\n",
            "import tensorflow\nx = tensorflow.zeros(1)\n",
        ),
    ],
)
def test_an_import_that_binds_tensorflow_alone_goes(before: str, after: str) -> None:
    check_transformed(before, after)


def test_global_at_the_top_says_nothing() -> None:
    text = transform(HEAD + "global slim, x\n\n\ndef net(x):\n    return slim.flatten(x)\n")
    assert "return keras.layers.Flatten()(x)" in text


def test_a_parameter_called_tf_is_not_tensorflow() -> None:
    text = transform(
        HEAD
        + """from tensorflow.contrib.framework import nest


def net(tf, x):
    return nest.flatten(slim.conv2d(x, 8, 3))
"""
    )
    assert "import tensorflow\n" in text
    assert "return tensorflow.nest.flatten(" in text
