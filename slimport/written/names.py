"""Checkpoint names: what variables are called in a TF 1 checkpoint."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["legacy_variables"]

# Keras' names of weights -> TF-Slim's; all others (gamma, moving_mean ...) are the same.
_LEGACY_NAMES = {
    "kernel": "weights",
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


def legacy_weight_name(layer: Any, name: str) -> str:
    """Returns the last part of a variable's checkpoint name, e.g. `weights` for `kernel`."""
    if name.endswith(":0"):  # the name that a look-up gave it
        return name.removesuffix(":0").rpartition("/")[2]
    if name == "kernel" and isinstance(layer, keras.layers.DepthwiseConv2D):
        return "depthwise_weights"
    names: dict[str, str] = getattr(layer, "legacy_names", _LEGACY_NAMES)
    return names.get(name, name)


def legacy_variables(model: Any) -> dict[str, Any]:
    """Maps the names in a TF 1 checkpoint to the variables of a model.

    Layers of this module know the scope they were built in. For any other Keras layer the path of
    the variable counts, where `__` in a layer's name stands for a slash.

    Args:
        model: A Keras model or layer that is built.

    Returns:
        Legacy name, e.g. `InceptionV2/Mixed_3b/Branch_0/Conv2d_0a_1x1/weights`, to variable.

    Raises:
        ValueError: If two variables claim the same name.
    """
    named: dict[str, Any] = {}
    for layer in model._flatten_layers():
        for variable in _own_weights(layer):
            name = _legacy_name(layer, variable)
            if named.setdefault(name, variable) is not variable:
                raise ValueError(f"Two variables of {model.name} claim the legacy name {name}.")
    return named


def _own_weights(layer: Any) -> list[Any]:
    """The weights of the layer itself; neither its sublayers' nor the state of seeds."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def _legacy_name(layer: Any, variable: Any) -> str:
    if hasattr(variable, "legacy_name"):  # not in a model that a file was loaded as
        return str(variable.legacy_name)
    short_name = legacy_weight_name(layer, variable.name)
    scope = getattr(layer, "legacy_scope", None)
    if scope is None:
        scope = variable.path.rpartition("/")[0].replace("__", "/")
    return f"{scope}/{short_name}" if scope else short_name
