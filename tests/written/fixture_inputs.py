"""Reads the batches of a fixture, legacy or migrated, and prints their numbers as JSON.

A script, run in a process of its own: ``fixture_inputs.py PROJECT DATA_FOLDER``.
"""

import json
import sys
from pathlib import Path

import numpy as np

STEPS = 4  # of three examples: more than one epoch of seven


def flowers(folder):
    """Writes labelled pictures if there are none, and reads batches."""
    import flowers_input

    if not any(folder.iterdir()):
        pictures = np.random.RandomState(0).randint(0, 256, (7, 64, 64, 3)).astype(np.uint8)
        flowers_input.write_examples(str(folder), pictures, range(7))
    return lambda: list(flowers_input.flowers_batch(str(folder), 7, 3, is_training=False))


def shapes(folder):
    """The same of images with boxes."""
    from datasets import inputs, make_shapes

    if not any(folder.iterdir()):
        make_shapes.make_dataset(str(folder), num_train=5, num_val=7, image_size=32)
    return lambda: list(inputs.load_batch(str(folder), "val", 3, 40, is_training=False)[:4])


def read(tf, build):
    """Batches of a session with queue runners."""
    with tf.Graph().as_default():
        tensors = build()
        with tf.Session() as session:
            # What slim's supervisors run before they start queues.
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            session.run(tf.tables_initializer())
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            steps = [session.run(tensors) for _ in range(STEPS)]
            coordinator.request_stop()
            coordinator.join(threads, ignore_live_threads=True)
    return [[(list(t.shape), str(t.dtype), t.sum(dtype="float64")) for t in s] for s in steps]


def main():
    project, folder = sys.argv[1], Path(sys.argv[2])
    sys.path.insert(0, project)
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    build = flowers if project.endswith("dataset_data_provider") else shapes
    print(json.dumps(read(tf, build(folder))))


if __name__ == "__main__":
    main()
