"""Loops that feed placeholders: what --training fit takes along, and what stays on its session."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult
from tests.rewrite.tools import compiled, is_on_the_page, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """def train(batches, path):
    {first}
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 1])
    {fed}
    logits = slim.fully_connected(x, 1, activation_fn=None)
    {second}
    loss = tf.reduce_mean(tf.square(logits - y))
    {third}
    {operation}
    {saver}
    with tf.Session({config}) as sess:
        {begin}
        for step, (a, b) in enumerate(batches):
            {run}
            {inner}
        {end}
    {last}
"""
PARTS = {
    "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
    "begin": "sess.run(tf.global_variables_initializer())",
    "run": "_, value = sess.run([train_op, loss], feed_dict={x: a, y: b})",
    "config": "",
}


def rewritten(head: str = HEAD, training: str | None = "fit", **parts: str) -> TreeResult:
    names = ("first", "fed", "second", "third", "saver", "inner", "end", "last")
    lines = {**dict.fromkeys(names, "pass"), **PARTS, **parts}
    result = rewrite_program({"net.py": head + PROGRAM.format(**lines)}, Options(training=training))
    assert not report(result, "net.py").error
    return result


def text_of(result: TreeResult) -> str:
    return compiled(result, "net.py")


TRAINS = {
    "a step that nobody reads": {"first": "step_of = tf.train.get_or_create_global_step()"},
    "an early saver": {
        "third": "saver = tf.train.Saver()", "inner": "saver.save(sess, path)",
    },
    "the loss by another name, below the operation": {
        "saver": "half = loss / 2.0", "run": "_, value = sess.run([train_op, half], {x: a, y: b})",
    },
    "as it is": {},
    "its own initializer": {
        "saver": "init = tf.global_variables_initializer()", "begin": "sess.run(init)",
    },
    "two initializers": {
        "begin": "sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])"
    },
    "a group of them": {
        "saver": "init = tf.group(tf.global_variables_initializer(),"
        " tf.local_variables_initializer())",
        "begin": "sess.run(init)",
    },
    "an initializer that runs itself": {"begin": "tf.global_variables_initializer().run()"},
    "one by name that does": {
        "saver": "init = tf.global_variables_initializer()", "begin": "init.run()",
    },
    "settings": {"config": "config=tf.ConfigProto(allow_soft_placement=True)"},
    "settings by name": {"first": "config = tf.ConfigProto()", "config": "config=config"},
    "an optimizer by name": {
        "operation": "adam = tf.train.AdamOptimizer(0.1)\n    train_op = adam.minimize(loss)"
    },
    "the operation alone": {"run": "sess.run(train_op, feed_dict={x: a, y: b})"},
    "a dictionary by place": {"run": "sess.run([train_op], {x: a, y: b})"},
    "a dictionary with a name": {
        "run": "feed = {x: a, y: b}\n            sess.run(train_op, feed_dict=feed)"
    },
    "the loss by name": {"run": "value, _ = sess.run((loss, train_op), {y: b, x: a})"},
    "a step": {
        "first": "step_of = tf.train.get_or_create_global_step()",
        "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step_of)",
    },
    "a step by name": {
        "first": "step_of = tf.get_variable('global_step', [], initializer="
        "tf.constant_initializer(0), trainable=False)",
        "operation": "rate = tf.train.exponential_decay(0.1, step_of, 5, 0.9)\n"
        "    train_op = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step_of)",
    },
    "a schedule": {
        "first": "step_of = tf.Variable(0, trainable=False)",
        "operation": "rate = tf.train.exponential_decay(0.1, step_of, 5, 0.9)\n"
        "    train_op = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step_of)",
    },
    "update operations": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
        "    with tf.control_dependencies(updates):\n"
        "        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
    },
    "update operations at once": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n"
        "        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
    },
    "update operations around the optimizer": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
        "    with tf.control_dependencies(updates):\n"
        "        adam = tf.train.AdamOptimizer(0.1)\n        train_op = adam.minimize(loss)",
    },
    "a group with updates": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
        "    op = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
        "    train_op = tf.group(op, *updates)",
    },
    "a group with a group": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "update = tf.group(*tf.get_collection(tf.GraphKeys.UPDATE_OPS))\n"
        "    op = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
        "    train_op = tf.group(op, update)",
    },
    "updates that each run asks for": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
        "    train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
        "run": "_, _, value = sess.run([train_op, updates, loss], feed_dict={x: a, y: b})",
    },
    "slim's operation": {
        "second": "logits = slim.batch_norm(logits)",
        "operation": "train_op = slim.learning.create_train_op("
        "loss, tf.train.AdamOptimizer(0.1), clip_gradient_norm=4.0)",
        "run": "value = sess.run(train_op, feed_dict={x: a, y: b})",
    },
    "a writer": {
        "begin": "writer = tf.summary.FileWriter(path, sess.graph)\n"
        "        sess.run(tf.global_variables_initializer())",
        "third": "tf.summary.scalar('loss', loss)",
        "saver": "merged = tf.summary.merge_all()",
        "run": "_, s = sess.run([train_op, merged], {x: a, y: b})",
        "inner": "writer.add_summary(s, step)",
        "end": "writer.close()",
    },
    "a writer that is told the default graph": {
        "saver": "writer = tf.summary.FileWriter(logdir=path, graph=tf.get_default_graph())",
    },
    "a summary of its own": {
        "third": "own = tf.summary.scalar('loss', loss)",
        "saver": "writer = tf.summary.FileWriter(path)",
        "inner": "writer.add_summary(own.eval({x: a, y: b}), step)",
    },
    "summaries that are merged one by one": {
        "third": "own = tf.summary.scalar('loss', loss)\n    merged = tf.summary.merge([own])",
        "run": "_, s = sess.run([train_op, merged], {x: a, y: b})",
    },
    "a penalty on weights": {
        "third": "weights = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])\n"
        "    loss = loss + 0.1 * weights",
    },
    "regularization losses": {
        "third": "penalties = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)\n"
        "    loss = tf.add_n([loss] + penalties)",
    },
    "gradients at once": {
        "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
        "    train_op = adam.apply_gradients(adam.compute_gradients(loss))"
    },
    "clipped gradients": {
        "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
        "    grads = adam.compute_gradients(loss)\n"
        "    grads = [(tf.clip_by_norm(g, 4.0), v) for g, v in grads if g is not None]\n"
        "    train_op = adam.apply_gradients(grads)"
    },
    "gradients in a list": {
        "operation": "adam = tf.train.AdamOptimizer(0.1)\n    kept = []\n"
        "    for g, v in adam.compute_gradients(loss):\n"
        "        kept.append((tf.clip_by_norm(g, 4.0), v))\n"
        "    train_op = adam.apply_gradients(kept)"
    },
    "the operation has a name": {
        "run": "nothing, value = sess.run([train_op, loss], feed_dict={x: a, y: b})"
    },
    "saved": {
        "saver": "saver = tf.train.Saver()", "inner": "saver.save(sess, path, global_step=step)",
        "end": "saver.save(sess, path, write_meta_graph=False)",
    },
    "restored": {
        "saver": "saver = tf.train.Saver(max_to_keep=3)",
        "begin": "sess.run(tf.global_variables_initializer())\n"
        "        if path:\n            saver.restore(sess, path)",
    },
    "the operation runs itself": {"run": "train_op.run(feed_dict={x: a, y: b})"},
    "a run that only looks": {"end": "print(sess.run(loss, feed_dict={x: a, y: b}))"},
    "a tensor that is evaluated": {"inner": "print(loss.eval({x: a, y: b}, session=sess).mean())"},
    "a list of values": {"inner": "l, z = sess.run([loss, logits], {x: a, y: b})"},
    "a prediction": {"end": "return sess.run(logits, feed_dict={x: path})"},
    "a function that looks": {
        "begin": "sess.run(tf.global_variables_initializer())\n"
        "        def test(values):\n            return sess.run(logits, feed_dict={x: values})",
        "inner": "test(a)",
    },
    "restored or initialized": {
        "saver": "saver = tf.train.Saver()",
        "begin": "if path:\n            saver.restore(sess, path)\n        else:\n"
        "            sess.run(tf.global_variables_initializer())",
    },
    "the last checkpoint": {
        "saver": "saver = tf.train.Saver()",
        "begin": "sess.run(tf.global_variables_initializer())\n"
        "        state = tf.train.get_checkpoint_state(path)\n"
        "        if state and state.model_checkpoint_path:\n"
        "            saver.restore(sess, state.model_checkpoint_path)",
    },
    "what restores": {
        "saver": "init_fn = slim.assign_from_checkpoint_fn(path, slim.get_model_variables())",
        "begin": "sess.run(tf.global_variables_initializer())\n        init_fn(sess)",
    },
    "a default graph": {"first": "tf.reset_default_graph()"},
    "what it prints": {"inner": "print(step, value)", "last": "print(path)"},
    "another function": {"head": HEAD + "def scale(x, logits):\n    return x * logits\n\n\n"},
    "the loss of tf.losses": {
        "third": "tf.losses.add_loss(loss)\n    loss = tf.losses.get_total_loss()",
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", TRAINS.values(), ids=list(TRAINS))
def test_it_trains_on_batches(parts: dict[str, str]) -> None:
    result = rewritten(**parts)
    text = text_of(result)
    assert "    def build_loss(x, y):\n" in text and "    model = FedModel(\n" in text
    assert "model.train_on_batch(" in text and result.report.notes == []
    for gone in ("Session", "placeholder", "sess", "TODO", "initializer()", "UPDATE_OPS"):
        assert gone not in text, gone
    assert "tensorflow.compat.v1" not in text and "disable" not in text


@pytest.mark.parametrize("parts", TRAINS.values(), ids=list(TRAINS))
def test_it_stays_unless_it_is_asked_for(parts: dict[str, str]) -> None:
    result = rewritten(training=None, **parts)
    text = text_of(result)
    assert "tf.Session(" in text and "FedModel" not in text and result.report.notes == []


STAYS = {
    "another value of the loss, below the operation": (
        {"saver": "loss = loss / 2.0"}, "loss gets another value",
    ),
    "a penalty that comes too late": (
        {"saver": "loss += tf.nn.l2_loss(logits)"}, "loss gets another value",
    ),
    "another value of the loss, below its gradients": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n    loss = loss / 2.0\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "loss gets another value",
    ),
    "a placeholder's name for what is made of it": (
        {"fed": "x = x / 255.0"}, "x gets another value",
    ),
    "a placeholder's name for a call": (
        {"fed": "x = tf.reshape(x, [-1, 4])"}, "x gets another value",
    ),
    "two placeholders of one name": (
        {"fed": "y = tf.placeholder(tf.float32, [None, 2])"}, "y gets another value",
    ),
    "a decay by a step that stands still": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "operation": "rate = tf.train.exponential_decay(0.1, step_of, 5, 0.9)\n"
            "    train_op = tf.train.AdamOptimizer(rate).minimize(loss)",
        },
        "nothing counts it",
    ),
    "such a decay, and gradients": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "operation": "adam = tf.train.AdamOptimizer("
            "tf.train.exponential_decay(0.1, step_of, 5, 0.9))\n"
            "    train_op = adam.apply_gradients(adam.compute_gradients(loss))",
        },
        "nothing counts it",
    ),
    "a step that stands still": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "inner": "print(sess.run(step_of))",
        },
        "nothing counts it",
    ),
    "a checkpoint of a step that stands still": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "saver": "saver = tf.train.Saver()",
            "inner": "saver.save(sess, path, global_step=step_of)",
        },
        "nothing counts it",
    ),
    "a step of its own beside the graph's": (
        {
            "first": "step_of = tf.Variable(0, trainable=False)",
            "operation": "rate = tf.train.exponential_decay("
            "0.1, tf.train.get_or_create_global_step(), 5, 0.9)\n"
            "    train_op = tf.train.AdamOptimizer(rate).minimize(loss, step_of)",
        },
        "counts a step of its own",
    ),
    "a run on the line of a condition": (
        {"inner": "if step: sess.run(train_op, {x: a, y: b})"}, "share a line",
    ),
    "a run on the line of an else": (
        {"inner": "if step:\n                pass\n"
         "            else: sess.run(train_op, {x: a, y: b})"},
        "share a line",
    ),
    "two values of one name": (
        {"run": "v, v = sess.run([loss, train_op], {x: a, y: b})"}, "have one name",
    ),
    "two runs on a line": (
        {"run": "sess.run(train_op, {x: a, y: b}); sess.run(train_op, {x: a, y: b})"},
        "share a line",
    ),
    "something else on the line of a run": (
        {"run": "sess.run(train_op, {x: a, y: b}); print(step)"}, "share a line",
    ),
    "a saver on the line of a condition": (
        {"saver": "saver = tf.train.Saver()", "inner": "if step: saver.save(sess, path)"},
        "share a line",
    ),
    "an initializer that shares its line": (
        {"begin": "if path: sess.run(tf.global_variables_initializer())"}, "share a line",
    ),
    "an early saver that has the step": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "third": "saver = tf.train.Saver()",
            "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss, step_of)",
        },
        "before the training operation",
    ),
    "another run that is fed half": ({"end": "sess.run(loss, {x: a})"}, "more than it is fed"),
    "losses of a function that is handed in": ({"first": "path()"}, "path may make losses"),
    "another run that is fed nothing": ({"end": "loss.eval()"}, "more than it is fed"),
    "another run that is fed a tensor": (
        {"end": "sess.run(loss, {x: a, y: b, logits: a})"}, "not every placeholder",
    ),
    "another run of something else": (
        {"saver": "w = tf.trainable_variables()", "end": "sess.run(w)"}, "not made beside",
    ),
    "a part of a tensor that a collection may hold": (
        {"third": "loss += tf.losses.get_total_loss()", "end": "loss.eval({x: a})"},
        "more than it is fed",
    ),
    "a tensor in a list that is changed": (
        {
            "third": "ends = [logits]\n    ends.append(y)\n    loss = tf.reduce_mean(logits - y)",
            "end": "sess.run(ends, {x: a})",
        },
        "more than it is fed",
    ),
    "statistics that every run moves": (
        {
            "second": "logits = slim.batch_norm(logits, updates_collections=None)",
            "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
            "    with tf.control_dependencies(updates):\n"
            "        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
            "inner": "print(sess.run(loss, {x: a, y: b}))",
        },
        "runs that do not train",
    ),
    "a run on another session": (
        {"inner": "print(loss.eval({x: a, y: b}, session=batches.session))"}, "another session",
    ),
    "the step beside the loss": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "inner": "print(sess.run([step_of, loss], {x: a, y: b}))",
        },
        "beside other values",
    ),
    "the step is used": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "inner": "print(step_of + 1)",
        },
        "step_of is used",
    ),
    "a step that begins elsewhere": (
        {
            "first": "step_of = tf.Variable(7, trainable=False)",
            "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss, step_of)",
        },
        "counts a step",
    ),
    "a run of a computed tensor": (
        {"run": "_, v = sess.run([train_op, loss * 2.0], feed_dict={x: a, y: b})"},
        "not a list of names",
    ),
    "a dictionary of tensors": (
        {"run": "v = sess.run({'t': train_op}, feed_dict={x: a, y: b})"}, "not a list of names",
    ),
    "values as one": (
        {"run": "v = sess.run([train_op, loss], feed_dict={x: a, y: b})"}, "one by one",
    ),
    "a feed of its own": ({"run": "sess.run(train_op, feed_dict=b)"}, "not a dictionary"),
    "an attribute": (
        {"run": "batches.loss, _ = sess.run([loss, train_op], {x: a, y: b})"}, "one by one",
    ),
    "a part of a list": (
        {"run": "v[0], _ = sess.run([loss, train_op], {x: a, y: b})"}, "one by one",
    ),
    "starred": ({"run": "v, *_ = sess.run([loss, train_op], {x: a, y: b})"}, "one by one"),
    "a feed that changes": (
        {
            "run": "feed = {x: a, y: b}\n            feed[x] = 2.0 * a\n"
            "            sess.run(train_op, feed_dict=feed)"
        },
        "is used",
    ),
    "a feed that is shown": (
        {"run": "feed = {x: a, y: b}\n            print(feed, sess.run(train_op, feed))"},
        "one by one",
    ),
    "another feed of that name": (
        {
            "run": "feed = {x: a, y: b}\n            sess.run(train_op, feed)\n"
            "            feed = {x: a}\n            sess.run(train_op, feed)"
        },
        "differs from run to run",
    ),
    "half of the feed": ({"run": "sess.run(train_op, feed_dict={x: a})"}, "not every"),
    "a tensor that is fed": (
        {"run": "sess.run(train_op, feed_dict={x: a, y: b, logits: a})"}, "not every",
    ),
    "no feed": ({"run": "sess.run(train_op)"}, "not every"),
    "options": (
        {"run": "sess.run(train_op, feed_dict={x: a, y: b}, options=path)"}, "told more",
    ),
    "a summary of something else": (
        {
            "saver": "tf.summary.scalar('rate', 0.1)\n    merged = tf.summary.merge_all()",
            "run": "s, _ = sess.run([merged, train_op], {x: a, y: b})",
        },
        "beside the loss",
    ),
    "a summary after they are merged": (
        {
            "second": "merged = tf.summary.merge_all()",
            "third": "tf.summary.scalar('all', loss)\n    loss = loss + 1.0",
            "run": "s, _ = sess.run([merged, train_op], {x: a, y: b})",
        },
        "after they are merged",
    ),
    "summaries of a collection": (
        {
            "saver": "merged = tf.summary.merge_all('mine')",
            "run": "s, _ = sess.run([merged, train_op], {x: a, y: b})",
        },
        "not made beside the loss",
    ),
    "summaries that are merged twice": (
        {"saver": "merged = tf.summary.merge_all()\n    again = tf.summary.merge_all()"}, "twice",
    ),
    "summaries that are looked at": (
        {"saver": "merged = tf.summary.merge_all()\n    print(merged)"}, "merged is used",
    ),
    "summaries without labels": (
        {"saver": "merged = tf.summary.merge_all()", "inner": "merged.eval({x: a})"},
        "more than it is fed",
    ),
    "a writer without a name": (
        {"saver": "kept = [tf.summary.FileWriter(path)]"}, "has no name",
    ),
    "a writer of something else": (
        {"saver": "w = tf.summary.FileWriter(path)\n    w.reopen()"},
        "w.reopen has no equal",
    ),
    "a writer with settings": (
        {"saver": "w = tf.summary.FileWriter(path, filename_suffix='x')"}, "no equal",
    ),
    "a writer of another graph": (
        {"saver": "w = tf.summary.FileWriter(path, graph=batches.graph)"}, "no equal",
    ),
    "the session is passed on": ({"inner": "batches.test(sess)"}, "sess is used"),
    "the loss is returned": ({"last": "return loss"}, "loss is used"),
    "a hook": ({"inner": "batches.hook(train_op)"}, "train_op is used"),
    "variables that nobody knows are saved": (
        {"saver": "saver = tf.train.Saver(path.variables)"}, "which variables",
    ),
    "variables that the optimizer has as well": (
        {"third": "kept = [1]", "saver": "kept = tf.global_variables()\n"
         "    saver = tf.train.Saver(kept)"},
        "which variables",
    ),
    "all variables, with the step": (
        {
            "first": "step_of = tf.train.get_or_create_global_step()",
            "third": "kept = tf.global_variables()\n    saver = tf.train.Saver(kept)",
            "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss, step_of)",
        },
        "which variables",
    ),
    "a saver with settings": (
        {"saver": "saver = tf.train.Saver(sharded=True)"}, "no equal",
    ),
    "variables are initialized for each batch": (
        {"inner": "sess.run(tf.global_variables_initializer())"}, "initialized again",
    ),
    "variables are initialized after they are restored": (
        {
            "saver": "saver = tf.train.Saver()",
            "begin": "saver.restore(sess, path)\n"
            "        sess.run(tf.global_variables_initializer())",
        },
        "initialized again",
    ),
    "a session for what restores and more": (
        {
            "saver": "init_fn = slim.assign_from_checkpoint_fn(path, slim.get_model_variables())",
            "inner": "init_fn(sess, step)",
        },
        "sess is used",
    ),
    "what is saved is used": (
        {"saver": "saver = tf.train.Saver()", "inner": "print(saver.save(sess, path))"},
        "is used",
    ),
    "a value in a list": (
        {"run": "values.append(sess.run([train_op, loss], {x: a, y: b})[1])"}, "one by one",
    ),
    "two sessions": ({"last": "tf.Session()"}, "one session"),
    "two operations": (
        {"third": "other = tf.train.AdamOptimizer(0.2).minimize(loss)"}, "one training operation",
    ),
    "gradients of another loss": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss * 2.0)\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "no equal",
    ),
    "gradients of another optimizer": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = tf.train.AdamOptimizer(0.2).compute_gradients(loss)\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "one call that computes",
    ),
    "gradients twice": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss) + adam.compute_gradients(loss)\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "one call that computes",
    ),
    "gradients that are looked at": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    train_op = adam.apply_gradients(grads)\n    print(grads)"
        },
        "grads is used",
    ),
    "gradients that are fetched": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    norm = tf.global_norm([g for g, _ in grads])\n"
            "    train_op = adam.apply_gradients(grads)",
            "run": "_, value = sess.run([train_op, norm], {x: a, y: b})",
        },
        "not made beside",
    ),
    "gradients by the loss": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = [(g * loss, v) for g, v in adam.compute_gradients(loss)]\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "loss is used",
    ),
    "gradients by names of variables": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    grads = [(g, v) for g, v in grads if 'bias' in v.name]\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "looks at their variables",
    ),
    "noise on gradients": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    grads = [(g + tf.random_normal([]), v) for g, v in grads]\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "tf.random_normal of gradients",
    ),
    "a function of gradients": (
        {
            "head": HEAD + "def clip(pairs):\n    return pairs\n\n\n",
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = clip(adam.compute_gradients(loss))\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "function of the program",
    ),
    "gradients in a list of others": (
        {
            "first": "kept = list(path)",
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    for g, v in adam.compute_gradients(loss):\n        kept.append((g, v))\n"
            "    train_op = adam.apply_gradients(kept)"
        },
        "changes something else",
    ),
    "a count of gradients": (
        {
            "first": "count = 0",
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    for g, v in grads:\n        count += len(grads)\n"
            "    train_op = adam.apply_gradients(grads)"
        },
        "changes something else",
    ),
    "a norm that changes": (
        {
            "operation": "adam = tf.train.AdamOptimizer(0.1)\n    norm = 5.0\n"
            "    grads = adam.compute_gradients(loss)\n"
            "    grads = [(tf.clip_by_norm(g, norm), v) for g, v in grads]\n"
            "    train_op = adam.apply_gradients(grads)",
            "inner": "norm = 3.0",
        },
        "norm changes",
    ),
    "a group with something else": (
        {
            "operation": "op = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
            "    train_op = tf.group(op, logits)"
        },
        "grouped with something else",
    ),
    "a group that is half used": (
        {
            "operation": "op = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
            "    train_op = tf.group(op)",
            "inner": "sess.run(op, {x: a, y: b})",
        },
        "not made beside",
    ),
    "updates that some runs ask for": (
        {
            "second": "logits = slim.batch_norm(logits)",
            "third": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)",
            "run": "sess.run([train_op, updates], {x: a, y: b})",
            "inner": "sess.run(train_op, {x: a, y: b})",
        },
        "some of its runs",
    ),
    "updates without a step": (
        {
            "second": "logits = slim.batch_norm(logits)",
            "third": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)",
            "inner": "sess.run(updates, {x: a, y: b})",
        },
        "not made beside",
    ),
    "slim's operation with updates of its own": (
        {
            "operation": "train_op = slim.learning.create_train_op("
            "loss, tf.train.AdamOptimizer(0.1), update_ops=[])"
        },
        "no equal",
    ),
    "slim's operation that writes": (
        {
            "operation": "train_op = slim.learning.create_train_op("
            "loss, tf.train.AdamOptimizer(0.1), summarize_gradients=True)"
        },
        "no equal",
    ),
    "moving statistics stand still": (
        {"second": "logits = slim.batch_norm(logits)"}, "moving statistics",
    ),
    "updates that were not there yet": (
        {
            "first": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)",
            "second": "logits = slim.batch_norm(logits)",
            "operation": "with tf.control_dependencies(updates):\n"
            "        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
        },
        "moving statistics",
    ),
    "some updates": (
        {
            "second": "logits = slim.batch_norm(logits)",
            "operation": "updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'x')\n"
            "    with tf.control_dependencies(updates):\n"
            "        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)",
        },
        "waits for something else",
    ),
    "a rate that is a tensor": (
        {
            "third": "rate = tf.constant(0.1)",
            "operation": "train_op = tf.train.AdamOptimizer(rate).minimize(loss)",
        },
        "rate is used",
    ),
    "a rate of the loss": (
        {"operation": "train_op = tf.train.AdamOptimizer(0.1 * loss).minimize(loss)"},
        "loss is used",
    ),
    "variables that the loss has": (
        {
            "third": "found = [logits]",
            "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss, var_list=found)",
        },
        "found is used",
    ),
    "a tensor in the loop": ({"inner": "z = tf.square(a)"}, "makes tensors"),
    "variables in the loop": ({"inner": "print(tf.trainable_variables())"}, "looks variables up"),
    "assigned": ({"second": "x.assign(logits)"}, "a session asks for"),
    "a default value": (
        {"fed": "z = tf.placeholder_with_default(1.0, [])"}, "needs a graph",
    ),
    "changed after it was used": (
        {"first": "scale = 2.0", "second": "logits *= scale", "third": "scale = 3.0"},
        "scale changes",
    ),
    "a dictionary that changes between its uses": (
        {"first": "params = {'decay': 0.9}", "fed": "x = slim.dropout(x, **params)",
         "second": "params['decay'] = 0.5", "third": "loss = slim.dropout(loss, **params)"},
        "params changes",
    ),
    "a penalty before all weights are made": (
        {
            "second": "l2 = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])\n"
            "    logits = slim.fully_connected(logits, 1)",
            "third": "loss += l2",
        },
        "after others are looked up",
    ),
    "changed between its uses": (
        {"first": "scale = 2.0", "second": "logits *= scale\n    scale = 3.0",
         "third": "loss *= scale"},
        "scale changes",
    ),
    "made after the model": (
        {
            "operation": "train_op = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
            "    scale = 3.0\n    scaled = logits * scale",
            "inner": "scaled.eval({x: a})",
        },
        "scale changes",
    ),
    "another value": ({"inner": "loss = 3.0"}, "another value"),
    "a queue": (
        {"second": "z, = tf.train.batch([logits], 4)"}, "needs a graph",
    ),
    "the rate is computed": (
        {
            "fed": "rate = tf.placeholder(tf.float32)",
            "operation": "train_op = tf.train.AdamOptimizer(rate).minimize(loss)",
            "run": "sess.run(train_op, {x: a, y: b, rate: batches.rate()})",
        },
        "learning rate is computed",
    ),
    "the rate is looked at": (
        {
            "fed": "rate = tf.placeholder(tf.float32)",
            "second": "logits = logits * rate",
            "operation": "train_op = tf.train.AdamOptimizer(rate).minimize(loss)",
            "run": "sess.run(train_op, {x: a, y: b, rate: 0.1})",
        },
        "rate is used",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "reason"), STAYS.values(), ids=list(STAYS))
def test_it_stays_on_its_session(parts: dict[str, str], reason: str) -> None:
    result = rewritten(**parts)
    text = text_of(result)
    assert "FedModel" not in text and "tf.Session(" in text
    (note,) = result.report.notes
    assert note.startswith("net.py:") and reason in note, note
    assert is_on_the_page(note.partition("stays: ")[2], "SLIM293"), note


def test_another_session_in_the_file_keeps_both() -> None:
    result = rewritten(head=HEAD + "def show(x):\n    return tf.Session().run(x)\n\n\n")
    assert "FedModel" not in text_of(result)
    assert "another session runs code of its file" in result.report.notes[0]


def test_the_learning_rate_is_set() -> None:
    text = text_of(
        rewritten(
            fed="rate = tf.placeholder(tf.float32)",
            operation="train_op = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss)",
            run="sess.run(train_op, {x: a, y: b, rate: 0.1 / (step + 1)})",
        )
    )
    assert "        model.optimizer.learning_rate = 0.1 / (step + 1)\n" in text
    assert 'model.train_on_batch({"x": a, "y": b})\n' in text
    assert "Momentum(0.0, 0.9)" in text and "keras.optimizers.SGD" not in text


def test_runs_that_only_look() -> None:
    text = text_of(
        rewritten(
            fed="rate = tf.placeholder(tf.float32)",
            operation="train_op = tf.train.AdamOptimizer(rate).minimize(loss)",
            run="sess.run(train_op, {x: a, y: b, rate: 0.1})",
            inner="print('é', sess.run([loss, logits], {x: a, y: b, rate: 0.1})[1].max())",
            end="print(logits.eval({x: a}))  # now",
        )
    )
    assert 'print(\'é\', model.run_on_batch({"x": a, "y": b}, ["loss", "logits"])[1].max())' in text
    assert 'print(model.run_on_batch({"x": a}, "logits"))  # now\n' in text
    assert 'return {"loss": loss, "logits": logits}\n' in text


def test_placeholders_in_a_name_scope() -> None:
    scope = "with tf.name_scope('input'):\n        # Fed.\n        {}\n    net = x + z"
    more = {"run": "sess.run(train_op, {x: a, y: b, z: a})"}
    fed = scope.format("z = tf.placeholder(tf.float32)  # once more")
    text = text_of(rewritten(fed=fed, **more))
    assert "def build_loss(x, y, z):" in text and "name_scope" not in text
    assert "# Fed.\n" in text and "# once more\n" in text
    fed = scope.format("z = tf.placeholder(tf.float32) + 1.0")
    result = rewritten(fed=fed, **more)
    assert "no statement of its own" in result.report.notes[0]


@pytest.mark.parametrize(("last", "stays"), [("pass", False), ("print(config)", True)])
def test_settings_go_with_their_session(last: str, stays: bool) -> None:
    first = "options = tf.GPUOptions(allow_growth=True)\n"
    first += "    config = tf.ConfigProto(gpu_options=options)\n"
    first += "    config.log_device_placement = True"
    text = text_of(rewritten(first=first, config="config=config", last=last))
    assert ("ConfigProto" in text) == ("GPUOptions" in text) == ("config" in text) == stays


def test_numbers_between_the_tensors() -> None:
    text = text_of(rewritten(second="# Half.\n    scale = 2.0\n    logits = logits / scale"))
    assert (
        """    # Half.
    scale = 2.0

    def build_loss(x, y):
        logits = fully_connected(x, 1, activation=None)
        logits = logits / scale
        loss = """
        in text
    )


WAITS = """updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        train_op = tf.train.AdamOptimizer(0.1).minimize(loss)"""
# Where a batch norm may be, unseen at its place.
NORMS = {
    "a table": ("P = {'normalizer_fn': slim.batch_norm}", "slim.fully_connected(x, 1, **P)"),
    "a name": ("NORM = slim.batch_norm", "slim.fully_connected(x, 1, normalizer_fn=NORM)"),
    "a default": ("def net(x, norm=slim.batch_norm):\n    return norm(x)", "net(x)"),
    "an attribute": (
        "class Net:\n    norm = slim.batch_norm\n\n    def __call__(self, x):\n"
        "        return self.norm(x)",
        "Net()(x)",
    ),
    "a method": (
        "class Net:\n    def build(self, x):\n        return slim.batch_norm(x)",
        "batches.net.build(x)",
    ),
    "a function that is handed in": (
        "def norm(x):\n    return slim.batch_norm(x)", "path(x)",
    ),
    "slim's network": (
        "from tf_slim.nets import resnet_v1", "resnet_v1.resnet_v1_50(x, 1)[0]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("above", "call"), NORMS.values(), ids=list(NORMS))
def test_batch_norm_is_found_wherever_it_is(above: str, call: str) -> None:
    parts = {"head": f"{HEAD}{above}\n\n\n", "second": f"logits = {call}"}
    result = rewritten(**parts)
    (note,) = result.report.notes
    assert "statistics of its batch norm are not updated" in note
    assert "model.train_on_batch(" in text_of(rewritten(**parts, operation=WAITS))


def test_networks_without_batch_norm_need_no_updates() -> None:
    head = HEAD + "from tf_slim.nets import vgg\n\n\ndef net(x):\n    return x\n\n\n"
    second = "logits = net(vgg.vgg_a(logits, 1)[0])"
    assert "model.train_on_batch(" in text_of(rewritten(head=head, second=second))


def test_updates_that_no_step_runs() -> None:
    second = "logits = slim.batch_norm(logits, updates_collections='mine')"
    (note,) = rewritten(second=second, operation=WAITS).report.notes
    assert "a batch norm puts its updates elsewhere, or may" in note


MOVES = {
    "tensors that wait for updates": {
        "operation": WAITS + "\n        half = loss / 2.0",
        "inner": "print(half.eval({x: a, y: b}))",
    },
    "updates that the loss waits for": {
        "third": "with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n"
        "        loss = tf.identity(loss)",
        "operation": "train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))",
        "run": "value = sess.run(train_op, {x: a, y: b})",
        "inner": "print(loss.eval({x: a, y: b}))",
    },
}


@pytest.mark.parametrize("parts", MOVES.values(), ids=list(MOVES))
def test_runs_that_move_statistics_without_training(parts: dict[str, str]) -> None:
    (note,) = rewritten(second="logits = slim.batch_norm(logits)", **parts).report.notes
    assert "moves its statistics in runs that do not train" in note
    only_trains = {**parts, "inner": "pass"}
    result = rewritten(second="logits = slim.batch_norm(logits)", **only_trains)
    assert result.report.notes == [] and "model.train_on_batch(" in text_of(result)


def test_averages_that_code_moves_itself_stay() -> None:
    head = HEAD + "from tensorflow.python.training import moving_averages\n\n\n"
    second = (
        "mean = tf.get_variable('mean', [1], trainable=False)\n"
        "    moved = moving_averages.assign_moving_average(mean, logits[0], 0.9)"
    )
    (note,) = rewritten(head=head, second=second).report.notes
    assert "assign_moving_average needs a graph" in note


SCALED = "def net(z):\n    return z * {}\n\n\n"
# What the loss finds when it is traced again: the code above, and parts of the program.
AGAIN = {
    "an attribute": (
        "", {"third": "loss *= path.keep", "saver": "path.keep = 1.0"}, "what path holds changes",
    ),
    "an attribute, in the loop": (
        "", {"third": "loss *= path.keep", "inner": "path.keep = 1.0"}, "what path holds changes",
    ),
    "an object that is told something": (
        "", {"third": "loss *= path.keep", "inner": "path.parse('keep=1')"},
        "what path holds changes",
    ),
    "a name of the file": (
        "KEEP = 0.5\n\n\n" + SCALED.format("KEEP"),
        {"second": "logits = net(logits)", "inner": "global KEEP\n            KEEP = 1.0"},
        "KEEP changes",
    ),
    "a name of a function within": (
        "",
        {
            "first": "keep = 0.5\n    def net(z):\n        return z * keep",
            "second": "logits = net(logits)", "inner": "keep = 1.0",
        },
        "keep changes",
    ),
    "a table of the file": (
        "C = {'keep': 0.5}\n\n\n" + SCALED.format("C['keep']"),
        {"second": "logits = net(logits)", "inner": "C['keep'] = 1.0"},
        "what C holds changes",
    ),
    "a table that a function changes": (
        "C = {'keep': 0.5}\n\n\ndef all():\n    C['keep'] = 1.0\n\n\n"
        + SCALED.format("C['keep']"),
        {"second": "logits = net(logits)", "inner": "all()"},
        "what C holds changes",
    ),
    "a counter": (
        "N = [0]\n\n\ndef net(z):\n    N[0] += 1\n    return z * N[0]\n\n\n",
        {"second": "logits = net(logits)"}, "N gets more",
    ),
    "a counter of an object": (
        "class Net:\n    def build(self, z):\n        self.n += 1\n"
        "        return z * self.n\n\n\n",
        {"second": "logits = path.build(logits)"}, "path gets more",
    ),
    "a list above": ("", {"fed": "ends = []", "third": "ends.append(loss * 2.0)"}, "ends"),
    "what can be gone through once": (
        "",
        {"fed": "w = zip([1.0], [2.0])", "third": "for p, q in w:\n        loss *= p * q"},
        "w can be gone through once",
    ),
    "a number that is drawn": (
        "import numpy as np\n\n\n" + SCALED.format("np.random.uniform()"),
        {"second": "logits = net(logits)"}, "np.random.uniform draws",
    ),
    "a generator of numbers": (
        "import numpy as np\n\nR = np.random.RandomState(3)\n\n\n" + SCALED.format("R.rand()"),
        {"second": "logits = net(logits)"}, "R.rand draws",
    ),
    "a number that the loss draws": (
        "import random\n\n\n", {"second": "logits *= random.random()"},
        "random.random draws",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("above", "parts", "reason"), AGAIN.values(), ids=list(AGAIN))
def test_what_another_trace_would_find_otherwise(
    above: str, parts: dict[str, str], reason: str
) -> None:
    (note,) = rewritten(head=HEAD + above, **parts).report.notes
    assert reason in note, note


ONCE = {
    "a first value that is drawn": {
        "second": "w = tf.Variable(np.random.normal(size=[1]), dtype=tf.float32)\n"
        "    logits = logits * w",
    },
    "an initializer of what is drawn": {
        "second": "w = tf.get_variable('w', [1], initializer="
        "tf.constant_initializer(np.random.normal(size=[1])))\n    logits = logits * w",
    },
    "numbers that are drawn beside the loss": {
        "fed": "s = np.random.normal()", "second": "logits *= s", "inner": "np.random.shuffle(a)",
    },
    "another object": {"second": "logits *= path.s", "inner": "step = batches.next(3)"},
    "another function's name": {
        "head": HEAD + "def show():\n    KEEP = 2\n    return KEEP\n\n\nKEEP = 1\n\n\n"
        + SCALED.format("KEEP"),
        "second": "logits = net(logits)", "inner": "show()",
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", ONCE.values(), ids=list(ONCE))
def test_what_another_trace_finds_as_it_was(parts: dict[str, str]) -> None:
    head = parts.pop("head", HEAD) + "import numpy as np\n\n\n"
    result = rewritten(head=head, **parts)
    assert result.report.notes == [] and "model.train_on_batch(" in text_of(result)


def test_savers_of_some_variables() -> None:
    text = text_of(
        rewritten(
            third="kept = slim.get_variables_to_restore(exclude=['logits'])\n"
            "    restorer = tf.train.Saver(kept)",
            saver="saver = tf.train.Saver(tf.global_variables(), max_to_keep=2)\n"
            "    part = tf.train.Saver(var_list=tf.trainable_variables())",
            begin="sess.run(tf.global_variables_initializer())\n"
            "        restorer.restore(sess, path)",
            end="part.save(sess, path)",
        )
    )
    assert (
        "    with model.layer_graph():\n"
        "        kept = get_variables_to_restore(exclude=['logits'])\n"
        "    restorer = ModelSaver(model, var_list=kept)\n"
    ) in text
    assert (
        "    saver = ModelSaver(model, max_to_keep=2)\n"
        "    with model.layer_graph():\n"
        "        part = ModelSaver(model, var_list=trainable_variables())\n"
        "    restorer.restore(path)\n"
    ) in text
    assert "    part.save(path)\n" in text and "global_variables" not in text


def test_a_saver_that_is_made_before_the_optimizer() -> None:
    for told in ("", "tf.global_variables()"):
        text = text_of(rewritten(third=f"saver = tf.train.Saver({told})"))
        assert "    saver = ModelSaver(model, var_list=model.variables)\n" in text
    text = text_of(rewritten(saver="saver = tf.train.Saver()"))
    assert "    saver = ModelSaver(model)\n" in text


def test_summaries_are_written() -> None:
    text = text_of(
        rewritten(
            third="tf.summary.scalar('loss', loss)",
            saver="merged = tf.summary.merge_all()\n    writer = tf.summary.FileWriter(path)",
            run="s, _, v = sess.run([merged, train_op, loss], {x: a, y: b})",
            inner="writer.add_summary(sess.run(merged, {x: b, y: b}), step)",
        )
    )
    assert "        log_scalar('loss', loss)\n        return loss\n" in text
    assert "    writer = EventWriter(path)\n" in text and "merge" not in text
    assert (
        '        logs = model.train_on_batch({"x": a, "y": b}, return_dict=True, summaries=True)\n'
        '        s, v = logs["summaries"], logs["loss"]\n'
        '        writer.add_summary(model.run_on_batch({"x": b, "y": b}, "summaries"), step)\n'
    ) in text


def test_the_global_step_is_read() -> None:
    text = text_of(
        rewritten(
            first="step_of = tf.train.get_or_create_global_step()",
            operation="train_op = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step_of)",
            saver="saver = tf.train.Saver()",
            run="_, value, now = sess.run([train_op, loss, step_of], feed_dict={x: a, y: b})",
            inner="saver.save(sess, path, global_step=step_of)\n"
            "            at = tf.train.global_step(sess, step_of)\n"
            "            print(at, sess.run(step_of), step_of.eval())",
        )
    )
    count = "int(model.optimizer.iterations)"
    assert f'value = model.train_on_batch({{"x": a, "y": b}})\n        now = {count}\n' in text
    assert "saver.save(path, global_step=model.optimizer.iterations)\n" in text
    assert f"at = {count}\n" in text and f"print(at, {count}, {count})\n" in text
    assert "step_of" not in text


CLIPPED = """optimizer = tf.train.AdamOptimizer(0.1)
    {computed}
    # Clip.
    {clipped}
    train_op = optimizer.apply_gradients({applied}, global_step=step_of)  # a step"""


def clipped(computed: str, clip: str, applied: str) -> str:
    operation = CLIPPED.format(computed=computed, clipped=clip, applied=applied)
    first = "step_of = tf.train.get_or_create_global_step()"
    text = text_of(rewritten(first=first, operation=operation))
    start = text.index("    optimizer = ") + 1
    return text[text.index("\n", start) + 1 : text.index("    pass\n    for step")]


def test_pairs_are_changed() -> None:
    text = clipped(
        "grads = optimizer.compute_gradients(loss)",
        "grads = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in grads]",
        "grads",
    )
    assert (
        text
        == """
    def change_gradients(grads):
        # Clip.
        grads = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in grads]
        return grads

    model.compile(optimizer=optimizer, transform_gradients=change_gradients)  # a step
"""
    )


def test_gradients_are_changed_together() -> None:
    text = clipped(
        "gradients, variables = zip(*optimizer.compute_gradients(loss))",
        "gradients, _ = tf.clip_by_global_norm(gradients, 5.0)",
        "zip(gradients, variables)",
    )
    assert (
        text
        == """
    def change_gradients(grads_and_vars):
        gradients, variables = zip(*grads_and_vars)
        # Clip.
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        return zip(gradients, variables)

    model.compile(optimizer=optimizer, transform_gradients=change_gradients)  # a step
"""
    )


def test_gradients_without_their_variables() -> None:
    text = clipped(
        "variables = tf.trainable_variables()",
        "gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)",
        "zip(gradients, variables)",
    )
    assert (
        text
        == """    with model.layer_graph():
        variables = trainable_variables()

    def change_gradients(grads_and_vars):
        # Clip.
        gradients, _ = tf.clip_by_global_norm([gradient for gradient, _ in grads_and_vars], 5.0)
        return zip(gradients, variables)

    model.compile(
        optimizer=optimizer,
        variables_to_train=variables,
        transform_gradients=change_gradients,
    )  # a step
"""
    )


def test_gradients_of_some_variables() -> None:
    text = clipped(
        "grads = optimizer.compute_gradients(loss, var_list=tf.trainable_variables())",
        "total = 3.0",
        "grads",
    )
    assert (
        text
        == """    # Clip.
    total = 3.0
    with model.layer_graph():
        model.compile(optimizer=optimizer, variables_to_train=trainable_variables())  # a step
"""
    )


def test_a_target_of_the_operation() -> None:
    text = text_of(
        rewritten(
            run="nothing, value = sess.run([train_op, loss], {x: a, y: b})", inner="print(nothing)"
        )
    )
    assert "        nothing = None\n        print(nothing)\n" in text


def test_several_values_of_a_step() -> None:
    text = text_of(
        rewritten(run="v, _, z = sess.run([loss, train_op, logits], {x: a, y: b})  # now")
    )
    assert 'return {"loss": loss, "logits": logits}\n' in text and "  # now\n" in text
    assert 'v, z = logs["loss"], logs["logits"]\n' in text


def test_a_file_that_trains_as_it_is_read() -> None:
    body = PROGRAM.format(
        **{**dict.fromkeys(("first", "fed", "second", "third", "inner", "end", "last"), "pass")},
        **PARTS,
        saver="saver = tf.train.Saver()",
    )
    lines = [line[4:] for line in body.splitlines()[1:]]
    source = HEAD + "batches, path = slim, 'here'\n" + "\n".join(lines) + "\n"
    source = source.replace("batches, path = slim", "import data\nbatches, path = data.all()")
    result = rewrite_program({"net.py": source}, Options(training="fit"))
    text = text_of(result)
    assert "\n\n\ndef build_loss(x, y):\n" in text and "\n\n\nmodel = FedModel(\n" in text
    assert "\nfor step, (a, b) in enumerate(batches):\n    value = model.train_on_batch(" in text


QUEUES = """def load(paths):
    queue = tf.train.string_input_producer(paths)
    reader = tf.TFRecordReader()
    _, record = reader.read(queue)
    x = tf.decode_raw(record, tf.float32)
    return tf.train.batch([x, x], 4)


def train(paths, path):
    x, y = load(paths)
    loss = tf.reduce_mean(tf.square(slim.fully_connected(x, 1) - y))
    train_op = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=sess, coord=coord)
        {loop}
            {run}
        {end}
        coord.request_stop()
        coord.join(threads)
"""


def of_queues(**parts: str) -> TreeResult:
    lines = {"loop": "for step in range(9):", "run": "_, value = sess.run([train_op, loss])"}
    source = HEAD + QUEUES.format(**{**lines, "end": "pass", **parts})
    return rewrite_program({"net.py": source}, Options(training="fit"))


def test_queues_become_batches() -> None:
    text = text_of(of_queues())
    assert "    batches = iter(model.batches)\n    for step in range(9):\n" in text
    assert "        value = model.train_on_batch(next(batches))\n" in text
    assert "LossModel(build_loss)" in text and "queued_files(paths)" in text
    assert "coord" not in text and "Session" not in text and "threads" not in text


def test_a_loop_until_the_queue_ends() -> None:
    text = text_of(
        of_queues(
            loop="try:\n          # Steps.\n          while not coord.should_stop():  # on and on",
            run="  _, value = sess.run([train_op, loss])",
            end="except tf.errors.OutOfRangeError:\n          print('done')\n        finally:\n"
            "          coord.request_stop()",
        )
    )
    assert text.endswith("""    batches = iter(model.batches)
    try:
      # Steps.
      while True:  # on and on
          value = model.train_on_batch(next(batches))
    except StopIteration:
      print('done')
""")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (
            {
                "loop": "while not coord.should_stop():",
                "run": "sess.run(train_op)\n"
                "            if paths:\n                coord.request_stop()",
            },
            "coord is used",
        ),
        ({"loop": "while coord.should_stop():"}, "coord is used"),
        ({"loop": "while not coord.should_stop() and paths:"}, "coord is used"),
        ({"end": "coord.request_stop(ValueError())"}, "coord is used"),
        (
            {
                "loop": "try:\n          for z in paths:",
                "run": "  sess.run(train_op)\n              next(z)",
                "end": "except tf.errors.OutOfRangeError:\n          print(1)",
            },
            "goes on when",
        ),
        (
            {
                "loop": "try:\n          for z in paths:",
                "run": "  sess.run(train_op)",
                "end": "except tf.errors.OutOfRangeError as error:\n          print(error)",
            },
            "goes on when",
        ),
        (
            {
                "loop": "try:\n          for z in paths:",
                "run": "  sess.run(train_op)",
                "end": "except (ValueError, tf.errors.OutOfRangeError):\n          print(1)",
            },
            "goes on when",
        ),
        ({"end": "print(threads)"}, "threads is used"),
        ({"loop": "for x in range(9):"}, "x changes after"),
        ({"run": "_, value = sess.run([train_op, loss], {x: step})"}, "not every placeholder"),
        ({"end": "print(tf.errors.OutOfRangeError)"}, "goes on when the queue ends"),
        ({"end": "print(sess.run(loss))"}, "a batch of its own"),
    ],
)
def test_queues_that_stay(parts: dict[str, str], reason: str) -> None:
    result = of_queues(**parts)
    assert "queued_files" not in text_of(result) and reason in result.report.notes[0]


def test_queues_of_the_same_function_stay() -> None:
    head, _, body = QUEUES.partition("def train")
    lines = "\n".join(head.splitlines()[1:-3]).replace("tf.train.batch(paths)", "")
    body = body.replace(
        "    x, y = load(paths)\n", f"{lines}\n    x, y = tf.train.batch([x, x], 4)\n"
    )
    source = (
        HEAD
        + "def train"
        + body.format(
            loop="for step in range(9):", run="_, value = sess.run([train_op, loss])", end="pass"
        )
    )
    result = rewrite_program({"net.py": source}, Options(training="fit"))
    assert "queued_files" not in text_of(result) and "same function" in result.report.notes[0]


def test_comments_stay() -> None:
    result = rewritten(
        first="# Of this.\n    scale = 2.0  # a number",
        fed="# The rate.\n    rate = tf.placeholder(tf.float32)  # fed",
        operation="# Adam.\n    train_op = tf.train.AdamOptimizer(rate).minimize(loss)  # an op",
        saver="# Saves.\n    saver = tf.train.Saver()  # all of it",
        begin="# Begins.\n        sess.run(tf.global_variables_initializer())  # random",
        run="# Runs.\n            sess.run(train_op, {x: a,  # data\n"
        "                y: b, rate: 0.1})  # a step",
        end="# Ends.\n        saver.save(sess, path)  # here",
    )
    text = text_of(result)
    assert "model.train_on_batch(" in text
    for comment in (
        "Of this.", "a number", "The rate.", "fed", "Adam.", "an op", "Saves.", "all of it",
        "Begins.", "random", "Runs.", "data", "a step", "Ends.", "here",
    ):  # fmt: skip
        assert text.count(f"# {comment}\n") == 1, comment


def test_a_caller_that_opens_a_graph() -> None:
    head = HEAD + "def main():\n    with tf.Graph().as_default():\n        train([], '')\n\n\n"
    result = rewritten(head=head)
    assert "FedModel" not in text_of(result) and "tf.Graph of a caller" in result.report.notes[0]
