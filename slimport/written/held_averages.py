"""Passes that leave batch norm's moving averages where they are, also while they last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any


@contextlib.contextmanager
def held_averages(model: Any, but: Sequence[Any] = ()) -> Iterator[None]:
    """Keeps the averages of batch norm layers as they are in what is traced meanwhile.

    A graph of TF 1 moved them with its training operation. To move them and to put them back is
    another thing: layers that use them in the same pass, on another branch, would see them moved.

    Args:
        model: The model.
        but: Layers whose averages move.
    """
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "moving_mean")]
    layers = [layer for layer in layers if all(layer is not other for other in but)]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
