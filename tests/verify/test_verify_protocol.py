"""The old side as a protocol: workers of the user's own, and the helper to write them with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from slimport.verify import protocol, run
from slimport.verify.case_files import cases
from slimport.verify.command import verify_command
from slimport.verify.comparing import compare, not_given
from slimport.verify.comparing.answered import Answered
from slimport.verify.faces.wording import environment_line
from slimport.verify.lines import reference_lines, traced
from slimport.verify.result import Status, TensorResult
from slimport.verify.running import requests
from slimport.verify.workers import layout

DATA = Path(__file__).parent / "data" / "reference"
PAGE = Path(__file__).parents[2] / "docs" / "verify-protocol.md"
SCHEMA = json.loads(Path(protocol.__file__).with_name("protocol.schema.json").read_text("utf-8"))
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "pytorch_reference"

#: What may be asked of any program on the old side: no helper, no framework, one fixed answer.
BARE_WORKER = """
import json, pathlib, sys
import numpy as np
request = json.loads(pathlib.Path(sys.argv[1]).read_text())
out = pathlib.Path(request["out"])
(out / "environment.json").write_text(json.dumps({"python": "none", "abacus": "1.0"}))
for case in request["cases"]:
    folder = out / "case-{}".format(case["index"])
    folder.mkdir(parents=True, exist_ok=True)
    value = np.full(case["inputs"][0]["shape"], 2.0, "float32")
    np.savez(str(folder / "inference.npz"), a0=value)
    tensor = {"group": "output", "name": "output", "key": "a0"}
    mode = {"tensors": [tensor]}
    (folder / "meta.json").write_text(
        json.dumps({"name": case["name"], "error": None, "modes": {"inference": mode}}))
"""


def arrays(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


@pytest.mark.parametrize(
    ("text", "sizes", "shape", "moved"),
    [
        ("HWIO->OIHW", {}, (3, 5, 2, 4), (4, 2, 3, 5)),
        ("IO->OI", {}, (3, 5), (5, 3)),
        ("HWIM->(IM)1HW", {"M": 1}, (3, 3, 8, 1), (8, 1, 3, 3)),
        ("(HWC)O->O(CHW)", {"H": 2, "W": 4}, (24, 5), (5, 24)),
        ("", {}, (7,), (7,)),
    ],
)
def test_layouts_go_there_and_back(text, sizes, shape, moved):
    here = arrays(*shape)
    found = layout.Layout(text, **sizes)
    assert found.there(here).shape == moved
    assert found.shape_here(moved) == shape
    np.testing.assert_array_equal(found.here(found.there(here)), here)


def test_a_flattened_picture_is_read_in_the_other_order():
    picture, kernel = arrays(1, 2, 4, 3), arrays(24, 5)
    there = layout.Layout("(HWC)O->O(CHW)", H=2, W=4).there(kernel)
    by_channels = layout.rearranged(picture, "NHWC->NCHW").reshape(1, -1)
    np.testing.assert_array_equal(by_channels @ there.T, picture.reshape(1, -1) @ kernel)


@pytest.mark.parametrize(
    ("text", "sizes", "shape", "message"),
    [
        ("HWIO", {}, (1, 1, 1, 1), "not of the form"),
        ("HWIO->OIH", {}, (1, 1, 1, 1), "same axes"),
        ("HH->HH", {}, (1, 1), "each of them once"),
        ("HW->WH", {}, (1, 1, 1), "does not fit the shape [1, 1, 1]"),
        ("(HW)O->O(HW)", {}, (6, 2), "give sizes of W"),
        ("(HW)O->O(HW)", {"H": 4}, (6, 2), "does not fit the shape [6, 2]"),
    ],
)
def test_wrong_layouts_say_what_is_wrong(text, sizes, shape, message):
    with pytest.raises(layout.LayoutError) as caught:
        layout.Layout(text, **sizes).there(arrays(*shape))
    assert message in str(caught.value)


def test_case_files_name_a_worker(tmp_path):
    data = {"old_worker": "old/torch-net.py", "case": [{"name": "a", "new_entry": "net:net"}]}
    file = cases.parse(data, tmp_path / "verify.toml")
    assert file.old_worker == (tmp_path / "old" / "torch-net.py").resolve()
    assert file.old == file.old_worker.parent
    assert file.cases[0].old.entry == "torch_net:run"
    other = cases.parse(data, tmp_path / "verify.toml", tmp_path / "other.py")
    assert other.old_worker == tmp_path / "other.py"
    with pytest.raises(cases.CaseFileError, match="no entry for the old side"):
        cases.parse({"case": data["case"]}, tmp_path / "verify.toml")


def test_a_worker_that_is_not_there_is_a_wrong_call(tmp_path):
    (tmp_path / "verify.toml").write_text('new = "."\n[[case]]\nname = "a"\nnew_entry = "a:a"\n')
    called = CliRunner().invoke(
        verify_command, [str(tmp_path / "verify.toml"), "--old-worker", str(tmp_path / "no.py")]
    )
    assert called.exit_code == 2
    assert "no.py is no file" in called.output


def test_what_a_reference_does_not_give_does_not_fail_and_is_said():
    def result(group, name, status=Status.EXTRA):
        return TensorResult(group, name, 0, status, dtype="float32")

    tensors = [
        result("output", "a", Status.EQUAL),
        result("output", "b"),
        result("update", "mean"),
        result("variable", "known"),
        result("variable", "unknown"),
    ]
    assert not_given.left_out({}, tensors) == (tensors, [])
    meta = {"not_given": {"output": True, "variable": ["known"]}}
    found, notes = not_given.left_out(meta, tensors)
    assert [tensor.status for tensor in found] == [
        *(Status.EQUAL, Status.IGNORED, Status.EXTRA, Status.IGNORED, Status.EXTRA)
    ]
    assert [note.partition("compared: ")[2] for note in notes] == [
        "1 of 2 outputs: b",
        "1 of 2 variables: known",
    ]


@pytest.fixture(scope="module")
def numpy_network(tmp_path_factory):
    """The two layers in NumPy on the old side, in all cases of its file."""
    pytest.importorskip("tensorflow")
    root = tmp_path_factory.mktemp("reference")
    shutil.copytree(DATA, root, dirs_exist_ok=True)
    found = run.verify(root / "verify.toml", settings=run.Settings(keep=root / "kept"))
    return {case.name: {mode.mode: mode for mode in case.modes} for case in found.cases}, found


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_is_said_keeps_to_the_schema(numpy_network, side):
    folder = Path(numpy_network[1].cases_file).parent / "kept" / side
    files = {
        "request": list(folder.glob("request-*.json")),
        "environment": [folder / "environment.json"],
        "meta": list(folder.glob("case-*/meta.json")),
    }
    assert len(files["meta"]) == 5
    for what, paths in files.items():
        for path in paths:
            schema(what).validate(json.loads(path.read_text()))


def test_the_schema_refuses_what_is_no_answer():
    meta = {"modes": {"inference": {"tensors": [{"group": "output", "name": "a"}]}}}
    with pytest.raises(jsonschema.ValidationError):
        schema("meta").validate(meta)
    meta["modes"]["inference"]["tensors"][0]["key"] = "a0"
    schema("meta").validate(meta)


def schema(what):
    """The schema of one of the files."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{what}"})


def test_a_network_in_numpy_stands_on_the_old_side(numpy_network):
    found, whole = numpy_network
    assert "tensorflow" not in whole.environments["old"]
    for mode in found["equal"].values():
        assert mode.status is Status.EQUAL, mode
        assert len(mode.of("variable")) == 6
    training = {(t.group, t.name): t for t in found["equal"]["training"].tensors}
    kernel = training["gradient", "net/logits/weights"]
    assert kernel.status is Status.EQUAL
    assert kernel.floors["ulp"] > 0.0
    assert training["update", "net/conv/BatchNorm/moving_variance"].status is Status.EQUAL
    assert training["regularisation", "total"].status is Status.EQUAL
    assert training["gradient", "net/conv/weights"].status is Status.IGNORED
    notes = found["equal"]["training"].notes
    assert "of the reference alone, not compared: steps" in notes
    assert any("2 of 4 gradients: net/conv/weights" in note for note in notes)


def test_gradients_through_outputs_that_it_does_not_give_are_not_compared(numpy_network):
    mode = numpy_network[0]["unlisted"]["training"]
    assert mode.status is Status.EQUAL
    assert {tensor.status for tensor in mode.of("gradient")} == {Status.IGNORED}
    assert any("come through 1/probabilities" in note for note in mode.notes)


@pytest.mark.parametrize(
    ("case", "mode", "group", "name"),
    [
        ("padding", "inference", "output", "1/conv"),
        ("l2", "training", "regularisation", "total"),
        ("more", "inference", "variable", "net/more/weights"),
    ],
)
def test_errors_show_against_a_reference(numpy_network, case, mode, group, name):
    first = numpy_network[0][case][mode].first_divergence
    assert (first.group, first.name) == (group, name)


def test_a_line_is_named_without_a_graph_on_the_old_side(numpy_network):
    (found,) = numpy_network[0]["padding"]["inference"].divergences
    lines = (DATA / "net.py").read_text().splitlines()
    begin = next(number for number, line in enumerate(lines, 1) if "ZeroPadding2D" in line)
    assert (found.new[0].file, found.new[0].line) == ("net.py", begin)
    assert f"in one of net.py:{begin}, net.py:{begin + 2}" in found.why
    assert "no output is equal before it" in found.why


def test_the_way_back_ends_at_outputs_that_are_equal():
    def made(name, *inputs, **more):
        outputs = (traced.Tensor(f"{name}:0"),)
        return traced.Operation(name, name, order[name], inputs, outputs, **more)

    order = {"x": 0, "good": 1, "step": 2, "w": 3, "bad": 4, "after": 5}
    trace = traced.Trace(
        [
            made("x", input=0),
            made("good", "x:0"),
            made("step", "good:0"),
            made("w"),
            made("bad", "step:0", "w:0"),
            made("after", "bad:0"),
        ],
        {"good": "good:0", "bad": "bad:0"},
    )
    makers, ends = reference_lines.between(trace, "bad:0", {"good:0", "after:0"})
    assert [maker.name for maker in makers] == ["step", "bad"]
    assert ends == {"good:0"}


@pytest.mark.parametrize(("value", "status"), [(2.0, Status.EQUAL), (3.0, Status.DIFFERS)])
def test_any_program_may_answer(tmp_path, value, status):
    (tmp_path / "bare.py").write_text(BARE_WORKER)
    row = {"name": "twos", "entry": "net:twos", "inputs": [{"shape": [2, 3]}]}
    data = {"old_worker": "bare.py", "case": [{**row, "modes": ["inference"]}]}
    file = cases.parse(data, tmp_path / "verify.toml")
    side = requests.make_side("old", file, {"old": tmp_path}, run.Settings(), tmp_path / "kept")
    side.run()
    request = json.loads((tmp_path / "kept" / "old" / "request-0.json").read_text())
    assert request["protocol"] == protocol.PROTOCOL_VERSION
    assert request["worker"] == str(tmp_path / "bare.py")
    assert side.environment == {"python": "none", "abacus": "1.0"}

    new = protocol.Answer("functional")
    new.tensor(protocol.OUTPUT, "output", np.full((2, 3), value, "float32"))
    answered = Answered(new.meta, new.arrays)
    old = side.answer(0, "inference")
    assert compare.compare_mode(file.cases[0], "inference", old, answered).status is status


def test_the_worker_of_the_docs_is_one(tmp_path):
    text = PAGE.read_text("utf-8")
    (worker,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (answer,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    schema("meta").validate(json.loads(answer))
    (tmp_path / "worker.py").write_text(worker)
    row = {"name": "a", "new_entry": "net:net", "inputs": [{"shape": [2, 4, 4, 3]}]}
    data = {"old_worker": "worker.py", "case": [{**row, "modes": ["inference"]}]}
    file = cases.parse(data, tmp_path / "verify.toml")
    side = requests.make_side("old", file, {"old": tmp_path}, run.Settings(), tmp_path / "kept")
    side.run()
    found = side.answer(0, "inference")
    assert found.error is None
    (entry,) = found.tensors("output").values()
    assert entry["shape"] == [2, 4, 4, 8]
    assert entry["floor"] > 0.0
    assert [variable["shape"] for variable in found.meta["variables"]] == [[1, 1, 3, 8], [8]]


@pytest.fixture(scope="module")
def torch_python():
    """An interpreter with PyTorch: TORCH_PYTHON, or this one."""
    for python in filter(None, [os.environ.get("TORCH_PYTHON"), sys.executable]):
        asked = subprocess.run([python, "-c", "import torch"], capture_output=True)
        if asked.returncode == 0:
            return python
    pytest.skip("no interpreter with PyTorch: set TORCH_PYTHON")


#: What goes wrong between the frameworks: what it was, what it becomes, where it shows first.
TRAPS = {
    "padding": (
        *("layers.ZeroPadding2D(1)(x)", "layers.ZeroPadding2D(((0, 1), (0, 1)))(x)"),
        ("inference", "output", "conv1"),
    ),
    "epsilon": ("epsilon=1e-5", "epsilon=1e-3", ("inference", "output", "conv1")),
    "pooling": (
        "layers.MaxPooling2D(3, strides=2)(padded)",
        'layers.MaxPooling2D(3, strides=2, padding="same")(conv2)',
        ("inference", "output", "pool"),
    ),
    "flatten": (
        *("layers.Flatten()(pool)", "layers.Flatten()(layers.Permute((3, 1, 2))(pool))"),
        ("inference", "output", "logits"),
    ),
    "momentum": ("momentum=0.9", "momentum=0.1", ("training", "update", "bn1/moving_mean")),
    "variance": ("count / (count - 1)", "1.0", ("training", "update", "bn1/moving_variance")),
}


@pytest.fixture(scope="module")
def torch_network(torch_python, tmp_path_factory):
    """The example and its traps, in one run."""
    pytest.importorskip("tensorflow")
    root = tmp_path_factory.mktemp("pytorch") / "example"
    shutil.copytree(EXAMPLE, root)
    text = (root / "new" / "network.py").read_text()
    rows = [{"name": "equal", "new_entry": "network:network"}]
    for name, (before, after, _) in TRAPS.items():
        assert text.count(before) == 1
        (root / "new" / f"{name}.py").write_text(text.replace(before, after))
        rows.append({"name": name, "new_entry": f"{name}:network"})
    data = tomllib.loads((root / "verify.toml").read_text())
    (case,) = data["case"]
    data["case"] = [{**case, **row} for row in rows]
    file = cases.parse(data, root / "verify.toml")
    settings = run.Settings(old_python=torch_python, locate=False)
    found = run.verify_cases(file, settings)
    return {case.name: case for case in found.cases}, found


def test_the_pytorch_example_is_equal(torch_network):
    found, whole = torch_network
    equal = found["equal"]
    assert equal.status is Status.EQUAL
    assert f"torch {whole.environments['old']['torch']}" in environment_line(whole, "old")
    training = equal.modes[1]
    assert [len(training.of(group)) for group in ("output", "gradient", "update")] == [4, 8, 4]


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_between_the_frameworks_are_found(torch_network, trap):
    mode, first = torch_network[0][trap].first_divergence
    assert (mode.mode, first.group, first.name) == TRAPS[trap][2]


def test_two_leaves_with_one_way_to_them_are_both_told():
    structure = {"a": {"b": 1.0}, "a/b": 2.0}
    found = list(protocol.flatten(structure, lambda value: isinstance(value, float)))
    assert found == [("a/b", 1.0), ("a/b (2)", 2.0)]
