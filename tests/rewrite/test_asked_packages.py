"""Requirements that would keep the rewritten code from running are noted, and left to the user."""

from pathlib import Path, PurePosixPath

import pytest

from slimport.rewrite.asked_packages import notes
from slimport.rewrite.command import Request, run

SOURCE = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3)\n"


def asked(folder: Path, name: str, text: str) -> list[str]:
    """What is noted of a file beside a changed one, without the path."""
    (folder / name).write_text(text)
    prefix = f"{folder / name}:"
    found = notes(folder, [PurePosixPath("nets/net.py")])
    assert all(note.startswith(prefix) for note in found)
    return [note.removeprefix(prefix).partition(", and the")[0] for note in found]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("requirements.txt", "numpy\ntensorflow==1.4\n", "2: asks for tensorflow==1.4"),
        ("requirements-gpu.txt", "tensorflow-gpu == 1.4.0\n", "1: asks for tensorflow-gpu==1.4.0"),
        ("requirements.txt", "tensorflow>=1.8,<2\n", "1: asks for tensorflow>=1.8,<2"),
        ("requirements.txt", "tensorflow<2; python_version>'3'", "1: asks for tensorflow<2"),
        ("requirements.txt", "keras==2.1.5\n", "1: asks for keras==2.1.5"),
        ("setup.py", "setup(requires=['six', 'tensorflow~=1.9'])\n", "1: asks for tensorflow~=1.9"),
        ("pyproject.toml", 'tensorflow = "^1.13"\n', "1: asks for tensorflow==1.13"),
        ("pyproject.toml", 'dependencies = ["tensorflow<2"]\n', "1: asks for tensorflow<2"),
        ("environment.yml", "  - tensorflow=1.12\n", "1: asks for tensorflow=1.12"),
        ("Dockerfile", "RUN pip install tensorflow==1.13\n", "1: asks for tensorflow==1.13"),
        ("Dockerfile-gpu", "FROM tensorflow/tensorflow:1.13.1-gpu\n",
         "1: asks for tensorflow/tensorflow:1.13.1-gpu"),
    ],
)  # fmt: skip
def test_what_is_too_old(tmp_path: Path, name: str, text: str, found: str) -> None:
    assert asked(tmp_path, name, text) == [found]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "tensorflow\ntensorflow>=1.4\ntensorflow==2.18.0\nkeras>=3\n"),
        ("requirements.txt", "# tensorflow==1.4\ntensorflow-probability==0.4\ntf-slim\n"),
        ("notes.txt", "tensorflow==1.4\n"),
        ("setup.py", "tensorflow == 1.4\nname = 'tensorflow'\n"),
        ("pyproject.toml", 'tensorflow = "*"\nversion = "1.4"\n'),
        ("Dockerfile", "FROM tensorflow/tensorflow:2.18.0\nFROM tensorflow/tensorflow:latest\n"),
    ],
)
def test_what_is_not(tmp_path: Path, name: str, text: str) -> None:
    assert asked(tmp_path, name, text) == []


def test_only_beside_and_above_what_changes(tmp_path: Path) -> None:
    for folder in ("nets", "other", "nets/deeper"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "requirements.txt").write_text("tensorflow==1.4\n")
    found = notes(tmp_path, [PurePosixPath("nets/net.py")])
    assert [note.partition(":")[0] for note in found] == [str(tmp_path / "nets/requirements.txt")]


def test_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(SOURCE)
    (tmp_path / "requirements.txt").write_text("tensorflow==1.4\n")
    first, second = (run(Request((tmp_path,))).report.notes for _ in range(2))
    assert any("tensorflow==1.4" in note for note in first)
    assert not any("tensorflow==1.4" in note for note in second)
    assert (tmp_path / "requirements.txt").read_text() == "tensorflow==1.4\n"
