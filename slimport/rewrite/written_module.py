"""The file `scoped_layers.py` in a user's tree: whose it is, and what may be done to it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import Enum, auto
from pathlib import PurePosixPath

from slimport.report.model import FunctionForm
from slimport.written.assemble import ALWAYS, assemble, public_names

WRITTEN_MODULE = "scoped_layers"
REFUSAL = (
    "is not as slimport wrote it, and lacks names that the tree now needs: move it away (and merge "
    "your changes afterwards), then run again; nothing was written"
)
_SIGNS = (b"This file was written by slimport", b"the one copy of the layer factories")

_LOADER = '''"""Loads {up}{name}.py, the one copy of the layer factories that this tree shares."""

import importlib.util
import pathlib
import sys

_path = pathlib.Path(__file__).resolve().parents[{levels}]{folders} / "{name}.py"
_spec = importlib.util.spec_from_file_location(__name__, _path)
_module = importlib.util.module_from_spec(_spec)
sys.modules[__name__] = _module
_spec.loader.exec_module(_module)
'''


class State(Enum):
    """What may be done to the file that is there."""

    REPLACEABLE = auto()
    KEPT = auto()
    REFUSED = auto()


def is_ours(data: bytes) -> bool:
    """Whether slimport wrote the file, edited since or not."""
    return any(sign in data for sign in _SIGNS)


def is_loader(data: bytes) -> bool:
    """Whether the file only loads the one copy that is elsewhere."""
    return _SIGNS[1] in data and _SIGNS[0] not in data


def written_state(data: bytes, names: set[str]) -> State:
    """What may be done to a written module with this content, where `names` are needed.

    One that nobody edited is replaced. An edited one, which may hold a user's work, is kept where
    it has all names, and refused where it has not; so is a file of the same name by someone else.
    """
    present = _names(data) & public_names()
    if is_ours(data) and data.decode("utf-8", "replace") == assemble(present):
        return State.REPLACEABLE
    return State.KEPT if is_ours(data) and names <= _names(data) else State.REFUSED


def lacking(data: bytes, names: set[str]) -> list[str]:
    """Which of these names a written module does not offer."""
    return sorted(names - _names(data) - set(ALWAYS))


def _names(data: bytes) -> set[str]:
    """The names in the file's ``__all__``."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id == "__all__":
                found = {e.value for e in node.value.elts if isinstance(e, ast.Constant)}
                return {str(name) for name in found} - set(ALWAYS)
    return set()


def ways_to_models(forms: Iterable[FunctionForm], present: bytes | None) -> set[str]:
    """What the written module offers though no file imports it: how a network becomes a model.

    Every module has `functional_model`. One that an earlier run gave a `TracedModel` keeps it: the
    functions that needed it are rewritten by now, and no reason for it is seen any more.

    Args:
        forms: How the functions that build layers came out.
        present: The module that is there, if one is.
    """
    traced = any(form.model == "traced" for form in forms)
    return {"TracedModel"} if traced or "TracedModel" in _names(present or b"") else set()


def loader(home: PurePosixPath, folder: tuple[str, ...]) -> str:
    """A module of the same name, for another import root, that loads the one at `home`."""
    shared = 0
    for a, b in zip(home.parent.parts, folder, strict=False):
        if a != b:
            break
        shared += 1
    levels = len(folder) - shared
    down = home.parent.parts[shared:]
    return _LOADER.format(
        name=home.stem,
        up="../" * levels,
        levels=levels,
        folders="".join(f' / "{part}"' for part in down),
    )
