"""A program that is held runs on as it did: its numbers are the same, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from tests.verify.scripts import run_script

pytest.importorskip("tf_slim")

NET = """
import numpy as np
import tensorflow as tf
from tensorflow.contrib import slim


def net(images):
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
        net = slim.conv2d(images, 4, [3, 3], scope='conv1')
        net = slim.conv2d(net, 4, [3, 3], scope='conv2'){comment}
    net = tf.minimum(net, np.Inf)
    net = tf.reshape(net, [-1, int(np.product(net.get_shape().as_list()[1:]))])
    return slim.fully_connected(net, 3, activation_fn=None, scope='logits')
"""
SCRIPT = """
import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib import slim

import net

tf.set_random_seed(3)
images = tf.constant(np.random.RandomState(1).rand(2, 6, 6, 3).astype(np.float32))
logits = net.net(images)
loss = tf.losses.sparse_softmax_cross_entropy([0, 2], logits)
train = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    losses = [sess.run(train) for _ in range(3)]
    np.savez(sys.argv[1], losses=losses, logits=sess.run(logits))
"""


@pytest.mark.slow
def test_a_held_program_computes_what_it_did(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "other").mkdir(parents=True)
    (old / "net.py").write_text(NET.format(comment="  # slimport: ignore[conv2d]"))
    (old / "train.py").write_text(SCRIPT)
    (old / "other" / "small.py").write_text(NET.format(comment=""))
    report = rewrite(Request((old,), new, write=True)).report
    assert not report.failed
    assert {file.path for file in report.files if file.held} == {"net.py", "train.py"}
    assert "slim.conv2d" not in (new / "other" / "small.py").read_text()
    assert "np.prod(" in (new / "net.py").read_text() and "np.Inf" in (old / "net.py").read_text()
    found = []
    for tree in (old, new):
        run_script("legacy", tree / "train.py", tree / "numbers.npz")
        found.append(np.load(tree / "numbers.npz"))
    for name in ("losses", "logits"):
        assert found[0][name].size and np.array_equal(found[0][name], found[1][name]), name
