"""Scripts that train clones of a network: their steps, beside those of the strategy's replicas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_fit import start_of, trained, written

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

DEPLOYING = Path(__file__).parent / "data" / "deploying"
PROGRAM = '''
import json
import sys

import tensorflow as tf
import tf_slim as slim
from deployment import model_deploy


def examples(path):
    decoder = slim.tfexample_decoder.TFExampleDecoder(
        {{'x': tf.FixedLenFeature([6, 6, 3], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)}},
        {{'image': slim.tfexample_decoder.Tensor('x'),
          'label': slim.tfexample_decoder.Tensor('y')}})
    return slim.dataset.Dataset(
        path, tf.TFRecordReader, decoder, num_samples=64,
        items_to_descriptions={{'image': '', 'label': ''}})


def network(images):
    params = {{'is_training': True, 'decay': 0.9}}
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(0.01)):
        first = slim.conv2d(images, 4, 3, {norm})
        net = slim.conv2d(first, 4, 3, stride=2)
        logits = slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')
    return logits, {{'first': first, 'logits': logits}}


def configure(step):
    return tf.train.exponential_decay(0.05, step, 7, 0.8, staircase=True)


def train(folder, start, steps, records):
    """Trains, and returns the last loss."""
    with tf.Graph().as_default():
        deploy_config = model_deploy.DeploymentConfig(num_clones={clones}, clone_on_cpu=True)
        with tf.device(deploy_config.variables_device()):
            global_step = slim.create_global_step()

        with tf.device(deploy_config.inputs_device()):
            with tf.name_scope('input'):
                provider = slim.dataset_data_provider.DatasetDataProvider(
                    examples(records), shuffle=False)
            [image, label] = provider.get(['image', 'label'])
            image *= 0.5
            images, labels = tf.train.batch([image, label], batch_size=4, num_threads=1)
            labels = slim.one_hot_encoding(labels, 3)
            batch_queue = slim.prefetch_queue.prefetch_queue(
                [images, labels], capacity=2 * deploy_config.num_clones)

        def clone_fn(batch_queue):
            images, labels = batch_queue.dequeue()
            logits, end_points = network(images)
            tf.losses.softmax_cross_entropy(labels, logits, label_smoothing=0.1)
            slim.losses.absolute_difference(logits, labels, weights=0.2)
            return end_points

        summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
        clones = model_deploy.create_clones(deploy_config, clone_fn, [batch_queue])
        first_clone_scope = deploy_config.clone_scope(0)
        update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, first_clone_scope)

        end_points = clones[0].outputs
        for name in sorted(end_points):
            summaries.add(tf.summary.scalar('sparsity/' + name,
                                            tf.nn.zero_fraction(end_points[name])))
        with tf.device(deploy_config.optimizer_device()):
            learning_rate = configure(global_step)
            optimizer = {optimizer}
            summaries.add(tf.summary.scalar('learning_rate', learning_rate))
        total_loss, gradients = model_deploy.optimize_clones(clones, optimizer{trained})
        summaries.add(tf.summary.scalar('total_loss', total_loss))
        {changes}
        grad_updates = optimizer.apply_gradients(gradients, global_step=global_step)
        update_ops.append(grad_updates)
        update_op = tf.group(*update_ops)
        with tf.control_dependencies([update_op]):
            train_tensor = tf.identity(total_loss, name='train_op')
        summaries |= set(tf.get_collection(tf.GraphKeys.SUMMARIES, first_clone_scope))
        summary_op = tf.summary.merge(list(summaries), name='summary_op')
        restore = slim.assign_from_checkpoint_fn(start, slim.get_model_variables())
        return slim.learning.train(
            train_tensor, folder, init_fn=restore, number_of_steps=steps, log_every_n_steps=10,
            summary_op=summary_op, save_summaries_secs=0)


if __name__ == '__main__':
    folder, start, records, numbers = sys.argv[1:]
    losses = {{n: float(train(folder + n, start, int(n), records)) for n in numbers.split(',')}}
    with open(folder + 'losses', 'w') as out:
        json.dump(losses, out)
'''
NORM = "normalizer_fn=slim.batch_norm, normalizer_params=params"
MOMENTUM = "tf.train.MomentumOptimizer(learning_rate, 0.9)"
CLIP = "gradients = slim.learning.clip_gradient_norms(gradients, 0.3)"
MULTIPLY = "gradients = slim.learning.multiply_gradients(gradients, {'logits/weights': 2.0})"
PLAIN = {
    "norm": NORM,
    "clones": 1,
    "optimizer": MOMENTUM,
    "trained": "",
    "changes": "pass",
}
PROGRAMS: dict[str, dict[str, Any]] = {
    "one clone": {},
    "two clones, changed gradients, part of the variables": {
        "clones": 2,
        # Which of two batches the first clone gets is left open, so no batch norm.
        "norm": "biases_initializer=tf.zeros_initializer()",
        "trained": ",\n            var_list=slim.get_trainable_variables('Conv_1|logits')",
        "changes": f"{MULTIPLY}\n        {CLIP}",
        "optimizer": "tf.train.RMSPropOptimizer(learning_rate, momentum=0.9, epsilon=1.0)",
    },
}
EACH_PROGRAM = [
    pytest.param(changes, id=name, marks=[pytest.mark.slow] if "clones" in changes else [])
    for name, changes in PROGRAMS.items()
]
STEPS = (1, 3, 12)


def write_images(path: str) -> None:
    random = np.random.default_rng(4)
    with tf.io.TFRecordWriter(path) as writer:
        for label in random.integers(0, 3, 64):
            image = tf.train.FloatList(value=random.normal(label, 1, 108))
            features = {
                "x": tf.train.Feature(float_list=image),
                "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


@pytest.mark.parametrize("changes", EACH_PROGRAM)
def test_steps_are_those_of_the_clones(changes: dict[str, Any], tmp_path: Path) -> None:
    start, records = start_of(tmp_path, norm="norm" not in changes), str(tmp_path / "images")
    write_images(records)
    legacy, migrated = written(tmp_path, PROGRAM.format(**{**PLAIN, **changes}))
    text = migrated.read_text()
    assert "model_deploy" not in text and "with strategy.scope():" in text
    begun = {
        name: tf.train.load_variable(start, name) for name, _ in tf.train.list_variables(start)
    }
    before, after = (
        trained(script, start, STEPS, tmp_path / script.parent.name, records, path=DEPLOYING)
        for script in (legacy, migrated)
    )
    for steps, (old_loss, old), (new_loss, new) in zip(STEPS, before, after, strict=True):
        assert new_loss == pytest.approx(old_loss, rel=2e-5), steps
        assert new["global_step"] == old["global_step"] == steps
        for name, value in begun.items():
            way = np.abs(old[name] - value).max()
            assert np.abs(new[name] - old[name]).max() <= 1e-4 * way + 1e-6, (steps, name)
