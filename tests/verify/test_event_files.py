"""Event files of programs that trained in slim's loop, and of what they have become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_fit import start_of

from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

# The rate is so small that the step does not matter: slim's thread writes at one or the other.
PROGRAM = """
import sys

import numpy as np
import tensorflow as tf
import tf_slim as slim


def data():
    random = np.random.RandomState(3)
    return random.randn(16, 6, 6, 3).astype('float32'), random.randint(0, 3, 16)


def net(images):
    end_points = {}
    with tf.variable_scope('top'):
        tf.summary.image('seen', images, max_outputs=2)
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(0.01)):
        net = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm,
                          normalizer_params={'decay': 1.0})
        end_points[net.op.name] = net
        net = slim.conv2d(net, 4, 3, stride=2)
        slim.summaries.add_zero_fraction_summary(net)
        slim.summarize_activation(net)
        return slim.fully_connected(
            slim.flatten(net), 3, activation_fn=None, scope='logits'), end_points


def configure_rate(step):
    rate = tf.train.exponential_decay(1e-12, step, 1000, 0.9, staircase=True, name='decayed')
    tf.summary.scalar('the rate', rate)
    return rate


def train(folder, start):
    with tf.Graph().as_default():
        step = slim.create_global_step()
        images, labels = data()
        logits, end_points = net(tf.constant(images))
        loss = tf.losses.sparse_softmax_cross_entropy(tf.constant(labels), logits)
        tf.summary.scalar('losses/' + loss.op.name, loss)
        total_loss = tf.losses.get_total_loss()
        tf.summary.scalar('total_loss', total_loss)
        for name in end_points:
            tf.summary.histogram('activations/' + name, end_points[name])
        tf.summary.text('labels', tf.as_string(labels))
        tf.summary.audio('sound', tf.reshape(images, [16, -1]), 8000.0, max_outputs=1)
        tf.summary.histogram('of all', logits, family='kinds')
        for variable in slim.get_model_variables():
            tf.summary.histogram(variable.op.name, variable)
        rate = configure_rate(step)
        train_op = slim.learning.create_train_op(
            total_loss, tf.train.AdamOptimizer(rate), global_step=step,
            clip_gradient_norm=0.05, summarize_gradients=True)
        restore = slim.assign_from_checkpoint_fn(start, slim.get_model_variables())
        slim.learning.train(train_op, folder, init_fn=restore, number_of_steps=3LOOP)


if __name__ == '__main__':
    train(*sys.argv[1:])
"""

GRADIENT = "summarize_grads/logits/weights_gradient"


def values(folder: Path) -> dict[str, Any]:
    """The first value of each tag."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, value)
    found.pop("global_step/sec", None)  # of the clock
    return found


def run(tmp_path: Path, loop: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    legacy, migrated = tmp_path / "legacy", tmp_path / "migrated"
    for folder in (legacy, migrated):
        folder.mkdir()
    (legacy / "train.py").write_text(PROGRAM.replace("LOOP", loop))
    result = rewrite_tree(legacy)
    assert result.report.left == 0 and not result.report.failed
    for path, data in result.outputs.items():
        (migrated / path).write_bytes(data)
    start = start_of(tmp_path)
    for folder in (legacy, migrated):
        run_script(folder.name, folder / "train.py", folder / "out", start)
    return values(legacy / "out"), values(migrated / "out")


def test_what_is_written_is_what_slim_wrote(tmp_path: Path) -> None:
    old, new = run(tmp_path)
    assert sorted(old.keys() ^ new.keys()) == []
    assert len(old) > 15 and {"top/seen/image/1", "sound/audio", "the_rate", GRADIENT} <= old.keys()
    for tag, value in old.items():
        kind = value.WhichOneof("value")
        assert new[tag].WhichOneof("value") == kind, tag
        assert new[tag].metadata.plugin_data.plugin_name == value.metadata.plugin_data.plugin_name
        if kind == "simple_value":
            assert new[tag].simple_value == pytest.approx(value.simple_value, rel=1e-5), tag
        elif kind == "histo":
            assert new[tag].histo.num == value.histo.num, tag
            for part in ("min", "max", "sum", "sum_squares"):
                expected = pytest.approx(getattr(value.histo, part), rel=1e-5, abs=1e-5)
                assert getattr(new[tag].histo, part) == expected, (tag, part)
        else:
            assert getattr(new[tag], kind) == getattr(value, kind), tag


def test_the_loop_is_told_to_write_none(tmp_path: Path) -> None:
    old, new = run(tmp_path, ", summary_op=None")
    assert old == new == {}
