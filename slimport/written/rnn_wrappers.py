"""Wrappers of recurrent cells: dropout, residual connections, devices."""

from __future__ import annotations

import hashlib
from typing import Any

import tensorflow as tf

from slimport.written.rnn_cells import LSTMStateTuple, RNNCell

__all__ = ["DeviceWrapper", "DropoutWrapper", "ResidualWrapper"]


class CellWrapper(RNNCell):
    """A cell around another one, without variables and a scope of its own."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Runs one step."""
        output, new_state = self.cell(inputs, state, **({} if scope is None else {"scope": scope}))
        return output, new_state

    @property
    def state_size(self) -> Any:
        """Size of the state of the cell inside."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """Size of the output of the cell inside."""
        return self.cell.output_size

    @property
    def wrapped_cell(self) -> Any:
        """The cell inside."""
        return self.cell

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zero state of the cell inside."""
        with tf.name_scope(f"{type(self).__name__}ZeroState"):
            return self.cell.zero_state(batch_size, dtype)


class DropoutWrapper(CellWrapper):
    """Drops inputs, outputs or states of a cell, at each step and whether training or not.

    Args:
        cell: The cell.
        input_keep_prob: Probability with which an input is kept; a float or a tensor.
        output_keep_prob: Likewise for outputs.
        state_keep_prob: Likewise for new states; the memory of an LSTM is never dropped.
        seed: Seed of the masks.

    Raises:
        ValueError: If a probability is not in [0, 1], or for what is not supported:
            `variational_recurrent`, `dropout_state_filter_visitor`.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: None = None,
    ) -> None:
        super().__init__(cell)
        del input_size, dtype  # of variational dropout
        if variational_recurrent or dropout_state_filter_visitor is not None:
            raise ValueError(
                "DropoutWrapper supports neither variational_recurrent nor "
                "dropout_state_filter_visitor"
            )
        self._input_keep_prob = _probability(input_keep_prob)
        self._output_keep_prob = _probability(output_keep_prob)
        self._state_keep_prob = _probability(state_keep_prob)
        self._seed = seed

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Runs one step."""
        inputs = self._dropped(inputs, "input", self._input_keep_prob)
        output, new_state = super().__call__(inputs, state, scope)
        new_state = self._dropped(new_state, "state", self._state_keep_prob)
        return self._dropped(output, "output", self._output_keep_prob), new_state

    def _dropped(self, values: Any, kind: str, keep_prob: Any) -> Any:
        """Drops tensors of a nested structure, each with a mask of its own."""
        if isinstance(keep_prob, float) and keep_prob >= 1:
            return values
        kept = _memories(values) if kind == "state" else set()

        def drop(place: int, value: Any) -> Any:
            if place in kept or isinstance(value, tf.TensorArray):
                return value
            return tf.nn.dropout(value, rate=1.0 - keep_prob, seed=self._seed_of(kind, place))

        flat = tf.nest.flatten(values)
        return tf.nest.pack_sequence_as(values, [drop(i, v) for i, v in enumerate(flat)])

    def _seed_of(self, kind: str, place: int) -> int | None:
        """A seed of its own for each mask, TensorFlow 1's."""
        if self._seed is None:
            return None
        digest = hashlib.md5(f"{self._seed}{kind}_{place}".encode(), usedforsecurity=False)
        return int(digest.hexdigest()[:8], 16) & 0x7FFFFFFF


class ResidualWrapper(CellWrapper):
    """Adds the inputs of a cell to its outputs.

    Args:
        cell: The cell.
        residual_fn: A function of inputs and outputs, in place of their sum.
    """

    def __init__(self, cell: Any, residual_fn: Any = None) -> None:
        super().__init__(cell)
        self._residual_fn = residual_fn

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Runs one step."""
        outputs, new_state = super().__call__(inputs, state, scope)
        return (self._residual_fn or _added)(inputs, outputs), new_state


class DeviceWrapper(CellWrapper):
    """Runs a cell on a device."""

    def __init__(self, cell: Any, device: Any) -> None:
        super().__init__(cell)
        self._device = device

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """Runs one step."""
        with tf.compat.v1.device(self._device):
            return super().__call__(inputs, state, scope)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zero state of the cell inside, on the device."""
        with tf.compat.v1.device(self._device):
            return super().zero_state(batch_size, dtype)


def _probability(value: Any) -> Any:
    """A float where the value is known, which must be in [0, 1], or else the tensor."""
    tensor = tf.convert_to_tensor(value)
    known = tf.get_static_value(tensor)
    if known is None:
        return tensor
    if not 0 <= known <= 1:
        raise ValueError(f"A probability of dropout must be in [0, 1], got {known}")
    return float(known)


def _memories(state: Any, start: int = 0) -> set[int]:
    """Places of the memories of LSTMs among the tensors of a state."""
    if isinstance(state, LSTMStateTuple):
        return {start}
    found: set[int] = set()
    if isinstance(state, (list, tuple)):
        for part in state:
            found |= _memories(part, start)
            start += len(tf.nest.flatten(part))
    return found


def _added(inputs: Any, outputs: Any) -> Any:
    """Adds nested tensors of the same structure and shapes, without broadcasting."""
    tf.nest.assert_same_structure(inputs, outputs)

    def add(own: Any, other: Any) -> Any:
        own.shape.assert_is_compatible_with(other.shape)
        return own + other

    return tf.nest.map_structure(add, inputs, outputs)
