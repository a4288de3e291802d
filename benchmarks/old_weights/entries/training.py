"""The migrated SSD of the fixture as a compiled model, for optimizer state to be carried over.

On the import path of the migrated tree.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from models.ssd_model import raw_predictions
from scoped_layers import TracedModel

from slimport.written.moving_average_optimizer import MovingAverageOptimizer
from slimport.written.optimizers import RMSProp


def compiled(optimizer: str) -> Any:
    """Builds the detector and compiles it as the old program's training was set.

    Args:
        optimizer: Name of TensorFlow 1's class.
    """
    model = TracedModel(raw_predictions, num_classes=90, is_training=True)
    model(tf.zeros([1, 300, 300, 3]))
    inner = RMSProp(0.1) if optimizer == "RMSPropOptimizer" else keras.optimizers.Adam(0.1)
    model.compile(optimizer=MovingAverageOptimizer(inner, 0.9))
    return model
