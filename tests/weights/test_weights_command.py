"""`slimport weights` on small models: what is written, what is refused, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from tests.weights.tools import save

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

HERE = Path(__file__).parent
SHAPES = {
    "net/conv/weights": (3, 3, 3, 4),
    "net/conv/BatchNorm/gamma": (4,),
    "net/conv/BatchNorm/beta": (4,),
    "net/conv/BatchNorm/moving_mean": (4,),
    "net/conv/BatchNorm/moving_variance": (4,),
    "net/logits/weights": (4, 3),
    "net/logits/biases": (3,),
}
TRAINED = [name for name in SHAPES if "moving" not in name]


def values(seed: int = 0, **changes: Any) -> dict[str, Any]:
    """The values of a checkpoint; `net__x=None` leaves one out."""
    random = np.random.default_rng(seed)
    found = {n: random.uniform(0.5, 2, s).astype("float32") for n, s in SHAPES.items()}
    odd = np.array([np.nan, -0.0, np.inf, 1e-42], "float32")  # not equal, or not to be told, by ==
    found["net/conv/BatchNorm/beta"] = odd
    found |= {name.replace("__", "/"): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def weights(*arguments: Any) -> Result:
    """Runs the command with the models of `tiny_models`."""
    given = ["weights", *map(str, arguments), "--path", str(HERE)]
    return CliRunner().invoke(main, given, catch_exceptions=False)


def read(prefix: Path) -> dict[str, Any]:
    reader = tf.train.load_checkpoint(str(prefix))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        (one[n].dtype, one[n].shape, one[n].tobytes())
        == (other[n].dtype, other[n].shape, other[n].tobytes())
        for n in one
    )


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["out.weights.h5", "out.keras"])
def test_there_and_back(tmp_path: Path, version: int, name: str) -> None:
    old = save(tmp_path / "model.ckpt", values(), version=version)
    out, back = tmp_path / name, tmp_path / "back" / "model.ckpt"
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 0, done.output
    assert "7 of the model's 7 variables" in done.output
    assert "read back: 7 of 7 variables equal, bit by bit" in done.output
    done = weights(out, "--model", "tiny_models:small", "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert same(read(back), values())
    assert tf.train.latest_checkpoint(str(back.parent)) == str(back)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_step_for_the_way_back(tmp_path: Path) -> None:
    old = save(tmp_path / "old.ckpt", values())
    back = tmp_path / "new.ckpt"
    done = weights(old, "--model", "tiny_models:small", "--to-checkpoint", back, "--step", 70_000)
    assert done.exit_code == 0, done.output
    assert same(read(back), {**values(), "global_step": np.array(70_000, "int64")})


MISFITS = {
    "missing": ({"net__logits__biases": None}, "net/logits/biases"),
    "other shape or dtype": (
        {"net__logits__weights": np.ones((4, 9), "float32")},
        "net/logits/weights: [4, 9] float32 in the file, [4, 3] float32 in the model",
    ),
    "of another dtype": ({"net__logits__biases": np.ones(3)}, "[3] float64 in the file"),
    "unused": ({"net__aux__weights": np.ones(2, "float32")}, "net/aux/weights [2] (weight)"),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_what_does_not_fit_is_an_error_and_with_partial_a_list(tmp_path: Path, kind: str) -> None:
    changes, line = MISFITS[kind]
    old, out = save(tmp_path / "model.ckpt", values(**changes)), tmp_path / "out.weights.h5"
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert line in done.output and "nothing written" in done.output
    report = tmp_path / "report.json"
    more = ("--out", out, "--partial", "--json", report)
    done = weights(old, "--model", "tiny_models:small", *more)
    assert done.exit_code == 0 and out.exists()
    assert line in done.output
    found = json.loads(report.read_text())
    assert len(found["matched"]) == 7 - (kind != "unused")
    assert any(found[key] for key in ("missing", "mismatched", "unused"))


def test_a_backbone_for_another_head(tmp_path: Path) -> None:
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    arguments = ("--model", "tiny_models:small", "--args", "classes=9", "--out", out)
    assert weights(old, *arguments).exit_code == 1
    assert weights(old, *arguments, "--partial").exit_code == 0
    back = tmp_path / "back"
    given = ("--model", "tiny_models:small", "--args", "classes=9", "--to-checkpoint", back)
    assert weights(out, *given).exit_code == 0
    found = read(back)
    assert found["net/logits/weights"].shape == (4, 9)
    assert np.array_equal(found["net/conv/weights"], values()["net/conv/weights"])


def averaged(**changes: Any) -> dict[str, Any]:
    shadows = {f"{n}/ExponentialMovingAverage": v for n, v in values(1).items() if n in TRAINED}
    beside = {
        "global_step": np.array(5, "int64"),
        "net/conv/weights/Momentum": np.ones((3, 3, 3, 4), "f4"),
    }
    found = {**values(), **shadows, **beside, **changes}
    return {name: value for name, value in found.items() if value is not None}


def test_moving_averages(tmp_path: Path) -> None:
    old = save(tmp_path / "model.ckpt", averaged())
    plain, shadows = tmp_path / "plain", tmp_path / "shadows"
    done = weights(old, "--model", "tiny_models:small", "--to-checkpoint", plain)
    assert "left in the file: 5 EMA shadows, 1 optimizer slot, 1 step" in done.output
    assert same(read(plain), values())
    done = weights(old, "--model", "tiny_models:small", "--to-checkpoint", shadows, "--ema")
    assert done.exit_code == 0, done.output
    one, other = values(), values(1)
    assert same(read(shadows), {n: (other if n in TRAINED else one)[n] for n in SHAPES})


def test_a_trained_variable_without_an_average(tmp_path: Path) -> None:
    lost = "net/logits/biases/ExponentialMovingAverage"
    old = save(tmp_path / "model.ckpt", averaged(**{lost: None}))
    arguments = (old, "--model", "tiny_models:small", "--to-checkpoint", tmp_path / "x", "--ema")
    done = weights(*arguments)
    assert done.exit_code == 1 and "no moving average" in done.output
    assert weights(*arguments, "--partial").exit_code == 0
    assert np.array_equal(read(tmp_path / "x")["net/logits/biases"], values()["net/logits/biases"])


def test_no_averages_at_all(tmp_path: Path) -> None:
    old = save(tmp_path / "model.ckpt", values())
    done = weights(old, "--model", "tiny_models:small", "--to-checkpoint", tmp_path / "x", "--ema")
    assert done.exit_code == 1 and "no moving averages" in done.output


SCOPES = {
    "one of both": ("net", "old/net", ["--scope", "old/net=net"]),
    "none in the model": ("net", "model/net", ["--scope", "model/="]),
    "none in the file": ("net", "conv_net", ["--scope", "conv_net=net/"]),
    "the longest counts": ("net/conv", "x/y", ["--scope", "z=net", "--scope", "x/y=net/conv",
                                               "--scope", "net/logits=net/logits"]),
}  # fmt: skip


@pytest.mark.parametrize("case", SCOPES)
def test_scopes_of_another_name(tmp_path: Path, case: str) -> None:
    mine, theirs, options = SCOPES[case]
    given = {f"{theirs}{n.removeprefix(mine)}" if n.startswith(f"{mine}/") else n: v
             for n, v in averaged().items()}  # fmt: skip
    old, back = save(tmp_path / "model.ckpt", given), tmp_path / "back"
    done = weights(old, "--model", "tiny_models:small", *options, "--to-checkpoint", back)
    assert done.exit_code == 0, done.output
    assert same(read(back), values())
    assert "moving average" not in done.output
    done = weights(
        old, "--model", "tiny_models:small", *options, "--to-checkpoint", back, "--ema",
        "--overwrite",
    )  # fmt: skip
    assert "5 of them take their moving average" in done.output
    one, other = values(), values(1)
    assert same(read(back), {n: (other if n in TRAINED else one)[n] for n in SHAPES})


def test_a_scope_is_whole_words_and_said_once(tmp_path: Path) -> None:
    given = {n.replace("net/", "network/"): v for n, v in values().items()}
    old, back = save(tmp_path / "model.ckpt", given), tmp_path / "back"
    model = (old, "--model", "tiny_models:small", "--to-checkpoint", back)
    assert weights(*model, "--scope", "netw=ne").exit_code == 1  # of `network`, `net`: no scopes
    assert weights(*model, "--scope", "network=net").exit_code == 0
    assert weights(*model, "--scope", "a=net", "--scope", "b=net").exit_code == 2
    assert weights(*model, "--scope", "a").exit_code == 2


def trained(steps: int = 5) -> dict[str, Any]:
    """A checkpoint of Adam with moving averages."""
    from slimport.written.legacy_slots import legacy_power

    slots = {}
    for place, last in enumerate(("Adam", "Adam_1", "ExponentialMovingAverage")):
        new = values(place + 1)
        slots |= {f"{name}/{last}": new[name] for name in TRAINED}
    powers = {f"beta{n}_power": legacy_power(b, steps) for n, b in ((1, 0.9), (2, 0.999))}
    return {**values(), **slots, **powers, "global_step": np.array(steps, "int64")}


@pytest.mark.parametrize("name", ["out.weights.h5", "out.keras"])
def test_optimizer_state_there_and_back(tmp_path: Path, name: str) -> None:
    old, out, back = save(tmp_path / "model.ckpt", trained()), tmp_path / name, tmp_path / "back"
    model = ("--model", "tiny_models:compiled", "--slots")
    done = weights(old, *model, "--out", out)
    assert done.exit_code == 0, done.output
    assert "the optimizer goes on: 15 slots and averages" in done.output
    assert "read back: 22 of 22 variables equal, bit by bit" in done.output
    assert weights(out, *model, "--to-checkpoint", back).exit_code == 0
    assert same(read(back), trained())


def test_names_of_slots_as_in_an_old_checkpoint(tmp_path: Path) -> None:
    as_train = {n: f"train/{n}" for n in trained() if "Adam" in n or "power" in n}
    given = {as_train.get(name, name): value for name, value in trained().items()}
    old, out = save(tmp_path / "model.ckpt", given), tmp_path / "out.weights.h5"
    model = ("--model", "tiny_models:compiled", "--slots")
    assert weights(old, *model, "--out", out).exit_code == 0
    back = tmp_path / "back"
    assert weights(out, *model, "--to-checkpoint", back, "--like", old).exit_code == 0
    assert same(read(back), given)


def test_slots_that_cannot_come_along(tmp_path: Path) -> None:
    old, out = save(tmp_path / "model.ckpt", trained()), tmp_path / "out.weights.h5"
    done = weights(old, "--model", "tiny_models:small", "--slots", "--out", out)
    assert done.exit_code == 1 and "needs a model that is compiled" in done.output
    bare = save(tmp_path / "bare.ckpt", values())
    done = weights(bare, "--model", "tiny_models:compiled", "--slots", "--out", out)
    assert done.exit_code == 1 and "no slots" in done.output
    assert not out.exists()


def test_a_function_of_tensors(tmp_path: Path) -> None:
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    model = ("--model", "tiny_models:network", "--args", "classes=3, width=4")
    done = weights(old, *model, "--input", "None,8,8,3", "--out", out)
    assert done.exit_code == 0, done.output
    # What it prints makes the model that the file belongs to.
    lines = done.output.partition("belong to:")[2].splitlines()
    names: dict[str, Any] = {"keras": keras}
    exec("\n".join(line.removeprefix("  ") for line in lines), names)
    names["model"].load_weights(out)
    kernel = names["model"].get_layer("net__conv").kernel.numpy()
    assert np.array_equal(kernel, values()["net/conv/weights"])


REFUSED = {
    "tiny_models:failing": "the weather is bad",
    "tiny_models:nothing": "returned a int, no Keras model",
    "tiny_models:unbuilt": "has no variables yet",
    "tiny_models:absent": "tiny_models has no absent",
    "absent_module:build": "absent_module cannot be imported",
    "tiny_models": "is not of the form",
}


@pytest.mark.parametrize("model", REFUSED)
def test_what_is_no_model(tmp_path: Path, model: str) -> None:
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    done = weights(old, "--model", model, "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert REFUSED[model] in done.output


def test_nothing_fits(tmp_path: Path) -> None:
    old = save(tmp_path / "model.ckpt", {"other/weights": np.ones(3, "float32")})
    out = tmp_path / "out.weights.h5"
    done = weights(old, "--model", "tiny_models:small", "--out", out, "--partial")
    assert done.exit_code == 1 and not out.exists()
    assert "has nothing for this model" in done.output


def test_a_damaged_checkpoint(tmp_path: Path) -> None:
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-8] + b"changed!")
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert "Error: " in done.output and "Traceback" not in done.output
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    out.write_text("mine")
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 1 and out.read_text() == "mine"
    assert "--overwrite" in done.output
    assert weights(old, "--model", "tiny_models:small", "--out", out, "--overwrite").exit_code == 0
    done = weights(out, "--model", "tiny_models:small", "--to-checkpoint", old)
    assert done.exit_code == 1 and "is there already" in done.output


def test_a_file_that_lost_a_variable_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(layer: Any, store: Any) -> None:
        store["0"] = np.nextafter(np.asarray(layer.kernel), np.float32(9))
        store["1"] = np.asarray(layer.bias)

    monkeypatch.setattr(keras.layers.Dense, "save_own_variables", spoilt)
    monkeypatch.setattr(keras.layers.Dense, "load_own_variables", keras.Layer.load_own_variables)
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert "net/logits/weights is the first" in done.output


def test_keras_refuses_to_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(layer: Any, store: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.layers.Dense, "save_own_variables", full)
    old, out = save(tmp_path / "model.ckpt", values()), tmp_path / "out.weights.h5"
    done = weights(old, "--model", "tiny_models:small", "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert "No space left on device" in done.output
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


WRONG = {
    "no model": (),
    "no output": ("--model", "tiny_models:small"),
    "a name that is no file of Keras": ("--model", "tiny_models:small", "--out", "x.h5"),
    "arguments": ("--model", "tiny_models:small", "--args", "3", "--out", "x.keras"),
    "a call": ("--model", "tiny_models:small", "--args", "a=print()", "--out", "x.keras"),
    "a shape": ("--model", "tiny_models:network", "--input", "a,3", "--out", "x.keras"),
    "verify": ("--model", "tiny_models:small", "--out", "x.keras", "--verify"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    old = save(tmp_path / "model.ckpt", values())
    before = sorted(tmp_path.iterdir())
    assert weights(old, *WRONG[case]).exit_code == 2
    assert sorted(tmp_path.iterdir()) == before
