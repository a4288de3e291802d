"""Nothing of the tree runs: not as a library, not as configuration, not by being imported."""

from __future__ import annotations

import _imp
import ast
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import slimport.__main__
from slimport.__main__ import import_path

GOOD = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
#: What slimport imports, or could; Python's own that are imported by us and not by `-m` itself.
LIBRARIES = (
    "click libcst rich pathspec yaml tensorflow keras tf_slim numpy fissix typing_extensions "
    "markdown_it pygments mdurl tokenize_rt difflib json subprocess textwrap hashlib"
).split()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree all of whose files leave a trace when they run."""
    root = tmp_path / "tree"
    root.mkdir()
    trace = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + '\\n')\n"
    for name in (*LIBRARIES, "setup", "conftest", "__main__"):
        (root / f"{name}.py").write_text(trace)
    for name in ("sitecustomize", "usercustomize"):
        (root / f"{name}.py").write_text(trace)
    (root / "evil.pth").write_text(f"import os; {trace}")
    (root / "net.py").write_text(GOOD + trace)
    (root / "pyproject.toml").write_text('[build-system]\nbuild-backend = "setup"\n')
    return root


def start(tree: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=tree, capture_output=True, text=True, timeout=60,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip


#: The program as `pip` installs it, in one line.
SCRIPT = "import sys; sys.path[0] = '/usr/bin'; from slimport.__main__ import main; main()"


@pytest.mark.parametrize(
    "words", [["-m", "slimport", "rewrite", "--check"], ["-m", "slimport", "scan"]]
)
def test_files_of_the_current_folder_are_no_libraries(tree: Path, words: list[str]) -> None:
    done = start(tree, *words, ".")
    assert "net.py" in done.stdout + done.stderr or done.returncode == 0, done.stderr
    assert done.returncode in (0, 1), done.stderr
    assert not (tree.parent / "ran").exists(), (tree.parent / "ran").read_text()


def test_files_of_pythonpath_are_no_libraries(tree: Path) -> None:
    (tree / "sitecustomize.py").unlink()  # what Python itself runs before any program
    (tree / "usercustomize.py").unlink()
    for name in ("subprocess", "difflib", "json", "hashlib", "textwrap"):
        (tree / f"{name}.py").unlink()
    done = start(tree, "-c", SCRIPT, "rewrite", "--check", ".", PYTHONPATH=f".{os.pathsep}{tree}")
    assert done.returncode in (0, 1), done.stderr
    assert "net.py" in done.stderr
    assert not (tree.parent / "ran").exists(), (tree.parent / "ran").read_text()


@pytest.mark.parametrize("module", [slimport, slimport.__main__], ids=["package", "program"])
def test_before_the_path_is_set_nothing_is_imported_from_it(module: ModuleType) -> None:
    """A `__future__.py` of the current folder would run as well."""
    assert module.__file__ is not None
    top = ast.parse(Path(module.__file__).read_text("utf-8")).body
    found = [name for node in top if isinstance(node, ast.Import) for name in node.names]
    assert not any(isinstance(node, ast.ImportFrom) for node in top)
    for name in found:
        assert name.name in sys.builtin_module_names or _imp.is_frozen(name.name), name.name


LIBRARY, HERE, BIN = "/usr/lib/python3", "/home/a/tree", "/usr/bin"


@pytest.mark.parametrize(
    ("path", "given", "words", "expected"),
    [
        ([BIN, LIBRARY], "", ["rewrite"], [BIN, LIBRARY]),
        ([HERE, LIBRARY], "", ["rewrite"], [LIBRARY]),
        ([HERE, LIBRARY], "", ["verify"], [LIBRARY, HERE]),
        (["", LIBRARY], "", ["weights"], [LIBRARY, ""]),
        ([BIN, "/x", HERE, LIBRARY], f"/x:{HERE}", ["rewrite"], [BIN, LIBRARY, "/x", HERE]),
        ([HERE, LIBRARY, HERE], "", ["rewrite"], [LIBRARY, HERE]),
    ],
)
def test_import_path(path: list[str], given: str, words: list[str], expected: list[str]) -> None:
    assert import_path(path, HERE, given, words) == expected
