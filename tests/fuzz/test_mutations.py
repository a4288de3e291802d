"""A few mutated programs with fixed seeds; `make fuzz` goes on."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import programs, trees, with_slim
from tests.fuzz.mutations import mutated, parses
from tests.fuzz.packages import package
from tests.fuzz.promises import broken, broken_tree

SMALL = [(name, text) for name, text in programs() if len(text) < 1500]


@pytest.mark.parametrize("seed", range(8))
def test_promises_hold_for_mutated_programs(seed: int) -> None:
    choice = random.Random(seed)
    for _ in range(4):
        name, text = choice.choice(SMALL)
        new = mutated(text, choice)
        assert not broken(new.encode()), f"{name}:\n{new}"


@pytest.mark.parametrize("seed", range(2, 12, 2))
def test_promises_hold_for_programs_of_several_files(seed: int) -> None:
    for name, files in trees(seed, SMALL, more=True):
        data = {path: text.encode() for path, text in files.items()}
        assert not broken_tree(data), f"{name}: {files}"


@pytest.mark.parametrize("seed", range(40))
def test_files_of_a_package_find_each_other(seed: int) -> None:
    files = package(seed)
    first = {path.partition("/")[0].removesuffix(".py") for path in files}
    for path, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = Path(path).parents[node.level - 1]
                target = folder.joinpath(*(node.module or "").split("."))
                assert f"{target}.py" in files or any(p.startswith(f"{target}/") for p in files)
            elif isinstance(node, ast.ImportFrom) and "." not in (node.module or "."):
                known = {*first, *(Path(p).stem for p in files), "tf_slim"}
                assert node.module in known


def test_names_of_a_generated_program_become_slims() -> None:
    done = {with_slim("def a(b):\n    return b\n", random.Random(seed)) for seed in range(9)}
    assert len(done) > 3 and all(parses(text) for text in done)
    assert any("return slim" in text for text in done)


FOUND = {
    "a call without arguments under fifty others": (
        "import tf_slim as slim\nz = " + "slim.flatten(" * 50 + "x" + ")" * 50 + "\n"
    ),
    "comments inside of a call": (
        "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(  # many\n        x,\n"
        "        # filters\n        8, [3, 3])  # end\n"
    ),
    "an import that no function sees": (
        "class Net:\n    import tensorflow as tf\n\n\ndef net(x):\n"
        "    return tf.contrib.layers.flatten(x)\n"
    ),
    "slim under the name of TensorFlow": (
        "import tensorflow as tf\nimport tf_slim as tf\n\n\ndef net(x):\n"
        "    with tf.variable_scope('a'):\n        return tf.nn.relu(x)\n"
    ),
    "an import behind a colon": (
        "def net(x):\n    if x is None: import tf_slim as slim\n    return x\n"
    ),
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND.keys())
def test_what_was_found(text: str) -> None:
    assert not broken(text.encode())


@pytest.mark.parametrize("what", ["comment", "parse", "second", "crash", "unmarked"])
def test_a_broken_promise_is_seen(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz import promises

    text = b"import tf_slim as slim\n\n\ndef net(x):  # said\n    return slim.unknown(x)\n"
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
        for file in result.report.files if what == "unmarked" else ():
            file.left = []
        return result

    monkeypatch.setattr(promises, "rewrite_tree", planted)
    if what == "crash":
        with pytest.raises(RuntimeError):
            broken(text)
    else:
        expected = {"comment": "comments are gone: # said", "parse": "does not parse",
                    "second": "a second run changes",
                    "unmarked": "slim without a mark in net.py"}  # fmt: skip
        assert expected[what] in broken(text)
