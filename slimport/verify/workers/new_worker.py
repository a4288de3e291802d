"""The new side: builds migrated code with Keras 3 and reports its numbers.

A script, run under the interpreter that has Keras 3. The entry is called on KerasTensors and made
a functional model; where that cannot be (the function still calls ``tf.*``), the traced model of
the tree's own `scoped_layers` module runs it. The answer says which.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import (
    double_model,
    initial,
    initial_keras,
    migrated,
    randomness,
    sites,
    smooth,
    trace_model,
    trace_sides,
    training_model,
    training_sites,
    values,
    worker,
)


class Entry:
    """The migrated function with everything bound but its input tensors."""

    def __init__(self, case: Any, training: bool) -> None:
        self.case = case
        self.function = worker.resolve(case["entry"])
        self.given = worker.arguments(case["args"], case["training_argument"], training)
        self.scope = worker.resolve(case["arg_scope"]) if case["arg_scope"] else None
        self.scope_given = worker.arguments(
            case["arg_scope_args"], case["arg_scope_training_argument"], training
        )

    @property
    def layers(self) -> Any:
        """The tree's written module; asked anew, since an entry may import it when it is called."""
        return migrated.scoped_layers()

    def __call__(self, *tensors: Any) -> Any:
        """Calls the function under its arg_scope."""
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tuple(tensors[0])
        for tensor, spec in zip(tensors, self.case["inputs"], strict=True):
            if hasattr(tensor, "set_shape"):  # a traced model leaves the batch size open
                tensor.set_shape(_built_shape(self.case, spec))
        positional, keywords = worker.bind_inputs(self.case, list(tensors))
        with self._defaults():
            worker.Stage.enter("calling " + self.case["entry"])
            return self.function(*positional, **keywords, **self.given)

    def _defaults(self) -> Any:
        if self.scope is None:
            return nullcontext()
        worker.Stage.enter("calling " + self.case["arg_scope"])
        layers: Any = migrated.scoped_layers_of_scope()
        return layers.layer_defaults(self.scope(**self.scope_given))


def _built_shape(case: Any, spec: Any) -> tuple[int | None, ...]:
    """The shape of an input that a model is built for."""
    shape = tuple(spec["shape"])
    return (None, *shape[1:]) if case.get("open_batch") and shape else shape


class Built:
    """A model of the migrated function.

    Attributes:
        how: ``functional`` or ``traced``.
        model: The Keras model.
        notes: What a reader should know about how it was built.
    """

    def __init__(self, keras: Any, tf: Any, case: Any, training: bool) -> None:
        self.keras, self.tf, self.case = keras, tf, case
        self.entry = Entry(case, training)
        self.inputs = [tf.constant(value) for value in worker.input_values(case)]
        self.notes: list[str] = []
        self.names: list[str] = []
        self.constants: list[tuple[str, Any]] = []
        self.how = "functional"
        try:
            self.model = self._functional()
        except Exception as error:
            self.how = "traced"
            self.model = self._traced(error)
        self.variables = self._variables()

    def _functional(self) -> Any:
        inputs = [
            self.keras.Input(batch_shape=_built_shape(self.case, spec), dtype=spec["dtype"])
            for spec in self.case["inputs"]
        ]
        build = getattr(self.entry.layers, "functional_model", None)
        if build is not None:
            return build(self._symbolic_outputs, inputs)
        return self.keras.Model(inputs, self._symbolic_outputs(inputs))

    def _symbolic_outputs(self, inputs: list[Any]) -> list[Any]:
        """Calls the entry; returns its KerasTensors, and remembers their names and the rest."""
        structure = self.entry(*inputs)
        worker.Stage.enter("making a functional model of " + self.case["entry"])
        leaves = list(protocol.flatten(structure, self._is_leaf))
        symbolic = [pair for pair in leaves if isinstance(pair[1], self.keras.KerasTensor)]
        self.names = [name for name, _ in symbolic]
        self.constants = [
            pair for pair in leaves if not isinstance(pair[1], self.keras.KerasTensor)
        ]
        # A model needs outputs, even where none of the function's depends on the inputs.
        return [tensor for _, tensor in symbolic] or inputs

    def _traced(self, error: Exception) -> Any:
        """Builds the traced model after the functional one failed with `error`."""
        layers = self.entry.layers
        if layers is None:
            raise error
        reason = str(error).strip().splitlines()
        self.notes.append(
            "runs as a traced model; no functional one, because "
            f"{type(error).__name__}: {reason[0][:300] if reason else ''}"
        )
        self.names, self.constants = [], []
        model = migrated.traced_model(layers)(self.entry)
        worker.Stage.enter("tracing " + self.case["entry"])
        try:
            model(self._model_input(), training=False)
        except Exception as second:
            raise second from error
        return model

    def _model_input(self, inputs: list[Any] | None = None) -> Any:
        """What the model is called with: a traced one takes a single input bare."""
        inputs = self.inputs if inputs is None else inputs
        return inputs if self.how == "functional" or len(inputs) != 1 else inputs[0]

    def _variables(self) -> dict[str, Any]:
        """Maps legacy names to the model's variables."""
        worker.Stage.enter("reading the variables")
        found = migrated.legacy_variables(self.model)
        return {name: variable for name, variable in found.items() if not worker.is_left_out(name)}

    def _is_leaf(self, value: Any) -> bool:
        kinds = (self.keras.KerasTensor, self.tf.Tensor, self.tf.Variable, self.keras.Variable)
        return isinstance(value, (*kinds, self.tf.SparseTensor))

    def assign(self) -> dict[str, Any]:
        """Gives every variable its shared value and returns these values."""
        start = {}
        for name, variable in self.variables.items():
            value = worker.start_value(self.case, name, variable.shape, _dtype(variable))
            variable.assign(value)
            start[name] = value
        return start

    def moved_from(self, start: dict[str, Any]) -> list[str]:
        """Names of the variables that hold other values than `assign` gave them."""
        held = self.variables.items()
        return [name for name, variable in held if np.any(variable.numpy() != start[name])]

    def call(self, training: bool, inputs: list[Any] | None = None) -> list[tuple[str, Any]]:
        """Runs the model; returns its output tensors by name, in the order of the structure.

        Args:
            training: What it is called with.
            inputs: In place of the case's inputs.
        """
        worker.Stage.enter("running the model")
        randomness.start_pass(self.case["seed"])
        found = self.model(self._model_input(inputs), training=training)
        if self.how == "functional":
            # Keras unpacks a list of one output; without outputs, the inputs come back.
            flat = self.keras.tree.flatten(found)
            return list(zip(self.names, flat, strict=bool(self.names)))
        leaves = list(protocol.flatten(found, self._is_leaf))
        self.constants = [pair for pair in leaves if not self._is_leaf(pair[1])]
        return [(name, self._dense(value)) for name, value in leaves if self._is_leaf(value)]

    def call_with_losses(
        self, training: bool, inputs: list[Any] | None = None, tape: Any = None
    ) -> tuple[list[tuple[str, Any]], list[Any]]:
        """Runs the model; returns its outputs, as `call` does, and its losses.

        Keras takes penalties of weights when it is asked for the losses. Those of moving averages,
        in a scope whose regularizer covers them, are of what these hold before the call moves
        them, as on the side with a graph.

        Args:
            training: What it is called with.
            inputs: In place of the case's inputs.
            tape: Watches the variables that are penalized and not trained.
        """
        penalized = [
            variable.value
            for variable in self.variables.values()
            if variable.regularizer is not None and not variable.trainable
        ]
        before = [self.tf.identity(value) for value in penalized]
        outputs = self.call(training, inputs)
        after = [self.tf.identity(value) for value in penalized]
        for value, held in zip(penalized, before, strict=True):
            value.assign(held)
            if tape is not None:
                tape.watch(value)
        losses = list(self.model.losses)
        for value, held in zip(penalized, after, strict=True):
            value.assign(held)
        return outputs, losses

    def _dense(self, value: Any) -> Any:
        return self.tf.sparse.to_dense(value) if isinstance(value, self.tf.SparseTensor) else value


def _dtype(variable: Any) -> str:
    return str(np.dtype(str(variable.dtype))) if str(variable.dtype) != "bfloat16" else "float32"


class NewSide:
    """Runs one mode of one case; a model built for training serves both modes that need it."""

    def __init__(self, keras: Any, tf: Any, tree: sites.Tree) -> None:
        self.keras, self.tf, self.tree = keras, tf, tree
        self._kept: tuple[Any, Built] | None = None

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        built = self.build(case, mode != protocol.INFERENCE)
        answer = protocol.Answer(built.how)
        answer.meta["notes"] = list(built.notes)
        for name, variable in built.variables.items():
            shape, site = list(variable.shape), sites.kept(variable)
            answer.variable(name, shape, _dtype(variable), variable.trainable, site)
        start = built.assign()
        if mode == protocol.TRAINING:
            with smooth.switched_on(case["smooth"]):
                self._training(built, answer, start)
        else:
            self._outputs(built, answer, built.call(training=False))
            answer.meta["moves"] = built.moved_from(start)
        if mode == case.get("initial_mode"):
            shapes = {name: variable.shape for name, variable in built.variables.items()}
            initial.put(answer, shapes, initial_keras.of_model(self.keras, built.variables))
        if case.get("float64"):
            with smooth.switched_on(case["smooth"]):
                double_model.put(answer, self.tf, built, mode == protocol.TRAINING)
        return answer

    def trace(self, case: Any, mode: str) -> protocol.Answer:
        """Tells every tensor of a mode of a case."""
        built = self.build(case, mode != protocol.INFERENCE)
        asked = trace_sides.wanted(case, mode)
        training = mode == protocol.TRAINING
        return trace_model.trace(self.tf, built, training, self.tree, asked)

    def build(self, case: Any, training: bool) -> Built:
        """Returns the model of a case, built for training or for inference."""
        key = (case["index"], training or not self._takes_training(case))
        if self._kept is None or self._kept[0] != key:
            self._kept = None
            self.keras.backend.clear_session()
            self._kept = (key, Built(self.keras, self.tf, case, training))
        return self._kept[1]

    def _takes_training(self, case: Any) -> bool:
        return bool(case["training_argument"] or case["arg_scope_training_argument"])

    def _outputs(self, built: Built, answer: protocol.Answer, outputs: list[Any]) -> None:
        for order, (name, value) in enumerate(outputs):
            answer.tensor(protocol.OUTPUT, name, np.asarray(value), order)
        for name, value in built.constants:
            if isinstance(value, (self.tf.Tensor, self.tf.Variable, self.keras.Variable)):
                value = np.asarray(value)
            answer.constant(name, value)

    def _training(self, built: Built, answer: protocol.Answer, start: dict[str, Any]) -> None:
        """One call in training mode, with everything that it leaves behind."""
        tf = self.tf
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([value for value in built.inputs if value.dtype.is_floating])
            outputs, losses = built.call_with_losses(training=True, tape=tape)
            total = tf.add_n([tf.reshape(tf.cast(x, "float32"), []) for x in losses] or [0.0])
        self._outputs(built, answer, outputs)
        worker.Stage.enter("reading the moving statistics")
        for name, variable in built.variables.items():
            if not variable.trainable:
                after = np.asarray(variable.numpy(), "float64")
                answer.tensor(protocol.UPDATE, name, after - np.asarray(start[name], "float64"))
        answer.tensor(protocol.REGULARISATION, "total", np.asarray(total))
        worker.Stage.enter("computing the gradients")
        self._regularised(
            answer, start, {n: v.value for n, v in built.variables.items()}, tape, total
        )
        if built.case["gradients"]:
            self._gradients(built, answer, tape, outputs)

    def _regularised(
        self, answer: protocol.Answer, start: dict[str, Any], held: Any, tape: Any, total: Any
    ) -> None:
        """For each variable the inner product of its value and the gradient of the losses.

        The value is that of the start: moving averages hold others by now.
        """
        gradients = tape.gradient(total, list(held.values()))
        for name, gradient in zip(held, gradients, strict=True):
            if gradient is not None:
                product = self.tf.reduce_sum(self.tf.convert_to_tensor(gradient) * start[name])
                answer.tensor(protocol.REGULARISATION, name, np.asarray(product))

    def _gradients(
        self, built: Built, answer: protocol.Answer, tape: Any, outputs: list[Any]
    ) -> None:
        tf, case = self.tf, built.case
        kept = [
            (name, value)
            for name, value in outputs
            if value.dtype.is_floating and name not in case["no_gradient_outputs"]
        ]
        names = [name for name, variable in built.variables.items() if variable.trainable]
        inputs = worker.floating_inputs(case, built.inputs)
        if not kept or not (names or inputs):
            return
        directions = [
            tf.constant(
                values.projection(name, value.shape, value.dtype.as_numpy_dtype, case["seed"])
            )
            for name, value in kept
        ]
        weights = [built.variables[name].value for name in names]
        ys = [value for _, value in kept]
        try:
            try:
                found = tape.gradient(ys, [*weights, *inputs.values()], directions)
                answer.meta["input_gradients"] = True
            except Exception:  # an operation in front of all variables may have no gradient
                inputs = {}
                found = tape.gradient(ys, weights, directions) if weights else []
        except Exception as error:
            answer.meta["gradient_error"] = f"{type(error).__name__}: {error}"
            return
        groups = [*[protocol.GRADIENT] * len(names), *[protocol.INPUT] * len(inputs)]
        every = zip(groups, [*names, *inputs], [*weights, *inputs.values()], found, strict=True)
        for order, (group, name, value, gradient) in enumerate(every):
            dense = tf.zeros_like(value) if gradient is None else tf.convert_to_tensor(gradient)
            answer.tensor(group, name, np.asarray(dense), order)


def sides(request: Any) -> tuple[training_model.FitSide, NewSide]:
    """Imports Keras 3 on TensorFlow; returns what runs programs that train, and networks."""
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(1)  # some kernels race, see graph.py
    smooth.install(tf)
    randomness.install(tf)
    initial_keras.install(keras)
    migrated.forbid_old_libraries()
    tree = sites.Tree(request["root"], request["paths"])
    sites.watch_keras(tree)
    training_sites.watch_keras(tree)
    return training_model.FitSide(keras, tf), NewSide(keras, tf, tree)


def start(request: Any) -> worker.RunMode:
    """Prepares the migrated tree's side."""
    fitting, building = sides(request)
    return trace_sides.chosen(fitting, building, building.trace)


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv, start))
