"""What a side is asked: the cases of a file as the protocol carries them, and who answers."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimport.verify import protocol
from slimport.verify.case_files import cases
from slimport.verify.running.cache import AnswerCache
from slimport.verify.running.news import silent
from slimport.verify.running.sides import OWN_WORKER, SCRIPTS, Side

if TYPE_CHECKING:
    from slimport.verify.run import Settings

#: Perturbed runs of the old side per mode, whose largest change is the noise floor.
FLOOR_RUNS = 2

#: Modes of the side that runs migrated code in a TensorFlow 1 graph.
GRAPH_MODES = {
    protocol.INFERENCE: protocol.GRAPH_INFERENCE,
    protocol.TRAINING: protocol.GRAPH_TRAINING,
    protocol.STEPS: protocol.GRAPH_STEPS,
}


def make_side(
    name: str,
    file: cases.CaseFile,
    roots: Mapping[str, Path],
    settings: Settings,
    folder: Path,
) -> Side:
    """Returns one side of a run, its request ready; nothing runs yet."""
    here = Path(__file__).resolve().parents[1] / "workers"
    is_old = name == "old"
    out = folder / name
    request = {
        "protocol": protocol.PROTOCOL_VERSION,
        "side": file.old_side if is_old else name,
        "root": str(roots["old" if is_old else "new"]),
        "paths": list(file.old_paths if is_old else file.new_paths),
        "out": str(out),
        "floor_runs": FLOOR_RUNS if is_old else 0,
        "cases": _requests(file, name, settings.float64),
    }
    script = SCRIPTS[file.old_side if is_old else name]
    if is_old and file.old_worker is not None:
        script, request["worker"] = OWN_WORKER, str(file.old_worker)
    is_legacy = is_old and file.old_side == "old"
    return Side(
        name=name,
        script=here / script,
        python=(settings.old_python or sys.executable) if is_legacy else sys.executable,
        folder=out,
        request=request,
        timeout=settings.timeout,
        progress=settings.progress or silent,
        cache=None if settings.cache is None else AnswerCache(settings.cache),
    )


def _requests(file: cases.CaseFile, side: str, float64: bool) -> list[dict[str, Any]]:
    """The cases that a side runs."""
    of_all = {"smooth": file.old_worker is None, "float64": float64}
    return [
        {**of_all, **_request(case, side, place, file.seed)}
        for place, case in enumerate(file.cases)
        if _modes_of(case, side)
    ]


def _request(case: cases.Case, side: str, place: int, seed: int) -> dict[str, Any]:
    """Returns a case as the protocol carries it to one side."""
    call = case.old if side == "old" else case.new
    training = case.training
    more = {} if training is None else dataclasses.asdict(training)
    return {
        **more,
        "index": place,
        "name": case.name,
        "seed": seed if case.seed is None else case.seed,
        "entry": call.entry,
        "arg_scope": call.arg_scope,
        "args": dict(call.args),
        "arg_scope_args": dict(call.arg_scope_args),
        "training_argument": call.training_argument,
        "arg_scope_training_argument": call.arg_scope_training_argument,
        "modes": _modes_of(case, side),
        "initial_mode": _initial_mode(case, side),
        "inputs": [dataclasses.asdict(item) for item in case.inputs],
        "weights": case.weights,
        "open_batch": case.open_batch,
        "gradients": case.gradients,
        "no_gradient_outputs": [*case.discrete, *case.ignore],
    }


def comparisons(case: cases.Case) -> list[tuple[str, str, str]]:
    """Returns the comparisons of a case: the new side that runs, its mode, the old side's mode."""
    found = []
    takes_training = case.new.training_argument or case.new.arg_scope_training_argument
    if cases.MODEL in case.places:
        found += [("new", mode, mode) for mode in case.modes]
        if protocol.INFERENCE in case.modes and takes_training and case.built_once:
            found.insert(1, ("new", protocol.INFERENCE_FROM_TRAINING, protocol.INFERENCE))
    if cases.GRAPH in case.places:
        found += [("graph", GRAPH_MODES[mode], mode) for mode in case.modes]
    return found


def _initial_mode(case: cases.Case, side: str) -> str | None:
    """The mode in which a side tells what its variables begin with: the first that is compared."""
    new_side, new_mode, old_mode = comparisons(case)[0]
    if case.training is not None or not case.initial:
        return None
    return old_mode if side == "old" else new_mode if side == new_side else None


def _modes_of(case: cases.Case, side: str) -> list[str]:
    """Returns the modes in which one side runs a case."""
    if side == "old":
        return list(case.modes)
    return [mode for name, mode, _ in comparisons(case) if name == side]
