"""Entries on both sides: networks as they are served, which is with one output.

Runs under CPython 3.7.
"""

from __future__ import annotations

import importlib
from typing import Any


def network(images: Any, name: str, num_classes: int = 1001, is_training: bool = False) -> Any:
    """The logits of a network of `nets_factory.networks_map`, with its own scope.

    Args:
        images: float32 [batch, height, width, channels].
        name: Key of `networks_map`.
        num_classes: Number of logits.
        is_training: Whether to build for training.
    """
    factory = importlib.import_module("nets.nets_factory")
    function = factory.get_network_fn(
        name, num_classes, weight_decay=0.0001, is_training=is_training
    )
    return function(images)[0]


def detector(images: Any, num_classes: int = 90, is_training: bool = False) -> Any:
    """The box encodings and class scores of the fixture's SSD Inception v2."""
    model = importlib.import_module("models.ssd_model")
    found = model.raw_predictions(images, num_classes=num_classes, is_training=is_training)
    return [found["box_encodings"], found["class_predictions_with_background"]]
