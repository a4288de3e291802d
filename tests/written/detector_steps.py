"""Saves the migrated detector, or loads it: `python detector_steps.py TREE save|load FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np


def models_of(folder: Path, save: bool) -> dict[str, Any]:
    """The detector as a traced model and Inception v2 as a functional one: built or loaded."""
    import scoped_layers
    from models.ssd_model import raw_predictions
    from nets import inception_v2

    def classifier(images: Any) -> Any:
        defaults = inception_v2.inception_v2_arg_scope(weight_decay=0.01)
        with scoped_layers.layer_defaults(defaults):
            return inception_v2.inception_v2(images, 11, True, dropout_keep_prob=1.0)

    if not save:
        known = {"raw_predictions": raw_predictions}
        return {
            name: keras.models.load_model(folder / f"{name}.keras", custom_objects=known)
            for name in ("detector", "classifier")
        }
    detector = scoped_layers.SavableTracedModel(raw_predictions, num_classes=90, is_training=True)
    detector.build((None, 300, 300, 3))
    inputs = keras.Input((224, 224, 3))
    return {
        "detector": detector,
        "classifier": scoped_layers.functional_model(classifier, inputs),
    }


def main(tree: str, action: str, folder: Path) -> None:
    """Writes names, values, outputs and losses of the models."""
    sys.path.insert(0, tree)
    import scoped_layers

    random = np.random.default_rng(1)
    for name, model in models_of(folder, action == "save").items():
        variables = scoped_layers.legacy_variables(model)
        if action == "save":
            for variable in variables.values():
                noise = random.normal(scale=0.02, size=variable.shape)
                variable.assign(variable + np.abs(noise).astype(variable.dtype))
            model.save(folder / f"{name}.keras")
        size = 300 if name == "detector" else 224
        images = np.random.default_rng(2).uniform(-1, 1, (2, size, size, 3)).astype("float32")
        seen: dict[str, Any] = {f"variable {n}": np.array(v) for n, v in variables.items()}
        seen["names"] = list(variables)
        for training in (False, True):
            outputs = keras.tree.flatten(model(images, training=training))
            seen |= {f"output {training} {i}": value for i, value in enumerate(outputs)}
        seen["losses"] = [float(loss) for loss in model.losses]
        seen |= {f"updated {n}": np.array(v) for n, v in variables.items()}
        np.savez(folder / f"{action}_{name}.npz", **seen)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
