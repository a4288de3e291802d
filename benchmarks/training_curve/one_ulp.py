"""Copies a checkpoint, every float moved to the next one up: ``one_ulp.py CHECKPOINT COPY``."""

from __future__ import annotations

import sys

import numpy as np


def main(source: str, target: str) -> None:
    import tensorflow as tf

    reader = tf.train.load_checkpoint(source)
    values = {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    moved = [next_up(value) for value in values.values()]
    tf.raw_ops.SaveV2(
        prefix=target,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=[tf.constant(value) for value in moved],
    )


def next_up(value: np.ndarray) -> np.ndarray:
    """The next float, and from zero the least normal one: a subnormal is flushed back to zero."""
    if not np.issubdtype(value.dtype, np.floating):
        return value
    least = np.finfo(value.dtype).tiny
    return np.where(value == 0, least, np.nextafter(value, np.inf, dtype=value.dtype))


if __name__ == "__main__":
    main(*sys.argv[1:])
