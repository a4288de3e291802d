"""New imports stand where isort would have them, in the style of the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewrite.tools import check_noop, output, rewrite_program

NET = """

def net(x, name):
    with slim.arg_scope([slim.conv2d], scope=None):
        return slim.conv2d(tf.concat([x, x], 3), 8, 3, scope=name)
"""
OPEN = """

def net(x, name):
    return slim.conv2d(x, 8, 3, scope=name)
"""
OLD = "import tensorflow as tf\nimport tf_slim as slim\n"


def head_of(imports: str, body: str = OPEN, others: dict[str, str] | None = None) -> str:
    """The imports that a file has afterwards; a second run leaves them."""
    others = others or {}
    result = rewrite_program({"net.py": imports + body, **others})
    done = output(result, "net.py")
    assert done is not None
    again = rewrite_program({**others, "net.py": done})
    assert output(again, "net.py") is None
    return done.partition("\n\n\ndef ")[0]


def test_the_written_module_is_a_section_of_its_own() -> None:
    assert head_of("import numpy as np\nimport tf_slim as slim\n") == (
        "import numpy as np\n\nfrom scoped_layers import conv2d"
    )


def test_a_file_whose_sections_stand_together_stays_so() -> None:
    before = "import os\nimport numpy as np\nimport tf_slim as slim\n"
    assert head_of(before) == "import os\nimport numpy as np\nfrom scoped_layers import conv2d"


def test_most_places_decide() -> None:
    before = "import os\n\nimport numpy as np\nimport helper\n\nimport tf_slim as slim\n"
    others = {"helper.py": "x = 1\n"}
    assert head_of(before, others=others) == (
        "import os\n\nimport numpy as np\nimport helper\nfrom scoped_layers import conv2d"
    )


@pytest.mark.parametrize("style", ["from {} import x", "import {}"])
def test_among_sorted_imports_of_the_program_it_is_sorted(style: str) -> None:
    others = {f"{name}.py": "x = 1\n" for name in ("alpha", "utils")}
    own = [style.format(name) for name in others for name in [name.removesuffix(".py")]]
    head = head_of("import tf_slim as slim\n\n" + "\n".join(own) + "\n", others=others)
    new = "from scoped_layers import conv2d"
    # isort has `import x` first.
    expected = [own[0], new, own[1]] if style.startswith("from") else [*own, new]
    assert head == "\n".join(expected)


def test_behind_unsorted_imports_of_the_program_it_is_last() -> None:
    others = {f"{name}.py": "x = 1\n" for name in ("alpha", "utils")}
    head = head_of(
        "import tf_slim as slim\nfrom utils import x\nfrom alpha import x\n", others=others
    )
    assert head.splitlines()[-3:] == [
        "from utils import x",
        "from alpha import x",
        "from scoped_layers import conv2d",
    ]


def test_comments_stay_with_what_they_are_about() -> None:
    others = {f"{name}.py": "x = 1\n" for name in ("alpha", "utils")}
    before = "import tf_slim as slim\n\nfrom alpha import x\n# About utils.\nfrom utils import x\n"
    assert head_of(before, others=others) == (
        "from alpha import x\nfrom scoped_layers import conv2d\n# About utils.\nfrom utils import x"
    )


def test_a_heading_stays_above_its_section() -> None:
    before = "import os\n\n# Libraries.\nimport matplotlib\nimport numpy as np\n" + OLD
    assert head_of(before, NET) == (
        "import os\n\n# Libraries.\nimport keras\nimport matplotlib\nimport numpy as np\n\n"
        "from scoped_layers import conv2d, layer_defaults"
    )


def test_keras_is_sorted_among_libraries() -> None:
    head = head_of("import h5py\nimport lmdb\nimport numpy as np\n" + OLD, NET)
    assert head.splitlines()[:3] == ["import h5py", "import keras", "import lmdb"]


def test_among_unsorted_libraries_keras_is_above_tensorflow() -> None:
    before = "import matplotlib\nimport tensorflow as tf\nimport h5py\nimport tf_slim as slim\n"
    head = head_of(before, NET)
    assert head.splitlines()[:3] == ["import matplotlib", "import keras", "import h5py"]


def test_names_are_sorted_by_kind_and_lines_end_where_blacks_end() -> None:
    body = """

def net(x, name):
    saver = tf.train.Saver()
    return saver, slim.conv2d(slim.fully_connected(slim.dropout(x), 8), 8, 3, scope=name)
"""
    run = "import tensorflow as tf\nimport net\n\nwith tf.Session() as s:\n    net.net(1, 'a')\n"
    others = {"run.py": run}
    head = head_of(OLD, body, others)
    assert head.endswith("from scoped_layers import Saver, conv2d, dropout, fully_connected")
    more = body.replace("slim.dropout(x)", "slim.separable_conv2d(slim.flatten(x), 8, 3, 1)")
    lines = head_of(OLD, more.replace("Saver()", "Saver(slim.get_variables())"), others)
    assert lines.splitlines()[-8:-6] == ["from scoped_layers import (", "    Saver,"]


IMPORTS = (
    "import tf_slim as slim\n",
    "import tensorflow as tf\n\nslim = tf.contrib.slim\n",
    '"""About."""\n\nimport tf_slim as slim\n',
    "import os\n\nimport tf_slim as slim\n",
    "import os\n\nimport h5py\nimport numpy as np\nimport tf_slim as slim\n\nimport alpha\n",
    "from __future__ import print_function\n\nimport tf_slim as slim\nfrom PIL import Image\n",
    f"{OLD}from PIL import Image\n\nfrom utils import x\n",
)


@pytest.mark.parametrize("imports", IMPORTS)
@pytest.mark.parametrize("body", [OPEN, NET.replace("tf.concat([x, x], 3)", "x")])
def test_what_isort_likes_it_likes_afterwards(imports: str, body: str, tmp_path: Path) -> None:
    used = "".join(
        f"\n\n{name}\n"
        for name in ("os", "h5py", "np", "alpha", "Image", "x")
        if f" {name}\n" in imports.replace(" as np\n", " np\n")
    )
    others = {f"{name}.py": "x = 1\n" for name in ("alpha", "utils")}
    result = rewrite_program({"net.py": imports + body + used, **others})
    done = output(result, "net.py")
    assert done is not None
    for name, text in {"before.py": imports + body, "net.py": done, **others}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "scoped_layers.py").write_text("")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "I"]
    for name in ("before.py", "net.py"):
        ran = subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, f"{ran.stdout}\n{(tmp_path / name).read_text()}"


def test_what_is_migrated_stays() -> None:
    check_noop(
        "import numpy as np\nfrom scoped_layers import conv2d\n\nx = conv2d(np.ones(4), 8, 3)\n"
    )
