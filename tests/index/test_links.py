"""Calls by name, kept by name: the same answers as pair by pair."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest

from slimport.files.source import parse
from slimport.index.program import Function, Program, closure_of
from slimport.index.resolve import InTree

ROOT = Path(__file__).parents[2]
SMALL = {
    "nets.py": """import tf_slim as slim

class Net:
    def __init__(self):
        self.head = Head()
    def build(self, x):
        return self.head(slim.conv2d(x, 8, 3))
    @property
    def logits(self):
        return slim.fully_connected(self.x, 2)

class Head:
    def __call__(self, x):
        return slim.flatten(x)
""",
    "again.py": """import tf_slim as slim
if FLAG:
    def block(x):
        return slim.conv2d(x, 8, 3)
else:
    def block(x):
        return x
TABLE = [block]
""",
    "train.py": """from nets import Net
import again

def run(network, x):
    with scope():
        network.build(x)
    return [network.build(again.block(y)) for y in x]

def main():
    run(Net(), 1)
    Net().logits
""",
    "apart.py": "def other(thing):\n    return thing.build(1)\n",
    "apart_too.py": """class Thing:
    def build(self, x):
        return x

def of_thing(thing):
    return thing.build(1)
""",
}


def program_of(files: dict[str, bytes]) -> Program:
    return Program({PurePosixPath(n): parse(Path(n), data) for n, data in files.items()})


@pytest.fixture(scope="module", params=["small", "ssd"])
def program(request: pytest.FixtureRequest) -> Program:
    if request.param == "small":
        return program_of({name: text.encode() for name, text in SMALL.items()})
    tree = ROOT / "fixtures" / "legacy" / "ssd_inception_v2"
    files = {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*.py")}
    return program_of(files)


def may_lead_to(call: ast.Call, caller: Function, program: Program) -> set[str]:
    """Names of the methods that a call may run, where it does not say which."""
    meaning = program.resolve(call.func, caller.module)
    if isinstance(meaning, InTree) and isinstance(meaning.definition.node, ast.ClassDef):
        return {"__init__"}
    return {getattr(call.func, "attr", ""), "__call__"} if meaning is None else set()


def test_the_same_pairs(program: Program) -> None:
    found = 0
    names = {c: may_lead_to(c, f, program) for f in program.all() for c in f.calls}
    for function in (f for f in program.all() if f.is_method):
        name, near = function.qualname.rpartition(".")[2], program.connected(function.module)
        for caller in program.all():
            calls = [c for c in caller.calls if name in names[c] and caller.module in near]
            found += len(calls)
            if calls:
                assert function in caller.maybe_callees and caller in function.maybe_callers
                assert set(calls) <= set(program.calls_of(caller, function))
            elif function in caller.maybe_callees:  # it runs where nothing names it
                assert caller in function.maybe_callers and function.escapes
    assert found


def test_all_calls_of_a_function_at_once(program: Program) -> None:
    for function in program.all():
        one_by_one = {c for f in function.all_callers for c in program.calls_of(f, function)}
        together = {call for _, call in program.links.direct_calls(function)}
        for meeting in program.links.meetings(function):
            together |= {call for _, call in program.links.calls_at(meeting)}
        assert together == one_by_one


def test_closures_pass_each_name_once(program: Program) -> None:
    for start in program.all():
        up = closure_of([start], lambda f: f.all_callers)
        assert program.links.reached([start], up=True) == up
        down = closure_of([start], lambda f: f.all_callees)
        assert program.links.reached([start], up=False) == down


def test_files_that_nothing_connects_do_not_meet(program: Program) -> None:
    by_name = {function.name: function for function in program.all()}
    if "apart:other" in by_name:
        assert not by_name["apart:other"].maybe_callees
        of_thing = by_name["apart_too:of_thing"]
        assert {f.name for f in of_thing.maybe_callees} == {"apart_too:Thing.build"}
        both = program.links.reached([by_name["train:run"], of_thing], up=False)
        assert {"nets:Net.build", "apart_too:Thing.build"} <= {f.name for f in both}
        build = by_name["nets:Net.build"]
        assert {f.name for f in build.maybe_callers} == {"train:run"}
        assert len(program.calls_of(by_name["train:run"], build)) == 2


def test_a_name_that_is_bound_again_is_called_and_passed_on(program: Program) -> None:
    found = [f for f in program.all() if f.name == "again:block"]
    for function in found:
        assert function.escapes
        assert "train:run" in {f.name for f in function.maybe_callers}


def test_sums_of_many_terms() -> None:
    """`ast` nests them as deep as they are long."""
    text = "import tf_slim as slim\ny = " + " + ".join(["slim.flatten(x)"] * 900)
    program = program_of({"a.py": text.encode()})
    (top,) = program.all()
    assert len(top.references) == 900


@pytest.mark.parametrize("module", ["scoped_layers", ".scoped_layers", "..scoped_layers"])
def test_what_the_written_module_has_is_known(module: str) -> None:
    """Also before it is written, as the second pass sees it in a package."""
    text = f"from {module} import collect_named_outputs as collect\n"
    text += "def end(x):\n    collect(None, 'a', x)\ndef run(x, other):\n    other(x)\n"
    sources = {"pack/sub/net.py": text, "pack/__init__.py": "", "pack/sub/__init__.py": ""}
    program = program_of({name: source.encode() for name, source in sources.items()})
    end, run = (next(f for f in program.all() if f.qualname == name) for name in ("end", "run"))
    assert "" not in program._named_in(end)
    assert "" in program._named_in(run)
