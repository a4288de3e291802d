"""The legacy fixtures of this repository, rewritten."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from slimport.rewrite.tree import TreeResult, rewrite_tree
from tests.rewrite.tools import output, report, rewrite_program

LEGACY = Path(__file__).parents[2] / "fixtures" / "legacy"
MODEL_CODE = ("core/", "models/", "nets/")


@pytest.fixture(scope="module")
def ssd() -> TreeResult:
    return rewrite_tree(LEGACY / "ssd_inception_v2")


def text_of(result: TreeResult, path: PurePosixPath) -> str:
    data = result.outputs.get(path)
    return (data or (result.root / path).read_bytes()).decode("utf-8")


def test_nothing_fails(ssd: TreeResult) -> None:
    assert [(file.path, file.error) for file in ssd.report.failed] == []


def test_model_code_is_left_without_slim(ssd: TreeResult) -> None:
    left = [file.path for file in ssd.report.files if file.left]
    assert not [path for path in left if path.startswith(MODEL_CODE)]
    for file in ssd.report.files:
        if file.path.startswith(MODEL_CODE):
            code = re.sub(
                r"#.*|\"\"\".*?\"\"\"", "", text_of(ssd, PurePosixPath(file.path)), flags=re.S
            )
            assert not re.search(r"\bslim\.|tf_slim|contrib", code), file.path


def test_nothing_is_left_and_nothing_marked(ssd: TreeResult) -> None:
    assert ssd.report.left == 0
    assert not any("# TODO(slimport): " in text_of(ssd, path) for path in ssd.originals)


def test_every_reference_that_is_left_is_marked() -> None:
    files = {
        "net.py": "import tf_slim as slim\n\n\ndef net(x):\n    return slim.flatten(x)\n",
        "tune.py": "import tf_slim as slim\n\nslim.learning.tune(\n    1)\nx = slim.tune(2)\n",
    }
    result = rewrite_program(files)
    assert [len(report(result, name).left) for name in files] == [0, 2]
    marks = [(output(result, name) or "").count("# TODO(slimport): ") for name in files]
    assert marks == [0, 2]


def test_the_detector_is_written_once(ssd: TreeResult) -> None:
    assert ssd.report.written_modules == ["scoped_layers.py"]


def test_closed_code_becomes_plain_keras() -> None:
    result = rewrite_tree(LEGACY / "arg_scope_conv2d")
    text = text_of(result, PurePosixPath("digits_net.py"))
    assert "import keras\n" in text and "scoped_layers" not in text and "tf." not in text
    assert result.report.written_modules == []
    assert result.report.left == 0


def test_an_input_pipeline_is_rewritten_whole() -> None:
    result = rewrite_tree(LEGACY / "dataset_data_provider")
    text = text_of(result, PurePosixPath("flowers_input.py"))
    assert result.report.left == 0
    assert "slim." not in text and "    DatasetDataProvider,\n" in text


def test_a_loop_of_slim_becomes_fit() -> None:
    result = rewrite_tree(LEGACY / "learning_train")
    text = text_of(result, PurePosixPath("train_curve.py"))
    assert result.report.left == 0 and result.report.failed == []
    assert "model = keras.Model(inputs, predictions)\n" in text and "model.fit(" in text
    assert "loss=keras.losses.MeanSquaredError())\n" in text
    assert "Session" not in text and "Graph" not in text
