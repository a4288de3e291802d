"""Loops on sessions at the top of a notebook: cells in order are a program, and may run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.test_notebooks import notebook, rewritten_with, sources_of

IMPORTS = "import numpy as np\nimport tensorflow as tf\nimport tf_slim as slim"
NET = """\
def net(x):
    return slim.fully_connected(x, 2, activation_fn=None, scope='a')


def data(i):
    r = np.random.RandomState(i)
    return r.rand(4, 3).astype('float32'), r.randint(0, 2, 4)"""
FED = "# fed\nx = tf.placeholder(tf.float32, [None, 3])\ny = tf.placeholder(tf.int64, [None])"
LOSS = """\
loss = tf.reduce_mean(
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net(x)))"""
STEP = "# the optimizer\nstep = tf.train.GradientDescentOptimizer(0.5).minimize(loss)"
TRAIN = """\
%%time
# train
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(20):
        a, b = data(i % 2)
        _, value = sess.run([step, loss], {x: a, y: b})
    print('loss', value)"""
OPEN = "sess = tf.Session()\nsess.run(tf.global_variables_initializer())"
ON = """\
for i in range(20):
    a, b = data(i % 2)
    _, value = sess.run([step, loss], {x: a, y: b})
print('loss', value)"""
FIT = Options(training="fit")
MODEL = """\
model = FedModel(
    build_loss,
    x=tf.TensorSpec([None, 3], tf.float32),
    y=tf.TensorSpec([None], tf.int64),
)
"""
SGD = "model.compile(optimizer=keras.optimizers.SGD(0.5))"


def becomes(folder: Path, *sources: str) -> list[str]:
    return sources_of(rewritten_with(folder, FIT, *sources))


def test_the_model_is_made_in_the_cell_that_initializes_variables(tmp_path: Path) -> None:
    _, _, fed, loss, step, train = becomes(tmp_path, IMPORTS, NET, FED, LOSS, STEP, TRAIN)
    assert fed == "# fed"
    assert loss.startswith("def build_loss(x, y):\n    loss = ")
    assert loss.endswith("    return loss")
    assert step.strip() == "# the optimizer"
    assert train.startswith(f"%%time\n{MODEL}{SGD}\n# train\nfor i in range(20):\n")
    assert "sess" not in train


def test_an_optimizer_of_its_own_goes_with_the_model(tmp_path: Path) -> None:
    made = "# SGD\nsgd = tf.train.GradientDescentOptimizer(0.5)"
    step = "step = sgd.minimize(loss)"
    *_, made, step, train = becomes(tmp_path, IMPORTS, NET, FED, LOSS, made, step, TRAIN)
    assert (made.strip(), step.strip()) == ("# SGD", "")
    new = "sgd = keras.optimizers.SGD(0.5)\nmodel.compile(optimizer=sgd)"
    assert train.startswith(f"%%time\n{MODEL}{new}\n# train\n")


def test_a_variable_of_the_loss_is_the_models(tmp_path: Path) -> None:
    """TensorFlow's own would be made anew in each trace, which raises."""
    loss = (
        "w = tf.Variable(tf.ones([3]))\nloss = tf.reduce_sum(x * w) + tf.reduce_sum(tf.to_float(y))"
    )
    *_, loss, _, _ = becomes(tmp_path, IMPORTS, NET, FED, loss, STEP, TRAIN)
    assert "    w = tf_variable(tf.ones([3]))\n" in loss


def test_a_loop_in_one_cell_is_as_in_a_file(tmp_path: Path) -> None:
    *_, whole = becomes(tmp_path, IMPORTS, NET, "\n".join((FED, LOSS, STEP, TRAIN[7:])))
    assert f"{MODEL}# the optimizer\n{SGD}\n" in whole


def test_a_cell_that_trains_on_goes_on(tmp_path: Path) -> None:
    *_, opened, on, again = becomes(tmp_path, IMPORTS, NET, FED, LOSS, STEP, OPEN, ON, ON)
    assert opened == f"{MODEL}{SGD}"
    assert on == again
    assert 'model.train_on_batch({"x": a, "y": b})' in on


STAY = {
    "its optimizer would keep its state where the cell runs again": (
        FED, LOSS, "adam = tf.train.AdamOptimizer(0.5)\nstep = adam.minimize(loss)", TRAIN,
        "print(adam)",
    ),
    "variables are initialized in a cell before that of the optimizer": (
        FED, LOSS, OPEN, STEP, ON,
    ),
    "it needs variables in a cell before they are initialized": (
        FED, LOSS, f"{STEP}\nsaver = tf.train.Saver()",
        f"{TRAIN}\n    saver.save(sess, '/tmp/a')",
    ),
    "rate() may be another where variables are initialized": (
        "def rate():\n    return 0.5", FED, LOSS, STEP.replace("0.5", "rate()"), TRAIN,
    ),
    "rate may be another where variables are initialized": (
        "rate = 0.5", FED, LOSS, STEP.replace("0.5", "rate"), "rate = 0.1", TRAIN,
    ),
    "x is used for something else": (FED, LOSS, STEP, TRAIN, "print(x.shape)"),
    "sess is used for something else": (FED, LOSS, STEP, OPEN, ON, "%timeit f(sess)"),
}  # fmt: skip


@pytest.mark.parametrize("reason", STAY)
def test_what_another_run_of_a_cell_would_show_stays(tmp_path: Path, reason: str) -> None:
    result = rewritten_with(tmp_path, FIT, IMPORTS, NET, *STAY[reason])
    assert any(reason in note for note in result.report.notes), result.report.notes
    assert any("sess.run(" in source for source in sources_of(result))


RESTORED = "saver = tf.train.Saver()\nsess = tf.Session()\nsaver.restore(sess, '/tmp/a')"
FORWARD = "x = tf.placeholder(tf.float32, [None, 3])\ny = net(x)"
RUN = "print(sess.run(y, {x: data(0)[0]}))"


def test_a_network_that_is_restored_where_it_runs_predicts(tmp_path: Path) -> None:
    *_, last = becomes(tmp_path, IMPORTS, NET, FORWARD, f"{RESTORED}\n{RUN}")
    assert "restore_checkpoint(model, '/tmp/a')" in last
    assert "model.predict_on_batch(data(0)[0])" in last


def test_a_network_that_is_restored_in_another_cell_stays(tmp_path: Path) -> None:
    result = rewritten_with(tmp_path, FIT, IMPORTS, NET, FORWARD, RESTORED, RUN)
    assert any("restored in another cell than it runs in" in n for n in result.report.notes)


@pytest.mark.slow
def test_a_cell_that_trains_again_trains_anew(tmp_path: Path) -> None:
    """A kernel runs the cells, and that of the training once more."""
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    net = NET.replace("scope=", "weights_initializer=tf.ones_initializer(), scope=")
    result = rewritten_with(tmp_path, FIT, IMPORTS, net, FED, LOSS, STEP, TRAIN)
    *first, last = sources_of(result)
    for path, data in result.outputs.items():
        (tmp_path / path).write_bytes(data)
    content = notebook(*first, last, last)
    content["metadata"]["kernelspec"]["display_name"] = "Python 3"
    run = nbformat.reads(json.dumps(content), as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(run, timeout=300, kernel_name="python3", resources=resources).execute()
    said = [o.text for c in run.cells[-2:] for o in c.outputs if "loss" in o.get("text", "")]
    lines = [line for text in said for line in text.split("\n") if line.startswith("loss")]
    assert len(lines) == 2
    assert lines[0] == lines[1], "the second run began with trained weights"
