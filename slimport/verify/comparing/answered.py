"""What one side has answered: descriptions, and the arrays that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slimport.verify.comparing.arrays import Array


@dataclass(frozen=True)
class Answered:
    """One side's answer to one mode: the description and a way to its arrays."""

    meta: Mapping[str, Any]
    arrays: Mapping[str, Array]

    @property
    def error(self) -> str | None:
        """The traceback, where the side failed."""
        error = self.meta.get("error")
        if error is None:
            return None
        return f"while {error['stage']}\n{error['traceback']}"

    def tensors(self, group: str) -> dict[str, Mapping[str, Any]]:
        """Descriptions of one group, by name."""
        return {name: entry for (name, _), entry in self.by_step(group).items()}

    def by_step(self, group: str) -> dict[tuple[str, int | None], Mapping[str, Any]]:
        """Descriptions of one group, by name and the step of a training case."""
        entries = (entry for entry in self.meta["tensors"] if entry["group"] == group)
        return {(entry["name"], entry.get("step")): entry for entry in entries}

    def array(self, entry: Mapping[str, Any]) -> Array | None:
        """The array of a description; None for a literal."""
        return self.arrays[entry["key"]] if "key" in entry else None

    def double(self, entry: Mapping[str, Any]) -> Array | None:
        """The same array computed in float64, where the side did so."""
        return self.arrays[entry["double_key"]] if "double_key" in entry else None
