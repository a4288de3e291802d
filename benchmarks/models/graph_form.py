"""The old form: a TF-Slim network in a TensorFlow 1 graph, run by sessions.

This file runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.verify.workers import graph, old_worker, worker

#: So small that training changes nothing, and as much work as any.
RATE, MOMENTUM = 1e-9, 0.9


class GraphForm:
    """Builds a case in graphs and runs it in sessions.

    Args:
        request: What the worker is asked.
    """

    def __init__(self, request: Any) -> None:
        self.tf = old_worker.tensorflow()
        self.case = request["case"]
        threads = request["threads"]
        self._config = self.tf.ConfigProto(
            intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
        )
        self._images = {batch: images(self.case, batch) for batch in self.case["batches"]}
        self._run: Any = {}
        self._outputs: Any = None
        self._built: Any = None

    def build(self) -> None:
        """Builds the graph of inference and initializes its variables."""
        self._build("serve", False)

    def prepare(self) -> None:
        """Builds the graph of a training step."""
        self._build("step", True)

    def assign(self) -> int:
        """Gives the variables that were built last the shared values; returns their elements."""
        session, variables = self._built
        values = [
            worker.start_value(
                self.case,
                v.op.name,
                v.get_shape().as_list(),
                v.dtype.base_dtype.as_numpy_dtype,
            )
            for v in variables
        ]
        feed = {v.initializer.inputs[1]: x for v, x in zip(variables, values)}
        session.run([v.initializer for v in variables], feed)
        return sum(int(np.size(value)) for value in values)

    def freeze(self) -> None:
        """Makes a graph of inference whose variables are constants, as it was served."""
        tf, served = self.tf, self._run["serve"]
        names = [tensor.op.name for tensor in served.fetches]
        constants = tf.graph_util.convert_variables_to_constants(
            served.session, served.session.graph.as_graph_def(), names
        )
        with tf.Graph().as_default() as made:
            *fetches, placeholder = tf.import_graph_def(
                constants,
                return_elements=[t.name for t in [*served.fetches, served.placeholder]],
                name="",
            )
            session = tf.Session(graph=made, config=self._config)
        self._run["frozen"] = _Run(session, fetches, placeholder, self._images)

    def run(self, what: str, batch: int) -> None:
        """Runs what is served, or a training step."""
        self._outputs = self._run[what](batch)

    def outputs(self) -> list[Any]:
        """Sizes of what the last run gave: what both sides are compared by."""
        return summary(self._outputs)

    def operations(self, what: str) -> Any:
        """How many operations a graph has, by type."""
        return self._run[what].operations

    def close(self) -> None:
        """Drops all graphs."""
        for run in self._run.values():
            run.session.close()
        self._run.clear()

    def _build(self, name: str, training: bool) -> None:
        tf = self.tf
        with tf.Graph().as_default() as made:
            tf.set_random_seed(1)
            built = graph.Built(tf, self.case, training, old_worker.arg_scope_function)
            tensors = [tensor for _, tensor in built.outputs]
            fetches = self._step(tensors) if training else tensors
            begin = [
                tf.global_variables_initializer(),
                tf.local_variables_initializer(),
                tf.tables_initializer(),
            ]
            session = tf.Session(graph=made, config=self._config)
            session.run(begin)
        self._run[name] = _Run(session, fetches, built.inputs[0], self._images)
        self._built = (session, built.variables)

    def _step(self, tensors: Any) -> Any:
        """Trains on the mean square of each output, and on the regularisers; gives the loss."""
        tf = self.tf
        losses = [tf.reduce_mean(tf.square(tensor)) for tensor in tensors]
        loss = tf.add_n(losses + tf.losses.get_regularization_losses())
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.MomentumOptimizer(RATE, MOMENTUM).minimize(loss)
        with tf.control_dependencies([step]):
            return [tf.identity(loss)]


class _Run:
    """A session with what is fetched of it."""

    def __init__(self, session: Any, fetches: Any, placeholder: Any, images: Any) -> None:
        self.session, self._images = session, images
        self.fetches, self.placeholder = fetches, placeholder
        self._call: Any = lambda fed: session.run(fetches, {placeholder: fed})

    def __call__(self, batch: int) -> Any:
        return self._call(self._images[batch])

    @property
    def operations(self) -> Any:
        """Types of the graph's operations."""
        return [op.type for op in self.session.graph.get_operations()]


def images(case: Any, batch: int) -> Any:
    """The same images on both sides."""
    shape = [batch, *case["inputs"][0]["shape"][1:]]
    return np.random.RandomState(batch).uniform(-1.0, 1.0, shape).astype("float32")


def summary(arrays: Any) -> list[Any]:
    """Largest absolute value, and the mean of all absolute values, of each array."""
    found = [np.abs(np.asarray(array, "float64")) for array in arrays]
    return [[float(array.max()), float(array.mean())] for array in found]
