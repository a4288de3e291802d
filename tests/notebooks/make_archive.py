"""Makes a folder as the TensorFlow 1 detection model zoo shipped them, with the old code alone.

    python tests/notebooks/make_archive.py LEGACY PIPELINE.config OUT [--steps N]

trains the detector of a pipeline file on drawn shapes and exports it with the Object Detection
API's own exporter: pipeline.config, model.ckpt.*, checkpoint, frozen_inference_graph.pb and
saved_model/. Beside them lie label_map.pbtxt; image.png, which training did not see (of a hundred
drawings that with the highest scores, where as much is found as is drawn); and detections.npz, what
a session finds in it.

It runs on TensorFlow 1.15 (CPython 3.7) and, through slimport's stand-in, on TensorFlow 2.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP031

import argparse
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

# The API's generated messages are of 2021; protobuf reads it when it is imported.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[2]
MAKE_SHAPES = ROOT / "fixtures" / "legacy" / "ssd_inception_v2" / "datasets" / "make_shapes.py"
TRAINING_SEED = 1
IMAGE_SEEDS = range(20, 120)
SIZE = 128  # of the networks' input
ENLARGED = 3
LEARNING_RATE = 4e-3
DECAY = 0.9997  # of batch norm, in all pipelines


def main():
    """Trains, exports, and says what the old graph finds in an image."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("legacy", type=Path, help="Tree of the API, not migrated.")
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=8)
    arguments = parser.parse_args()
    make(arguments.legacy, arguments.pipeline, arguments.out, arguments.steps, arguments.batch)


def make(legacy, pipeline, out, steps, batch):
    """Writes the folder `out`; see the module."""
    sys.path[:0] = [str(legacy), str(legacy / "slim")]
    tf = tensorflow_1()
    shapes = load(MAKE_SHAPES)
    config = read_pipeline(pipeline)
    shutil.rmtree(str(out), ignore_errors=True)
    out.mkdir(parents=True)
    trained = train(tf, shapes, config, out / "training", steps, batch)
    export(tf, config, trained, out)
    shutil.rmtree(str(out / "training"))
    shutil.copy(str(pipeline), str(out / "pipeline.config"))  # the exporter writes what it parsed
    (out / "label_map.pbtxt").write_text(label_map(shapes.CLASSES))
    drawings = [draw(shapes, seed) for seed in IMAGE_SEEDS]
    everything = detect(tf, config, out / "model.ckpt", [image for image, _ in drawings])
    (image, _), found = max(zip(drawings, everything), key=lambda pair: good(*pair))
    image.save(str(out / "image.png"))
    importlib.import_module("numpy").savez(str(out / "detections.npz"), **found)
    print(int(found["num_detections"][0]), "detections")


def good(drawing, found):
    """Returns the sum of the scores, or 0 where the detector finds fewer or more than is drawn."""
    confident = found["detection_scores"][found["detection_scores"] > 0.5]
    return float(confident.sum()) if len(confident) == drawing[1] else 0.0


def tensorflow_1():
    """Returns `tf` of TensorFlow 1.15, or of TensorFlow 2 behind its stand-in."""
    if importlib.util.find_spec("tensorflow.contrib") is None:
        from slimport.verify.workers import stand_in

        stand_in.install()
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity("ERROR")
    return tf


def load(path):
    """Imports a file by its path: its folder's name is a package of the API's too."""
    spec = importlib.util.spec_from_file_location(path.stem, str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_pipeline(path):
    """Parses a pipeline file, without the one field of 2018 that the API has dropped since."""
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2

    text = re.sub(r"(?m)^\s*batch_norm_trainable:.*$", "", path.read_text())
    return text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())


def draw(shapes, seed):
    """Returns a drawing, enlarged so that the network's resizer undoes it, and a count."""
    import numpy as np

    image, _, labels = shapes.draw_example(np.random.RandomState(seed), SIZE)
    return image.resize((ENLARGED * SIZE, ENLARGED * SIZE), 0), len(labels)  # 0: nearest neighbour


def train(tf, shapes, config, folder, steps, batch):
    """Trains from nothing with Adam; returns the checkpoint's prefix."""
    import numpy as np
    from object_detection.builders import model_builder

    rng, size = np.random.RandomState(TRAINING_SEED), SIZE
    depth = config.model.ssd.num_classes
    with tf.Graph().as_default():
        tf.set_random_seed(TRAINING_SEED)
        images = tf.placeholder(tf.float32, [batch, size, size, 3])
        boxes = [tf.placeholder(tf.float32, [None, 4]) for _ in range(batch)]
        classes = [tf.placeholder(tf.int32, [None]) for _ in range(batch)]
        model = model_builder.build(config.model, is_training=True, add_summaries=False)
        model.provide_groundtruth(boxes, [tf.one_hot(kinds, depth) for kinds in classes])
        preprocessed, true_shapes = model.preprocess(images)
        losses = model.loss(model.predict(preprocessed, true_shapes), true_shapes)
        total = tf.add_n(list(losses.values()))
        rate = tf.placeholder(tf.float32, [])
        step = tf.train.AdamOptimizer(rate).minimize(
            total, global_step=tf.train.get_or_create_global_step()
        )

        def drawn():
            examples = [shapes.draw_example(rng, size) for _ in range(batch)]
            feed = {images: [np.asarray(image) for image, _, _ in examples]}
            feed.update(zip(boxes, [found for _, found, _ in examples]))
            feed.update(zip(classes, [labels - 1 for _, _, labels in examples]))
            return feed

        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for number in range(steps):
                now = LEARNING_RATE * min(1.0, 2.0 * (1.0 - number / steps))
                _, value = session.run([step, total], {rate: now, **drawn()})
                if number % 50 == 0 or number == steps - 1:
                    print("step %d loss %.3f" % (number, value), flush=True)
            settle_statistics(tf, session, drawn)
            return tf.train.Saver().save(session, str(folder / "model.ckpt"), steps)


def settle_statistics(tf, session, drawn, batches=16):
    """Sets the moving averages to what they would reach: the mean over batches.

    The published decay is for two hundred thousand steps; after some hundred the averages still
    are what they began with.
    """
    import numpy as np

    averages = [value for value in tf.global_variables() if "/moving_" in value.op.name]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    found = []
    for _ in range(batches):
        before = session.run(averages)
        session.run(updates, drawn())
        pairs = zip(before, session.run(averages))
        found.append([old + (new - old) / (1.0 - DECAY) for old, new in pairs])
    for average, values in zip(averages, zip(*found)):
        average.load(np.mean(values, 0), session)


def export(tf, config, trained, out):
    """Writes the archive's files."""
    from object_detection import exporter

    exporter.profile_inference_graph = lambda graph: None  # prints what tf.contrib counted
    with tf.Graph().as_default():
        exporter.export_inference_graph("image_tensor", config, trained, str(out))


def label_map(names):
    """Returns a label map in the API's text format."""
    entry = "item {\n  id: %d\n  name: '%s'\n}\n"
    return "".join(entry % (index + 1, name) for index, name in enumerate(names))


def detect(tf, config, checkpoint, images):
    """Runs the old graph on each image, with the checkpoint's weights."""
    import numpy as np
    from object_detection.builders import model_builder

    with tf.Graph().as_default(), tf.Session() as session:
        model = model_builder.build(config.model, is_training=False, add_summaries=False)
        pixels = tf.placeholder(tf.float32, [None, None, None, 3])
        preprocessed, true_shapes = model.preprocess(pixels)
        found = model.postprocess(model.predict(preprocessed, true_shapes), true_shapes)
        tf.train.Saver().restore(session, str(checkpoint))
        return [session.run(found, {pixels: np.asarray(image)[np.newaxis]}) for image in images]


if __name__ == "__main__":
    main()
