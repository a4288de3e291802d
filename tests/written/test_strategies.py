"""Replicas of a model beside TF 1's clones of a graph; the strategies that are refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
STEPS = (1, 3, 10)
CASES = [
    "one clone",
    "two clones",
    "clipped and multiplied",
    "one layer",
    "a schedule",
    "words",
]
FAULTS = [
    "gradients not divided",
    "regularization of each clone",
    "clipped before the sum",
    "statistics of the second clone",
    "statistics of each replica",
    "the same batch for all",
]


def started(*command: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=HERE,
        env=ENVIRONMENT,
    )


def finish(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0, output[-3000:]


def found_by(folder: Path, clones: int) -> dict[str, Any]:
    path = folder / f"clones{clones}.npz"
    finish(started(HERE / "clone_steps.py", path, clones))
    return dict(np.load(path))


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return found_by(tmp_path_factory.mktemp("clones"), 2)


def differences(found: dict[str, Any], case: str, old: str = "") -> dict[str, float]:
    """The greatest difference of each value, by step and name, after 1, 3 and 10 steps."""
    old = f"{old or case}|old|"
    expected = {key.removeprefix(old): v for key, v in found.items() if key.startswith(old)}
    assert {key.partition("|")[0] for key in expected} == {str(step) for step in STEPS}
    assert len(expected) >= 39 and sum("ExponentialMovingAverage" in key for key in expected) >= 18
    return {
        key: float(np.abs(found[f"{case}|new|{key}"] - value).max())
        for key, value in expected.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_steps_are_those_of_clones(case: str, clones: dict[str, Any]) -> None:
    found = differences(clones, case)
    assert max(found.values()) < 5e-6, max(found, key=lambda key: found[key])


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_sees(fault: str, clones: dict[str, Any]) -> None:
    assert max(differences(clones, fault).values()) > 1e-2


@pytest.mark.slow
def test_three_clones(tmp_path: Path) -> None:
    assert max(differences(found_by(tmp_path, 3), "three clones").values()) < 5e-6


@pytest.mark.slow
def test_two_workers(clones: dict[str, Any], tmp_path: Path) -> None:
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    finish(*(started(HERE / "worker_steps.py", tmp_path, i, *ports) for i in range(2)))
    for index in range(2):
        found = clones | dict(np.load(tmp_path / f"worker{index}.npz"))
        off = differences(found, "workers")
        assert max(off.values()) < 5e-6, max(off, key=lambda key: off[key])
        whole = {key.partition("|")[2] for key in found if key.startswith("whole|")}
        assert len(whole) > 12
        for name in whole:
            np.testing.assert_allclose(
                found[f"parts|{name}"], found[f"whole|{name}"], 1e-5, 1e-6, err_msg=name
            )
    # The chief saves, and the other worker has no checkpoint to go on from.
    assert (tmp_path / "logs0" / "checkpoint").exists()
    assert not (tmp_path / "logs1").exists()


@pytest.mark.slow
def test_on_two_cpus() -> None:
    finish(started("-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "on_two_cpus.py"))


def cluster(workers: int, kind: str, index: int, **jobs: list[str]) -> str:
    jobs = {"worker": [f"host{n}:2222" for n in range(workers)], **jobs}
    return json.dumps({"cluster": jobs, "task": {"type": kind, "index": index}})


def test_one_clone_of_one_worker_needs_no_strategy(new: Any) -> None:
    for options in ({}, {"clone_on_cpu": True}, {"num_ps_tasks": 2}, {"replicas_to_aggregate": 1}):
        assert new.clone_strategy(**options) is tf.distribute.get_strategy()
    strategy = new.clone_strategy(sync_replicas=False, replicas_to_aggregate=4)
    assert strategy is tf.distribute.get_strategy()


REFUSED = [
    ({"num_clones": 2}, None, r"num_clones=2, but TensorFlow sees \d+ GPUs.*clone_on_cpu=True"),
    ({"replica_id": 1}, None, "replica_id=1, but there are 1 replicas"),
    ({"master": "grpc://host:2222"}, None, "no server to train on.*TF_CONFIG"),
    ({"num_replicas": 4, "sync_replicas": False}, None, "parameter servers, which Keras' fit does"),
    ({"num_replicas": 4, "replicas_to_aggregate": 3}, None, "set it to their number"),
    ({"replicas_to_aggregate": 2}, None, "there are 1 workers"),
    ({"num_replicas": 2}, None, r'(?s)such as.*"worker": \["host0:2222", "host1:2222"\].*not set'),
    ({"num_replicas": 2}, cluster(3, "worker", 0), "needs TF_CONFIG.*(?s:.*)It says"),
    ({"num_replicas": 2}, cluster(2, "worker", 1), "Worker 0 of 2 needs TF_CONFIG"),
    ({"num_replicas": 2, "replica_id": 1}, cluster(2, "ps", 1), "Worker 1 of 2 needs TF_CONFIG"),
    ({"num_replicas": 2}, cluster(1, "worker", 0, chief=["h:1"]), "Worker 0 of 2 needs TF_CONFIG"),
    ({"num_replicas": 2}, cluster(2, "worker", 0, ps=["h:1"]), "(?s)It names parameter servers"),
    (
        {"num_replicas": 2, "num_clones": 2, "clone_on_cpu": True},
        cluster(2, "worker", 0),
        "of several workers each has one",
    ),
    ({"num_replicas": 2, "num_clones": 8}, cluster(2, "worker", 0), r"TensorFlow sees \d GPUs"),
]


@pytest.mark.parametrize(("options", "config", "message"), REFUSED)
def test_refused(
    options: dict[str, Any],
    config: str | None,
    message: str,
    new: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match=message):
        new.clone_strategy(**options)


def test_gpus_are_the_first_ones(new: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] * 3)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind] * 3)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", list)
    assert new.clone_strategy(num_clones=2) == ["/device:GPU:0", "/device:GPU:1"]
    assert isinstance(new.clone_strategy(clone_on_cpu=True), tf.distribute.OneDeviceStrategy)
    assert new.clone_strategy() is tf.distribute.get_strategy()
