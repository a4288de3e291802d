"""Old and new on one image: the numbers behind `slimport weights --verify`."""

from __future__ import annotations

import inspect
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.case_files import cases
from slimport.verify.comparing.answered import Answered
from slimport.verify.comparing.compare import compare_mode
from slimport.verify.result import ModeResult, Status
from slimport.verify.run import Settings
from slimport.verify.running.requests import FLOOR_RUNS, make_side
from slimport.verify.workers import perturbations, worker
from slimport.verify.workers.values import one_ulp_away
from slimport.weights.blueprint import Blueprint, Built
from slimport.weights.checkpoints import write_checkpoint
from slimport.weights.errors import CheckError
from slimport.weights.images import Shown, image
from slimport.weights.old_graphs import OldGraph, is_graph

Array = np.ndarray[Any, Any]
Values = Mapping[str, Array]
Sizes = tuple[int | None, ...]


@dataclass(frozen=True)
class Old:
    """The old side.

    Attributes:
        path: A graph (frozen, SavedModel, .meta) or the root of the legacy tree.
        entry: In a tree, `package.module:function`; as in the migrated one when `None`.
        input: In a graph, the tensor that takes the image.
        outputs: In a graph, tensors by the names of the model's outputs.
        checkpoint: What a .meta file's variables are restored from.
        python: The interpreter for a tree; this one when `None`.
        paths: Where imports of a tree begin beside its root.
        switch: The argument that tells its functions whether they are to train.
    """

    path: Path
    entry: str | None = None
    input: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    checkpoint: Path | None = None
    python: str | None = None
    paths: tuple[str, ...] = ()
    switch: str = "is_training"


def check(
    built: Built, blueprint: Blueprint, old: Old, shown: Shown, values: Callable[[], Values]
) -> ModeResult:
    """Runs the old code or graph and the converted model on the same image.

    Args:
        built: The model, which holds what its file holds.
        blueprint: How it was made.
        old: The old side.
        shown: The image.
        values: Reads all values of the source file, by the model's names; called for a tree.

    Returns:
        Every output, compared; the tolerance of a tree's is that of `slimport verify`.

    Raises:
        CheckError: A side cannot run, or no output is common.
        ImageError: The image cannot be read.
        OldGraphError: The graph cannot be run.
    """
    if is_graph(old.path):
        return _beside_graph(built, blueprint, old, shown)
    return _beside_tree(built, blueprint, old, shown, values)


def _beside_graph(built: Built, blueprint: Blueprint, old: Old, shown: Shown) -> ModeResult:
    graph = OldGraph(old.path, old.checkpoint)
    fed = graph.input(old.input)
    dtype = fed.dtype.as_numpy_dtype
    given = _shown_to_both(shown, _input_of(built, blueprint), fed)
    new = _new_answer(built, given)
    outputs = [entry["name"] for entry in new.meta["tensors"]]
    wanted = graph.fetches(outputs, old.outputs)
    answer = _answer_of(graph, fed, given.astype(dtype), wanted)
    # What a graph has no tensor for was not asked of it, and is no difference.
    asked = [entry for entry in new.meta["tensors"] if entry["name"] in wanted]
    unasked = [name for name in outputs if name not in wanted]
    notes = [f"not compared, the graph has no tensor of that name: {name}" for name in unasked]
    new = Answered({**new.meta, "tensors": asked, "variables": [], "notes": notes}, new.arrays)
    case = _case(blueprint, old, given)
    return _proof(compare_mode(case, protocol.INFERENCE, _answered(answer), new))


def _answer_of(graph: OldGraph, fed: Any, given: Array, wanted: Mapping[str, str]) -> Any:
    """The outputs, with what one ulp of the image does to them: other kernels round otherwise.

    A graph with its weights in it is run as it is; `slimport verify` moves the weights, too.
    """
    answer = protocol.Answer("graph")
    nudged = [
        graph.run(fed, one_ulp_away(given, number, "i", 0), wanted) for number in range(FLOOR_RUNS)
    ]
    for order, (name, value) in enumerate(graph.run(fed, given, wanted).items()):
        floors = perturbations.floors(value, {perturbations.ULP: [found[name] for found in nudged]})
        answer.tensor(protocol.OUTPUT, name, value, order, floors)
    return answer


def _proof(found: ModeResult) -> ModeResult:
    """Outputs that are zero or not finite all over would be so with other weights, too."""
    scales = [t.scale for t in found.of(protocol.OUTPUT) if t.scale is not None]
    if found.status is not Status.EQUAL or not scales or any(scales):
        return found
    note = "every output is zero or not finite, on both sides: that proves nothing"
    return replace(found, status=Status.NOTHING, notes=[*found.notes, note])


def _shown_to_both(shown: Shown, wanted: tuple[Sizes, str] | None, fed: Any) -> Array:
    """Sizes that the model leaves open are those of the graph, and whole numbers stay whole."""
    dtype = np.dtype(fed.dtype.as_numpy_dtype)
    if wanted is None:
        return image(shown, _sizes(fed.shape), dtype.name)
    shape, own = wanted
    if fed.shape.rank == len(shape):
        pairs = zip(shape, fed.shape.as_list(), strict=True)
        shape = tuple(other if size is None else size for size, other in pairs)
    given = image(shown, shape, dtype.name if dtype.kind in "iu" else own)
    return given if np.dtype(own).kind in "iu" else given.astype(own)


def _sizes(shape: Any) -> Sizes:
    if shape.rank is None:
        raise CheckError("the graph leaves the rank of its input open: give --input SHAPE")
    return tuple(shape.as_list())


def _input_of(built: Built, blueprint: Blueprint) -> tuple[Sizes, str] | None:
    """Shape and dtype of the model's only input, as far as either says it."""
    inputs = blueprint.inputs or getattr(built.model, "inputs", None) or []
    if len(inputs) > 1:
        raise CheckError(f"the model has {len(inputs)} inputs: --verify shows one image")
    return (tuple(inputs[0].shape), inputs[0].dtype) if inputs else None


def _new_answer(built: Built, given: Array) -> Answered:
    import keras
    import tensorflow as tf

    started = time.monotonic()
    try:
        found = built.model(tf.constant(given), training=False)
    except Exception as error:  # its own code may raise anything
        raise CheckError(f"the model fails on an input of shape {given.shape}: {error}") from error
    answer = protocol.Answer("model")
    for name, variable in built.variables.items():
        dtype = keras.backend.standardize_dtype(variable.dtype)
        answer.variable(name, list(variable.shape), dtype, bool(variable.trainable))
    leaves = protocol.flatten(found, tf.is_tensor)
    for order, (name, value) in enumerate(leaves):
        if tf.is_tensor(value):
            answer.tensor(protocol.OUTPUT, name, value.numpy(), order)
        else:
            answer.constant(name, value, order)
    answer.meta["seconds"] = time.monotonic() - started
    return _answered(answer)


def _answered(answer: protocol.Answer) -> Answered:
    return Answered(answer.meta, answer.arrays)


def _case(
    blueprint: Blueprint, old: Old, given: Array, file: str | None = None, **more: Any
) -> cases.Case:
    scope, args, scope_args = blueprint.arg_scope, blueprint.args, blueprint.arg_scope_args
    call = cases.SideCall(
        entry=old.entry or blueprint.entry,
        arg_scope=scope,
        args=args,
        arg_scope_args=scope_args,
        training_argument=_training_argument(old.switch, blueprint.entry, args),
        arg_scope_training_argument=None
        if scope is None
        else _training_argument(old.switch, scope, scope_args, hands_on=True),
    )
    spec = cases.Input(given.shape, given.dtype.name, file=file)
    return cases.Case("weights", call, call, (spec,), modes=(protocol.INFERENCE,), **more)


def _training_argument(
    name: str, entry: str, args: Mapping[str, Any], hands_on: bool = False
) -> str | None:
    """The old code's switch: a Keras model is told when it is called, a graph when it is built.

    With `hands_on` a function of `**kwargs` takes it, too: `mobilenet_v2.training_scope` hands them
    all to a scope that has the switch, and trains unless it is told.
    """
    parameters = inspect.signature(worker.resolve(entry)).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    takes = name in parameters or (hands_on and inspect.Parameter.VAR_KEYWORD in kinds)
    return name if takes and name not in args else None


def _beside_tree(
    built: Built, blueprint: Blueprint, old: Old, shown: Shown, values: Callable[[], Values]
) -> ModeResult:
    """Runs the legacy function in the old worker of `slimport verify`, on the file's values."""
    spec = _input_of(built, blueprint)
    if spec is None:
        raise CheckError("the model does not say the shape of its input: give --input SHAPE")
    given = image(shown, *spec)
    with tempfile.TemporaryDirectory(prefix="slimport-weights-") as name:
        folder = Path(name)
        np.save(folder / "image.npy", given)
        write_checkpoint(folder / "values", values())
        files = {"file": str(folder / "image.npy"), "weights": str(folder / "values")}
        case = _case(blueprint, old, given, **files)
        file = cases.CaseFile(
            Path("weights"), old.path, None, (".", *old.paths), (".",), 0, (case,)
        )
        settings = Settings(old_python=old.python)
        side = make_side("old", file, {"old": old.path.resolve()}, settings, folder)
        try:
            side.run()
        except OSError as error:
            raise CheckError(f"{old.python} cannot run: {error}") from error
        answer = side.answer(0, protocol.INFERENCE)
    return _proof(compare_mode(case, protocol.INFERENCE, answer, _new_answer(built, given)))
