"""A detector of the TF Object Detection API as its pipeline file says, down to raw predictions.

On the import path of both sides, the original tree and the migrated one. Runs under CPython 3.7.
"""

# This file runs under CPython 3.7.

import detectors
from object_detection.builders import model_builder


def predictions(images, config, is_training=False):
    """Builds the detector.

    Args:
        images: float32 [B, H, W, 3], from 0 to 255.
        config: Name of a pipeline file of the Object Detection API's benchmark.
        is_training: Builds for training.

    Returns:
        Raw boxes and class predictions by name.
    """
    config = detectors.read_config(config)
    model = model_builder.build(config, is_training=is_training, add_summaries=False)
    preprocessed, true_shapes = model.preprocess(images)
    found = model.predict(preprocessed, true_shapes)
    names = ("box_encodings", "class_predictions_with_background")
    return {name: found[name] for name in names}
