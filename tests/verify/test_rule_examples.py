"""Old and new code of every rule's examples run side by side: value, shape and dtype.

All examples make one program of two trees, so that each side starts TensorFlow once.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from slimport.rewrite.registry import all_rules
from slimport.verify.result import VerifyResult
from slimport.verify.run import verify
from slimport.written.assemble import assemble
from tests.rewrite.tools import rewrite_program

RUNNABLE = {
    f"{rule.code.lower()}_{number}": example
    for rule in all_rules()
    for number, example in enumerate(rule.examples)
    if example.inputs
}


def _case(name: str) -> str:
    example = RUNNABLE[name]
    training = "is_training" in example.before.partition("def net(")[2].partition(")")[0]
    lines = ["[[case]]", f'name = "{name}"', f'entry = "{name}:net"']
    if training:
        lines.append('training_argument = "is_training"')
    if "slim.dropout" in example.before:
        lines.append('modes = ["inference"]')
    for position, shape in enumerate(example.inputs):
        dtype = example.dtypes[position] if example.dtypes else "float32"
        low, high = ("0", "5") if "int" in dtype else ("0.1", "1.0")
        lines += ["[[case.inputs]]", f"shape = {list(shape)}", f'dtype = "{dtype}"']
        lines += [f"low = {low}", f"high = {high}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> VerifyResult:
    root = tmp_path_factory.mktemp("examples")
    old, new = root / "old", root / "new"
    old.mkdir()
    new.mkdir()
    for name, example in RUNNABLE.items():
        (old / f"{name}.py").write_text(example.before, encoding="utf-8")
        (new / f"{name}.py").write_text(example.after, encoding="utf-8")
    (new / "scoped_layers.py").write_text(assemble(_names_used()), encoding="utf-8")
    cases = root / "cases.toml"
    cases.write_text("".join(_case(name) for name in RUNNABLE), encoding="utf-8")
    return verify(cases, old, new)


def _names_used() -> set[str]:
    """Everything of the written module that the examples import."""
    names = {"layer_defaults"}
    for example in RUNNABLE.values():
        for node in ast.walk(ast.parse(example.after)):
            if isinstance(node, ast.ImportFrom) and node.module == "scoped_layers":
                names.update(alias.name for alias in node.names)
    return names


@pytest.mark.parametrize("name", RUNNABLE)
def test_example_computes_the_same(result: VerifyResult, name: str) -> None:
    case = next(case for case in result.cases if case.name == name)
    assert case.status == "equal", case


def test_trees_hold_every_example() -> None:
    assert len(RUNNABLE) >= 35
    assert rewrite_program({"net.py": ""}).report.failed == []


def test_paths_are_modules(tmp_path: Path) -> None:
    assert all(name.isidentifier() for name in RUNNABLE)
