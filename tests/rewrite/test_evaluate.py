"""slim.evaluation: what becomes model.evaluate, and what stays on sessions."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.rewrite.tools import output, report, rewrite_program

DETECTOR = Path(__file__).parents[2] / "fixtures" / "legacy" / "ssd_inception_v2"
HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """def evaluate(x, y, path, folder, other=None):
    {first}
    logits = slim.fully_connected(x, 3, activation_fn=None)
    {second}
    value, update = {metric}
    {third}
    {result}slim.evaluation.evaluate_once('', path, folder, num_evals=4, eval_op={op}{options})
    {last}
"""
METRIC = "slim.metrics.streaming_accuracy(tf.argmax(logits, 1), y)"


def rewritten(head: str = HEAD, program: str = PROGRAM, **parts: str) -> str:
    given = {name: parts.get(name, "pass") for name in ("first", "second", "third", "last")}
    given |= {name: parts.get(name, "") for name in ("result", "options")}
    given |= {"metric": parts.get("metric", METRIC), "op": parts.get("op", "update")}
    source = head + program.format(**{**parts, **given})
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    return output(result, "net.py") or source


# Parts of the program, and a line of what it becomes.
BECOMES = {
    "as it is": (
        {},
        "    model.load_checkpoint(path)\n    model.evaluate(model.batches, steps=4)\n",
    ),
    "a config of devices": (
        {
            "first": "config = tf.ConfigProto(allow_soft_placement=True)",
            "second": "config.gpu_options.allow_growth = True",
            "options": ", session_config=config",
        },
        "    model.evaluate(model.batches, steps=4)\n",
    ),
    "its value": (
        {"result": "return ", "options": ", final_op=value"},
        "    metric_values = model.evaluate(model.batches, steps=4, return_dict=True)\n"
        "    value = metric_values['value']\n    return value\n",
    ),
    "a structure of values": (
        {"result": "a, b = ", "options": ", final_op=(value, 1.0 - value)"},
        "    a, b = (value, 1.0 - value)\n",
    ),
    "a map": (
        {
            "second": "values, updates = slim.metrics.aggregate_metric_map({'a': " + METRIC + "})",
            "metric": "1, 2",
            "op": "list(updates.values())",
            "result": "return ",
            "options": ", final_op=values",
        },
        "    values = model.evaluate(model.batches, steps=4, return_dict=True)\n"
        "    return values\n",
    ),
    "two": (
        {
            "second": "value2, update2 = tf.metrics.mean(logits, weights=x)",
            "op": "[update, update2]",
        },
        "        log_metric('value2', keras.metrics.Mean, logits, sample_weight=x)\n",
    ),
    "a group": ({"op": "tf.group(update)"}, "steps=4)\n"),
    "a name for the updates": ({"third": "ops = [update]", "op": "ops"}, "steps=4)\n"),
    "all batches": ({"options": ""}, "steps=4)\n"),
    "a summary": (
        {"third": "tf.summary.scalar('acc', value)"},
        "    with tf.summary.create_file_writer(folder).as_default(model.global_step):\n"
        "        write_scalar('acc', value)\n",
    ),
    "a summary that prints": (
        {
            "third": "op = tf.summary.scalar('acc', value, collections=[])\n"
            "    op = tf.Print(op, [value], 'acc: ')\n"
            "    tf.add_to_collection(tf.GraphKeys.SUMMARIES, op)"
        },
        "        write_scalar('acc', value)\n        print('acc: ', value)\n",
    ),
    "merged": (
        {
            "third": "summaries = []\n    op = tf.summary.scalar('acc', value)\n"
            "    op = tf.Print(op, [value])\n    summaries.append(op)",
            "options": ", summary_op=tf.summary.merge(summaries)",
        },
        "        write_scalar('acc', value)\n        print(value)\n",
    ),
    "merge_all": (
        {
            "third": "tf.summary.scalar('acc', value)\n    all_of = tf.summary.merge_all()",
            "options": ", summary_op=all_of",
        },
        "        write_scalar('acc', value)\n",
    ),
    "no summaries": ({"options": ", summary_op=None"}, "steps=4)\n"),
    "a device": (
        {"second": "with tf.device('/cpu:0'): logits = logits + 1.0"},
        "        with tf.device('/cpu:0'): logits = logits + 1.0\n",
    ),
    "the step": ({"first": "slim.get_or_create_global_step()"}, "steps=4)\n"),
    "a seed": ({"first": "tf.set_random_seed(1)"}, "steps=4)\n"),
    "logging": ({"third": "tf.logging.info('%s', path)"}, "steps=4)\n"),
    "everything is restored": (
        {
            "third": "v = slim.get_variables_to_restore()",
            "options": ", variables_to_restore=v",
        },
        "    model.load_checkpoint(path)\n",
    ),
    "some are restored": (
        {
            "third": "v = slim.get_variables_to_restore(exclude=['a'])",
            "options": ", variables_to_restore=v",
        },
        "    with model.layer_graph():\n        v = get_variables_to_restore(exclude=['a'])\n"
        "    model.load_checkpoint(path, v)\n",
    ),
    "averages of what is restored": (
        {
            "first": "step = slim.get_or_create_global_step()",
            "third": "if other:\n        v = tf.train.ExponentialMovingAverage(0.9, step)"
            ".variables_to_restore()\n        v['global_step'] = step\n"
            "    else:\n        v = slim.get_variables_to_restore()",
            "options": ", variables_to_restore=v",
        },
        "    step = model.step_variable\n    with model.layer_graph():\n        if other:\n"
        "            v = AveragedVariables(0.9, step).variables_to_restore()\n",
    ),
    "no hooks": ({"options": ", hooks=[]"}, "steps=4)\n"),
    "what follows": ({"last": "print(folder)"}, "    print(folder)\n"),
    "a value that is shown later": (
        {"last": "print(value)"},
        "    value = metric_values['value']\n    print(value)\n",
    ),
    "classes that are compared in the labels' dtype": (
        {"metric": "tf.metrics.accuracy(y, logits[:, 0])"},
        "        log_metric(\n            'value',\n            keras.metrics.Accuracy,\n"
        "            y,\n            tf.cast(logits[:, 0], y.dtype),\n        )\n",
    ),
    "predictions that are true or false": (
        {"metric": "slim.metrics.streaming_recall(logits, y)"},
        "        log_metric('value', keras.metrics.Recall, y, tf.cast(logits, tf.bool))\n",
    ),
    "ties are counted otherwise": (
        {"metric": "tf.metrics.recall_at_k(y, logits, 2)"},
        "        log_metric('value', StreamingRecallAtK, y, logits, k=2)\n",
    ),
    "and in slim's function of another name": (
        {"metric": "slim.metrics.streaming_sparse_recall_at_k(logits, y, k=2, weights=x)"},
        "        log_metric('value', StreamingRecallAtK, y, logits, sample_weight=x, k=2)\n",
    ),
    "what only Keras' equal counts otherwise": (
        {"metric": "tf.metrics.mean_iou(y, x, 3, name='iou')"},
        "        log_metric('value', StreamingMeanIoU, y, x, num_classes=3)\n",
    ),
}


@pytest.mark.parametrize(("parts", "expected"), BECOMES.values(), ids=list(BECOMES))
def test_it_becomes_evaluate(parts: dict[str, str], expected: str) -> None:
    text = rewritten(**parts)
    assert expected in text
    assert "    model = MetricsModel(build_metrics)\n" in text
    assert "slim" not in text and "TODO" not in text and "compat.v1 as tf" not in text
    compile(text, "net.py", "exec")


SCALAR = "tf.summary.scalar('acc', value"
STAYS = {
    "another metric": {"metric": "tf.metrics.mean_cosine_distance(y, logits, 1)"},
    "one class of several": {"metric": "tf.metrics.recall_at_k(y, logits, 2, class_id=1)"},
    "another rule of summation": {
        "metric": "tf.metrics.auc(y, logits, summation_method='careful_interpolation')"
    },
    "a curve that is not known": {"metric": "tf.metrics.auc(y, logits, curve=other)"},
    "a collection": {"metric": "tf.metrics.mean(logits, metrics_collections=['all'])"},
    "labels without a name, compared in their dtype": {
        "metric": "tf.metrics.accuracy(y[0], logits)"
    },
    "unpacked": {"metric": "tf.metrics.mean(*logits)"},
    "a metric that nothing updates": {"second": "more, updates = tf.metrics.mean(logits)"},
    "one that is updated elsewhere": {"op": "[update, slim.metrics.streaming_mean(x)[1]]"},
    "another operation": {"op": "[update, logits]"},
    "an operation that depends": {
        "third": "with tf.control_dependencies([update]): ops = tf.no_op()",
        "op": "ops",
    },
    "updates in a name that is used": {
        "third": "ops = [update]",
        "op": "ops",
        "last": "print(ops)",
    },
    "the update is shown": {"third": "print(update)"},
    "a name of the update is shown": {"third": "ops = [update]\n    print(ops)", "op": "ops"},
    "layers of a method": {
        "head": HEAD + "class Net:\n    def build(self):\n        slim.fully_connected(x, 3)\n\n\n",
        "first": "Net().build()",
    },
    "a function that is handed in": {"first": "other()"},
    "a hook": {"options": ", hooks=[other]"},
    "hooks": {"options": ", hooks=other"},
    "a feed": {"options": ", eval_op_feed_dict={x: 1}"},
    "an initial operation": {"options": ", initial_op=tf.no_op()"},
    "a config of the graph": {
        "options": ", session_config=tf.ConfigProto(graph_options=other)"
    },
    "a config that is shown": {
        "first": "config = tf.ConfigProto()",
        "second": "print(config)",
        "options": ", session_config=config",
    },
    "unpacked options": {"options": ", **other"},
    "some summaries": {"options": ", summary_op=other"},
    "a tensor at the end": {"options": ", final_op=logits"},
    "a tensor beside the values": {"options": ", final_op=[value, logits]"},
    "TensorFlow on a value": {"options": ", final_op=tf.sqrt(value)"},
    "TensorFlow on a value, before": {"third": "root = tf.sqrt(value)"},
    "TensorFlow on a value, later": {"last": "tf.logging.info(value)"},
    "nothing is returned": {"result": "return "},
    "a histogram": {"third": "tf.summary.histogram('logits', logits)"},
    "a scalar of a batch": {"third": "tf.summary.scalar('logit', logits[0, 0])"},
    "an image": {"first": "tf.summary.image('x', x)"},
    "a scalar in another collection": {"third": f"{SCALAR}, collections=['mine'])"},
    "a scalar that is not written": {"third": f"op = {SCALAR}, collections=[])"},
    "a scalar that is written twice": {
        "third": f"op = {SCALAR})\n    tf.add_to_collection(tf.GraphKeys.SUMMARIES, op)"
    },
    "a scalar among no summaries": {"third": f"{SCALAR})", "options": ", summary_op=None"},
    "a scalar with a family": {"third": f"{SCALAR}, family='eval')"},
    "a scope around a scalar": {"third": f"with tf.name_scope('eval'): {SCALAR})"},
    "one name for many scalars": {"third": f"for _ in [value, value]:\n        {SCALAR})"},
    "one name for two scalars": {"third": f"{SCALAR})\n    {SCALAR})"},
    "a print that is not asked for": {
        "third": f"op = {SCALAR})\n    op = tf.Print(op, [value])"
    },
    "a print with options": {
        "third": f"op = {SCALAR}, collections=[])\n    op = tf.Print(op, [value], summarize=3)\n"
        "    tf.add_to_collection(tf.GraphKeys.SUMMARIES, op)"
    },
    "a scalar that is merged elsewhere": {
        "third": f"op = {SCALAR})",
        "options": ", summary_op=tf.summary.merge([op])",
    },
    "the list of summaries is shown": {
        "third": f"ops = []\n    op = {SCALAR})\n    ops.append(op)\n    print(len(ops), value)",
        "options": ", summary_op=tf.summary.merge(ops)",
    },
    "variables are looked up later": {"last": "print(slim.get_model_variables())"},
    "a tensor that is returned": {"last": "return logits"},
    "a placeholder": {"first": "x = tf.placeholder(tf.float32, [None, 4])"},
    "a queue": {"first": "x, = tf.train.batch([x], 4)"},
    "an iterator": {"first": "x = x.make_one_shot_iterator().get_next()"},
    "an assignment in a device": {"second": "with tf.device('/cpu:0'): tf.assign(logits, x)"},
    "a session": {"last": "tf.Session()"},
    "a variable of its own": {"second": "total = tf.Variable(0.0)"},
    "an assignment": {"second": "logits = tf.assign(logits, x)"},
    "training, too": {"last": "slim.learning.train(other, folder)"},
    "a second evaluation": {"last": "slim.evaluation.evaluate_once('', path, folder)"},
    "the step is looked at": {
        "first": "step = slim.get_or_create_global_step()",
        "second": "logits = logits * tf.cast(step, tf.float32)",
    },
    "the step is shown": {
        "first": "step = slim.get_or_create_global_step()",
        "third": "tf.summary.scalar('step', step)",
    },
    "what is restored is shown": {
        "third": "v = slim.get_variables()",
        "options": ", variables_to_restore=v",
        "last": "print(v)",
    },
    "what is restored has no name": {
        "options": ", variables_to_restore=slim.get_variables(scope='a')"
    },
    "two statements on a line": {"third": "a = 1; b = 2"},
    "a loop that is left": {"second": "while True: y = logits; break"},
    "a value that changes later": {"first": "scale = 2.0", "second": "logits *= scale; scale = 3"},
    "a value that changes after them": {
        "first": "scale = 2.0",
        "second": "logits *= scale",
        "last": "scale = 3.0",
    },
    "the number of batches is a metric": {"options": ", max_number=value"},
    "a name of two meanings": {"third": "logits = 3"},
}  # fmt: skip


@pytest.mark.parametrize("parts", STAYS.values(), ids=list(STAYS))
def test_it_stays_on_sessions(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "MetricsModel" not in text and ".evaluate(" not in text
    assert "evaluate_checkpoint('', path, folder" in text


@pytest.mark.parametrize(("tag", "noted"), [("acc", True), ("eval/acc", False)])
def test_the_report_says_of_a_tag_that_it_may_have_had_a_number(tag: str, noted: bool) -> None:
    source = HEAD + PROGRAM.format(
        first="pass", second="pass", third=f"tf.summary.scalar('{tag}', value)", last="pass",
        result="", op="update", options="", metric=METRIC,
    )  # fmt: skip
    entries = report(rewrite_program({"net.py": source}), "net.py").rewritten
    assert any("numbered a tag" in entry.note for entry in entries) is noted


def test_a_file_in_which_something_is_left() -> None:
    source = HEAD + PROGRAM.format(
        first="pass", second="if other: tf.contrib.quantize.create_eval_graph()", last="pass",
        third="tf.summary.scalar('acc', value)", result="", op="update", options="", metric=METRIC,
    )  # fmt: skip
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error  # a second run changes nothing
    assert "create_file_writer(folder)" in (output(result, "net.py") or "")


NETS = """import tensorflow as tf
import tf_slim as slim


def shown(x):
    {line}
    return slim.fully_connected(x, 3, activation_fn=None)


NETWORKS = {{'shown': shown}}


def network_of(name):
    network = NETWORKS[name]

    def run(x):
        return network(x)
    return run
"""


@pytest.mark.parametrize(
    ("line", "call", "fits"),
    [
        ("pass", "shown(x)", True),
        ("tf.summary.histogram('x', x)", "shown(x)", False),
        ("tf.summary.histogram('x', x)", "network_of('shown')(x)", True),
        ("x = tf.placeholder(x)", "shown(x)", False),
        ("x *= tf.cast(tf.train.get_or_create_global_step(), tf.float32)", "shown(x)", True),
    ],
)
def test_what_networks_do(line: str, call: str, fits: bool) -> None:
    evaluation = PROGRAM.format(
        first="pass", second="pass", third="pass", last="pass", result="", op="update",
        options="", metric=METRIC,
    ).replace("slim.fully_connected(x, 3, activation_fn=None)", f"nets.{call}")  # fmt: skip
    # What only shares the networks has no part in it.
    test = "import tensorflow as tf\nimport nets\n\n\nclass Test:\n"
    test += "    def __call__(self):\n        return tf.placeholder(tf.float32)\n"
    program = {
        "nets.py": NETS.format(line=line),
        "eval.py": f"import nets\n{HEAD}{evaluation}",
        "test_nets.py": test,
    }
    result = rewrite_program(program)
    assert ("MetricsModel" in (output(result, "eval.py") or "")) is fits
    notes = [
        entry.note for entry in report(result, "nets.py").rewritten if "histogram" in entry.api
    ]
    assert not fits or all("do not write it" in note for note in notes)


CALLERS = {
    "a graph": "with tf.Graph().as_default():\n        evaluate(x, x, x, x)",
    "a device": "with tf.device('/cpu:0'):\n        evaluate(x, x, x, x)",
    "a network": "evaluate(slim.fully_connected(x, 3), x, x, x)",
    "a tensor": "evaluate(tf.identity(x), x, x, x)",
}


@pytest.mark.parametrize("body", CALLERS.values(), ids=list(CALLERS))
def test_what_callers_make(body: str) -> None:
    head = f"{HEAD}def run(x):\n    {body}\n\n\ndef main(x):\n    run(x)\n\n\n"
    assert "MetricsModel" not in rewritten(head=head)
    assert "MetricsModel" in rewritten(head=f"{HEAD}def run(x):\n    evaluate(x, x, x, x)\n\n\n")


def test_the_report_says_why() -> None:
    source = HEAD + PROGRAM.format(
        first="pass", second="pass", third="pass", last="pass", result="", op="update",
        options=", hooks=[other]", metric=METRIC,
    )  # fmt: skip
    entries = report(rewrite_program({"net.py": source}), "net.py").rewritten
    notes = [entry.note for entry in entries if entry.code == "SLIM243"]
    assert notes == ["no model.evaluate: it is given hooks"]


def test_the_report_says_what_a_server_is_not_asked_for() -> None:
    source = HEAD + PROGRAM.format(
        first="pass", second="pass", third="pass", last="pass", result="", op="update",
        options="", metric=METRIC,
    ).replace("evaluate_once(''", "evaluate_once(other")  # fmt: skip
    entries = report(rewrite_program({"net.py": source}), "net.py").rewritten
    assert any("`master` is not asked" in entry.note for entry in entries)


LOOP = """def watch(x, y, source, folder):
    {first}
    logits = slim.fully_connected(x, 3, activation_fn=None)
    value, update = slim.metrics.streaming_mean(logits)
    {third}
    {result}slim.evaluation.evaluation_loop(
        '', source, folder, eval_op=update{options})
    {last}
"""


def test_a_loop() -> None:
    text = rewritten(
        program=LOOP,
        third="tf.summary.scalar('mean', value)",
        options=", num_evals=None, max_number_of_evaluations=x.n, timeout=9, timeout_fn=x.done",
    )
    assert (
        "    writer = tf.summary.create_file_writer(folder)\n"
        "    for checkpoint_path in checkpoints_to_evaluate(\n"
        "        source,\n        max_number_of_evaluations=x.n,\n        timeout=9,\n"
        "        timeout_fn=x.done,\n    ):\n"
        "        model.load_checkpoint(checkpoint_path)\n"
        "        metric_values = model.evaluate(model.batches, return_dict=True)\n"
        "        value = metric_values['value']\n"
        "        with writer.as_default(model.global_step):\n"
        "            write_scalar('mean', value)\n"
    ) in text


README = """def watch(x, y, source, folder):
    logits = slim.fully_connected(x, 3)
    values, updates = slim.metrics.aggregate_metric_map({{
        'mean': slim.metrics.streaming_mean(logits),
    }})
    summaries = []
    for name, value in values.items():
        op = tf.summary.scalar(name, value)
        op = tf.Print(op, [value], name)
        summaries.append(op)
    slim.get_or_create_global_step()
    slim.evaluation.evaluation_loop(
        'local', source, folder, num_evals=9, eval_op=list(updates.values()),
        summary_op=tf.summary.merge(summaries), eval_interval_secs=9)
"""


def test_a_loop_that_shows_all_values() -> None:
    text = rewritten(program=README)
    assert (
        "    for checkpoint_path in checkpoints_to_evaluate(source, eval_interval_secs=9):\n"
        "        model.load_checkpoint(checkpoint_path)\n"
        "        values = model.evaluate(model.batches, steps=9, return_dict=True)\n"
        "        with writer.as_default(model.global_step):\n"
        "            for name, value in values.items():\n"
        "                write_scalar(name, value)\n"
        "                print(name, value)\n"
    ) in text
    assert "summaries" not in text


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            "last = ",
            "    last = None\n    for checkpoint_path in checkpoints_to_evaluate(source):\n",
        ),
        ("return ", "        final_values = [value]\n    return final_values\n"),
        ("", "        model.evaluate(model.batches, steps=1)\n"),
    ],
)
def test_the_last_value_of_a_loop(result: str, expected: str) -> None:
    text = rewritten(program=LOOP, result=result, options=", final_op=[value]")
    assert expected in text


@pytest.mark.parametrize(
    "parts",
    [
        {"options": ", init_fn=x"},
        {"third": "print('%s' % value)"},
        {"first": "seen = []", "third": "seen.append(value)"},
        {"first": "seen = {}", "third": "seen['a'] = value"},
    ],
)
def test_a_loop_that_stays(parts: dict[str, str]) -> None:
    text = rewritten(program=LOOP, **parts)
    assert "MetricsModel" not in text and "    evaluation_loop(\n" in text


MAP = """def evaluate(x, y, path, folder, other=None):
    logits = slim.fully_connected(x, 3, activation_fn=None)
    {begin}
    # Each class.
    for number in range(3):
        scores = logits[:, number]
        metrics['class_%d' % number] = slim.metrics.streaming_mean(scores)
    {more}
    values, updates = slim.metrics.aggregate_metric_map(metrics)
    for name, value in values.items():
        tf.summary.scalar(name, value)
    slim.evaluation.evaluate_once('', path, folder, eval_op=list(updates.values()))
"""


def test_a_map_that_is_filled() -> None:
    source = HEAD + MAP.format(
        begin="metrics = {'all': slim.metrics.streaming_mean(logits)}",
        more="metrics['error'] = tf.metrics.mean_squared_error(y, logits)",
    )
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert (
        "        log_metric('all', keras.metrics.Mean, logits)\n"
        "        # Each class.\n"
        "        for number in range(3):\n"
        "            scores = logits[:, number]\n"
        "            log_metric('class_%d' % number, keras.metrics.Mean, scores)\n"
        "        log_metric('error', keras.metrics.MeanSquaredError, y, logits)\n\n"
        "    model = MetricsModel(build_metrics)\n"
    ) in text
    assert "metrics = " not in text and "updates" not in text


@pytest.mark.parametrize(
    "parts",
    [
        {"begin": "metrics = other"},
        {"begin": "metrics = {'a': other}"},
        {"more": "print(metrics)"},
        {"more": "metrics.update(other)"},
        {"more": "metrics['a'] = other"},
        {"more": "metrics = {}"},
        {"more": "del metrics['class_1']"},
        {"more": "metrics['more'] = tf.metrics.mean_cosine_distance(y, logits, 1)"},
    ],
)
def test_a_map_that_stays(parts: dict[str, str]) -> None:
    source = HEAD + MAP.format(**{"begin": "metrics = {}", "more": "pass", **parts})
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "MetricsModel" not in text and "evaluate_checkpoint(" in text


BY_HAND = """def watch(x, y, source, folder):
    value, update = slim.metrics.streaming_mean(slim.fully_connected(x, 3))
    tf.summary.scalar('mean', value)
    # Each.
    {head}
        {first}
        # One.
        {result}slim.evaluation.evaluate_once('', path, folder, eval_op=update{options})
        {last}
    return folder
"""
ITERATED = "for path in slim.evaluation.checkpoints_iterator(source):"


def test_a_loop_by_hand() -> None:
    text = rewritten(
        program=BY_HAND.replace("{head}", ITERATED),
        result="mean = ",
        options=", final_op=value",
        last="print(path, mean)",
    )
    assert (
        "    # Each.\n    writer = tf.summary.create_file_writer(folder)\n"
        "    for path in tf.train.checkpoints_iterator(source):\n"
        "        pass\n        # One.\n"
        "        model.load_checkpoint(path)\n"
        "        metric_values = model.evaluate(model.batches, steps=1, return_dict=True)\n"
        "        value = metric_values['value']\n"
        "        with writer.as_default(model.global_step):\n"
        "            write_scalar('mean', value)\n"
        "        mean = value\n        print(path, mean)\n"
    ) in text


@pytest.mark.parametrize(
    "parts",
    [
        {"head": "for path in slim.get_variables():"},
        {"head": "for value in slim.evaluation.checkpoints_iterator(source):"},
        {"head": "for path in [update]:"},
        {"first": "x = path"},
        {"first": "tf.logging.info('%s', value)"},
        {"first": "if path: continue", "last": "break", "result": "a[value] = "},
    ],
)
def test_a_loop_by_hand_that_stays(parts: dict[str, str]) -> None:
    program = BY_HAND.replace("{head}", parts.pop("head", ITERATED))
    text = rewritten(program=program, **parts)
    assert "MetricsModel" not in text and "evaluate_checkpoint('', path, folder" in text


OF_TRAINING = """from tensorflow.contrib import training
from tensorflow.contrib.training import StopAfterNEvalsHook as Stop


def watch(x, y, source, folder):
    value, update = tf.metrics.mean(slim.fully_connected(x, 3))
    {line}
    return training.{call}(
        source, eval_ops=[update], final_ops=value{options})
"""
HOOKED = ", hooks=[Stop(x.n), training.SummaryAtEndHook(log_dir=folder)]"


@pytest.mark.parametrize(
    ("call", "options", "expected"),
    [
        ("evaluate_once", HOOKED, "    model.load_checkpoint(source)\n"),
        ("evaluate_once", HOOKED, "model.evaluate(model.batches, steps=x.n, return_dict=True)\n"),
        ("evaluate_once", HOOKED, "create_file_writer(folder).as_default(model.global_step):\n"),
        ("evaluate_once", "", "model.evaluate(model.batches, return_dict=True)\n"),
        ("evaluate_once", ", hooks=None", "model.evaluate(model.batches, return_dict=True)\n"),
        (
            "evaluate_repeatedly",
            f"{HOOKED}, eval_interval_secs=9",
            "    for checkpoint_path in checkpoints_to_evaluate(source, eval_interval_secs=9):\n",
        ),
    ],
)
def test_evaluation_of_contrib_training(call: str, options: str, expected: str) -> None:
    line = "tf.summary.scalar('mean', value)" if "Summary" in options else "pass"
    text = rewritten(program=OF_TRAINING, line=line, call=call, options=options)
    assert expected in text and "training" not in text and "Stop" not in text
    assert ("write_scalar('mean', value)" in text) is ("Summary" in options)


@pytest.mark.parametrize(
    "options",
    [
        ", hooks=x.hooks",
        ", hooks=[x.hook]",
        ", hooks=[x.hook()]",
        ", hooks=[Stop(3), Stop(4)]",
        ", hooks=[Stop(3, True)]",
        ", hooks=[training.SummaryAtEndHook(summary_writer=x)]",
        ", scaffold=x",
        ", config=x",
        ", feed_dict={x: 1}",
        ", final_ops_feed_dict={x: 1}",
    ],
)
def test_evaluation_of_contrib_training_that_stays(options: str) -> None:
    text = rewritten(program=OF_TRAINING, line="pass", call="evaluate_once", options=options)
    assert "MetricsModel" not in text and "return evaluate_once(" in text


def test_summaries_that_no_hook_writes() -> None:
    line = "tf.summary.scalar('mean', value)"
    text = rewritten(program=OF_TRAINING, line=line, call="evaluate_once", options="")
    assert "MetricsModel" not in text


def test_names_of_the_function_stay_its_own() -> None:
    text = rewritten(first="model, build_metrics, metric_values = other", last="print(value)")
    assert "    model_ = MetricsModel(build_metrics_)\n" in text
    assert "    value = metric_values_['value']\n" in text


PIPELINE = """def evaluate(dataset, path, folder):
    with tf.Graph().as_default():  # A graph.
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=False)
        # Read.
        [x, y] = provider.get(['x', 'y'])
        y -= 1
        size = dataset.size or 8
        x = tf.reshape(x, [size])  # of this size
        x, y = tf.train.batch([x, y], 4)

        logits = slim.fully_connected(x, 3, activation_fn=None)
        values, updates = slim.metrics.aggregate_metric_map({
            'a': slim.metrics.streaming_accuracy(tf.argmax(logits, 1), y),  # the first
            # and
            'b': slim.metrics.streaming_mean(logits),
        })
        # How many.
        batches = len(dataset) // 4
        # Go.
        slim.evaluation.evaluate_once(
            '', path, folder,  # there
            num_evals=batches, eval_op=list(updates.values()))
    # Done.
    return folder
"""


def test_a_pipeline_in_the_same_block_and_comments() -> None:
    source = HEAD + PIPELINE
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "model = MetricsModel(build_metrics)" in text and "tf.train.batch" not in text
    assert "            x, y = example['x'], example['y']\n            y -= 1\n" in text
    assert "        x, y = next_batch(batches_)\n" in text
    comments = [line.partition("#")[2] for line in source.splitlines() if "#" in line]
    assert len(comments) == 9
    assert [c for c in comments if text.count(f"#{c}\n") != 1] == []


def test_a_number_that_comes_with_the_tensors() -> None:
    text = rewritten(
        first="x, size = other(tf.constant(x))",
        second="count = size / 4",
    ).replace("num_evals=4", "")
    assert "MetricsModel" in text
    source = HEAD + PROGRAM.format(
        first="x, size = other(tf.constant(x))", second="count = size / 4", third="pass",
        last="pass", result="", op="update", options="", metric=METRIC,
    ).replace("num_evals=4", "num_evals=int(count)")  # fmt: skip
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "        return count\n\n    model = MetricsModel(build_metrics)\n" in text
    assert "    count = model.returned\n" in text and "steps=int(count))\n" in text


def test_the_detector() -> None:
    result = rewrite_tree(DETECTOR)
    text = {path: data.decode("utf-8") for path, data in result.outputs.items()}
    evaluation, training = (text[PurePosixPath(name)] for name in ("eval.py", "train.py"))
    assert "  model_ = MetricsModel(build_metrics)\n  dataset = model_.returned\n" in evaluation
    assert (
        "    log_metric('recall', keras.metrics.Mean, found, sample_weight=valid)\n" in evaluation
    )
    assert "  values = [names_to_values[name] for name in names]\n" in evaluation
    assert "model.fit(" in training
    # Neither runs a session, so that the batches that both read are a tf.data pipeline of TF 2.
    assert "import tensorflow as tf" in text[PurePosixPath("datasets/inputs.py")]


TRAIN = """def train(x, y, folder):
    logits = network(x)
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
NET = HEAD + "def network(x):\n    return slim.fully_connected(x, 3, activation_fn=None)\n"


@pytest.mark.parametrize("hooks", [False, True])
def test_a_program_that_trains_and_evaluates(hooks: bool) -> None:
    evaluation = PROGRAM.format(
        first="pass", second="pass", third="pass", last="pass", result="", op="update",
        options=", hooks=[other]" if hooks else "", metric=METRIC,
    ).replace("slim.fully_connected(x, 3, activation_fn=None)", "network(x)")  # fmt: skip
    head = f"from net import network\n{HEAD}"
    program = {"net.py": NET, "train.py": head + TRAIN, "eval.py": head + evaluation}
    result = rewrite_program(program)
    train, evaluated = output(result, "train.py") or "", output(result, "eval.py") or ""
    assert ".fit(" in train and "compat.v1 as tf" not in train
    assert ("MetricsModel" in evaluated) is not hooks
    # In one file both fit, or neither.
    both = {"net.py": NET, "both.py": head + TRAIN + "\n\n" + evaluation}
    text = output(rewrite_program(both), "both.py") or ""
    assert ("MetricsModel" in text) is (".fit(" in text) is not hooks
