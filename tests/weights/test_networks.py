"""The fixture's detector: old checkpoint, file of Keras, checkpoint, and every bit is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.old_weights.roundtrip import there_and_back
from benchmarks.old_weights.rows import NETWORKS, OLD, ROWS, Row
from benchmarks.old_weights.trees import Tree, trees
from tests.weights.tools import tensorflow_1

pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

DETECTOR = [row for row in ROWS if NETWORKS[row.network].tree == "fixture"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return trees(tmp_path_factory.mktemp("trees"), {"fixture"})["fixture"]


@pytest.mark.slow
@pytest.mark.parametrize("row", DETECTOR, ids=[row.name for row in DETECTOR])
def test_the_detector_there_and_back(tree: Tree, row: Row, tmp_path: Path) -> None:
    python = tensorflow_1() if row.writer == OLD else None
    outcome = there_and_back(row, tree, tmp_path / "row", python)
    shutil.rmtree(tmp_path / "row")  # half a gigabyte, which pytest would keep
    assert not outcome.error and not outcome.wrong
    # Weights and statistics; with the optimizer's state also two slots and an average of each
    # of the 256 trained, the step, and Adam's powers.
    state = 256 * 3 + 1 + 2 * (row.optimizer == "AdamOptimizer")
    assert outcome.identical == outcome.variables == 410 + row.slots * state
    assert row.slots or (outcome.is_equal and len(outcome.differences) == 8)
