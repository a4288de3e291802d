"""Entries of Adversarial Variational Bayes: networks under `tf.make_template`.

Runs under CPython 3.7.
"""

from avb import decoders
from avb.avb.models import conv0_ac

CONFIG = {
    "output_size": 32,
    "c_dim": 3,
    "df_dim": 8,
    "gf_dim": 8,
    "z_dist": "gauss",
    "z_dim": 6,
    "eps_dim": 5,
    "eps_nbasis": 3,
    "cond_dist": "gauss",
    "batch_size": 4,
}


def encoder(images, noise, is_training=False):
    """Calls the encoder.

    Args:
        images: float32 [batch, 32, 32, 3].
        noise: float32 [3, batch, 5].
        is_training: Whether to build for training.

    Returns:
        A sample, its mean and its variance, float32 [batch, 6] each.
    """
    return conv0_ac.encoder(images, dict(CONFIG), eps=noise, is_training=is_training)


def decoder(latent, is_training=False):
    """Calls a template of the decoder twice, which has one set of variables.

    Args:
        latent: float32 [batch, 6].
        is_training: Whether to build for training.

    Returns:
        Two times two images, float32 [batch, 32, 32, 3].
    """
    decode = decoders.get_decoder("conv3", dict(CONFIG))
    return decode(latent, is_training=is_training), decode(0.5 * latent, is_training=is_training)
