"""Programs in which nothing is slim's: told without reading all of them, and never told wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimport.files.read import read
from slimport.files.source import Source
from slimport.report.model import Status
from slimport.rewrite import unconcerned
from slimport.rewrite.extent import whole
from slimport.rewrite.tree import rewrite_tree
from slimport.rewrite.unconcerned import is_untouched

TF2 = "import tensorflow as tf\n\n\ndef double(x):\n    return tf.add(x, x)\n"
GIVES = "import tensorflow as tf\n"
#: `placeholder` is TensorFlow 1's alone; no file that says so names TensorFlow.
USES = "y = {}.placeholder(1)\n"
#: Ways for the name `tf` of lib/gives.py to come to a file that does not name TensorFlow.
WAYS = {
    "import from": {"a.py": "from lib.gives import tf\n" + USES.format("tf")},
    "import as": {"a.py": "import lib.gives as g\n" + USES.format("g.tf")},
    "relative": {"lib/a.py": "from .gives import tf\n" + USES.format("tf")},
    "relative module": {"lib/a.py": "from . import gives\n" + USES.format("gives.tf")},
    "star": {"a.py": "from lib.gives import *\n" + USES.format("tf")},
    "twice": {
        "b.py": "from lib.gives import *\n",
        "a.py": "from b import tf\n" + USES.format("tf"),
    },
    "package": {
        "lib/__init__.py": "from lib.gives import tf\n",
        "a.py": "import lib\n" + USES.format("lib.tf"),
    },
    "along a package": {
        "b.py": "import lib.gives\n",
        "a.py": "import lib\n" + USES.format("lib.gives.tf"),
    },
    "along a folder": {"a.py": "import lib.deep\n" + USES.format("lib.gives.tf")},
    "another root": {"src/a.py": "from lib.gives import tf\n" + USES.format("tf")},
    "several lines": {"a.py": "from lib.gives import (  # names\n    tf,\n)\n" + USES.format("tf")},
    "a broken line": {"a.py": "from lib.gives \\\n    import tf\n" + USES.format("tf")},
    "conftest": {"conftest.py": "from lib.gives import tf\n" + USES.format("tf")},
}
#: They can do without, and are most of the program.
OTHERS = {
    f"other/m{i}.py": "import os\n\n\ndef f(x):\n    return x.get(os)\n" * 40 for i in range(9)
}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"lib/gives.py": GIVES, "lib/deep/x.py": "", **OTHERS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_comes_from_another_file(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unconcerned, "_SMALL", 0)
    tree = written(tmp_path, WAYS[way])
    assert not is_untouched(whole(tree))
    found = {file.status for file in rewrite_tree(tree).report.files}
    assert found - {Status.UNCHANGED}, "the whole index sees it, too"


@pytest.mark.parametrize("small", [0, 200_000])
def test_most_of_a_program_is_not_parsed(
    small: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unconcerned, "_SMALL", small)
    tree = written(tmp_path, {"lib/gives.py": TF2, "a.py": "from lib.gives import double\n"})
    parsed: list[str] = []

    def noted(path: Path, data: bytes) -> Source | None:
        parsed.append(path.name)
        return read(path, data)

    monkeypatch.setattr(unconcerned, "read", noted)
    assert is_untouched(whole(tree))
    assert sorted(parsed) == ["a.py", "gives.py"]
    assert not rewrite_tree(tree).report.changed


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf  # slimport: ignore\n",
        "from my_layers import legacy_import\nslim = legacy_import('tf_slim')\n",
        "import tensorflow as tf\nprint 'Python 2'\n",
        "import tf_slim\n",
    ],
)
def test_what_is_to_be_looked_at_with_care(text: str, tmp_path: Path) -> None:
    assert not is_untouched(whole(written(tmp_path, {"a.py": text})))


def test_a_file_that_cannot_be_read_is_somebodys_concern(tmp_path: Path) -> None:
    tree = written(tmp_path, {})
    assert is_untouched(whole(tree))
    (tree / "broken.py").write_bytes(b"import tensorflow\n\xff = 1\n")
    assert not is_untouched(whole(tree))
