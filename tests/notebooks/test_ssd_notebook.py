"""The notebook that goes from a pipeline file and a checkpoint to boxes on an image."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from benchmarks.object_detection_api import tree
from benchmarks.object_detection_api.__main__ import CACHE
from slimport.cli import main

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "ssd_from_checkpoint.ipynb"
DETECTOR = NOTEBOOK.with_name("detector.py")
PIPELINES = Path(__file__).parent / "pipelines"
ARCHIVE = "tf_models_research_object_detection-2.8.0.post1"


@pytest.fixture
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


def _code(notebook: Any) -> list[str]:
    return [cell["source"] for cell in notebook.cells if cell["cell_type"] == "code"]


def test_the_notebook_is_one_and_was_run_from_top_to_bottom(notebook: Any) -> None:
    assert notebook["nbformat"] == 4
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs), "no picture"
    places = re.findall(
        r"(?:file://|(?<![\w.]))/(?:root|home|tmp|Users|work|opt)/[^\s\"]*", NOTEBOOK.read_text()
    )
    assert not places


def test_the_commands_of_the_notebook_are_slimports(
    notebook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs the cells that come before TensorFlow, with commands that are only noted."""
    monkeypatch.setattr(os, "environ", {**os.environ, "SSD_ARCHIVE": "ssd", "SSD_WORK": "build"})
    monkeypatch.chdir(tmp_path)
    for name in ("image.png", "ssd/pipeline.config", "ssd/model.ckpt.index"):
        _touch(tmp_path / name)
    _touch(tmp_path / "build" / f"{ARCHIVE}.tar.gz")
    _touch(tmp_path / "build" / ARCHIVE / "setup.py")
    names: dict[str, Any] = {}
    commands: list[list[str]] = []
    for text in _code(notebook):
        if "import tensorflow" in text:
            break
        exec(compile(text, NOTEBOOK.name, "exec"), names)
        names["run"] = lambda *words, **_: commands.append([str(word) for word in words])
    parsed = [_parsed(words[1:]) for words in commands if words[0] == "slimport"]
    assert [words[0] for words in commands] == ["pip", "tarfile"] + ["slimport"] * 3
    assert [name for name, _ in parsed] == ["rewrite", "weights", "weights"]
    assert parsed[1][1]["inspect"]
    given = parsed[2][1]
    _check_model(given["model"], given["args"])
    assert str(given["out"]) == "build/ssd.weights.h5"


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Parses a command as slimport would."""
    name, *rest = words
    command = main.get_command(click.Context(main), name)
    assert command is not None, name
    return name, command.make_context(name, rest).params


def _check_model(model: str, arguments: dict[str, Any]) -> None:
    """`detector:build` takes what it is given."""
    module, function = model.split(":")
    assert module == DETECTOR.stem
    tree_of = ast.parse(DETECTOR.read_text("utf-8"))
    (found,) = (n for n in tree_of.body if isinstance(n, ast.FunctionDef) and n.name == function)
    parameters = [argument.arg for argument in found.args.args]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in parameters])
    signature.bind(**arguments)


@pytest.mark.parametrize("page", ["README.md", "docs/object-detection-api.md"])
def test_the_commands_of_the_pages_are_slimports(page: str) -> None:
    text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"^ *slimport ((?:rewrite|weights) .+)$", text, re.MULTILINE)
    weights = [_parsed(_words(command))[1] for command in commands if "weights " in command]
    assert any(given["inspect"] for given in weights)
    for given in weights:
        if given["model"] is not None and given["model"].startswith("detector:"):
            _check_model(given["model"], given["args"])


def _words(command: str) -> list[str]:
    import shlex

    return shlex.split(command, comments=True)


@pytest.fixture(scope="module")
def legacy() -> Path:
    """The API's source; needs a package index once."""
    try:
        return tree.legacy_tree(CACHE / "slimport" / "object-detection-api")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no source distribution: {error}")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both notebooks share: the first one gets the source and rewrites it."""
    return tmp_path_factory.mktemp("work")


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ssd_mobilenet_v2", "ssd_inception_v2"])
def test_the_notebook_finds_what_the_old_graph_finds(
    network: str,
    notebook: Any,
    legacy: Path,
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = tmp_path / network
    _make_archive(legacy, PIPELINES / f"{network}.config", archive)
    for path in (NOTEBOOK, DETECTOR):
        shutil.copy(path, tmp_path)
    for name, value in {"ARCHIVE": archive, "WORK": work, "IMAGE": archive / "image.png"}.items():
        monkeypatch.setenv(f"SSD_{name}", str(value))
    monkeypatch.setenv("SSD_MIN_SCORE", "0.3")
    here = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=1500, resources=here).execute()

    old, new = np.load(archive / "detections.npz"), np.load(work / f"{network}.npz")
    assert set(old.files) == set(new.files)
    assert old["num_detections"][0] > 0 and old["detection_scores"].max() > 0.3
    for name in old.files:
        np.testing.assert_allclose(new[name], old[name], rtol=0, atol=1e-5, err_msg=name)
    assert (work / f"{network}.weights.h5").exists()
    assert (work / f"{network}.png").stat().st_size > 10_000
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not _complaints(outputs)
    (said,) = (output["text"] for output in outputs if "old and new" in output.get("text", ""))
    count = int(old["num_detections"][0])
    assert f"detections, old and new: {count} {count}\nsame classes: True" in said


def _make_archive(legacy: Path, pipeline: Path, folder: Path) -> None:
    script = Path(__file__).with_name("make_archive.py")
    done = subprocess.run(
        [sys.executable, str(script), str(legacy), str(pipeline), str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _complaints(outputs: list[Any]) -> list[str]:
    """What cells wrote to the error stream, but for the notes of TensorFlow's native half."""
    native = re.compile(r"WARNING: All log messages before absl|[IW]0000 |\s*$")
    lines = [
        line
        for output in outputs
        if output["output_type"] == "stream" and output["name"] == "stderr"
        for line in output["text"].splitlines()
    ]
    return [line for line in lines if not native.match(line)]
