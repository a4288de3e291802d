"""TensorFlow 0.x: names and orders of arguments that TensorFlow 1.0 took away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slimport.rewrite.tf1 import became
from slimport.tf1_api import BEFORE_1, symbols
from tests.rewrite.tools import check_noop, output, report, rewrite_program, transform

HEAD = "import tensorflow as tf\n"
# Shows that the file is TensorFlow 1's, and stays.
MARKED = "y = tf.contrib.unheard_of(x)\n"
DATA = Path(__file__).parent / "data"


def become(line: str) -> str:
    return transform(f"{HEAD}{line}\n").removeprefix(HEAD).strip()


NAMES = {
    "tf.mul(x, y)": "tf.multiply(x, y)",
    "tf.sub(x, y=y, name='d')": "tf.subtract(x, y=y, name='d')",
    "tf.mul(*pair)": "tf.multiply(*pair)",
    "tf.inv(x)": "tf.math.reciprocal(x)",
    "tf.select(c, t=x, e=y)": "tf.compat.v1.where(c, x=x, y=y)",
    "tf.batch_matmul(x, y, True, name='m')": "tf.matmul(x, y, adjoint_a=True, name='m')",
    "tf.batch_matrix_inverse(x)": "tf.linalg.inv(x)",
    "tf.batch_fft2d(x)": "tf.signal.fft2d(x)",
    "tf.listdiff(x, y)[0]": "tf.compat.v1.setdiff1d(x, y)[0]",
    "tf.listdiff(x, y, 'd')": "tf.compat.v1.setdiff1d(x, y, name='d')",
    "tf.complex_abs(x)": "tf.abs(x)",
    "map(tf.neg, xs)": "map(tf.negative, xs)",
    "tf.scalar_summary('loss', x)": "tf.compat.v1.summary.scalar('loss', x)",
    "tf.scalar_summary(tags='loss', values=x)": (
        "tf.compat.v1.summary.scalar(name='loss', tensor=x)"
    ),
    "tf.image_summary('seen', x, max_images=2)": (
        "tf.compat.v1.summary.image('seen', x, max_outputs=2)"
    ),
    "tf.merge_summary([a, b])": "tf.compat.v1.summary.merge([a, b])",
    "tf.train.SummaryWriter(d, g)": "tf.compat.v1.summary.FileWriter(d, g)",
    "tf.contrib.deprecated.scalar_summary('loss', x)": "tf.compat.v1.summary.scalar('loss', x)",
    "tf.image.per_image_whitening(x)": "tf.image.per_image_standardization(x)",
    "tf.nn.rnn(cell, xs, dtype=tf.float32)": (
        "tf.compat.v1.nn.static_rnn(cell, xs, dtype=tf.float32)"
    ),
    "tf.python.control_flow_ops.cond(p, f, g)": "tf.compat.v1.cond(p, f, g)",
    "tf.initialize_all_variables()": "tf.compat.v1.initialize_all_variables()",
    "tf.all_variables()": "tf.compat.v1.all_variables()",
    "tf.op_scope([x], 'a')": "tf.compat.v1.op_scope([x], 'a')",
}


@pytest.mark.parametrize(("line", "expected"), NAMES.items())
def test_name(line: str, expected: str) -> None:
    done = transform(f"{HEAD}{line}\n", None)
    assert expected in done or expected.replace("tf.compat.v1.", "tf.") in done


CALLS = {
    "tf.concat(3, [x, y])": "tf.concat([x, y], 3)",
    "tf.concat(3, parts)": "tf.concat(parts, 3)",
    "tf.concat(-1, parts, 'both')": "tf.concat(parts, -1, 'both')",
    "tf.concat(dim, [x, y])": "tf.concat([x, y], dim)",
    "tf.concat(dim, [f(x) for x in xs])": "tf.concat([f(x) for x in xs], dim)",
    "tf.concat(concat_dim=1, values=xs)": "tf.concat(axis=1, values=xs)",
    "tf.concat(1, values=xs)": "tf.concat(axis=1, values=xs)",
    "tf.split(1, 2, x)": "tf.split(axis=1, num_or_size_splits=2, value=x)",
    "tf.split(split_dim=d, num_split=n, value=x)": (
        "tf.split(axis=d, num_or_size_splits=n, value=x)"
    ),
    "tf.reverse(x, [False, True])": "tf.reverse(x, axis=[1])",
    "tf.reverse(x, dims=[True])": "tf.reverse(x, axis=[0])",
    "tf.image.resize_images(x, 4, 5)": "tf.compat.v1.image.resize_images(x, [4, 5])",
    "tf.image.resize_images(x, new_height=h, new_width=w, align_corners=True)": (
        "tf.compat.v1.image.resize_images(x, [h, w], align_corners=True)"
    ),
    "tf.nn.softmax_cross_entropy_with_logits(p, y, name='l')": (
        "tf.compat.v1.nn.softmax_cross_entropy_with_logits(logits=p, labels=y, name='l')"
    ),
    "tf.nn.sigmoid_cross_entropy_with_logits(logits=p, targets=y)": (
        "tf.nn.sigmoid_cross_entropy_with_logits(logits=p, labels=y)"
    ),
    "tf.nn.sparse_softmax_cross_entropy_with_logits(p, y)": (
        "tf.nn.sparse_softmax_cross_entropy_with_logits(logits=p, labels=y)"
    ),
}


@pytest.mark.parametrize(("line", "expected"), CALLS.items())
def test_call(line: str, expected: str) -> None:
    assert expected in transform(f"{HEAD}{line}\n{MARKED}")


STAY = (
    "tf.concat([x, y], 3)",
    "tf.concat(parts, dim)",
    "tf.concat(parts, [1])",
    "tf.concat(values=parts, axis=1)",
    "tf.concat(*parts)",
    "tf.split(x, 2, 1)",
    "tf.split(dim, 2, x)",
    "tf.split(value=x, num_or_size_splits=2)",
    "tf.split(x, [1, 2])",
    "tf.reverse(x, [1])",
    "tf.reverse(x, axes)",
    "tf.reverse(x, [])",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=p)",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(None, labels=y, logits=p)",
    "tf.multiply(x, y)",
    "tf.stack([x, y])",
    "x.mul(y)",
    "other.pack([x])",
    "tf.keras.layers.concatenate([x, y])",
    "'tf.mul(x, y)'",
)


@pytest.mark.parametrize("line", STAY)
def test_stays(line: str) -> None:
    lines = transform(f"{HEAD}{line}\n{MARKED}").splitlines()
    assert line in lines or line.replace("tf.nn.", "tf.compat.v1.nn.") in lines


OTHER = {
    "no TensorFlow 1 in the file": "import tensorflow as tf\nx = tf.split(1, 2, x)\n",
    "another module": "import torch as tf\nx = tf.mul(x, y)\n",
    "a parameter": "import tensorflow\ndef f(tf): return tf.mul(1, 2)\n",
    "the tree's own": "from ops import mul, pack\nx = mul(pack([1]), 2)\n",
    "operator": "import operator\nx = operator.mul(1, 2), operator.neg(1), operator.sub(1, 2)\n",
}


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_what_is_something_else_stays(text: str) -> None:
    check_noop(text)


LEFT = (
    "tf.scalar_summary('loss', x, name='op')",
    "tf.image_summary(*arguments)",
    "choose = tf.select",
    "tf.python.control_flow_ops.with_dependencies([a], tf.mul(a, b))",
)


@pytest.mark.parametrize("line", LEFT)
def test_left(line: str) -> None:
    result = rewrite_program({"net.py": f"{HEAD}{line}\n"})
    assert [left.code for left in report(result, "net.py").left] == ["SLIM350"]


@pytest.mark.parametrize("name", ["batch_svd", "batch_self_adjoint_eig", "nn.seq2seq.rnn_decoder"])
def test_what_has_no_like_is_marked(name: str) -> None:
    result = rewrite_program({"net.py": f"{HEAD}s = tf.Session()\nx = tf.{name}(y)\n"})
    assert [left.code for left in report(result, "net.py").left] == ["SLIM310"]


def test_a_summarys_remark_is_in_the_report() -> None:
    result = rewrite_program({"net.py": f"{HEAD}tf.scalar_summary('loss', x)\n"})
    notes = [item.note for item in report(result, "net.py").rewritten if item.code == "SLIM350"]
    assert len(notes) == 1 and "unique" in notes[0]


def test_every_successor_is_tensorflow_1s() -> None:
    known = {name for kind in symbols().values() for name in kind}
    assert set(BEFORE_1.values()) <= known
    assert not set(BEFORE_1) & known
    assert all(became(name, None).kind != "unknown" for name in BEFORE_1.values())


def test_numbers_are_tensorflow_0_12s(tmp_path: Path) -> None:
    """The program whose results TensorFlow 0.12.1 wrote, rewritten and run on TensorFlow 2."""
    source = (DATA / "tf_0_12.py").read_text("utf-8")
    result = rewrite_program({"tf_0_12.py": source})
    assert not report(result, "tf_0_12.py").left
    (tmp_path / "new.py").write_text(output(result, "tf_0_12.py") or "", "utf-8")
    subprocess.run([sys.executable, "new.py"], cwd=tmp_path, check=True, capture_output=True)
    old = json.loads((DATA / "tf_0_12.json").read_text("utf-8"))
    new = json.loads((tmp_path / "tf_0_12.json").read_text("utf-8"))
    assert old.keys() == new.keys() and len(old) >= 19
    for name, value in old.items():
        np.testing.assert_allclose(new[name], value, rtol=2e-6, atol=1e-6, err_msg=name)
