"""What has nothing to do for slimport is known before the rules and libcst are loaded."""

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from slimport.files.source import parse
from slimport.rewrite.tree import rewrite_tree
from slimport.rewrite.unconcerned import has_nothing_old

MIGRATED = """import keras
import tensorflow as tf
from scoped_layers import conv2d


def net(x):
    x = keras.layers.Conv2D(8, 3, padding="same", name="first")(x)
    return tf.reshape(conv2d(x, 8, 3), [-1, 8])
"""
LEGACY = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3)\n"


def _loaded(folder: Path, *options: str) -> set[str]:
    """The modules that a run loads."""
    code = (
        "import sys\nfrom slimport.cli import main\n"
        f"try:\n    main(['rewrite', '--check', '-q', {str(folder)!r}, *{list(options)!r}])\n"
        "except SystemExit as end:\n    print(end.code, *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, *names = done.stdout.split()
    assert status == "0"
    return set(names)


def test_a_migrated_tree_is_checked_without_rules_and_libcst(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(LEGACY)
    for path, data in rewrite_tree(tmp_path).outputs.items():
        (tmp_path / path).write_bytes(data)
    (tmp_path / "other.py").write_text(MIGRATED)
    names = _loaded(tmp_path / "other.py")
    assert not {n for n in names if n.split(".")[0] in ("libcst", "keras", "tensorflow", "numpy")}
    assert not {name for name in names if name.startswith("slimport.rules")}


def test_matchers_take_long_to_load() -> None:
    code = "import sys, slimport.rewrite.command, slimport.rewrite.registry as registry\n"
    code += "registry.all_rules()\nprint('libcst.matchers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "text",
    [
        LEGACY,
        "import tensorflow as tf\n\nx = tf.placeholder(tf.float32, [1])\n",
        "import tensorflow.compat.v1 as tf\n\n\nwith tf.Session() as session:\n    pass\n",
        "import tensorflow as tf\n# TODO(slimport): SLIM360 something is left\n",
        "import tensorflow as tf  # slimport: ignore[SLIM100]\n",
        "from tensorflow.contrib import slim\n",
        "import tensorflow as tf\nslim = tf.contrib.slim\n",
        "import tensorflow as tf\n\nlayer = tf.layers.dense(tf.ones([1, 2]), 3)\n",
    ],
)
def test_what_may_concern_a_rule_is_left_to_the_rules(text: str) -> None:
    sources = {
        PurePosixPath(name): parse(Path(name), text.encode())
        for name, text in {"x.py": text, "y.py": MIGRATED}.items()
    }
    assert not has_nothing_old(sources)
    assert has_nothing_old({PurePosixPath("y.py"): sources[PurePosixPath("y.py")]})
