"""What a function costs in a TensorFlow 1 graph: legacy code, or migrated code under sessions.

This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.verify.workers import graph, worker

#: So small that training changes nothing, and as much work as any.
RATE = 1e-9


class GraphCost:
    """Builds a case in graphs and runs it in sessions.

    Args:
        tf: TensorFlow 1, or what answers like it.
        case: A case of the request.
        threads: Threads of kernels, and of the session.
        scope_function: See `graph.ScopeFunction`.
    """

    def __init__(
        self, tf: Any, case: Any, threads: int, scope_function: graph.ScopeFunction
    ) -> None:
        self.tf, self.case = tf, case
        self._scope_function = scope_function
        self._config = tf.ConfigProto(
            intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
        )
        self._inputs = worker.input_values(case)
        self._run: dict[str, Any] = {}

    def build(self) -> int:
        """Builds the graph of inference and initializes its variables; returns their elements."""
        return self._built("infer", training=False)

    def prepare(self) -> int:
        """Builds the graph of a training step."""
        return self._built("step", training=True)

    def infer(self) -> None:
        """Fetches all outputs."""
        self._run["infer"]()

    def step(self) -> None:
        """Forward and backward pass, moving averages and weights."""
        self._run["step"]()

    def _built(self, name: str, training: bool) -> int:
        tf = self.tf
        with tf.Graph().as_default() as made:
            tf.set_random_seed(self.case["seed"])
            built = graph.Built(tf, self.case, training, self._scope_function)
            fetches = self._step(built) if training else [tensor for _, tensor in built.outputs]
            begin = [
                tf.global_variables_initializer(),
                tf.local_variables_initializer(),
                tf.tables_initializer(),
            ]
            session = tf.Session(graph=made, config=self._config)
            session.run(begin)
        feed = dict(zip(built.inputs, self._inputs))
        self._run[name] = lambda: session.run(fetches, feed)
        shapes = [variable.get_shape().as_list() for variable in built.variables]
        return sum(int(np.prod(shape)) for shape in shapes)

    def _step(self, built: graph.Built) -> Any:
        """An operation that trains: on the mean square of each output, and on the regularisers."""
        tf = self.tf
        losses = [
            tf.reduce_mean(tf.square(tf.cast(tensor, "float32")))
            for name, tensor in built.outputs
            if tensor.dtype.is_floating and name not in self.case["no_gradient_outputs"]
        ]
        kept = tf.losses.get_regularization_losses()
        losses += [tf.reshape(tf.cast(loss, "float32"), []) for loss in kept]
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            return tf.train.GradientDescentOptimizer(RATE).minimize(tf.add_n(losses))
