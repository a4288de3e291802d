"""Both sides of a comparison under one set of names."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from slimport.written.assemble import assemble, public_names


def imported(source: str, folder: Path, name: str = "scoped_layers") -> ModuleType:
    """Writes `source` to a file and imports it."""
    path = folder / f"{name}.py"
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def new(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The whole written module, assembled, under the names of the old side where they differ."""
    module = imported(assemble(public_names()), tmp_path_factory.mktemp("written"))
    module.arg_scope = module.layer_defaults  # type: ignore[attr-defined]
    module.add_arg_scope = module.takes_layer_defaults  # type: ignore[attr-defined]
    return module


@pytest.fixture(scope="session")
def old() -> Any:
    """TF-Slim, with the functions of TF 1 that the written module stands in for."""
    from old_side import slim, v1
    from tf_slim.layers import utils

    names = {name: getattr(slim, name) for name in dir(slim)}
    names["poincare_normalize"] = slim.layers.poincare_normalize
    for name in (
        "variable_scope",
        "get_variable_scope",
        "name_scope",
        "get_variable",
        "AUTO_REUSE",
    ):
        names[name] = getattr(v1, name)
    for name in ("collect_named_outputs", "convert_collection_to_dict", "last_dimension"):
        names[name] = getattr(utils, name)
    return SimpleNamespace(**names, get_collection=v1.get_collection)
