"""Entry of SRGAN: its networks are told by an object of flags.

Runs under CPython 3.7.
"""

from lib import model


class Flags:
    """Those that the generator reads."""

    num_resblock = 2

    def __init__(self, is_training):
        """Takes the one that a case sets."""
        self.is_training = is_training


def generator(images, is_training=False):
    """Calls the generator: residual blocks, parametric relus, pixels shuffled into space.

    Args:
        images: float32 [batch, height, width, 3].
        is_training: Whether to build for training.

    Returns:
        float32 [batch, 4 * height, 4 * width, 3].
    """
    return model.generator(images, 3, FLAGS=Flags(is_training))
