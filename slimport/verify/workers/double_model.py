"""A Keras model once more in float64: its trace converted, its gradients built there."""

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import double, double_graph, model_graph, perturbations, values, worker


def put(answer: protocol.Answer, tf: Any, built: Any, training: bool) -> None:
    """Adds to an answer what the model computes in float64.

    Args:
        answer: The answer in float32.
        tf: TensorFlow 2.
        built: The `new_worker.Built`; its variables keep their values.
        training: Mode of the call.
    """
    try:
        doubles, in_float32 = _computed(tf, built, training)
    except Exception as error:
        double_graph.put_error(answer, error)
    else:
        double_graph.put(answer, doubles, in_float32, keep=True)


def _computed(tf: Any, built: Any, training: bool) -> tuple[protocol.Answer, list[str]]:
    worker.Stage.enter("converting the model to float64")
    trace = model_graph.ModelGraph(tf, built, training)
    converted = double.Converted(tf.compat.v1, trace.graph_def)
    found = trace.imported(converted.graph_def, lambda kind: _doubled(tf, kind))
    # Directions are drawn in float32, as those of the run that this one stands beside.
    tensor = trace.graph.get_tensor_by_name
    dtypes = {name: tensor(place).dtype.as_numpy_dtype for name, place in trace.outputs}
    run = _Run(tf, built, found, training, dtypes)
    return run.answer(), converted.in_float32


def _doubled(tf: Any, kind: Any) -> Any:
    return tf.float64 if kind == tf.float32 else kind


class _Run:
    """One run of a model's graph in double."""

    def __init__(
        self,
        tf: Any,
        built: Any,
        found: model_graph.Imported,
        training: bool,
        dtypes: dict[str, str],
    ) -> None:
        self.tf, self.built, self.found, self.training = tf, built, found, training
        self.dtypes = dtypes
        self.start = model_graph.start_values(built)
        self.kept = {name for name, variable in built.variables.items() if variable.trainable}
        self.fetches: dict[str, Any] = {"outputs": [value for _, value in found.outputs]}
        if training:
            with found.graph.as_default():
                self._regularisation()
                self._gradients()

    def _regularisation(self) -> None:
        v1 = self.tf.compat.v1
        losses = self.found.losses
        total = v1.add_n(
            [v1.reshape(v1.cast(x, "float64"), []) for x in losses] or [v1.zeros([], "float64")]
        )
        variables = self.found.variables
        gradients = v1.gradients(total, list(variables.values())) if losses else []
        self.fetches["total"] = total
        self.fetches["regularised"] = {
            name: v1.reduce_sum(v1.convert_to_tensor(gradient) * self._at_start(name, variable))
            for (name, variable), gradient in zip(variables.items(), gradients, strict=False)
            if gradient is not None
        }

    def _at_start(self, name: str, variable: Any) -> Any:
        """The value of a variable before the run: what the run moves may be read after it."""
        if name in self.kept:
            return variable
        return self.tf.constant(np.asarray(self.start[name], "float64"))

    def _gradients(self) -> None:
        v1, case = self.tf.compat.v1, self.built.case
        outputs = [
            (name, value)
            for name, value in self.found.outputs
            if value.dtype.is_floating and name not in case["no_gradient_outputs"]
        ]
        chosen = {n: v for n, v in self.found.variables.items() if n in self.kept}
        self.directions = [(name, v1.placeholder(value.dtype)) for name, value in outputs]
        if not (case["gradients"] and outputs and chosen):
            return
        found = v1.gradients(
            [value for _, value in outputs],
            list(chosen.values()),
            grad_ys=[place for _, place in self.directions],
        )
        self.fetches["gradients"] = {
            name: v1.zeros(variable.shape, variable.dtype)
            if gradient is None
            else v1.convert_to_tensor(gradient)
            for (name, variable), gradient in zip(chosen.items(), found, strict=True)
        }

    def answer(self) -> protocol.Answer:
        """Runs the graph from the shared values."""
        found, after = self._run()
        answer = protocol.Answer("graph")
        for (name, _), value in zip(self.found.outputs, found["outputs"], strict=True):
            answer.tensor(protocol.OUTPUT, name, value)
        if not self.training:
            return answer
        answer.tensor(protocol.REGULARISATION, "total", found["total"])
        for name, value in found["regularised"].items():
            answer.tensor(protocol.REGULARISATION, name, value)
        for name, value in found.get("gradients", {}).items():
            answer.tensor(protocol.GRADIENT, name, value)
        for name, value in after.items():
            moved = np.asarray(value, "float64") - np.asarray(self.start[name], "float64")
            answer.tensor(protocol.UPDATE, name, moved)
        return answer

    def _run(self) -> tuple[dict[str, Any], dict[str, Any]]:
        worker.Stage.enter("running the model in float64")
        imported = self.found
        config = perturbations.session_config(self.tf.compat.v1, grappler=False)
        with imported.session(self.tf, config) as session:
            imported.assign(session, self.start)
            feed = dict(zip(imported.inputs, map(np.asarray, self.built.inputs), strict=True))
            if self.training and "gradients" in self.fetches:
                feed.update(self._drawn(session, feed))
                imported.assign(session, self.start)
            found, _ = session.run([self.fetches, imported.controls], feed)
            rest = {n: v for n, v in imported.variables.items() if n not in self.kept}
            return found, session.run(rest)

    def _drawn(self, session: Any, feed: dict[Any, Any]) -> dict[Any, Any]:
        """The directions that outputs are projected on; only a run knows all their shapes."""
        known = dict(self.found.outputs)
        with self.found.graph.as_default():
            wanted = [self.tf.shape(known[name]) for name, _ in self.directions]
        shapes = session.run(wanted, feed)
        return {
            place: values.projection(name, shape, self.dtypes[name], self.built.case["seed"])
            for (name, place), shape in zip(self.directions, shapes, strict=True)
        }
