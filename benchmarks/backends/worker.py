"""One network under one backend: its answers, for comparison with those of another.

Runs in an interpreter that may have neither TensorFlow nor slimport: `worker.py request.json`.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import sys
import traceback
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np

#: Values of a variable that are compared, evenly spread where it has more.
MOST_VALUES = 200_000


def main() -> None:
    """Answers one request: `answer.npz` and `answer.json` in the folder that it names."""
    request = json.loads(Path(sys.argv[1]).read_text())
    tree, folder = Path(request["tree"]), Path(request["folder"])
    sys.path.insert(0, str(tree))
    stopped: dict[str, Any] | None = None
    arrays: dict[str, Any] = {}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            arrays = answers(request)
    except Exception as error:
        stopped = stop(error, tree)
    (folder / "answer.json").write_text(
        json.dumps({"stopped": stopped, "tensorflow": "tensorflow" in sys.modules})
    )
    np.savez(folder / "answer.npz", **arrays)


def answers(request: dict[str, Any]) -> dict[str, np.ndarray]:
    """Returns outputs, and what a training step makes of the variables.

    The gradients of a deep network turn with each ReLU that rounding switches: a tenth of them
    between two libraries of TensorFlow alone. So a second model takes its step in float64. The
    moving averages are float32's, whose kernel it is that they have to follow.
    """
    layers = importlib.import_module("scoped_layers")
    found: dict[str, np.ndarray] = {}
    for floatx in request["floats"]:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(floatx)
        model = built(request, layers)
        named = layers.legacy_variables(model)
        weights = Path(request["weights"])
        if request["makes_weights"] and floatx == "float32":
            for name, variable in named.items():
                variable.assign(value_for(name, variable))
            model.save_weights(weights)
        else:
            model.load_weights(weights)
        images = random("images", request["shape"], -1.0, 1.0).astype(floatx)
        outputs = keras.tree.flatten(model.predict_on_batch(images))
        found |= {f"outputs {floatx}/{n}": as_array(value) for n, value in enumerate(outputs)}
        logits = keras.Model(model.inputs, keras.tree.flatten(model.outputs)[0])
        logits.compile(keras.optimizers.SGD(1.0), "mse")
        target = random("target", outputs[0].shape, -1.0, 1.0).astype(floatx)
        found[f"loss {floatx}"] = np.asarray(logits.train_on_batch(images, target))
        for name, variable in named.items():
            kind = "averages" if "/moving_" in name else "step"
            after = as_array(variable).ravel()
            found[f"{kind} {floatx}/{name}"] = after[:: 1 + after.size // MOST_VALUES]
    return found


def built(request: dict[str, Any], layers: Any) -> Any:
    """Builds the functional model, dropout keeping everything: random masks do not compare."""
    network, scope = function(request["network"]), function(request["scope"])
    known = inspect.signature(network).parameters
    settings: dict[str, Any] = {"num_classes": request["classes"]}
    settings |= {"is_training": True} if "is_training" in known else {}
    settings |= {n: 1.0 for n in ("dropout_keep_prob", "keep_prob") if n in known}
    of_scope = inspect.signature(scope).parameters
    hands_on = any(p.kind is p.VAR_KEYWORD for p in of_scope.values())
    kept = {"dropout_keep_prob": 1.0} if hands_on or "dropout_keep_prob" in of_scope else {}
    with layers.layer_defaults(scope(**kept)):
        inputs = keras.Input(request["shape"][1:])
        return layers.functional_model(network, inputs, **settings)


def function(path: str) -> Any:
    """Imports `module:name`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def value_for(name: str, variable: Any) -> np.ndarray:
    """Values that tell apart what slim's initial ones (zeros, ones) do not."""
    shape, last = tuple(variable.shape), name.rpartition("/")[2]
    if last in ("gamma", "moving_variance"):
        return random(name, shape, 0.7, 1.3)
    if last in ("beta", "biases", "bias", "moving_mean"):
        return random(name, shape, -0.2, 0.2)
    fan_in = max(1, int(np.prod(shape[:-1])))
    return random(name, shape, -1.0, 1.0) * np.float32(np.sqrt(6.0 / fan_in))


def random(name: str, shape: Any, low: float, high: float) -> np.ndarray:
    """The same numbers under every backend."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    return generator.uniform(low, high, tuple(shape)).astype(np.float32)


def as_array(value: Any) -> np.ndarray:
    """A tensor or variable of any backend."""
    return np.asarray(keras.ops.convert_to_numpy(value))


def stop(error: Exception, tree: Path) -> dict[str, Any]:
    """Where the tree's code met what it cannot do here."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if tree in Path(f.filename).parents and f.name != "functional_model"]
    of_networks = [f for f in own if Path(f.filename).name != "scoped_layers.py"] or own
    last = of_networks[-1] if of_networks else frames[-1]
    name = Path(last.filename)
    return {
        "file": str(name.relative_to(tree)) if tree in name.parents else name.name,
        "line": last.lineno,
        "code": last.line,
        "error": f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}",
    }


if __name__ == "__main__":
    main()
