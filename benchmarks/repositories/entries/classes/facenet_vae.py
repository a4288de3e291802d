"""Entries of facenet's variational autoencoder: methods of an object.

Runs under CPython 3.7.
"""

from generative.models import dfc_vae

LATENT_VARIABLES = 100


def encoder(images, is_training=False):
    """Calls the encoder.

    Args:
        images: float32 [batch, 64, 64, 3].
        is_training: Whether to build for training.

    Returns:
        Means and logarithms of variances, float32 [batch, 100] each.
    """
    return dfc_vae.Vae(LATENT_VARIABLES).encoder(images, is_training)


def decoder(latent, is_training=False):
    """Calls the decoder.

    Args:
        latent: float32 [batch, 100].
        is_training: Whether to build for training.

    Returns:
        float32 [batch, 64, 64, 3].
    """
    return dfc_vae.Vae(LATENT_VARIABLES).decoder(latent, is_training)
