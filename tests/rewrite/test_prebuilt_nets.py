"""Networks shipped inside slim: every way to name one, and the scopes around them."""

from __future__ import annotations

import pytest

from slimport import slim_api
from slimport.rewrite.registry import rule_for
from slimport.written.assemble import public_names
from tests.rewrite.tools import (
    check_left,
    check_transformed,
    output,
    report,
    rewrite_program,
    transform,
)

FORMS = {
    "slim.nets": ("import tf_slim as slim\n", "slim.nets.vgg.vgg_16"),
    "tf.contrib.slim.nets": (
        "import tensorflow as tf\n\nnets = tf.contrib.slim.nets\n",
        "nets.vgg.vgg_16",
    ),
    "an alias of a module": (
        "import tensorflow as tf\n\nslim = tf.contrib.slim\nvgg = slim.nets.vgg\n",
        "vgg.vgg_16",
    ),
    "from contrib.slim": ("from tensorflow.contrib.slim import nets\n", "nets.vgg.vgg_16"),
    "from contrib.slim.nets": ("from tensorflow.contrib.slim.nets import vgg\n", "vgg.vgg_16"),
    "import contrib.slim.nets as": (
        "import tensorflow.contrib.slim.nets as nets\n",
        "nets.vgg.vgg_16",
    ),
    "import contrib.slim.nets": (
        "import tensorflow.contrib.slim.nets\n",
        "tensorflow.contrib.slim.nets.vgg.vgg_16",
    ),
    "from the deep package": (
        "from tensorflow.contrib.slim.python.slim.nets import vgg\n",
        "vgg.vgg_16",
    ),
    "from the deep module": (
        "from tensorflow.contrib.slim.python.slim.nets.vgg import vgg_16\n",
        "vgg_16",
    ),
    "under another name": (
        "from tensorflow.contrib.slim.python.slim.nets.vgg import vgg_16 as network\n",
        "network",
    ),
    "tf_slim.nets": ("from tf_slim.nets import vgg\n", "vgg.vgg_16"),
    "import tf_slim.nets as": ("import tf_slim.nets as nets\n", "nets.vgg.vgg_16"),
    "import tf_slim.nets": (
        "import tf_slim as slim\nimport tf_slim.nets\n",
        "slim.nets.vgg.vgg_16",
    ),
    "import tf_slim.nets.vgg as": ("import tf_slim.nets.vgg as vgg\n", "vgg.vgg_16"),
    "tf_slim.nets.vgg": ("from tf_slim.nets.vgg import vgg_16\n", "vgg_16"),
    "another name of the function": ("from tf_slim.nets.vgg import vgg_d\n", "vgg_d"),
    "a star": ("from tf_slim.nets.vgg import *\n", "vgg_16"),
    "try": (
        "try:\n    from tf_slim.nets import vgg\nexcept ImportError:\n"
        "    from tensorflow.contrib.slim.nets import vgg\n",
        "vgg.vgg_16",
    ),
}
MODEL = """

def model(images):
    return {}(images, 10, is_training=False)[0]
"""


@pytest.mark.parametrize(("imports", "network"), FORMS.values(), ids=FORMS.keys())
def test_import_form(imports: str, network: str) -> None:
    after = "from scoped_layers import vgg_16\n" + MODEL.format("vgg_16")
    check_transformed(imports + MODEL.format(network), after)


NAMES = {
    "slim.nets.inception.inception_v3": "inception_v3",
    "slim.nets.inception_v3.inception_v3": "inception_v3",
    "slim.nets.resnet_v1.bottleneck": "resnet_v1_bottleneck",
    "slim.nets.resnet_v2.bottleneck": "resnet_v2_bottleneck",
    "slim.nets.resnet_v1.resnet_arg_scope": "resnet_arg_scope",
    "slim.nets.resnet_utils.resnet_arg_scope": "resnet_arg_scope",
    "slim.nets.resnet_v1.resnet_utils.conv2d_same": "conv2d_same",
    "slim.nets.resnet_utils.Block": "Block",
    "slim.nets.vgg.vgg_e": "vgg_19",
}


@pytest.mark.parametrize(("name", "becomes"), NAMES.items())
def test_name(name: str, becomes: str) -> None:
    before = f"import tf_slim as slim\n\n\ndef net(*args):\n    return {name}(*args)\n"
    after = (
        f"from scoped_layers import {becomes}\n\n\ndef net(*args):\n    return {becomes}(*args)\n"
    )
    check_transformed(before, after)


def test_every_network_is_in_the_written_module() -> None:
    assert set(slim_api.NETS.values()) <= public_names()
    assert {rule_for(api).code for api in slim_api.NETS} == {"SLIM260"}  # type: ignore[union-attr]


def test_an_alias_and_a_function_of_one_name() -> None:
    check_transformed(
        """
        import tensorflow as tf

        overfeat = tf.contrib.slim.nets.overfeat

        def net(x):
            return overfeat.overfeat(x)
        """,
        """
        from scoped_layers import overfeat

        def net(x):
            return overfeat(x)
        """,
    )


def test_a_module_and_its_function_of_one_name() -> None:
    check_transformed(
        """
        from tf_slim.nets import inception_v3, resnet_v1

        def net(x):
            x = inception_v3.inception_v3(x)[0]
            return resnet_v1.resnet_v1(x, [resnet_v1.resnet_v1_block('a', 4, 1, 1)])
        """,
        """
        from scoped_layers import inception_v3, resnet_v1, resnet_v1_block

        def net(x):
            x = inception_v3(x)[0]
            return resnet_v1(x, [resnet_v1_block('a', 4, 1, 1)])
        """,
    )


def test_a_module_that_is_still_needed_keeps_its_name() -> None:
    source = """
        from tf_slim.nets import resnet_v1

        def net(x, blocks):
            resnet_v1.more(x)
            return resnet_v1.resnet_v1(x, blocks)
        """
    check_left(source, 5, "SLIM407")
    done = transform(source)
    assert "from scoped_layers import legacy_import, resnet_v1 as scoped_resnet_v1\n" in done
    assert 'resnet_v1 = legacy_import("tf_slim.nets.resnet_v1")\n' in done
    assert done.endswith("    resnet_v1.more(x)\n    return scoped_resnet_v1(x, blocks)\n")


def test_scopes_around_a_network_move() -> None:
    """Neither an arg_scope nor a variable scope is dropped or left to TensorFlow."""
    check_transformed(
        """
        import tensorflow as tf
        import tf_slim as slim

        def trunk(x):
            return slim.nets.vgg.vgg_16(x)[0]

        def net(x):
            with tf.variable_scope('tower'), slim.arg_scope([slim.conv2d], activation_fn=tf.nn.elu):
                x = trunk(x)
                return tf.concat([x, slim.conv2d(x, 4, 1, scope='head')], 3)
        """,
        """
        import keras

        from scoped_layers import conv2d, layer_defaults, variable_scope, vgg_16

        def trunk(x):
            return vgg_16(x)[0]

        def net(x):
            with variable_scope('tower'), layer_defaults([conv2d], activation="elu"):
                x = trunk(x)
                return keras.ops.concatenate([x, conv2d(x, 4, 1, name='head')], 3)
        """,
    )


def test_a_network_in_the_same_function_keeps_it_scoped() -> None:
    done = transform(
        """
        import tf_slim as slim

        def net(x):
            with slim.arg_scope([slim.conv2d], stride=1):
                x = slim.nets.overfeat.overfeat(x)[0]
                return slim.conv2d(x, 4, 1, scope='head')
        """
    )
    assert "with layer_defaults([conv2d], strides=1):" in done and "overfeat(x)" in done


def test_the_report_says_why() -> None:
    result = rewrite_program(
        {"net.py": FORMS["slim.nets"][0] + MODEL.format("slim.nets.vgg.vgg_a")}
    )
    (form,) = report(result, "net.py").functions
    assert form.layers == "scoped" and form.model == "functional"
    assert form.why == ("a network of slim.nets runs under its scopes",)


def test_what_is_handed_on_to_another_file() -> None:
    result = rewrite_program(
        {
            "lib.py": "from tensorflow.contrib.slim import nets\n",
            "net.py": "from lib import nets\n" + MODEL.format("nets.vgg.vgg_16"),
        }
    )
    assert output(result, "net.py") == (
        "from scoped_layers import vgg_16\n" + MODEL.format("vgg_16")
    )


def test_an_image_size_is_no_layer() -> None:
    check_transformed(
        """
        import tensorflow as tf
        from tf_slim.nets import vgg

        def read(image):
            size = vgg.vgg_16.default_image_size
            return tf.concat([image, image], 2)[:size, :size]
        """,
        """
        import tensorflow as tf

        from scoped_layers import vgg_16

        def read(image):
            size = vgg_16.default_image_size
            return tf.concat([image, image], 2)[:size, :size]
        """,
    )


@pytest.mark.parametrize("name", ["slim.nets.vgg.vgg_b", "slim.nets.inception.trunc_normal"])
def test_what_the_package_has_besides_is_marked(name: str) -> None:
    check_left(f"import tf_slim as slim\n\n\nmade = {name}(0.1)\n", 4, "SLIM407")


def test_an_author_s_own_networks_are_not_slim_s() -> None:
    result = rewrite_program(
        {
            "nets/__init__.py": "",
            "nets/vgg.py": "def vgg_16(x):\n    return x\n",
            "net.py": "from nets import vgg\n" + MODEL.format("vgg.vgg_16"),
        }
    )
    assert not result.outputs


KEPT = {
    "in a table": """
        NETWORKS = {'vgg_16': slim.nets.vgg.vgg_16}

        def net(x, name):
            with tf.variable_scope('tower'):
                return NETWORKS[name](x)
        """,
    "in an object": """
        class Model:
            def __init__(self):
                self.network = slim.nets.vgg.vgg_16

            def build(self, x):
                with tf.variable_scope('tower'):
                    return self.network(x)
        """,
    "as a default": """
        def net(x, network=slim.nets.vgg.vgg_16):
            with tf.variable_scope('tower'):
                return network(x)
        """,
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_scopes_around_a_network_that_is_kept_as_a_value(body: str) -> None:
    done = transform("        import tensorflow as tf\n        import tf_slim as slim\n" + body)
    assert "with variable_scope('tower'):" in done and "tf." not in done
