"""Gradients without kinks, so that rounding cannot flip them.

Where a relu's input is zero up to rounding, one side passes the gradient and the other does not;
likewise max pooling, where two elements of a window are equal up to rounding. A network of a few
million relus always has some. One flip deep in a network, where few elements are left, changes
whole gradients by ten percent, between TensorFlow 1.15 and 2.21 on one legacy graph as well as
between old code and new. A tolerance that allows this proves nothing.

Both workers therefore put a continuous surrogate in place of the gradients of these operations:
relu's step becomes a ramp a tenth of the signal's size wide, max pooling spreads its gradient
evenly over the window. Values are untouched, every other gradient is the true one, and the chain
of operations through which gradients flow is compared in full; only the step itself, which is the
same TensorFlow kernel on both sides, is not.

A training case takes the true gradients (`switched_on(False)`) unless it asks for these: it
compares the program's own steps.

This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

#: Width of the ramp, relative to the root mean square of the activations.
WIDTH = 0.1


class _Switch:
    on = True


@contextmanager
def switched_on(on: bool) -> Iterator[None]:
    """Smooth gradients for graphs and tapes of the block, or TensorFlow's own."""
    _Switch.on = on
    try:
        yield
    finally:
        _Switch.on = True


def install(tf: Any) -> None:
    """Replaces the gradients of relu, relu6, leaky relu and max pooling in this process."""
    from tensorflow.python.framework import ops

    registry = getattr(ops, "gradient_registry", None) or ops._gradient_registry
    smoothed = {
        "Relu": _relu(tf),
        "Relu6": _relu6(tf),
        "LeakyRelu": _leaky_relu(tf),
        "MaxPool": _max_pool(tf),
    }
    for name, function in smoothed.items():
        registry.lookup(name)  # loads TensorFlow's own gradients, which would else come later
        for key, value in registry._registry[name].items():
            if callable(value):
                registry._registry[name][key] = _switched(function, value)


def _switched(smoothed: Any, true: Any) -> Any:
    def gradient(op: Any, dy: Any) -> Any:
        return smoothed(op, dy) if _Switch.on else true(op, dy)

    return gradient


def _ramp(tf: Any, y: Any) -> Any:
    """Rises from 0 at y = 0 to 1 where y is clear of it; continuous in place of y > 0."""
    size = tf.sqrt(tf.reduce_mean(tf.square(y))) + 1e-20
    return tf.tanh(y / (WIDTH * size))


def _relu(tf: Any) -> Any:
    # Eager TensorFlow keeps the output of relu for its gradient and forgets the input.
    def gradient(op: Any, dy: Any) -> Any:
        return dy * _ramp(tf, op.outputs[0])

    return gradient


def _relu6(tf: Any) -> Any:
    def gradient(op: Any, dy: Any) -> Any:
        y = op.outputs[0]
        return dy * _ramp(tf, y) * _ramp(tf, 6.0 - y)

    return gradient


def _leaky_relu(tf: Any) -> Any:
    def gradient(op: Any, dy: Any) -> Any:
        alpha = op.get_attr("alpha")
        return dy * (alpha + (1.0 - alpha) * _ramp(tf, tf.maximum(op.inputs[0], 0.0)))

    return gradient


def _max_pool(tf: Any) -> Any:
    def gradient(op: Any, dy: Any) -> Any:
        return tf.raw_ops.AvgPoolGrad(
            orig_input_shape=tf.shape(op.inputs[0]),
            grad=dy,
            ksize=op.get_attr("ksize"),
            strides=op.get_attr("strides"),
            padding=op.get_attr("padding"),
            data_format=op.get_attr("data_format"),
        )

    return gradient
