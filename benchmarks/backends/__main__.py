"""Migrated networks on Keras' other backends: one table of what is equal, and what stops.

    python -m benchmarks.backends --python other/bin/python --work DIR [--write]

The other interpreter needs Keras, h5py and the backends; without TensorFlow it shows most. Each
network runs on TensorFlow, which makes the weights, and on the others, in both precisions.
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

import numpy as np

from benchmarks.backends import by_hand
from benchmarks.backends.rows import BY_HAND, OF_SLIM, Row, rows
from benchmarks.backends.table import WITHOUT_FLOAT64, write
from benchmarks.object_detection_api import tree
from slimport.written.assemble import assemble

FLOATS = ("float32", "float64")
WORKER = Path(__file__).with_name("worker.py")


def main() -> None:
    """Compares the networks that are asked for and prints the table of all that were ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the repository")
    parser.add_argument("--tree", type=Path, help="a checkout with nets/; else pip downloads one")
    parser.add_argument("--python", help="the interpreter that has the other backends")
    parser.add_argument("--backend", nargs="+", default=["torch", "jax"], help="torch, jax")
    parser.add_argument("--only", nargs="*", default=(), help="names of networks")
    parser.add_argument("--write", action="store_true", help="write the table of docs/backends.md")
    options = parser.parse_args()
    kept = options.work / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    migrated = migrated_trees(options.tree, options.work)
    migrated["by hand"] = migrated_by_hand(options.tree, options.work)
    for row in rows(migrated["nets"]):
        if options.python and (not options.only or row.name in options.only):
            found = compared(row, migrated, options)
            results.setdefault(row.name, {}).update(found)
            kept.write_text(json.dumps(results, indent=1))
            print(row.name, json.dumps(found), flush=True)
    write(results, [row.name for row in rows(migrated["nets"])], options.write)


def migrated_trees(checkout: Path | None, work: Path) -> dict[str, Path]:
    """Rewrites the networks, and writes a module that holds those of slim itself."""
    work.mkdir(parents=True, exist_ok=True)
    nets, own = work / "nets_tree", work / "slim_tree"
    if not nets.exists():
        legacy = checkout or tree.legacy_tree(work / "downloaded") / "slim"
        tree.rewrite(legacy, nets, work / "rewrite.json")
    own.mkdir(exist_ok=True)
    names = {*OF_SLIM, *OF_SLIM.values(), "layer_defaults"}
    (own / "scoped_layers.py").write_text(assemble(names), "utf-8")
    return {"nets": nets, "slim": own}


def migrated_by_hand(checkout: Path | None, work: Path) -> Path:
    """Rewrites the networks once more, with some lines of MobileNet changed before."""
    legacy, new = work / "changed_by_hand", work / "by_hand_tree"
    if not new.exists():
        shutil.copytree(checkout or tree.legacy_tree(work / "downloaded") / "slim", legacy)
        by_hand.change(legacy)
        tree.rewrite(legacy, new, work / "rewrite_by_hand.json")
    return new


def compared(row: Row, migrated: dict[str, Path], options: Any) -> dict[str, Any]:
    """Runs one network on each side; returns what stopped it, or its differences by backend."""
    folder = options.work / "answers"
    folder.mkdir(exist_ok=True)
    ask = {
        "tree": str(migrated[tree_of(row)].resolve()),
        "weights": str(folder / "all.weights.h5"),
        "network": row.network,
        "scope": row.scope,
        "classes": 11,
        "shape": row.shape,
        "floats": FLOATS,
    }
    try:
        reference = run(ask, folder / "reference", sys.executable, "tensorflow", makes=True)
        if reference["stopped"]:
            return {"stopped": reference["stopped"]}
        found: dict[str, Any] = {"stopped": None}
        for backend in options.backend:
            floats = FLOATS[:1] if backend in WITHOUT_FLOAT64 else FLOATS
            other = run({**ask, "floats": floats}, folder / backend, options.python, backend)
            if other["stopped"]:
                found[backend] = {"stopped": other["stopped"]}
                continue
            arrays = reference["arrays"]
            kept = {name: arrays[name] for name in arrays if kind_of(name).split()[-1] in floats}
            found[backend] = differences(kept, other["arrays"])
            found[backend]["without_tensorflow"] = not other["tensorflow"]
        return found
    finally:
        shutil.rmtree(folder)


def tree_of(row: Row) -> str:
    """Which of the migrated trees a network is taken from."""
    if row.name.startswith("slim."):
        return "slim"
    return "by hand" if row.name.endswith(BY_HAND) else "nets"


def run(
    ask: dict[str, Any], folder: Path, python: str, backend: str, makes: bool = False
) -> dict[str, Any]:
    """One process of one side.

    Raises:
        RuntimeError: If it ended without an answer.
    """
    folder.mkdir()
    request = folder / "request.json"
    request.write_text(json.dumps({**ask, "folder": str(folder), "makes_weights": makes}))
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_ENABLE_X64": "1",
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # one step: compiling is what takes long
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": "",
    }
    command = [python, str(WORKER), str(request)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if not (folder / "answer.json").exists():
        raise RuntimeError(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    with np.load(folder / "answer.npz") as arrays:
        answer["arrays"] = dict(arrays)
    return answer


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """The largest difference of each kind, relative to the largest value of its tensor.

    Raises:
        ValueError: If one side has tensors that the other lacks.
    """
    if one.keys() != other.keys() or not one:
        raise ValueError(f"other tensors: {sorted(one.keys() ^ other.keys())[:5]}")
    largest: dict[str, float] = {"tensors": len(one)}
    for name, value in one.items():
        kind = kind_of(name)
        scale = float(np.max(np.abs(value))) or 1.0
        off = float(np.max(np.abs(value - other[name]))) / scale
        if not np.isfinite(off):
            raise ValueError(f"{name} is not finite")
        largest[kind] = max(largest.get(kind, 0.0), off)
    return largest


def kind_of(name: str) -> str:
    """What an array is, and in which precision: `outputs float32` of `outputs float32/0`."""
    return name.partition("/")[0]


if __name__ == "__main__":
    main()
