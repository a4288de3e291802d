"""Recurrent loops: TensorFlow 1's, under the variable scopes of this module."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.graphs import current_layer_graph
from slimport.written.rnn_cells import tensorflow_root
from slimport.written.scopes import variable_scope

__all__ = [
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]


def dynamic_rnn(cell: Any, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
    """Runs a cell over sequences, as `tf.compat.v1.nn.dynamic_rnn` does.

    Args:
        cell: The cell.
        inputs: A tensor `[batch, time, ...]`; with `time_major`, `[time, batch, ...]`.
        *args: `sequence_length`, `initial_state`, `dtype`, `parallel_iterations`, `swap_memory`,
            `time_major` and `scope`, in this order.
        scope: The name of the variable scope; `None` for `rnn`.
        **kwargs: The same by name.

    Returns:
        The outputs and the last state.
    """
    if len(args) > 6:
        args, scope = args[:6], args[6]
    loop = tf.compat.v1.nn.dynamic_rnn
    return _loop_under_scopes(loop, (cell,), ("",), scope or "rnn", (inputs, *args), kwargs)


def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any
) -> Any:
    """Runs cells forward and backward, as `tf.compat.v1.nn.bidirectional_dynamic_rnn` does.

    Args:
        cell_fw: The cell that runs forward.
        cell_bw: The cell that runs backward.
        inputs: As for `dynamic_rnn`.
        *args: `sequence_length`, `initial_state_fw`, `initial_state_bw`, `dtype`,
            `parallel_iterations`, `swap_memory`, `time_major` and `scope`, in this order.
        scope: The name of the variable scope; `None` for `bidirectional_rnn`.
        **kwargs: The same by name.

    Returns:
        A pair of outputs and a pair of last states.
    """
    if len(args) > 7:
        args, scope = args[:7], args[7]
    loop, cells = tf.compat.v1.nn.bidirectional_dynamic_rnn, (cell_fw, cell_bw)
    scope = scope or "bidirectional_rnn"
    return _loop_under_scopes(loop, cells, ("fw", "bw"), scope, (inputs, *args), kwargs)


def static_rnn(cell: Any, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
    """Runs a cell over a list of steps, as `tf.compat.v1.nn.static_rnn` does.

    Args:
        cell: The cell.
        inputs: A list of tensors `[batch, ...]`.
        *args: `initial_state`, `dtype`, `sequence_length` and `scope`, in this order.
        scope: The name of the variable scope; `None` for `rnn`.
        **kwargs: The same by name.

    Returns:
        A list of outputs and the last state.
    """
    if len(args) > 3:
        args, scope = args[:3], args[3]
    loop = tf.compat.v1.nn.static_rnn
    return _loop_under_scopes(loop, (cell,), ("",), scope or "rnn", (inputs, *args), kwargs)


def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any
) -> Any:
    """Runs cells over a list of steps, as `tf.compat.v1.nn.static_bidirectional_rnn` does.

    Args:
        cell_fw: The cell that runs forward.
        cell_bw: The cell that runs backward.
        inputs: A list of tensors `[batch, ...]`.
        *args: `initial_state_fw`, `initial_state_bw`, `dtype`, `sequence_length` and `scope`, in
            this order.
        scope: The name of the variable scope; `None` for `bidirectional_rnn`.
        **kwargs: The same by name.

    Returns:
        A list of outputs and the last states of both cells.
    """
    if len(args) > 4:
        args, scope = args[:4], args[4]
    loop, cells = tf.compat.v1.nn.static_bidirectional_rnn, (cell_fw, cell_bw)
    scope = scope or "bidirectional_rnn"
    return _loop_under_scopes(loop, cells, ("fw", "bw"), scope, (inputs, *args), kwargs)


def raw_rnn(cell: Any, loop_fn: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
    """Runs a cell in a loop of one's own, as `tf.compat.v1.nn.raw_rnn` does.

    Args:
        cell: The cell.
        loop_fn: A function of time, output, state and loop state.
        *args: `parallel_iterations`, `swap_memory` and `scope`, in this order.
        scope: The name of the variable scope; `None` for `rnn`.
        **kwargs: The same by name.

    Returns:
        An array of outputs, the last state, and the last loop state.
    """
    if len(args) > 2:
        args, scope = args[:2], args[2]
    loop = tf.compat.v1.nn.raw_rnn
    if current_layer_graph().tf_graph is None:
        loop_fn = _ScopedCell(loop_fn, scope or "rnn", again=None)
    return _loop_under_scopes(loop, (cell,), ("",), scope or "rnn", (loop_fn, *args), kwargs)


def _loop_under_scopes(
    loop: Any,
    cells: tuple[Any, ...],
    names: tuple[str, ...],
    scope: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Runs one of TensorFlow's loops on cells, each under a scope of its own below `scope`.

    Outside a TF 1 graph TensorFlow's variable scopes are not this module's: there the cells open
    the scopes, and TensorFlow's loop is given a name that nobody sees.
    """
    if current_layer_graph().tf_graph is not None:
        return loop(*cells, *args, scope=scope, **kwargs)
    with variable_scope(scope) as outer:
        scoped = []
        for cell, name in zip(cells, names, strict=True):
            if not name:
                scoped.append(_ScopedCell(cell, outer))
                continue
            with variable_scope(name) as inner:
                scoped.append(_ScopedCell(cell, inner))
    return loop(*scoped, *args, scope="loop", **kwargs)


class _ScopedCell:
    """A cell that opens a variable scope; from its second step on it shares the variables."""

    def __init__(self, cell: Any, scope: Any, again: Any = True) -> None:
        self._cell, self._scope, self._again = cell, scope, again
        self._reuse: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_cell"], name)

    def __call__(self, *args: Any) -> Any:
        with tensorflow_root(), variable_scope(self._scope, reuse=self._reuse):
            self._reuse = self._again
            return self._cell(*args)
