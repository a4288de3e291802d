"""The networks that TF-Slim ships, against its own: names, values, end points, updates, losses.

Weights are random and moved by name; both sides run on the same images, which are as small as the
networks allow.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import old_side
import pytest
from old_side import Old, hash_of, run_old, v1

from slimport import slim_api

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

Build = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A network in its arg_scope, by their names in the written module.

    Attributes:
        size: height and width of the images.
        settings: further arguments of the network.
    """

    network: str
    scope: str
    size: int
    settings: dict[str, Any] = field(default_factory=dict)
    batch: int = 1

    def __str__(self) -> str:
        return self.network

    def images(self) -> np.ndarray:
        shape = (self.batch, self.size, self.size, 3)
        return np.random.default_rng(self.size).normal(size=shape).astype("float32")

    def build(self, s: Any, **more: Any) -> Build:
        """The network with TF-Slim or with the written module: both have the same names here."""

        def build(images: Any) -> Any:
            with s.arg_scope(getattr(s, self.scope)()):
                outputs = getattr(s, self.network)(images, **{**self.settings, **more})
            return with_end_points(*outputs)

        return build


def with_end_points(net: Any, end_points: dict[str, Any]) -> dict[str, Any]:
    return {"net": net, **{f"end_point {name}": value for name, value in end_points.items()}}


CLASSES = {"num_classes": 7}
UNSQUEEZED = {"num_classes": 7, "spatial_squeeze": False}
THIN = {"num_classes": 7, "depth_multiplier": 0.25}
FAST = (
    Case("alexnet_v2", "alexnet_v2_arg_scope", 195, UNSQUEEZED),
    Case("inception_v2", "inception_v2_arg_scope", 64, THIN),
)
SLOW = (
    Case("resnet_v1_50", "resnet_arg_scope", 33, CLASSES),
    Case("inception_v1", "inception_v1_arg_scope", 193, UNSQUEEZED),
    Case("inception_v3", "inception_v3_arg_scope", 139, THIN),
    Case("overfeat", "overfeat_arg_scope", 231, CLASSES),
    Case("resnet_v1_152", "resnet_arg_scope", 33, CLASSES),
    Case("resnet_v1_200", "resnet_arg_scope", 33, CLASSES),
    Case("resnet_v2_50", "resnet_arg_scope", 33, CLASSES),
    Case("resnet_v2_101", "resnet_arg_scope", 65, {**CLASSES, "output_stride": 8}),
    Case("vgg_a", "vgg_arg_scope", 224, UNSQUEEZED),
    Case("vgg_16", "vgg_arg_scope", 224, CLASSES),
    Case("vgg_19", "vgg_arg_scope", 224, CLASSES),
)


def fast_and_slow(fast: Iterable[Any], slow: Iterable[Any]) -> list[Any]:
    """Parameters of a test, the slow ones marked."""
    marked = [pytest.param(item, id=str(item), marks=pytest.mark.slow) for item in slow]
    return [*(pytest.param(item, id=str(item)) for item in fast), *marked]


@pytest.fixture(scope="session")
def old(old: Any) -> Any:
    """TF-Slim and its networks, these under their names in the written module."""
    for api, name in slim_api.NETS.items():
        setattr(old, name, from_slim(api))
    return old


def from_slim(api: str) -> Any:
    module, _, name = api.removeprefix("slim.").rpartition(".")
    return getattr(importlib.import_module(f"tf_slim.{module}"), name)


@pytest.fixture(autouse=True)
def values(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., np.ndarray]]:
    """Random values by name, made once for all sides: some networks have 1.4e8 weights."""
    small = old_side.random_value

    @functools.cache
    def value(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 4:
            return small(name, shape)
        drawn = np.random.default_rng(abs(hash_of(name))).standard_normal(shape, "float32")
        drawn *= np.float32(np.sqrt(2.0 / np.prod(shape[:-1])))
        return drawn

    monkeypatch.setattr(old_side, "random_value", value)
    yield value
    value.cache_clear()
    keras.backend.clear_session()


def assert_close(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    assert set(found) == set(expected)
    for name, value in expected.items():
        actual = np.asarray(found[name])
        assert actual.shape == value.shape and actual.dtype == value.dtype, name
        difference, scale = np.abs(actual - value).max(), np.abs(value).max()
        if name.lower().endswith("predictions"):  # softmax keeps the roundings of large logits
            scale = max(scale, np.abs(expected["net"]).max())
        assert difference <= tolerance * scale, f"{name}: {difference} of {scale}"


def check_models(
    written: Any, build: Build, x: Any, expected: Old, training: bool, tolerance: float = 1e-5
) -> None:
    """The functional and the traced model."""
    orders: list[list[str]] = []

    def noted(images: Any) -> Any:
        outputs = build(images)
        orders.append(list(outputs))
        return outputs

    for model in models(written, noted, x):
        variables = written.legacy_variables(model)
        check_variables(variables, expected)
        assert_close(model(x, training=training), expected.outputs, tolerance)
        after = {name: variable.numpy() for name, variable in variables.items()}
        assert_close(after, expected.after, tolerance)
        assert float(sum(model.losses)) == pytest.approx(expected.loss, rel=1e-5)
        assert orders[-1] == list(expected.outputs)


def models(written: Any, build: Build, x: Any) -> Iterator[Any]:
    yield written.functional_model(build, keras.Input(x.shape[1:]))
    model = written.TracedModel(build)
    model.build((None, *x.shape[1:]))
    yield model


def check_variables(variables: dict[str, Any], expected: Old) -> None:
    """Same names and shapes; gives the variables their random values."""
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    for path, variable in variables.items():
        variable.assign(old_side.random_value(path, tuple(variable.shape)))


def check_graph(build: Build, x: Any, expected: Old, tolerance: float = 1e-5) -> None:
    """The TF 1 graph with a session: `run_old` does with it what it did with TF-Slim's."""
    found = run_old(build, x)
    assert list(found.variables) == list(expected.variables)
    assert found.variables == expected.variables
    assert list(found.outputs) == list(expected.outputs)
    assert_close(found.outputs, expected.outputs, tolerance)
    assert_close(found.after, expected.after, tolerance)
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)


def check_everywhere(
    old: Any, new: Any, net: Callable[..., Any], x: Any, training: bool, tolerance: float
) -> None:
    """`net` takes a side and images."""
    expected = run_old(lambda images: net(old, images), x)
    check_models(new, lambda images: net(new, images), x, expected, training, tolerance)
    check_graph(lambda images: net(new, images), x, expected, tolerance)


@pytest.mark.parametrize("case", fast_and_slow(FAST[1:], [FAST[0], *SLOW]))
def test_inference(case: Case, old: Any, new: Any) -> None:
    def net(s: Any, images: Any) -> Any:
        return case.build(s, is_training=False)(images)

    check_everywhere(old, new, net, case.images(), training=False, tolerance=1e-5)


TRAINED = Case("inception_v2", "inception_v2_arg_scope", 96, THIN, batch=4)


@pytest.mark.parametrize("case", fast_and_slow([TRAINED], [FAST[0], SLOW[1]]))
def test_training(case: Case, old: Any, new: Any) -> None:
    """With updates of the moving averages; dropout keeps everything, so that the sides agree."""

    def net(s: Any, images: Any) -> Any:
        return case.build(s, dropout_keep_prob=1.0)(images)

    check_everywhere(old, new, net, case.images(), training=True, tolerance=1e-4)


RESIDUAL = {
    "features": {"global_pool": False},
    "no root": {"include_root_block": False, "output_stride": 2, "scope": "own"},
    "no root, all strides": {"num_classes": 3, "include_root_block": False, "scope": "own/scope"},
    "stride 4": {"num_classes": 3, "output_stride": 4, "global_pool": False},
    "stride 8": {"num_classes": 3, "output_stride": 8},
    "training": {"num_classes": 3, "is_training": True},
}
FAST_RESIDUAL = (
    "resnet_v1 stride 8",
    "resnet_v1 no root",
    "resnet_v2 training",
    "resnet_v2 stride 4",
)
SLOW_RESIDUAL = {f"resnet_v{v} {name}" for v in (1, 2) for name in RESIDUAL} - {*FAST_RESIDUAL}


@pytest.mark.parametrize("case", fast_and_slow(FAST_RESIDUAL, sorted(SLOW_RESIDUAL)))
def test_small_residual_networks(case: str, old: Any, new: Any) -> None:
    version, _, name = case.partition(" ")
    settings = {"is_training": False, **RESIDUAL[name]}
    training = settings["is_training"]

    def net(s: Any, images: Any) -> Any:
        block = getattr(s, f"{version}_block")
        blocks = [block("a", 4, 2, 2), block("b", 5, 2, 2), block("c", 5, 1, 1)]
        with s.arg_scope(s.resnet_arg_scope(batch_norm_decay=0.9)):
            return with_end_points(*getattr(s, version)(images, blocks, **settings))

    x = Case("", "", 45, batch=3).images()
    check_everywhere(old, new, net, x, training, 1e-4 if training else 1e-5)


def handed_on(module: Any, version: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `resnet_v1_50` and its like hand to `resnet_v1`."""
    found = []
    bind = inspect.signature(getattr(module, version)).bind

    def noted(*args: Any, **kwargs: Any) -> None:
        bound = bind(*args, **kwargs)
        bound.apply_defaults()
        blocks = [(block.scope, list(block.args)) for block in bound.arguments["blocks"]]
        found.append({**bound.arguments, "blocks": blocks})

    monkeypatch.setattr(module, version, noted)
    network = getattr(module, name)
    network("images")
    network("images", 5, False, False, 16, True, "scope")
    return found


@pytest.mark.parametrize("version", ["resnet_v1", "resnet_v2"])
@pytest.mark.parametrize("layers", [50, 101, 152, 200])
def test_blocks(version: str, layers: int, new: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = importlib.import_module(f"tf_slim.nets.{version}")
    expected = handed_on(theirs, version, f"{version}_{layers}", monkeypatch)
    assert handed_on(new, version, f"{version}_{layers}", monkeypatch) == expected
    assert len(expected[0]["blocks"]) == 4


@pytest.mark.parametrize("stride", [6, 32])
def test_a_stride_that_no_unit_reaches(stride: int, old: Any, new: Any) -> None:
    for s in (old, new):
        blocks = [s.resnet_v1_block("a", 2, 2, 2), s.resnet_v1_block("b", 2, 1, 1)]
        with tf.Graph().as_default(), pytest.raises(ValueError, match="output_stride"):
            s.resnet_v1(tf.zeros([1, 33, 33, 3]), blocks, output_stride=stride)


def test_parts_of_residual_networks(old: Any, new: Any) -> None:
    def unit(s: Any) -> Callable[..., Any]:
        def build(images: Any, rate: int, width: int, stride: int = 1) -> Any:
            images = s.conv2d_same(images, width, 3, stride, rate)
            return s.resnet_v2_bottleneck(images, depth=width, depth_bottleneck=2, stride=1)

        return build

    def net(s: Any, images: Any) -> Any:
        blocks = [
            s.Block("a", unit(s), [{"width": 4}, {"width": 4, "stride": 2}]),
            s.Block("b", unit(s), [{"width": 4}, {"width": 6, "stride": 3}]),
            s.Block("c", unit(s), ({"width": 6},)),
        ]
        collecting = [s.resnet_v2_bottleneck, s.stack_blocks_dense]
        with s.arg_scope(collecting, outputs_collections="outputs"):
            net = s.stack_blocks_dense(images, blocks, output_stride=2)
        net = s.subsample(s.conv2d_same(net, 3, 4, stride=3, scope="end"), 2)
        return with_end_points(net, s.convert_collection_to_dict("outputs"))

    check_everywhere(old, new, net, Case("", "", 32).images(), training=True, tolerance=1e-4)


def test_sharing_variables(old: Any, new: Any) -> None:
    def net(s: Any, images: Any) -> Any:
        blocks = [s.resnet_v2_block("a", 2, 1, 1)]
        settings = {"num_classes": 3, "is_training": False, "scope": "net"}
        first, _ = s.resnet_v2(images, blocks, **settings)
        second, end_points = s.resnet_v2(-images, blocks, reuse=True, **settings)
        return {"first": first, **with_end_points(second, end_points)}

    check_everywhere(old, new, net, Case("", "", 17).images(), training=False, tolerance=1e-5)


BASES = {
    "inception_v1_base": ("InceptionV1", "Mixed_3b"),
    "inception_v2_base": (None, "Mixed_4a"),
    "inception_v3_base": ("V3", "Mixed_5c"),
}


@pytest.mark.parametrize("name", BASES)
def test_a_trunk_up_to_one_of_its_layers(name: str, old: Any, new: Any) -> None:
    scope, last = BASES[name]

    def net(s: Any, images: Any) -> Any:
        return with_end_points(*getattr(s, name)(images, last, scope=scope))

    check_everywhere(old, new, net, Case("", "", 75).images(), training=False, tolerance=1e-5)


@pytest.mark.parametrize("name", BASES)
def test_a_layer_that_no_trunk_has(name: str, new: Any) -> None:
    with new.layer_graph(), pytest.raises(ValueError, match="Unknown final endpoint Mixed_9"):
        getattr(new, name)(keras.Input((224, 224, 3)), "Mixed_9")
    if name != "inception_v1_base":
        with pytest.raises(ValueError, match="depth_multiplier is not greater than zero"):
            getattr(new, name)(keras.Input((224, 224, 3)), depth_multiplier=0)


def built(case: Case, s: Any) -> tuple[Any, ...]:
    """Builds in a TF 1 graph and runs nothing: variables, losses, outputs, places of dropout."""
    with tf.Graph().as_default() as graph:
        outputs = case.build(s)(v1.placeholder("float32", [None, case.size, case.size, 3]))
        variables = {v.op.name: tuple(v.shape) for v in v1.global_variables()}
        losses = v1.losses.get_regularization_losses()
        shapes = [(k, v.shape.as_list()) for k, v in outputs.items()]
        found = (re.match(r"(.*?/dropout\w*)/", op.name, re.I) for op in graph.get_operations())
        return variables, len(losses), shapes, {match[1] for match in found if match}


# Those of Inception v2 are among what the tests above compare.
@pytest.mark.parametrize(
    "case",
    fast_and_slow([FAST[0], *(c for c in SLOW if "resnet" not in c.network)], FAST[1:]),
)
def test_names_in_a_graph(case: Case, old: Any, new: Any) -> None:
    expected = built(case, old)
    assert built(case, new) == expected and expected[-1]


def twice(s: Any, name: str) -> list[str]:
    with tf.Graph().as_default():
        images = tf.zeros([1, 224, 224, 3])
        with s.variable_scope("towers") as scope:
            getattr(s, name)(images)
            scope.reuse_variables()
            return list(getattr(s, name)(images)[1])


@pytest.mark.parametrize("name", ["vgg_a", "vgg_16", "vgg_19", "alexnet_v2"])
def test_end_points_of_a_second_call(name: str, old: Any, new: Any) -> None:
    assert twice(new, name) == twice(old, name)


def test_without_batch_norm(old: Any, new: Any) -> None:
    def scope(s: Any) -> dict[str, Any]:
        return s.inception_v1_arg_scope(weight_decay=0.1, use_batch_norm=False)

    def net(s: Any, images: Any) -> Any:
        with s.arg_scope(scope(s)):
            return {"net": s.conv2d(images, 3, 3)}

    check_everywhere(old, new, net, Case("", "", 9).images(), training=True, tolerance=1e-5)


def test_images_of_unknown_size(old: Any, new: Any) -> None:
    """TensorFlow looks at the size of what it squeezes when it runs."""
    case = Case("alexnet_v2", "alexnet_v2_arg_scope", 195, CLASSES)
    for s in (old, new):
        with tf.Graph().as_default():
            outputs = case.build(s)(v1.placeholder("float32", [None, None, None, 3]))
            assert outputs["net"].shape.as_list() == [None, 7]
            assert outputs["net"].op.name == "alexnet_v2/fc8/squeezed"


def test_predictions_of_another_kind(old: Any, new: Any) -> None:
    def net(s: Any, images: Any) -> Any:
        def predict(logits: Any, scope: str) -> Any:
            return s.fully_connected(logits, 2, scope=scope)

        outputs = s.inception_v2(images, 5, False, depth_multiplier=0.1, prediction_fn=predict)
        return with_end_points(*outputs)

    x = Case("", "", 33).images()
    check_graph(lambda images: net(new, images), x, run_old(lambda images: net(old, images), x))


def spread(case: Case, s: Any) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each variable as it is initialized, where they tell much."""
    with tf.Graph().as_default(), v1.Session() as session:
        case.build(s)(v1.placeholder("float32", [None, case.size, case.size, 3]))
        session.run(v1.global_variables_initializer())
        values = {v.op.name: value for v, value in pairs(session)}
    return {
        name: (float(value.mean()), float(value.std()))
        for name, value in values.items()
        if value.size >= 1000 or value.std() == 0
    }


def pairs(session: Any) -> Iterator[tuple[Any, np.ndarray]]:
    variables = v1.global_variables()
    return zip(variables, session.run(variables), strict=True)


@pytest.mark.parametrize("case", fast_and_slow(FAST[1:2], [FAST[0], *SLOW[:4]]))
def test_initial_values(case: Case, old: Any, new: Any) -> None:
    expected, found = spread(case, old), spread(case, new)
    assert set(found) == set(expected) and len(found) >= 8
    for name, (mean, deviation) in expected.items():
        assert found[name][1] == pytest.approx(deviation, rel=0.15), name
        if not deviation:
            assert found[name][0] == pytest.approx(mean, rel=1e-6), name


NET_MODULES = (
    "alexnet inception inception_v1 inception_v2 inception_v3 overfeat resnet_utils resnet_v1 "
    "resnet_v2 vgg"
).split()


def test_every_network_is_known() -> None:
    """Every public function of the modules is in the table; `trunc_normal` is their own helper."""
    found = {
        f"slim.nets.{name}.{member}"
        for name in NET_MODULES
        for member, value in vars(importlib.import_module(f"tf_slim.nets.{name}")).items()
        if getattr(value, "__module__", "").startswith("tf_slim.nets")
        and not member.startswith("_")
        and member != "trunc_normal"
    }
    assert found == set(slim_api.NETS)


@pytest.mark.parametrize("api", slim_api.NETS)
def test_parameters_and_image_sizes(api: str, old: Any, new: Any) -> None:
    ours, theirs = getattr(new, slim_api.NETS[api]), from_slim(api)
    assert theirs is getattr(old, slim_api.NETS[api])  # one function, whatever its names
    size = getattr(theirs, "default_image_size", None)
    assert getattr(ours, "default_image_size", None) == size
    assert (slim_api.NETS[api] in slim_api.SIZED_NETS) == (size is not None)
    assert defaults(ours) == defaults(theirs)


def defaults(function: Any) -> list[tuple[str, Any]]:
    if isinstance(function, type):
        return [(name, None) for name in function._fields]
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, getattr(p.default, "__name__", p.default)) for p in parameters]
