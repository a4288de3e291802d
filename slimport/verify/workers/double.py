"""A graph of float32 made one of float64, so that differences are arithmetic and not rounding.

All types, constants and variables of a graph definition become double. Three things are not as
simple:

- a constant that was written in decimals, such as 0.001, is that number again and not the nearest
  float32 to it: else two ways to write one formula would differ by 1e-8 in double as well;
- fused batch normalization has no double kernel: the same arithmetic takes its place;
- other operations without one, or whose results are float32 by definition (resize_bilinear,
  crop_and_resize, non-maximum suppression), stay as they are between two casts, and are named.

This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP006, UP033, UP035

from __future__ import annotations

import functools
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

#: Constants of at most so many elements may have been written in decimals.
DECIMALS = 64

_BATCH_NORM = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_GRADIENTS = tuple(name.replace("Norm", "NormGrad") for name in _BATCH_NORM)


class NotInDouble(Exception):
    """A graph that cannot be converted."""


class Converted:
    """A graph definition in double.

    Attributes:
        graph_def: The definition; names of tensors and operations are those of the original.
        in_float32: Types of operations that are computed in float32 nevertheless.
    """

    def __init__(self, tf: Any, graph_def: Any) -> None:
        self.tf = tf
        self.graph_def = type(graph_def)()
        self.graph_def.CopyFrom(graph_def)
        self.in_float32: List[str] = []
        types = type_numbers()
        self.float, self.double = types.DT_FLOAT, types.DT_DOUBLE
        del self.graph_def.node[:]
        for node in graph_def.node:
            if node.op in _BATCH_NORM + _GRADIENTS:
                self._replace(node)
            else:
                self._convert(node)
        for node in self.graph_def.node:
            node.attr.pop("_class", None)  # to lie where a node does that may be gone
        for function in self.graph_def.library.function:
            self._function(function)

    def _convert(self, node: Any) -> None:
        """Adds a node in double, with casts around it where it takes or gives float32."""
        made = self.graph_def.node.add()
        made.CopyFrom(node)
        operation = _definition(node.op)
        self._attributes(made)
        if operation is None:
            return
        if not _has_kernel(made, operation):
            for name, attribute in node.attr.items():
                made.attr[name].CopyFrom(attribute)
        takes = list(_types(made, operation.input_arg))
        was = list(_types(node, operation.input_arg))
        for place, (now, before) in enumerate(zip(takes, was)):
            if now == before == self.float:
                made.input[place] = self._cast(
                    f"{node.name}/to_float32_{place}", made.input[place], self.double, self.float
                )
        gives = list(_types(made, operation.output_arg))
        if any(now == self.float for now in gives):
            self._back_to_double(made, gives)

    def _back_to_double(self, made: Any, gives: List[int]) -> None:
        """Puts a node that gives what `made` gives, in double, under its name."""
        # The flow of a tensor array is a float that orders operations and has no value.
        if made.op not in self.in_float32 and not made.op.startswith("TensorArray"):
            self.in_float32.append(made.op)
        name = made.name
        made.name += "/in_float32"
        results = [f"{made.name}:{place}" for place in range(len(gives))]
        for place, kind in enumerate(gives):
            if kind == self.float:
                results[place] = self._cast(
                    f"{name}/to_double_{place}", results[place], self.float, self.double
                )
        kinds = [self.double if kind == self.float else kind for kind in gives]
        self._identity(name, results, kinds)

    def _cast(self, name: str, value: str, source: int, target: int) -> str:
        cast = self.graph_def.node.add(name=name, op="Cast", input=[value])
        cast.attr["SrcT"].type = source
        cast.attr["DstT"].type = target
        return str(name)

    def _identity(self, name: str, values: List[str], kinds: List[int]) -> None:
        same = self.graph_def.node.add(name=name, op="IdentityN", input=values)
        same.attr["T"].list.type.extend(kinds)

    def _attributes(self, node: Any) -> None:
        """Makes the types and constants of a node double."""
        for attribute in node.attr.values():
            if attribute.type == self.float:
                attribute.type = self.double
            kinds = attribute.list.type
            for place, kind in enumerate(kinds):
                if kind == self.float:
                    kinds[place] = self.double
            if attribute.HasField("tensor") and attribute.tensor.dtype == self.float:
                value = as_written(self.tf.make_ndarray(attribute.tensor))
                attribute.tensor.CopyFrom(self.tf.make_tensor_proto(value))

    def _function(self, function: Any) -> None:
        """Converts the body of a function, which may hold nothing that needs a cast."""
        arguments = [*function.signature.input_arg, *function.signature.output_arg]
        for argument in arguments:
            if argument.type == self.float:
                argument.type = self.double
        for node in function.node_def:
            self._attributes(node)
            operation = _definition(node.op)
            if operation is None:
                continue
            kinds = [*_types(node, operation.input_arg), *_types(node, operation.output_arg)]
            if self.float in kinds or not _has_kernel(node, operation):
                raise NotInDouble(f"{node.op} has no double kernel, in {function.signature.name}")

    def _replace(self, node: Any) -> None:
        """Puts the arithmetic of a batch normalization in place of its kernel."""
        inputs = [name for name in node.input if not name.startswith("^")]
        controls = [name for name in node.input if name.startswith("^")]
        template, kinds = _template(self.tf, node)
        prefix = node.name + "/in_double/"
        names = {f"input_{place}": name for place, name in enumerate(inputs)}
        # A constant belongs to the loop or branch that its node is in.
        anchor = "^" + inputs[0].partition(":")[0]

        def renamed(name: str) -> str:
            return str(names.get(name.partition(":")[0], prefix + name))

        for part in template.node:
            if part.name in names:
                continue
            made = self.graph_def.node.add()
            made.CopyFrom(part)
            made.name = prefix + part.name
            made.ClearField("input")
            made.input.extend([renamed(name) for name in part.input])
            if not part.input:
                made.input.append(anchor)
        results = [f"{prefix}output_{place}" for place in range(len(kinds))]
        self._identity(node.name, [*results, *controls], kinds)


def type_numbers() -> Any:
    """TensorFlow's numbers of types."""
    from tensorflow.core.framework import types_pb2

    return types_pb2


def as_written(value: Any) -> Any:
    """Returns a float32 constant as float64: the number that its decimals say.

    A few elements may have been written by a person, 0.997 or [123.68, 116.78, 103.94]; the
    shortest decimals that give the same float32 are what was written. Many are data.
    """
    value = np.asarray(value)
    if value.size > DECIMALS:
        return value.astype("float64")
    flat = [float(str(item)) if np.isfinite(item) else float(item) for item in value.ravel()]
    return np.asarray(flat, "float64").reshape(value.shape)


def _template(tf: Any, node: Any) -> Tuple[Any, List[int]]:
    """The arithmetic of a node, with placeholders ``input_N`` and results ``output_N``."""
    given = node.attr
    first = given["data_format"].s.startswith(b"NC")
    rank = 5 if b"D" in given["data_format"].s else 4
    training = given["is_training"].b if "is_training" in given else True
    share = given["exponential_avg_factor"].f if "exponential_avg_factor" in given else 1.0
    small = float(as_written(np.float32(given["epsilon"].f)))
    share = float(as_written(np.float32(share)))
    return _batch_norm(tf, str(node.op), rank, 1 if first else rank - 1, small, training, share)


@functools.lru_cache(maxsize=None)
def _batch_norm(
    tf: Any, name: str, rank: int, channels: int, small: float, training: bool, share: float
) -> Tuple[Any, List[int]]:
    graph = tf.Graph()
    with graph.as_default():
        inputs = [tf.compat.v1.placeholder(tf.float64, name=f"input_{n}") for n in range(6)]
        norm = _BatchNorm(tf, rank, channels, small, training)
        nothing = tf.constant([], tf.float64)
        if name in _GRADIENTS:
            results = [*norm.gradients(*inputs[:5]), nothing, nothing]
        else:
            results = norm.outputs(inputs[:5], share)
            results += [nothing] if name.endswith("V3") else []
        for place, result in enumerate(results):
            tf.identity(result, name=f"output_{place}")
    return graph.as_graph_def(), [int(tf.float64.as_datatype_enum)] * len(results)


class _BatchNorm:
    """What FusedBatchNorm and its gradient give on a CPU."""

    def __init__(self, tf: Any, rank: int, channels: int, small: float, training: bool) -> None:
        self.tf, self.small, self.training = tf, small, training
        self.axes = [axis for axis in range(rank) if axis != channels]
        self.shape = [-1 if axis == channels else 1 for axis in range(rank)]

    def outputs(self, inputs: List[Any], share: float) -> List[Any]:
        """Normalized values, new averages, and what the gradient is given."""
        tf = self.tf
        x, scale, offset, old, width = inputs
        stopped = [tf.stop_gradient(old), tf.stop_gradient(width)]
        mean, variance, centred = self._moments(x, *stopped)
        factor = tf.math.rsqrt(variance + self.small) * scale
        y = centred * self._along(factor) + self._along(offset)
        kept = stopped
        if self.training:
            # The moving variance takes the unbiased one.
            count = self._count(x, scale)
            new = [mean, variance * (count / tf.maximum(count - 1.0, 1.0))]
            if share != 1.0:
                new = [one + share * (two - one) for one, two in zip(stopped, new)]
            kept = [tf.stop_gradient(value) for value in new]
        return [y, *kept, tf.stop_gradient(mean), tf.stop_gradient(variance)]

    def gradients(self, dy: Any, x: Any, scale: Any, mean: Any, variance: Any) -> Any:
        """Gradients of inputs, scale and offset."""
        tf = self.tf
        mean, variance, centred = self._moments(x, mean, variance)
        inverse = tf.math.rsqrt(variance + self.small)
        total = tf.reduce_sum(dy, self.axes)
        along = tf.reduce_sum(dy * centred, self.axes)
        inner = dy
        if self.training:
            count = self._count(x, scale)
            inner = dy - self._along(total / count)
            inner -= centred * self._along(along * inverse * inverse / count)
        return [inner * self._along(scale * inverse), along * inverse, total]

    def _moments(self, x: Any, mean: Any, variance: Any) -> Tuple[Any, Any, Any]:
        tf = self.tf
        if not self.training:
            return mean, variance, x - self._along(mean)
        mean = tf.reduce_mean(x, self.axes)
        centred = x - self._along(mean)
        return mean, tf.reduce_mean(centred * centred, self.axes), centred

    def _along(self, value: Any) -> Any:
        return self.tf.reshape(value, self.shape)

    def _count(self, x: Any, scale: Any) -> Any:
        return self.tf.cast(self.tf.size(x) / self.tf.size(scale), self.tf.float64)


@functools.lru_cache(maxsize=None)
def _definition(name: str) -> Any:
    """The definition of an operation; None for the call of a function."""
    from tensorflow.python.framework import op_def_registry

    get = getattr(op_def_registry, "get", None)
    return get(name) if get else op_def_registry.get_registered_ops().get(name)


def _types(node: Any, arguments: Any) -> Iterator[int]:
    """The types of the inputs or outputs of a node, one for each tensor."""
    for argument in arguments:
        if argument.type_list_attr:
            for kind in node.attr[argument.type_list_attr].list.type:
                yield int(kind)
            continue
        kind = node.attr[argument.type_attr].type if argument.type_attr else argument.type
        count = node.attr[argument.number_attr].i if argument.number_attr else 1
        for _ in range(count):
            yield int(kind)


def _has_kernel(node: Any, operation: Any) -> bool:
    """Whether a CPU can compute a node with the types that it has now."""
    for attribute in operation.attr:
        allowed = attribute.allowed_values.list.type
        if attribute.type != "type" or not allowed or attribute.name not in node.attr:
            continue
        if node.attr[attribute.name].type not in allowed:
            return False
    constraints = _constraints(node.op)
    return not constraints or any(
        all(node.attr[name].type in kinds for name, kinds in one.items() if name in node.attr)
        for one in constraints
    )


@functools.lru_cache(maxsize=None)
def _constraints(name: str) -> List[Dict[str, Any]]:
    """For each CPU kernel of an operation the types that it takes, by attribute."""
    from tensorflow.python.framework import kernels

    return [
        {one.name: set(one.allowed_values.list.type) for one in kernel.constraint}
        for kernel in kernels.get_registered_kernels_for_op(name).kernel
        if kernel.device_type == "CPU"
    ]
