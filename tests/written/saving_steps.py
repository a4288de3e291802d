"""Loads what test_saving.py saved, in a process of its own: `python saving_steps.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np


def error_of(path: Path, **known: Any) -> str:
    """What Keras says about a file."""
    try:
        keras.models.load_model(path, **known)
    except Exception as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    """Writes what it sees of each model beside it."""
    errors = {"unimported": error_of(folder / "functional.keras")}
    sys.path.insert(0, str(folder))
    import saved_nets
    import scoped_layers

    errors["unknown"] = error_of(folder / "traced.keras")
    known = {f.__name__: f for f in (saved_nets.traced, saved_nets.shrunk, saved_nets.rate_of)}
    for name in ("functional", "traced"):
        with scoped_layers.layer_defaults([scoped_layers.conv2d], padding="valid", strides=2):
            model = keras.models.load_model(folder / f"{name}.keras", custom_objects=known)
        np.savez(folder / f"{name}.npz", **saved_nets.seen_of(model))
    settings: Any = {"sizes": (3, 1), "dtype": saved_nets.tf.float32}
    model = scoped_layers.SavableTracedModel(saved_nets.traced, 3, **settings)
    model.build((None, 33, 33, 3))
    model.load_weights(folder / "traced.weights.h5")
    values = scoped_layers.legacy_variables(model)
    np.savez(folder / "weights.npz", **{n.replace("/", ":"): v for n, v in values.items()})
    np.savez(folder / "errors.npz", **errors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
