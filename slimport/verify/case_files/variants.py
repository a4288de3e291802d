"""Variants: one case of a file that stands for several, of other batch sizes, shapes and seeds.

``batch_sizes = [1, 3]`` replaces the first number of every input's shape, ``seeds = [0, 1]`` draws
other weights and inputs, ``shapes`` of an input stands in place of its ``shape``. Several inputs
with ``shapes`` take the first of each, then the second. All of these multiply. Each variant is a
case of its own, named after what it has: ``net (batch 3, seed 1)``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from slimport.verify.case_files.tables import CaseFileError, is_whole

Data = Mapping[str, Any]


def expanded(data: Data, place: str) -> list[dict[str, Any]]:
    """Returns the cases that a case's table stands for, as tables without these keys.

    Raises:
        CaseFileError: One of the keys holds something else.
    """
    place = f"{place.rsplit(': ', 1)[0]}: case {data['name']!r}" if "name" in data else place
    batches: list[int | None] = [*_numbers(data, "batch_sizes", 1, place)]
    seeds: list[int | None] = [*_numbers(data, "seeds", 0, place)]
    if seeds and "seed" in data:
        raise CaseFileError(f"{place}: has a seed and seeds")
    rest = {key: value for key, value in data.items() if key not in ("batch_sizes", "seeds")}
    found = []
    for (shapes, rest_of_shape), batch, seed in itertools.product(
        list(_of_shapes(rest, place)), batches or [None], seeds or [None]
    ):
        case = dict(rest_of_shape)
        # A shape's own batch is not what the case has, if there is another.
        texts = [_text(shape if batch is None else shape[1:]) for shape in shapes]
        what = [" and ".join(texts)] if texts else []
        if batch is not None:
            case["inputs"] = [_with_batch(item, batch, place) for item in case.get("inputs", [])]
            what.append(f"batch {batch}")
        if seed is not None:
            case["seed"] = seed
            what.append(f"seed {seed}")
        if what and "name" in data:
            case["name"] = f"{data['name']} ({', '.join(what)})"
        found.append(case)
    return found


def _numbers(data: Data, key: str, lowest: int, place: str) -> list[int]:
    value = data.get(key)
    if value is None:
        return []
    good = isinstance(value, list) and all(is_whole(item) and item >= lowest for item in value)
    if not good or not value or len(set(value)) != len(value):
        raise CaseFileError(f"{place}: {key} must be a list of different numbers from {lowest}")
    return list(value)


def _of_shapes(data: Data, place: str) -> Iterator[tuple[list[Any], Data]]:
    """The case for each place in the lists of shapes, and the shapes there."""
    inputs = data.get("inputs")
    if not isinstance(inputs, list) or not any(_has_shapes(item) for item in inputs):
        yield [], data
        return
    counts = set()
    for number, item in enumerate(inputs):
        if _has_shapes(item):
            where = f"{place}: input {number + 1}"
            if "shape" in item:
                raise CaseFileError(f"{where}: has a shape and shapes")
            shapes = item["shapes"]
            is_list = isinstance(shapes, list) and all(isinstance(one, list) for one in shapes)
            if not is_list or not shapes:
                raise CaseFileError(f"{where}: shapes must be a list of shapes")
            counts.add(len(shapes))
    if len(counts) > 1:
        raise CaseFileError(f"{place}: the inputs have lists of shapes of several lengths")
    for number in range(counts.pop()):
        chosen = [_with_shape(item, number) for item in inputs]
        shapes = [new["shape"] for old, new in zip(inputs, chosen, strict=True) if old is not new]
        yield shapes, {**data, "inputs": chosen}


def _has_shapes(item: Any) -> bool:
    return isinstance(item, dict) and "shapes" in item


def _with_shape(item: Any, number: int) -> Any:
    if not _has_shapes(item):
        return item
    rest = {key: value for key, value in item.items() if key != "shapes"}
    return {**rest, "shape": item["shapes"][number]}


def _text(shape: list[Any]) -> str:
    return "x".join(map(str, shape))


def _with_batch(item: Any, batch: int, place: str) -> Any:
    shape = item.get("shape") if isinstance(item, dict) else None
    if not isinstance(shape, list) or not shape:
        return item  # refused, or without a batch
    if "values" in item or "file" in item:
        raise CaseFileError(f"{place}: batch_sizes do not go with an input's own values")
    return {**item, "shape": [batch, *shape[1:]]}
