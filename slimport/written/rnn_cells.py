"""Recurrent cells: TensorFlow 1's, with its names of variables."""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import current_layer_graph
from slimport.written.scopes import variable_scope
from slimport.written.variables import get_variable

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
]


class LSTMStateTuple(collections.namedtuple("LSTMStateTuple", ("c", "h"))):
    """The state of an LSTM: the memory `c` and the output `h`."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """The dtype of both, which must be the same."""
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


class RNNCell:
    """Base of recurrent cells: `output, new_state = cell(inputs, state)`.

    The first call opens a variable scope, named after the class and numbered where that is in use;
    later calls share its variables. A derived class has `state_size`, `output_size` and `call`; it
    makes its variables with `get_variable` in `call`, or with `add_variable` in `build`.

    Cells run TensorFlow code: in a TF 1 graph, or in a `TracedModel`.
    """

    # Classes that derive from this one need not call its initializer.
    trainable = True
    dtype: Any = None
    name: str | None = None
    _reuse: Any = None
    _scope: Any = None
    _met: Any = None

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, _reuse: Any = None
    ) -> None:
        self.trainable, self.name, self.dtype, self._reuse = trainable, name, dtype, _reuse

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Runs one step.

        Args:
            inputs: A tensor `[batch, features]`.
            state: The state before; see `state_size`.
            scope: The name of the variable scope, where it is not to be that of the class.

        Returns:
            The output and the state after.
        """
        with tensorflow_scope_taken_over(), self._entered(scope) as is_new:
            if is_new:
                self.build(inputs.shape if hasattr(inputs, "shape") else None)
            output, new_state = self.call(inputs, state)
            return output, new_state

    @property
    def state_size(self) -> Any:
        """Size of the state: an integer, a shape, or a nested tuple of them."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """Size of the output: an integer or a shape."""
        raise NotImplementedError("Abstract method")

    def build(self, inputs_shape: Any) -> None:
        """Makes variables, if a derived class makes them here."""

    def call(self, inputs: Any, state: Any) -> Any:
        """Runs one step within the scope of the cell."""
        raise NotImplementedError("Abstract method")

    def add_variable(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
    ) -> Any:
        """Creates a variable in the scope of the cell, or finds it there."""
        is_trainable = trainable and self.trainable
        return get_variable(
            name, shape, dtype or self.dtype, initializer, regularizer, is_trainable
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros.

        Args:
            batch_size: An integer or a scalar tensor.
            dtype: The dtype of the state.
        """
        with tf.name_scope(f"{type(self).__name__}ZeroState"):
            return _nested_zeros(self.state_size, batch_size, dtype)

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Returns a state of zeros for a batch: that of `inputs`, where they are given."""
        if inputs is not None:
            inputs = tf.convert_to_tensor(inputs)
            batch_size, dtype = inputs.shape[0] or tf.shape(inputs)[0], inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError("batch_size and dtype are needed to make an initial state")
        return self.zero_state(batch_size, dtype)

    @contextlib.contextmanager
    def _entered(self, scope: Any) -> Iterator[bool]:
        """Opens the scope of the variables; yields whether this is the first call of a pass."""
        met = current_layer_graph().met
        if self._met is met:
            with variable_scope(self._scope, reuse=True):
                yield False
            return
        default_name = self.name or _snake_case(type(self).__name__)
        name = default_name if scope is None and self._reuse else scope
        with variable_scope(name, default_name, reuse=self._reuse) as opened:
            self._scope, self._met = opened, met
            yield True


class BasicRNNCell(RNNCell):
    """A fully connected cell: the new state is `activation(W [inputs, state] + b)`."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(trainable, name, dtype, reuse)
        self._num_units, self._activation = num_units, _tanh_or(activation)

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Runs one step."""
        output = self._activation(_affine(self, [inputs, state], self._num_units))
        return output, output


class GRUCell(RNNCell):
    """A gated recurrent unit; see Cho et al. 2014, http://arxiv.org/abs/1406.1078.

    Args:
        num_units: Size of state and output.
        activation: Of the candidate; `None` for tanh.
        reuse: Whether to share the variables of an earlier cell.
        kernel_initializer: Of both kernels; `None` for the scope's.
        bias_initializer: Of both biases; `None` for ones at the gates, zeros at the candidate.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(trainable, name, dtype, reuse)
        self._num_units, self._activation = num_units, _tanh_or(activation)
        self._initializers = kernel_initializer, bias_initializer

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Runs one step: the reset gate comes first, and multiplies the state."""
        kernel, bias = self._initializers
        both = _affine(self, [inputs, state], 2 * self._num_units, kernel, bias or "ones", "gates/")
        reset, update = tf.split(tf.sigmoid(both), 2, axis=1)
        parts = [inputs, reset * state]
        candidate = _affine(self, parts, self._num_units, kernel, bias or "zeros", "candidate/")
        new_state = update * state + (1 - update) * self._activation(candidate)
        return new_state, new_state


class BasicLSTMCell(RNNCell):
    """A long short-term memory without peepholes, clipping and projection.

    Args:
        num_units: Size of memory and output.
        forget_bias: Added to the forget gate.
        state_is_tuple: Whether the state is an `LSTMStateTuple`, not both parts side by side.
        activation: Of candidate and output; `None` for tanh.
        reuse: Whether to share the variables of an earlier cell.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(trainable, name, dtype, reuse)
        self._num_units, self._activation = num_units, _tanh_or(activation)
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple

    @property
    def state_size(self) -> Any:
        """Sizes of memory and output."""
        units = self._num_units
        return LSTMStateTuple(units, units) if self._state_is_tuple else 2 * units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Runs one step; the gates are input, candidate, forget and output in this order."""
        c, h = state if self._state_is_tuple else tf.split(state, 2, axis=1)
        gates = _affine(self, [inputs, h], 4 * self._num_units)
        i, j, f, o = tf.split(gates, 4, axis=1)
        kept = c * tf.sigmoid(f + tf.cast(self._forget_bias, f.dtype))
        new_c = kept + tf.sigmoid(i) * self._activation(j)
        new_h = self._activation(new_c) * tf.sigmoid(o)
        return new_h, _lstm_state(new_c, new_h, self._state_is_tuple)


class LSTMCell(RNNCell):
    """A long short-term memory; see Sak et al. 2014 for peepholes and projection.

    Args:
        num_units: Size of the memory.
        use_peepholes: Whether the gates see the memory, unit by unit.
        cell_clip: Bound of the memory.
        initializer: Of all weights; `None` for the scope's.
        num_proj: Size that the output is projected to; `None` for none.
        proj_clip: Bound of the projected output.
        forget_bias: Added to the forget gate.
        state_is_tuple: Whether the state is an `LSTMStateTuple`, not both parts side by side.
        activation: Of candidate and output; `None` for tanh.
        reuse: Whether to share the variables of an earlier cell.

    Raises:
        ValueError: If variables are to be split (`num_unit_shards`, `num_proj_shards`).
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: None = None,
        num_proj_shards: None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(trainable, name, dtype, reuse)
        if num_unit_shards is not None or num_proj_shards is not None:
            raise ValueError("LSTMCell does not support num_unit_shards and num_proj_shards")
        self._num_units, self._num_proj, self._initializer = num_units, num_proj, initializer
        self._use_peepholes, self._cell_clip, self._proj_clip = use_peepholes, cell_clip, proj_clip
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple
        self._activation = _tanh_or(activation)

    @property
    def state_size(self) -> Any:
        """Sizes of memory and output."""
        c, h = self._num_units, self.output_size
        return LSTMStateTuple(c, h) if self._state_is_tuple else c + h

    @property
    def output_size(self) -> int:
        """The number of units, or the size that they are projected to."""
        return self._num_units if self._num_proj is None else self._num_proj

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Runs one step; the gates are input, candidate, forget and output in this order."""
        if not self._state_is_tuple:
            state = tf.split(state, [self._num_units, self.output_size], axis=1)
        c, h = state
        gates = _affine(self, [inputs, h], 4 * self._num_units, self._initializer)
        i, j, f, o = tf.split(gates, 4, axis=1)
        f = f + tf.cast(self._forget_bias, f.dtype)
        if self._use_peepholes:
            diagonals = [self._diagonal(gate, c.dtype) for gate in "fio"]
            f, i = f + diagonals[0] * c, i + diagonals[1] * c
        new_c = tf.sigmoid(f) * c + tf.sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            new_c = tf.clip_by_value(new_c, -self._cell_clip, self._cell_clip)
        if self._use_peepholes:
            o = o + diagonals[2] * new_c
        new_h = self._projected(tf.sigmoid(o) * self._activation(new_c))
        return new_h, _lstm_state(new_c, new_h, self._state_is_tuple)

    def _diagonal(self, gate: str, dtype: Any) -> Any:
        """The weights with which a gate sees the memory."""
        name = f"w_{gate}_diag"
        return self.add_variable(name, [self._num_units], self.dtype or dtype, self._initializer)

    def _projected(self, outputs: Any) -> Any:
        if self._num_proj is None:
            return outputs
        shape = [self._num_units, self._num_proj]
        dtype = self.dtype or outputs.dtype
        kernel = self.add_variable("projection/kernel", shape, dtype, self._initializer)
        outputs = tf.matmul(outputs, kernel)
        if self._proj_clip is None:
            return outputs
        return tf.clip_by_value(outputs, -self._proj_clip, self._proj_clip)


class MultiRNNCell(RNNCell):
    """Cells upon each other: each takes the output of the one before.

    Args:
        cells: The cells; one that is there twice shares its variables.
        state_is_tuple: Whether the state is a tuple of the cells' states, not all side by side.

    Raises:
        ValueError: If there are no cells, or if states that are tuples are to stand side by side.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but received: {cells}.")
        if not state_is_tuple and any(isinstance(cell.state_size, tuple) for cell in cells):
            raise ValueError("Some cells return tuples of states, but state_is_tuple is not set.")
        self._cells, self._state_is_tuple = cells, state_is_tuple

    @property
    def state_size(self) -> Any:
        """The cells' sizes, or their sum."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """Size of the output of the last cell."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zero states of all cells."""
        if not self._state_is_tuple:
            return super().zero_state(batch_size, dtype)
        with tf.name_scope("MultiRNNCellZeroState"):
            return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Runs one step of each cell."""
        if self._state_is_tuple:
            states = list(state)
            if len(states) != len(self._cells):
                raise ValueError(f"Expected {len(self._cells)} states, but received {state}")
        else:
            states = tf.split(state, [cell.state_size for cell in self._cells], axis=1)
        new_states = []
        for number, (cell, own) in enumerate(zip(self._cells, states, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, new_state = cell(inputs, own)
                new_states.append(new_state)
        return inputs, tuple(new_states) if self._state_is_tuple else tf.concat(new_states, 1)


@contextlib.contextmanager
def tensorflow_scope_taken_over() -> Iterator[None]:
    """Outside TF 1 graphs, opens here what scope TensorFlow's own loops (`rnn`) have open there."""
    if current_layer_graph().tf_graph is not None:
        yield
        return
    theirs = tf.compat.v1.get_variable_scope()
    if not theirs.name:
        yield
        return
    with tensorflow_root(), variable_scope(theirs.name, reuse=theirs.reuse):
        yield


def tensorflow_root() -> Any:
    """Opens the root of TensorFlow's own variable scopes, which are not those of this module."""
    root = tf.compat.v1.VariableScope(None)
    return tf.compat.v1.variable_scope(root, auxiliary_name_scope=False)


def _affine(
    cell: RNNCell,
    parts: list[Any],
    units: int,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    prefix: str = "",
) -> Any:
    """Multiplies tensors side by side by a kernel and adds a bias."""
    inputs = tf.concat(parts, 1)
    rows = inputs.shape[-1]
    if rows is None:
        raise ValueError(f"Expected the size of the inputs to be known, saw shape {inputs.shape}")
    dtype = cell.dtype or inputs.dtype
    kernel = cell.add_variable(f"{prefix}kernel", [rows, units], dtype, kernel_initializer)
    bias = cell.add_variable(f"{prefix}bias", [units], dtype, bias_initializer)
    return tf.nn.bias_add(tf.matmul(inputs, kernel), bias)


def _tanh_or(activation: Any) -> Any:
    return tf.tanh if activation is None else keras.activations.get(activation)


def _lstm_state(c: Any, h: Any, is_tuple: bool) -> Any:
    return LSTMStateTuple(c, h) if is_tuple else tf.concat([c, h], 1)


def _nested_zeros(size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros for each size of a nested structure, whose shapes are no structure."""
    if isinstance(size, (tuple, list)):
        zeros = [_nested_zeros(part, batch_size, dtype) for part in size]
        return type(size)(*zeros) if hasattr(size, "_fields") else type(size)(zeros)
    return tf.zeros([batch_size, *tf.TensorShape(size if hasattr(size, "rank") else [size])], dtype)


def _snake_case(name: str) -> str:
    """`BasicLSTMCell` -> `basic_lstm_cell`, with TensorFlow's rules."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name))
    return words.lower()
