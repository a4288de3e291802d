"""The report as JSON, in the schema of `report.schema.json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slimport.verify.result import SCHEMA_VERSION, TensorResult, VerifyResult

#: JSON Schema of the report, draft 2020-12.
SCHEMA_FILE = Path(__file__).with_name("report.schema.json")


def to_json(result: VerifyResult) -> str:
    """Returns a run as JSON text."""
    return json.dumps(to_data(result), indent=1, allow_nan=False) + "\n"


def to_data(result: VerifyResult) -> dict[str, Any]:
    """Returns a run as data that JSON can hold: samples are left out, infinity and NaN are text."""
    data = dataclasses.asdict(result, dict_factory=_without_samples)
    for case, case_data in zip(result.cases, data["cases"], strict=True):
        for mode, mode_data in zip(case.modes, case_data["modes"], strict=True):
            first = mode.first_divergence
            mode_data["first_divergence"] = None if first is None else _label(first)
            for tensor, tensor_data in zip(mode.tensors, mode_data["tensors"], strict=True):
                tensor_data.update(relative=tensor.relative, ratio=tensor.ratio)
    head = {"schema": SCHEMA_VERSION, "equal": result.is_equal, "verdict": result.verdict()}
    found: dict[str, Any] = _finite({**head, **data})
    return found


def _label(tensor: TensorResult) -> dict[str, Any]:
    return {"group": tensor.group, "name": tensor.name, "step": tensor.step}


def _without_samples(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name != "sample"}


def _finite(value: Any) -> Any:
    """JSON has no infinity: it becomes text."""
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
