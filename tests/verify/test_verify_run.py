"""Whole runs: a small legacy network against its migrated form and against planted errors."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from slimport.verify import protocol, run
from slimport.verify.command import verify_command
from slimport.verify.result import Status

DATA = Path(__file__).parent / "data"

# name: (text of the migrated file, what it becomes, mode and tensor at which it must show first)
MUTATIONS = {
    "regularisation_doubled": (
        "L2(0.5 * weight_decay)",
        "L2(weight_decay)",
        ("training", "regularisation", "Mini/conv1/weights"),
    ),
    "momentum": ("momentum=0.9", "momentum=0.99", ("training", "update", None)),
    "epsilon": ("epsilon=0.001", "epsilon=0.01", ("inference", "output", "1/conv1")),
    "branches_swapped": ("([a, b])", "([b, a])", ("inference", "output", "1/Branches")),
    "bias_kept": (
        "use_bias=False",
        "use_bias=True",
        ("inference", "variable", "Mini/conv1/biases"),
    ),
    "other_pool": (
        "keras.layers.MaxPooling2D(2, 2",
        "keras.layers.AveragePooling2D(2, 2",
        ("inference", "output", "1/pool"),
    ),
    "padding_symmetric": (
        "    x = keras.layers.Conv2D(\n",
        "    if strides == 2:\n"
        "        x = keras.layers.ZeroPadding2D(((1, 0), (1, 0)))(x)[:, :-1, :-1]\n"
        "    x = keras.layers.Conv2D(\n",
        ("inference", "output", "1/conv1"),
    ),
    "gradient_stopped": (
        "    logits = keras",
        "    x = keras.ops.stop_gradient(x)\n    logits = keras",
        ("training", "gradient", None),
    ),
    "renamed": ('name="Mini__logits"', 'name="Mini__Logits"', ("inference", "variable", None)),
    "biased_variance": ("factor = count / (count - 1)", "factor = 1", ("training", "update", None)),
    "endpoint_lost": (
        '    end_points["mean"] = x\n',
        "",
        ("inference", "output", "1/mean"),
    ),
    "raises": ("    a = conv2d_bn(x, 4", "    a = conv2d_bn(y, 4", ("failed", None, None)),
}

# name: (start of the migrated line, of the legacy one, and why, where that is known)
LINES = {
    "regularisation_doubled": ("x = keras.layers.Conv2D(", "x = slim.conv2d(images", "2 times"),
    "momentum": ("x = BatchNormalization(", "x = slim.conv2d(images", "0.1 times"),
    "epsilon": ("x = BatchNormalization(", "x = slim.conv2d(images", "epsilon 0.001 became 0.01"),
    "branches_swapped": ("x = keras.layers.Concatenate", "x = tf.concat(", "inputs swapped"),
    "bias_kept": ("x = keras.layers.Conv2D(", "x = slim.conv2d(images", "no such variable"),
    "other_pool": ("x = keras.layers.Average", "x = slim.max_pool2d", "MaxPool became AvgPool"),
    "padding_symmetric": ("x = keras.layers.ZeroPad", "x = slim.conv2d(images", "Pad is new"),
    "gradient_stopped": ("x = keras.ops.stop_gradient", "logits = slim.", "gradient ends here"),
    "renamed": ("logits = keras.layers.Dense", "logits = slim.", "no such variable"),
    "biased_variance": ("x = BatchNormalization(", "x = slim.conv2d(images", ""),
    "endpoint_lost": ("x = keras.layers.GlobalAverage", "x = tf.reduce_mean(", "no such output"),
}

CASE = """
[[case]]
name = "{name}"
entry = "mini:net"
new_entry = "{module}:net"
old_arg_scope = "mini:arg_scope"
old_training_argument = "is_training"
old_arg_scope_training_argument = "is_training"
args = {{ num_classes = 5 }}
[[case.inputs]]
shape = [2, 12, 12, 3]
"""


@pytest.fixture(scope="module")
def mutants(tmp_path_factory):
    """One run over the migrated network and every mutant of it."""
    root = tmp_path_factory.mktemp("mutants")
    shutil.copytree(DATA / "new", root / "new")
    source = (DATA / "new" / "mini.py").read_text(encoding="utf-8")
    text = f"old = {json.dumps(str(DATA / 'old'))}\nnew = 'new'\n"
    text += CASE.format(name="equal", module="mini")
    for name, (before, after, _) in MUTATIONS.items():
        assert source.count(before) == 1, name
        mutant = source.replace(before, after)
        # Every mutant is a module of its own, and Keras registers classes by name.
        mutant = mutant.replace(
            "register_keras_serializable()", f'register_keras_serializable("{name}")'
        )
        (root / "new" / f"mutant_{name}.py").write_text(mutant, encoding="utf-8")
        text += CASE.format(name=name, module=f"mutant_{name}")
    (root / "verify.toml").write_text(text, encoding="utf-8")
    result = run.verify(root / "verify.toml")
    return {case.name: case for case in result.cases}


def test_equal_code_is_equal(mutants):
    case = mutants["equal"]
    assert case.status is Status.EQUAL
    assert (case.variables, [mode.mode for mode in case.modes]) == (
        17,
        ["inference", "training"],
    )
    inference, training = case.modes
    assert [t.name for t in inference.of("output")] == [
        "1/conv1", "1/Branches", "1/pool", "1/mean", "0", "1/predictions",
    ]  # fmt: skip
    assert len(training.of("update")) == 6
    assert len(training.of("gradient")) == 11
    assert len(training.of("regularisation")) == 4


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_error_is_found_where_it_is(mutants, name):
    mode_name, group, tensor_name = MUTATIONS[name][2]
    case = mutants[name]
    if mode_name == "failed":
        assert case.status is Status.FAILED
        assert "NameError" in case.modes[0].errors["new"]
        return
    assert case.status is Status.DIFFERS
    mode, tensor = case.first_divergence
    assert (mode.mode, tensor.group) == (mode_name, group)
    assert tensor_name in (None, tensor.name)


@pytest.mark.parametrize("name", LINES)
def test_a_planted_error_is_found_at_its_line(mutants, name):
    new, old, why = LINES[name]
    failed = [mode for mode in mutants[name].modes if mode.status is Status.DIFFERS]
    assert failed
    for mode in failed:
        (found,) = mode.divergences
        assert found.new[0].file == f"mutant_{name}.py"
        assert found.new[0].text.startswith(new)
        assert found.old[0].text.startswith(old)
        assert why in found.why


def test_the_command_writes_every_report(tmp_path):
    faces = {name: tmp_path / f"out/report.{name}" for name in ("json", "markdown", "html")}
    options = [text for name, path in faces.items() for text in (f"--{name}", str(path))]
    done = CliRunner().invoke(
        verify_command, [str(DATA / "mini.toml"), "--case", "heads", *options]
    )
    assert done.exit_code == 0, done.output
    assert "The one case is equal" in done.output
    assert all(path.read_text(encoding="utf-8") for path in faces.values())
    data = json.loads(faces["json"].read_text(encoding="utf-8"))
    names = [t["name"] for t in data["cases"][0]["modes"][0]["tensors"] if t["group"] == "output"]
    assert sorted(names) == [
        "classes", "extra/kind", "extra/nothing", "extra/sizes/0", "extra/sizes/1", "logits",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--old", "nowhere"], "nowhere is no folder"),
        (["--case", "x"], "no case 'x'"),
        (["--old-python", "/no/python"], "does not run"),
        (
            ["--json", f"{DATA / 'mini.toml'}/report.json"],
            "report.json cannot be written: File exists",
        ),
        (["--keep", f"{DATA / 'mini.toml'}/kept"], "kept cannot be made: Not a directory"),
    ],
)
def test_wrong_usage_ends_with_status_2(arguments, message):
    done = CliRunner().invoke(verify_command, [str(DATA / "mini.toml"), *arguments])
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(
    ("missing", "options"), [("tensorflow", []), ("matplotlib", ["--html", "report.html"])]
)
def test_what_is_not_installed_is_said_before_anything_runs(missing, options, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == missing else find(name)
    )
    done = CliRunner().invoke(verify_command, [str(DATA / "mini.toml"), *options])
    assert done.exit_code == 2
    assert "pip install 'slimport[verify]'" in done.output
    assert f"(no module named {missing})" in done.output


def test_a_fault_of_the_program_is_no_wrong_usage(monkeypatch):
    def fail(*given):
        raise ValueError("not expected")

    monkeypatch.setattr("slimport.verify.comparison.compare", fail)
    done = CliRunner().invoke(verify_command, [str(DATA / "mini.toml")])
    assert isinstance(done.exception, ValueError)


WORKER = """
import json, os, sys, time
request = json.load(open(sys.argv[1]))
out = request["out"]
json.dump({"python": "0"}, open(out + "/environment.json", "w"))
for case in request["cases"]:
    if case["name"] == "dies":
        print("last words", flush=True)
        os._exit(7)
    if case["name"] == "hangs":
        time.sleep(60)
    folder = out + "/case-%d" % case["index"]
    os.makedirs(folder)
    json.dump({"modes": {"inference": {"error": None}}}, open(folder + "/meta.json", "w"))
"""


def side(tmp_path, script, names, timeout=5.0):
    path = tmp_path / "worker.py"
    path.write_text(textwrap.dedent(script), encoding="utf-8")
    requests = [{"index": place, "name": name} for place, name in enumerate(names)]
    out = tmp_path / "out"
    return run.Side(
        "old", path, sys.executable, out, {"out": str(out), "cases": requests}, timeout, print
    )


def test_a_worker_that_dies_or_hangs_costs_its_case_only(tmp_path):
    found = side(tmp_path, WORKER, ["one", "dies", "two", "hangs", "three"])
    found.run()
    assert sorted(found.crashes) == [1, 3]
    assert "ended with status 7" in found.crashes[1]
    assert "last words" in found.crashes[1]
    assert "no answer within 5 s" in found.crashes[3]
    assert "ended with status 7" in found.answer(1, protocol.INFERENCE).error
    for place in (0, 2, 4):
        assert (found.folder / f"case-{place}" / protocol.META_FILE).exists()


def test_a_worker_that_never_comes_up_fails_every_case_at_once(tmp_path):
    found = side(tmp_path, "raise ImportError('no tensorflow')", ["one", "two"])
    found.run()
    assert sorted(found.crashes) == [0, 1]
    assert "no tensorflow" in found.crashes[1]
