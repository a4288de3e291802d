"""Names that an import must not give to something else, and names that `import *` may rebind."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

OWN = "def conv2d(x, n, k):\n    return x\n"
USE = "\n\ndef net(x):\n    return slim.flatten(conv2d(x, 8, 3))\n"

DOUBTFUL = {
    "an import or another": "try:\n    from tf_slim import conv2d\nexcept ImportError:\n"
    "    from mine import conv2d\n",
    "a function or slim's star": f"{OWN}from tf_slim import *\n",
    "slim's or a file's star": "from tf_slim import conv2d\nfrom ops import *\n",
    "slim's star or an unknown one": "from tf_slim import *\nfrom unknown import *\n",
}


@pytest.mark.parametrize("imports", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_may_be_something_else_stays(imports: str) -> None:
    result = rewrite_program({"net.py": f"import tf_slim as slim\n{imports}{USE}", "ops.py": OWN})
    found = report(result, "net.py")
    assert [item.api for item in found.left] == ["slim.conv2d"], found.error
    assert "flatten(conv2d(x, 8, 3))" in (output(result, "net.py") or "")


def test_the_last_star_wins() -> None:
    sources = {"net.py": f"from tf_slim import *\nfrom ops import *\n{USE}", "ops.py": OWN}
    sources["net.py"] = sources["net.py"].replace("slim.flatten", "flatten")
    text = output(rewrite_program(sources), "net.py") or ""
    assert "keras.layers.Flatten()(conv2d(x, 8, 3))" in text


def test_a_name_out_of_a_star_is_not_given_away() -> None:
    net = "from layers import *\nimport tf_slim as slim\n\n\ndef net(x):\n"
    net += "    return conv2d(slim.conv2d(x, 8, 3), 8, 3)\n\n\n"
    net += "def caller(x):\n    return net(net(x))\n"
    text = output(rewrite_program({"net.py": net, "layers.py": OWN}), "net.py") or ""
    assert "return conv2d(scoped_conv2d(x, 8, 3), 8, 3)" in text


def test_no_name_reaches_others_through_a_star() -> None:
    sources = {
        "net.py": "from layers import conv2d\nfrom ops import *\n\n\ndef net(x):\n"
        "    return conv2d(block(block(x)), 8, 3)\n",
        "layers.py": OWN,
        "ops.py": "import tf_slim as slim\n\n\ndef block(x):\n    return slim.conv2d(x, 8, 3)\n",
    }
    result = rewrite_program(sources)
    assert "from scoped_layers import conv2d as scoped_conv2d" in (output(result, "ops.py") or "")


def test_the_written_module_is_imported_below_every_star() -> None:
    net = "import tf_slim as slim\nfrom unknown import *\n\n\ndef net(x):\n"
    net += "    for _ in x:\n        x = slim.conv2d(x, 8, 3)\n    return x\n"
    text = output(rewrite_program({"net.py": net}), "net.py") or ""
    assert text.index("import *") < text.index("from scoped_layers")


@pytest.mark.parametrize(
    "binding",
    [
        "match x:\n        case [*slim]: pass",
        "[slim := y for y in x]",
        "match x:\n        case slim: pass",
    ],
)
def test_a_name_that_a_function_binds_is_its_own(binding: str) -> None:
    net = f"import tf_slim as slim\n\n\ndef net(x):\n    {binding}\n    return slim.flatten(x)\n"
    text = output(rewrite_program({"net.py": net}), "net.py") or net
    assert "slim.flatten(x)" in text


def test_symbols_that_have_another_meaning_under_their_new_name_keep_the_old_one() -> None:
    from slimport.rewrite.tf1 import became
    from slimport.tf1_api import symbols

    for name in symbols()["renamed"]:
        now = became(name, None)
        assert now.name.startswith("compat.v1.") or became(now.name, None).kind == "same", name


def test_a_star_in_an_if_is_above_the_written_module_too() -> None:
    net = "import tf_slim as slim\nif slim:\n    from unknown import *\n\n\ndef net(x):\n"
    net += "    for _ in x:\n        x = slim.conv2d(x, 8, 3)\n    return x\n"
    text = output(rewrite_program({"net.py": net}), "net.py") or ""
    assert text.index("import *") < text.index("from scoped_layers")
