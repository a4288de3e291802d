"""What stands in for an import that TensorFlow 2 cannot make: harmless until it is used."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import operator
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest

from slimport.written.legacy import legacy_import

gone = legacy_import("tensorflow_that_was.contrib.image")


def test_what_can_be_imported_is_what_it_was() -> None:
    assert legacy_import("os.path") is sys.modules["os.path"]
    assert legacy_import("json") is sys.modules["json"]
    assert legacy_import("json.JSONDecoder") is sys.modules["json"].JSONDecoder


def test_a_submodule_is_loaded_and_an_attribute_goes_before_it() -> None:
    """As `from package import name` has it."""
    import xml.dom

    assert legacy_import("xml.dom.minidom") is sys.modules["xml.dom.minidom"]
    assert legacy_import("xml.dom.Node") is xml.dom.Node


def test_an_attribute_that_a_module_lacks_is_missing() -> None:
    assert "which cannot be imported" in repr(legacy_import("json.no_such_thing"))


def test_attributes_chain_and_are_the_same_each_time() -> None:
    assert gone.ops.rotate is gone.ops.rotate
    assert gone.ops is legacy_import("tensorflow_that_was.contrib.image.ops")
    assert "tensorflow_that_was.contrib.image.ops.rotate" in repr(gone.ops.rotate)


USES: dict[str, Callable[[Any], Any]] = {
    "call": lambda it: it(1, name="x"),
    "iteration": lambda it: list(it),
    "unpacking": lambda it: [*it],
    "truth": lambda it: bool(it),
    "or": lambda it: it or 1,
    "item": lambda it: it["a"],
    "membership": lambda it: 1 in it,
    "length": lambda it: len(it),
    "equal": lambda it: it == 1,
    "equal, reflected": lambda it: 1 == it,  # noqa: SIM300
    "unequal": lambda it: it != 1,
    "order": lambda it: it < 1,
    "isinstance": lambda it: isinstance(1, it),
    "issubclass": lambda it: issubclass(int, it),
    "key of a dict": lambda it: {}.get(it),
    "text": lambda it: str(it),
    "format": lambda it: f"{it}/x",
    "percent": lambda it: "%s" % it,  # noqa: UP031
    "number": lambda it: float(it),
    "sum": lambda it: 1 + it,
    "product": lambda it: it * 0.1,
    "assignment": lambda it: setattr(it, "a", 1),
    "decorator": lambda it: it(lambda: 1),
    "partial": lambda it: functools.partial(it, 1)(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_every_use_raises_and_says_what_is_missing(use: Callable[[Any], Any]) -> None:
    with pytest.raises(ImportError, match=r"image\.ops\.rotate is no part of TensorFlow 2") as info:
        use(gone.ops.rotate)
    assert "No module named 'tensorflow_that_was'" in str(info.value)
    assert "TODO(slimport)" in str(info.value)


def test_with_raises() -> None:
    with pytest.raises(ImportError), gone.scope:
        pass


def test_a_class_may_derive_from_it_and_an_object_of_it_may_not_be() -> None:
    class Plain:
        pass

    class Handler(gone.Handler):  # type: ignore[misc]
        limit = 3

    class Second(Plain, gone.Handler):  # type: ignore[misc]
        pass

    assert Handler.limit == 3
    with pytest.raises(ImportError, match="Handler is no part of TensorFlow 2"):
        Handler(1, key=2)
    with pytest.raises(ImportError, match="Handler is no part of TensorFlow 2"):
        Second()


def test_it_may_be_a_default_and_an_annotation_of_an_attribute() -> None:
    @dataclasses.dataclass
    class Options:
        queue: Any = gone.queues.QueueRunners

    assert Options().queue is gone.queues.QueueRunners


def test_tools_may_look_at_it() -> None:
    assert not hasattr(gone, "__wrapped__") and not hasattr(gone, "_keras_history")
    assert not inspect.isclass(gone) and not inspect.ismodule(gone)
    assert inspect.unwrap(gone) is gone
    assert callable(gone)
    assert "image" in repr(copy.copy(gone)) and "image" in repr(copy.deepcopy(gone))
    assert "image" in repr(pickle.loads(pickle.dumps(gone)))
    assert operator.attrgetter("a.b")(gone) is gone.a.b


def test_a_default_does_not_hide_that_it_is_missing() -> None:
    found = getattr(gone, "rotate", None)
    assert found is not None
    with pytest.raises(ImportError):
        found()
