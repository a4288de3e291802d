"""Whether Keras put the values of a file into the layers that they were saved of.

Keras finds layers in a file by their order and class (keras/src/saving/saving_lib.py,
_load_container_state). Two branches of one shape that a program builds the other way around, or a
layer that the model has no more, go unnoticed. But each group has its layer's name.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
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

    Of names that Keras numbered only their count tells: they depend on what else the process has
    made.

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
        layers = [x for x in model._flatten_layers() if x is not model and _own(x)]
        kinds = {_kind(layer) for layer in layers}
        groups: dict[str, list[Any]] = {}
        given: set[str] = set()
        numbered: Counter[str] = Counter()
        for name, is_given, group in _named(stack.enter_context(h5py.File(data, "r")), kinds):
            groups.setdefault(name, []).append(group)
            if is_given:
                given.add(name)
            else:
                numbered[_stem(name)] += 1
        return list(_differences(layers, groups, given, numbered)) if groups else []


def _named(
    group: Any, kinds: set[str], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, bool, Any]]:
    """Yields the groups of layers with variables: name, whether somebody gave it, and group.

    Keras numbers a layer after its class. A group of a layer has the class' name, too, but where
    another layer keeps it in an attribute: there those of the model tell (`kinds`).
    """
    for key, inner in group.items():
        if key == "optimizer" or not hasattr(inner, "items"):
            continue
        if key != _VARIABLES or _NAME not in inner.attrs:
            yield from _named(inner, kinds, (*path, key))
        elif len(inner) and path:  # a model's own name is numbered, or follows from its class
            name = str(inner.attrs[_NAME])
            yield name, _BY_NAME in path or _stem(name) not in {_stem(path[-1]), *kinds}, inner


def _differences(
    layers: list[Any], groups: dict[str, list[Any]], given: set[str], numbered: Counter[str]
) -> Iterator[str]:
    for name in sorted(given - {layer.name for layer in layers}):
        yield f"{name} of the file is not in the model"
    here = Counter(_kind(layer) for layer in layers if _is_numbered(layer))
    for kind, count in sorted((numbered - here).items()):
        yield f"{count} {kind} of the file not in the model"
    for layer in layers:
        if _is_numbered(layer):
            continue
        if layer.name not in groups:
            yield f"{layer.name} of the model is not in the file"
        elif not any(_holds(group, _own(layer)) for group in groups[layer.name]):
            yield f"{layer.name} got another layer's values"


def _kind(layer: Any) -> str:
    """What Keras would name a layer."""
    from keras.src.utils.naming import to_snake_case

    return str(to_snake_case(type(layer).__name__))


def _is_numbered(layer: Any) -> bool:
    return _stem(layer.name) == _kind(layer)


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
