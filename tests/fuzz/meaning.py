"""`python -m tests.fuzz.meaning`: random networks, old and new, until the time is over.

One of three is in several files. Many networks make one tree, so that each side starts TensorFlow
once. What the old side cannot build says nothing and is counted; everything else must be equal, or
marked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from slimport.rewrite.tree import rewrite_tree
from slimport.verify.result import CaseResult
from slimport.verify.run import Settings, verify
from tests.fuzz.nets import network
from tests.fuzz.packages import package

#: Networks of few layers have noise floors so low that another order of sums is above them.
NOISE = 2e-5
#: Two updates of one moving average in one step of a graph: TensorFlow gives them no order.
NO_ORDER = 2e-3
_CASE = """
[[case]]
name = "{name}"
entry = "{name}:net"
training_argument = "is_training"
modes = ["{mode}"]
places = {places}
inputs = [{{ shape = [3, 17, 15, 3], low = -1.0, high = 1.0 }}]
"""


# What a session runs becomes factories, which alone are meant for TensorFlow 1's graphs.
_SESSION = """

def run(values):
    import tensorflow as tf
    images = tf.placeholder(tf.float32, [3, 17, 15, 3])
    network, _ = net(images)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(network, {images: values})
"""


def program(seed: int, graph: bool = False) -> tuple[str, dict[str, str]]:
    """The module that has a program's ``net``, and the texts of its files.

    Args:
        seed: which.
        graph: whether a session runs it.
    """
    name, files = f"net_{seed}", {f"net_{seed}.py": network(seed)}
    if seed % 3 == 2:
        name, files = f"main_{seed}", package(seed, f"_{seed}")
    if graph:
        files[f"{name}.py"] += _SESSION
    return name, files


def batch(seeds: Iterable[int], folder: Path, graph: bool) -> dict[str, str]:
    """Rewrites and compares one program for each seed; what is found of each, by its module."""
    old, new = folder / "old", folder / "new"
    programs = dict(program(seed, graph) for seed in seeds)
    owners = {path: name for name, files in programs.items() for path in files}
    for path, text in ((p, t) for files in programs.values() for p, t in files.items()):
        _put(old / path, text.encode())
        _put(new / path, text.encode())
    done = rewrite_tree(old, jobs=1)
    for output, data in done.outputs.items():
        _put(new / output, data)
    found: dict[str, str] = {}
    for file in done.report.files:
        name = owners.get(file.path, file.path)
        if file.error:
            found[name] = f"refused: {file.error}"
        elif file.left:
            found.setdefault(name, "marked")
    places = '["model", "graph"]' if graph else '["model"]'
    names = [name for name in programs if name not in found]
    cases = folder / "cases.toml"
    modes = ("training", "inference")
    texts = [
        _CASE.format(name=name, places=places, mode=modes[number % 2])
        for number, name in enumerate(names)
    ]
    cases.write_text("".join(texts))
    if names:
        result = verify(cases, old, new, Settings(jobs=1, locate=False))
        found |= {case.name: verdict(case) for case in result.cases}
    return found


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _keep(folder: Path, name: str, text: str, place: Path) -> None:
    """Keeps both sides of a program, and what was found."""
    seed = int(name.rpartition("_")[2])
    for path in program(seed)[1]:
        for side in ("old", "new"):
            _put(place / name / side / f"{path}.txt", (folder / side / path).read_bytes())
    (place / name / "why.txt").write_text(f"{text}\n")


def verdict(case: CaseResult) -> str:
    """What a comparison says: "equal", "no old side", "no new side", or how the sides differ."""
    if case.status.is_good:
        return "equal"
    errors = {side: trace for mode in case.modes for side, trace in mode.errors.items()}
    if "old" in errors:
        return "no old side"
    if errors:
        return f"no new side: {errors['new'].strip().splitlines()[-1]}"
    for mode in case.modes:
        for tensor in mode.tensors:
            in_any_order = mode.mode.startswith("graph") and tensor.group == "update"
            noise = NO_ORDER if in_any_order else NOISE
            if not tensor.status.is_good and (tensor.relative is None or tensor.relative > noise):
                size = f" ({tensor.relative:.1e})" if tensor.relative is not None else ""
                where = f"{mode.mode}, {tensor.group} {tensor.name}{size}"
                return f"{tensor.status}: {where}: {tensor.why}"
    return "equal" if any(mode.tensors for mode in case.modes) else f"{case.status}"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz.meaning")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--size", type=int, default=24, help="networks that run together")
    options.add_argument("--keep", type=Path, help="folder for trees with a difference")
    options.add_argument(
        "--graph", action="store_true", help="in TensorFlow 1 graphs, too, with sessions"
    )
    given = options.parse_args()
    start, seed, found = time.monotonic(), given.seed, Counter[str]()
    while time.monotonic() - start < given.seconds:
        seeds = range(seed, seed + given.size)
        seed += given.size
        with tempfile.TemporaryDirectory() as folder:
            results = batch(seeds, Path(folder), given.graph)
            for name, text in results.items():
                found[text.partition(":")[0]] += 1
                if text in ("equal", "marked", "no old side"):
                    continue
                print(f"{name}: {text}", flush=True)
                if given.keep is not None and name[-1].isdigit():
                    _keep(Path(folder), name, text, given.keep)
    print(", ".join(f"{count} {text}" for text, count in found.most_common()))
    print(f"seeds {given.seed} to {seed - 1}")
    sys.exit(1 if found.keys() - {"equal", "marked", "no old side"} else 0)


if __name__ == "__main__":
    main()
