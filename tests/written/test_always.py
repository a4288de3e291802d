"""`is_training="always"`: layers that train in inference, too, as TF-Slim's True did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_side import random_value, run_old, slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(0).normal(size=(4, 12, 12, 3)).astype("float32")
OF_NORMS = {
    "fused": {},
    "plain": {"fused": False},
    "in place": {"updates_collections": None},
    "channels first": {"data_format": "NCHW", "fused": False},
}


def models(new: Any, build: Any) -> list[Any]:
    """The two kinds of model."""
    return [
        new.functional_model(build, keras.Input(IMAGES.shape[1:])),
        new.TracedModel(build),
    ]


def set_random(variables: dict[str, Any]) -> dict[str, np.ndarray]:
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))
    return {path: variable.numpy() for path, variable in variables.items()}


@pytest.mark.parametrize("kind", OF_NORMS)
def test_batch_norm(kind: str, old: Any, new: Any) -> None:
    """By the batch, whatever Keras says. Averages move where the training step ran, or in place."""
    settings = {"decay": 0.5, "scale": True, "scope": "bn", **OF_NORMS[kind]}
    expected = run_old(lambda x: old.batch_norm(x, is_training=True, **settings), IMAGES)
    for model in models(new, lambda x: new.batch_norm(x, is_training="always", **settings)):
        model(IMAGES)
        variables = new.legacy_variables(model)
        for training in (True, False, None):
            before = set_random(variables)
            outputs = model(IMAGES, training=training)
            assert np.allclose(outputs, expected.outputs, atol=1e-5)
            after = expected.after if training or kind == "in place" else before
            for path, variable in variables.items():
                assert np.allclose(variable.numpy(), after[path], atol=1e-6), (training, path)


def test_the_layer_alone(old: Any, new: Any, tmp_path: Path) -> None:
    """What closed code calls, in a functional model, saved and loaded as well."""
    inputs = keras.Input(IMAGES.shape[1:])
    layer = new.BatchNormalization(momentum=0.5, scale=False, name="bn")
    model = keras.Model(inputs, layer(inputs, is_training=True))
    expected = run_old(lambda x: old.batch_norm(x, 0.5, is_training=True, scope="bn"), IMAGES)
    set_random(new.legacy_variables(model))
    model.save(tmp_path / "model.keras")
    for each in (model, keras.models.load_model(tmp_path / "model.keras")):
        assert np.allclose(each.predict(IMAGES, verbose=0), expected.outputs, atol=1e-5)


@pytest.mark.parametrize("name", ["dropout", "tf_dropout", "Dropout"])
def test_dropout(name: str, new: Any) -> None:
    def build(x: Any) -> Any:
        if name == "Dropout":
            return new.Dropout(0.5)(x, is_training=True)
        told = {"training" if name == "tf_dropout" else "is_training": "always"}
        return getattr(new, name)(x, 0.5, **told)

    # A layer is made once, where Keras runs the function once.
    for model in models(new, build)[: 1 if name == "Dropout" else 2]:
        for training in (True, False, None):
            dropped = np.asarray(model(IMAGES, training=training))
            assert 0.3 < np.mean(dropped == 0) < 0.7
            assert np.allclose(dropped[dropped != 0], 2 * IMAGES[dropped != 0])
        assert 0.3 < np.mean(model.predict(IMAGES, verbose=0) == 0) < 0.7


def test_by_defaults_and_as_a_normalizer(old: Any, new: Any) -> None:
    def build(s: Any, x: Any, told: Any) -> Any:
        with s.arg_scope([s.batch_norm], decay=0.5, is_training=told):
            x = s.conv2d(x, 4, 3, normalizer_fn=s.batch_norm, scope="a")
        params = {"is_training": told}
        x = s.conv2d(x, 4, 3, normalizer_fn=s.batch_norm, normalizer_params=params, scope="b")
        return s.flatten(x)

    expected = run_old(lambda x: build(old, x, True), IMAGES)
    for model in models(new, lambda x: build(new, x, "always")):
        model(IMAGES)
        set_random(new.legacy_variables(model))
        assert np.allclose(model(IMAGES, training=False), expected.outputs, atol=1e-4)


def test_tf_batch_normalization(new: Any) -> None:
    for model in models(new, lambda x: new.tf_batch_normalization(x, training="always")):
        outputs = np.asarray(model(IMAGES, training=False))
        assert np.allclose(outputs.mean((0, 1, 2)), 0, atol=1e-5)
        assert np.allclose(outputs.std((0, 1, 2)), 1, atol=1e-3)


def test_a_tf_1_graph(new: Any) -> None:
    """As True: the updates are in the collection that the training step runs."""
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = new.batch_norm(tf.constant(IMAGES), 0.5, is_training="always")
        dropped = new.dropout(tf.constant(IMAGES), 0.5, is_training="always")
        assert len(v1.get_collection("update_ops")) == 2
        session.run(v1.global_variables_initializer())
        normalized, zeros = session.run([outputs, dropped])
    assert np.allclose(normalized.mean((0, 1, 2)), 0, atol=1e-5)
    assert 0.3 < np.mean(zeros == 0) < 0.7


def test_a_network_of_slim(new: Any) -> None:
    def build(x: Any) -> Any:
        blocks = [new.resnet_v1_block("block1", 2, 1, 1)]
        return new.resnet_v1(x, blocks, 5, is_training="always")[0]

    model = new.TracedModel(build)
    images = np.resize(IMAGES, (4, 32, 32, 3))
    trained, inferred = (np.asarray(model(images, training=flag)) for flag in (True, False))
    assert np.array_equal(trained, inferred)


@pytest.mark.parametrize("name", ["batch_norm", "dropout"])
def test_another_text_is_refused(name: str, new: Any) -> None:
    with pytest.raises(ValueError, match="\"always\", not 'never'"):
        new.functional_model(
            lambda x: getattr(new, name)(x, is_training="never"), keras.Input((12, 12, 3))
        )


def test_slim_itself_trains_always() -> None:
    """The premise: the old graph has no other mode."""
    with tf.Graph().as_default(), v1.Session() as session:
        dropped = slim.dropout(tf.constant(IMAGES), 0.5, is_training=True)
        assert 0.3 < np.mean(session.run(dropped) == 0) < 0.7
