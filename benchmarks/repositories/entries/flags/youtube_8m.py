"""Entries of youtube-8m: models are methods of classes, and read flags.

Runs under CPython 3.7.
"""

import frame_level_models
from absl import flags


def bag_of_frames(frames, counts, is_training=False):
    """Calls DBoF: frames drawn at random, clusters with batch norm, a mixture of experts.

    Args:
        frames: float32 [batch, frames, features].
        counts: How many frames each video has, int32 [batch].
        is_training: Whether to build for training.

    Returns:
        A dictionary of predictions, float32 [batch, 7].
    """
    model = frame_level_models.DbofModel()
    return model.create_model(
        frames, 7, counts, iterations=5, cluster_size=24, hidden_size=16, is_training=is_training
    )


def recurrent(frames, counts):
    """Calls two LSTMs, over as many frames as each video has, with the same experts.

    Args:
        frames: float32 [batch, frames, features].
        counts: How many frames each video has, int32 [batch].

    Returns:
        A dictionary of predictions, float32 [batch, 7].
    """
    flags.FLAGS.lstm_cells = 8
    return frame_level_models.LstmModel().create_model(frames, 7, counts)
