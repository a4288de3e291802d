"""Two replicas with and without summaries: `python replica_summaries.py FOLDER`.

In a process of its own: a CPU is divided before TensorFlow starts. Fails where training differs.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras  # noqa: E402

from slimport.written.dense import fully_connected  # noqa: E402
from slimport.written.dropout import dropout  # noqa: E402
from slimport.written.logs import log_histogram, log_text  # noqa: E402
from slimport.written.loss_model import LossModel, next_batch  # noqa: E402
from slimport.written.normalization import batch_norm  # noqa: E402
from slimport.written.training_callbacks import Summaries  # noqa: E402


def build_loss() -> Any:
    numbers = next_batch(tf.data.Dataset.range(100).repeat().batch(2))
    log_text("numbers", tf.as_string(numbers))
    net = tf.cast(numbers, tf.float32)[:, tf.newaxis] * tf.ones([1, 3])
    log_histogram("inputs", net)
    net = fully_connected(dropout(net, 0.5), 4, normalizer=batch_norm)
    return tf.reduce_mean(tf.square(fully_connected(net, 1, activation=None)))


def trained(callbacks: list[Any]) -> list[Any]:
    keras.utils.set_random_seed(3)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = LossModel(build_loss)
        model.compile(optimizer=keras.optimizers.SGD(0.01))
    model.fit(model.batches, steps_per_epoch=3, callbacks=callbacks, verbose=0)
    parts = (strategy.experimental_local_results(v.value) for v in model.variables)
    return [np.asarray(part) for each in parts for part in each]


for without, with_them in zip(trained([]), trained([Summaries(sys.argv[1], 0)]), strict=True):
    np.testing.assert_array_equal(without, with_them)
