"""Names that imports bind to several things: the scopes around a call reach all of them."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, rewrite_program

HEAD = "import sys\nimport tensorflow as tf\nimport tf_slim as slim\n\n"
NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
CLASS = """import tf_slim as slim


class Net:
    def __init__(self, x):
        self.y = slim.conv2d(x, 8, 3, scope='c')
"""
EITHER = "if sys.argv:\n    {}\nelse:\n    {}\n"
GUARDED = "try:\n    {}\nexcept ImportError:\n    {}\n"
BY_NAME = EITHER.format("from one import net", "from two import net")
RENAMED = EITHER.format("from one import net as n", "from two import net as n")
OF_CLASSES = EITHER.format("from one import Net", "from two import Net")
# What imports say, what is called then, and the files whose layers the scope reaches.
FORMS = {
    "a function": (BY_NAME, "net(x)", {"one", "two"}),
    "under another name": (RENAMED, "n(x)", {"one", "two"}),
    "a class": (OF_CLASSES, "Net(x).y", {"one", "two"}),
    "a module": (EITHER.format("import one as m", "import two as m"), "m.net(x)", {"one", "two"}),
    "a package": (
        EITHER.format("import pack as m", "import two as m"), "m.inner.net(x)", {"inner", "two"},
    ),
    "stars": (
        EITHER.format("from one import *", "from two import *"), "net(x)", {"one", "two"},
    ),
    "a star of a star": (
        EITHER.format("from names import *", "from two import *"), "net(x)", {"one", "two"},
    ),
    "a star and a name": (
        GUARDED.format("from one import *", "from two import net"), "net(x)", {"one", "two"},
    ),
    "none": (GUARDED.format("from one import net", "net = None"), "net(x)", {"one"}),
    "of no known package": (
        GUARDED.format("from one import net", "from other import net"), "net(x)", {"one"},
    ),
    "slim's own": (
        GUARDED.format("from tf_slim.nets.vgg import vgg_a as net", "from two import net"),
        "net(x)", {"two"},
    ),
    "twice the same": (
        GUARDED.format("from one import net", "from one import net"), "net(x)", {"one"},
    ),
}  # fmt: skip
SCOPES = {"tf.variable_scope('outer')": "'outer'", "slim.arg_scope([slim.conv2d], stride=2)": "=2"}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("imports", "call", "reached"), FORMS.values(), ids=FORMS.keys())
def test_a_scope_reaches_whatever_is_called(
    imports: str, call: str, reached: set[str], scope: str
) -> None:
    net = CLASS if "Net" in call else NET
    files = {
        "one.py": net,
        "two.py": net,
        "pack/__init__.py": "from pack import inner\n",
        "pack/inner.py": net,
        "names.py": "from one import *\n",
        "main.py": f"{HEAD}{imports}\n\ndef main(x):\n    with {scope}:\n        return {call}\n",
    }
    done = rewrite_program(files)
    assert SCOPES[scope] in (output(done, "main.py") or "")
    paths = {"one": "one.py", "two": "two.py", "inner": "pack/inner.py"}
    made = {name: output(done, path) or "" for name, path in paths.items()}
    assert {name for name, text in made.items() if "scoped_layers import conv2d" in text} == reached
    assert all("keras.layers.Conv2D" in text for name, text in made.items() if name not in reached)


def test_a_name_of_a_function_reaches_both() -> None:
    main = f"""{HEAD}
def main(x, small):
    if small:
        from one import net
    else:
        from two import net
    with slim.arg_scope([slim.conv2d], stride=2):
        return net(x)
"""
    done = rewrite_program({"one.py": NET, "two.py": NET, "main.py": main})
    assert "layer_defaults([conv2d], strides=2)" in (output(done, "main.py") or "")
    assert all("keras.layers" not in (output(done, path) or "") for path in ("one.py", "two.py"))
