"""A Keras model as a TensorFlow 1 graph: any tensor of it can be fetched and fed.

A model that runs eagerly shows its outputs only. Here its call is traced, and what was traced is
imported into a graph of its own, with resource variables in place of what the trace captured.

Operations of a functional model lie in name scopes that tell which of the model's nodes made them;
those of a traced model are inlined, so that each has the call stack of the user's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from slimport.verify.workers import sites, worker

#: Name scope of the operations of a node of a functional model.
NODE = "slimport_node_"
_NODE = re.compile(rf"(?:^|/){NODE}(\d+)/")


@dataclass
class Imported:
    """A graph with its variables, ready for a session.

    Attributes:
        graph: The TensorFlow 1 graph.
        inputs: Placeholders of the inputs.
        outputs: Output tensors by name.
        losses: The model's losses; its regularisation is among them.
        controls: Operations that assign moving statistics; to be run with the outputs.
        variables: Resource variables by legacy name.
        others: Values of variables without legacy name, to be assigned as they are.
    """

    graph: Any
    inputs: list[Any]
    outputs: list[tuple[str, Any]]
    losses: list[Any]
    controls: list[Any]
    variables: dict[str, Any]
    others: list[tuple[Any, Any]] = field(default_factory=list)

    @contextmanager
    def session(self, tf: Any, config: Any = None) -> Iterator[Any]:
        """A session in which variables without legacy name have their values."""
        v1 = tf.compat.v1
        config = config or v1.ConfigProto(intra_op_parallelism_threads=1)
        with v1.Session(graph=self.graph, config=config) as session:
            self._give(session, self.others)
            yield session

    def assign(self, session: Any, start: Mapping[str, Any]) -> None:
        """Gives variables values by their legacy names."""
        self._give(session, [(self.variables[name], value) for name, value in start.items()])

    def _give(self, session: Any, pairs: list[tuple[Any, Any]]) -> None:
        feed = {variable.initializer.inputs[1]: value for variable, value in pairs}
        session.run([variable.initializer for variable, _ in pairs], feed)


class ModelGraph:
    """The trace of one call of a model.

    Args:
        tf: TensorFlow 2.
        built: The model, a `new_worker.Built`.
        training: What it is called with.

    Attributes:
        graph_def: The trace; captured variables are placeholders in it.
        inputs: Names of the inputs' tensors.
        outputs: Names of output tensors by output name.
        losses: Names of the tensors of the model's losses.
        controls: Names of operations with side effects.
        captures: For each captured placeholder's name the legacy name of a variable, or a value.
    """

    def __init__(self, tf: Any, built: Any, training: bool) -> None:
        self.tf, self.built = tf, built
        self._nodes: list[Any] = []
        found: dict[str, list[Any]] = {}

        def run(*inputs: Any) -> list[Any]:
            pairs, losses = built.call_with_losses(training, list(inputs))
            found["outputs"] = [(name, tf.identity(value)) for name, value in pairs]
            found["losses"] = [tf.convert_to_tensor(loss) for loss in losses]
            return [value for _, value in found["outputs"]] + found["losses"]

        specs = [tf.TensorSpec(value.shape, value.dtype) for value in built.inputs]
        with self._inlined():
            function = tf.function(run, autograph=False).get_concrete_function(*specs)
        self.graph = function.graph
        self.graph_def = self.graph.as_graph_def()
        self._operations = {o.name: o for o in self.graph.get_operations()}
        self._places = {name: place for place, name in enumerate(self._operations)}
        captured = {inner.name for _, inner in self.graph.captures}
        self.inputs = [x.name for x in self.graph.inputs if x.name not in captured]
        self.outputs = [(name, value.name) for name, value in found["outputs"]]
        self.losses = [value.name for value in found["losses"]]
        self.controls = [operation.name for operation in self.graph.control_outputs]
        self._variables = {id(v.handle): v for v in self.graph.variables}
        self._names = self._legacy_names()

    def _legacy_names(self) -> dict[int, str]:
        """Legacy names of the variables, by the identity of the handle."""
        return {
            id(getattr(variable, "value", variable).handle): name
            for name, variable in self.built.variables.items()
        }

    @contextmanager
    def _inlined(self) -> Iterator[None]:
        """While this is open, a call of the model shows what it is made of."""
        model = self.built.model
        replay = getattr(model, "_run", None)
        name: str = "_run_through_graph"
        value: Any = self._run_through_graph
        if self.built.how != "functional":
            name, value = "_replay", replay
        if value is None or not hasattr(model, name):
            yield  # a written module of another release: its trace stays one operation
            return
        before = model.__dict__.get(name)
        model.__dict__[name] = value
        try:
            yield
        finally:
            del model.__dict__[name]
            if before is not None:
                model.__dict__[name] = before

    def _run_through_graph(self, inputs: Any, operation_fn: Any = None, call_fn: Any = None) -> Any:
        """Runs the nodes of a functional model as Keras does, each in a name scope of its own."""
        tf, keras, model = self.tf, self.built.keras, self.built.model
        values = dict(zip(map(id, model.inputs), keras.tree.flatten(inputs), strict=True))
        by_depth = model._nodes_by_depth
        for depth in sorted(by_depth, reverse=True):
            for node in by_depth[depth]:
                if not node.operation or node.is_input:
                    continue
                if any(id(x) not in values for x in node.input_tensors):
                    continue
                args, kwargs = node.arguments.fill_in(values)
                with tf.name_scope(f"{NODE}{len(self._nodes)}"):
                    outputs = operation_fn(node.operation)(*args, **kwargs)
                self._nodes.append(node)
                values.update(zip(map(id, node.outputs), keras.tree.flatten(outputs), strict=True))
        found = [values[id(x)] for x in model.outputs]
        return keras.tree.pack_sequence_as(model._outputs_struct, found)

    def node(self, operation: str) -> Any:
        """The Keras node that made an operation; None where none did."""
        found = _NODE.search(operation)
        return None if found is None else self._nodes[int(found[1])]

    def site(self, tree: sites.Tree, operation: str) -> sites.Frames:
        """Frames of the user's code that made an operation, by its name."""
        node = self.node(operation)
        if node is not None:
            return sites.kept(node)
        found = self._operations.get(operation)
        return [] if found is None else tree.of_operation(found)

    def order(self, operation: str) -> int:
        """Place of an operation in the order of the user's code; Keras runs nodes by depth."""
        node = self.node(operation)
        place = self._places.get(operation, -1)
        return place if node is None else sites.number(node) * len(self._places) + place

    def layer(self, operation: str) -> str:
        """Name of the Keras operation that made an operation; empty where none did."""
        node = self.node(operation)
        if node is None:
            return ""
        calls = [call for call in node.operation._inbound_nodes if call in self._nodes]
        more = f" (call {calls.index(node) + 1})" if len(calls) > 1 else ""
        return f"{node.operation.name}{more}"

    def imported(
        self, graph_def: Any = None, dtype_of: Callable[[Any], Any] = lambda dtype: dtype
    ) -> Imported:
        """Makes a TensorFlow 1 graph.

        Args:
            graph_def: What to import in place of the trace: one with the same names.
            dtype_of: Dtype of a variable or captured value in the new graph, by its own.

        Returns:
            The graph. Names of operations are those of the trace.
        """
        tf = self.tf
        graph = tf.Graph()
        values = {id(outer): self._value(outer) for outer, _ in self.graph.captures}
        with graph.as_default():
            variables, others, given = {}, [], {}
            for outer, inner in self.graph.captures:
                variable = self._variables.get(id(outer))
                if variable is None:
                    given[inner.name] = tf.constant(values[id(outer)], dtype_of(outer.dtype))
                    continue
                made = _variable(tf, variable, dtype_of(variable.dtype), len(given))
                given[inner.name] = made.handle
                if id(outer) in self._names:
                    variables[self._names[id(outer)]] = made
                else:
                    others.append((made, values[id(outer)]))
            tf.import_graph_def(graph_def or self.graph_def, input_map=given, name="")
        tensor = graph.get_tensor_by_name
        return Imported(
            graph=graph,
            inputs=[tensor(name) for name in self.inputs],
            outputs=[(name, tensor(place)) for name, place in self.outputs],
            losses=[tensor(name) for name in self.losses],
            controls=[graph.get_operation_by_name(name) for name in self.controls],
            variables=variables,
            others=others,
        )

    def _value(self, outer: Any) -> Any:
        """What a captured tensor holds now; None for a variable that is assigned anyway."""
        if id(outer) in self._names:
            return None
        return self._variables.get(id(outer), outer).numpy()


def _variable(tf: Any, variable: Any, dtype: Any, number: int) -> Any:
    return tf.compat.v1.Variable(
        tf.zeros(variable.shape, dtype),
        dtype=dtype,
        use_resource=True,
        trainable=False,
        name=f"slimport_variable_{number}",
    )


def start_values(built: Any) -> dict[str, Any]:
    """The shared values of a model's variables by legacy name."""
    return {
        name: worker.start_value(built.case, name, variable.shape, str(variable.dtype))
        for name, variable in built.variables.items()
    }
