"""What `slimport weights` did silently or with a traceback, and does no more."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from slimport.cli import main
from tests.weights.test_weights_command import read, same, trained, values, weights
from tests.weights.tools import save

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

SMALL = ("--model", "tiny_models:small")
BRANCHES = ("--model", "tiny_models:branches")


def branches(seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    shapes = {"net/a/weights": (4, 4), "net/a/biases": (4,)}
    shapes |= {name.replace("/a/", "/b/"): shape for name, shape in shapes.items()}
    return {name: random.normal(size=shape).astype("float32") for name, shape in shapes.items()}


@pytest.mark.parametrize("devices", [1, 2])
def test_a_folder_whose_name_is_a_pattern(tmp_path: Path, devices: int) -> None:
    for number, folder in enumerate(("run[12]", "run1", "run2")):
        (tmp_path / folder).mkdir()
        prefix = tmp_path / folder / "model.ckpt"
        save(prefix, values(net__logits__biases=np.full(3, number, "f4")), 1, devices=devices)
    back = tmp_path / "back"
    done = weights(tmp_path / "run[12]" / "model.ckpt", *SMALL, "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert np.array_equal(read(back)["net/logits/biases"], np.zeros(3))


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras"])
def test_a_keras_file_of_another_model(tmp_path: Path, name: str) -> None:
    old, out, back = save(tmp_path / "old", branches()), tmp_path / name, tmp_path / "back"
    assert weights(old, *BRANCHES, "--args", "names='ab'", "--out", out).exit_code == 0
    swapped = weights(out, *BRANCHES, "--args", "names='ba'", "--to-checkpoint", back)
    assert swapped.exit_code == 1 and "net__a got another layer's values" in swapped.output
    fewer = weights(out, *BRANCHES, "--args", "names='a'", "--to-checkpoint", back)
    assert fewer.exit_code == 1 and "net__b of the file is not in the model" in fewer.output
    assert sorted(path.name for path in tmp_path.glob("back*")) == []
    done = weights(out, *BRANCHES, "--args", "names='ab'", "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert same(read(back), branches())


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras"])
def test_every_dtype_and_any_bits(tmp_path: Path, name: str) -> None:
    from slimport.verify.workers.migrated import legacy_variables
    from tests.weights import tiny_models

    random, given = np.random.default_rng(0), {}
    for each, variable in legacy_variables(tiny_models.types()).items():
        dtype = tf.as_dtype(variable.dtype).as_numpy_dtype
        count = int(np.prod(variable.shape))
        bits = np.frombuffer(random.bytes(count * np.dtype(dtype).itemsize), dtype)
        value = bits if dtype is not np.bool_ else np.array([True, False, False, True])
        given[each] = value.reshape(tuple(variable.shape))
    tensors = [tf.constant(value) for value in given.values()]
    prefix = str(tmp_path / "old")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=[*given], shape_and_slices=[""] * len(given), tensors=tensors
    )
    out, back = tmp_path / name, tmp_path / "back"
    done = weights(prefix, "--model", "tiny_models:types", "--out", out)
    assert done.exit_code == 0, done.output
    done = weights(out, "--model", "tiny_models:types", "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert same(read(back), given)


NUMBERED = {
    "the same": ("", ""),
    "named after another number": ("before=3", ""),
    "one layer fewer": ("count=1", "1 dense of the file not in the model"),
    "none in an attribute": ("is_held=False", "1 dense of the file not in the model"),
    "none of a class": ("count=0, is_held=False", "2 dense of the file not in the model"),
}


@pytest.mark.parametrize("case", NUMBERED)
def test_layers_that_keras_numbered(tmp_path: Path, case: str) -> None:
    from tests.weights import tiny_models

    arguments, message = NUMBERED[case]
    keras.utils.clear_session()
    tiny_models.numbered().save_weights(tmp_path / "net.weights.h5")
    keras.utils.clear_session()
    model = ("--model", "tiny_models:numbered", "--args", arguments)
    done = weights(tmp_path / "net.weights.h5", *model, "--to-checkpoint", tmp_path / "back")
    assert done.exit_code == bool(message) and message in done.output, done.output


def test_a_network_called_as_keras_calls_its_seeds(tmp_path: Path) -> None:
    given = {n.replace("net", "seed_generator", 1): value for n, value in branches().items()}
    old, back = save(tmp_path / "old", given), tmp_path / "back"
    more = ("--args", "names='ab', scope='seed_generator'", "--to-checkpoint", back)
    done = weights(old, *BRANCHES, *more)
    assert done.exit_code == 0, done.output
    assert same(read(back), given)


NOWHERE = ("--out", "file/net.keras"), ("--to-checkpoint", "file/net"), ("--to-checkpoint", "")


@pytest.mark.parametrize("option", NOWHERE)
def test_a_place_that_cannot_be_written_to(tmp_path: Path, option: tuple[str, str]) -> None:
    old = save(tmp_path / "old", values())
    (tmp_path / "file").write_text("no folder")
    before = sorted(tmp_path.rglob("*"))
    done = weights(old, *SMALL, option[0], tmp_path / option[1])
    assert done.exit_code == 1 and "Error: " in done.output
    inspect = ["weights", str(old), "--inspect", "--json", str(tmp_path / "file" / "x")]
    done = CliRunner().invoke(main, inspect)
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_checkpoint_in_the_way(tmp_path: Path, version: int) -> None:
    old = save(tmp_path / "old", values(), version, devices=2)
    other = save(tmp_path / "other", values(1))
    done = weights(other, *SMALL, "--to-checkpoint", old)
    assert done.exit_code == 1 and "is there already" in done.output


def test_a_damaged_keras_file(tmp_path: Path) -> None:
    (tmp_path / "net.keras").write_text("no archive")
    done = weights(tmp_path / "net.keras", *SMALL, "--to-checkpoint", tmp_path / "back")
    assert done.exit_code == 1 and "does not fit the model" in done.output


def test_a_checkpoint_that_is_not_what_was_written_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slimport.weights import conversion

    monkeypatch.setattr(conversion, "same_bits", lambda one, other: False)
    old, back = save(tmp_path / "old", values()), tmp_path / "back"
    before = sorted(tmp_path.iterdir())
    done = weights(old, *SMALL, "--to-checkpoint", back)
    assert done.exit_code == 1 and "does not hold what was written" in done.output
    assert sorted(tmp_path.iterdir()) == before


def test_two_runs_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slimport.weights import conversion

    old, out, kept = save(tmp_path / "old", values()), tmp_path / "net.keras", conversion.forget

    def meanwhile(variables: Any) -> None:
        out.write_text("another's")
        kept(variables)

    monkeypatch.setattr(conversion, "forget", meanwhile)
    done = weights(old, *SMALL, "--out", out)
    assert done.exit_code == 1 and out.read_text() == "another's"


OUT, BACK = ("--out", "x.keras"), ("--to-checkpoint", "x")
CONFLICTS = {
    "averages of a file of Keras": ("net.keras", *BACK, "--ema"),
    "a part of a file of Keras": ("net.keras", *BACK, "--partial"),
    "a check of a file of Keras": ("net.keras", *BACK, "--verify", "--old", "."),
    "a file of Keras of a file of Keras": ("net.keras", *BACK, *OUT),
    "a check that was not asked for": ("old", *OUT, "--old", "."),
    "averages and slots": ("old", *OUT, "--ema", "--slots"),
    "a step, and no checkpoint": ("old", *OUT, "--step", "3"),
    "two steps": ("old", *BACK, "--step", "3", "--slots"),
    "names of slots without slots": ("old", *BACK, "--like", "old"),
    "a file of a checkpoint for a prefix": ("old", "--to-checkpoint", "x.index"),
    "a file of Keras for a prefix": ("old", "--to-checkpoint", "x.weights.h5"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_options_that_would_do_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert weights(*CONFLICTS[case], *SMALL).exit_code == 2
    assert sorted(tmp_path.iterdir()) == []


def test_slots_of_the_first_version_in_two_files(tmp_path: Path) -> None:
    old, back = save(tmp_path / "old", trained(), version=1, devices=2), tmp_path / "back"
    model = ("--model", "tiny_models:compiled", "--slots", "--like", old)
    done = weights(old, *model, "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert same(read(back), trained())


def frozen(folder: Path, given: dict[str, Any], shape: list[Any], dtype: str, more: bool) -> Path:
    """A frozen graph of `tiny_models.branches("a")`."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = tf.cast(tf1.placeholder(dtype, shape, name="x"), "float32")
        weights, biases = (tf.constant(given[f"net/a/{n}"]) for n in ("weights", "biases"))
        x = tf.matmul(x, weights) + biases
        x = x * tf1.placeholder("float32", [], name="keep") if more else x
        tf.identity(x, name="out")
    (folder / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return folder / "frozen.pb"


CHECKED = {
    "plain": ([None, 4], "float32", False, ""),
    "of two examples": ([2, 4], "float32", False, ""),
    "of whole numbers": ([None, 4], "uint8", False, ""),
    "with another placeholder": ([None, 4], "float32", True, "must feed a value for placeholder"),
    "of another rank": ([None, 4, 4], "float32", False, "cannot be run on x:0 of shape [1, 4]"),
}


@pytest.mark.parametrize("case", CHECKED)
def test_what_an_old_graph_takes(tmp_path: Path, case: str) -> None:
    shape, dtype, more, error = CHECKED[case]
    given = {name: value for name, value in branches().items() if "/a/" in name}
    graph = frozen(tmp_path, given, shape, dtype, more)
    out = tmp_path / "net.weights.h5"
    model = (*BRANCHES, "--args", "names='a'", "--out", out, "--verify", "--old", graph)
    options = ("--old-input", "x", "--old-output", "out0=out")
    done = weights(save(tmp_path / "old", given), *model, *options)
    assert done.exit_code == (1 if error else 0), done.output
    assert ("written and read back, but not compared" in done.output) == bool(error)
    assert error in done.output.replace("\n", " ") and out.exists()


def test_outputs_that_prove_nothing(tmp_path: Path) -> None:
    given = {f"net/a/{n}": np.zeros(s, "f4") for n, s in (("weights", (4, 4)), ("biases", 4))}
    graph = frozen(tmp_path, given, [None, 4], "float32", False)
    model = (*BRANCHES, "--args", "names='a'", "--out", tmp_path / "net.keras")
    check = ("--verify", "--old", graph, "--old-output", "out0=out")
    done = weights(save(tmp_path / "old", given), *model, *check)
    assert done.exit_code == 1 and "nothing compared" in done.output


def test_outputs_that_the_graph_lacks(tmp_path: Path) -> None:
    graph = frozen(tmp_path, branches(), [None, 4], "float32", False)
    model = (*BRANCHES, "--args", "names='ab'", "--out", tmp_path / "net.keras")
    check = ("--verify", "--old", graph, "--old-output", "out0=out")
    done = weights(save(tmp_path / "old", branches()), *model, *check)
    assert done.exit_code == 0, done.output
    assert "not compared, the graph has no tensor of that name: out1" in done.output


def test_a_model_of_two_inputs_is_shown_nothing(tmp_path: Path) -> None:
    graph = frozen(tmp_path, branches(), [None, 4], "float32", False)
    inputs = ("--input", "1,8,8,3", "--input", "1,8,8,3")
    model = ("--model", "tiny_models:network_of_two", *inputs, "--out", tmp_path / "net.keras")
    done = weights(save(tmp_path / "old", values()), *model, "--verify", "--old", graph)
    assert done.exit_code == 1 and "the model has 2 inputs" in done.output


LACKING = "net/logits/biases/ExponentialMovingAverage"


def test_averages_that_the_file_lacks_do_not_begin_at_chance(tmp_path: Path) -> None:
    given = {name: value for name, value in trained().items() if name != LACKING}
    old, back = save(tmp_path / "old", given), tmp_path / "back"
    model = ("--model", "tiny_models:compiled", "--slots", "--to-checkpoint", back)
    done = weights(old, *model)
    assert done.exit_code == 1 and "net/logits/biases is the first" in done.output
    done = weights(old, *model, "--partial", "--out", tmp_path / "net.weights.h5")
    assert done.exit_code == 0 and "begins anew: net/logits/biases" in done.output
    # The checkpoint is named as the old one: what that has not is not in it.
    named = ("--model", "tiny_models:compiled", "--slots", "--to-checkpoint", tmp_path / "new")
    assert weights(tmp_path / "net.weights.h5", *named).exit_code == 0
    assert same(read(tmp_path / "new"), given | {LACKING: given["net/logits/biases"]})


def slots_of(optimizer: str, powers: bool = False) -> dict[str, Any]:
    """A checkpoint of two slots under another name than Adam's, without averages."""
    given = {n.replace("Adam", optimizer): v for n, v in trained().items() if not _average(n)}
    return given if powers else {n: v for n, v in given.items() if "power" not in n}


def below_zero(optimizer: str) -> dict[str, Any]:
    """The same with a mean of gradients in the first slot."""
    return {n: -v if n.endswith(f"/{optimizer}") else v for n, v in slots_of(optimizer).items()}


def _average(name: str) -> bool:
    return name.endswith("/ExponentialMovingAverage")


OTHERS = "slots of another optimizer"
RMSPROP = "kind='RMSprop', average=False, momentum=0.9"
REFUSED: dict[str, tuple[str, Any, str]] = {
    "averages that the model does not keep": ("average=False", trained, "keeps none"),
    "slots of an optimizer that keeps none": ("kind='SGD'", trained, OTHERS),
    "slots that TensorFlow 1 did not have": ("kind='Lion'", trained, OTHERS),
    "a file without slots": (
        "kind='Nadam', average=False", lambda: values() | {"global_step": np.array(3, "int64")},
        "Nadam keeps adam/net__conv_kernel_momentum, of which the file has nothing",
    ),
    "a slot more than TensorFlow 1 had": (
        "kind='Adam', average=False, amsgrad=True", lambda: slots_of("Adam", True),
        "Adam keeps adam/net__conv_kernel_velocity_hat, of which",
    ),
    "an optimizer of its own name": (
        "kind='Ftrl', average=False", lambda: slots_of("AdagradDA"), "cannot be told",
    ),
    "a name that tells nothing": (RMSPROP, lambda: slots_of("mine"), "cannot be told"),
    "another optimizer by its numbers": (
        f"{RMSPROP}, name='mine'", lambda: below_zero("mine"),
        "/mine in {old} has numbers below zero, where RMSprop keeps squares",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_state_that_would_get_lost(tmp_path: Path, case: str) -> None:
    arguments, given, message = REFUSED[case]
    old, out = save(tmp_path / "old", given()), tmp_path / "net.keras"
    model = ("--model", "tiny_models:compiled", "--args", arguments, "--slots", "--out", out)
    done = weights(old, *model)
    assert done.exit_code == 1 and not out.exists()
    assert message.format(old=old) in done.output
    if arguments == "average=False":
        assert weights(old, *model, "--partial").exit_code == 0


def test_slots_that_keras_does_not_keep(tmp_path: Path) -> None:
    given = slots_of("rms")
    old, back = save(tmp_path / "old", given), tmp_path / "back"
    model = (
        "--model",
        "tiny_models:compiled",
        "--args",
        "name='rms', kind='RMSprop', average=False",
    )
    done = weights(old, *model, "--slots", "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert "5 slots stay in the file" in done.output
    zeros = {n: np.zeros_like(v) for n, v in given.items() if n.endswith("/rms_1")}
    assert same(read(back), given | zeros)


@pytest.mark.parametrize("name", ['a"b', "ä b", "a\nb", "a*b", "-x"])
def test_the_latest_checkpoint_has_any_name(tmp_path: Path, name: str) -> None:
    old, folder = save(tmp_path / "old", values()), tmp_path / "new"
    done = weights(old, *SMALL, "--to-checkpoint", folder / name)
    assert done.exit_code == 0, done.output
    assert tf.train.latest_checkpoint(str(folder)) == str(folder / name)
    done = weights(folder, *SMALL, "--to-checkpoint", tmp_path / "back")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", ["[a]", "a\\b"])
def test_a_name_that_tensorflow_would_not_find(tmp_path: Path, name: str) -> None:
    old, folder = save(tmp_path / "old", values()), tmp_path / "new"
    done = weights(old, *SMALL, "--to-checkpoint", folder / name)
    assert done.exit_code == 1 and "for a pattern" in done.output and not folder.exists()
    for path in tmp_path.glob("old.*"):
        path.rename(path.with_name(path.name.replace("old", name)))
    done = weights(tmp_path / name, *SMALL, "--to-checkpoint", folder / "back")
    assert done.exit_code == 1 and "for a pattern" in done.output


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras"])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    done = weights(save(tmp_path / "old", values()), *SMALL, "--out", tmp_path / "to" / name)
    assert done.exit_code == 1 and "cannot be written: No space left" in done.output
    assert sorted((tmp_path / "to").iterdir()) == []
