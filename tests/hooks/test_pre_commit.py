"""The hooks under pre-commit itself, installed from this checkout into real repositories."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLIM = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
KERAS = (
    "import keras\n\n\ndef net(x):\n"
    '    return keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="c")(x)\n'
)
LEFT = "import tf_slim as slim\n\n\ndef train(op):\n    slim.learning.tune(op, '/tmp')\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
    ),
]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    for name, value in (("user.name", "n"), ("user.email", "n@example.org")):
        git(folder, "config", name, value)
    return folder


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository that holds this checkout as it is, not only as it was committed."""
    folder = repository(tmp_path_factory.mktemp("hooks") / "slimport")
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    wanted = ("slimport/", "rules/", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks")
    for name in filter(None, names):
        if name.startswith(wanted) and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it is")
    return folder, git(folder, "rev-parse", "HEAD").strip()


class Commits:
    """A repository with hooks, and commits to it."""

    def __init__(self, folder: Path, home: Path, hooks: tuple[Path, str]) -> None:
        self.folder = repository(folder)
        self.environment = {**os.environ, "PRE_COMMIT_HOME": str(home), "NO_COLOR": "1"}
        self.environment.pop("SKIP", None)
        self.hooks = hooks

    def use(self, *ids: str) -> None:
        """Installs hooks into the repository, as its users do."""
        config = {
            "repos": [
                {
                    "repo": str(self.hooks[0]),
                    "rev": self.hooks[1],
                    "hooks": [{"id": name} for name in ids],
                }
            ]
        }
        self.write(".pre-commit-config.yaml", json.dumps(config))
        done = self.run([sys.executable, "-m", "pre_commit", "install", "--install-hooks"])
        if done.returncode and "pip" in done.stdout:
            pytest.skip(f"the hooks cannot be installed here: {done.stdout[-300:]}")
        assert done.returncode == 0, done.stdout
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--no-verify", "-m", "hooks")

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def commit(self, *names: str) -> tuple[bool, str]:
        """Whether a commit of some files goes through, and what was said."""
        if names:
            git(self.folder, "add", "--", *names)
        done = self.run(["git", "commit", "-m", "a change"])
        return done.returncode == 0, done.stdout


@pytest.fixture
def commits(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, hooks: tuple[Path, str]
) -> Commits:
    # The hooks' environment is made once for all tests.
    home = tmp_path_factory.getbasetemp() / "pre-commit-home"
    return Commits(tmp_path / "repository", home, hooks)


def test_check_lets_clean_files_through(commits: Commits) -> None:
    commits.use("slimport-check")
    commits.write("clean.py", "import os\n")
    commits.write("text.md", "slim\n")
    done, said = commits.commit("clean.py", "text.md")
    assert done and "Passed" in said, said
    commits.write("text.md", "slim.\n")
    done, said = commits.commit("text.md")
    assert done and "no files to check" in said, said


def test_check_names_what_is_to_do_and_writes_nothing(commits: Commits) -> None:
    commits.use("slimport-check")
    net = commits.write("src/net.py", SLIM)
    done, said = commits.commit("src/net.py")
    assert not done and "exit code: 1" in said, said
    assert "SLIM101" in said and "nothing was written" in said
    assert net.read_text("utf-8") == SLIM
    assert git(commits.folder, "status", "--porcelain") == "A  src/net.py\n"
    commits.write("src/net.py", KERAS)
    done, said = commits.commit("src/net.py")
    assert done, said


def test_check_decides_over_the_whole_program(commits: Commits) -> None:
    """A network is open to scopes that its caller opens, though only the network is staged."""
    commits.use("slimport-check")
    caller = (
        "import tf_slim as slim\nfrom net import net\n\n\ndef model(x):\n"
        "    with slim.arg_scope([slim.conv2d], stride=2):\n        return net(x)\n"
    )
    commits.write("caller.py", caller)
    git(commits.folder, "add", "-A")
    git(commits.folder, "commit", "-q", "--no-verify", "-m", "caller")
    commits.write("net.py", SLIM)
    done, said = commits.commit("net.py")
    assert not done and "scoped_layers.py" in said, said


def test_check_fails_on_a_file_that_cannot_be_read(commits: Commits) -> None:
    commits.use("slimport-check")
    commits.write("broken.py", "import tf_slim\nslim.conv2d(\n")
    done, said = commits.commit("broken.py")
    assert not done and "exit code: 2" in said and "broken.py: line 2" in said, said


def test_check_reads_notebooks(commits: Commits) -> None:
    commits.use("slimport-check")
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**cell, "source": SLIM.splitlines(keepends=True)}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path = commits.write("net.ipynb", json.dumps(notebook, indent=1))
    before = path.read_bytes()
    done, said = commits.commit("net.ipynb")
    assert not done and "exit code: 1" in said and "SLIM101" in said, said
    assert path.read_bytes() == before


def test_rewrite_changes_files_and_asks_for_a_second_commit(commits: Commits) -> None:
    commits.use("slimport-rewrite")
    net = commits.write("net.py", SLIM)
    done, said = commits.commit("net.py")
    assert not done and "files were modified by this hook" in said, said
    assert net.read_text("utf-8") == KERAS
    done, said = commits.commit("net.py")
    assert done and "Passed" in said, said


def test_rewrite_lets_marks_through(commits: Commits) -> None:
    commits.use("slimport-rewrite")
    commits.write("train.py", LEFT)
    assert not commits.commit("train.py")[0]
    done, said = commits.commit("train.py", "scoped_layers.py")
    assert done, said
    assert "# TODO(slimport): SLIM401" in git(commits.folder, "show", "HEAD:train.py")


def test_rewrite_runs_for_nothing_but_python(commits: Commits) -> None:
    commits.use("slimport-rewrite")
    net = commits.write("net.py", SLIM)
    commits.write("text.md", "slim\n")
    done, said = commits.commit("text.md")
    assert done and "no files to check" in said, said
    assert net.read_text("utf-8") == SLIM


def test_what_is_not_staged_comes_back_as_it_was(commits: Commits) -> None:
    """pre-commit puts it away while hooks run."""
    commits.use("slimport-rewrite")
    net, other = commits.write("net.py", SLIM), commits.write("other.py", "import os\n")
    git(commits.folder, "add", "-A")
    git(commits.folder, "commit", "-q", "--no-verify", "-m", "before")
    commits.write("net.py", SLIM + "\n\nfirst = 1\n")
    commits.write("other.py", "import os\n\nhalf = 'done\n")
    done, said = commits.commit("net.py")
    assert not done and "files were modified by this hook" in said, said
    assert net.read_text("utf-8") == KERAS + "\n\nfirst = 1\n"
    assert other.read_text("utf-8") == "import os\n\nhalf = 'done\n", "not a line is lost"


def test_where_both_change_a_file_the_work_wins(commits: Commits) -> None:
    """pre-commit then takes the hook's changes back; the work in progress is what is kept."""
    commits.use("slimport-rewrite")
    commits.write("net.py", SLIM)
    git(commits.folder, "add", "net.py")
    work = SLIM.replace("8, 3", "16, 3")
    net = commits.write("net.py", work)
    done, said = commits.commit()
    assert not done and "Rolling back fixes" in said, said
    assert net.read_text("utf-8") == work
    assert git(commits.folder, "show", ":net.py") == SLIM


def test_hooks_come_without_tensorflow(commits: Commits) -> None:
    commits.use("slimport-check")
    home = Path(commits.environment["PRE_COMMIT_HOME"])
    names = {path.name.lower() for path in home.glob("repo*/py_env*/lib/python*/site-packages/*")}
    assert "slimport" in names
    assert not names & {"tensorflow", "keras", "numpy", "tf_keras", "tf_slim"}


def test_the_configuration_holds_for_hooks(commits: Commits) -> None:
    """Names that pre-commit passes on are excluded, too; the rewrite keeps to the paths."""
    commits.use("slimport-check", "slimport-rewrite")
    table = '[tool.slimport]\npaths = ["src"]\nexclude = ["vendor/"]\n'
    commits.write("pyproject.toml", table)
    commits.write("src/clean.py", "import os\n")
    vendor, script = commits.write("vendor/net.py", SLIM), commits.write("script.py", SLIM)
    done, said = commits.commit("pyproject.toml", "src/clean.py", "vendor/net.py")
    assert done and "Failed" not in said, said
    done, said = commits.commit("script.py")
    assert not done and "script.py" in said and "vendor" not in said, said
    assert vendor.read_text("utf-8") == script.read_text("utf-8") == SLIM
    git(commits.folder, "reset", "-q", "script.py")
    net = commits.write("src/net.py", SLIM)
    done, said = commits.commit("src/net.py")
    assert not done and "files were modified by this hook" in said, said
    assert net.read_text("utf-8") == KERAS and script.read_text("utf-8") == SLIM


def test_a_configuration_that_says_nothing_known_is_an_error(commits: Commits) -> None:
    commits.use("slimport-check")
    commits.write("pyproject.toml", "[tool.slimport]\npath = ['src']\n")
    commits.write("clean.py", "import os\n")
    done, said = commits.commit("pyproject.toml", "clean.py")
    assert not done and "exit code: 2" in said and "path" in said, said
