"""Faults to be planted in migrated code, by theme; `ALL` has every one by name."""

from __future__ import annotations

from tests.verify.planted import blocks, detector, initial, layers, losses, normalizers, tensors
from tests.verify.planted.fault import Fault

#: Heads of the documentation's table.
THEMES: dict[str, dict[str, Fault]] = {
    "layers": layers.FAULTS,
    "normalizers and regularizers": normalizers.FAULTS,
    "networks": blocks.FAULTS,
    "tensors between layers": tensors.FAULTS,
    "losses": losses.FAULTS,
    "initial values": initial.FAULTS,
    "detector": detector.FAULTS,
}

ALL = {name: fault for theme in THEMES.values() for name, fault in theme.items()}
