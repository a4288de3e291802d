"""Models in .keras files and .weights.h5: what is loaded, in another process, is what was saved."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.rewrite.tools import transform

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

HERE = Path(__file__).parent
FIXTURE = HERE.parents[1] / "fixtures" / "legacy" / "ssd_inception_v2"
EXACT = ["names", "trainable", "values"]
# As many threads take a sum as a process was told to use by whatever ran in it before.
COMPUTED = ["inference", "losses", "training", "statistics"]


CLOSED = """
import tensorflow.contrib.slim as slim

def net(images):
    with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(0.1)):
        x = slim.conv2d(images, 4, [3, 3], normalizer_fn=slim.batch_norm, scope='conv1')
        x = slim.max_pool2d(x, [2, 2], scope='pool1')
        x = slim.conv2d(x, 4, [1, 1], scope='conv2')
    return slim.fully_connected(slim.flatten(x), 3, activation_fn=None, scope='fc')
"""


def run(*command: Any) -> None:
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=HERE,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def nets(new: Any) -> Any:
    return importlib.import_module("saved_nets")


@pytest.fixture(scope="module")
def saved(new: Any, nets: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is seen of models here, by name, and what a fresh process sees of their files."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "scoped_layers.py").write_text(Path(new.__file__).read_text("utf-8"), "utf-8")
    models = {
        "functional": new.functional_model(nets.every_kind, keras.Input((9, 8, 3))),
        "traced": new.SavableTracedModel(nets.traced, 3, sizes=(3, 1), dtype=tf.float32),
    }
    models["traced"](nets.IMAGES)
    models["traced"].layers[0].trainable = False
    seen: dict[str, Any] = {}
    for name, model in models.items():
        rate = new.StepSchedule(nets.rate_of)
        nets.randomize(model).compile(keras.optimizers.SGD(rate), "mse")
        model.save(folder / f"{name}.keras")
        if name == "traced":
            model.save_weights(folder / f"{name}.weights.h5")
            seen["weights"] = {
                n.replace("/", ":"): np.array(v) for n, v in new.legacy_variables(model).items()
            }
        seen[name] = nets.seen_of(model)
    run(sys.executable, HERE / "saving_steps.py", folder)
    for name in (*seen, "errors"):
        seen[f"fresh {name}"] = dict(np.load(folder / f"{name}.npz"))
    return seen


@pytest.mark.parametrize("name", ["functional", "traced"])
def test_a_model_in_a_fresh_process(name: str, saved: dict[str, Any]) -> None:
    here, there = saved[name], saved[f"fresh {name}"]
    for key in EXACT:
        np.testing.assert_array_equal(there[key], here[key], err_msg=key)
    for key in COMPUTED:
        np.testing.assert_allclose(there[key], here[key], rtol=2e-6, err_msg=key)
    assert here["losses"].sum() > 0
    assert (here["values"] != here["statistics"]).any()
    np.testing.assert_allclose(there["fit"], here["fit"], rtol=1e-6)
    np.testing.assert_allclose(there["fitted"], here["fitted"], rtol=1e-5, atol=5e-5)
    assert (here["fitted"] != here["statistics"]).any()
    assert there["rate"] == here["rate"] < 0.05


def test_weights_of_a_model_that_was_built_in_another_order(saved: dict[str, Any]) -> None:
    here, there = saved["weights"], saved["fresh weights"]
    assert {"a:weights", "b:weights", "global_step", "tied:weights"} <= set(here)
    assert set(here) == set(there)
    for name, value in here.items():
        np.testing.assert_array_equal(there[name], value, err_msg=name)


def test_what_is_to_be_imported_is_said(saved: dict[str, Any]) -> None:
    errors = saved["fresh errors"]
    assert "imported" in str(errors["unimported"])
    assert "'module': 'scoped_layers'" in str(errors["unimported"])
    assert "the function traced of the module saved_nets" in str(errors["unknown"])
    assert "custom_objects={'traced': traced}" in str(errors["unknown"])


def test_all_variables_are_in_a_file_of_weights(new: Any, nets: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with new.layer_graph():
        model, other = (
            new.functional_model(nets.every_kind, keras.Input((9, 8, 3))) for _ in range(2)
        )
    nets.randomize(model).save_weights(path)
    other.load_weights(path)
    values = new.legacy_variables(other)
    assert len(values) == 42
    for name, variable in new.legacy_variables(model).items():
        np.testing.assert_array_equal(values[name], variable, err_msg=name)


def test_layers_with_variables_keep_what_their_scope_gave_them(new: Any) -> None:
    layers = {
        name
        for name, value in vars(new).items()
        if isinstance(value, type)
        and issubclass(value, keras.layers.Layer)
        and not issubclass(value, (keras.Model, new.ScopedLayer))
    }
    # One without the scope's settings, which it is given; the others without variables.
    pooling = {"AveragePooling2D", "AveragePooling3D", "Pooling"}
    assert layers == {"PenalizedLayer", "VariableLayer", "Dropout", "TfActivityLoss", *pooling}


def test_a_statistic_that_is_trained_stays_trained(new: Any, tmp_path: Path) -> None:
    def net(x: Any) -> Any:
        collections = {"moving_mean": ["trainable_variables"]}
        return new.batch_norm(x, variables_collections=collections)

    model = new.functional_model(net, keras.Input((3,)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for found in (model, loaded):
        trained = {n for n, v in new.legacy_variables(found).items() if v.trainable}
        assert trained == {"BatchNorm/beta", "BatchNorm/moving_mean"}


def shared(new: Any) -> Any:
    def net(x: Any) -> Any:
        x = new.conv2d(x, 3, 3, name="c")
        return new.conv2d(x, 3, 3, strides=2, name="c", reuse=True)

    return new.functional_model(net, keras.Input((9, 8, 3)))


def tied(new: Any) -> Any:
    def net(x: Any) -> Any:
        y = new.fully_connected(x, 4, name="c")
        with new.variable_scope("c", reuse=True):
            weights = new.get_variable("weights", [3, 4])
        return keras.ops.matmul(y, keras.ops.transpose(weights))

    return new.functional_model(net, keras.Input((3,)))


def of_a_lambda(new: Any) -> Any:
    def net(x: Any) -> Any:
        return new.conv2d(x, 3, 3, kernel_regularizer=lambda w: keras.ops.sum(w))

    return new.functional_model(net, keras.Input((9, 8, 3)))


def of_an_old_initializer(new: Any) -> Any:
    def net(x: Any) -> Any:
        start = tf.compat.v1.truncated_normal_initializer(stddev=0.1)
        return new.conv2d(x, 3, 3, kernel_initializer=start)

    return new.functional_model(net, keras.Input((9, 8, 3)))


def of_a_local_function(new: Any) -> Any:
    def net(x: Any) -> Any:
        return new.conv2d(x, 3, 3)

    return new.SavableTracedModel(net)


def of_an_object(new: Any) -> Any:
    return new.SavableTracedModel(keras.ops.relu, object())


def of_layers(new: Any) -> Any:
    return new.SavableTracedModel(keras.ops.relu, keras.layers.Dense(1))


def traced(new: Any) -> Any:
    return new.TracedModel(keras.ops.relu)


def loss_model(new: Any) -> Any:
    return new.LossModel(lambda: tf.constant(0.0))


def of_a_schedule(new: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(new.StepSchedule(lambda step: 0.1)), "mse")
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (shared, "shares the variable c/"),
        (tied, "shares the variable c/weights"),
        (of_a_lambda, "its kernel_regularizer is a lambda"),
        (of_an_old_initializer, "its kernel_initializer is TensorFlow's TruncatedNormal"),
        (of_a_local_function, "holds functions by name"),
        (of_an_object, "which Keras cannot make again"),
        (of_layers, "which Keras cannot make again"),
        (traced, "TracedModel does not fit .* or make it a SavableTracedModel"),
        (loss_model, "LossModel does not fit into a .keras file"),
        (of_a_schedule, "StepSchedule does not fit into a .keras file"),
    ],
)
def test_what_would_be_loaded_as_something_else(
    make: Any, message: str, new: Any, tmp_path: Path
) -> None:
    with pytest.raises(NotImplementedError, match=message):
        make(new).save(tmp_path / "model.keras")


@pytest.mark.parametrize("make", [shared, tied])
def test_shared_variables_have_one_name_and_come_back(make: Any, new: Any, tmp_path: Path) -> None:
    model, other = make(new), make(new)
    assert set(new.legacy_variables(model)) == {"c/weights", "c/biases"}
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    for name, variable in new.legacy_variables(other).items():
        np.testing.assert_array_equal(variable, new.legacy_variables(model)[name])


@pytest.mark.parametrize(
    "value",
    [
        None,
        (1, [2.5, True], {"a": (), 3: None, (1, 2): "x"}),
        tf.bfloat16,
        tf.TensorSpec([None, 3], "uint8"),
        {"images": tf.TensorSpec(None, "float32")},
    ],
)
def test_arguments_come_back_as_they_are(value: Any, new: Any) -> None:
    json = importlib.import_module("json")
    config = json.loads(json.dumps(new.saved_value(value, "model")))
    again = new.loaded_value(config, "model")
    assert again == value
    assert repr(again) == repr(value)


def test_arrays_and_objects_of_keras_come_back(new: Any) -> None:
    again = new.loaded_value(new.saved_value(np.ones((2, 1), "int16"), "model"), "model")
    assert again.dtype == "int16" and again.tolist() == [[1], [1]]
    regularizer = keras.regularizers.L1L2(0.25, 0.5)
    again = new.loaded_value(new.saved_value(regularizer, "model"), "model")
    assert again.get_config() == regularizer.get_config()


def test_a_traced_model_keeps_the_policy_of_its_layers(new: Any, tmp_path: Path) -> None:
    images = np.ones((2, 3), "float32")
    model = new.SavableTracedModel(new.fully_connected, 4)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        outputs = model(images)
    finally:
        keras.config.set_dtype_policy("float32")
    assert outputs.dtype == "float16"
    model.save(tmp_path / "model.keras")
    known = {"fully_connected": new.fully_connected}
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects=known)
    found = loaded(images)
    assert found.dtype == "float16" and np.array_equal(found, outputs)
    assert keras.config.dtype_policy().name == "float32"


def test_a_traced_model_is_exported_with_its_dtype(new: Any, tmp_path: Path) -> None:
    def net(images: Any) -> Any:  # a float would be taken as it is
        return new.conv2d(tf.image.convert_image_dtype(images, tf.float32), 2, 3)

    images = np.random.default_rng(1).integers(0, 255, (2, 5, 5, 3), "uint8")
    model = new.TracedModel(net)
    expected = model(images)
    model.export(tmp_path / "traced", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "traced")
    np.testing.assert_array_equal(loaded.serve(tf.constant(images)), expected)
    assert loaded.serve(tf.constant(images[:1])).shape[0] == 1


def test_closed_code_becomes_models_of_keras_own_layers(new: Any, tmp_path: Path) -> None:
    code: dict[str, Any] = {}
    source = transform(CLOSED)
    assert "keras.layers.Conv2D(" in source
    exec(source, code)
    inputs = keras.Input((9, 8, 3))
    model = keras.Model(inputs, code["net"](inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = np.random.default_rng(1).normal(size=(4, 9, 8, 3)).astype("float32")
    for training in (False, True):
        np.testing.assert_array_equal(
            loaded(images, training=training), model(images, training=training)
        )
        assert [float(loss) for loss in loaded.losses] == [float(loss) for loss in model.losses]
    variables = new.legacy_variables(model)
    assert "conv1/weights" in variables and list(new.legacy_variables(loaded)) == list(variables)


@pytest.mark.slow
def test_the_detector_and_inception_v2(tmp_path: Path) -> None:
    tree = tmp_path / "migrated"
    shutil.copytree(FIXTURE, tree)
    (tree / "saving.py").write_text("from scoped_layers import SavableTracedModel\n")
    rewritten = rewrite_tree(tree)
    for path, data in rewritten.outputs.items():
        (tree / path).write_bytes(data)
    for action in ("save", "load"):
        run(sys.executable, HERE / "detector_steps.py", tree, action, tmp_path)
    for name, count in (("detector", 410), ("classifier", 277)):
        saved, loaded = (np.load(tmp_path / f"{action}_{name}.npz") for action in ("save", "load"))
        assert len(saved["names"]) == count
        assert saved.files == loaded.files
        assert len(saved["losses"]) > 50
        for key in saved.files:
            np.testing.assert_array_equal(loaded[key], saved[key], err_msg=key)
