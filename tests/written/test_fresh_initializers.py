"""First values in a TF 1 graph: drawn for each variable, each time, and from the graph's seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


def layers(s: Any, initializer: Any) -> None:
    x = tf.ones([1, 6])
    for name in ("one", "other"):
        s.fully_connected(x, 6, kernel_initializer=initializer, name=name)


def variables(s: Any, initializer: Any) -> None:
    for name in ("one", "other"):
        s.get_variable(name, [6, 6], initializer=initializer)


def scope(s: Any, initializer: Any) -> None:
    with s.variable_scope("scope", initializer=initializer):
        s.get_variable("one", [6, 6])
        v1.get_variable("other", [6, 6])


def of_tensorflow(s: Any, initializer: Any) -> None:
    for name in ("one", "other"):
        v1.get_variable(name, [6, 6], initializer=s.fresh_initializer(initializer))


def begun(s: Any, make: Any, initializer: Any, graph_seed: int | None = None) -> list[Any]:
    """The first values of two variables, in each of two sessions."""
    found = []
    with tf.Graph().as_default():
        v1.set_random_seed(graph_seed)
        make(s, initializer)
        kernels = [v for v in v1.global_variables() if len(v.shape) == 2]
        for _ in range(2):
            with v1.Session() as session:
                session.run(v1.global_variables_initializer())
                found += session.run(kernels)
    return found


def groups(values: list[Any]) -> list[int]:
    """For each of four values, the place of the first that equals it."""
    return [next(i for i, v in enumerate(values) if np.array_equal(v, own)) for own in values]


def by_hand(s: Any, initializer: Any) -> None:
    fresh = s.fresh_initializer(initializer)
    for name in ("one", "other"):
        v1.Variable(fresh([6, 6]), name=name)


def layers_of_fresh(s: Any, initializer: Any) -> None:
    layers(s, s.fresh_initializer(initializer))


@pytest.mark.parametrize(
    "make", [layers, variables, scope, of_tensorflow, by_hand, layers_of_fresh]
)
class TestSharedInitializer:
    def test_each_variable_and_session_has_its_own_values(self, make: Any, new: Any) -> None:
        assert groups(begun(new, make, keras.initializers.GlorotUniform())) == [0, 1, 2, 3]

    def test_a_seed_of_the_graph_repeats_them(self, make: Any, new: Any) -> None:
        runs = [begun(new, make, keras.initializers.RandomNormal(), 7) for _ in range(2)]
        assert groups(runs[0]) == [0, 1, 0, 1]
        assert np.array_equal(runs[0], runs[1])

    def test_a_seed_of_its_own_makes_all_equal(self, make: Any, new: Any) -> None:
        assert groups(begun(new, make, keras.initializers.Orthogonal(seed=3))) == [0, 0, 0, 0]

    def test_constants_stay(self, make: Any, new: Any) -> None:
        assert np.all(np.equal(begun(new, make, keras.initializers.Constant(2.0)), 2))


def test_outside_of_graphs(new: Any) -> None:
    fresh = new.fresh_initializer(keras.initializers.GlorotUniform())
    assert not np.array_equal(fresh([4, 4]), fresh([4, 4], "float32"))


def test_layers_of_keras_that_share_one(new: Any) -> None:
    fresh = new.fresh_initializer(keras.initializers.GlorotUniform())
    first, second = (keras.layers.Dense(4, kernel_initializer=fresh) for _ in range(2))
    model = keras.Sequential([keras.Input((4,)), first, second])
    assert not np.array_equal(first.kernel, second.kernel)
    again = keras.Sequential.from_config(model.get_config())
    kept = again.layers[0].kernel_initializer
    assert isinstance(kept.initializer, keras.initializers.GlorotUniform)
    assert not np.array_equal(kept([4, 4]), kept([4, 4]))


def test_others_are_returned_as_they_are(new: Any) -> None:
    for initializer in (None, "zeros", 1.5, v1.truncated_normal_initializer(), np.ones(3)):
        assert new.fresh_initializer(initializer) is initializer
