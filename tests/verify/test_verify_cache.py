"""Answers that are kept: none is used once anything it rests on has changed."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slimport.verify import run
from slimport.verify.running import cache, fingerprint, sides
from slimport.verify.running.cache import AnswerCache

VERIFY = Path(cache.__file__).parents[1]
WORKER = Path(__file__).with_name("fake_worker.py")


@pytest.fixture
def place(tmp_path):
    """A tree, a library beside it, a data file, and the folder of answers."""
    for name in ("tree", "library", "answers"):
        (tmp_path / name).mkdir()
    (tmp_path / "tree" / "net.py").write_text("import os\nSIZE = os.environ.get('NET_SIZE')\n")
    (tmp_path / "library" / "layers.py").write_text("A = 1\n")
    (tmp_path / "data.txt").write_text("1")
    return tmp_path


def make(place, *names, **changes):
    """A side of these cases and what it has told."""
    news = []
    out = place / f"out-{len(list(place.glob('out-*')))}"
    out.mkdir()
    given = {"seed": 0, "inputs": [], "args": {"data": [{"path": str(place / "data.txt")}]}}
    request = {
        "out": str(out),
        "root": str(place / "tree"),
        "paths": ["."],
        "loaded": [str(place / "library" / "layers.py"), os.__file__, json.__file__],
        "cases": [
            {"name": name, "index": index, **given, **changes} for index, name in enumerate(names)
        ],
    }
    side = sides.Side(
        "old", WORKER, sys.executable, out, request, 20.0,
        lambda _, text: news.append(str(text)), AnswerCache(place / "answers"),
    )  # fmt: skip
    return side, news


def told(place, *names, **changes):
    """Runs the cases; returns how each came by its answer."""
    side, news = make(place, *names, **changes)
    side.run()
    return [line for line in news if not line.endswith("...")]


def test_unchanged_cases_start_nothing(place, monkeypatch):
    assert told(place, "a", "b") == ["a done", "b done"]
    assert told(place, "a", "c", "b") == ["a unchanged", "c done", "b unchanged"]
    monkeypatch.setattr(sides.Side, "start", lambda *given: pytest.fail("a worker was started"))
    side, _ = make(place, "b", "a")
    side.run()
    assert side.answer(0, "inference").arrays["a0"].tolist() == [1.0, 1.0]
    assert side.environment == {"python": "0"}


def edit(path):
    return lambda place, patch: (place / path).write_text("B = 2\n")


CHANGES = {
    "the tree": edit("tree/net.py"),
    "a new module of the tree": edit("tree/other.py"),
    "what it imports from elsewhere": edit("library/layers.py"),
    "a data file": edit("data.txt"),
    "a variable that it names": lambda place, patch: patch.setenv("NET_SIZE", "3"),
    "a variable of TensorFlow": lambda place, patch: patch.setenv("TF_CUDNN_DETERMINISTIC", "1"),
    "the packages": lambda place, patch: patch.setattr(fingerprint, "installed", lambda _: "other"),
    "the processor": lambda place, patch: patch.setattr(fingerprint, "machine", lambda: "other"),
    "the workers": lambda place, patch: patch.setattr(cache, "_workers", lambda: "other"),
    "what is gone": lambda place, patch: (place / "library" / "layers.py").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_run_anew(place, monkeypatch, change):
    told(place, "a")
    CHANGES[change](place, monkeypatch)
    assert told(place, "a") == ["a done"]


def test_another_case_is_another_answer(place):
    told(place, "a")
    assert told(place, "a", seed=1) == ["a done"]
    assert told(place, "a", args={}) == ["a done"]


def test_other_variables_and_folders_of_tools_change_nothing(place, monkeypatch):
    told(place, "a")
    monkeypatch.setenv("SHLVL", "7")
    (place / "tree" / "__pycache__").mkdir()
    (place / "tree" / "__pycache__" / "net.pyc").write_text("x")
    assert told(place, "a") == ["a unchanged"]


def test_modules_behind_a_link_belong_to_the_tree(place):
    (place / "tree" / "linked").symlink_to(place / "library")
    (place / "tree" / "round").symlink_to(place / "tree")
    told(place, "a", args={})
    (place / "library" / "more.py").write_text("x")
    assert told(place, "a", args={}) == ["a done"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "manifest", "empty"])
def test_a_damaged_entry_is_never_believed(place, damage):
    told(place, "a")
    [entry] = (place / "answers" / "old").iterdir()
    arrays = entry / "inference.npz"
    data = arrays.read_bytes()
    if damage == "cut":
        arrays.write_bytes(data[:-20])
    elif damage == "flipped":
        arrays.write_bytes(bytes([*data[:80], data[80] ^ 1, *data[81:]]))
    elif damage == "missing":
        arrays.unlink()
    elif damage == "manifest":
        (entry / "manifest.json").write_text('{"files": {')
    else:
        for path in entry.iterdir():
            path.unlink()
    assert told(place, "a") == ["a done"]
    assert told(place, "a") == ["a unchanged"]


def test_answers_without_what_was_loaded_are_not_kept(place):
    side, _ = make(place, "a")
    del side.request["loaded"]
    side.run()
    assert not list((place / "answers").glob("*/*"))


def test_errors_are_not_kept(place):
    told(place, "exits", "rubbish")
    assert told(place, "rubbish") == ["rubbish done"]


def test_a_tree_that_changes_while_it_runs_is_not_kept(place):
    side, _ = make(place, "slow", seconds=0.5)
    threading.Timer(0.3, lambda: edit("tree/net.py")(place, None)).start()
    side.run()
    assert side.is_answered(0)
    assert not list((place / "answers").glob("*/*"))


def test_runs_at_once_do_not_clash(place):
    made = [make(place, "a", "b")[0] for _ in range(4)]
    threads = [threading.Thread(target=side.run) for side in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(side.is_answered(index) for side in made for index in (0, 1))
    assert told(place, "a", "b") == ["a unchanged", "b unchanged"]
    assert not list((place / "answers" / "old").glob("partial-*"))


def test_the_answers_that_were_not_used_for_longest_go(place):
    for number, name in enumerate("abc"):
        told(place, name)
        for path in (place / "answers" / "old").glob("*/manifest.json"):
            with contextlib.suppress(OSError):
                os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 100))
        assert len(list((place / "answers" / "old").iterdir())) == number + 1
    assert told(place, "a") == ["a unchanged"]
    sizes = [
        sum(path.stat().st_size for path in entry.iterdir())
        for entry in (place / "answers" / "old").iterdir()
    ]
    AnswerCache(place / "answers", limit=2 * max(sizes)).trim()
    assert told(place, "a", "b", "c") == ["a unchanged", "b done", "c unchanged"]


def test_a_folder_that_cannot_be_written_is_no_cache(place):
    (place / "answers").rmdir()
    (place / "answers").write_text("a file")
    assert told(place, "a") == ["a done"]


def test_the_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("SLIMPORT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.default_folder() == tmp_path / "slimport" / "verify"
    monkeypatch.setenv("SLIMPORT_CACHE", "/elsewhere")
    assert cache.default_folder() == Path("/elsewhere")
    assert run.Settings().cache is None


def imported(path):
    """The files of `slimport.verify` that a file of it names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slimport.verify"):
            place = VERIFY.joinpath(*node.module.split(".")[2:])
            found |= {place / f"{alias.name}.py" for alias in node.names}
            found.add(place.with_suffix(".py"))
    return {path for path in found if path.is_file()}


def test_what_workers_import_is_part_of_the_key():
    scripts = ["bootstrap.py", sides.OWN_WORKER, *sides.SCRIPTS.values()]
    waiting = [VERIFY / "reference.py", *(VERIFY / "workers" / script for script in scripts)]
    reached = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += imported(path)
    assert {"worker", "graph", "values", "protocol"} <= {path.stem for path in reached}
    assert reached <= set(cache.worker_files())


READING = """
import sys
from slimport.verify.workers import loaded
loaded.watch(sys.argv[1] + "/out-0")
open(sys.argv[1] + "/data.txt").read()
open(sys.argv[1] + "/written.txt", "w").close()
open(sys.argv[1] + "/written.txt").read()
open(sys.argv[1] + "/out-0/request.json").read()
print([path for path in loaded.files() if path.startswith(sys.argv[1])])
"""


def test_files_that_code_opens_are_rested_on(place):
    (place / "out-0").mkdir()
    (place / "out-0" / "request.json").write_text("{}")
    command = [sys.executable, "-c", READING, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == [str(place / "data.txt")]
