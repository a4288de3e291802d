"""Networks that are found by a text, and slim's own functions that are assigned."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import importlib\nimport tf_slim as slim\n"
NET = f"{HEAD}\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='a')\n"
RUN = """

def run(x, name):
    with slim.arg_scope([slim.conv2d], padding='VALID'):
        return {call}(x)
"""


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import nets\n", "getattr(nets, name)"),
        ("import nets\n", "vars(nets)[name]"),
        ("import nets\n", "nets.__dict__[name]"),
        ("from nets import *\n", "globals()[name]"),
        ("from nets import net\n", "eval(name)"),
        ("", "importlib.import_module('nets').net"),
        ("", "importlib.import_module(name).net"),
        ("", "__import__(name).net"),
    ],
)
def test_a_scope_reaches_networks_that_are_looked_up(imports: str, call: str) -> None:
    result = rewrite_program({"nets.py": NET, "run.py": HEAD + imports + RUN.format(call=call)})
    assert "with layer_defaults([conv2d], padding='valid'):" in (output(result, "run.py") or "")
    assert "return conv2d(x, 8, 3, name='a')" in (output(result, "nets.py") or "")


def test_looking_up_elsewhere_is_no_reason() -> None:
    run = f"{HEAD}import nets\n\n\ndef run(x, a):\n    getattr(a, 'b')\n    return nets.net(x)\n"
    result = rewrite_program({"nets.py": NET, "run.py": run})
    assert "keras.layers.Conv2D" in (output(result, "nets.py") or "")


@pytest.mark.parametrize("statement", ["slim.conv2d = net", "del slim.conv2d"])
def test_a_function_of_slim_that_is_assigned_is_marked(statement: str) -> None:
    result = rewrite_program({"net.py": f"{NET}\n\n{statement}\n"})
    assert {left.api for left in report(result, "net.py").left} == {"slim.conv2d"}
    assert f"\n{statement}\n" in (output(result, "net.py") or "")
