"""Entries found by their signature; nothing is run here."""

from __future__ import annotations

import ast
import textwrap
from pathlib import PurePosixPath

import pytest

from slimport.verify.case_files import entries, entry_shapes
from slimport.verify.case_files.entry_parameters import (
    UNKNOWN,
    asks_for_training,
    is_tensor,
    value_of,
)

FAMILY = {
    "nets/__init__.py": "",
    "nets/family_utils.py": """
        import tf_slim as slim
        def family_arg_scope(weight_decay=0.1, is_training=True):
            with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm) as sc:
                return sc
    """,
    "nets/family_v1.py": """
        import tf_slim as slim
        from nets import family_utils
        def block(net, scope=None):
            return slim.conv2d(net, 8, 3, scope=scope)
        def block_of(net, depth):
            return slim.conv2d(net, depth, 3)
        def family_v1_base(inputs):
            net = slim.conv2d(inputs, 4, 3)
            return slim.repeat(net, 2, block)
        def family_v1(inputs, num_classes, is_training=True, reuse=None):
            return slim.fully_connected(slim.flatten(family_v1_base(inputs)), num_classes)
        family_v1.default_image_size = 48
        family_v1_arg_scope = family_utils.family_arg_scope
    """,
    "nets/family_v2.py": """
        import tf_slim as slim
        def build_family_v2(images, mystery, phase_train):
            if phase_train:
                images = slim.dropout(images)
            return slim.conv2d(images, 4, 3)
        def _private(inputs):
            return slim.conv2d(inputs, 4, 3)
        def shape_of(inputs):
            return inputs.shape
        def returns_nothing(inputs):
            slim.conv2d(inputs, 4, 3)
    """,
    "nets/family_test.py": """
        import tf_slim as slim
        def helper(inputs):
            return slim.conv2d(inputs, 4, 3)
    """,
    "nets/own_scope.py": """
        import tf_slim as slim
        def own_arg_scope():
            with slim.arg_scope([slim.conv2d], stride=2) as sc:
                return sc
        def own(inputs):
            with slim.arg_scope(own_arg_scope()):
                return slim.conv2d(inputs, 4, 3)
    """,
    "train.py": """
        import tf_slim as slim
        from nets import family_v1
        def main(_):
            logits = family_v1.family_v1(slim.placeholder(), 3)
            return slim.conv2d(logits, 1, 1)
    """,
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("family")
    write(root, FAMILY)
    every = entries.candidates(entries.read_program(root))
    return {candidate.entry: candidate for candidate in every}


def test_functions_that_take_a_tensor_and_build_layers(found):
    assert sorted(found) == [
        "nets.family_v1:block",
        "nets.family_v1:block_of",
        "nets.family_v1:family_v1",
        "nets.family_v1:family_v1_base",
        "nets.family_v2:build_family_v2",
        "nets.own_scope:own",
    ]


def test_outermost_entries_hold_the_others(found):
    names = {candidate.name for candidate in entries.outermost(found.values())}
    assert names == {"family_v1", "block_of", "build_family_v2", "own"}
    inner = [candidate for candidate in found.values() if candidate.name != "family_v1"]
    assert "family_v1_base" in {candidate.name for candidate in entries.outermost(inner)}


def test_arguments_come_from_names(found):
    call = found["nets.family_v1:family_v1"].call
    assert (call.args, call.training, call.unknown) == ({"num_classes": 10}, "is_training", ())
    call = found["nets.family_v2:build_family_v2"].call
    assert (call.training, call.unknown) == ("phase_train", ("mystery",))
    assert found["nets.family_v1:block_of"].call.args == {"depth": 16}


def test_the_arg_scope_of_a_family(found):
    for name in ("family_v1", "family_v1_base"):
        scope = found[f"nets.family_v1:{name}"].scope
        assert (scope.name, scope.call.training) == ("family_v1_arg_scope", "is_training")
    scope = found["nets.family_v2:build_family_v2"].scope
    assert (scope.name, scope.module.dotted) == ("family_arg_scope", "nets.family_utils")
    assert found["nets.own_scope:own"].scope is None  # it enters the scope itself


def test_code_that_asks_for_training_is_built_anew(found):
    assert not found["nets.family_v2:build_family_v2"].built_once
    assert found["nets.family_v1:family_v1"].built_once


@pytest.mark.parametrize(
    ("test", "asked"),
    [
        ("is_training", True),
        ("not self.is_training and x", True),
        ("is_training == True", True),
        ("is_training is None", False),
        ("training_steps", False),
    ],
)
def test_what_asks_for_training(test, asked):
    assert asks_for_training([ast.parse(f"y = 1 if {test} else 2")]) is asked


def test_the_size_that_the_code_gives_comes_first(found):
    assert found["nets.family_v1:family_v1"].shapes[0] == [2, 48, 48, 3]
    assert found["nets.family_v1:family_v1_base"].shapes[0] == [2, 64, 64, 3]


def shapes(code, apis=(), size=None):
    node = ast.parse(textwrap.dedent(code)).body[0]
    return entry_shapes.shapes(node, "x", set(apis), size)


@pytest.mark.parametrize(
    ("code", "apis", "size", "first"),
    [
        ("def f(x): return x", (), None, [[2, 64, 64, 3]]),
        ("def f(x): return x", ["slim.conv2d"], 224, [[2, 64, 64, 3], [2, 128, 128, 3], [2, 224]]),
        ("def f(x): return x", ["slim.conv2d"], 28, [[2, 28, 28, 3], [2, 64, 64, 3]]),
        ("def f(x): return x", ["slim.conv3d", "slim.conv2d"], None, [[2, 16, 64, 64, 3]]),
        ("def f(x): return x", ["slim.fully_connected"], None, [[8, 64]]),
        ("def f(x): x.get_shape().assert_has_rank(2)", ["slim.conv2d"], None, [[8, 64]]),
        ("def f(x): return tf.reshape(x, [-1, 28, 28, 1])", (), None, [[2, 784], [2, 28, 28, 1]]),
        ("def f(x): return tf.reshape(y, [-1, 28, 28, 1])", (), None, [[2, 64, 64, 3]]),
        ("def f(x): return tf.reshape(x, [-1, n])", (), None, [[2, 64, 64, 3]]),
    ],
)
def test_shapes_that_are_tried_first(code, apis, size, first):
    found = shapes(code, apis, size)
    assert [shape[: len(want)] for shape, want in zip(found, first, strict=False)] == first
    assert len({tuple(shape) for shape in found}) == len(found)
    assert {len(shape) for shape in found} == {2, 3, 4, 5}  # whatever was said, all are tried


def test_names_of_parameters():
    for name in (
        "inputs",
        "x",
        "image",
        "input_images",
        "net",
        "src_image_stack",
        "z",
        "tgt_image",
    ):
        assert is_tensor(name), name
    for name in ("labels", "num_classes", "config", "args", "index", "max", "dataset", "path"):
        assert not is_tensor(name), name
    for name in ("labels", "blocks", "hparams", "mode", "fn", "config", "images"):
        assert value_of(name) is UNKNOWN, name
    assert value_of("n_classes") == 10
    assert value_of("nrof_classes") is UNKNOWN or value_of("nrof_classes") == 10
    assert value_of("reuse") is False
    assert value_of("use_bias") is True
    assert value_of("keep_probability") == 0.8


def test_the_new_tree_is_read_without_running_it(tmp_path):
    write(
        tmp_path, {"a.py": "from b import c as d, e\nimport f.g\nh = 1\ndef i(j, *, k, **l): 1/0"}
    )
    tree = entries.NewTree(tmp_path)
    names = tree.names(PurePosixPath("a.py"))
    assert set(names) == {"d", "e", "f", "h", "i"}
    assert "j" in names["i"]
    assert "anything" in names["i"]
    assert tree.names(PurePosixPath("b.py")) is None
