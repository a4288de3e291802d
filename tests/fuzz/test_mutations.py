"""A few mutated programs with fixed seeds; `make fuzz` goes on."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.__main__ import programs
from tests.fuzz.mutations import mutated
from tests.fuzz.promises import broken

SMALL = [(name, text) for name, text in programs() if len(text) < 1500]


@pytest.mark.parametrize("seed", range(8))
def test_promises_hold_for_mutated_programs(seed: int) -> None:
    choice = random.Random(seed)
    for _ in range(4):
        name, text = choice.choice(SMALL)
        new = mutated(text, choice)
        assert not broken(new.encode()), f"{name}:\n{new}"


FOUND = {
    "a call without arguments under fifty others": (
        "import tf_slim as slim\nz = " + "slim.flatten(" * 50 + "x" + ")" * 50 + "\n"
    ),
    "comments inside of a call": (
        "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(  # many\n        x,\n"
        "        # filters\n        8, [3, 3])  # end\n"
    ),
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND.keys())
def test_what_was_found(text: str) -> None:
    assert not broken(text.encode())


@pytest.mark.parametrize("what", ["comment", "parse", "second", "crash"])
def test_a_broken_promise_is_seen(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz import promises

    text = b"import tf_slim as slim\n\n\ndef net(x):  # said\n    return slim.flatten(x)\n"
    done = promises.rewrite_tree

    def planted(folder: object, options: object) -> object:
        result = done(folder, options)  # type: ignore[arg-type]
        for name, data in list(result.outputs.items()):
            if what == "comment":
                result.outputs[name] = data.replace(b"# said", b"")
            elif what == "parse":
                result.outputs[name] = data + b"def (\n"
            elif what == "second":
                result.outputs[name] = text
        if what == "crash":
            raise RuntimeError
        return result

    monkeypatch.setattr(promises, "rewrite_tree", planted)
    if what == "crash":
        with pytest.raises(RuntimeError):
            broken(text)
    else:
        expected = {"comment": "comments are gone: # said", "parse": "does not parse",
                    "second": "a second run changes"}  # fmt: skip
        assert expected[what] in broken(text)
