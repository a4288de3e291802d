"""Every path by which tf_slim leads to a function of its own has the function's one name."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

from slimport.index.canonical import canonical
from slimport.rewrite.registry import rule_for
from tests.written.old_side import slim


def _objects(module: Any, path: str, above: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith("tf_slim") and value not in above and len(above) < 3:
                yield from _objects(value, f"{path}.{name}", (*above, value))
        elif getattr(value, "__module__", "").startswith("tf_slim"):
            yield f"{path}.{name}", value


def test_one_name_for_one_function() -> None:
    found: dict[int, set[str]] = {}
    for path, value in _objects(slim, "tf_slim", (slim,)):
        # What a module three levels down happens to have imported is nobody's way to slim.
        if ".rev_block_lib." not in path:
            found.setdefault(id(value), set()).add(path)
    assert sum(map(len, found.values())) > 300
    for paths in found.values():
        names = {canonical(path) or "" for path in paths}
        rules = {rule.code for name in names if (rule := rule_for(name)) is not None}
        assert len(rules) <= 1, paths
        if rules:
            assert all(rule_for(name) for name in names), paths
