"""The legacy trees that networks are in, and their migrated forms."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.object_detection_api import tree

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "fixtures" / "legacy" / "ssd_inception_v2"
ENTRIES = Path(__file__).resolve().parent / "entries"
DETECTORS = ROOT / "benchmarks" / "object_detection_api" / "entries"

#: Where the other benchmark keeps what it downloads.
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "slimport"


@dataclass(frozen=True)
class Tree:
    """A tree before and after.

    Attributes:
        legacy: Its root.
        old_paths: Where its imports begin beside that.
        paths: Where those of the migrated one begin.
    """

    legacy: Path
    old_paths: tuple[Path, ...]
    paths: tuple[Path, ...]


def trees(work: Path, names: set[str]) -> dict[str, Tree]:
    """Returns the trees of these names, rewritten by the slimport of this checkout."""
    found = {}
    if "fixture" in names:
        migrated = work / "fixture" / "migrated"
        migrated.parent.mkdir(parents=True, exist_ok=True)
        tree.rewrite(FIXTURE, migrated, work / "fixture" / "rewrite.json")
        found["fixture"] = Tree(FIXTURE, (), (migrated, ENTRIES))
    if names & {"slim", "detection"}:
        legacy = tree.legacy_tree(CACHE / "object-detection-api")
        migrated = tree.migrated_tree(work / "api", legacy).folder
        slim, more = Path("slim"), (ENTRIES, DETECTORS / "detectors", DETECTORS / "shared")
        found["slim"] = Tree(legacy / slim, (), (migrated / slim, migrated))
        found["detection"] = Tree(
            legacy, (legacy / slim, *more), (migrated, migrated / slim, *more)
        )
    return found


def cleared(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
