"""Scopes against TF 1's own: paths, numbering, reuse."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import pytest

tf = pytest.importorskip("tensorflow")
v1 = tf.compat.v1


def names_of_a_random_program(s: Any, seed: int) -> list[str]:
    """Opens, leaves and re-enters scopes at random; returns every path met."""
    rng = random.Random(seed)
    names: list[str] = []
    kept: list[Any] = []

    def opened() -> Any:
        kind = rng.randrange(8)
        name = rng.choice(["a", "A", "b", "Conv", "b/c"])
        if kind == 0:
            return s.variable_scope(None, rng.choice(["Conv", "a"]))
        if kind == 1 and kept:
            return s.variable_scope(rng.choice(kept), reuse=rng.choice([None, True]))
        if kind == 2:
            return s.name_scope(name)
        if kind == 3:
            return s.name_scope(None, "Pool")
        if kind == 4:
            return s.variable_scope(name, auxiliary_name_scope=False)
        if kind == 5 and kept:
            return s.variable_scope(rng.choice(kept), auxiliary_name_scope=False)
        return s.variable_scope(name, reuse=rng.choice([None, False, s.AUTO_REUSE]))

    def program(depth: int) -> None:
        for _ in range(rng.randrange(1, 4)):
            with opened() as scope:
                if isinstance(scope, str):
                    names.append(scope)
                else:
                    names.append(f"{scope.name} {scope.original_name_scope} {bool(scope.reuse)}")
                    kept.append(scope)
                if depth:
                    program(depth - 1)
                names.append(s.get_variable_scope().name)

    program(3)
    return names


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_meet_the_same_paths(seed: int, new: Any) -> None:
    with tf.Graph().as_default():
        expected = names_of_a_random_program(v1, seed)
    with new.layer_graph():
        assert names_of_a_random_program(new, seed) == expected
    with tf.Graph().as_default():
        assert names_of_a_random_program(new, seed) == expected


def test_default_names_count_and_restart(new: Any) -> None:
    with new.layer_graph():
        with new.variable_scope("net"):
            for expected in ("net/Conv", "net/Conv_1"):
                with new.variable_scope(None, "Conv") as scope:
                    assert scope.name == expected
        with new.variable_scope("net"), new.variable_scope(None, "Conv") as scope:
            assert scope.name == "net/Conv"  # the counters below a scope are forgotten with it


def test_a_kept_scope_counts_on_but_restores_the_counters(new: Any) -> None:
    with new.layer_graph():
        with new.variable_scope("net") as kept, new.variable_scope(None, "Conv"):
            pass
        for _ in range(2):
            with new.variable_scope(kept), new.variable_scope(None, "Conv") as scope:
                assert scope.name == "net/Conv"


def test_reuse_needs_a_name(new: Any) -> None:
    with new.layer_graph(), pytest.raises(ValueError, match="without a name_or_scope"):
        with new.variable_scope(None, "Conv", reuse=True):
            pass
    with new.layer_graph(), pytest.raises(TypeError, match="default_name"):
        with new.variable_scope(None):
            pass


def test_reuse_variables_of_the_open_scope(new: Any) -> None:
    with new.layer_graph(), new.variable_scope("net") as scope:
        scope.reuse_variables()
        with new.variable_scope("inner") as inner:
            assert inner.reuse is True


@contextlib.contextmanager
def failing(s: Any) -> Iterator[None]:
    with s.variable_scope("outer"), s.variable_scope(None, "Conv"):
        raise KeyError
    yield


def test_an_exception_leaves_the_scopes(new: Any) -> None:
    with new.layer_graph():
        with pytest.raises(KeyError), failing(new):
            pass
        assert new.get_variable_scope().name == ""
