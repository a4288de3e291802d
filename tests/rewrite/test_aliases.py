"""Names of the author's own for modules of TensorFlow 1: ``flags = tf.app.flags``."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.tools import output, report, rewrite_program, transform

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n"
NET = "\n\ndef net(x):\n    return slim.conv2d(x, 4, 3)\n"


@pytest.mark.parametrize(
    ("lines", "after"),
    [
        (
            "flags = tf.app.flags\nflags.DEFINE_string('a', 'b', 'c')\nFLAGS = flags.FLAGS\n",
            "flags = tf.compat.v1.app.flags\nflags.DEFINE_string('a', 'b', 'c')\n"
            "FLAGS = flags.FLAGS\n",
        ),
        (
            "log = tf.logging  # ours\nlog.set_verbosity(log.INFO)\n",
            "log = tf.compat.v1.logging  # ours\nlog.set_verbosity(log.INFO)\n",
        ),
    ],
)
def test_the_name_stays(lines: str, after: str) -> None:
    assert after in transform(HEAD + lines + NET)


@pytest.mark.parametrize(
    ("lines", "after"),
    [
        # TensorFlow 2 has `tf.image`, without some of it.
        ("im = tf.image\nim.resize_bilinear, im.flip_left_right\n", "tf.compat.v1.image.resize_bi"),
        ("nn = tf.nn\ndo = nn.relu\n", "do = keras.ops.relu\n"),
        ("io = tf.gfile\nio = io or None\nio.Exists('a')\n", "io = io or None\nio.Exists('a')\n"),
    ],
)
def test_the_name_goes_or_is_not_ours(lines: str, after: str) -> None:
    assert after in transform(HEAD + lines + NET)


def test_a_name_that_leads_to_compat_already() -> None:
    line = "flags = tf.compat.v1.app.flags\nflags.DEFINE_string('a', 'b', 'c')\n"
    assert line in transform(HEAD + line + NET)
    assert line in transform(HEAD + line + NET + "\n\nprint(tf.train.Saver())\n")


def test_a_name_that_another_file_imports_goes() -> None:
    source = HEAD + "flags = tf.app.flags\nflags.DEFINE_string('a', 'b', 'c')\n" + NET
    user = "from net import flags\nprint(flags.FLAGS)\n"
    result = rewrite_program({"net.py": source, "user.py": user}, Options(target="keras"))
    assert not report(result, "net.py").error
    text = output(result, "net.py") or ""
    assert "tf.compat.v1.app.flags.DEFINE_string('a', 'b', 'c')" in text


def test_it_is_in_the_report() -> None:
    source = "import tensorflow as tf\n\nlog = tf.logging\nlog.info('a')\n"
    result = rewrite_program({"net.py": source})
    found = report(result, "net.py").rewritten
    assert [(item.line, item.api, item.code) for item in found] == [(3, "tf.logging", "SLIM310")]


CONFIG = "import tensorflow as tf\n\ncfg = tf.app.flags.FLAGS\n"


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("from config import cfg", "cfg.size"),
        ("from config import *", "cfg.size"),
        ("import config", "config.cfg.size"),
        ("from config import cfg as c", "getattr(c, 'size')"),
    ],
)
def test_flags_of_another_file_keep_its_name(line: str, size: str) -> None:
    net = f"{HEAD}{line}\n\n\ndef net(x):\n    return slim.conv2d(x, {size}, 3) + {size}\n"
    result = rewrite_program({"config.py": CONFIG, "net.py": net})
    assert "cfg = tf.compat.v1.app.flags.FLAGS" in (output(result, "config.py") or "")
    after = output(result, "net.py") or ""
    assert line in after and after.count(size) == 2 and "flags" not in after


def test_flags_of_tensorflow_of_another_file_move() -> None:
    net = "from config import tf\n\n\ndef size():\n    return tf.app.flags.FLAGS.size\n"
    result = rewrite_program({"config.py": CONFIG, "net.py": HEAD + NET + net})
    assert ".compat.v1.app.flags.FLAGS.size" in (output(result, "net.py") or "")


def test_the_list_of_a_scope_by_its_keyword() -> None:
    done = transform("""
    import tf_slim as slim


    def net(x, stride):
        with slim.arg_scope(list_ops_or_scope=[slim.conv2d], stride=stride):
            return slim.repeat(x, 2, slim.conv2d, 8, 3)
    """)
    assert "layer_defaults(ops_or_defaults=[conv2d], stride=stride)" in done
