# mypy: allow-subclassing-any
"""Models of a function that predicts from what placeholders of TF 1 were fed."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimport.written.fed_model import _any, _array
from slimport.written.graphs import LayerGraph
from slimport.written.held_averages import held_averages
from slimport.written.loss_model import _as_fetched
from slimport.written.models import TracedModel

__all__ = ["PredictionModel"]


class PredictionModel(TracedModel):
    """A model whose outputs a function computes from named arrays, as placeholders were fed.

    ```python
    def build_outputs(images):
        logits, _ = network(images, num_classes=5, is_training=False)
        return tf.nn.softmax(logits)

    model = PredictionModel(
        build_outputs,
        images=tf.TensorSpec([None, 224, 224, 3], tf.float32),
    )
    restore_checkpoint(model, "model.ckpt")
    probabilities = model.predict_on_batch(images)
    ```

    It is built at once. A call of it takes a dictionary of tensors by the inputs' names.

    Args:
        function: Takes a tensor for each input, by name; returns a tensor, a list of them, or a
            dictionary.
        **inputs: The shape and type of each input.
    """

    def __init__(self, function: Callable[..., Any], **inputs: tf.TensorSpec) -> None:
        super().__init__(_by_name, function)
        self._runs = _Runs()
        self._input_specs = dict(inputs)
        self.build(None)

    def layer_graph(self) -> contextlib.AbstractContextManager[LayerGraph]:
        """Makes the model's variables those that are looked up by name in a `with` block."""
        return self._scoped_graph.active()

    def predict_on_batch(self, x: Any) -> Any:
        """Computes all outputs of a batch.

        What the function says of training decides, as it did in a graph: a layer that is told
        `is_training=True` normalizes by the batch, or drops out. No variable changes, but moving
        averages that are updated in place (`updates_collections=None`).

        Args:
            x: Anything that makes an array of the input's type, by the inputs' names; an array, if
                there is one input.

        Returns:
            What the function returned, as NumPy arrays and numbers.

        Raises:
            ValueError: If an array has another shape than its input, or an input is missing.
        """
        if not isinstance(x, Mapping):
            (name,) = self._input_specs
            x = {name: x}
        return tf.nest.map_structure(_as_fetched, self._run_of(None)(self._fed(x)))

    def run_on_batch(self, x: Mapping[str, Any], names: str | Sequence[str]) -> Any:
        """Computes some outputs of a batch, and nothing that they do not need.

        Args:
            x: What is fed, by the inputs' names; inputs that nothing of this needs may lack.
            names: A key of the dictionary that the function returns, or several.

        Returns:
            The output, or a list of them: NumPy arrays and numbers.
        """
        feed = {**{name: _any(spec) for name, spec in self._input_specs.items()}, **x}
        asked = (names,) if isinstance(names, str) else tuple(names)
        found = self._run_of(asked)(self._fed(feed))
        values = [tf.nest.map_structure(_as_fetched, found[name]) for name in asked]
        return values[0] if isinstance(names, str) else values

    def _run_of(self, names: tuple[str, ...] | None) -> Any:
        """Traces what computes these outputs, and nothing else, once."""
        if names not in self._runs.functions:
            self._runs.functions[names] = tf.function(
                functools.partial(self._outputs, names),
                input_signature=[dict(self._input_specs)],
                autograph=False,
            )
        return self._runs.functions[names]

    def _outputs(self, names: tuple[str, ...] | None, feed: Any) -> Any:
        in_place = [
            layer
            for layer in self._flatten_layers()
            if getattr(layer, "updates_collections", "") is None
        ]
        moving = {id(weight) for layer in in_place for weight in layer.non_trainable_weights}
        held = [weight for weight in self.non_trainable_weights if id(weight) not in moving]
        before = [tf.identity(weight.value) for weight in held]
        with held_averages(self, in_place):
            outputs = self(feed, training=True)
        if names is not None:
            outputs = {name: outputs[name] for name in names}
        outputs = tf.nest.map_structure(tf.identity, outputs)
        for weight, value in zip(held, before, strict=True):
            weight.assign(value)
        return outputs

    def _fed(self, feed: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of the inputs' types, as a session made them."""
        specs = self._input_specs
        if feed.keys() != specs.keys():
            raise ValueError(f"The model takes {', '.join(specs)}, not {', '.join(feed)}.")
        return {name: _array(name, value, specs[name]) for name, value in feed.items()}


@dataclasses.dataclass
class _Runs:
    """What computes outputs, by their names; Keras tracks dictionaries of a model."""

    functions: dict[Any, Any] = dataclasses.field(default_factory=dict)


def _by_name(inputs: dict[str, Any], function: Callable[..., Any]) -> Any:
    return function(**inputs)
