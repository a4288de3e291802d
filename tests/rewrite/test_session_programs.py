"""Graph-and-session programs: names of TF 1 kept, eager execution off where one starts."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.tools import check_noop, output, report, rewrite_program, transform

V1 = "import tensorflow.compat.v1 as tf\n"
OFF = "tf.disable_v2_behavior()\n"
NET = """import tensorflow as tf
import tf_slim as slim


def net(x):
    y = slim.conv2d(x, 4, 3)
    return tf.where(y > 0, y, tf.log(y))
"""
TRAIN = """import tensorflow as tf
import net


def main(_):
    with tf.Session() as session:
        session.run(net.net(tf.placeholder(tf.float32, [1, 8, 8, 3])))


if __name__ == '__main__':
    tf.app.run()
"""
GUARDED = "if __name__ == '__main__':\n    tf.disable_v2_behavior()\n"


def rewritten(sources: dict[str, str], options: Options | None = None) -> dict[str, str]:
    """New text by file; a second run changes nothing."""
    result = rewrite_program(sources, options)
    assert not [file.error for file in result.report.files if file.error]
    texts = {name: output(result, name) or source for name, source in sources.items()}
    again = rewrite_program(texts, options)
    assert {name: output(again, name) for name in texts} == dict.fromkeys(texts)
    return texts


def test_all_files_that_the_program_runs_keep_their_names() -> None:
    texts = rewritten({"net.py": NET, "train.py": TRAIN})
    assert texts["net.py"].startswith(V1)
    assert "return tf.where(y > 0, y, tf.log(y))" in texts["net.py"]
    assert OFF not in texts["net.py"]
    assert texts["train.py"] == TRAIN.replace("import tensorflow as tf\n", V1).replace(
        "if __name__ == '__main__':\n", GUARDED
    )


def test_a_helper_without_names_of_tf_1_follows_its_program() -> None:
    helper = "import tensorflow as tf\n\n\ndef mask(x):\n    return tf.where(x > 0, x, -x)\n"
    net = NET.replace("import tf_slim", "import helper\nimport tf_slim")
    texts = rewritten({"net.py": net, "helper.py": helper})
    assert "tf.compat.v1.where(x > 0, x, -x)" in texts["helper.py"]
    texts = rewritten({"net.py": net, "helper.py": helper, "train.py": TRAIN})
    assert texts["helper.py"] == helper.replace("import tensorflow as tf\n", V1)


def test_a_helper_of_tensorflow_2_stays() -> None:
    helper = (
        "import tensorflow as tf\n\n\ndef mask(x):\n    return tf.where(tf.nn.gelu(x) > 0, x, -x)\n"
    )
    net = NET.replace("import tf_slim", "import helper\nimport tf_slim")
    assert rewritten({"net.py": net, "helper.py": helper})["helper.py"] == helper


SIZES = """import tensorflow as tf
import tf_slim as slim


def net(x):
    {size}
    y = slim.conv2d(x, 4, 3)
    return tf.image.resize_bilinear(y, [int(height / 2), 4])
"""


@pytest.mark.parametrize(
    "size", ["height = x.get_shape()[1].value", "_, height, _, _ = x.get_shape().as_list()"]
)
def test_sizes_are_numbers_from_the_start(size: str) -> None:
    """Not from the first layer on: TensorFlow 1's objects are no numbers to divide."""
    texts = rewritten({"net.py": SIZES.format(size=size), "train.py": TRAIN})
    both = "    tf.disable_v2_behavior()\n    tf.enable_v2_tensorshape()\n    tf.app.run()\n"
    assert texts["train.py"].endswith(both)
    above = TRAIN.partition("if __name__")[0].replace("def main(_):", "if True:") + "\nx = 1\n"
    texts = rewritten({"net.py": SIZES.format(size=size), "train.py": above})
    assert "tf.disable_v2_behavior()\ntf.enable_v2_tensorshape()\n" in texts["train.py"]


STARRED = TRAIN.replace("import net\n", "import net\nfrom helper import *\n")
HELPER = "import tensorflow as tf\n\n\ndef more(x):\n    return tf.expand_dims(x, 0)\n"


@pytest.mark.parametrize(
    "helpers",
    [{"helper.py": HELPER}, {"inner.py": HELPER, "helper.py": "from inner import *\n"}],
    ids=["at once", "through another"],
)
def test_a_star_brings_the_same_tensorflow(helpers: dict[str, str]) -> None:
    """After ``from helper import *`` `tf` is what it is there, and sessions run in TF 1's."""
    texts = rewritten({"net.py": NET, "train.py": STARRED, **helpers})
    assert V1 in texts["train.py"]
    name = next(iter(helpers))
    assert texts[name] == HELPER.replace("import tensorflow as tf\n", V1)


def test_a_star_of_tensorflow_2_leaves_both_their_names() -> None:
    helper = HELPER.replace("expand_dims(x, 0)", "nn.gelu(x)")
    texts = rewritten({"net.py": NET, "train.py": STARRED, "helper.py": helper})
    assert texts["helper.py"] == helper
    assert "tf.compat.v1.disable_v2_behavior()\n    tf.compat.v1.app.run()" in texts["train.py"]


@pytest.mark.parametrize(
    "helper",
    [
        HELPER + "__all__ = ['more']\n",
        HELPER.replace("tf", "tensorflow").replace(" as tensorflow", ""),
    ],
    ids=["all", "another name"],
)
def test_a_star_without_the_name_binds_nothing_again(helper: str) -> None:
    texts = rewritten({"net.py": NET, "train.py": STARRED, "helper.py": helper})
    assert V1 in texts["train.py"] and texts["helper.py"] == helper


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import tensorflow as tf", "import tensorflow.compat.v1 as tf"),
        ("import os, tensorflow as tf", "import os, tensorflow.compat.v1 as tf"),
        (
            "import tensorflow\ntf = tensorflow",
            "import tensorflow.compat.v1 as tensorflow\ntf = tensorflow",
        ),
        (
            "from tensorflow import flags\nimport tensorflow as tf",
            "from tensorflow.compat.v1 import flags\nimport tensorflow.compat.v1 as tf",
        ),
        (
            "try:\n    import tensorflow as tf\nexcept ImportError:\n    raise",
            "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    raise",
        ),
        (
            "from tensorflow.python.framework import ops\nimport tensorflow as tf",
            "from tensorflow.python.framework import ops\nimport tensorflow.compat.v1 as tf",
        ),
        (
            "from tensorflow import keras\nimport tensorflow as tf",
            "from tensorflow import keras\nimport tensorflow.compat.v1 as tf",
        ),
        (
            "from tensorflow.train import AdamOptimizer as Adam, Saver\nimport tensorflow as tf",
            "from tensorflow.compat.v1.train import AdamOptimizer as Adam, Saver\n"
            "import tensorflow.compat.v1 as tf",
        ),
        (
            "import tensorflow.gfile as gfile, os\nimport tensorflow as tf",
            "import tensorflow.compat.v1.gfile as gfile, os\nimport tensorflow.compat.v1 as tf",
        ),
        (
            "import tensorflow.train\ntf = tensorflow",
            "import tensorflow.compat.v1 as tensorflow\ntf = tensorflow",
        ),
        (
            "from tensorflow.nn import relu\nimport tensorflow as tf",
            "from tensorflow.nn import relu\nimport tensorflow.compat.v1 as tf",
        ),
        (
            "from tensorflow.keras.layers import Dense\nimport tensorflow as tf",
            "from tensorflow.keras.layers import Dense\nimport tensorflow.compat.v1 as tf",
        ),
    ],
)  # fmt: skip
def test_each_way_to_import_tensorflow(before: str, after: str) -> None:
    use = "\n\n\ndef run():\n    return tf.Session().run(tf.log(1.0))\n"
    assert transform(before + use) == after + use


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf\n\nsession = tf.Session()\nop = tf.compat.v1.log(1.0)\n",
        "import tensorflow as tf\nimport tensorflow.compat.v1 as tf1\n\nsession = tf.Session()\n",
        "import tensorflow as tf\n\nsession = tf.Session()\nop = tf.python.ops.math_ops.log(1.0)\n",
        "import tensorflow as tf\n\nsession = tf.Session()\ntf.random.set_seed(1)\n",
    ],
)
def test_a_file_that_mixes_is_renamed_symbol_by_symbol(source: str) -> None:
    text = transform(source)
    assert text.startswith("import tensorflow as tf\n")
    assert "session = tf.compat.v1.Session()" in text
    check_noop(text)


def test_a_helper_beside_files_that_know_both_stays() -> None:
    helper = "import tensorflow as tf\n\n\ndef mask(x):\n    return tf.where(x > 0, x, -x)\n"
    both = "import tensorflow.compat.v1 as tf\n\n\ndef go():\n    return tf.placeholder(tf.int32)\n"
    net = NET.replace("import tf_slim", "import helper\nimport both\nimport tf_slim")
    texts = rewritten({"net.py": net, "helper.py": helper, "both.py": both, "train.py": TRAIN})
    assert (texts["helper.py"], texts["both.py"]) == (helper, both)


def test_a_name_of_compat_v1_below_itself() -> None:
    source = "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n\n\n"
    use = "def step():\n    return {}get_or_create_global_step()\n"
    text = transform(source + use.format("slim."))
    assert text == "import tensorflow.compat.v1 as tf\n\n\n" + use.format("tf.train.")


def test_a_file_that_was_upgraded_already_keeps_its_import() -> None:
    net = """import tensorflow as tf
from tensorflow.contrib import slim


def net(x):
    with tf.compat.v1.variable_scope('net'):
        return tf.nn.relu(slim.conv2d(x, 4, 3))
"""
    text = rewritten({"net.py": net, "train.py": TRAIN})["net.py"]
    assert "compat.v1" not in text


def test_scopes_by_their_inner_module_stay_where_no_layers_are() -> None:
    metrics = """import tensorflow as tf
from tensorflow.python.ops import variable_scope


def count(values):
    with variable_scope.variable_scope(None, 'count', [values]):
        return tf.get_local_variable('n', [], initializer=tf.zeros_initializer())
"""
    train = TRAIN.replace("import net\n", "import net\nimport metrics\n")
    text = rewritten({"net.py": NET, "metrics.py": metrics, "train.py": train})["metrics.py"]
    assert text == metrics.replace("import tensorflow as tf\n", V1)


def test_sessions_left_behind() -> None:
    texts = rewritten({"net.py": NET, "train.py": TRAIN}, Options(target="keras"))
    assert "disable_v2_behavior" not in texts["train.py"]
    before, _, after = texts["train.py"].partition("with tf.Session()")
    assert after and "TODO(slimport): SLIM316 tf.Session" in before
    again = rewritten(texts, Options(target="keras"))
    assert again["train.py"] == texts["train.py"]


@pytest.mark.parametrize(
    "opened",
    [
        "tf.InteractiveSession()",
        "tf.train.MonitoredTrainingSession(checkpoint_dir='/tmp/logs')",
        "tf.train.SingularMonitoredSession()",
        "tf.train.MonitoredSession()",
        "tf.train.Supervisor(logdir='/tmp/logs').managed_session()",
    ],
)
def test_each_kind_of_session_left_behind(opened: str) -> None:
    source = (
        f"import tensorflow as tf\nimport net\n\nlogits = net.net(tf.ones([1, 8]))\ns = {opened}\n"
    )
    files = {"net.py": NET, "use.py": source}
    api = opened.split("(")[0]
    assert f"SLIM316 {api}: a session" in rewritten(files, Options(target="keras"))["use.py"]
    assert "SLIM316" not in rewritten(files)["use.py"]


def test_a_program_without_sessions() -> None:
    text = rewritten({"net.py": NET})["net.py"]
    assert "compat.v1 as tf" not in text
    assert "tf.compat.v1.where(y > 0, y, tf.math.log(y))" in text


# Where a program starts -----------------------------------------------------------------------


def test_the_start_may_only_call() -> None:
    start = "import train\n\nif __name__ == '__main__':\n    train.main(1)\n"
    text = rewritten({"net.py": NET, "train.py": TRAIN, "start.py": start})["start.py"]
    assert text == (
        "import train\nimport tensorflow.compat.v1 as tf\n\n"
        "if __name__ == '__main__':\n    tf.disable_v2_behavior()\n    train.main(1)\n"
    )


def test_a_start_on_one_line() -> None:
    source = TRAIN.replace(":\n    tf.app.run()", ": tf.app.run()")
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert "if __name__ == '__main__': tf.disable_v2_behavior(); tf.app.run()\n" in text


def test_a_file_that_makes_tensors_as_it_loads_starts_after_its_imports() -> None:
    source = TRAIN.replace("import net\n", "import net\n\nSTEP = tf.Variable(0)\n")
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert text.startswith(V1 + "import net\n\n" + OFF + "\nSTEP")


def test_a_file_that_imports_such_a_one_starts_before() -> None:
    net = NET + "\n\nSTEP = tf.Variable(0)\n"
    text = rewritten({"net.py": net, "train.py": TRAIN})["train.py"]
    assert text.startswith(V1 + OFF + "import net\n")


def test_flags_and_initializers_are_no_tensors() -> None:
    source = TRAIN.replace(
        "import net\n",
        "import net\n\ntf.app.flags.DEFINE_integer('steps', 1, '')\n"
        "ONES = tf.ones_initializer()\ntf.logging.set_verbosity(tf.logging.INFO)\n",
    )
    assert GUARDED in rewritten({"net.py": NET, "train.py": source})["train.py"]


def test_a_test_is_imported_by_its_runner() -> None:
    source = """import tensorflow as tf
import net


class NetTest(tf.test.TestCase):
    def test_net(self):
        with self.test_session():
            net.net(tf.placeholder(tf.float32, [1, 8, 8, 3]))


if __name__ == '__main__':
    tf.test.main()
"""
    text = rewritten({"net.py": NET, "net_test.py": source})["net_test.py"]
    assert text.startswith(V1 + "import net\n\n" + OFF + "\n\nclass")


@pytest.mark.parametrize(
    "start",
    [
        "main(None)",
        "tf.app.run()",
        "tf.app.run(main=main)",
        "if '__main__' == __name__:\n    main(None)",
        "class Trainer:\n    def __init__(self):\n        main(self)\n\n\ntrainer = Trainer()",
    ],
)
def test_a_program_without_a_guard_starts_as_it_loads(start: str) -> None:
    source = TRAIN.partition("if __name__")[0] + start + "\n"
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert text.startswith(V1 + "import net\n\n" + OFF)


def test_a_library_that_calls_others_of_its_functions_turns_nothing_off() -> None:
    source = TRAIN.partition("if __name__")[0]
    source += "def name_of(kind):\n    return kind + '_net'\n\n\nNAME = name_of('plain')\n"
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert "disable_v2_behavior" not in text


def test_a_library_of_functions_turns_nothing_off() -> None:
    source = TRAIN.partition("\n\nif __name__")[0]
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert "disable_v2_behavior" not in text


def test_a_script_beside_that_needs_no_session() -> None:
    source = "import net\n\nif __name__ == '__main__':\n    print(net.__doc__)\n"
    assert rewritten({"net.py": NET, "train.py": TRAIN, "doc.py": source})["doc.py"] == source


@pytest.mark.parametrize(
    "choice",
    ["tf.enable_eager_execution()", "tf.disable_eager_execution()", "tf.disable_v2_behavior()"],
)
def test_the_author_chose(choice: str) -> None:
    source = TRAIN.replace("import net\n", f"import net\n\n{choice}\n")
    text = rewritten({"net.py": NET, "train.py": source})["train.py"]
    assert text == source.replace("import tensorflow as tf\n", V1)


def test_who_wrote_compat_v1_has_chosen() -> None:
    source = TRAIN.replace("import tensorflow as tf\n", V1)
    assert rewritten({"net.py": NET, "train.py": source})["train.py"] == source


def test_what_another_script_chooses_below_its_guard_is_its_own() -> None:
    other = TRAIN.replace("    tf.app.run()", "    tf.disable_v2_behavior()\n    tf.app.run()")
    source = "import train\n" + TRAIN
    texts = rewritten({"net.py": NET, "train.py": other, "again.py": source})
    assert GUARDED in texts["again.py"]


def test_the_report_names_both() -> None:
    result = rewrite_program({"net.py": NET, "train.py": TRAIN})
    found = [r for r in report(result, "train.py").rewritten if r.code == "SLIM311"]
    assert [(r.line, bool(r.note)) for r in found] == [(1, False), (10, True)]


def test_a_symbol_that_tensorflow_lost_altogether_is_marked() -> None:
    source = TRAIN.replace("session.run(net", "tf.unheard_of()\n        session.run(net")
    result = rewrite_program({"net.py": NET, "train.py": source})
    assert [left.api for left in report(result, "train.py").left] == ["tf.unheard_of"]
