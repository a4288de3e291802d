"""Loops that feed placeholders and run a training operation: what trains on batches instead."""

from __future__ import annotations

from collections.abc import Mapping

from slimport.index.hand_cells import by_cells
from slimport.index.hand_loop import PLACEHOLDER, SESSIONS, HandLoop
from slimport.index.hand_loop_checks import HandLoopChecks
from slimport.index.hand_loop_reading import HandLoopReading
from slimport.index.hand_prediction import PredictionReading, has_variables
from slimport.index.hand_prediction_checks import PredictionChecks, of_network
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program
from slimport.index.stays import Stays
from slimport.index.unclear import check_clear


def hand_loops(
    program: Program, read: Mapping[Function, Pipeline]
) -> tuple[dict[Function, HandLoop], dict[Function, Stays]]:
    """The functions that hold such a loop, and why others with a session stay as they are.

    Args:
        program: The index.
        read: The input pipelines that need no queues.
    """
    found: dict[Function, HandLoop] = {}
    stay: dict[Function, Stays] = {}
    for function in program.all():
        names = {r.api.name for r in function.references}
        if not names & set(SESSIONS):
            continue
        try:
            check_clear(function)
            in_cells = function.module.is_notebook and not function.qualname
            if any(map(_optimizes, names)):
                loop = HandLoopReading(function, program).loop()
                HandLoopChecks(loop, program, read).check()
                found[function] = by_cells(loop) if in_cells else loop
            elif PLACEHOLDER in names and has_variables(function, program):
                loop = PredictionReading(function, program).loop()
                PredictionChecks(loop, program).check()
                found[function] = by_cells(loop) if in_cells else loop
        except Stays as reason:
            if not any(map(_optimizes, names)):
                reason = of_network(reason)
            stay[function] = reason
    return found, stay


def _optimizes(name: str) -> bool:
    return name.startswith("tf.train.") and name.endswith("Optimizer")
