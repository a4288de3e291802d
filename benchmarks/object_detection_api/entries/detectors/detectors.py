"""A detector of the TF Object Detection API as one function, from pixels to detections and loss.

The module stands on the import path of both sides, the original tree and the migrated one. It
builds what a pipeline file names and knows no layer: whatever differs between the sides comes from
the tree.

It runs under CPython 3.7, in a TensorFlow 1 graph as well as inside a traced ``tf.function``.
"""

# This file runs under CPython 3.7.

from pathlib import Path

import old_protos
import slim_half
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

old_protos.install()
slim_half.choose()

from object_detection.builders import model_builder  # noqa: E402
from object_detection.protos import pipeline_pb2  # noqa: E402

CONFIGS = Path(__file__).resolve().parent / "configs"

#: Smallest height and width of a groundtruth box, as a part of the image.
SMALLEST_BOX = 0.1

#: What a detector makes its final boxes and scores of.
_RAW = ("box_encodings", "refined_box_encodings", "class_predictions_with_background")

#: What the first stage's raw boxes and objectness are divided by, for the reason given at
#: `detector`'s ``damping``. They come from a relu6, so that one number serves all networks.
_PROPOSAL_DAMPING = 8.0

#: Predictions that are other entries under a second name.
_REPEATED = ("preprocessed_inputs", "final_anchors")


def detector(
    images,
    boxes,
    classes,
    config,
    image_size=None,
    max_proposals=None,
    damping=1.0,
    is_training=False,
):
    """Builds a detector and everything that training and evaluation ask of it.

    Args:
        images: float32 [B, H, W, 3], from 0 to 255.
        boxes: float32 [B, N, 4], any numbers from 0 to 1; groundtruth is made of them.
        classes: int32 [B, N], from 0 to the number of classes less one.
        config: Name of a file in ``configs``, without its ending.
        image_size: Height and width to which images are resized, in place of the published size.
        max_proposals: Proposals per image of a two-stage detector, in place of the published 300.
        damping: What raw boxes and classes are divided by on their way to detections. Logits of
            random weights lie far in the flat part of sigmoid and softmax, where rounding would
            decide on the order of detections.
        is_training: Builds for training: minibatches are drawn, detections are left out.

    Returns:
        Nested dictionaries of tensors: ``preprocessed`` float32 [B, h, w, 3]; ``prediction``, raw
        tensors of both stages; ``loss``, float32 scalars by name; and, for inference,
        ``detections``, results of non-maximum suppression with the dense scores and boxes behind
        them.
    """
    model_config = read_config(config, image_size, max_proposals)
    model = model_builder.build(model_config, is_training=is_training, add_summaries=False)
    if hasattr(model, "_predict_rpn_proposals"):
        _damp_proposals(model)
    depth = getattr(model_config, model_config.WhichOneof("model")).num_classes
    # Two-stage detectors sample proposals against the groundtruth while they predict.
    model.provide_groundtruth(
        groundtruth_boxes_list=tf.unstack(valid_boxes(boxes)),
        groundtruth_classes_list=tf.unstack(tf.one_hot(classes, depth, dtype=tf.float32)),
    )
    preprocessed, true_shapes = model.preprocess(images)
    prediction = model.predict(preprocessed, true_shapes)
    found = {
        "preprocessed": preprocessed,
        "prediction": _distinct(prediction),
        "loss": _by_short_name(model.loss(prediction, true_shapes)),
    }
    if not is_training:
        damped = _damped(prediction, damping)
        found["detections"] = _in_order(model.postprocess(damped, true_shapes))
    return found


def read_config(config, image_size=None, max_proposals=None):
    """Reads the ``model`` block of a pipeline file.

    Args:
        config: Name of a file in ``configs``, without its ending.
        image_size: Height and width of a resizer in place of the published one.
        max_proposals: See `detector`.

    Returns:
        A ``DetectionModel`` message.
    """
    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Parse((CONFIGS / (config + ".config")).read_text(encoding="utf-8"), pipeline)
    meta = getattr(pipeline.model, pipeline.model.WhichOneof("model"))
    if image_size is not None:
        meta.image_resizer.Clear()
        meta.image_resizer.fixed_shape_resizer.height = image_size
        meta.image_resizer.fixed_shape_resizer.width = image_size
    if max_proposals is not None:
        meta.first_stage_max_proposals = max_proposals
        # The second stage trains on a sample of the proposals.
        meta.second_stage_batch_size = min(meta.second_stage_batch_size, max_proposals)
    return pipeline.model


def valid_boxes(boxes):
    """Makes boxes of any four numbers each.

    Args:
        boxes: float32 [B, N, 4], from 0 to 1.

    Returns:
        float32 [B, N, 4]: ymin, xmin, ymax, xmax with at least `SMALLEST_BOX` between them.
    """
    first, second = boxes[:, :, :2], boxes[:, :, 2:]
    low = tf.minimum(tf.minimum(first, second), 1.0 - SMALLEST_BOX)
    high = tf.maximum(tf.maximum(first, second), low + SMALLEST_BOX)
    return tf.concat([low, high], axis=2)


def _damp_proposals(model):
    """Makes a two-stage detector choose its proposals by damped scores.

    The choice happens inside ``predict``; on this one method both stages meet.
    """
    undamped = model._predict_rpn_proposals

    def predict_rpn_proposals(features):
        encodings, objectness = undamped(features)
        return encodings / _PROPOSAL_DAMPING, objectness / _PROPOSAL_DAMPING

    model._predict_rpn_proposals = predict_rpn_proposals


def _damped(prediction, damping):
    found = dict(prediction)
    found.update({name: found[name] / damping for name in _RAW if name in found})
    return found


def _distinct(prediction):
    """Drops what stands in the dictionary twice, and every None."""
    found = {}
    for name, value in sorted(prediction.items()):
        repeated = name == "feature_maps" and "rpn_features_to_crop" in prediction
        if value is not None and name not in _REPEATED and not repeated:
            found[name] = value
    return found


def _by_short_name(losses):
    """Drops the name scope ``Loss/`` that the keys begin with."""
    return {name.split("/", 1)[-1]: value for name, value in sorted(losses.items())}


def _in_order(detections):
    return {name: value for name, value in sorted(detections.items()) if value is not None}
