"""Files in several processes, and shares of a tree: the same bytes as one process writes."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from slimport.report.model import Status
from slimport.rewrite import parallel, tree
from slimport.rewrite.parallel import Crash, Workers
from slimport.rewrite.shards import Shard
from slimport.rewrite.tree import TreeResult, rewrite_tree

NETWORK = '''"""Network {0}."""
import tf_slim as slim
from lib.common import helper


def net_{0}(images):
    net = slim.conv2d(images, {1}, [3, 3], scope='first')
    return helper(slim.flatten(net))
'''
LEFT = """import tensorflow as tf
from lib.common import slim


def reader(x):
    return slim.no_such_function(tf.to_float(x))
"""


@pytest.fixture(autouse=True)
def forks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes also where pytest has threads, or another test has imported TensorFlow."""
    if request.function is not test_no_fork_beside_threads:
        monkeypatch.setattr(parallel, "_can_fork", lambda: True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"lib/__init__.py": "", "lib/common.py": "import tf_slim as slim\n\n\n" + "x = 1\n" * 9}
    files["lib/common.py"] += "\n\ndef helper(x):\n    return slim.fully_connected(x, 3)\n"
    files["broken.py"] = "import tf_slim\nx = = 1\n"
    files["reader.py"] = LEFT
    for number in range(9):
        files[f"net{number}.py"] = NETWORK.format(number, 8 + number) + "# filling\n" * 10 * number
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _everything(result: TreeResult) -> tuple[Any, ...]:
    return list(result.outputs.items()), result.originals, result.report.to_json()


def test_processes_write_what_one_writes(folder: Path) -> None:
    alone = rewrite_tree(folder, jobs=1)
    assert len(alone.outputs) > 9
    assert _everything(rewrite_tree(folder, jobs=3)) == _everything(alone)


def test_shards_are_the_tree(folder: Path) -> None:
    whole = rewrite_tree(folder)
    shards = [rewrite_tree(folder, shard=Shard(number, 3)) for number in (1, 2, 3)]
    outputs = {path: data for shard in shards for path, data in shard.outputs.items()}
    assert sum(len(shard.outputs) for shard in shards) == len(outputs)
    assert outputs == {p: d for p, d in whole.outputs.items() if p.name != "scoped_layers.py"}
    files = [file for shard in shards for file in shard.report.to_json()["files"]]
    assert sorted(files, key=lambda file: file["path"]) == whole.report.to_json()["files"]
    assert all(shard.outputs for shard in shards)


def test_a_share_that_names_of_others_rest_on(folder: Path) -> None:
    """`reader.py` leaves what it reaches through `lib/common.py`, which keeps its name."""
    whole = rewrite_tree(folder)
    common = next(path for path in whole.outputs if path.name == "common.py")
    assert b"legacy_import" in whole.outputs[common]
    sizes = {path: int(path == common) for path in whole.originals}
    assert Shard(1, 2).of(sizes) & {common}
    apart = [
        r for n in range(1, 13) if common in (r := rewrite_tree(folder, shard=Shard(n, 12))).outputs
    ]
    assert [result.outputs[common] for result in apart] == [whole.outputs[common]]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "-1/3", "1/0"])
def test_no_shard(text: str) -> None:
    with pytest.raises(ValueError):
        Shard.parse(text)


def test_a_worker_that_dies_is_an_error_of_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tree.rewrite_module

    def dies(source: Any, module: Any, *rest: Any) -> Any:
        if module.path.name == "net4.py":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(source, module, *rest)

    monkeypatch.setattr(tree, "rewrite_module", dies)
    result = rewrite_tree(folder, jobs=2)
    failed = {file.path: file.error for file in result.report.failed}
    assert failed.keys() == {"broken.py", "net4.py"}
    assert "killed by SIGKILL" in failed["net4.py"]
    assert "net5.py" in {path.name for path in result.outputs}


def test_an_interrupt_ends_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(item: int) -> int:
        signal.pause()
        return item

    def interrupt(done: int, total: int) -> None:
        threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()

    children = []
    start = parallel._Pool._start

    def started(self: Any) -> None:
        start(self)
        children.extend(process for process, _ in self._busy.values())

    monkeypatch.setattr(parallel._Pool, "_start", started)
    # Below nohup, and in the background of a script, Python starts with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(Workers(2, interrupt).apply(waits, {1: 1, 2: 1, 3: 1}))
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(children) > 1
    assert not any(process.is_alive() for process in children)


def test_no_fork_beside_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another thread holds would stay locked in the fork for ever."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        results = dict(Workers(2).apply(lambda item: os.getpid(), {1: 1, 2: 1}))
    finally:
        done.set()
        thread.join()
    assert set(results.values()) == {os.getpid()}


def test_progress_and_order() -> None:
    told: list[tuple[int, int]] = []
    workers = Workers(2, lambda done, total: told.append((done, total)))
    results = list(workers.apply(lambda item: item * item, {3: 10, 1: 30, 2: 20}))
    assert results == [(3, 9), (1, 1), (2, 4)]
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)
    assert not any(isinstance(result, Crash) for _, result in results)


def test_the_status_of_a_tree_in_processes(folder: Path) -> None:
    result = rewrite_tree(folder, jobs=4)
    assert {file.path for file in result.report.files if file.status is Status.FAILED} == {
        "broken.py"
    }
