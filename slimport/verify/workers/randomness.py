"""The same random numbers on both sides.

Dropout, stochastic depth and samplers of minibatches draw when a network runs; old and new draw
from other generators, so that nothing behind such an operation could be compared. Both workers
therefore put values in their place that depend on the shape alone, or on how many draws of that
shape came before, and keep the order of what is to be shuffled, examples of queues and datasets
included. What is done with the numbers, the scale of what dropout keeps or the paths that are
dropped, is compared in full; only the generator is not.

Values of new variables are not touched: every variable is assigned anyway.

This module runs under CPython 3.7.
"""

from __future__ import annotations

import collections
import importlib
import weakref
from typing import Any

import numpy as np

from slimport.verify.workers import values

#: The functions of `tf` that draw uniform numbers, and those that shuffle, by dotted path.
UNIFORM = ("random_uniform", "random.uniform")
SHUFFLE = ("random_shuffle", "random.shuffle")
#: Those that make a queue which shuffles.
QUEUES = ("RandomShuffleQueue", "queue.RandomShuffleQueue")


class _Pass:
    """What has been drawn since the network was called, in each graph.

    A function that is traced twice, once to make its variables, draws the same in both traces.
    """

    seed = 0
    drawn: weakref.WeakKeyDictionary[Any, collections.Counter[tuple[int, ...]]] = (
        weakref.WeakKeyDictionary()
    )


def start_pass(seed: int) -> None:
    """To be called before each call of a network, so that its draws are numbered from zero."""
    _Pass.seed = seed
    _Pass.drawn = weakref.WeakKeyDictionary()


def _next(tf: Any, sizes: tuple[int, ...]) -> int:
    """The number of a draw among those of its shape, in the function that is traced, if any is."""
    graph = tf.compat.v1.get_default_graph()
    while hasattr(getattr(graph, "outer_graph", None), "outer_graph"):
        graph = graph.outer_graph  # the body of a loop is a graph in that of the function
    drawn = _Pass.drawn.setdefault(graph, collections.Counter())
    drawn[sizes] += 1
    return drawn[sizes] - 1


def install(tf: Any) -> None:
    """Replaces the draws of dropout and of `tf.random_uniform` and `tf.random_shuffle`.

    Args:
        tf: TensorFlow 1 or 2, or the stand-in; `tf.compat.v1` is changed with it.
    """
    nn_ops = importlib.import_module("tensorflow.python.ops.nn_ops")
    for name, function in (
        ("random_ops", "random_uniform"),
        ("stateless_random_ops", "stateless_random_uniform"),
    ):
        if hasattr(nn_ops, name):
            module = getattr(nn_ops, name)
            masks = {function: _masks(tf, getattr(module, function))}
            setattr(nn_ops, name, _SeenWith(module, masks))
    random_ops = importlib.import_module("tensorflow.python.ops.random_ops")
    in_order = _in_order(tf)
    own = {
        random_ops.random_uniform: _numbered(tf, random_ops.random_uniform),
        random_ops.random_shuffle: in_order,
    }
    images: Any = importlib.import_module("tensorflow.python.ops.image_ops_impl")
    uniform = {"random_uniform": own[random_ops.random_uniform]}
    images.random_ops = _SeenWith(images.random_ops, uniform)
    own.update(_inputs_in_order(in_order))
    # `import tensorflow.compat.v1` and the attribute `tf.compat.v1` are not always one module.
    imported = [importlib.import_module(f"tensorflow.compat.{name}") for name in ("v1", "v2")]
    for module in (tf, tf.compat.v1, tf.compat.v2, *imported):
        for path in (*UNIFORM, *SHUFFLE, *QUEUES):
            _replace(module, path, own)


def _inputs_in_order(in_order: Any) -> Any:
    """Makes input queues and datasets keep the order of their files, numbers and examples.

    Several threads of a queue would race for it; there is one.
    """
    queues: Any = importlib.import_module("tensorflow.python.training.input")
    queues.random_ops = _SeenWith(queues.random_ops, {"random_shuffle": in_order})
    enqueue = queues._enqueue

    def by_one_thread(queue: Any, tensors: Any, threads: int, *args: Any, **kwargs: Any) -> Any:
        return enqueue(queue, tensors, min(threads, 1), *args, **kwargs)

    queues._enqueue = by_one_thread
    data_flow: Any = importlib.import_module("tensorflow.python.ops.data_flow_ops")
    shuffled = data_flow.RandomShuffleQueue
    data_flow.RandomShuffleQueue = _fifo_queue(data_flow.FIFOQueue)
    datasets: Any = importlib.import_module("tensorflow.python.data.ops.dataset_ops")
    for kind in (datasets.DatasetV1, datasets.DatasetV2):
        kind.shuffle = lambda self, *args, **kwargs: self
        kind.map = _deterministic(kind.map)
        kind.interleave = _deterministic(kind.interleave)
    return {shuffled: data_flow.RandomShuffleQueue}


def _deterministic(method: Any) -> Any:
    """A method of datasets that keeps the order of its elements even where it need not."""

    def in_order(*args: Any, **kwargs: Any) -> Any:
        if "deterministic" in kwargs:
            kwargs["deterministic"] = True
        return method(*args, **kwargs)

    return in_order


def _fifo_queue(make: Any) -> Any:
    """A queue in place of one that shuffles; it takes the same arguments."""

    def queue(
        capacity: Any,
        min_after_dequeue: Any,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: Any = None,
        shared_name: Any = None,
        name: str = "random_shuffle_queue",
    ) -> Any:
        del min_after_dequeue, seed
        return make(capacity, dtypes, shapes, names, shared_name, name)

    return queue


def _replace(module: Any, path: str, own: Any) -> None:
    """Sets a function of a public module where it is one of those to be replaced."""
    *parents, name = path.split(".")
    for parent in parents:
        module = getattr(module, parent, None)
    for function, replacement in own.items():
        if getattr(module, name, None) is function:
            setattr(module, name, replacement)


class _SeenWith:
    """A module as one of those that import it sees it: with functions of our own in it."""

    def __init__(self, module: Any, own: dict[str, Any]) -> None:
        self._module = module
        self.__dict__.update(own)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _masks(tf: Any, draw: Any) -> Any:
    """What dropout draws with: masks depend on the shape alone.

    The order in which a functional model runs its layers is not that of the graph, and two masks
    of one shape may be the same.
    """

    def uniform(shape: Any, *args: Any, **kwargs: Any) -> Any:
        sizes = _static(tf, shape)
        if sizes is None:
            return draw(shape, *args, **kwargs)
        return _constant(tf, sizes, kwargs.get("dtype", tf.float32), "mask")

    return uniform


def _in_order(tf: Any) -> Any:
    """`tf.random_shuffle` that gives the value as it is."""

    def random_shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
        del seed, name
        return tf.identity(value)

    return random_shuffle


def _numbered(tf: Any, draw: Any) -> Any:
    """`tf.random_uniform` with numbers that depend on the shape and the draws of it so far."""

    def random_uniform(
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = tf.float32,
        seed: Any = None,
        name: Any = None,
    ) -> Any:
        sizes = _static(tf, shape)
        kind = tf.as_dtype(dtype)
        whole = kind.is_integer and maxval is not None
        if sizes is None or not (kind.is_floating or whole):
            return draw(shape, minval, maxval, dtype, seed, name)
        number = _next(tf, sizes)
        low, high = tf.cast(minval, kind), tf.cast(1 if maxval is None else maxval, kind)
        if not whole:
            return low + (high - low) * _constant(tf, sizes, kind, number)
        wide = tf.cast(high - low, tf.float64)
        return low + tf.cast(tf.floor(wide * _constant(tf, sizes, tf.float64, number)), kind)

    return random_uniform


def _static(tf: Any, shape: Any) -> tuple[int, ...] | None:
    """Returns the sizes of a shape where they are known, be it as a tensor or a list with some."""
    if isinstance(shape, (list, tuple)) and any(tf.is_tensor(size) for size in shape):
        shape = [_size(tf, size) for size in shape]
    if tf.is_tensor(shape):
        shape = _sizes(tf, shape)
    sizes = tf.TensorShape(shape)
    if not sizes.is_fully_defined():
        return None
    return tuple(int(size) for size in sizes.as_list())


def _sizes(tf: Any, shape: Any) -> Any:
    """The sizes of a shape that is a tensor, None for those that are not known."""
    op = getattr(shape, "op", None)
    if op is not None and op.type == "Pack":
        return [_size(tf, size) for size in op.inputs]
    return _tensor_util().constant_value_as_shape(shape)


def _size(tf: Any, size: Any) -> Any:
    """One size: ``tf.shape(x)[0]`` is known where `x` has a static one. TensorFlow does not say."""
    if not tf.is_tensor(size):
        return size
    known = _tensor_util().constant_value(size)
    op = getattr(size, "op", None)
    if known is not None or op is None:
        return None if known is None else int(known)
    if op.type in ("Identity", "Cast"):
        return _size(tf, op.inputs[0])
    if op.type == "Mul":
        factors = [_size(tf, factor) for factor in op.inputs]
        return None if None in factors else factors[0] * factors[1]
    if op.type == "StridedSlice" and size.shape.ndims == 0:
        sizes = tf.TensorShape(_sizes(tf, op.inputs[0]))
        place = _tensor_util().constant_value(op.inputs[1])
        return None if place is None or sizes.ndims is None else sizes.as_list()[int(place[0])]
    return None


def _tensor_util() -> Any:
    return importlib.import_module("tensorflow.python.framework.tensor_util")


def _constant(tf: Any, sizes: tuple[int, ...], dtype: Any, number: Any) -> Any:
    return tf.cast(tf.constant(drawn(_Pass.seed, sizes, number)), dtype)


def drawn(seed: int, sizes: tuple[int, ...], number: Any = "mask") -> Any:
    """Returns what is drawn uniformly from [0, 1) for a shape.

    Args:
        seed: Seed of the case.
        sizes: The shape.
        number: ``mask`` for dropout, else the number of the draw among those of this shape.
    """
    random = values.generator("draw", seed, sizes, number)
    found = random.uniform(size=sizes).astype("float32")
    # A sum with a float32 value just below 1 must not round up to 1, which no generator yields.
    return np.minimum(found, np.float32(1 - 2.0**-24))
