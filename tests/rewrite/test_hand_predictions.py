"""Sessions that restore a network and run it: what --training fit takes along, and what stays."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult
from tests.rewrite.tools import compiled, is_on_the_page, output, report, rewrite_program

HEAD = """import tensorflow as tf
import tf_slim as slim


def net(x, is_training=True):
    params = {'is_training': is_training}
    x = slim.fully_connected(x, 4, normalizer_fn=slim.batch_norm, normalizer_params=params)
    logits = slim.fully_connected(x, 2, activation_fn=None, scope='logits')
    return logits, {'Predictions': tf.nn.softmax(logits)}


def train_op(x):
    return tf.train.AdamOptimizer(0.1).minimize(x)


class Count(object):
    def __init__(self, x):
        self.build(x)

    def build(self, x):
        self.value = tf.assign(tf.Variable(0.0), tf.reduce_sum(x))


"""
PROGRAM = """def predict(batches, path, more=None):
    {first}
    x = tf.placeholder(tf.float32, [None, 4])
    flag = tf.placeholder(tf.bool, [])
    {second}
    {network}
    probabilities = tf.nn.softmax(logits)
    {third}
    {saver}
    {last}
    {session}
        {begin}
        {restore}
        for batch in batches:
            {run}
            {inner}
        {end}
"""
PARTS = {
    "network": "logits, ends = net(x, is_training=False)",
    "saver": "saver = tf.train.Saver()",
    "session": "with tf.Session() as sess:",
    "restore": "saver.restore(sess, path)",
    "run": "found = sess.run(probabilities, feed_dict={x: batch})",
}


def rewritten(training: str | None = "fit", **parts: str) -> TreeResult:
    names = ("first", "second", "third", "last", "begin", "inner", "end")
    lines = {**dict.fromkeys(names, "pass"), **PARTS, **parts}
    program = {"net.py": HEAD + PROGRAM.format(**lines)}
    result = rewrite_program(program, Options(training=training))
    assert not report(result, "net.py").error
    return result


def text_of(result: TreeResult) -> str:
    return compiled(result, "net.py")


# What is asked for, and a line that comes of it.
TAKEN = {
    "as it is": ({}, "found = model.predict_on_batch(batch)"),
    "restored": ({}, "restore_checkpoint(model, path)"),
    "a saver that is told all": (
        {"saver": "saver = tf.train.Saver(tf.global_variables(), max_to_keep=2)"},
        "restore_checkpoint(model, path)",
    ),
    "but a scope": (
        {"saver": "saver = tf.train.Saver(slim.get_variables_to_restore(exclude=['logits']))"},
        "restore_checkpoint(model, path, exclude=['logits'])",
    ),
    "a scope, by a list with a name": (
        {
            "third": "kept = slim.get_variables_to_restore(['logits'])",
            "saver": "saver = tf.train.Saver(kept)",
        },
        "restore_checkpoint(model, path, include=['logits'])",
    ),
    "averages": (
        {
            "third": "ema = tf.train.ExponentialMovingAverage(0.99)",
            "saver": "saver = tf.train.Saver(ema.variables_to_restore())",
        },
        "averages = AveragedVariables().variables_to_restore()",
    ),
    "averages with another name": (
        {
            "third": "ema = tf.train.ExponentialMovingAverage(0.99, name='Shadow')\n"
            "    shadows = ema.variables_to_restore()",
            "saver": "saver = tf.train.Saver(shadows)",
        },
        "averages = AveragedVariables(name='Shadow').variables_to_restore()",
    ),
    "a list of a model's variables": (
        {"saver": "saver = tf.train.Saver(tf.trainable_variables())"},
        "saver = ModelSaver(model, var_list=trainable_variables())",
    ),
    "but scopes that a name says": (
        {"saver": "saver = tf.train.Saver(slim.get_variables_to_restore(exclude=more))"},
        "saver = ModelSaver(model, var_list=get_variables_to_restore(exclude=more))",
    ),
    "a saver below a condition": (
        {
            "saver": "pass",
            "restore": "if path:\n            saver = tf.train.Saver()\n"
            "            saver.restore(sess, path)",
        },
        "restore_checkpoint(model, path)",
    ),
    "a function that restores": (
        {
            "saver": "init_fn = slim.assign_from_checkpoint_fn(path, slim.get_model_variables())",
            "restore": "init_fn(sess)",
        },
        "    init_fn()",
    ),
    "variables are initialized": (
        {"begin": "sess.run(tf.global_variables_initializer())"},
        "found = model.predict_on_batch(batch)",
    ),
    "local variables are initialized, too": (
        {
            "begin": "sess.run(tf.global_variables_initializer())\n"
            "        sess.run(tf.local_variables_initializer())"
        },
        "found = model.predict_on_batch(batch)",
    ),
    "a session that is not closed": (
        {"session": "sess = tf.Session()\n    if True:"},
        "found = model.predict_on_batch(batch)",
    ),
    "a part of what is built": (
        {"run": "found = sess.run(ends['Predictions'], {x: batch})"},
        "return ends['Predictions']",
    ),
    "a list": (
        {"run": "a, b = sess.run([logits, probabilities], feed_dict={x: batch})"},
        "a, b = model.predict_on_batch(batch)",
    ),
    "several runs": (
        {"end": "print(sess.run(logits, feed_dict={x: batches[0]}))"},
        'print(model.run_on_batch({"x": batches[0]}, "logits"))',
    ),
    "a placeholder that it does not need": (
        {
            "second": "y = tf.placeholder(tf.float32, [None, 2])",
            "third": "loss = tf.reduce_mean(tf.square(logits - y))",
        },
        'found = model.run_on_batch({"x": batch}, "probabilities")',
    ),
    "a tensor that evaluates itself": (
        {"run": "found = probabilities.eval(feed_dict={x: batch})"},
        "found = model.predict_on_batch(batch)",
    ),
    "a value by the tensor's name": (
        {"run": "probabilities = sess.run(probabilities, {x: batch})"},
        "probabilities = model.predict_on_batch(batch)",
    ),
    "a placeholder for training that is fed False": (
        {
            "network": "logits, ends = net(x, is_training=flag)",
            "run": "found = sess.run(probabilities, {x: batch, flag: False})",
        },
        'model.predict_on_batch({"x": batch, "flag": False})',
    ),
    "a dictionary with a name": (
        {"run": "feed = {x: batch}\n            found = sess.run(probabilities, feed)"},
        "found = model.predict_on_batch(feed)",
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_block_that_predicts_is_a_model(case: str) -> None:
    parts, line = TAKEN[case]
    result = rewritten(**parts)
    text = text_of(result)
    assert result.report.notes == [] and result.report.left == 0
    assert line in text
    for gone in ("Session", "placeholder", "sess", "tf.train", "initializer()"):
        assert gone not in text, text
    again = rewrite_program({"net.py": text}, Options(training="fit"))
    assert output(again, "net.py") is None


STAYS = {
    "nothing restores its variables": {"restore": "pass"},
    "is_training is True": {"network": "logits, ends = net(x, is_training=True)"},
    "is_training is True by default": {"network": "logits, ends = net(x)"},
    "its batch norm is in training mode": {
        "network": "logits, ends = slim.batch_norm(slim.fully_connected(x, 2)), {}",
        "first": "global net\n    net = None",
    },
    "its dropout is on": {"third": "probabilities = tf.nn.dropout(probabilities, 0.5)"},
    "tf.random_normal draws numbers in its graph": {
        "third": "probabilities += tf.random_normal([2])"
    },
    "flag may be fed True": {
        "network": "logits, ends = net(x, is_training=flag)",
        "run": "found = sess.run(probabilities, {x: batch, flag: True})",
    },
    "flag may be fed True ": {
        "network": "logits, ends = net(x, is_training=flag)",
        "run": "found = sess.run(probabilities, {x: batch, flag: more})",
    },
    "sess is used for something else": {"end": "more(sess)"},
    "probabilities is used for something else": {"end": "more(probabilities)"},
    "x is used for something else": {"end": "more(x)"},
    "more gets more with each run of the network": {"last": "more.append(x)"},
    "saver is used for more than to save and restore": {"end": "more(saver)"},
    "saver is used for more than to save and restore ": {
        "saver": "saver = tf.train.Saver(tf.trainable_variables())",
        "end": "more(saver)",
    },
    "the saver is told which variables it saves": {"saver": "saver = tf.train.Saver(more)"},
    "the saver is told which variables it saves ": {
        "saver": "saver = tf.train.Saver({'a': tf.trainable_variables()[0]})"
    },
    "what the saver is told has no equal": {"saver": "saver = tf.train.Saver(reshape=True)"},
    "it saves variables, or uses what the saver gives": {"end": "saver.save(sess, path)"},
    "variables are made after others are looked up": {
        "second": "saver = tf.train.Saver()",
        "saver": "pass",
    },
    "variables are made after others are looked up ": {
        "second": "init_fn = slim.assign_from_checkpoint_fn(path, slim.get_model_variables())",
        "restore": "init_fn(sess)",
    },
    "variables are initialized again": {"end": "sess.run(tf.global_variables_initializer())"},
    "a run asks for what needs more than it is fed": {
        "network": "logits, ends = net(x, is_training=flag)"
    },
    "a run asks for what is not made of what is fed": {
        "run": "found = sess.run(more, feed_dict={x: batch})"
    },
    "what it runs is not a list of names": {
        "run": "found = sess.run({'a': probabilities}, feed_dict={x: batch})"
    },
    "what it runs is not a list of names ": {
        "run": "found = sess.run('Softmax:0', feed_dict={x: batch})"
    },
    "what it feeds is not a dictionary of placeholders' names": {
        "run": "found = sess.run(probabilities, feed_dict={'Placeholder:0': batch})"
    },
    "not every placeholder is fed, or another tensor is": {
        "run": "found = sess.run(probabilities, feed_dict={x: batch, logits: more})"
    },
    "a run is told more than what to feed": {
        "run": "found = sess.run(probabilities, {x: batch}, options=more)"
    },
    "there is not one session": {"last": "other = tf.Session()"},
    "tf.placeholder is no statement of its own": {
        "first": "if more:\n        y = tf.placeholder(tf.float32)"
    },
    "tf.py_func needs a graph": {
        "third": "probabilities = tf.py_func(more, [probabilities], tf.float32)"
    },
    "tf.assign needs a graph": {
        "third": "count = tf.assign(tf.Variable(0.0), 1.0)"
    },
    "a function that it calls trains": {"third": "train = train_op(probabilities)"},
    "tf.assign needs a graph ": {"third": "count = Count(logits).value"},
    "tf.gradients needs a graph": {"third": "slopes = tf.gradients(logits, x)"},
    "tf.metrics.mean needs a graph": {"third": "mean, update = tf.metrics.mean(logits)"},
    "tf.get_default_graph needs a graph": {
        "third": "top = tf.get_default_graph().get_tensor_by_name('Softmax:0')"
    },
    "it makes tensors beside the network": {"inner": "print(tf.nn.softmax(found))"},
    "it writes summaries": {"inner": "writer = tf.summary.FileWriter(path)"},
    "more changes after the network is built": {
        "third": "logits = logits + more", "last": "more = 2",
    },
    "size gets another value": {
        "first": "size = 2",
        "third": "size = tf.constant(size) + 1\n    logits = logits * tf.to_float(size)",
    },
    "x changes after the network is built": {"inner": "x = batch"},
    "more gets another value": {
        "third": "more = tf.constant(more) + 1.0\n    logits = logits * more",
    },
    "tf.import_graph_def needs a graph": {
        "network": "logits, = tf.import_graph_def(more, {'x': x}, ['l:0'])"
    },
}  # fmt: skip


@pytest.mark.parametrize("reason", STAYS)
def test_what_has_no_equal_stays(reason: str) -> None:
    result = rewritten(**STAYS[reason])
    text = text_of(result)
    assert "PredictionModel" not in text and "_on_batch" not in text
    (note,) = result.report.notes
    assert note.startswith("net.py:") and note.endswith(f"session stays: {reason.strip()}")
    assert is_on_the_page(reason.strip(), "SLIM295")


def test_it_stays_without_the_option() -> None:
    result = rewritten(training=None)
    assert "PredictionModel" not in text_of(result) and result.report.notes == []


def test_code_without_variables_is_not_mentioned() -> None:
    code = """import tensorflow as tf


def decode(data):
    text = tf.placeholder(tf.string)
    image = tf.image.decode_png(text)
    with tf.Session() as sess:
        return sess.run(image, {text: data})
"""
    result = rewrite_program({"net.py": code}, Options(training="fit"))
    assert result.report.notes == []
