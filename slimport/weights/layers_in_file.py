"""Whether Keras put the values of a file into the layers that they were saved of.

Keras finds layers in a file by their order and class (keras/src/saving/saving_lib.py,
_load_container_state). Two branches of one shape that a program builds the other way around, or a
layer that the model has no more, go unnoticed. But each group has its layer's name.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from slimport.weights.conversion import held, same_bits

# A group of a layer is `layers/dense_1/vars`, and has an attribute `name`. Layers of traced models
# are below `by_name`, under their own names.
_VARIABLES, _NAME, _BY_NAME = "vars", "name", "by_name"


def differing(model: Any, path: Path) -> list[str]:
    """Compares a model that was just loaded with its file, layer by layer, by their names.

    Names that Keras numbered tell nothing: they depend on what else the process has made.

    Args:
        model: The model.
        path: The file, `*.weights.h5` or `*.keras`.

    Returns:
        What differs, in words. Nothing for files without names: early versions of Keras 3.
    """
    import h5py

    with ExitStack() as stack:
        data: Any = path
        if zipfile.is_zipfile(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            data = stack.enter_context(archive.open("model.weights.h5"))
        groups: dict[str, list[Any]] = {}
        given: set[str] = set()
        for name, is_given, group in _named(stack.enter_context(h5py.File(data, "r"))):
            groups.setdefault(name, []).append(group)
            given |= {name} if is_given else set()
        return list(_differences(model, groups, given)) if groups else []


def _named(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, bool, Any]]:
    """Yields the groups of layers with variables: name, whether somebody gave it, and group."""
    for key, inner in group.items():
        if key == "optimizer" or not hasattr(inner, "items"):
            continue
        if key != _VARIABLES or _NAME not in inner.attrs:
            yield from _named(inner, (*path, key))
        elif len(inner) and path:  # a model's own name is numbered, or follows from its class
            name = str(inner.attrs[_NAME])
            yield name, _BY_NAME in path or _stem(name) != _stem(path[-1]), inner


def _differences(model: Any, groups: dict[str, list[Any]], given: set[str]) -> Iterator[str]:
    from keras.src.utils.naming import to_snake_case

    layers = [layer for layer in model._flatten_layers() if layer is not model and _own(layer)]
    for name in sorted(given - {layer.name for layer in layers}):
        yield f"{name} of the file is not in the model"
    for layer in layers:
        if _stem(layer.name) == to_snake_case(type(layer).__name__):
            continue
        if layer.name not in groups:
            yield f"{layer.name} of the model is not in the file"
        elif not any(_holds(group, _own(layer)) for group in groups[layer.name]):
            yield f"{layer.name} got another layer's values"


def _own(layer: Any) -> list[Any]:
    """In the order of Layer.save_own_variables."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def _holds(group: Any, own: list[Any]) -> bool:
    if set(group) != {str(place) for place in range(len(own))}:
        return not all(key.isdigit() for key in group)  # a layer that has a way of its own
    return all(same_bits(_value(group[str(i)]), held(own[i])) for i in range(len(own)))


def _value(dataset: Any) -> Any:
    """Keras writes bfloat16 as bytes without a type, and says what they are beside them."""
    import ml_dtypes
    import numpy as np

    is_bfloat16 = dataset.attrs.get("dtype") == "bfloat16"
    return np.array(dataset, dtype=ml_dtypes.bfloat16) if is_bfloat16 else np.asarray(dataset)


def _stem(name: str) -> str:
    return re.sub(r"_\d+$", "", name)
