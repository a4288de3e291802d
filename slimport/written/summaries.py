"""Summaries: tensors for TensorBoard in a TF 1 graph, and tables of what a graph holds.

Summaries go to the collection that `tf.compat.v1.summary.merge_all` merges. In the function of a
`LossModel` the callback `Summaries` evaluates that. In other models nothing does: there they have
no effect, and in eager code `None` is returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.collections import add_to_collection, get_collection
from slimport.written.variables import variable_op_name

__all__ = [
    "add_histogram_summaries",
    "add_histogram_summary",
    "add_image_summaries",
    "add_image_summary",
    "add_scalar_summaries",
    "add_scalar_summary",
    "add_zero_fraction_summaries",
    "add_zero_fraction_summary",
    "analyze_ops",
    "analyze_vars",
    "summarize_activation",
    "summarize_activations",
    "summarize_biases",
    "summarize_collection",
    "summarize_tensor",
    "summarize_tensors",
    "summarize_variables",
    "summarize_weights",
    "tensor_description",
]


def add_histogram_summary(tensor: Any, name: str | None = None, prefix: str | None = None) -> Any:
    """Adds a histogram; see `add_scalar_summary`."""
    return _add(tf.compat.v1.summary.histogram, tensor, name, prefix, False)


def add_image_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """Adds the first images of a batch; see `add_scalar_summary`."""
    return _add(tf.compat.v1.summary.image, tensor, name, prefix, print_summary)


def add_scalar_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """Adds a number to the summaries of a TF 1 graph.

    Args:
        tensor: The value.
        name: The tag; `None` for the name of the tensor's operation.
        prefix: What is put before the tag, with a slash.
        print_summary: Whether the tensor is printed as well, each time.

    Returns:
        The summary, a tensor of type string; `None` in eager code.
    """
    return _add(tf.compat.v1.summary.scalar, tensor, name, prefix, print_summary)


def add_zero_fraction_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """Adds the fraction of zeros in a tensor; see `add_scalar_summary`."""
    if tf.executing_eagerly():
        return None
    tag = f"{_tag(tensor, name, prefix)}/Fraction_of_Zero_Values"
    return add_scalar_summary(tf.math.zero_fraction(tensor), tag, print_summary=print_summary)


def add_histogram_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Adds a histogram for each tensor; see `add_scalar_summary`."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


def add_image_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Adds images for each tensor; see `add_scalar_summary`."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


def add_scalar_summaries(
    tensors: Any, prefix: str | None = None, print_summary: bool = False
) -> list[Any]:
    """Adds each number; see `add_scalar_summary`."""
    return [add_scalar_summary(t, prefix=prefix, print_summary=print_summary) for t in tensors]


def add_zero_fraction_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Adds the fraction of zeros for each tensor; see `add_scalar_summary`."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]


def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """Adds a scalar or a histogram, as the tensor's rank has it.

    Args:
        tensor: The value.
        tag: The tag; `None` for the name of the tensor's operation and `_summary`.

    Returns:
        The summary; `None` for texts and booleans, and in eager code.
    """
    if tf.as_dtype(tensor.dtype).base_dtype in (tf.string, tf.bool) or tf.executing_eagerly():
        return None
    is_number = tf.TensorShape(tensor.shape).rank == 0
    kind = tf.compat.v1.summary.scalar if is_number else tf.compat.v1.summary.histogram
    return kind(tag or f"{_op_name(tensor)}_summary", _value(tensor))


def summarize_activation(op: Any) -> Any:
    """Adds a histogram of an activation; of ReLUs also how much of it lies at a bound.

    Args:
        op: The output of an activation function.

    Returns:
        The histogram; `None` in eager code.
    """
    if tf.executing_eagerly():
        return None
    scalar, name = tf.compat.v1.summary.scalar, op.op.name
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        inputs = op.op.inputs[0]
        scalar(f"{name}/zeros", tf.reduce_mean(tf.cast(inputs < 0, tf.float32)))
        if op.op.type == "Relu6":
            scalar(f"{name}/sixes", tf.reduce_mean(tf.cast(inputs > 6, tf.float32)))
    return tf.compat.v1.summary.histogram(f"{name}/activation", op)


def summarize_tensors(tensors: Any, summarizer: Callable[..., Any] = summarize_tensor) -> list[Any]:
    """Applies `summarizer` to each tensor."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: str,
    name_filter: str | None = None,
    summarizer: Callable[..., Any] = summarize_tensor,
) -> list[Any]:
    """Applies `summarizer` to the tensors of a collection.

    Args:
        collection: The collection.
        name_filter: A regular expression that the names of operations are to start with.
        summarizer: Makes the summary of a tensor.
    """
    tensors = get_collection(collection)
    if name_filter is not None:
        tensors = [t for t in tensors if re.match(name_filter, _op_name(t))]
    return summarize_tensors(tensors, summarizer)


def summarize_variables(
    name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_tensor
) -> list[Any]:
    """Summarizes all variables; see `summarize_collection`."""
    return summarize_collection("variables", name_filter, summarizer)


def summarize_weights(
    name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_tensor
) -> list[Any]:
    """Summarizes the collection `"weights"`; see `summarize_collection`."""
    return summarize_collection("weights", name_filter, summarizer)


def summarize_biases(
    name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_tensor
) -> list[Any]:
    """Summarizes the collection `"biases"`; see `summarize_collection`."""
    return summarize_collection("biases", name_filter, summarizer)


def summarize_activations(
    name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_activation
) -> list[Any]:
    """Summarizes the collection `"activations"`; see `summarize_collection`."""
    return summarize_collection("activations", name_filter, summarizer)


def tensor_description(var: Any) -> str:
    """Returns dtype and shape of a tensor or variable, e.g. `(float32 3x3x64)`."""
    shape = "x".join("?" if size is None else str(size) for size in tf.TensorShape(var.shape))
    return f"({tf.as_dtype(var.dtype).name} {shape})"


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """Returns the number of elements that the operations of a `tf.Graph` put out.

    Args:
        graph: The graph.
        print_info: Whether to print each operation with its outputs.
    """
    if print_info:
        print("---------\nOperations: name -> (type shapes) [size]\n---------")
    total = 0
    for operation in graph.get_operations():
        size = sum(output.shape.num_elements() or 0 for output in operation.outputs)
        if print_info:
            known = [output for output in operation.outputs if output.shape.rank is not None]
            print(f"{operation.name} \t-> {', '.join(map(tensor_description, known))} [{size}]")
        total += size
    return total


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """Returns the number of elements of variables, and of their bytes.

    Args:
        variables: Variables of a TF 1 graph or of a model.
        print_info: Whether to print each variable.
    """
    if print_info:
        print("---------\nVariables: name (type shape) [size]\n---------")
    elements = size_in_bytes = 0
    for variable in variables:
        size = tf.TensorShape(variable.shape).num_elements() or 0
        bytes_of_it = size * tf.as_dtype(variable.dtype).size
        elements, size_in_bytes = elements + size, size_in_bytes + bytes_of_it
        if print_info:
            print(f"{variable.name} {tensor_description(variable)} [{size}, bytes: {bytes_of_it}]")
    if print_info:
        print(f"Total size of variables: {elements}\nTotal bytes of variables: {size_in_bytes}")
    return elements, size_in_bytes


def _add(kind: Any, tensor: Any, name: str | None, prefix: str | None, prints: bool) -> Any:
    if tf.executing_eagerly():
        return None
    tag = _tag(tensor, name, prefix)
    if not prints:
        return kind(tag, _value(tensor))
    summary = kind(tag, _value(tensor), collections=[])
    summary = tf.compat.v1.Print(summary, [_value(tensor)], tag)
    add_to_collection("summaries", summary)
    return summary


def _tag(tensor: Any, name: str | None, prefix: str | None) -> str:
    tag = name or _op_name(tensor)
    return f"{prefix}/{tag}" if prefix else tag


def _op_name(tensor: Any) -> str:
    if isinstance(tensor, (keras.Variable, tf.Variable)):
        return variable_op_name(tensor)
    return str(tensor.op.name)


def _value(tensor: Any) -> Any:
    return tensor.value if isinstance(tensor, keras.Variable) else tensor
