"""Entry of AudioSet's VGGish, which makes its own placeholder.

Runs under CPython 3.7.
"""

import tensorflow.compat.v1 as tf
import vggish_slim


def embedding(spectrograms, training=False):
    """Builds the network on a tensor in place of the placeholder that it asks for.

    Args:
        spectrograms: float32 [batch, 96, 64].
        training: Whether variables are trainable.

    Returns:
        float32 [batch, 128].
    """
    placeholders = {
        module: module.placeholder
        for module in (tf, vggish_slim.tf)
        if hasattr(module, "placeholder")
    }
    try:
        for module in placeholders:
            module.placeholder = lambda *args, **keywords: spectrograms
        return vggish_slim.define_vggish_slim(training=training)
    finally:
        for module, function in placeholders.items():
            module.placeholder = function
