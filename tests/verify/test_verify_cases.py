"""Case files: what they mean, and what is said about wrong ones."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from slimport.verify.case_files import cases

GOOD = """
old = "legacy"
paths = [".", "slim"]
seed = 7
[[case]]
name = "base"
entry = "nets.net:base"
new_entry = "networks.net:base"
arg_scope = "nets.net:scope"
new_arg_scope = ""
arg_scope_args = { weight_decay = 0.1 }
args = { depth = 2 }
training_argument = "is_training"
new_training_argument = ""
modes = ["training"]
tolerance = { gradient = 1e-2 }
[[case.inputs]]
shape = [2, 4, 4, 3]
low = [0.0, 0.0, 0.5]
high = 1
[[case.inputs]]
shape = [2]
dtype = "int32"
name = "lengths"
"""


def load(tmp_path, text):
    path = tmp_path / "verify.toml"
    path.write_text(text, encoding="utf-8")
    return cases.load(path)


def test_a_case_file_is_read(tmp_path):
    file = load(tmp_path, GOOD)
    (case,) = file.cases
    assert file.old == (tmp_path / "legacy").resolve()
    assert file.new is None
    assert file.old_paths == file.new_paths == (".", "slim")
    assert file.seed == 7
    assert (case.old.entry, case.new.entry) == ("nets.net:base", "networks.net:base")
    assert (case.old.arg_scope, case.new.arg_scope) == ("nets.net:scope", None)
    assert (case.old.training_argument, case.new.training_argument) == ("is_training", None)
    assert case.new.args == {"depth": 2}
    assert case.modes == ("training",)
    assert case.inputs[0].low == [0.0, 0.0, 0.5]
    assert case.inputs[1] == cases.Input((2,), "int32", 0, 2, None, "lengths")


def test_files_of_values_are_beside_the_case_file(tmp_path):
    text = f'{CASE}weights = "old/model.ckpt"\n[[case.inputs]]\nshape = [2]\nfile = "in.npy"\n'
    (case,) = load(tmp_path, text).cases
    assert case.weights == str((tmp_path / "old" / "model.ckpt").resolve())
    assert case.inputs[0].file == str((tmp_path / "in.npy").resolve())


CASE = '[[case]]\nname = "a"\nentry = "m:f"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no [[case]]"),
        ("x = ", "Invalid value"),
        ("[[case]]\nentry = 'm:f'", "case 1: has no name"),
        ("[[case]]\nname = 'a'", "case 'a': has no entry for the old side"),
        ("[[case]]\nname = 'a'\nnew_entry = 'm:f'", "no entry for the old side"),
        ("[[case]]\nname = 'a'\nentry = 'm.f'", "not of the form"),
        ("[[case]]\nname = 'a'\nentry = 'm/x.py:f'", "not of the form"),
        (CASE + "entrry = 'm:f'", "case 'a': unknown key entrry (known: "),
        ("sed = 1\n" + CASE, "unknown key sed"),
        ("seed = 'x'\n" + CASE, "seed must be a whole number"),
        ("seed = true\n" + CASE, "seed must be a whole number"),
        ("case = 3", "case must be a list of tables"),
        (CASE + "modes = ['train']", "modes may hold inference and training only"),
        (CASE + "modes = []", "modes may hold"),
        (CASE + "args = 3", "args must be a table"),
        (CASE + "discrete = 'x'", "discrete must be a list of strings"),
        (CASE + "tolerance = { outputs = 1.0 }", "tolerance has no 'outputs'"),
        (CASE + "tolerance = { output = -1.0 }", "a number from 0 up, below 1"),
        (CASE + "tolerance = { output = nan }", "a number from 0 up, below 1"),
        (CASE + "tolerance = { output = inf }", "a number from 0 up, below 1"),
        (CASE + "tolerance = { output = 1.0 }", "a number from 0 up, below 1"),
        (CASE + "modes = ['training', 'training']", "each once"),
        (CASE + "places = ['graph', 'graph']", "each once"),
        (
            CASE + "inputs = [{ shape = [1], name = 'x' }, { shape = [1], name = 'x' }]",
            "case 'a': two inputs are named 'x'",
        ),
        (
            CASE + "inputs = [{ shape = [2, 2], values = [1.0, 2.0] }]",
            "input 1: values are of the shape [2], not [2, 2]",
        ),
        (CASE + "inputs = [{ shape = [2], values = [[1], 2] }]", "of the shape None, not [2]"),
        (CASE + "inputs = [{ shape = [1], values = [1], file = 'x' }]", "has values and a file"),
        (CASE + "[[case.inputs]]", "input 1: shape must be"),
        (CASE + "[[case.inputs]]\nshape = [0]", "shape must be"),
        (CASE + "[[case.inputs]]\nshape = [1]\ndtype = 'float'", "dtype 'float' is none of"),
        (CASE + "[[case.inputs]]\nshape = [1]\nlow = 'a'", "low must be a number"),
        (CASE + "[[case.inputs]]\nshape = [1]\nshap = 1", "case 'a': input 1: unknown key shap"),
        (CASE + CASE, "two cases are named 'a'"),
        (CASE + "seed = 'x'", "case 'a': seed must be a whole number"),
        (CASE + "seeds = []", "case 'a': seeds must be a list of different numbers from 0"),
        (CASE + "seeds = [1, 1]", "seeds must be a list of different numbers"),
        (CASE + "seeds = 3", "seeds must be a list of different numbers"),
        (CASE + "seed = 1\nseeds = [1]", "has a seed and seeds"),
        (CASE + "batch_sizes = [0]", "batch_sizes must be a list of different numbers from 1"),
        (CASE + "batch_sizes = [true]", "batch_sizes must be"),
        (CASE + "inputs = [{ shapes = 3 }]", "input 1: shapes must be a list of shapes"),
        (CASE + "inputs = [{ shapes = [] }]", "input 1: shapes must be a list of shapes"),
        (CASE + "inputs = [{ shapes = [[1], 2] }]", "input 1: shapes must be a list of shapes"),
        (CASE + "inputs = [{ shapes = [[1], [0]] }]", "case 'a (0)': input 1: shape must be"),
        (CASE + "inputs = [{ shape = [1], shapes = [[1]] }]", "has a shape and shapes"),
        (
            CASE + "inputs = [{ shapes = [[1]] }, { shapes = [[1], [2]] }]",
            "lists of shapes of several lengths",
        ),
        (
            CASE + "batch_sizes = [2]\ninputs = [{ shape = [1], values = [1.0] }]",
            "batch_sizes do not go with an input's own values",
        ),
        (CASE + "inputs = [{ shape = [1, 2], content = 'image' }]", "an image has height"),
        (CASE + "inputs = [{ shape = [1], content = 'photo' }]", "content 'photo' is none of"),
        (CASE + "inputs = [{ shape = [1], dtype = 'bool', content = 'normal' }]", "random numbers"),
        ("[[training]]\nname = 'a'\nentry = 'm:f'\nseeds = [1]", "unknown key seeds"),
    ],
)
def test_a_wrong_case_file_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(cases.CaseFileError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "verify.toml"))


def test_paths_are_beside_the_case_file_wherever_they_stand(tmp_path):
    text = CASE + "args = { files = [{ path = 'a' }] }\narg_scope_args = { one = { path = 'b' } }"
    (case,) = load(tmp_path, text).cases
    for call in (case.old, case.new):
        assert call.args == {"files": [{"path": str((tmp_path / "a").resolve())}]}
        assert call.arg_scope_args == {"one": {"path": str((tmp_path / "b").resolve())}}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(cases.CaseFileError, match=r"nothing\.toml"):
        cases.load(tmp_path / "nothing.toml")


def test_the_documented_example_is_read():
    example = re.search(r"```toml\n(.*?)```", cases.__doc__, re.DOTALL)
    found = cases.parse(tomllib.loads(example[1]), Path("/cases/verify.toml")).cases
    case, *variants, program = found
    assert len(variants) == 8
    assert case.old.args["defs"] == {"ref": "nets.defs:SMALL"}
    assert program.old.args == {"logdir": {"temporary": True}, "data": {"path": "/cases/shapes"}}
    assert program.training.steps == (1, 3, 100)
