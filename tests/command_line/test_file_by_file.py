"""A file that is given by itself becomes what a run over all of the program makes of it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from slimport.files.surroundings import Imports
from slimport.rewrite.extent import Wanted, extents
from slimport.rewrite.tree import TreeResult, rewrite_tree

LEGACY = Path(__file__).resolve().parents[2] / "fixtures" / "legacy"


def rewritten(root: Path, path: Path) -> TreeResult:
    (extent,) = extents(Wanted((path,), configured=root))
    return rewrite_tree(root, extent=extent, jobs=1)


def differences(root: Path) -> list[PurePosixPath]:
    whole = rewritten(root, root)
    modules = set(whole.report.written_modules)
    files = [name for name in whole.outputs if name.as_posix() not in modules]
    assert files
    found = []
    for name in files:
        alone = rewritten(root, root / name)
        same = alone.outputs.get(name) == whole.outputs[name]
        if not same or not modules.issuperset(alone.report.written_modules):
            found.append(name)
    return found


def test_small_program() -> None:
    assert differences(LEGACY / "session_scripts") == []


def test_without_its_surroundings_a_file_becomes_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fault that the other tests are to see."""
    monkeypatch.setattr(Imports, "connected", lambda self, given: set(given))
    assert differences(LEGACY / "session_scripts") != []


PROJECTS = sorted(
    folder.name
    for folder in LEGACY.iterdir()
    if folder.is_dir() and folder.name != "session_scripts"
)


@pytest.mark.slow
@pytest.mark.parametrize("project", PROJECTS)
def test_other_programs(project: str) -> None:
    assert differences(LEGACY / project) == []
