"""A layer, its normalizer and its activation as statements: what they read is what it was."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_noop, transform

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
CONV = "slim.conv2d(x, 3, 3, normalizer_fn=slim.batch_norm, scope='a'"


@pytest.mark.parametrize(
    "body",
    [
        f"y = {CONV}, activation_fn=lambda t: t * y)\n    return y",
        f"y = {CONV}, normalizer_params={{'scale': y}})\n    return y",
        f"y = lambda: x\n    return {CONV})",
        f"def later():\n        return x\n    y(later)\n    return {CONV})",
        f"global x\n    return {CONV})",
        f"try:\n        return {CONV})\n    finally:\n        print(x)",
    ],
)
def test_a_name_that_is_read_later_is_not_bound_anew(body: str) -> None:
    parameters = "y" if "global" in body else "x, y"
    done = transform(f"{HEAD}x = 1\n\n\ndef net({parameters}):\n    {body}\n")
    assert "BatchNormalization(" in done
    assert "    x = " not in done and "    y = keras.layers" not in done, done
    check_noop(done)


@pytest.mark.parametrize(
    ("activation", "applied"),
    [
        ("lambda t: t * 2.0", "(lambda t: t * 2.0)(x)"),
        ("act", "keras.activations.get(act)(x)"),
        ("act if act else None", "keras.activations.get(act if act else None)(x)"),
        ("tf.nn.relu6", "keras.ops.relu6(x)"),
    ],
)
def test_any_activation_is_applied(activation: str, applied: str) -> None:
    done = transform(
        f"{HEAD}def net(x, act=None):\n    return {CONV}, activation_fn={activation})\n"
    )
    assert f"return {applied}\n" in done, done
    check_noop(done)


def test_the_module_as_an_attribute_of_a_class_is_marked() -> None:
    done = transform(f"{HEAD}class Net:\n    layers = slim\n\n    def net(self, x):\n"
                     "        return self.layers.conv2d(x, 8, 3)\n")  # fmt: skip
    assert "    layers = slim\n" in done and "SLIM999 the module slim is passed on" in done
    check_noop(done)


def test_scopes_stay_around_what_slim_itself_is_asked_for() -> None:
    done = transform(f"{HEAD}def net(x):\n    with slim.arg_scope([slim.conv2d], stride=2):\n"
                     "        return getattr(slim, 'conv2d')(x, 8, 3)\n")  # fmt: skip
    assert "with layer_defaults([conv2d], strides=2):" in done
    check_noop(done)


def test_a_name_of_the_file_is_not_made_the_functions_own() -> None:
    done = transform(f"{HEAD}x = 1\n\n\ndef net():\n    return {CONV})\n")
    assert "BatchNormalization(" in done and "    x = " not in done


@pytest.mark.parametrize("where", ["params", "scope"])
def test_the_normalizers_own_activation_comes_first(where: str) -> None:
    params = ", normalizer_params={'activation_fn': tf.nn.relu6}" if where == "params" else ""
    scope = "    with slim.arg_scope([slim.batch_norm], activation_fn=tf.nn.relu6):\n    "
    head = scope if where == "scope" else ""
    done = transform(
        f"{HEAD}def net(x):\n{head}    return {CONV}{params}, activation_fn=tf.nn.elu)\n"
    )
    assert "x = keras.ops.relu6(x)\n    return keras.ops.elu(x)" in done, done


def test_options_of_an_activation_that_is_passed_on_keep_their_names() -> None:
    done = transform(
        f"import functools\n{HEAD}def net(x):\n    return slim.conv2d(x, 8, 3, scope='a', "
        "activation_fn=functools.partial(tf.nn.leaky_relu, alpha=0.1))\n"
    )
    assert "functools.partial(tf.compat.v1.nn.leaky_relu, alpha=0.1)" in done, done
    assert "keras" not in done
    check_noop(done)
