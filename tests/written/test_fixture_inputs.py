"""The fixtures' input pipelines, migrated: the batches are those of the legacy programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script

pytest.importorskip("tf_slim")
LEGACY = Path(__file__).parents[2] / "fixtures" / "legacy"


def batches(side: str, project: Path, data: Path) -> Any:
    printed = run_script(side, Path(__file__).with_name("fixture_inputs.py"), project, data)
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("project", ["dataset_data_provider", "ssd_inception_v2"])
def test_batches_are_the_legacy_ones(project: str, tmp_path: Path) -> None:
    data, migrated = tmp_path / "data", tmp_path / project
    data.mkdir()
    shutil.copytree(LEGACY / project, migrated)
    for path, contents in rewrite_tree(LEGACY / project).outputs.items():
        (migrated / path).write_bytes(contents)
    expected = batches("legacy", LEGACY / project, data)
    assert batches("migrated", migrated, data) == expected
    assert len(expected) == 4 and expected[0][0][0][0] == 3
    assert len({json.dumps(step) for step in expected}) > 2
