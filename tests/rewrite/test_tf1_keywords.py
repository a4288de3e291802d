"""Calls of TensorFlow 1 that TensorFlow 2 takes under the same name, some with other keywords."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from slimport.rewrite import tf1
from tests.rewrite.tools import check_noop, check_transformed


def wrapped(body: str) -> str:
    return f"import tensorflow as tf\n\n\ndef net(x, *args, **options):\n    {body}\n"


RENAMED = {
    "tf.reduce_sum(tf.log(x), keep_dims=True)": "tf.reduce_sum(tf.math.log(x), keepdims=True)",
    "tf.reduce_any(tf.log(x), reduction_indices=[1], keep_dims=True)": "tf.reduce_any("
    "tf.math.log(x), axis=[1], keepdims=True)",
    "tf.math.reduce_max(tf.log(x), 1, keep_dims=True)": "tf.math.reduce_max("
    "tf.math.log(x), 1, keepdims=True)",
    "tf.nn.softmax(tf.log(x), dim=1)": "tf.nn.softmax(tf.math.log(x), axis=1)",
    "tf.norm(tf.log(x), 2, 1, keep_dims=True)": "tf.norm(tf.math.log(x), 2, 1, keepdims=True)",
    "tf.argmax(tf.log(x), dimension=1)": "tf.argmax(tf.math.log(x), axis=1)",
    "tf.expand_dims(tf.log(x), dim=1)": "tf.expand_dims(tf.math.log(x), axis=1)",
    "tf.squeeze(tf.log(x), squeeze_dims=[1])": "tf.squeeze(tf.math.log(x), axis=[1])",
    "tf.zeros_like(tensor=tf.log(x))": "tf.zeros_like(input=tf.math.log(x))",
    "tf.nn.moments(tf.log(x), [1], keep_dims=True)": "tf.nn.moments("
    "tf.math.log(x), [1], keepdims=True)",
    "tf.gfile.Exists(x)": "tf.io.gfile.exists(x)",
    "tf.gfile.Glob(filename=x)": "tf.io.gfile.glob(pattern=x)",
    "tf.gfile.Copy(x, newpath=x, overwrite=True)": "tf.io.gfile.copy(x, dst=x, overwrite=True)",
    "list(map(tf.gfile.Exists, x))": "list(map(tf.compat.v1.gfile.Exists, x))",
    "tf.gfile.Remove(**options)": "tf.compat.v1.gfile.Remove(**options)",
    "tf.nn.conv2d(tf.log(x), filter=x, strides=1, padding='SAME')": "tf.nn.conv2d("
    "tf.math.log(x), filters=x, strides=1, padding='SAME')",
}


@pytest.mark.parametrize(("before", "after"), RENAMED.items())
def test_keywords_take_their_new_names(before: str, after: str) -> None:
    check_transformed(wrapped(f"return {before}"), wrapped(f"return {after}"))


OLD_FORMS = (
    "tf.reduce_sum(tf.log(x), axis=1, reduction_indices=1)",
    "tf.reduce_sum(tf.log(x), 1, reduction_indices=1)",
    "tf.reduce_sum(tf.log(x), 1, False, 'sum', 1)",
    "tf.reduce_sum(tf.log(x), keep_dims=True, **options)",
    "tf.reduce_sum(*args, keep_dims=tf.log(x))",
    "tf.argmax(tf.log(x), 1, 'best')",
    "tf.nn.moments(tf.log(x), [1], None, 'moments', True)",
    "tf.nn.conv2d(tf.log(x), x, 1, 'SAME', False)",
    "tf.nn.conv2d(tf.log(x), x, strides=1, padding='SAME', use_cudnn_on_gpu=False)",
    "map(tf.nn.softmax, tf.log(x))",
)


@pytest.mark.parametrize("form", OLD_FORMS)
def test_what_tensorflow_2_takes_otherwise_stays_that_of_tensorflow_1(form: str) -> None:
    after = form.replace("tf.", "tf.compat.v1.", 1)
    if "map" not in form:
        after = "tf.compat.v1." + form.removeprefix("tf.")
    after = after.replace("tf.log", "tf.math.log")
    check_transformed(wrapped(f"return {form}"), wrapped(f"return {after}"))


def test_code_for_either_version_stays() -> None:
    check_noop(wrapped("return tf.reduce_sum(x, keepdims=True)"))
    check_noop(wrapped("return tf.reduce_sum(x, keep_dims=True)").replace("tensorflow", "numpy"))
    by_v1 = wrapped("return tf.reduce_sum(x, keep_dims=True)")
    check_noop(by_v1.replace("tensorflow as", "tensorflow.compat.v1 as"))


def of(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


@pytest.mark.parametrize("name", tf1._SAME_CALLS)
def test_parameters_are_those_of_both_versions(name: str) -> None:
    import tensorflow as tf

    words = tf1._SAME_CALLS[name].split()
    before = words[: words.index("*")] if "*" in words else words
    name = name if hasattr(tf, name.split(".", maxsplit=1)[0]) else f"math.{name}"
    for module, now in ((tf.compat.v1, 0), (tf, 2)):
        names = [word.partition("=")[now] or word for word in before]
        every = {word.partition("=")[now] or word for word in words if word != "*"}
        function = of(module, name)
        parameters = list(inspect.signature(function).parameters)
        assert every <= {*parameters}
        assert parameters[: len(names)] == names


@pytest.mark.parametrize("name", tf1._MOVED)
def test_the_other_name_is_what_tensorflow_1_hands_its_arguments_to(name: str) -> None:
    import tensorflow as tf

    now, words = tf1._MOVED[name]
    old, new = of(tf.compat.v1, name), of(tf, now)
    pairs = [word.partition("=") for word in words.split()]
    assert [before for before, _, _ in pairs] == list(inspect.signature(old).parameters)
    after = [last or before for before, _, last in pairs]
    assert after == list(inspect.signature(new).parameters)[: len(after)]
    called = f"{inspect.unwrap(new).__name__}({', '.join(before for before, _, _ in pairs)})"
    assert inspect.getsource(old).rstrip().removesuffix("\n").endswith(called)


def numbers(tf: Any) -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
    """A name -> the function, arguments by TensorFlow 1's names, those by the other names."""
    x = tf.random.stateless_normal((2, 3, 4, 5), [1, 2])
    kernel = tf.random.stateless_normal((2, 2, 5, 3), [3, 4])
    reduced = {"input_tensor": x}
    cases = {
        f"reduce_{name}": (f"reduce_{name}", {**reduced, "reduction_indices": [1, -1]},
                           {"keep_dims": True})
        for name in ("sum", "mean", "max", "min", "prod", "logsumexp")
    }  # fmt: skip
    truths = {"input_tensor": x > 0, "reduction_indices": 2}
    return cases | {
        "reduce_all": ("reduce_all", truths, {"keep_dims": False}),
        "reduce_any": ("reduce_any", truths, {"keep_dims": True}),
        "norm": ("norm", {"tensor": x, "axis": [1, 2]}, {"keep_dims": True}),
        "linalg.norm": ("linalg.norm", {"tensor": x, "ord": 1}, {"keep_dims": True}),
        "softmax": ("nn.softmax", {"logits": x}, {"dim": 1}),
        "log_softmax": ("nn.log_softmax", {"logits": x}, {"dim": 2}),
        "argmax": ("argmax", {"input": x}, {"dimension": 1}),
        "argmin": ("argmin", {"input": x, "output_type": tf.int32}, {"dimension": -1}),
        "expand_dims": ("expand_dims", {"input": x}, {"dim": -1}),
        "squeeze": ("squeeze", {"input": x[:, :1]}, {"squeeze_dims": [1]}),
        "zeros_like": ("zeros_like", {"tensor": x, "dtype": tf.int32}, {}),
        "ones_like": ("ones_like", {"tensor": x}, {}),
        "moments": ("nn.moments", {"x": x, "axes": [0, 2]}, {"keep_dims": True}),
        "conv2d": ("nn.conv2d", {"input": x, "strides": [1, 1, 2, 1], "padding": "SAME"},
                   {"filter": kernel}),
        "reverse_sequence": ("reverse_sequence", {"input": x, "seq_lengths": [1, 3]},
                             {"seq_dim": 1, "batch_dim": 0}),
    }  # fmt: skip


def test_both_versions_compute_the_same() -> None:
    import numpy as np
    import tensorflow as tf

    renaming = {entry.split(".")[-1] for entry, words in tf1._SAME_CALLS.items() if "=" in words}
    cases = numbers(tf)
    assert renaming - {"device"} <= {name.split(".")[-1] for name in cases}
    for name, given, others in cases.values():
        old = given | others
        _, new_names = tf1._parameters(name)
        now = {new_names[keyword]: value for keyword, value in old.items()}
        answers = [of(tf.compat.v1, name)(**old), of(tf, name)(**now)]
        for one, other in zip(*map(tf.nest.flatten, answers), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, strict=True)
