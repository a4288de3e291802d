"""Entry of PRNet: its network is an object with `__call__`.

Runs under CPython 3.7.
"""

from predictor import resfcn256


def position_map(images, is_training=False):
    """Calls the network on images of faces.

    Args:
        images: float32 [batch, 256, 256, 3].
        is_training: Whether to build for training.

    Returns:
        float32 [batch, 256, 256, 3].
    """
    return resfcn256(256, 256)(images, is_training=is_training)
