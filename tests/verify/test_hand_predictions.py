"""Sessions that restore a network and run it: what --training fit makes of them, beside these."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

HEAD = """
import json
import os
import sys

import numpy as np
import tensorflow as tf
import tf_slim as slim

start, out = sys.argv[1:]


def data():
    random = np.random.RandomState(3)
    for _ in range(3):
        yield random.randint(0, 256, (4, 6, 6, 3)).astype('uint8')


def net(images, num_classes, is_training=True, reuse=None):
    params = {'is_training': is_training, 'decay': 0.9, 'updates_collections': None}
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=params):
        net = slim.conv2d(images, 4, 3)
    net = slim.dropout(slim.flatten(net), 0.5, is_training=is_training)
    logits = slim.fully_connected(net, num_classes, activation_fn=None, scope='logits')
    return logits, {'Predictions': tf.nn.softmax(logits)}

"""
IN_A_FUNCTION = """
def predict(path):
    with tf.Graph().as_default():
        images = tf.placeholder(tf.float32, [None, 6, 6, 3])
        logits, _ = net(images, num_classes=5, is_training=False)
        probabilities = tf.nn.softmax(logits)
        saver = tf.train.Saver(slim.get_variables_to_restore(exclude=['none']))
        with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
            saver.restore(sess, path)
            for batch in data():
                found = sess.run(probabilities, feed_dict={images: batch})
                yield found.tolist()


if __name__ == '__main__':
    with open(out + '.json', 'w') as file:
        json.dump(list(predict(start)), file)
"""
IN_THE_FILE = """
sess = tf.Session()
images = tf.placeholder(tf.uint8, shape=(None, None, None, 3), name='images')
scale = tf.placeholder(tf.float32, shape=[])
small = tf.image.resize_bilinear(tf.to_float(images) * scale, [6, 6])
_, end_points = net(small, 5, False)
predictions = end_points['Predictions']
averages = tf.train.ExponentialMovingAverage(0.99)
saver = tf.train.Saver(averages.variables_to_restore())
sess.run(tf.global_variables_initializer())
saver.restore(sess, start)
found = []
for batch in data():
    values = sess.run(predictions, {images: batch.repeat(2, 1), scale: 1 / 255.0})
    found.append(values.tolist())
small = sess.run(small, {images: batch, scale: 1.0})
found.append(small[:, 0, 0].tolist())
sess.close()
with open(out + '.json', 'w') as file:
    json.dump(found, file)
"""
TWO_FETCHES = """
def main():
    tf.reset_default_graph()
    images = tf.placeholder(tf.float32, [None, 6, 6, 3])
    training = tf.placeholder(tf.bool, [], name='training')
    logits, _ = net(tf.subtract(images, 127.5) / 128.0, 5, training)
    probabilities = tf.nn.softmax(logits)
    best = tf.argmax(probabilities, 1)
    init_fn = slim.assign_from_checkpoint_fn(start, slim.get_variables_to_restore())
    saver = tf.train.Saver([v for v in tf.trainable_variables() if 'weights' in v.name])
    rows = []
    with tf.Session() as sess:
        init_fn(sess)
        saver.restore(sess, start + '2')
        for batch in data():
            scores, classes = sess.run(
                [probabilities, best], feed_dict={images: batch, training: False})
            rows.append([scores.tolist(), classes.tolist()])
    with open(out + '.json', 'w') as file:
        json.dump([row[0] for row in rows] + [row[1] for row in rows], file)


if __name__ == '__main__':
    main()
"""
PROGRAMS = {"function": IN_A_FUNCTION, "file": IN_THE_FILE, "fetches": TWO_FETCHES}
SHAPES = {
    "Conv/weights": [3, 3, 3, 4],
    "Conv/BatchNorm/beta": [4],
    "Conv/BatchNorm/moving_mean": [4],
    "Conv/BatchNorm/moving_variance": [4],
    "logits/weights": [144, 5],
    "logits/biases": [5],
}


def write_checkpoint(path: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = {n: random.normal(0, 0.3, s).astype("float32") for n, s in SHAPES.items()}
    variances = "Conv/BatchNorm/moving_variance"
    values[variances] = np.abs(values[variances]) + 0.5
    for name in [n for n in SHAPES if "moving" not in n]:
        average = random.normal(0, 0.3, SHAPES[name]).astype("float32")
        values[f"{name}/ExponentialMovingAverage"] = average
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )


DRIVER = """
import runpy
import sys

folder, out = sys.argv.pop(), sys.argv[2]
for name in ("function", "file", "fetches"):
    sys.argv[2] = f"{out}-{name}"
    runpy.run_path(f"{folder}/{name}.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the old programs, and the new ones, wrote what they found of one checkpoint."""
    folder = tmp_path_factory.mktemp("predictions")
    for side in ("legacy", "migrated"):
        (folder / side).mkdir()
    for name, body in PROGRAMS.items():
        (folder / "legacy" / f"{name}.py").write_text(HEAD + body)
    for seed, name in ((5, "start"), (6, "start2")):
        write_checkpoint(str(folder / name), seed)
    result = rewrite_tree(folder / "legacy", Options(training="fit"))
    assert result.report.left == 0 and result.report.notes == []
    for path, data in result.outputs.items():
        (folder / "migrated" / path).write_bytes(data)
    for name in PROGRAMS:
        text = (folder / "migrated" / f"{name}.py").read_text()
        assert "_on_batch(" in text and "Session" not in text and "placeholder" not in text
    driver = folder / "driver.py"
    driver.write_text(DRIVER)
    for side in ("legacy", "migrated"):
        of_side = folder / side
        run_script(side, driver, folder / "start", of_side, of_side, path=of_side)
    return {side: folder / side for side in ("legacy", "migrated")}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_fed_gives_what_it_gave(name: str, found: dict[str, Path]) -> None:
    old, new = (json.loads(Path(f"{at}-{name}.json").read_text()) for at in found.values())
    assert len(old) == len(new) >= 3
    for before, after in zip(old, new, strict=True):
        assert np.ptp(before) > 0.1
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)
