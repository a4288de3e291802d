"""Entry of Learning-to-See-in-the-Dark: the network that its training script defines.

Runs under CPython 3.7.
"""

import absent
import definitions

absent.install("rawpy", "scipy")


def network(raw):
    """Calls the network on packed raw images.

    Args:
        raw: float32 [batch, height, width, 4]; sizes are multiples of 32.

    Returns:
        float32 [batch, 2 * height, 2 * width, 3].
    """
    return definitions.load("train_Sony").network(raw)
