"""What is compared: trees from git, cases that are found, a base that is migrated in part."""

from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from slimport.cli import main
from slimport.verify import comparison, run
from slimport.verify.case_files import base_forms, cases, entries
from slimport.verify.case_files.git_base import GitError
from slimport.verify.command import verify_command
from slimport.verify.result import CaseResult, Status, VerifyResult
from tests.verify.test_verify_git_base import commit, git

CASES = '[[case]]\nname = "net"\nentry = "nets.net:net"\ninputs = [{ shape = [2, 8, 8, 3] }]\n'

LEGACY = """
import tf_slim as slim
def net(inputs, is_training=True):
    net = slim.conv2d(inputs, 4, [3, 3], scope="conv")
    return slim.batch_norm(net, is_training=is_training, scope="norm")
def other(inputs, mystery):
    return slim.conv2d(inputs, 4, [3, 3], scope="conv")
"""
MIGRATED = "import keras\ndef net(inputs, is_training=True):\n    return keras.ops.relu(inputs)\n"


@pytest.fixture
def top(tmp_path):
    top = (tmp_path / "project").resolve()
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    files = {"models/nets/__init__.py": "", "models/nets/net.py": LEGACY}
    commit(top, files)
    git(top, "checkout", "-q", "-b", "proposed")
    commit(top, {"models/nets/net.py": MIGRATED, "ci/verify.toml": 'new = "../models"\n' + CASES})
    return top


@pytest.fixture
def seen(monkeypatch):
    """The case files that would be run, with what their trees held at that time."""
    found = []

    def verify_cases(file, settings):
        found.append((file, (file.old / "nets" / "net.py").read_text(), settings))
        done = [CaseResult(c.name, c.old.entry, c.new.entry, Status.EQUAL) for c in file.cases]
        return VerifyResult("", str(file.old), str(file.new), 0, Status.EQUAL, done)

    monkeypatch.setattr(run, "verify_cases", verify_cases)
    return found


def compare(asked, settings=None):
    said = []
    return comparison.compare(asked, settings or run.Settings(), said.append), said


def test_the_old_tree_is_that_of_the_base(top, seen, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # a case file means the same wherever the command is run
    asked = comparison.Asked(cases=top / "ci" / "verify.toml", base="main")
    result, said = compare(asked)
    ((file, text, _),) = seen
    assert (text, file.new) == (LEGACY, top / "models")
    assert file.old.name == "models"
    assert not file.old.exists()
    assert result.base == f"main ({git(top, 'rev-parse', 'main')})"
    assert said == []


def test_what_is_not_committed_is_said(top, seen):
    (top / "models" / "nets" / "more.py").write_text("")
    _, said = compare(comparison.Asked(cases=top / "ci" / "verify.toml", base="main"))
    assert said == ["1 change is not committed; the working tree is compared as it is"]


def test_a_case_file_without_trees_takes_the_whole_repository(top, seen):
    path = top / "ci" / "plain.toml"
    path.write_text('paths = ["models"]\n' + CASES.replace("[2", "[1"), encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        compare(comparison.Asked(cases=path, base="main"))  # the stub looks for nets/net.py there
    old = top / "models"
    compare(comparison.Asked(cases=path, old=old, new=old, base="main"))
    assert seen[0][0].new == old


def test_a_folder_of_the_base_that_is_gone(top, seen):
    (top / "models").rename(top / "networks")
    asked = comparison.Asked(top / "ci" / "verify.toml", None, top / "networks", "main")
    with pytest.raises(GitError, match="main has no folder networks"):
        compare(asked)
    compare(dataclasses.replace(asked, old=top / "models"))
    assert seen[0][1] == LEGACY


def test_a_base_that_is_migrated_runs_keras_on_both_sides(top, seen):
    compare(comparison.Asked(cases=top / "ci" / "verify.toml", base="HEAD"))
    compare(comparison.Asked(cases=top / "ci" / "verify.toml", base="main"))
    assert [file.old_side for file, _, _ in seen] == ["base", "old"]


PARTLY = {
    "slim_net": """
import tf_slim as slim
def f(x):
    return slim.conv2d(x, 4, 3)
""",
    "keras_net": """
import keras
def f(x):
    return keras.ops.relu(x)
def g(x):
    return f(x)
""",
    "written": """
from scoped_layers import conv2d
def f(x):
    return conv2d(x, 4, 3)
""",
    "mixed": """
import keras
import tf_slim as slim
def f(x):
    return keras.ops.relu(x)
def h(x):
    return slim.conv2d(x, 4, 3)
""",
    "user": """
import keras
import slim_net
def f(x):
    return keras.ops.relu(slim_net.f(x))
""",
    "plain": """
import tensorflow as tf
def f(x):
    return tf.nn.relu(x)
""",
}


@pytest.mark.parametrize(
    ("entry", "form"),
    [
        ("slim_net:f", "old"),
        ("keras_net:g", "base"),
        ("written:f", "base"),
        ("mixed:f", "base"),
        ("mixed:h", "old"),
        ("user:f", "old"),
        ("plain:f", "old"),
        ("nowhere:f", "old"),
    ],
)
def test_what_the_old_side_is_shows_in_the_code(tmp_path, entry, form):
    for name, text in PARTLY.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    data = {"name": "a", "old_entry": "was:f", "new_entry": entry, "places": ["graph", "model"]}
    file = cases.parse({"case": [data]}, tmp_path / "verify.toml")
    (part,) = base_forms.by_form(entries.read_program(tmp_path), file)
    assert part.old_side == form
    assert part.cases[0].old.entry == ("was:f" if form == "old" else entry)
    data["places"] = ["graph"]
    file = cases.parse({"case": [data]}, tmp_path / "verify.toml")
    (part,) = base_forms.by_form(entries.read_program(tmp_path), file)
    assert part.old_side == {"base": "graph"}.get(form, form)


def test_cases_of_both_forms_are_one_result(top, seen):
    commit(top, {"models/nets/slim_net.py": PARTLY["slim_net"]})
    text = CASES + CASES.replace('"net"', '"slim"').replace("nets.net:net", "nets.slim_net:f")
    text += CASES.replace('"net"', '"last"')
    (top / "ci" / "verify.toml").write_text('new = "../models"\n' + text, encoding="utf-8")
    asked = comparison.Asked(cases=top / "ci" / "verify.toml", base="HEAD")
    result, _ = compare(asked, run.Settings(only=("slim", "last")))
    assert [[case.name for case in file.cases] for file, _, _ in seen] == [["slim"], ["last"]]
    assert [case.name for case in result.cases] == ["slim", "last"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no old tree: give --old DIR"),
        (["--base", "nowhere"], "has no commit 'nowhere'"),
        (
            ["--write-cases", "x.toml", "ci/verify.toml"],
            "--write-cases is for cases that are found",
        ),
        (["--old", "models", "--new", "models", "--old-worker", "setup.py"], "needs a case file"),
    ],
)
def test_wrong_usage(top, monkeypatch, arguments, message):
    monkeypatch.chdir(top)
    done = CliRunner().invoke(verify_command, arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.slow
def test_a_pull_request_without_a_case_file(top, monkeypatch):
    """The whole way: from git, entries found and tried, compared, the case file written."""
    monkeypatch.chdir(top / "models")
    commit(top, {"models/nets/net.py": LEGACY})
    CliRunner().invoke(main, ["rewrite", "."])
    assert "keras" in (top / "models" / "nets" / "net.py").read_text()
    done = CliRunner().invoke(
        verify_command, ["--base", "main", "--write-cases", "found.toml", "--json", "result.json"]
    )
    assert done.exit_code == 0, done.output
    result = json.loads((top / "models" / "result.json").read_text(encoding="utf-8"))
    assert result["equal"]
    assert [case["name"] for case in result["cases"]] == ["net"]
    text = (top / "models" / "found.toml").read_text(encoding="utf-8")
    assert "nothing is known of its parameter mystery" in text
    again = CliRunner().invoke(verify_command, ["found.toml", "--base", "main"])
    assert again.exit_code == 0, again.output
    assert len(git(top, "worktree", "list").splitlines()) == 1
