"""What both workers of the new side know about a migrated tree."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

SCOPED_LAYERS = "scoped_layers"
#: Where a tree calls the module otherwise, its first lines tell.
_WRITTEN = "This file was written by slimport"

#: Migrated code must run without them; where they happen to be installed, they must not help.
OLD_LIBRARIES = ("tf_slim", "tf_keras")


def forbid_old_libraries() -> None:
    """Makes imports of the legacy libraries fail in this process."""
    for name in OLD_LIBRARIES:
        sys.modules[name] = None  # type: ignore[assignment]


def scoped_layers() -> types.ModuleType | None:
    """Returns the module that slimport wrote into the tree, if what was imported uses it.

    Raises:
        ImportError: Two copies are loaded: they would not see each other's defaults.
    """
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not path or getattr(module, "__name__", "").startswith("slimport."):
            continue
        says = _WRITTEN in (getattr(module, "__doc__", None) or "")
        # Not by `Path`: there are thousands of modules, and each case asks.
        if says or os.path.basename(path) == SCOPED_LAYERS + ".py":  # noqa: PTH119
            found[id(module)] = module
    if len(found) > 1:
        names = ", ".join(sorted(module.__name__ for module in found.values()))
        raise ImportError(f"the migrated tree loads more than one {SCOPED_LAYERS}: {names}")
    return next(iter(found.values()), None)


def scoped_layers_of_scope() -> types.ModuleType:
    """Returns that module for a case that enters an arg_scope.

    Raises:
        ImportError: There is none.
    """
    found = scoped_layers()
    if found is None:
        raise ImportError(
            "an arg_scope is to be entered, but the migrated tree uses no "
            f'{SCOPED_LAYERS} module; give new_arg_scope = "" if it needs none'
        )
    return found


def written(name: str) -> list[Any]:
    """Returns what the written modules of the tree define under a name.

    A tree may call the module as it likes, so that each module is asked which holds the name as
    its own; what was replaced already says that it is from elsewhere.
    """
    found = {}
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("slimport."):
            continue  # what watches the tree is no part of it
        value = getattr(module, "__dict__", {}).get(name)
        if getattr(value, "__module__", None) == getattr(module, "__name__", ""):
            found[id(value)] = value
    return list(found.values())


def traced_model(layers: types.ModuleType) -> Any:
    """Returns the class `TracedModel` on the layers of a written module.

    A tree whose networks are all meant for functional models has none of its own. Where one makes
    no functional model all the same, the module of this process gets what it lacks.
    """
    if not hasattr(layers, "TracedModel"):
        from slimport.written.assemble import supplement

        source = supplement("TracedModel", vars(layers))
        exec(compile(source, "<TracedModel>", "exec"), vars(layers))
    return layers.TracedModel


def legacy_variables(model: Any) -> dict[str, Any]:
    """Maps legacy names to a model's variables, as the tree itself does where it can."""
    own = written("legacy_variables")
    if own:
        found: dict[str, Any] = own[0](model)
        return found
    from slimport.written import names

    return names.legacy_variables(model)
