# mypy: allow-subclassing-any
"""Layers in files: what a variable scope made of a layer is saved with it."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.penalties import PenalizedLayer


class ScopedLayer(PenalizedLayer):
    """A Keras layer that was built in a variable scope, and keeps what it has from there.

    Args:
        legacy_scope: The path of the scope, below which a TF 1 checkpoint has the variables.
        scope_regularizer: The regularizer of the scope, which holds beside the layer's own.
        trained_weights: Names of weights that are trained only because a collection says so.

    Attributes:
        one_regularizer: Whether the layer's own regularizers stand in the place of the scope's, as
            where TensorFlow 1 made the variables with `get_variable`; its layers applied both.
    """

    one_regularizer: bool = False

    def __init__(
        self,
        *args: Any,
        legacy_scope: str | None = None,
        scope_regularizer: Any = None,
        trained_weights: Any = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.legacy_scope = legacy_scope
        self.scope_regularizer = keras.regularizers.get(scope_regularizer)
        self.trained_weights = tuple(trained_weights)

    def add_weight(self, *args: Any, **arguments: Any) -> Any:
        """Creates a weight as the scope has it."""
        own, of_scope = _by_kernel(arguments.get("regularizer")), _by_kernel(self.scope_regularizer)
        if own is not None and of_scope is not None and not self.one_regularizer:
            arguments["regularizer"] = lambda weights: own(weights) + of_scope(weights)
        else:
            arguments["regularizer"] = of_scope if own is None else own
        if arguments.get("name") in self.trained_weights:
            arguments["trainable"] = True
        return super().add_weight(*args, **arguments)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "legacy_scope": self.legacy_scope,
            "scope_regularizer": keras.regularizers.serialize(self.scope_regularizer),
            "trained_weights": self.trained_weights,
        }


def _by_kernel(regularizer: Any) -> Any:
    """Keras' L2 by TensorFlow's kernel, as TF-Slim had it, which makes no copies of the weights."""
    if type(regularizer) is not keras.regularizers.L2 or not on_tensorflow():
        return regularizer
    scale = 2.0 * regularizer.l2
    return lambda weights: scale * tf.nn.l2_loss(weights)


def keep_out_of_files(layer: Any, reason: str) -> None:
    """Lets the attempt to save a layer's config fail: what would be loaded is another layer."""

    def get_config() -> Any:
        raise NotImplementedError(
            f"The layer {layer.name} does not fit into a .keras file: {reason}. Save the weights "
            "of its model alone, by save_weights, or the whole for serving, by export."
        )

    layer.get_config = get_config


def is_lambda(value: Any) -> bool:
    """Whether Keras would save a function as its code, which it does not load again."""
    return getattr(value, "__name__", "") == "<lambda>"
