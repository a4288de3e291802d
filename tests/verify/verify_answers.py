"""Answers of imaginary workers, for tests of the comparison and of the reports."""

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.verify.case_files.cases import Case, Input, SideCall
from slimport.verify.comparing.answered import Answered

CALL = SideCall("nets:net", None, {}, {}, None, None)


def case(**changes: Any) -> Case:
    """Returns a case with one input."""
    return Case(**{"name": "net", "old": CALL, "new": CALL, "inputs": (Input((2, 3)),), **changes})


def answer(
    outputs: dict[str, Any] | None = None,
    *,
    variables: dict[str, Any] | None = None,
    floors: dict[str, float] | None = None,
    groups: dict[str, dict[str, Any]] | None = None,
    **meta: Any,
) -> Answered:
    """Returns the answer of a side that computed these arrays, in this build order."""
    tensors, arrays = [], {}
    for group, named in {"output": outputs or {}, **(groups or {})}.items():
        for order, (name, value) in enumerate(named.items()):
            array = np.asarray(value)
            key = f"a{len(arrays)}"
            arrays[key] = array
            tensors.append(
                {
                    "group": group,
                    "name": name,
                    "order": order,
                    "dtype": str(array.dtype),
                    "shape": list(array.shape),
                    "floor": (floors or {}).get(name),
                    "key": key,
                }
            )
    described = [
        {"name": name, "shape": [3], "dtype": "float32", "trainable": True, **changes}
        for name, changes in (variables or {"w": {}}).items()
    ]
    base = {"built": "graph", "notes": [], "gradient_error": None, "seconds": 1.0}
    return Answered({**base, "variables": described, "tensors": tensors, **meta}, arrays)
