"""Restoring by name: both sides read the same checkpoint into the same variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from old_side import slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


@pytest.fixture(autouse=True, scope="module")
def as_disable_v2_behavior() -> Iterator[None]:
    """TensorFlow's own variables are TF 1's, whose assignment checks shapes; Keras' are not."""
    v1.disable_resource_variables()
    yield
    v1.enable_resource_variables()


def net(s: Any, classes: int = 3) -> Any:
    x = v1.placeholder("float32", [None, 6, 6, 2])
    return s.fully_connected(layers(s, x), classes, scope="logits")


def layers(s: Any, x: Any) -> Any:
    with s.variable_scope("net"):
        x = s.conv2d(x, 4, 3, normalizer_fn=s.batch_norm, scope="conv")
    return tf.reduce_mean(x, [1, 2])


@pytest.fixture(scope="module")
def saved(old: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A checkpoint of slim's net, with random values, and what it holds."""
    path = str(tmp_path_factory.mktemp("checkpoint") / "model")
    rng = np.random.default_rng(0)
    with tf.Graph().as_default(), v1.Session() as session:
        net(old)
        variables = {v.op.name: v for v in v1.global_variables()}
        for variable in variables.values():
            variable.load(rng.normal(size=variable.shape), session)
        v1.train.Saver().save(session, path, write_meta_graph=False)
        return path, session.run(variables)


def after(s: Any, restore: Callable[[str], Any], path: str, classes: int = 3) -> Any:
    """The variables of a fresh net after a restore, or the class of what was raised."""
    with tf.Graph().as_default(), v1.Session() as session:
        net(s, classes)
        v1.get_variable("head/part", [4, 3], initializer=v1.zeros_initializer())
        v1.get_variable("flat", [18], initializer=v1.zeros_initializer())
        v1.get_variable("sliced", [4, 3], partitioner=tf.compat.v1.fixed_size_partitioner(2))
        session.run(v1.global_variables_initializer())
        names = {v.op.name: v for v in v1.global_variables()}
        initial = session.run(names)
        try:
            found = restore(path)
            if isinstance(found, tuple):
                session.run(*found)
            elif found is not None:
                found(session)
        except (ValueError, IndexError, tf.errors.OpError) as error:
            return type(error)
        restored = session.run(names)
        changed = [name for name in names if not np.array_equal(initial[name], restored[name])]
        return {name: restored[name].tolist() for name in changed}


def variable(name: str) -> Any:
    return next(v for v in v1.global_variables() if v.op.name == name)


LISTS: dict[str, Callable[[Any], Any]] = {
    "some": lambda s: s.get_variables_to_restore(include=["net"]),
    "exclude": lambda s: s.get_variables_to_restore(exclude=["logits", "head", "flat", "sliced"]),
    "model": lambda s: s.get_model_variables(),
    "trainable": lambda s: v1.trainable_variables("net"),
    "all": lambda s: s.get_variables(),
    "renamed": lambda s: {"logits/weights": variable("head/part")},
    "in a list": lambda s: {"logits/weights": [variable("head/part"), variable("logits/weights")]},
    "parts": lambda s: {"logits/weights": [variable("sliced/part_0"), variable("sliced/part_1")]},
    "a part alone": lambda s: [variable("sliced/part_0"), variable("logits/biases")],
    "reshaped": lambda s: {"net/conv/BatchNorm/beta": variable("flat")},
    "a name that is missing": lambda s: {"no": variable("flat"), "net/conv/weights": conv()},
    "only names that are missing": lambda s: {"no": variable("flat")},
    "none": lambda s: [],
}


def conv() -> Any:
    return variable("net/conv/weights")


@pytest.mark.parametrize("classes", [3, 5])
@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize("chosen", LISTS)
def test_both_sides_restore_the_same(
    chosen: str, ignore: bool, classes: int, saved: Any, old: Any, new: Any
) -> None:
    variables, path = LISTS[chosen], saved[0]

    def by_function(s: Any, path: str) -> Any:
        return s.assign_from_checkpoint_fn(path, variables(s), ignore_missing_vars=ignore)

    def by_operation(s: Any, path: str) -> Any:
        return s.assign_from_checkpoint(path, variables(s), ignore_missing_vars=ignore)

    for how in (by_function, by_operation):
        expected = after(old, lambda path, how=how: how(old, path), path, classes)
        found = after(new, lambda path, how=how: how(new, path), path, classes)
        if expected is IndexError:  # TF-Slim indexes with a list, which NumPy no longer takes
            halves = np.split(saved[1]["logits/weights"], 2)
            expected = {f"sliced/part_{i}": half.tolist() for i, half in enumerate(halves)}
        assert found == expected


def test_values_are_those_of_the_checkpoint(saved: Any, new: Any) -> None:
    def restore(path: str) -> Any:
        return new.assign_from_checkpoint_fn(path, v1.global_variables("net"))

    found = after(new, restore, saved[0])
    assert set(found) == {name for name in saved[1] if name.startswith("net/")}
    assert all(found[name] == saved[1][name].tolist() for name in found)


@pytest.mark.parametrize("reshape", [False, True])
def test_reshaped(reshape: bool, saved: Any, old: Any, new: Any) -> None:
    def restore(s: Any, path: str) -> Any:
        chosen = {"logits/weights": variable("flat6")}
        return s.assign_from_checkpoint_fn(path, chosen, reshape_variables=reshape)

    results = []
    for s in (old, new):
        with tf.Graph().as_default(), v1.Session() as session:
            flat = v1.get_variable("flat6", [2, 6])
            session.run(flat.initializer)
            try:
                restore(s, saved[0])(session)
                results.append(session.run(flat).tolist())
            except tf.errors.OpError as error:
                results.append(type(error))
    assert results[0] == results[1]
    assert isinstance(results[1], list) == reshape


def test_what_slim_refuses_is_refused(saved: Any, old: Any, new: Any) -> None:
    for s in (old, new):
        with tf.Graph().as_default(), v1.Session() as session:
            net(s)
            for wrong in ([], {}, None):
                with pytest.raises(ValueError, match="empty"):
                    s.assign_from_checkpoint_fn(saved[0], wrong)
            with pytest.raises(ValueError, match="None"):
                s.assign_from_checkpoint_fn(None, v1.global_variables())(session)
            assert s.assign_from_checkpoint_fn(saved[0], {"no": conv()}, True) is None
            with pytest.raises(ValueError, match="missing"):
                s.assign_from_checkpoint(saved[0], {"no": conv()})
            with pytest.raises(ValueError, match="unchanged"):
                s.assign_from_checkpoint(saved[0], {"logits/biases": conv()})


def test_into_a_model(saved: Any, new: Any, old: Any) -> None:
    path, values = saved
    model = new.TracedModel(lambda x: layers(new, x))
    model(np.zeros((1, 6, 6, 2), "float32"))
    named = new.legacy_variables(model)
    for session in ((), (None,)):
        for variable_ in named.values():
            variable_.assign(np.zeros(variable_.shape))
        new.assign_from_checkpoint_fn(path, named)(*session)
        assert {name for name in values if name.startswith("net/")} == set(named)
        assert all(np.array_equal(v.numpy(), values[name]) for name, v in named.items())
    conv_weights = named["net/conv/weights"]
    restore = new.assign_from_checkpoint_fn
    with pytest.raises(tf.errors.NotFoundError):
        restore(path, {"no": conv_weights})()
    with pytest.raises(tf.errors.InvalidArgumentError):
        restore(path, {"logits/weights": conv_weights})()
    with pytest.raises(ValueError, match="None"):
        restore(None, named)()
    with pytest.raises(ValueError, match="empty"):
        restore(path, {})
    with pytest.raises(RuntimeError, match="TF 1 graph"):
        new.assign_from_checkpoint(path, named)
    assert restore(path, {"no": conv_weights}, ignore_missing_vars=True) is None
    restore(path, {"no": conv_weights, **named}, ignore_missing_vars=True)()
    flat = keras.Variable(np.zeros((2, 6)), dtype="float32")
    restore(path, {"logits/weights": flat}, reshape_variables=True)()
    assert np.array_equal(flat.numpy().ravel(), values["logits/weights"].ravel())


def test_variables_looked_up_in_an_open_network(saved: Any, new: Any) -> None:
    with new.layer_graph():
        new.fully_connected(keras.Input((4,)), 3, scope="logits")
        new.assign_from_checkpoint_fn(saved[0], new.get_variables_to_restore(["logits"]))()
        found = {new.get_variable_full_name(v): v for v in new.get_model_variables()}
        assert found.keys() == {"logits/weights", "logits/biases"}
        for name, variable_ in found.items():
            assert np.array_equal(variable_.numpy(), saved[1][name])


MAPS = [
    {"/": "/"},
    {"net/": "net/"},
    {"net/conv/": "net/conv/", "logits/biases": "logits/biases"},
    {"logits/weights": "head/part"},
    {"net/conv/weights": "net/conv/nothing"},
]


@pytest.mark.parametrize("assignment", MAPS, ids=str)
def test_init_from_checkpoint_finds_layers(assignment: Any, saved: Any, new: Any) -> None:
    found = []
    for s in (slim, new):
        with tf.Graph().as_default(), v1.Session() as session:
            net(Names(s))
            v1.get_variable("head/part", [4, 3])
            if assignment == {"/": "/"}:
                assignment = {f"{n}/": f"{n}/" for n in ("net", "logits")}
            try:
                v1.train.init_from_checkpoint(saved[0], assignment)
            except ValueError:
                found.append(ValueError)
                continue
            session.run(v1.global_variables_initializer())
            same = {v.op.name: session.run(v).tolist() for v in v1.global_variables()}
            values = {name: value.tolist() for name, value in saved[1].items()}
            found.append({n for n, v in same.items() if n == "head/part" or v == values.get(n)})
            if "head/part" in assignment.values():
                assert same["head/part"] == values["logits/weights"]
    assert found[0] == found[1]


class Names:
    """A side of the comparison, with TensorFlow's own variable_scope."""

    def __init__(self, side: Any) -> None:
        self.conv2d, self.batch_norm = side.conv2d, side.batch_norm
        self.fully_connected, self.variable_scope = side.fully_connected, v1.variable_scope


def test_get_variable_finds_what_layers_made(new: Any) -> None:
    with tf.Graph().as_default():
        net(new)
        with v1.variable_scope("net/conv", reuse=True):
            assert v1.get_variable("weights") is conv()
        with pytest.raises(ValueError, match="already exists"):
            v1.get_variable("net/conv/weights", [3, 3, 2, 4])
