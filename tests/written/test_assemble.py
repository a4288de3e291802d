"""The module that is written: standalone, and no more than what is asked for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from slimport.written.assemble import ALWAYS, PARTS, assemble, public_names, supplement

NET = ["conv2d", "batch_norm", "max_pool2d", "layer_defaults", "variable_scope"]


def definitions(source: str) -> set[str]:
    return {
        n.name for n in ast.parse(source).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))
    }


def test_it_offers_what_is_asked_for_and_nothing_else() -> None:
    source = assemble(NET)
    names = definitions(source)
    assert set(NET) <= names
    assert names & {"dropout", "separable_conv2d", "fully_connected", "repeat", "conv3d"} == set()
    exported = next(n for n in ast.parse(source).body if isinstance(n, ast.Assign))
    assert set(ast.literal_eval(exported.value)) == {*NET, *ALWAYS}


def test_it_imports_no_part_and_nothing_unused() -> None:
    source = assemble(NET)
    assert "slimport." not in source
    tree = ast.parse(source)
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {(a.asname or a.name).partition(".")[0] for a in node.names}
            assert names <= used | {"annotations"}


def test_every_definition_is_reached() -> None:
    source = assemble(NET)
    everything = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
    everything |= set(NET) | set(ALWAYS)
    assert definitions(source) <= everything


@pytest.mark.parametrize("name", sorted(public_names()))
def test_every_name_stands_alone(name: str) -> None:
    tree = ast.parse(assemble([name]))
    known = {"annotations", *dir(__builtins__), *dir(__import__("builtins"))}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        known |= {
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        known |= {getattr(node, "name", "")}
    known |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    known |= {n.name for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}
    known |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert loaded <= known


def test_a_supplement_is_what_a_module_lacks() -> None:
    present = definitions(assemble(NET))
    whole = definitions(assemble([*NET, "TracedModel"]))
    assert definitions(supplement("TracedModel", present)) == whole - present
    assert "TracedModel" not in present


def test_a_small_network_gets_a_small_module() -> None:
    """A reviewer reads it: what one function pulls in for a rare case shows in this number."""
    assert len(assemble(NET).splitlines()) < 1700


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("conv2d", {"Conv1D", "Conv3D", "TracedModel", "get_collection", "BatchNormalization"}),
        ("TracedModel", {"saved_function", "saved_value", "SavableTracedModel"}),
        ("LossModel", {"saved_function", "saved_value"}),
    ],
)
def test_what_a_name_does_without(name: str, others: set[str]) -> None:
    assert definitions(assemble([name])) & others == set()


def test_the_head_lists_the_sections_in_their_order() -> None:
    source = assemble(NET)
    head = ast.get_docstring(ast.parse(source)) or ""
    listed = re.findall(r"^- ([^:`(.]+?)(?: \(|: |$)", head.partition("# What is in it")[2], re.M)
    assert listed == re.findall(r"^# --- (.+) ---$", source, re.M)
    assert "Scopes (`variable_scope`): variable scopes" in head
    assert max(map(len, head.splitlines())) <= 100


def test_the_head_tells_what_is_not_there() -> None:
    assert "(`TracedModel`, `restore_checkpoint`, other layers)" in assemble(NET)
    assert "(other layers)" in assemble(["TracedModel", "restore_checkpoint"])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_layer"):
        assemble(["conv2d", "no_such_layer"])


def test_the_result_does_not_depend_on_the_order_of_names() -> None:
    assert assemble(NET) == assemble(reversed(NET))


def test_names_are_unique_over_all_parts() -> None:
    folder = Path(sys.modules["slimport.written.assemble"].__file__ or "").parent
    seen: dict[str, str] = {}
    for part in PARTS:
        for name in definitions((folder / f"{part}.py").read_text("utf-8")):
            assert seen.setdefault(name, part) == part


def test_every_part_is_known() -> None:
    folder = Path(sys.modules["slimport.written.assemble"].__file__ or "").parent
    assert {p.stem for p in folder.glob("*.py")} == {*PARTS, "__init__", "assemble", "head"}


def test_a_name_belongs_to_one_part() -> None:
    """In the one file that is written, a second `_numbers` would be called in the first's place."""
    folder = Path(sys.modules["slimport.written.assemble"].__file__ or "").parent
    owner: dict[str, str] = {}
    for part in PARTS:
        for node in ast.parse((folder / f"{part}.py").read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert owner.setdefault(node.name, part) == part, node.name


def test_assembling_imports_no_tensorflow() -> None:
    code = (
        "import sys; from slimport.written.assemble import assemble; assemble(['conv2d']);"
        "print({'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_it_has_no_lint() -> None:
    rules = "E,F,I,B,UP,SIM,RUF,PTH,C4,D1"
    command = ["ruff", "check", "--isolated", "--line-length", "100", "--select", rules]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--ignore", "D105,D107", "-"],
        input=assemble(public_names()),
        capture_output=True,
        text=True,
    )
    if "No module named ruff" in done.stderr:
        pytest.skip("ruff is not installed")
    assert done.returncode == 0, done.stdout


def test_it_is_formatted() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--line-length", "100", "--diff", "-"],
        input=assemble(public_names()),
        capture_output=True,
        text=True,
    )
    if "No module named ruff" in done.stderr:
        pytest.skip("ruff is not installed")
    assert done.stdout == "", done.stdout
