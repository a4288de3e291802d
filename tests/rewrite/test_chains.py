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
        f"try:\n        return {CONV})\n    finally:\n        print(x)",
    ],
)
def test_a_name_that_is_read_later_is_not_bound_anew(body: str) -> None:
    done = transform(f"{HEAD}def net(x, y):\n    {body}\n")
    assert "BatchNormalization(" in done
    assert not any(
        line.strip().startswith(("x = ", "y = keras.layers")) for line in done.split("\n")
    )
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
