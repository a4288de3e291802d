"""Exports of migrated networks: equality, size, latency, and what is folded.

python -m benchmarks.export --work DIR [--tree CHECKOUT] [--only NAMES] [--write]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.backends.__main__ import migrated_trees
from benchmarks.backends.rows import rows
from benchmarks.export.table import write
from benchmarks.object_detection_api import tree

#: What docs/export.md shows, under version control: no machine has to measure everything.
SHOWN = Path(__file__).resolve().parent / "shown.json"

#: Networks and the sizes of their images.
SIZES = {
    "inception_v1": 224,
    "inception_v2": 224,
    "inception_v3": 299,
    "resnet_v1_50": 224,
    "resnet_v2_50": 225,
    "mobilenet_v1": 224,
    "mobilenet_v2": 224,
    "mobilenet_v3_small": 224,
    "nasnet_mobile": 224,
    "vgg_16": 224,
}
#: The fixture's detector, which is no network of slim's.
DETECTOR = "ssd_inception_v2"
FIXTURE = Path(__file__).parents[2] / "fixtures" / "legacy" / DETECTOR


def main() -> None:
    """Measures what is asked for and prints the table of all that were ever measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the repository")
    parser.add_argument("--tree", type=Path, help="a checkout with nets/; else pip downloads one")
    parser.add_argument("--only", nargs="*", default=(), help="names of networks")
    parser.add_argument("--write", action="store_true", help="write the table of docs/export.md")
    options = parser.parse_args()
    old = options.tree or tree.legacy_tree(options.work / "downloaded") / "slim"
    new = migrated_trees(options.tree, options.work)["nets"]
    kept = options.work / "exported.json"
    results = read(kept)
    asks: dict[str, dict[str, Any]] = {}
    for row in rows(new):
        if row.name in SIZES and row.name in options.only:
            trees = {"old": str(old), "new": str(new)}
            asks[row.name] = {**trees, "network": row.network, "scope": row.scope}
            asks[row.name] |= {"size": SIZES[row.name], "classes": 1001}
    if DETECTOR in options.only:
        asks[DETECTOR] = detector(options.work / "detector_tree")
    for name, ask in asks.items():
        results[name] = exported(ask, options.work / "exports")
        kept.write_text(json.dumps(results, indent=1))
        print(name, json.dumps(results[name]), flush=True)
    if options.write:
        results = read(SHOWN) | results
        SHOWN.write_text(json.dumps(results, indent=1) + "\n")
    write(results, [*SIZES, DETECTOR], options.write)


def detector(new: Path) -> dict[str, Any]:
    """What is asked about the detector, at the size and with the classes of its checkpoint."""
    tree.rewrite(FIXTURE, new, new.with_suffix(".json"))
    entry = "benchmarks.export.entries.detector:raw_predictions"
    trees = {"old": str(FIXTURE), "new": str(new)}
    return {**trees, "network": entry, "scope": "", "size": 300, "classes": 90}


def read(path: Path) -> dict[str, Any]:
    """Results by network; none where there is no file."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def exported(ask: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Both sides, one process after the other.

    Raises:
        RuntimeError: If a side ended without an answer.
    """
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir()
    try:
        request = folder / "request.json"
        request.write_text(json.dumps({**ask, "folder": str(folder)}))
        for side, made in (("old_side", "old.npz"), ("new_side", "new.json")):
            environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
            command = [sys.executable, "-m", f"benchmarks.export.{side}", str(request)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if not (folder / made).exists():
                raise RuntimeError(done.stderr[-3000:])
        found: dict[str, Any] = json.loads((folder / "new.json").read_text())
        return found
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
