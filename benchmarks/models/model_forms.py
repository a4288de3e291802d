"""The new forms: a migrated network as a functional model, a traced one, and with plain Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.freezing import frozen
from benchmarks.models.graph_form import MOMENTUM, RATE, images, summary
from slimport.verify.workers import migrated, new_worker
from slimport.written.optimizers import Momentum


class ModelForm:
    """Builds a case as a model and runs it in the ways in which users do.

    Args:
        request: What the worker is asked.
    """

    functional = True

    def __init__(self, request: Any) -> None:
        tf.get_logger().setLevel("ERROR")
        tf.config.threading.set_intra_op_parallelism_threads(request["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(request["threads"])
        migrated.forbid_old_libraries()
        self.case = request["case"]
        self._images = {batch: images(self.case, batch) for batch in self.case["batches"]}
        self._shape = tuple(self.case["inputs"][0]["shape"])
        self._model: Any = None
        self._trained: Any = None
        self._run: dict[str, Any] = {}
        self._outputs: Any = None
        self.traces = 0

    def build(self) -> None:
        """Builds the model for inference."""
        model = self._model = self._built(False)

        def serve(fed: Any) -> Any:
            self.traces += 1
            return keras.tree.flatten(model(fed, training=False))

        signature = [tf.TensorSpec(self._shape, tf.float32)]
        self._run["serve"] = tf.function(serve, autograph=False, input_signature=signature)
        self._run["eager"] = lambda fed: keras.tree.flatten(model(fed, training=False))
        self._run["predict"] = lambda fed: keras.tree.flatten(model.predict(fed, verbose=0))
        self._run["predict_on_batch"] = lambda fed: keras.tree.flatten(model.predict_on_batch(fed))

    def prepare(self) -> None:
        """Builds the model for training, and an optimizer."""
        model = self._built(True)
        variables = model.trainable_variables
        optimizer = Momentum(RATE, MOMENTUM)
        optimizer.build(variables)

        def step(fed: Any) -> Any:
            self.traces += 1
            with tf.GradientTape() as tape:
                outputs = keras.tree.flatten(model(fed, training=True))
                losses = [tf.reduce_mean(tf.square(value)) for value in outputs]
                loss = tf.add_n(losses + [tf.reshape(x, []) for x in model.losses])
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return [loss]

        signature = [tf.TensorSpec(self._shape, tf.float32)]
        self._run["step"] = tf.function(step, autograph=False, input_signature=signature)
        self._trained = model

    def assign(self) -> int:
        """Gives the variables that were built last the shared values; returns their elements."""
        found = migrated.legacy_variables(self._trained or self._model)
        built = new_worker.Built.__new__(new_worker.Built)
        built.case, built.variables = self.case, found
        return sum(int(np.size(value)) for value in built.assign().values())

    def freeze(self) -> None:
        """Makes a function of inference whose variables are constants."""
        function = frozen(self._model, tf.TensorSpec(self._shape, tf.float32))
        self._run["frozen"] = lambda fed: keras.tree.flatten(function(tf.constant(fed)))

    def run(self, what: str, batch: int) -> None:
        """Runs one of the ways, and takes its outputs to NumPy, as a session does."""
        self._outputs = [np.asarray(value) for value in self._run[what](self._images[batch])]

    def outputs(self) -> list[Any]:
        """Sizes of what the last run gave: what both sides are compared by."""
        return summary(self._outputs)

    def traced(self) -> int:
        """How often a function was traced."""
        return self.traces

    def operations(self, what: str) -> Any:
        """Types of the operations of a function, those of inner functions included."""
        made = self._run[what].get_concrete_function().graph.as_graph_def()
        inner = [node.op for function in made.library.function for node in function.node_def]
        return [node.op for node in made.node] + inner

    def close(self) -> None:
        """Drops the models."""
        self._run.clear()
        self._model = self._trained = None

    def _built(self, training: bool) -> Any:
        entry = new_worker.Entry(self.case, training)
        specification = self.case["inputs"][0]
        if self.functional:
            inputs = keras.Input(self._shape[1:], dtype=specification["dtype"])
            return entry.layers.functional_model(entry, inputs)
        model = migrated.traced_model(entry.layers)(entry)
        model.build(self._shape)
        return model


class TracedForm(ModelForm):
    """A traced model."""

    functional = False


class PlainNormForm(ModelForm):
    """A functional model, each batch norm replaced by Keras' own layer."""

    def _built(self, training: bool) -> Any:
        return with_plain_norm(super()._built(training))


FORMS = {"functional": ModelForm, "traced": TracedForm, "plain": PlainNormForm}


def with_plain_norm(model: Any) -> Any:
    """A copy of a functional model with `keras.layers.BatchNormalization` for the written layer."""
    plain = keras.layers.BatchNormalization
    settings = inspect.signature(plain.__init__).parameters

    def of_keras(layer: Any) -> Any:
        if not isinstance(layer, plain):
            return layer
        config = {key: value for key, value in layer.get_config().items() if key in settings}
        made = plain(**config, name=layer.name)
        made.build(layer.input.shape)
        for weight in made.weights:
            weight.legacy_name = getattr(layer, weight.name).legacy_name
        return made

    def called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("is_training", None)
        return layer(*args, **kwargs)

    return keras.models.clone_model(model, clone_function=of_keras, call_function=called)
