"""`python -m tests.fuzz.meaning`: random networks, old and new, until the time is over.

Many networks make one tree, so that each side starts TensorFlow once. What the old side cannot
build says nothing and is counted; everything else must be equal, or marked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path, PurePosixPath

from slimport.rewrite.tree import rewrite_tree
from slimport.verify.result import CaseResult
from slimport.verify.run import Settings, verify
from tests.fuzz.nets import network

#: Networks of few layers have noise floors so low that another order of sums is above them.
NOISE = 2e-5
_CASE = """
[[case]]
name = "{name}"
entry = "{name}:net"
training_argument = "is_training"
modes = ["{mode}"]
places = {places}
inputs = [{{ shape = [3, 17, 15, 3], low = -1.0, high = 1.0 }}]
"""


def batch(seeds: range, folder: Path, graph: bool) -> dict[str, str]:
    """Rewrites and compares one network for each seed; what is found of each, by its name."""
    old, new = folder / "old", folder / "new"
    old.mkdir()
    new.mkdir()
    for seed in seeds:
        (old / f"net_{seed}.py").write_text(network(seed))
    done = rewrite_tree(old, jobs=1)
    for path in old.iterdir():
        (new / path.name).write_bytes(path.read_bytes())
    for path, data in done.outputs.items():
        (new / path).write_bytes(data)
    found = {}
    for file in done.report.files:
        name = PurePosixPath(file.path).stem
        if file.error:
            found[name] = f"refused: {file.error}"
        elif file.left:
            found[name] = "marked"
    places = '["model", "graph"]' if graph else '["model"]'
    names = [f"net_{seed}" for seed in seeds if f"net_{seed}" not in found]
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
            if not tensor.status.is_good and (tensor.relative is None or tensor.relative > NOISE):
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
    options.add_argument("--graph", action="store_true", help="in TensorFlow 1 graphs, too")
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
                if given.keep is not None:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    for side in ("old", "new"):
                        code = Path(folder, side, f"{name}.py").read_text()
                        (given.keep / f"{name}.{side}.txt").write_text(f"# {text}\n{code}")
    print(", ".join(f"{count} {text}" for text, count in found.most_common()))
    print(f"seeds {given.seed} to {seed - 1}")
    sys.exit(1 if found.keys() - {"equal", "marked", "no old side"} else 0)


if __name__ == "__main__":
    main()
