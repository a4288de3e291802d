"""What a hook needs: the rewriting half starts without TensorFlow, and without anything heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Nothing of these may be loaded by the command line, `verify` apart.
HEAVY = ("tensorflow", "keras", "tf_keras", "tf_slim", "numpy", "jinja2", "matplotlib")

#: Runs the command line as its entry point does, then tells what was imported.
DRIVER = """
import sys
from slimport.cli import main
try:
    main(sys.argv[2:])
except SystemExit as done:
    status = done.code
heavy = sorted(set(sys.argv[1].split(",")) & set(sys.modules))
print("status", status, "heavy", *heavy)
"""


def run_slimport(*arguments: str, cwd: Path | None = None) -> tuple[int, list[str], str]:
    """Runs the command line in a new interpreter.

    Returns:
        Its exit status, the heavy modules that it loaded, and its standard output and error.
    """
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, ",".join(HEAVY), *arguments],
        capture_output=True, text=True, timeout=120, cwd=cwd, check=True,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1].split()
    return int(last[1] if last[1] != "None" else 0), last[3:], done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["rewrite", "--help"],
                                       ["verify", "--help"], ["rules"],
                                       ["explain", "conv2d"]])  # fmt: skip
def test_talk_imports_nothing_heavy(arguments: list[str]) -> None:
    status, heavy, _ = run_slimport(*arguments)
    assert (status, heavy) == (0, [])


def test_version_is_the_package_version() -> None:
    from slimport import __version__

    assert __version__ in run_slimport("--version")[2]


def test_check_of_a_file_without_slim_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("import os\n\nprint(os.name)\n", "utf-8")
    status, heavy, _ = run_slimport("rewrite", "--check", "plain.py", cwd=tmp_path)
    assert (status, heavy) == (0, [])


def test_rewriting_imports_nothing_heavy(tmp_path: Path) -> None:
    source = (
        "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
        "def net(x):\n    return slim.conv2d(x, 4, 3, scope='c')\n"
    )
    (tmp_path / "net.py").write_text(source, "utf-8")
    status, heavy, text = run_slimport("rewrite", "net.py", cwd=tmp_path)
    assert (status, heavy) == (0, []), text
    assert "slim.conv2d" not in (tmp_path / "net.py").read_text("utf-8")
