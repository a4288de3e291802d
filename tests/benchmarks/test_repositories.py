"""The benchmark of whole repositories: its list, its tables, a row that fails. No checkouts."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.repositories import imports, listed, references, rows, table, training, tree
from slimport.verify.run import Settings

WORKER = Path(rows.__file__).with_name("import_worker.py")


@pytest.fixture(scope="module")
def repositories():
    return listed.load()


def _mode(status="equal", errors=None, **worst):
    return {
        "status": status,
        "built": "functional",
        "compared": dict.fromkeys(worst, 3),
        "worst": worst,
        "first_divergence": None if status == "equal" else "output 0: 1e-05 of scale",
        "errors": errors or {},
    }


def _entry(name, status, **modes):
    return {"name": name, "status": status, "matched": "4/4", "modes": modes}


def _row(name="owner/name", **rest):
    return {
        "name": name,
        "seconds": 3.0,
        "references": {
            "slim": {"rewritten": 19, "marked": 1},
            "others": {"rewritten": 7, "marked": 2},
            "apis": {"slim.learning.train": 1},
            "failed": {},
        },
        "imports": {
            "files": 9,
            "tf1": 8,
            "tf2": 2,
            "migrated": 7,
            "runs_on": [],
            "lost": {"a.py": "KeyError: 1"},
        },
        "entries": [_entry("name/net", "equal", inference=_mode(output=2e-6))],
        "training": [],
        **rest,
    }


def _first_cells(text):
    """Lines of both tables by their first cell."""
    return {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}


# ------------------------------------------------------------------------------- the list


def test_the_list_is_complete(repositories):
    assert len(repositories) >= 10
    assert len({repository.folder for repository in repositories}) == len(repositories)
    for repository in repositories:
        assert repository.name.count("/") == 1
        assert len(repository.commit) == 40 and int(repository.commit, 16)
        assert repository.cases
        assert not any(Path(p).is_absolute() for p in repository.paths + repository.subtrees)


def test_every_entry_is_a_case_and_its_module_is_there(repositories):
    for repository in repositories:
        for paths, members in repository.groups():
            trees = tree.Trees(Path("legacy"), Path("migrated"), {}, 0.0)
            file = rows.case_file(paths, members, trees)
            assert [case.name for case in file.cases] == [case["name"] for case in members]
            assert all(case.name.startswith(repository.name.split("/")[1]) for case in file.cases)
            assert all("graph" in case.places for case in file.cases)
        if repository.entries is not None:
            own = {path.stem for path in (listed.ENTRIES / repository.entries).glob("*.py")}
            used = {case["entry"].partition(":")[0] for case in repository.cases}
            assert own & used


def test_every_entry_module_is_used_and_old_python_reads_it(repositories):
    used = {
        (repository.entries, case["entry"].partition(":")[0])
        for repository in repositories
        for case in repository.cases
    }
    for path in listed.ENTRIES.rglob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 7))
        assert (
            path.parent.name in ("shared", "training") or (path.parent.name, path.stem) in used
        ), path


def test_a_misspelt_key_is_an_error(tmp_path):
    path = tmp_path / "list.toml"
    path.write_text('[[repository]]\nname = "a/b"\ncommit = "0"\nroots = ["."]\n')
    with pytest.raises(ValueError, match="a/b: unknown key roots"):
        listed.load(path)
    path.write_text('[[repository]]\nname = "a/b"\n')
    with pytest.raises(ValueError, match="a/b: needs name and commit"):
        listed.load(path)
    path.write_text('[[repository]]\nname = "a/b"\ncommit = "0"\n')  # its files are imported
    assert [repository.cases for repository in listed.load(path)] == [()]


def test_repositories_are_chosen_by_a_part_of_their_name(repositories):
    assert [r.name for r in listed.chosen(["EAST"], repositories)] == ["argman/EAST"]
    assert listed.chosen([], repositories) == repositories
    with pytest.raises(ValueError, match="no repository is called 'nothing'"):
        listed.chosen(["nothing"], repositories)


# ---------------------------------------------------------------------------- references


def test_slim_is_counted_apart():
    def item(api):
        return {"api": api}

    report = {
        "files": [
            {
                "path": "a.py",
                "rewritten": [item("slim.conv2d"), item("tf.concat"), item("numpy.int")],
                "left": [item("slim.learning.train"), item("tf.contrib.rnn.X"), item("tf.sub")],
                "error": "",
            },
            {"path": "b.py", "rewritten": [], "left": [], "error": "Python 2"},
        ]
    }
    assert references.count(report) == {
        "slim": {"rewritten": 1, "marked": 2},
        "others": {"rewritten": 2, "marked": 1},
        "apis": {"slim.learning.train": 1, "tf.contrib.rnn.X": 1},
        "failed": {"b.py": "Python 2"},
    }
    assert not references.is_slim("slimmer.conv2d")


# -------------------------------------------------------------------------------- imports


def test_files_that_load_no_more_are_named():
    ok, bad, on = ("loaded", ""), ("failed", "KeyError: 1"), ("runs on", "")
    found = imports.summary(
        {
            "tf1": {"a": ok, "b": ok, "c": bad, "d": on},
            "tf2": {"a": ok, "b": bad, "c": bad, "d": bad},
            "migrated": {"a": ok, "b": bad, "c": bad, "d": on},
        }
    )
    assert found == {
        "files": 4,
        "tf1": 3,
        "tf2": 1,
        "migrated": 2,
        "runs_on": ["d"],
        "lost": {"b": "KeyError: 1"},
    }


def test_the_worker_imports_each_file_alone(tmp_path):
    """Under no TensorFlow at all: the forks, the paths and the stand-ins are what is tested."""
    files = {
        "good.py": "import nowhere.deep as n, sys\nfrom pack.sub import X\nassert n.f(1).g",
        "pack/sub.py": "import sys\nsys.marked = True\nclass X: pass",
        "alone.py": "import sys\nassert not hasattr(sys, 'marked')",
        "bad.py": "import missing_package",
        "leaves.py": "import sys\nsys.exit(3)",
        "works.py": "while True: pass",
        "loads.py": "import urllib.request\nurllib.request.urlopen('http://localhost:1/')",
        "my-script.py": "import good",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    request = {
        "side": "none",
        "root": str(tmp_path),
        "paths": ["."],
        "absent": ["nowhere"],
        "files": list(files),
        "timeout": 2.0,
        "out": str(tmp_path / "out.json"),
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    done = subprocess.run(
        [sys.executable, str(WORKER), str(tmp_path / "request.json")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    outcomes = {name: outcome for name, (outcome, _) in found.items()}
    assert outcomes == {
        "good.py": "loaded",
        "pack/sub.py": "loaded",
        "alone.py": "loaded",
        "bad.py": "failed",
        "leaves.py": "failed",
        "works.py": "runs on",
        "loads.py": "failed",
        "my-script.py": "loaded",
    }
    assert "missing_package" in found["bad.py"][1]
    assert "no network" in found["loads.py"][1]


def test_definitions_of_a_script_come_without_its_work(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(listed.ENTRIES / "shared"))
    (tmp_path / "script.py").write_text(
        "import math\nsize = 3\nnumbers = list(range(size))\ndef f(x): return math.sqrt(x) * size\n"
        "raise RuntimeError('works')\n"
    )
    import definitions

    module = definitions.load("script")
    assert module.f(4) == 6.0
    assert not hasattr(module, "numbers")
    with pytest.raises(ImportError, match=r"no file other\.py"):
        definitions.load("other")


# ----------------------------------------------------------------------------- the tables


def test_the_tables_show_what_did_not_pass():
    text = table.of_rows(
        [
            _row(),
            _row(
                "owner/other",
                other_commit="0123456789abcdef",
                entries=[
                    _entry("other/a", "differs", inference=_mode("differs", output=0.5)),
                    _entry("other/b", "failed", inference=_mode("failed", {"new": "while\nE: k"})),
                    {"name": "other/c", "status": "failed", "error": "T\nMemoryError: none"},
                ],
            ),
            {
                "name": "owner/gone",
                "seconds": 0.0,
                "entries": [],
                "training": [],
                "error": "T\nFileNotFoundError: x",
            },
        ]
    )
    assert "3 repositories: 38 of 40 references of slim rewritten (95.0%), 2 marked" in text
    assert "1 of 4 entries equal" in text
    lines = _first_cells(text)
    assert "| 19 | 1 | 7 | 2 | 9 | 8 | 2 | 7 | 1 of 1 |" in lines["owner/name"]
    assert "load no more: a.py" in lines["owner/name"]
    assert "`slim.learning.train` 1" in lines["owner/name"]
    assert "checkout is at 0123456789" in lines["owner/other"]
    assert "**failed**: FileNotFoundError: x" in lines["owner/gone"]
    assert "| 2e-06 |" in lines["name/net"]
    assert "**5e-01**" in lines["other/a"] and "output 0: 1e-05 of scale" in lines["other/a"]
    assert "**failed**" in lines["other/b"] and "E: k" in lines["other/b"]
    assert "MemoryError: none" in lines["other/c"]


def test_a_repository_without_a_checkout_is_a_row(tmp_path, repositories):
    found = rows.row(repositories[0], tmp_path, tmp_path / "work", Settings())
    assert "no checkout of" in found["error"]
    assert "failed" in table.news(found)


def test_a_repository_is_copied_in_parts_and_rewritten(tmp_path, monkeypatch):
    source = tmp_path / "checkouts" / "owner" / "name"
    for name in ("a/net.py", "b/other.py"):
        (source / name).parent.mkdir(parents=True)
        (source / name).write_text(
            "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 4, 3)\n"
        )
    repository = listed.Repository("owner/name", "0" * 40, ("a",), (".",), None, (), ())
    assert tree.checkout(tmp_path / "checkouts", repository) == source
    trees = tree.prepare(source, repository, tmp_path / "work")
    assert (trees.legacy / "a" / "net.py").is_file() and not (trees.legacy / "b").exists()
    assert "tf_slim" not in (trees.migrated / "a" / "net.py").read_text()
    assert references.count(trees.report)["slim"] == {"rewritten": 1, "marked": 0}


def test_entries_that_cannot_start_are_rows(tmp_path):
    trees = SimpleNamespace(legacy=tmp_path / "nowhere", migrated=tmp_path, report={}, seconds=0.0)
    [found] = rows._entries(
        ["."], [{"name": "x/y", "entry": "a:b", "inputs": []}], trees, Settings()
    )
    assert found["status"] == "failed" and "is no folder" in found["error"]


# --------------------------------------------------------------------------------- training


def _answers(old, new, floor=None, names=("w",), new_names=("w",), error=""):
    return {
        "old": {"losses": old, "variables": list(names), "error": ""},
        "floor": {"losses": floor or old, "variables": list(names), "error": ""},
        "new": {"losses": new, "variables": list(new_names), "error": error},
    }


def test_losses_are_compared_against_the_floor():
    old = [[2.0, 0.5], [1.0, 0.0]]
    assert training.compare(_answers(old, old))["status"] == "equal"
    near = [[2.0, 0.5], [1.0 + 5e-5, 0.0]]
    assert training.compare(_answers(old, near))["status"] == "differs"
    moved = [[2.0, 0.5], [1.0 + 1e-5, 0.0]]
    found = training.compare(_answers(old, near, moved))
    assert found["status"] == "equal" and found["relative"] == pytest.approx(5e-5)


@pytest.mark.parametrize(
    "new", [[[2.0, 0.5]], [[2.0], [1.0]], [[2.0, 0.5], [float("nan"), 0.0]], []]
)
def test_other_steps_are_no_equal_ones(new):
    assert training.compare(_answers([[2.0, 0.5], [1.0, 0.0]], new))["status"] == "differs"


def test_a_script_that_lost_a_variable_or_failed_is_not_equal():
    old = [[2.0], [1.0]]
    found = training.compare(_answers(old, old, new_names=("w", "extra")))
    assert (found["status"], found["variables"]) == ("differs", "1/1 +1")
    failed = training.compare(_answers(old, old[:1], error="T\nKeyError: 'k'"))
    assert failed["status"] == "failed"
    assert training.compare(_answers([], []))["status"] == "failed"
    failed["name"] = "name/train"
    text = table.of_rows([_row(training=[failed, {**found, "name": "name/other"}])])
    lines = _first_cells(text)
    assert "new: KeyError: 'k'" in lines["name/train"] and "**failed**" in lines["name/train"]
    assert "| **0e+00** |" in lines["name/other"]


def test_every_training_script_has_its_data(repositories):
    data = {script["data"] for r in repositories for script in r.training}
    assert data == {path.stem for path in (listed.ENTRIES / "training").glob("*.py")}


SCRIPT = """
import tensorflow as tf
from tensorflow.contrib import slim

decay = 0.5
x = tf.placeholder(tf.float32, [None, 3])
net = slim.fully_connected(x, 2, activation_fn=None, scope='fc')
loss = tf.reduce_mean(tf.square(net - 1.0))
train = tf.train.GradientDescentOptimizer(decay).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(loss, {x: [[1, 2, 3]]})
    while True:
        session.run([train, loss], {x: [[1, 2, 3]]})
"""


@pytest.mark.slow
def test_a_script_trains_alike_on_both_sides(tmp_path):
    source = tmp_path / "checkouts" / "name"
    source.mkdir(parents=True)
    (source / "train.py").write_text(SCRIPT)
    script = {"name": "train", "script": "train.py", "constants": {"decay": 0.01}, "steps": 3}
    repository = listed.Repository("owner/name", "0" * 40, (), (".",), None, (), (), (script,))
    trees = tree.prepare(source, repository, tmp_path / "work")
    found = training.run(script, repository, trees, tmp_path / "work")
    assert found["status"] == "equal", found["errors"]
    assert found["variables"] == "2/2" and found["steps"] == 3
    first, *_, last = found["losses"]["new"]
    assert last < first
