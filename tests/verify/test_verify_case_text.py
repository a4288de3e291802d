"""Case files that are written read back to the same cases."""

from __future__ import annotations

import dataclasses
import re
import tomllib

import pytest

from slimport.verify.case_files import case_text, cases
from slimport.verify.case_files.training_cases import Training

CALL = cases.SideCall("a.b:f", "a.b:scope", {"n": 3}, {"decay": 0.5}, "is_training", "training")
PLAIN = cases.SideCall("a:f", None, {}, {}, None, None)
INPUT = cases.Input(
    (2, 8, 8, 3), "float64", [0.0, -1.5, 2], 1e-7, None, 'a "quoted" \\ name', None, "image"
)
CASE = cases.Case(
    "every key", CALL, PLAIN, (INPUT,), ("training",), ("graph", "model"), False, ("boxes",),
    ("1/debug",), False, False, {"output": 1e-4}, family="every key", seed=3,
    open_batch=True,
)  # fmt: skip


def load(tmp_path, text, name="verify.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return cases.load(path)


def read_back(tmp_path, file):
    return load(tmp_path, case_text.to_text(file), file.path.name)


def of(tmp_path, *found, **more):
    path = tmp_path.resolve() / "cases.toml"
    return cases.CaseFile(path, None, None, (".",), (".",), 0, tuple(found), **more)


def test_every_field_differs_from_its_default():
    # A field that is new would else be lost in the text, and no test would say so.
    for one, left in ((CASE, {"training", "weights"}), (INPUT, {"values", "file"})):
        for field in dataclasses.fields(one):
            default = field.default
            if default is dataclasses.MISSING and callable(field.default_factory):
                default = field.default_factory()
            assert field.name in left or getattr(one, field.name) != default, field.name


@pytest.mark.parametrize(
    "case",
    [
        CASE,
        dataclasses.replace(CASE, new=CALL, seed=None),
        dataclasses.replace(CASE, old=PLAIN, new=CALL),
        cases.Case("plain", PLAIN, PLAIN, (), family="plain"),
        cases.Case(
            "kinds",
            dataclasses.replace(PLAIN, args={"a b": [1, 2.5, True, "é\n\x01"], "c": {"d": {}}}),
            PLAIN,
            (
                cases.Input((1,), "int32", 0, 2),
                cases.Input((2,), "int64", 1, 9, name="lengths"),
                cases.Input((1, 2), values=[[0.0, float("inf")]]),
            ),
            family="kinds",
        ),
        cases.Case(
            "steps",
            dataclasses.replace(PLAIN, args={"logdir": {"temporary": True}}),
            dataclasses.replace(PLAIN, args={"logdir": {"temporary": True}}),
            (),
            ("steps",),
            training=Training((2, 4), {"learning_rate": 0.1}, True),
            tolerance={"weight": 1e-3},
            family="steps",
        ),
    ],
    ids=lambda case: case.name,
)
def test_cases_read_back(tmp_path, case):
    file = of(tmp_path, case)
    assert read_back(tmp_path, file) == file


def test_what_a_file_says_of_trees_reads_back(tmp_path):
    file = of(tmp_path, cases.Case("a", PLAIN, PLAIN, (), family="a"))
    file = dataclasses.replace(
        file,
        old=(tmp_path / "x" / "old").resolve(),
        new=tmp_path.resolve(),
        old_paths=("slim", "."),
        seed=7,
        old_worker=(tmp_path / "reference.py").resolve(),
    )
    assert read_back(tmp_path, file) == file
    assert 'new = "."' in case_text.to_text(file)


def test_the_documented_example_reads_back_but_for_its_variants(tmp_path):
    example = re.search(r"```toml\n(.*?)```", cases.__doc__, re.DOTALL)[1]
    file = load(tmp_path, example)
    again = read_back(tmp_path, dataclasses.replace(file, path=tmp_path / "again.toml"))
    assert [dataclasses.replace(case, family="") for case in again.cases] == [
        dataclasses.replace(case, family="") for case in file.cases
    ]


def test_comments_stand_at_the_head(tmp_path):
    file = of(tmp_path, cases.Case("a", PLAIN, PLAIN, (), family="a"))
    text = case_text.to_text(file, ["one", "", "  two"])
    assert text.startswith("# one\n#\n#   two\n\n[[case]]\n")
    assert tomllib.loads(text)["case"][0]["name"] == "a"


def test_what_toml_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="NoneType"):
        case_text.toml([None])
