"""What fit writes to event files: the scalars of steps, under TF 1's tags."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

tf = pytest.importorskip("tensorflow")

import keras  # noqa: E402

from slimport.written.dense import fully_connected  # noqa: E402
from slimport.written.loss_model import LossModel, log_scalar  # noqa: E402
from slimport.written.training_callbacks import Summaries  # noqa: E402


def build_loss() -> Any:
    loss = tf.reduce_mean(tf.square(fully_connected(tf.ones([2, 3]), 1)))
    log_scalar("losses/squares of all", 2.0 * loss)
    log_scalar("loss", loss + 1.0)
    return loss


def written(folder: Path) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def fitted(callback: Summaries, steps: int) -> None:
    model = LossModel(build_loss)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    model.fit(model.batches, steps_per_epoch=steps, callbacks=[callback], verbose=0)


def test_the_first_step_and_then_by_the_clock(tmp_path: Path) -> None:
    fitted(Summaries(str(tmp_path), 1000), 5)
    found = written(tmp_path)
    assert found.keys() == {"loss", "losses/squares_of_all", "loss_1"}
    loss = found["loss"][1]
    assert found["losses/squares_of_all"] == {1: pytest.approx(2.0 * loss)}
    assert found["loss_1"] == {1: pytest.approx(loss + 1.0)}


def test_every_step(tmp_path: Path) -> None:
    fitted(Summaries(str(tmp_path), 0, loss="total_loss"), 3)
    assert list(written(tmp_path)["total_loss"]) == [1, 2, 3]


def test_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    callback = Summaries(str(tmp_path), 25)
    fitted(callback, 12)
    steps = list(written(tmp_path)["loss"])
    assert steps[0] == 1 and 3 <= len(steps) < 12


def test_nowhere(tmp_path: Path) -> None:
    fitted(Summaries(None), 2)
    assert list(tmp_path.iterdir()) == []
