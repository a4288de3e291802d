"""Which checkpoints stay, beside tf.train.Saver."""

from __future__ import annotations

from pathlib import Path

import pytest

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from slimport.written.model_saver import ModelSaver  # noqa: E402

MINUTES = (0, 20, 50, 70, 80, 140, 150, 200, 201, 202, 203)


def test_one_checkpoint_every_hour_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1e9
    monkeypatch.setattr("time.time", lambda: now)
    model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    ours = ModelSaver(model, max_to_keep=2, keep_checkpoint_every_n_hours=1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.get_variable("x", initializer=1.0)
        session.run(tf.compat.v1.global_variables_initializer())
        theirs = tf.compat.v1.train.Saver(max_to_keep=2, keep_checkpoint_every_n_hours=1)
        for minute in MINUTES:
            now = 1e9 + 60 * minute
            theirs.save(session, str(tmp_path / "theirs" / "model"), minute)
    for minute in MINUTES:
        now = 1e9 + 60 * minute
        ours.save(str(tmp_path / "ours" / "model"), minute)
    kept = [
        sorted(path.name for path in (tmp_path / side).glob("*.index"))
        for side in ("theirs", "ours")
    ]
    assert kept[0] == kept[1] and len(kept[0]) > 2
    names = [[Path(path).name for path in saver.last_checkpoints] for saver in (ours, theirs)]
    assert names[0] == names[1] and len(names[0]) == 2
