"""A function whose name is bound more than once: a call may mean any of them."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, rewrite_program

NET = "def net(x):\n    return slim.conv2d(x, 8, [3, 3], scope='a')\n"
HEAD = "import tf_slim as slim\nimport tensorflow as tf\n\n\n"
INDENTED = NET.replace("\n", "\n    ").rstrip(" ")
CALLED = "\nwith slim.arg_scope([slim.conv2d], stride=2):\n    y = net(tf.ones([1, 8, 8, 3]))\n"
PASSED = "\nwith slim.arg_scope([slim.conv2d], stride=2):\n    y = run(net)\n"


@pytest.mark.parametrize("use", [CALLED, PASSED])
@pytest.mark.parametrize(
    "program",
    [
        NET + "{use}\n\n" + NET,
        f"if tf.__version__ < '2':\n    {INDENTED}else:\n    {INDENTED}" + "{use}",
        "net = None\n" + NET + "{use}",
    ],
)
def test_scopes_around_calls_reach_all_of_them(program: str, use: str) -> None:
    text = HEAD + program.replace("{use}", use)
    done = output(rewrite_program({"net.py": text}), "net.py")
    assert done is not None and "layer_defaults([conv2d], strides=2)" in done
    assert "keras.layers.Conv2D" not in done, "its strides come from the scope"


@pytest.mark.parametrize("call", ["nets.net(1)", "run(nets.net)", "net(1)", "run(net)", "f(1)"])
def test_scopes_of_other_files_reach_them(call: str) -> None:
    imported = {"n": "from nets import net", "f": "from nets import net as f"}.get(call[0], "")
    imported = "import nets" if "nets." in call else imported or "from nets import net"
    scope = f"{HEAD}{imported}\n\nwith slim.arg_scope([slim.conv2d], stride=2):\n"
    files = {"nets.py": f"{HEAD}{NET}\n\n{NET}", "main.py": f"{scope}    y = {call}\n"}
    result = rewrite_program(files)
    done = output(result, "nets.py")
    assert done is not None and "keras.layers.Conv2D" not in done
    assert "layer_defaults([conv2d], strides=2)" in (output(result, "main.py") or "")


def test_functions_of_one_meaning_stay_plain() -> None:
    done = output(rewrite_program({"net.py": HEAD + NET + "\n\ny = net(1)\n"}), "net.py")
    assert done is not None and "keras.layers.Conv2D" in done
