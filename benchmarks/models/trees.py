"""The trees: the fixture, a checkout of slim's networks, and their migrated copies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.models.rows import Row
from benchmarks.object_detection_api import tree

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "fixtures" / "legacy" / "ssd_inception_v2"


@dataclass(frozen=True)
class Pair:
    """A legacy tree and its migrated copy."""

    old: Path
    new: Path


class Trees:
    """Rewrites what is asked for, once for each version of slimport.

    Args:
        checkout: A folder that holds `nets/nets_factory.py`; None for that of the Object Detection
            API's source distribution, which pip downloads.
        work: Folder outside the repository.
        as_they_are: Whether migrated copies of the run before are taken, whatever made them.
    """

    def __init__(self, checkout: Path | None, work: Path, as_they_are: bool = False) -> None:
        self._checkout, self._work, self._as_they_are = checkout, work, as_they_are

    def of(self, row: Row) -> Pair:
        """The trees of a network."""
        if not row.key:
            return self._pair(FIXTURE, "fixture")
        if self._checkout is None:
            self._checkout = tree.legacy_tree(self._work / "downloaded") / "slim"
        return self._pair(self._checkout.resolve(), "networks")

    def _pair(self, old: Path, name: str) -> Pair:
        new, stamp = self._work / name, self._work / f"{name}.json"
        key = [str(old), tree.rewriter_key()]
        kept = self._as_they_are and new.exists()
        if not kept and (not stamp.exists() or json.loads(stamp.read_text()) != key):
            tree.rewrite(old, new, self._work / f"{name}-rewrite.json")
            stamp.write_text(json.dumps(key))
        return Pair(old, new)
