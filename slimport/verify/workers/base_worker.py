"""Migrated code on the old side: a base tree that is migrated already.

A script, run under the interpreter that has Keras 3. It answers as `new_worker` does, and as an old
side it tells noise floors, too: everything runs again with weights one ulp away. What is compared
is the same arithmetic in most places, but a refactored layer may sum in another order.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol
from slimport.verify.workers import (
    magnitudes,
    new_worker,
    perturbations,
    trace_sides,
    training_record,
    values,
    worker,
)


class BaseSide:
    """Runs a mode of a case and tells its noise floors.

    Args:
        building: Runs modes of networks.
        fitting: Runs programs that train.
        floor_runs: Runs with weights one ulp away.
    """

    def __init__(self, building: Any, fitting: Any, floor_runs: int) -> None:
        self._building, self._fitting, self._floor_runs = building, fitting, floor_runs

    def fit(self, case: Any, mode: str) -> protocol.Answer:
        """Runs a program that trains."""
        run = self._fitting.run
        others = []
        for number in range(self._floor_runs):
            with values.moved(number):
                others.append(run(case))
        return training_record.answer("fit", case["steps"], run(case), others)

    def build(self, case: Any, mode: str) -> protocol.Answer:
        """Runs a network."""
        answer: protocol.Answer = self._building(case, mode)
        plain = {**case, "float64": False, "initial_mode": None}
        others = []
        for number in range(self._floor_runs):
            with values.moved(number):
                others.append(self._building(plain, mode))
        _put_orders(answer, self._building.build(case, mode != protocol.INFERENCE))
        _put_floors(answer, others, self._building(plain, mode))
        return answer


def _put_orders(answer: protocol.Answer, built: new_worker.Built) -> None:
    """Puts outputs in the order in which they are built, not in that of what is returned."""
    if built.how != "functional" or not built.names:
        return
    places = {id(operation): place for place, operation in enumerate(built.model.operations)}
    made = [tensor._keras_history.operation for tensor in built.model.outputs]
    orders = {name: places.get(id(one), 0) for name, one in zip(built.names, made, strict=True)}
    for entry in answer.meta["tensors"]:
        if entry["group"] == protocol.OUTPUT and entry["name"] in orders:
            entry["order"] = orders[entry["name"]]


def _put_floors(
    answer: protocol.Answer, others: list[protocol.Answer], again: protocol.Answer
) -> None:
    *found, same = [
        {(entry["group"], entry["name"]): other.arrays[entry["key"]]
         for entry in other.meta["tensors"] if "key" in entry}
        for other in (*others, again)
    ]  # fmt: skip
    for entry in answer.meta["tensors"]:
        key = entry["group"], entry["name"]
        if "key" in entry and all(key in arrays for arrays in found):
            runs = {perturbations.ULP: [arrays[key] for arrays in found]}
            runs[perturbations.NOTHING] = [same[key]] if key in same else []
            value = answer.arrays[entry["key"]]
            if perturbations.is_random(value, runs):
                entry.update(random=True, floors={})
            elif entry["group"] in (protocol.OUTPUT, protocol.GRADIENT, protocol.INPUT):
                entry["parts"] = magnitudes.measured(value, runs)
            entry["floors"].update(perturbations.floors(value, runs))
            entry["floor"] = max(entry["floors"].values(), default=None)


def start(request: Any) -> worker.RunMode:
    """Imports Keras 3 on TensorFlow, as the new side does."""
    fitting, building = new_worker.sides(request)
    base = BaseSide(building, fitting, request["floor_runs"])
    return trace_sides.chosen(base.fit, base.build, building.trace)


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv, start))
