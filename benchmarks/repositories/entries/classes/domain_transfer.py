"""Entry of the domain transfer network: methods of an object that knows whether it trains.

Runs under CPython 3.7.
"""

from model import DTN


def chain(images, is_training=False):
    """Goes the way of an image in training, but for the second look at what was drawn.

    That moves the extractor's averages a second time in the same step, in no order.

    Args:
        images: float32 [batch, 32, 32, 3].
        is_training: Whether to build for training.

    Returns:
        Features, drawn images and the discriminator's logits.
    """
    network = DTN(mode="train" if is_training else "eval")
    features = network.content_extractor(images)
    drawn = network.generator(features)
    return features, drawn, network.discriminator(drawn)
