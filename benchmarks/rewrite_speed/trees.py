"""Trees to measure on: networks, their tests, helpers without any slim, and a training script."""

from __future__ import annotations

import random
from pathlib import Path

_HEAD = '''"""{title}."""
from __future__ import absolute_import

import tensorflow as tf
import tf_slim as slim

'''


def generate(folder: Path, networks: int, seed: int = 7) -> Path:
    """Writes a tree with this many networks; the same for the same seed."""
    draw = random.Random(seed)
    (folder / "nets").mkdir(parents=True)
    (folder / "tools").mkdir()
    for package in ("nets", "tools"):
        (folder / package / "__init__.py").write_text("")
    for number in range(networks):
        (folder / "nets" / f"net_{number}.py").write_text(_network(number, draw))
        (folder / "nets" / f"net_{number}_test.py").write_text(_test(number, draw))
        (folder / "tools" / f"boxes_{number}.py").write_text(_helpers(number, draw))
    (folder / "train.py").write_text(_training())
    return folder


def _network(number: int, draw: random.Random) -> str:
    """Blocks of branches under scopes, as the published networks have them."""
    lines = [_HEAD.format(title=f"Network {number}")]
    lines += [f"def net_{number}(inputs, num_classes=10, is_training=True, scope=None):"]
    lines += ['  """Builds it.', "", "  Args:", "    inputs: a batch of images."]
    lines += ["    num_classes: how many.", '  """', "  end_points = {}"]
    lines += [f"  with tf.variable_scope(scope, 'Net{number}', [inputs]):"]
    lines += ["    with slim.arg_scope([slim.batch_norm, slim.dropout],"]
    lines += ["                        is_training=is_training):", "      net = inputs"]
    for block in range(draw.randint(6, 12)):
        lines += [f"      # block {block}", f"      with tf.variable_scope('Mixed_{block}'):"]
        branches = draw.randint(1, 4)
        for branch in range(branches):
            lines += [f"        with tf.variable_scope('Branch_{branch}'):"]
            lines += _branch(branch, draw)
        names = ", ".join(f"branch_{branch}" for branch in range(branches))
        lines += [f"        net = tf.concat([{names}], 3)", f"        end_points['{block}'] = net"]
    lines += ["      net = slim.flatten(net)", "      net = slim.dropout(net, 0.8, scope='Drop')"]
    lines += ["      logits = slim.fully_connected(net, num_classes, activation_fn=None,"]
    lines += ["                                    scope='Logits')", "  return logits, end_points"]
    return "\n".join([*lines, ""])


def _branch(branch: int, draw: random.Random) -> list[str]:
    name = f"branch_{branch}"
    lines = [f"          {name} = slim.conv2d(net, {draw.choice((32, 64))}, [1, 1], scope='a_1x1')"]
    for step in range(draw.randint(0, 3)):
        size = draw.choice(("[3, 3]", "[1, 7]", "[5, 5]"))
        lines += [f"          {name} = slim.conv2d({name}, {draw.choice((64, 96))}, {size},"]
        lines += [f"                                 scope='b_{step}')"]
    return lines


def _test(number: int, draw: random.Random) -> str:
    lines = [_HEAD.format(title=f"Tests of network {number}"), f"from nets import net_{number}", ""]
    lines += ["", f"class Net{number}Test(tf.test.TestCase):"]
    for case in range(draw.randint(6, 12)):
        size = draw.choice((96, 128, 224))
        lines += [
            "",
            f"  def test_shape_{case}(self):",
            f"    batch_size, size = {case + 1}, {size}",
        ]
        lines += ["    inputs = tf.random_uniform((batch_size, size, size, 3))"]
        lines += [f"    logits, end_points = net_{number}.net_{number}(inputs)"]
        lines += ["    self.assertTrue(logits.op.name.startswith('Net'))"]
        for end in range(draw.randint(3, 9)):
            lines += [f"    self.assertListEqual(end_points['{end}'].get_shape().as_list(),"]
            lines += [
                f"                         [batch_size, {size // 2}, {size // 2}, {64 + end}])"
            ]
    return "\n".join([*lines, "", "", "if __name__ == '__main__':", "  tf.test.main()", ""])


def _helpers(number: int, draw: random.Random) -> str:
    lines = [f'"""Boxes {number}: plain Python, and one line of TensorFlow."""', ""]
    lines += ["import numpy as np", "import tensorflow as tf", ""]
    for function in range(draw.randint(8, 16)):
        lines += ["", f"def measure_{function}(boxes, other=None, threshold=0.{function + 1}):"]
        lines += ['  """Compares boxes."""', "  kept = []"]
        lines += ["  for index, (top, left, bottom, right) in enumerate(boxes):"]
        lines += ["    height, width = bottom - top, right - left"]
        lines += ["    if height * width > threshold and other is not None:"]
        lines += ["      kept.append((index, max(0, min(height, other[index][2])) * width))"]
        lines += ["    elif not kept:", "      kept = [(i, 0.0) for i in range(index)]"]
        lines += ["  return np.array(sorted(kept, key=lambda pair: -pair[1]))", ""]
    lines += ["", "def areas(boxes):", "  return tf.reduce_sum(boxes, reduction_indices=[1])", ""]
    return "\n".join(lines)


def _training() -> str:
    return _HEAD.format(title="Trains") + (
        "from nets import net_0\n\n\ndef main():\n"
        "  images = tf.placeholder(tf.float32, [8, 96, 96, 3])\n"
        "  labels = tf.placeholder(tf.int64, [8])\n"
        "  logits, _ = net_0.net_0(images)\n"
        "  slim.losses.sparse_softmax_cross_entropy(logits, labels)\n"
        "  train_op = slim.learning.create_train_op(\n"
        "      slim.losses.get_total_loss(), tf.train.GradientDescentOptimizer(0.1))\n"
        "  slim.learning.train(train_op, '/tmp/logs')\n\n\n"
        "if __name__ == '__main__':\n  main()\n"
    )
