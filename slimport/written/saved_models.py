# mypy: allow-subclassing-any
"""Traced models in files: saved by the name of their function, and built again as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from slimport.written.defaults import layer_defaults
from slimport.written.models import TracedModel
from slimport.written.saved_functions import (
    loaded_function,
    loaded_value,
    saved_function,
    saved_value,
)

__all__ = ["SavableTracedModel"]


@keras.saving.register_keras_serializable("scoped_layers")
class SavableTracedModel(TracedModel):
    """A `TracedModel` for .keras files, which `model.save` writes.

    A file holds the function by name: it is to be one of a module, not a lambda, and whoever loads
    the file says which it is, `load_model(path, custom_objects={"net": net})`.

    Args:
        function: As of `TracedModel`, defined by a module at its top level.
        *args: Further arguments of `function`: numbers, strings, lists, tuples, dictionaries,
            dtypes, arrays, functions with names, objects that Keras serializes.
        **kwargs: Likewise.
    """

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(function, *args, **kwargs)
        self._layer_policy = ""

    def build(self, input_shape: Any) -> None:
        """Traces the function once, and notes the policy that its layers got."""
        super().build(input_shape)
        self._layer_policy = keras.config.dtype_policy().name

    def get_config(self) -> dict[str, Any]:
        """Returns the name of the function and its arguments.

        Raises:
            NotImplementedError: If the function is a lambda or part of another function, or if an
                argument is an object that Keras cannot save.
        """
        function, *arguments = self._function.args
        return {
            "name": self.name,
            "trainable": self.trainable,
            "function": saved_function(function, self.name),
            "arguments": saved_value(arguments, self.name),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SavableTracedModel:
        """Makes the model again, of the function that the program has under that name."""
        function = loaded_function(config["function"], config["name"])
        args, kwargs = loaded_value(config["arguments"], config["name"])
        model = cls(function, *args, **kwargs)
        model.name, model.trainable = config["name"], config["trainable"]
        return model

    def get_build_config(self) -> dict[str, Any] | None:
        """Returns the inputs that the layers were built with, and the layers that do not train."""
        if not self.built:
            return None
        frozen = [layer.name for layer in self._scoped_layers if not layer.trainable]
        return {
            "inputs": saved_value(self._input_specs, self.name),
            "frozen": frozen,
            "layer_policy": self._layer_policy,
            "defaults": saved_value(self._built_under[0], self.name),
        }

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layers as they were."""
        self._input_specs = loaded_value(config["inputs"], self.name)
        defaults = loaded_value(config.get("defaults"), self.name)
        here = keras.config.dtype_policy()
        keras.config.set_dtype_policy(config.get("layer_policy", here))
        try:
            with layer_defaults(defaults or {}):
                self.build(keras.tree.map_structure(lambda spec: spec.shape, self._input_specs))
        finally:
            keras.config.set_dtype_policy(here)
        for layer in self._scoped_layers:
            if layer.trainable is (layer.name in config["frozen"]):
                layer.trainable = not layer.trainable
