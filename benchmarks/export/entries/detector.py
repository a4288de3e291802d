"""Entry on both sides: the fixture's detector as it is served, with one output."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def raw_predictions(images: Any, num_classes: int = 90, is_training: bool = False) -> Any:
    """Box encodings and class logits at each anchor, side by side.

    Args:
        images: float32 [batch, 300, 300, 3].
        num_classes: Number of classes, without the background.
        is_training: Whether to build for training.

    Returns:
        A tuple of one float32 tensor [batch, anchors, 4 + 1 + num_classes].
    """
    model = importlib.import_module("models.ssd_model")
    found = model.raw_predictions(images, num_classes=num_classes, is_training=is_training)
    parts = [found["box_encodings"], found["class_predictions_with_background"]]
    if "scoped_layers" in sys.modules:
        return (importlib.import_module("keras").ops.concatenate(parts, axis=-1),)
    return (importlib.import_module("tensorflow.compat.v1").concat(parts, axis=-1),)
