"""A detector of the migrated TF Object Detection API, as a function that builds a Keras model.

The migrated tree's two roots, ``migrated`` and ``migrated/slim``, have to be on the import path,
and ``PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python`` in the environment: the API's generated
messages are of 2021, which protobuf's native parser refuses. protobuf reads it when it is first
imported.
"""

import re
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format
from object_detection.utils import tf_version

# The API asks here which half of itself to load: that on TF-Slim, which is the migrated one, or
# that on Keras 2. Before anything else of it is imported.
tf_version.is_tf1, tf_version.is_tf2 = (lambda: True), (lambda: False)

from object_detection.builders import model_builder  # noqa: E402
from object_detection.protos import pipeline_pb2, string_int_label_map_pb2  # noqa: E402
from scoped_layers import TracedModel  # noqa: E402

# What pipeline files of 2018 set and the API has dropped since, without which it builds the same
# network for inference.
_DROPPED = re.compile(r"^\s*batch_norm_trainable:.*$", re.MULTILINE)


def build(pipeline="pipeline.config"):
    """Builds the detector of a pipeline file for inference.

    Args:
        pipeline: Path of a pipeline.config.

    Returns:
        A built `keras.Model`: images [B, H, W, 3] from 0 to 255, float32 or uint8, of any size, to
        a dictionary with ``detection_boxes`` [B, N, 4] (ymin, xmin, ymax, xmax from 0 to 1),
        ``detection_scores`` [B, N], ``detection_classes`` [B, N] from 0, ``num_detections`` [B].
    """
    text = _DROPPED.sub("", Path(pipeline).read_text(encoding="utf-8"))
    config = text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig()).model
    model = TracedModel(_detect, config)
    model.build([None, None, None, 3])
    return model


def _detect(images, config):
    model = model_builder.build(config, is_training=False, add_summaries=False)
    preprocessed, true_shapes = model.preprocess(tf.cast(images, tf.float32))
    return model.postprocess(model.predict(preprocessed, true_shapes), true_shapes)


def class_names(label_map=None):
    """Reads a label map.

    Args:
        label_map: Path of a .pbtxt file, or None.

    Returns:
        Dictionary from class, counted from 1, to name; empty where there is no file.
    """
    if not label_map:
        return {}
    text = Path(label_map).read_text(encoding="utf-8")
    items = text_format.Parse(text, string_int_label_map_pb2.StringIntLabelMap()).item
    return {item.id: item.display_name or item.name for item in items}
