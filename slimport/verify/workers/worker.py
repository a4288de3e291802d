"""What both workers do alike: read the request, find the entry, run case by case, survive errors.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP035

from __future__ import annotations

import functools
import gc
import importlib
import os
import platform
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import loaded, values

#: Whose versions are reported, where they are imported; the last are those of references.
PACKAGES = (
    *("tensorflow", "keras", "tf_keras", "tf_slim", "numpy"),
    *("torch", "jax", "flax", "onnxruntime", "paddle", "mxnet", "chainer"),
)

Case = Any  # a case of the request: a dictionary of JSON values
RunMode = Callable[[Case, str], protocol.Answer]


class Stage:
    """Says what a worker was doing, so that a traceback has a headline."""

    current = "starting"

    @classmethod
    def enter(cls, text: str) -> None:
        """Names the step that begins now."""
        cls.current = text


def main(argv: list[str], start: Callable[[Any], RunMode]) -> int:
    """Answers every case of a request.

    Args:
        argv: The command line: script, request file.
        start: Prepares TensorFlow and returns the function that runs one mode of one case.

    Returns:
        0 once every case has an answer, be it an error.
    """
    request = protocol.read_json(Path(argv[1]))
    out = Path(request["out"])
    Temporary.parent = out / "temporary"
    sys.argv = argv[:1]
    enter_tree(request)
    loaded.watch(str(out))
    run_mode = start(request)
    # What TensorFlow has loaded stays. Keras collects garbage before each model: a quarter of the
    # time of small networks, were a million objects looked at each time.
    gc.freeze()
    protocol.write_json(out / protocol.ENVIRONMENT_FILE, environment())
    for case in request["cases"]:
        answer_case(case, out, run_mode)
    return 0


def enter_tree(request: Any) -> None:
    """Makes the modules of a request's tree importable, and its root the working directory."""
    root = Path(request["root"])
    for path in reversed(request["paths"]):
        sys.path.insert(0, str((root / path).resolve()))
    os.chdir(str(root))


def answer_case(case: Case, out: Path, run_mode: RunMode) -> None:
    """Runs the modes of one case and writes its answer; an exception becomes part of it."""
    folder = out / f"case-{case['index']}"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    meta: dict[str, Any] = {"name": case["name"], "error": None, "modes": {}}
    for mode in case["modes"]:
        try:
            Stage.enter("starting")
            _begin_generators(case)
            begun = time.time()
            answer = run_mode(case, mode)
            answer.meta["seconds"] = time.time() - begun
            meta["modes"][mode] = answer.save(folder, mode)
        except (Exception, SystemExit) as error:  # a legacy module may call sys.exit()
            meta["modes"][mode] = {"error": describe_error(error)}
        finally:
            Temporary.clear()
    meta["seconds"] = time.time() - started
    protocol.write_json(folder / loaded.LOADED_FILE, loaded.files())
    protocol.write_json(folder / protocol.META_FILE, meta)


def _begin_generators(case: Case) -> None:
    """Starts Python's and NumPy's own generators anew: cases before have drawn from them."""
    random.seed(case["seed"])
    np.random.seed(case["seed"])


def describe_error(error: BaseException) -> dict[str, str]:
    """Returns an exception as the protocol carries it."""
    return {
        "stage": Stage.current,
        "kind": type(error).__name__,
        "message": str(error),
        "traceback": "".join(
            traceback.format_exception(type(error), error, _own_frames_dropped(error))
        ),
    }


def _own_frames_dropped(error: BaseException) -> Any:
    """Returns the part of a traceback that begins in the tree, or all of it if none does."""
    found = error.__traceback__
    here = str(Path(__file__).parents[1])
    while found is not None and found.tb_frame.f_code.co_filename.startswith(here):
        found = found.tb_next
    return found or error.__traceback__


def environment() -> dict[str, str]:
    """Returns what produced the numbers: interpreter and the versions of what was imported."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    found["executable"] = sys.executable
    for name in PACKAGES:
        module = sys.modules.get(name)
        version = getattr(module, "real_version", None) or getattr(module, "__version__", None)
        if module is not None:
            found[name] = str(version) if version else "present"
    found["onednn"] = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default")
    return found


def resolve(name: str) -> Any:
    """Imports what ``package.module:attribute`` names.

    Raises:
        ImportError: The module cannot be imported.
        AttributeError: It has no such attribute.
    """
    module_name, _, attribute = name.partition(":")
    Stage.enter("importing " + name)
    found: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def arguments(given: Any, training_argument: str | None, training: bool) -> dict[str, Any]:
    """Returns keyword arguments: references resolved, the training flag added."""
    found = {name: _argument(value) for name, value in given.items()}
    if training_argument:
        found[training_argument] = training
    return found


def _argument(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"ref"}:
        return resolve(value["ref"])
    if isinstance(value, dict) and set(value) == {"path"}:
        return value["path"]
    if isinstance(value, dict) and set(value) == {"temporary"}:
        return Temporary.folder()
    if isinstance(value, dict):
        return {name: _argument(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_argument(item) for item in value]
    return value


def program(case: Case) -> Callable[[], Any]:
    """Returns the program of a training case, to be called, its flags set.

    What draws from Python's and NumPy's own generators begins anew.
    """
    entry = resolve(case["entry"])
    given = arguments(case["args"], None, False)
    _set_flags(case["flags"])
    _begin_generators(case)
    return lambda: entry(**given)


def _set_flags(given: Any) -> None:
    """Gives flags their values, and all others their defaults: a case before may have set them."""
    if not given and "absl.flags" not in sys.modules:
        return
    Stage.enter("setting the flags")
    flags = importlib.import_module("absl.flags")
    flags.FLAGS.unparse_flags()
    for name in flags.FLAGS:
        flags.FLAGS[name].unparse()
    given = {name: _argument(value) for name, value in given.items()}
    flags.FLAGS([sys.argv[0], *(f"--{name}={value}" for name, value in given.items())])


def is_written(function: Any) -> bool:
    """Whether the module that slimport writes into a tree defines a function."""
    module = sys.modules.get(getattr(function, "__module__", ""))
    return hasattr(module, "layer_defaults") or hasattr(module, "train_in_session")


class Temporary:
    """Folders that an argument asks for; they go once the case has its answer."""

    parent: Path | None = None
    made: list[Path] = []

    @classmethod
    def folder(cls) -> str:
        """Makes a folder."""
        assert cls.parent is not None
        cls.parent.mkdir(parents=True, exist_ok=True)
        cls.made.append(Path(tempfile.mkdtemp(dir=str(cls.parent))))
        return str(cls.made[-1])

    @classmethod
    def clear(cls) -> None:
        """Removes them."""
        while cls.made:
            shutil.rmtree(str(cls.made.pop()), ignore_errors=True)


def input_values(case: Case) -> list[Any]:
    """Draws the inputs of a case, in order."""
    seed = case["seed"]
    return [
        values.input_value(spec, index, case["name"], seed)
        for index, spec in enumerate(case["inputs"])
    ]


def floating_inputs(case: Case, tensors: Any) -> dict[str, Any]:
    """The input tensors of a case that have gradients, by the names that these go by."""
    return {
        protocol.input_name(spec, index): tensor
        for index, (spec, tensor) in enumerate(zip(case["inputs"], tensors))
        if tensor.dtype.is_floating
    }


def start_value(case: Case, name: str, shape: Any, dtype: str) -> Any:
    """The value that a variable begins with: that of the case's checkpoint, or a random one.

    Raises:
        KeyError: The checkpoint has no such variable, or it has another shape.
    """
    if case.get("weights") is None:
        return values.variable_value(name, shape, dtype, case["seed"])
    reader = _reader(case["weights"])
    shapes = reader.get_variable_to_shape_map()
    if shapes.get(name) != [int(size) for size in shape]:
        there = shapes.get(name, "nothing of this name")
        raise KeyError(f"{name}: {list(shape)} here, {there} in {case['weights']}")
    return reader.get_tensor(name)


@functools.lru_cache(maxsize=1)
def _reader(path: str) -> Any:
    import tensorflow as tf

    return tf.train.load_checkpoint(path)


def bind_inputs(case: Case, tensors: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Splits input tensors into positional and keyword arguments of the entry."""
    pairs = list(zip([spec.get("name") for spec in case["inputs"]], tensors))
    positional = [tensor for name, tensor in pairs if name is None]
    return positional, {name: tensor for name, tensor in pairs if name is not None}


def is_left_out(name: str) -> bool:
    """Tells whether a variable is no part of a network.

    The step counter belongs to training scripts; the state of Keras' random generators has no
    legacy counterpart.
    """
    return name.rsplit("/", 1)[-1] == "global_step" or "seed_generator" in name
