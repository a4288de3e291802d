"""`slimport weights --verify`: old and new on one image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from slimport.cli import main
from slimport.weights.check import _training_argument
from tests.weights.test_weights_command import values, weights
from tests.weights.tools import save

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

MODEL = ("--model", "tiny_models:small")


def good(**changes: Any) -> dict[str, Any]:
    """Values that a network can compute with."""
    beta = np.array([0.1, -0.2, 0.3, 0.0], "float32")
    return values(net__conv__BatchNorm__beta=beta, **changes)


def old_graph(folder: Path, given: dict[str, Any]) -> dict[str, Path]:
    """Writes the network of `tiny_models` as TF 1 did: checkpoint, .meta, frozen, SavedModel."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        images = tf1.placeholder("float32", [None, 8, 8, 3], name="images")
        held = {n: tf1.Variable(v, name=n, use_resource=False) for n, v in given.items()}
        norm = [held[f"net/conv/BatchNorm/{n}"] for n in ("gamma", "beta")]
        norm += [held[f"net/conv/BatchNorm/moving_{n}"] for n in ("mean", "variance")]
        x = tf.nn.conv2d(images, held["net/conv/weights"], 1, "VALID")
        x, *_ = tf1.nn.fused_batch_norm(x, *norm, epsilon=0.001, is_training=False)
        x = tf.reduce_mean(x, [1, 2])
        x = tf.matmul(x, held["net/logits/weights"]) + held["net/logits/biases"]
        logits = tf.identity(x, name="logits")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(folder / "model.ckpt"))
        frozen = tf1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["logits"]
        )
        (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
        tf1.saved_model.simple_save(
            session, str(folder / "saved"), {"images": images}, {"logits": logits}
        )
    names = {"meta": "model.ckpt.meta", "frozen": "frozen.pb", "saved": "saved"}
    return {kind: folder / name for kind, name in names.items()}


@pytest.mark.parametrize("kind", ["meta", "frozen", "saved"])
def test_beside_the_old_graph(tmp_path: Path, kind: str) -> None:
    old = old_graph(tmp_path, good())[kind]
    source = tmp_path / "model.ckpt" if kind == "meta" else old
    given = ("--out", tmp_path / "out.weights.h5", "--verify", "--old", old)
    done = weights(source, *MODEL, *given, "--json", tmp_path / "said.json")
    assert done.exit_code == 0, done.output
    assert "old and new on one image: equal, 1 outputs" in done.output
    (logits,) = json.loads((tmp_path / "said.json").read_text())["check"]["tensors"]
    assert 0 < logits["floor"] < 1e-5 * logits["scale"]  # what one ulp of the image does


def test_another_graph_is_told(tmp_path: Path) -> None:
    changed = np.nextafter(good()["net/logits/biases"], np.float32(9)) * np.float32(1.001)
    old = old_graph(tmp_path, good(net__logits__biases=changed))["frozen"]
    source = save(tmp_path / "other.ckpt", good())
    given = ("--out", tmp_path / "out.weights.h5", "--verify", "--old", old)
    done = weights(source, *MODEL, *given)
    assert done.exit_code == 1
    assert "output logits: differs" in done.output


def test_names_of_tensors(tmp_path: Path) -> None:
    old = old_graph(tmp_path, good())["frozen"]
    given = ("--out", tmp_path / "out.weights.h5", "--overwrite", "--verify")
    more = ("--old-input", "images", "--old-output", "logits=add:0")
    assert weights(old, *MODEL, *given, *more).exit_code == 0
    done = weights(old, *MODEL, *given, "--old-output", "logits=nothing:0")
    assert done.exit_code == 1 and "has no tensor nothing:0" in done.output


def test_an_image(tmp_path: Path) -> None:
    old, image = old_graph(tmp_path, good())["frozen"], tmp_path / "image.png"
    pixels = np.arange(16 * 16 * 3).reshape(16, 16, 3) % 255
    image.write_bytes(tf.io.encode_png(pixels.astype("uint8")).numpy())
    given = ("--out", tmp_path / "out.weights.h5", "--overwrite", "--verify")
    assert weights(old, *MODEL, *given, "--image", image).exit_code == 0
    image.write_text("no image")
    done = weights(old, *MODEL, *given, "--image", image)
    assert done.exit_code == 1 and "cannot be read as an image" in done.output


def scope_that_hands_on(**kwargs: Any) -> Any:
    """As `mobilenet_v2.training_scope`."""
    return kwargs


@pytest.mark.parametrize(
    ("function", "args", "hands_on", "told"),
    [
        ("scope_that_hands_on", {}, True, "is_training"),
        ("scope_that_hands_on", {"is_training": True}, True, None),
        ("scope_that_hands_on", {}, False, None),
        ("good", {}, True, "is_training"),
        ("old_graph", {}, True, None),
    ],
)
def test_who_is_told_not_to_train(
    function: str, args: dict[str, Any], hands_on: bool, told: str | None
) -> None:
    entry = f"{__name__}:{function}"
    assert _training_argument("is_training", entry, args, hands_on) == told


LEGACY = """
import tensorflow as tf
import tf_slim as slim
from widths import WIDTH


def net(images, classes=3, is_training=True):
    with slim.arg_scope([slim.batch_norm], is_training=is_training, scale=True):
        with tf.variable_scope('net'):
            x = slim.conv2d(images, WIDTH, 3, padding='VALID', activation_fn=None,
                            normalizer_fn=slim.batch_norm, scope='conv')
            x = tf.reduce_mean(x, [1, 2])
            return {'logits': slim.fully_connected(x, classes, activation_fn=None, scope='logits')}
"""


def test_beside_the_old_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    legacy, migrated = tmp_path / "legacy", tmp_path / "migrated"
    (legacy / "lib").mkdir(parents=True)
    (legacy / "lib" / "widths.py").write_text("WIDTH = 4\n")
    (legacy / "check_net.py").write_text(LEGACY)
    CliRunner().invoke(main, ["rewrite", str(legacy), "--out", str(migrated)])
    monkeypatch.syspath_prepend(str(migrated))
    source = save(tmp_path / "model.ckpt", good())
    model = ("--model", "check_net:net", "--input", "2,8,8,3", "--path", migrated)
    model += ("--path", migrated / "lib")
    given = ("--out", tmp_path / "out.weights.h5", "--verify", "--old", legacy)
    given += ("--old-path", legacy / "lib")
    done = weights(source, *model, *given)
    assert done.exit_code == 0, done.output
    assert "old and new on one image: equal, 1 outputs" in done.output
