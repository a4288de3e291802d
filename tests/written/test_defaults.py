"""Defaults for blocks of code, as TF-Slim's arg_scope gave them."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from slimport.written import defaults as d


@d.takes_layer_defaults
def conv(
    inputs: Any, filters: int, kernel_size: Any = 1, strides: int = 1, name: Any = None
) -> Any:
    return {"filters": filters, "kernel_size": kernel_size, "strides": strides, "name": name}


@d.takes_layer_defaults
def block(inputs: Any, num_outputs: int = 3, stride: int = 1, scope: Any = None) -> Any:
    return {"num_outputs": num_outputs, "stride": stride, "scope": scope}


@d.takes_layer_defaults
def anything(inputs: Any, **options: Any) -> Any:
    return options


def test_a_default_is_used_and_ends() -> None:
    with d.layer_defaults([conv], strides=2):
        assert conv(None, 4)["strides"] == 2
        assert conv(None, 4, strides=3)["strides"] == 3
    assert conv(None, 4)["strides"] == 1


def test_blocks_add_up_innermost_first() -> None:
    with d.layer_defaults([conv], strides=2, kernel_size=3):
        with d.layer_defaults((conv, block), strides=4):
            assert conv(None, 4) == {"filters": 4, "kernel_size": 3, "strides": 4, "name": None}
        assert conv(None, 4)["strides"] == 2


def test_a_dictionary_replaces_what_is_there() -> None:
    with d.layer_defaults([conv], kernel_size=3) as kept:
        pass
    with d.layer_defaults([conv, block], strides=2):
        with d.layer_defaults(kept):
            assert conv(None, 4) == {"filters": 4, "kernel_size": 3, "strides": 1, "name": None}
            assert block(None)["stride"] == 1
        assert conv(None, 4)["strides"] == 2


def test_a_kept_dictionary_does_not_change_afterwards() -> None:
    with d.layer_defaults([conv], kernel_size=3) as kept:
        with d.layer_defaults([conv], strides=2):
            pass
    assert [list(values) for values in kept.values()] == [["kernel_size"]]


def test_each_operation_gets_the_name_it_knows() -> None:
    with d.layer_defaults([conv, block], stride=2):
        assert conv(None, 4)["strides"] == 2
        assert block(None)["stride"] == 2
    with d.layer_defaults([conv, block], strides=3):
        assert conv(None, 4)["strides"] == 3
        assert block(None)["stride"] == 3


def test_calls_take_either_name() -> None:
    assert conv(None, num_outputs=5, scope="c") == conv(None, filters=5, name="c")
    assert block(None, filters=5)["num_outputs"] == 5


def test_a_call_overrides_a_default_under_another_name() -> None:
    with d.layer_defaults([conv], stride=2):
        assert conv(None, 4, strides=5)["strides"] == 5
        assert conv(None, 4, stride=6)["strides"] == 6


def test_one_argument_under_two_names_is_an_error() -> None:
    with pytest.raises(TypeError, match="given twice"):
        conv(None, 4, stride=1, strides=2)


def test_free_keywords_pass_as_they_are() -> None:
    with d.layer_defaults([anything], stride=2, other=1):
        assert anything(None, scope="s") == {"stride": 2, "other": 1, "scope": "s"}


def test_a_default_for_a_positional_argument_clashes() -> None:
    with d.layer_defaults([conv], kernel_size=3), pytest.raises(TypeError, match="multiple values"):
        conv(None, 4, 5)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="takes_layer_defaults"):
        with d.layer_defaults([len], strides=2):
            pass
    with pytest.raises(ValueError, match="takes_layer_defaults"):
        with d.layer_defaults([functools.partial(conv, strides=1)], strides=2):
            pass
    with pytest.raises(TypeError, match="list or tuple"):
        with d.layer_defaults(conv, strides=2):
            pass
    with pytest.raises(ValueError, match="re-entered"):
        with d.layer_defaults({}, strides=2):
            pass


def test_an_exception_ends_the_block() -> None:
    with pytest.raises(KeyError):
        with d.layer_defaults([conv], strides=2):
            raise KeyError
    assert d.current_layer_defaults() == {}


def test_what_an_operation_takes() -> None:
    assert d.has_layer_defaults(conv)
    assert not d.has_layer_defaults(len)
    assert d.layer_defaults_arguments(conv) == ("kernel_size", "strides", "name")
    assert conv.__name__ == "conv"
