"""Shapes in a checkpoint: compared before a session of a TF 1 graph restores it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def refuse_other_shapes(path: str | None, saver: Any = None, graph: Any = None) -> None:
    """Raises an error if a variable has another shape than the value that it is to be given.

    A Saver leaves this to the variables. Those of TF 1 refuse other shapes, those of layers take
    any: a model with another number of classes would train on with the old number.

    Args:
        path: The checkpoint; `None` for none, which suits every variable.
        saver: What is to restore it; `None` for the graph's.
        graph: The graph; `None` for the default one.

    Raises:
        tf.errors.InvalidArgumentError: If a shape is another one. Nothing is restored then.
    """
    if path is None:
        return
    if saver is None:
        saver = next(iter(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.SAVERS)), None)
    saver_def = getattr(saver, "saver_def", None)  # None until the saver is built
    graph = graph or tf.compat.v1.get_default_graph()
    if saver_def is not None:
        restored = list(_restored_by(graph.get_operation_by_name(saver_def.restore_op_name)))
    else:
        with graph.as_default():
            variables = tf.compat.v1.global_variables()
        # A part of a variable is compared with its part as it is read.
        whole = [v for v in variables if not getattr(v, "_save_slice_info", None)]
        restored = [(v.op.name, v.shape) for v in whole]
    refuse_others(path, restored)


def refuse_others(path: str, restored: list[tuple[str, Any]]) -> None:
    """Raises an error if a value has another shape, given names and shapes; see above."""
    shapes = checkpoint_reader(path).get_variable_to_shape_map()
    if any(name not in shapes for name, _ in restored):
        return  # what restores reports that first
    wrong = [
        f"Assign requires shapes of {name} to match: {shape.as_list()} and {shapes[name]}"
        for name, shape in restored
        if not shape.is_compatible_with(shapes[name])
    ]
    if wrong:
        raise tf.errors.InvalidArgumentError(None, None, f"{path}: " + "; ".join(wrong))


def checkpoint_reader(path: Any) -> Any:
    """Opens a checkpoint, or the last one of a folder.

    Where `model` is a folder and `model.index` beside it belongs to a checkpoint, a saver restores
    that: `tf.train.load_checkpoint` would take the folder.
    """
    if tf.io.gfile.exists(f"{path}.index"):
        return tf.compat.v1.train.NewCheckpointReader(str(path))
    return tf.train.load_checkpoint(path)


def _restored_by(restore_all: Any) -> Iterator[tuple[str, Any]]:
    """Names in a checkpoint, and shapes of the variables that an operation gives their values.

    The shape is unknown where it is compared as the value is assigned: of variables of TF 1, of
    parts, of what is reshaped.
    """
    names: dict[Any, Any] = {}
    seen, pending = {restore_all}, [restore_all]
    while pending:
        operation = pending.pop()
        new = [other for other in operation.control_inputs if other not in seen]
        seen.update(new)
        pending.extend(new)
        if not operation.type.startswith("Assign"):
            continue
        variable, value = operation.inputs[0].op, operation.inputs[1]
        takes_any = operation.type == "AssignVariableOp" and variable.type == "VarHandleOp"
        while value.op.type in ("Identity", "Reshape"):
            takes_any = takes_any and value.op.type == "Identity"
            value = value.op.inputs[0]
        if value.op.type != "RestoreV2":
            continue  # what a SaveableObject has made of it
        if value.op not in names:
            names[value.op] = [tf.get_static_value(value.op.inputs[i]) for i in (1, 2)]
        read, parts = names[value.op]
        takes_any = takes_any and not parts[value.value_index]
        shape = variable.get_attr("shape") if takes_any else None
        yield read[value.value_index].decode(), tf.TensorShape(shape)
