"""Writes slimport/data/tf1_symbols.json: what became of each TF 1 symbol, proved by identity.

Run with the TensorFlow whose names the rewritten code is to use:

    python tools/make_tf1_symbols.py

For each public name of ``tf.compat.v1`` (which is TF 1.15's API) the table says

* ``same``: ``tf.<name>`` is the very same Python object, so that the code can stay;
* ``renamed``: the same object lives under another TF 2 name (TensorFlow's own rename table);
* ``changed``: TF 2 has another object of that name;
* ``gone``: it exists under ``tf.compat.v1`` only;

and ``new`` lists the names that TF 1 had nothing under (but for ``tf.experimental``).

`slimport rewrite` reads the table and never imports TensorFlow.
"""

from __future__ import annotations

import json
import os
import types
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Reached from tf.compat.v1, but another library's API or a namespace without TF 1 semantics.
_SKIPPED = {"compat", "python", "core", "keras", "estimator", "v1", "v2", "tools"}
_MAX_DEPTH = 3


def public_names(module: types.ModuleType) -> dict[str, Any]:
    """All public names below `module`, dotted, with their objects."""
    found: dict[str, Any] = {}

    def walk(current: types.ModuleType, prefix: str, path: tuple[int, ...]) -> None:
        for name in sorted(vars(current)):
            if name.startswith("_") or (not prefix and name in _SKIPPED):
                continue
            try:
                value = getattr(current, name)
            except Exception:  # lazy modules of optional packages
                continue
            if not isinstance(value, types.ModuleType):
                found[prefix + name] = value
            elif len(path) < _MAX_DEPTH and id(value) not in path:
                walk(value, f"{prefix}{name}.", (*path, id(value)))

    walk(module, "", (id(module),))
    return found


def classify() -> dict[str, Any]:
    import tensorflow as tf
    from tensorflow.tools.compatibility import all_renames_v2

    old, new = public_names(tf.compat.v1), public_names(tf)
    renames = {
        before.removeprefix("tf."): after.removeprefix("tf.")
        for before, after in all_renames_v2.symbol_renames.items()
    }
    by_identity: dict[int, str] = {}
    for name, value in sorted(new.items(), key=lambda item: (item[0].count("."), item[0])):
        if callable(value):
            by_identity.setdefault(id(value), name)
    same, renamed, changed, gone = [], {}, [], []
    for name, value in sorted(old.items()):
        target = renames.get(name, "")
        if name in new and new[name] is value:
            same.append(name)
        elif target in new and new[target] is value:
            renamed[name] = target
        elif id(value) in by_identity and name not in new:
            renamed[name] = by_identity[id(value)]
        else:
            (changed if name in new else gone).append(name)
    return {
        "tensorflow": tf.__version__,
        "same": same,
        "renamed": renamed,
        "changed": changed,
        "gone": gone,
        "new": sorted(n for n in set(new) - set(old) if not n.startswith("experimental.")),
    }


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "slimport" / "data" / "tf1_symbols.json"
    target.write_text(json.dumps(classify(), indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {target}")
