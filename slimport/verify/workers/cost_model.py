"""What a migrated function costs as a Keras model: its compiled call, and a compiled training step.

Both are a `tf.function` without XLA: what `fit` and `predict` of a model compiled with
``jit_compile=False`` run, and what a SavedModel serves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.verify.workers import migrated, new_worker, worker
from slimport.verify.workers.cost_graph import RATE


class ModelCost:
    """Builds a case as a model and runs it.

    Args:
        case: A case of the request.
        threads: Threads of kernels, and of independent operations.
    """

    def __init__(self, case: Any, threads: int) -> None:
        tf.get_logger().setLevel("ERROR")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        migrated.forbid_old_libraries()
        self._case = case
        self._infer: Callable[..., Any] | None = None
        self._step: Callable[..., Any] | None = None
        self._inputs: list[Any] = []

    def build(self) -> int:
        """Builds the model for inference; returns the elements of its variables."""
        built = self._built(training=False)

        def infer(*inputs: Any) -> Any:
            return [value for _, value in built.call(False, list(inputs))]

        self._infer = tf.function(infer, autograph=False)
        return _elements(built)

    def prepare(self) -> int:
        """Builds the model for training, and an optimizer."""
        built = self._built(training=True)
        variables = built.model.trainable_variables
        optimizer = keras.optimizers.SGD(RATE)
        optimizer.build(variables)

        def step(*inputs: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = self._loss(built, built.call(True, list(inputs)))
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            pairs = [
                (gradient, variable)
                for gradient, variable in zip(gradients, variables, strict=True)
                if gradient is not None
            ]
            optimizer.apply_gradients(pairs)
            return loss

        self._step = tf.function(step, autograph=False)
        return _elements(built)

    def infer(self) -> None:
        """Runs the compiled call and takes all outputs to NumPy, as a session does."""
        assert self._infer is not None
        for value in self._infer(*self._inputs):
            np.asarray(value)

    def step(self) -> None:
        """Forward and backward pass, moving averages and weights."""
        assert self._step is not None
        np.asarray(self._step(*self._inputs))

    def _built(self, training: bool) -> new_worker.Built:
        worker.Stage.enter("building the model")
        built = new_worker.Built(keras, tf, self._case, training)
        self._inputs = built.inputs
        return built

    def _loss(self, built: new_worker.Built, outputs: list[tuple[str, Any]]) -> Any:
        """The mean square of each output, and what the model adds."""
        left_out = self._case["no_gradient_outputs"]
        losses = [
            tf.reduce_mean(tf.square(tf.cast(value, "float32")))
            for name, value in outputs
            if value.dtype.is_floating and name not in left_out
        ]
        losses += [tf.reshape(tf.cast(loss, "float32"), []) for loss in built.model.losses]
        return tf.add_n(losses)


def _elements(built: new_worker.Built) -> int:
    return sum(int(np.prod(variable.shape)) for variable in built.variables.values())
