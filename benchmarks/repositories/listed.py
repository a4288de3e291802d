"""Which repositories there are: `repositories.toml`, with no room for a misspelt key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIST = HERE / "repositories.toml"
ENTRIES = HERE / "entries"

_KEYS = {"name", "commit", "subtrees", "paths", "entries", "absent", "case", "training"}
_TRAINING_KEYS = {"name", "script", "data", "arguments", "constants", "steps"}


@dataclass(frozen=True)
class Repository:
    """One repository of the list.

    Attributes:
        name: ``owner/repository``.
        commit: Commit for which the entries were written.
        subtrees: Folders that are copied and rewritten; the whole tree where there are none.
        paths: Import roots.
        entries: Folder under ``entries`` with entry modules of this benchmark, if it needs any.
        absent: Packages that both sides get an empty stand-in for.
        cases: Verify cases; a case may have ``paths`` of its own.
        training: Scripts that train, see `training.py`.
    """

    name: str
    commit: str
    subtrees: tuple[str, ...]
    paths: tuple[str, ...]
    entries: str | None
    absent: tuple[str, ...]
    cases: tuple[dict[str, Any], ...]
    training: tuple[dict[str, Any], ...] = ()

    @property
    def folder(self) -> str:
        """Name of its folder among the checkouts and in the working folder."""
        return self.name.replace("/", "+")

    def groups(self) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
        """Yields import paths and the cases that share them, named ``repository/case``."""
        short = self.name.partition("/")[2]
        found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for case in self.cases:
            data = {**case, "name": f"{short}/{case['name']}"}
            paths = (*data.pop("paths", self.paths), *self._entry_paths())
            found.setdefault(paths, []).append(data)
        yield from found.items()

    def _entry_paths(self) -> Sequence[str]:
        if self.entries is None:
            return ()
        return str(ENTRIES / self.entries), str(ENTRIES / "shared")


def load(path: Path = LIST) -> list[Repository]:
    """Reads the list.

    Raises:
        ValueError: A key is unknown or missing.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    _refuse(path.name, set(data) - {"absent", "repository"})
    return [_repository(item, data.get("absent", [])) for item in data["repository"]]


def chosen(names: Sequence[str], repositories: Sequence[Repository]) -> list[Repository]:
    """Returns the repositories whose names hold one of `names`; all without names.

    Raises:
        ValueError: A name fits none.
    """
    for name in names:
        if not any(name in repository.name for repository in repositories):
            known = ", ".join(repository.name for repository in repositories)
            raise ValueError(f"no repository is called {name!r}; there are {known}")
    return [r for r in repositories if not names or any(name in r.name for name in names)]


def _repository(data: dict[str, Any], absent: list[str]) -> Repository:
    place = data.get("name", "a repository without name")
    _refuse(place, set(data) - _KEYS)
    if not {"name", "commit"} <= set(data):
        raise ValueError(f"{place}: needs name and commit")
    for script in data.get("training", ()):
        _refuse(f"{place}, training", set(script) - _TRAINING_KEYS)
    return Repository(
        name=data["name"],
        commit=data["commit"],
        subtrees=tuple(data.get("subtrees", ())),
        paths=tuple(data.get("paths", (".",))),
        entries=data.get("entries"),
        absent=(*absent, *data.get("absent", ())),
        cases=tuple(data.get("case", ())),
        training=tuple(data.get("training", ())),
    )


def _refuse(place: str, unknown: set[str]) -> None:
    if unknown:
        raise ValueError(f"{place}: unknown key {', '.join(sorted(unknown))}")
