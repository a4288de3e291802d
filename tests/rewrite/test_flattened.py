"""Blocks without the devices and name scopes that their statements stand below."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath
from textwrap import dedent

import libcst as cst
import pytest

from slimport.files.source import Source
from slimport.index.blocks import DEVICES, PLACES, flattened
from slimport.index.program import Function, Program
from slimport.rewrite.statements import flattened as flattened_pairs

HEAD = "import tensorflow as tf\nimport tensorflow.compat.v1 as tf1\nimport deploy\n\n\n"


def indexed(body: str) -> tuple[Function, list[ast.stmt], cst.IndentedBlock]:
    """A function of these statements, and its block on both sides."""
    text = f"{HEAD}def f(a, b):\n" + "".join(
        f"    {line}\n" if line else "\n" for line in dedent(body).strip().splitlines()
    )
    source = Source(Path("net.py"), text.encode(), "utf-8", ast.parse(text))
    program = Program({PurePosixPath("net.py"): source})
    (function,) = (f for f in program.all() if f.qualname == "f")
    definition = cst.parse_module(text).body[-1]
    assert isinstance(function.node, ast.FunctionDef) and isinstance(definition, cst.FunctionDef)
    assert isinstance(definition.body, cst.IndentedBlock)
    return function, function.node.body, definition.body


def text_of(body: str, places: frozenset[str] = PLACES) -> str:
    """The block, flattened on both sides: the same statements, in the same order."""
    function, block, node = indexed(body)
    pairs, below = flattened_pairs(list(zip(block, node.body, strict=True)), function, places)
    assert [old for old, _ in pairs] == flattened(block, function, places)
    for old, new in pairs:
        assert ast.dump(ast.parse(cst.Module([new]).code)) == ast.dump(ast.Module([old], []))
    return cst.Module([new for _, new in pairs], footer=below).code.lstrip("\n")


PLACES_IN_IT = """
x = a
# Where files are.
with tf.device(b.device()):  # the first
    with tf1.name_scope('read', values=[x]):

        # One.
        y = x + 1
        # Below one.
    z = y  # two
    # Below two.
# At last.
return z
"""


def test_devices_and_name_scopes_go() -> None:
    assert text_of(PLACES_IN_IT) == dedent(
        """\
        x = a
        # Where files are.
        # the first
        # One.
        y = x + 1
        # Below one.
        z = y  # two
        # Below two.
        # At last.
        return z
        """
    )


def test_devices_alone() -> None:
    text = text_of(PLACES_IN_IT, DEVICES)
    assert "tf.device" not in text and "\nwith tf1.name_scope('read', values=[x]):\n" in text


def test_comments_at_the_end() -> None:
    assert text_of("with tf.device('a'):\n    x = a\n    # end\n") == "x = a\n# end\n"


def test_several_at_once() -> None:
    body = "with tf.device('a'), tf.name_scope('b'):\n    x = a\n    y = b\n"
    assert text_of(body) == "x = a\ny = b\n"


OTHERS = {
    "a name": "with tf.name_scope('a') as scope:\n    x = scope\n",
    "a graph": "with tf.Graph().as_default():\n    x = a\n",
    "variables": "with tf.variable_scope('a'):\n    x = a\n",
    "one of two": "with tf.device('a'), tf.variable_scope('b'):\n    x = a\n",
    "another library": "with deploy.device('a'):\n    x = a\n",
    "a value": "with a.device('a'):\n    x = b\n",
    "a device that is kept": "d = tf.device('a')\nwith d:\n    x = b\n",
    "one line": "with tf.device('a'): x = b\n",
    "below an if": "if a:\n    with tf.device('a'):\n        x = b\n",
}


@pytest.mark.parametrize("body", OTHERS.values(), ids=list(OTHERS))
def test_what_stays(body: str) -> None:
    assert text_of(body) == body
