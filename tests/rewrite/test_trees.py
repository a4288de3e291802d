"""Whole programs: import forms, re-exports, import roots, the one written module."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

from slimport.rewrite.command import Request, run
from slimport.rewrite.tree import rewrite_tree
from tests.rewrite.tools import output, report, rewrite_program

BODY = "\n\ndef net(x):\n    return {} (x, 8, 3, scope='c')\n"
FORMS = {
    "tf.contrib.slim": ("import tensorflow as tf\n\nslim = tf.contrib.slim\n", "slim.conv2d"),
    "tf_slim": ("import tf_slim as slim\n", "slim.conv2d"),
    "tf_slim without alias": ("import tf_slim\n", "tf_slim.conv2d"),
    "from contrib": ("from tensorflow.contrib import slim\n", "slim.conv2d"),
    "contrib_slim": (
        "from tensorflow.contrib import slim as contrib_slim\n\nslim = contrib_slim\n",
        "slim.conv2d",
    ),
    "import contrib.slim as": ("import tensorflow.contrib.slim as slim\n", "slim.conv2d"),
    "import contrib.slim": ("import tensorflow.contrib.slim\n", "tensorflow.contrib.slim.conv2d"),
    "attribute": ("import tensorflow as tf\n", "tf.contrib.slim.conv2d"),
    "contrib.layers": ("import tensorflow as tf\n", "tf.contrib.layers.conv2d"),
    "layers alias": ("import tensorflow.contrib.layers as tcl\n", "tcl.conv2d"),
    "from contrib.layers": ("from tensorflow.contrib.layers import conv2d\n", "conv2d"),
    "convolution2d": ("from tensorflow.contrib.layers import convolution2d\n", "convolution2d"),
    "deep path": (
        "from tensorflow.contrib.layers.python.layers import layers as L\n",
        "L.convolution2d",
    ),
    "compat.v1": ("import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n", "slim.conv2d"),
    "try": (
        "try:\n    import tf_slim as slim\nexcept ImportError:\n"
        "    from tensorflow.contrib import slim\n",
        "slim.conv2d",
    ),
    "several names": ("from tensorflow.contrib import framework, slim\n", "slim.conv2d"),
}


@pytest.mark.parametrize(("imports", "call"), FORMS.values(), ids=FORMS.keys())
def test_import_form(imports: str, call: str) -> None:
    text = output(rewrite_program({"net.py": imports + BODY.format(call)}), "net.py")
    assert text is not None
    assert "contrib" not in text and "tf_slim" not in text
    assert "keras.layers.Conv2D" in text
    assert ast.parse(text)


def test_a_layer_that_was_imported_by_its_name_still_is() -> None:
    source = "from tensorflow.contrib.layers import conv2d" + BODY.format("conv2d")
    source = source.replace("'c'", "x.name")
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "from scoped_layers import conv2d\n" in text
    assert "return conv2d (x, 8, 3, name=x.name)" in text


def test_a_star_import_of_the_tree() -> None:
    result = rewrite_program(
        {
            "common.py": "import tf_slim as slim\n",
            "net.py": "from common import *\n" + BODY.format("slim.conv2d"),
        }
    )
    assert "keras.layers.Conv2D" in (output(result, "net.py") or "")


def test_a_re_export() -> None:
    result = rewrite_program(
        {
            "lib/__init__.py": "",
            "lib/tools.py": "import tensorflow as tf\n\nslim = tf.contrib.slim\n",
            "net.py": "from lib.tools import slim\n" + BODY.format("slim.conv2d"),
        }
    )
    text = output(result, "net.py") or ""
    assert "keras.layers.Conv2D" in text
    assert "lib.tools" not in text


CLOSED_NET = BODY.format("slim.conv2d")
OPEN = (
    "import tf_slim as slim\n\n\ndef scope():\n"
    "    with slim.arg_scope([slim.conv2d], stride=2) as sc:\n        return sc\n"
) + BODY.format("slim.conv2d")


def test_several_import_roots_share_one_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nets` is imported from slim/, `detection` from the top: two roots, one stack of scopes."""
    sources = {
        "detection/__init__.py": "",
        "detection/model.py": "from nets import first\n" + OPEN,
        "slim/nets/__init__.py": "",
        "slim/nets/first.py": "from nets import second\n" + OPEN,
        "slim/nets/second.py": OPEN,
        "train.py": "from detection import model\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = rewrite_tree(tmp_path)
    written = {path.as_posix(): data for path, data in result.outputs.items()}
    assert b"def layer_defaults" in written["scoped_layers.py"]
    assert b"def layer_defaults" not in written["slim/scoped_layers.py"]
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "scoped_layers.py").write_text("STACK = []\n")
    monkeypatch.syspath_prepend(str(tmp_path / "slim"))
    monkeypatch.delitem(sys.modules, "scoped_layers", raising=False)  # another test's
    module = importlib.import_module("scoped_layers")
    del sys.modules["scoped_layers"]
    assert module.STACK == []
    assert Path(str(module.__file__)) == tmp_path / "scoped_layers.py"


def test_a_package_imports_the_module_relatively() -> None:
    result = rewrite_program(
        {
            "__init__.py": "from .net import net\n",
            "net.py": OPEN,
            "deep/__init__.py": "",
            "deep/net.py": OPEN,
        }
    )
    assert "from .scoped_layers import" in (output(result, "net.py") or "")
    assert "from ..scoped_layers import" in (output(result, "deep/net.py") or "")
    assert output(result, "scoped_layers.py")


def test_modules_that_import_each_other_in_a_circle() -> None:
    result = rewrite_program(
        {
            "a.py": "from b import *\nfrom b import slim\n" + BODY.format("slim.conv2d"),
            "b.py": "from a import *\nfrom a import slim\n",
        }
    )
    assert result.report.failed == []
    assert output(result, "a.py") is None


def test_one_bad_file_stops_nothing() -> None:
    result = rewrite_program({"bad.py": "import tf_slim\ndef (:\n", "net.py": OPEN})
    assert [file.path for file in result.report.failed] == ["bad.py"]
    assert output(result, "net.py")


def test_a_folder_without_init_file_is_a_package_where_it_is_imported_as_one() -> None:
    result = rewrite_program(
        {
            "nets/first.py": OPEN,
            "nets/tool.py": OPEN,
            "train.py": "from nets import first\n",
        }
    )
    assert result.report.written_modules == ["scoped_layers.py"]


def test_a_scope_function_of_another_program_does_not_open_this_one() -> None:
    result = rewrite_program({"lib.py": OPEN, "net.py": "import tf_slim as slim\n" + CLOSED_NET})
    assert "keras.layers.Conv2D" in (output(result, "net.py") or "")


def test_a_helper_that_keeps_tensorflow_makes_the_model_traced() -> None:
    sources = {
        "helper.py": "import tensorflow as tf\n\n\ndef odd(x):\n    return tf.nn.crelu(x)\n",
        "net.py": (
            "import tf_slim as slim\n\nimport helper\n\n\ndef net(x):\n"
            "    return helper.odd(slim.conv2d(x, 8, 3, scope='c'))\n"
        ),
    }
    result = rewrite_program(sources)
    (form,) = report(result, "net.py").functions
    assert (form.layers, form.model) == ("scoped", "traced")
    assert "calls odd: tf.nn.crelu has no keras.ops equivalent" in form.why


def test_ignored_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n")
    for name in ("build/net.py", "net.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(OPEN)
    assert "build/net.py" not in {file.path for file in rewrite_tree(tmp_path).report.files}


def test_a_written_module_that_nobody_edited_grows_with_the_tree(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OPEN)
    run(Request((tmp_path,)))
    before = (tmp_path / "scoped_layers.py").read_text()
    (tmp_path / "more.py").write_text(OPEN.replace("slim.conv2d", "slim.max_pool2d"))
    assert run(Request((tmp_path,))).report.failed == []
    after = (tmp_path / "scoped_layers.py").read_text()
    assert "def max_pool2d(" not in before
    assert "def max_pool2d(" in after and "def conv2d(" in after


def offered(folder: Path) -> set[str]:
    """The names in `__all__` of the written module of a folder."""
    body = ast.parse((folder / "scoped_layers.py").read_text()).body
    names: list[str] = next(ast.literal_eval(n.value) for n in body if isinstance(n, ast.Assign))
    return set(names)


def test_the_written_module_has_what_files_import_and_the_ways_to_a_model(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OPEN)
    run(Request((tmp_path,)))
    assert offered(tmp_path) == {"conv2d", "functional_model", "layer_defaults", "legacy_variables"}
    (tmp_path / "use.py").write_text("from scoped_layers import restore_checkpoint, TracedModel\n")
    run(Request((tmp_path,)))
    assert {"TracedModel", "conv2d", "restore_checkpoint"} <= offered(tmp_path)
    module = tmp_path / "scoped_layers.py"
    module.write_text(edited := module.read_text() + "\n\nMINE = 1\n")
    (tmp_path / "use.py").write_text("from scoped_layers import dropout\n")
    assert "without dropout" in run(Request((tmp_path,))).report.notes[0]
    assert module.read_text() == edited


def test_a_network_that_keeps_tensorflow_brings_the_traced_model(tmp_path: Path) -> None:
    odd = OPEN.replace("slim.conv2d (x, 8, 3, scope='c')", "tf.nn.crelu(slim.conv2d(x, 8, 3))")
    (tmp_path / "net.py").write_text("import tensorflow as tf\n" + odd)
    run(Request((tmp_path,)))
    assert "TracedModel" in offered(tmp_path)
    (tmp_path / "more.py").write_text(OPEN.replace("slim.conv2d", "slim.max_pool2d"))
    run(Request((tmp_path,)))
    assert {"TracedModel", "max_pool2d"} <= offered(tmp_path), "what an earlier run gave stays"


def test_an_edited_written_module_is_kept_or_refused_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OPEN)
    run(Request((tmp_path,)))
    module = tmp_path / "scoped_layers.py"
    edited = module.read_text() + "\n\nMINE = 1\n"
    module.write_text(edited)
    (tmp_path / "same.py").write_text(OPEN)
    result = run(Request((tmp_path,)))
    assert result.report.failed == [] and result.report.notes
    assert "layer_defaults" in (tmp_path / "same.py").read_text()
    more = OPEN.replace("slim.conv2d", "slim.max_pool2d")
    (tmp_path / "more.py").write_text(more)
    assert [file.path for file in run(Request((tmp_path,))).report.failed] == ["scoped_layers.py"]
    assert (tmp_path / "more.py").read_text() == more, "nothing is written"
    assert module.read_text() == edited


def test_a_file_of_that_name_by_someone_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "scoped_layers.py").write_text("LAYERS = 3\n")
    (tmp_path / "net.py").write_text(OPEN)
    report = run(Request((tmp_path,))).report
    assert [file.path for file in report.failed] == ["scoped_layers.py"]
    assert report.changed == [], "what was not written is not reported as rewritten"
    assert (tmp_path / "scoped_layers.py").read_text() == "LAYERS = 3\n"
    assert (tmp_path / "net.py").read_text() == OPEN


@pytest.mark.parametrize("more", [{}, {"lib/__init__.py": ""}, {"nets.py": "net = None\n"}])
def test_a_folder_that_a_script_puts_on_the_path_is_part_of_its_program(
    more: dict[str, str],
) -> None:
    sources = {
        "lib/nets.py": (
            "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
        ),
        "main.py": (
            "import os.path\nimport sys\n\nimport tf_slim as slim\n\n"
            "sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
            "from nets import net\n\n\ndef run(x):\n"
            "    with slim.arg_scope([slim.conv2d], stride=2):\n        return net(x)\n"
        ),
    }
    result = rewrite_program(sources | more)
    assert "return conv2d(x, 8, 3, name='c')" in (output(result, "lib/nets.py") or "")
    assert "layer_defaults([conv2d], strides=2)" in (output(result, "main.py") or "")


def test_a_package_that_no_path_names_is_not_what_a_bare_import_means() -> None:
    result = rewrite_program(
        {
            "backend/__init__.py": "",
            "backend/jax.py": "import tf_slim as sl\n\n\ndef net(x):\n    return sl.flatten(x)\n",
            "use.py": "import jax\n\n\ndef f(x):\n    return jax.net(x)\n",
        }
    )
    assert "keras.layers.Flatten" in (output(result, "backend/jax.py") or "")
    assert output(result, "use.py") is None


def test_a_name_that_the_written_module_never_had_fails_its_file_alone() -> None:
    asking = (
        "from scoped_layers import conv2d, mine\n\n\ndef f(x):\n    return mine(conv2d(x, 3))\n"
    )
    result = rewrite_program({"asking.py": asking, "net.py": OPEN})
    assert report(result, "asking.py").error == (
        "it imports mine from scoped_layers.py, which has no such name"
    )
    assert output(result, "asking.py") is None
    assert "from scoped_layers import conv2d" in (output(result, "net.py") or "")
    assert "def conv2d" in (output(result, "scoped_layers.py") or "")
