"""Entry of the rows A, on the import path of both sides: a network as nets_factory hands it out.

Runs under CPython 3.7.
"""

from __future__ import annotations

from typing import Any

from nets import nets_factory


def network(images: Any, name: str, num_classes: int, is_training: bool = False) -> Any:
    """Calls a network of `nets_factory.networks_map` under the scope that belongs to it.

    Args:
        images: float32 [batch, height, width, channels]; [batch, frames, ...] for video networks.
        name: Key of `networks_map`.
        num_classes: Number of logits.
        is_training: Whether to build for training.

    Returns:
        The logits and the network's endpoints.
    """
    function = nets_factory.get_network_fn(
        name, num_classes, weight_decay=0.0001, is_training=is_training
    )
    return function(images)
