"""tf.train.Saver in programs with layers: one that refuses other shapes; elsewhere TensorFlow's."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.test_session_programs import rewritten
from tests.rewrite.tools import output, rewrite_program, transform

NET = """import tensorflow as tf
import tf_slim as slim


def net(x):
    return slim.conv2d(x, 4, 3)
"""
OWN = """import {module} as tf
{imports}

def main(_):
    saver = tf.train.Saver()
    with tf.Session() as session:
        saver.restore(session, 'model')
"""
KERAS = Options(target="keras")


def own(imports: str, module: str = "tensorflow", options: Options | None = None) -> str:
    sources = {"net.py": NET, "run.py": OWN.format(imports=imports, module=module)}
    if options is not None:
        return output(rewrite_program(sources, options), "run.py") or sources["run.py"]
    return rewritten(sources)["run.py"]


@pytest.mark.parametrize("module", ["tensorflow", "tensorflow.compat.v1"])
@pytest.mark.parametrize(
    ("imports", "holds_layers"),
    [
        ("import net\n", True),
        ("import importlib\nmodule = importlib.import_module('n' + 'et')\n", True),
        ("module = __import__('n' + 'et')\n", True),
        ("import os\n", False),
    ],
)
def test_files_that_share_a_program_with_layers(
    module: str, imports: str, holds_layers: bool
) -> None:
    text = own(imports, module)
    assert ("saver = Saver()" in text) == holds_layers
    assert ("from scoped_layers import Saver\n" in text) == holds_layers
    assert ("tf.train.Saver" in text) != holds_layers


def test_a_tree_without_layers_keeps_tensorflow_s() -> None:
    source = OWN.format(
        imports="import importlib\nimportlib.import_module('x')\n", module="tensorflow"
    )
    assert "tf.train.Saver()" in rewritten({"run.py": source})["run.py"]


def test_without_sessions_it_stays() -> None:
    text = own("import net\n", options=KERAS)
    assert "tf.compat.v1.train.Saver()" in text
    source = (
        f"{NET}\n\ndef saved(x):\n    net(x)\n    return tf.train.Saver(slim.get_variables())\n"
    )
    assert "return Saver(get_variables())" in transform(source, KERAS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Saver = tf.train.Saver", "Saver = {}"),
        ("from tensorflow.train import Saver\nfound = Saver()",
         "from scoped_layers import Saver as scoped_Saver\n"),
        ("train = tf.train\nmake = train.Saver", "make = Saver"),
        ("save = tf.train.Saver.save", "save = Saver.save"),
        ("known = issubclass(type(1), tf.train.Saver)", None),
        ("saver = tf.train.import_meta_graph('m.meta')", "saver = import_meta_graph('m.meta')"),
        ("version = tf.train.SaverDef.V1", None),
        ("found = tf.train.Supervisor(None, None, 1, 1, 1, 1, 1, 1, 1, None)", None),
        ("found = tf.train.Supervisor(*[1])", "found = Supervisor(*[1])"),
        ("found = tf.train.Scaffold(saver=None)", "found = Scaffold(saver=None)"),
        ("found = tf.train.ChiefSessionCreator(tf.train.Scaffold())",
         "found = tf.train.ChiefSessionCreator(Scaffold())"),
        ("found = tf.train.SingularMonitoredSession([], scaffold=None)",
         "found = SingularMonitoredSession([], scaffold=None)"),
        ("found = tf.train.ChiefSessionCreator(None)", "found = ChiefSessionCreator(None)"),
        ("saver = None\nfound = tf.train.Scaffold(saver=saver)", "found = Scaffold(saver=saver)"),
        ("found = tf.train.MonitoredTrainingSession('', True, 'x', net.scaffold())",
         "found = MonitoredTrainingSession('', True, 'x', net.scaffold())"),
        ("found = tf.train.Supervisor(saver=tf.train.Supervisor.USE_DEFAULT)",
         "found = Supervisor(saver=tf.train.Supervisor.USE_DEFAULT)"),
    ],
)  # fmt: skip
def test_forms(before: str, after: str | None) -> None:
    source = f"import tensorflow as tf\nimport net\n{before}\nsession = tf.Session()\n"
    text = rewritten({"net.py": NET, "run.py": source})["run.py"]
    if after is None:
        assert before in text
        assert "scoped_layers" not in text
    elif "{}" in after:
        name = text.partition("from scoped_layers import Saver as ")[2].partition("\n")[0]
        assert after.format(name) in text
    else:
        assert after in text


TRAIN = """import tensorflow as tf
import tf_slim as slim


def net(x):
    return slim.fully_connected(x, 1, scope='fc')


def train(x, y, folder, start):
    with tf.Graph().as_default():
        predictions = net(tf.constant(x))
        tf.losses.mean_squared_error(tf.constant(y), predictions)
        loss = tf.losses.get_total_loss()
        {statement}
        train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
        slim.learning.train(train_op, folder, number_of_steps=10)
"""


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "tf.train.init_from_checkpoint(start, {'fc/': 'fc/'})",
            "    with model.layer_graph():\n        init_from_checkpoint(start, {'fc/': 'fc/'})\n",
        ),
        (
            "saver = tf.train.Saver(slim.get_variables_to_restore(['fc']))",
            "    with model.layer_graph():\n"
            "        saver = Saver(get_variables_to_restore(['fc']))\n",
        ),
    ],
)
def test_beside_the_loss_of_a_model(statement: str, expected: str) -> None:
    text = rewritten({"run.py": TRAIN.format(statement=statement)})["run.py"]
    assert "model = LossModel(build_loss)" in text
    assert expected in text


def test_variables_made_after_they_were_to_start_from_a_checkpoint() -> None:
    source = TRAIN.format(statement="other = slim.conv2d(x, 3, 1, scope='fc/more')")
    early = "        tf.train.init_from_checkpoint(start, {'fc/': 'fc/'})\n"
    before = source.replace("        tf.losses.mean", f"{early}        tf.losses.mean")
    assert "LossModel" not in rewritten({"run.py": before})["run.py"]


RESTORE = "init_fn = slim.assign_from_checkpoint_fn(start, {})"
STEP = "step = slim.create_global_step()\n        "
ALL = "slim.get_variables_to_restore(exclude=['logits'])"
# What a graph has beside the model's variables would be restored with them.
BESIDE_THE_MODEL = {
    "the step": (STEP + RESTORE.format(ALL), ""),
    "the step in a scope": (STEP + "tf.train.init_from_checkpoint(start, {'/': '/'})", ""),
    "slots": ("pass", RESTORE.format(ALL)),
    "slots of a scope": ("pass", "tf.train.init_from_checkpoint(start, {'fc/': 'fc/'})"),
    "all": ("pass", RESTORE.format("slim.get_variables('fc')")),
    "all of a saver": ("pass", "restorer = tf.train.Saver(max_to_keep=1)"),
    "all of a function": (
        "pass",
        "def init_fn(session):\n"
        "            tf.train.Saver(slim.get_variables_to_restore()).restore(session, start)",
    ),
}
OF_THE_MODEL = {
    "no step yet": (RESTORE.format(ALL), ""),
    "no step": (
        STEP + "left_out = ['logits', 'global_step']\n        "
        "init_fn = slim.assign_from_checkpoint_fn(\n"
        "            start, slim.get_variables_to_restore(exclude=left_out))",
        "",
    ),
    "scopes": (STEP + RESTORE.format("slim.get_variables_to_restore(['fc'])"), ""),
    "a scope": (STEP + "tf.train.init_from_checkpoint(start, {'fc/': 'fc/'})", ""),
    "names": ("pass", "tf.train.init_from_checkpoint(start, {'fc/weights': 'fc/weights'})"),
    "model variables": ("pass", RESTORE.format("slim.get_model_variables()")),
}


@pytest.mark.parametrize("is_of_model", [True, False])
def test_the_step_and_slots_are_no_variables_of_a_model(is_of_model: bool) -> None:
    for name, (early, late) in (OF_THE_MODEL if is_of_model else BESIDE_THE_MODEL).items():
        source = TRAIN.format(statement=early).replace(
            "        slim.learning.train(", f"        {late}\n        slim.learning.train("
        )
        text = rewritten({"run.py": source})["run.py"]
        assert (".fit(\n" in text) == is_of_model, name


BY_HAND = """import tensorflow as tf
import tf_slim as slim


def train(batches, start):
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 1])
    hidden = slim.fully_connected(x, 3, scope='fc')
    {early}
    logits = slim.fully_connected(hidden, 1, scope='logits')
    loss = tf.losses.mean_squared_error(y, logits)
    {middle}
    train_op = tf.train.AdamOptimizer(0.01).minimize(loss)
    {late}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        {run}
        for inputs, wanted in batches:
            session.run(train_op, feed_dict={{x: inputs, y: wanted}})
"""
PARTS = {"early": "print(1)", "middle": "print(2)", "late": "print(3)", "run": "print(4)"}
OF_MODEL = RESTORE.format("slim.get_model_variables()")
OF_GRAPH = RESTORE.format("slim.get_variables_to_restore()")
INIT = "tf.train.init_from_checkpoint(start, {'/': '/'})"


@pytest.mark.parametrize(
    ("parts", "is_of_model"),
    [
        ({"late": OF_MODEL, "run": "init_fn(session)"}, True),
        ({"middle": OF_GRAPH, "run": "init_fn(session)"}, True),
        ({"middle": INIT}, True),
        # Of the first layer alone; and, where there is none yet, of nothing.
        ({"early": OF_MODEL, "run": "init_fn(session)"}, False),
        ({"early": INIT}, False),
        ({"late": OF_GRAPH, "run": "init_fn(session)"}, False),
        ({"late": INIT}, False),
        ({"late": "saver = tf.train.Saver()",
          "run": "saver.recover_last_checkpoints(saver.last_checkpoints)"}, True),
        *(
            ({"late": "saver = tf.train.Saver()", "run": use}, False)
            for use in (
                "saver.export_meta_graph(start)", "print(saver)", "restored = saver.restore",
                "saver.save(session, start, 3, 'latest')",
            )
        ),
        ({"middle": f"step = tf.train.create_global_step()\n    {INIT}"}, False),
    ],
)  # fmt: skip
def test_the_same_by_hand(parts: dict[str, str], is_of_model: bool) -> None:
    source = BY_HAND.format(**{**PARTS, **parts})
    text = rewritten({"run.py": source}, Options(training="fit"))["run.py"]
    assert (".train_on_batch(" in text) == is_of_model
