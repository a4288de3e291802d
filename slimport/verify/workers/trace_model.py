"""Traces the new side's model: every tensor of the graph that its call makes."""

from __future__ import annotations

from typing import Any

from slimport.verify import protocol
from slimport.verify.workers import model_graph, sites, trace_graph, trace_sides, worker


def trace(tf: Any, built: Any, training: bool, tree: sites.Tree, asked: Any) -> protocol.Answer:
    """Describes and sketches what a call of a model computes.

    Args:
        tf: TensorFlow 2.
        built: The model, a `new_worker.Built`.
        training: What it is called with.
        tree: The migrated tree.
        asked: See `trace_sides.wanted`.
    """
    answer = protocol.Answer(built.how)
    model = model_graph.ModelGraph(tf, built, training)
    imported = model.imported()
    start = model_graph.start_values(built)
    inputs = dict(zip(imported.inputs, worker.input_values(built.case), strict=True))
    tensor = imported.graph.get_tensor_by_name
    with imported.session(tf) as session:
        feed = {**inputs, **trace_sides.fed(asked, tensor)}

        def run(tensors: Any) -> Any:
            imported.assign(session, start)
            return session.run(tensors, feed)

        described = trace_graph.Graph(
            imported.inputs,
            imported.outputs,
            lambda operation: model.site(tree, operation.name),
            lambda operation: model.order(operation.name),
            {variable.handle.op.name: name for name, variable in imported.variables.items()},
            lambda operation: model.layer(operation.name),
        )
        trace_graph.trace(described, [run], answer)
        trace_sides.tell_whole(answer, asked, run, tensor)
    return answer
