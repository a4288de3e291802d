"""Results of networks in files: in pieces, and those that the page shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: What docs/performance.md shows, under version control: no machine has to measure everything.
SHOWN = Path(__file__).resolve().parent / "shown"


def keep(folder: Path, found: dict[str, Any]) -> None:
    """Writes a network's results; what was not measured this time stays as it was.

    Args:
        folder: Where results are.
        found: What `measure` returned.
    """
    path = folder / f"{found['name']} {found['size']}.json".replace(" ", "-").lower()
    before = json.loads(path.read_text()) if path.exists() else {}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_merged(before, _rounded(found)), indent=1) + "\n")


def kept(folder: Path) -> list[dict[str, Any]]:
    """All networks of a folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def _merged(before: Any, found: Any) -> Any:
    if not (isinstance(before, dict) and isinstance(found, dict)):
        return found
    return before | {key: _merged(before.get(key), value) for key, value in found.items()}


def _rounded(found: Any) -> Any:
    """Four digits: ratios spread by more than the second."""
    if isinstance(found, dict):
        return {key: _rounded(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_rounded(value) for value in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found
