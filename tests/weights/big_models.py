"""Models of a size at which memory counts, for `slimport weights --model big_models:...`."""

from __future__ import annotations

import keras

# Random numbers: of zeros a system gives no memory before they are written to.
_INITIALIZER = "random_uniform"


def equal(count: int, width: int) -> keras.Model:
    """Layers of one size, `fc0` and on."""
    inputs = keras.Input((width,))
    x = inputs
    for number in range(count):
        x = keras.layers.Dense(width, name=f"fc{number}", kernel_initializer=_INITIALIZER)(x)
    return keras.Model(inputs, x)
