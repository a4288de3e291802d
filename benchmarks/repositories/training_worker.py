"""Runs a training script for some steps, from given weights, and writes down its losses.

A script: ``python training_worker.py REQUEST.json``. The script runs as `__main__`, as its author
wrote it or as it was rewritten. What it hands to `Session.run` is watched: once it has run its
initialisation, trainable variables and moving statistics get the values that `slimport verify`
gives them, and each later run of a training operation together with scalars is a step.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import sys
import traceback
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

sys.path[0:1] = [str(HERE.parents[1]), str(HERE / "entries" / "shared")]
import absent  # noqa: E402

from slimport.verify.workers import migrated, randomness, stand_in, values  # noqa: E402

del sys.path[:2]

INITIALISES = re.compile(r"(.*/)?init(_\d+)?$")
STATISTICS = ("moving_mean", "moving_variance")


class Enough(BaseException):
    """Ends the script after its last step; no `except Exception` of its own holds it up."""


class Watch:
    """What is done around each `Session.run` of the script."""

    def __init__(self, request: Any) -> None:
        self.steps, self.seed, self.moved = request["steps"], request["seed"], request["moved"]
        self.losses: list[list[float]] = []
        self.variables: list[str] = []

    def install(self) -> None:
        """Wraps the method through which every session runs."""
        session: Any = importlib.import_module("tensorflow.python.client.session").BaseSession
        run = session.run

        def watched(held: Any, fetches: Any, *args: Any, **keywords: Any) -> Any:
            found = run(held, fetches, *args, **keywords)
            if not self.losses and _initialises(fetches):
                self._assign(held)
            self._record(fetches, found)
            return found

        session.run = watched

    def _assign(self, session: Any) -> None:
        """Loads the shared values into the variables of the network, not into slots."""
        graph = session.graph
        trainable = graph.get_collection("trainable_variables")
        statistics = [
            v for v in graph.get_collection("variables") if v.op.name.endswith(STATISTICS)
        ]
        self.variables = []
        for variable in dict.fromkeys([*map(_Same, trainable), *map(_Same, statistics)]):
            variable = variable.held
            name, kind = variable.op.name, variable.dtype.base_dtype.as_numpy_dtype
            value = values.variable_value(name, variable.get_shape().as_list(), kind, self.seed)
            variable.load(values.one_ulp_away(value, name) if self.moved else value, session)
            self.variables.append(name)

    def _record(self, fetches: Any, found: Any) -> None:
        leaves, results = _leaves(fetches), _leaves(found)
        if not any(hasattr(leaf, "node_def") for leaf in leaves):  # no operation, no training
            return
        step = [
            float(r) for r in results if getattr(r, "shape", None) == () and r.dtype.kind == "f"
        ]
        if step:
            self.losses.append(step)
        if len(self.losses) == self.steps:
            raise Enough


class _Same:
    """A variable that is equal to itself: TensorFlow's own equality makes a tensor."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def _initialises(fetches: Any) -> bool:
    return any(INITIALISES.match(getattr(leaf, "name", None) or "") for leaf in _leaves(fetches))


def _leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in _leaves(item)]
    return [structure]


def main(request: Any) -> None:
    """Answers a request: losses by step, names of the variables, and the error, if any."""
    root = Path(request["root"])
    os.chdir(root)
    sys.path[:0] = [str((root / path).resolve()) for path in request["paths"]]
    script = root / request["script"]
    sys.path.insert(0, str(script.parent))
    sys.argv = [str(script), *request["arguments"]]
    _prepare(request["side"])
    absent.install(*request["absent"])
    watch, error = Watch(request), ""
    watch.install()
    try:
        if request["data"]:
            sys.path.append(str(HERE / "entries" / "training"))
            importlib.import_module(request["data"]).prepare()
        _run(script, request["constants"])
    except Enough:
        pass
    except BaseException:  # sys.exit() too
        error = traceback.format_exc()
    answer = {"losses": watch.losses, "variables": watch.variables, "error": error}
    Path(request["out"]).write_text(json.dumps(answer, indent=1))


def _prepare(side: str) -> None:
    import tensorflow as tf

    if side == "tf1":
        stand_in.install()
        tf = sys.modules["tensorflow"]
    else:
        import keras  # noqa: F401

        migrated.forbid_old_libraries()
    randomness.install(tf)


def _run(script: Path, constants: dict[str, Any]) -> None:
    """Runs a script as `__main__`, with other values in its assignments of some constants."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    left = set(constants)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name = getattr(node.targets[0], "id", None)
            if name in constants:
                left.discard(name)
                node.value = ast.copy_location(ast.Constant(constants[name]), node.value)
    if left:
        raise ValueError(f"{script.name} has no constant {', '.join(sorted(left))}")
    module = types.ModuleType("__main__")
    module.__file__ = str(script)
    sys.modules["__main__"] = module
    exec(compile(tree, str(script), "exec"), module.__dict__)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
    # Queue runners may still wait for a session that nobody will ask again.
    os._exit(0)
