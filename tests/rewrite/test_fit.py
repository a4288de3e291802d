"""slim.learning.train: what becomes compile and fit, and what stays a loop on sessions."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import is_on_the_page, output, report, rewrite_program

HEAD = "import numpy as np\nimport tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """def train(x, folder, restore=None):
    {first}
    logits = slim.fully_connected(x, 1, activation_fn=None)
    {second}
    loss = tf.reduce_mean(tf.square(logits))
    {third}
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    train_op = slim.learning.create_train_op(loss, optimizer{operation})
    {fourth}
    slim.learning.train(train_op, folder{loop})
    {last}
"""


def rewritten(head: str = HEAD, **parts: str) -> str:
    names = ("first", "second", "third", "fourth", "last")
    lines = {name: parts.get(name, "pass") for name in names}
    options = {name: parts.get(name, "") for name in ("operation", "loop")}
    source = head + PROGRAM.format(**lines, **options)
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    return output(result, "net.py") or source


FITS = {
    "as it is": {},
    "a seed": {"first": "tf.set_random_seed(1)"},
    "a summary of the loss": {"third": "tf.summary.scalar('loss', loss)"},
    "all summaries": {"loop": ", summary_op=tf.summary.merge_all()"},
    "all summaries by a name": {
        "third": "tf.summary.scalar('loss', loss)\n    merged = tf.summary.merge_all()",
        "loop": ", summary_op=merged",
    },
    "no summaries": {"loop": ", summary_op=None, summary_writer=None"},
    "summaries that are added": {
        "second": "kept = set(tf.get_collection(tf.GraphKeys.SUMMARIES))",
        "third": "kept.add(tf.summary.scalar('loss', loss))",
        "fourth": "for v in slim.get_model_variables():\n"
        "        kept.add(tf.summary.histogram(v.op.name, v))",
        "loop": ", summary_op=tf.summary.merge(list(kept))",
    },
    "a summary after the operation": {"fourth": "tf.summary.scalar('loss', loss)"},
    "regularization": {"third": "loss += tf.losses.get_regularization_loss()"},
    "clipped": {"operation": ", clip_gradient_norm=3.0"},
    "multiplied": {"operation": ", gradient_multipliers={'fully_connected/biases': 2.0}"},
    "some variables": {"operation": ", variables_to_train=slim.get_trainable_variables()"},
    "the step": {
        "first": "step = slim.get_or_create_global_step()",
        "operation": ", global_step=step",
    },
    "averages around the optimizer": {
        "fourth": "pass",
        "third": "tf.logging.info('averages')\n"
        "    average = tf.contrib.opt.MovingAverageOptimizer(tf.train.AdamOptimizer(0.1))",
        "operation": "",
    },
    "restored": {
        "fourth": "init = slim.assign_from_checkpoint_fn(restore, slim.get_model_variables())",
        "loop": ", init_fn=init",
    },
    "steps and intervals": {
        "loop": ", number_of_steps=9, log_every_n_steps=2, save_summaries_secs=5, "
        "save_interval_secs=60"
    },
    "a number that is computed": {"loop": ", number_of_steps=folder.steps()"},
    "a saver with a name": {
        "fourth": "saver = tf.train.Saver(keep_checkpoint_every_n_hours=2, write_version=2)",
        "loop": ", saver=saver",
    },
    "a config of devices": {
        "fourth": "config = tf.ConfigProto(allow_soft_placement=True)\n"
        "    config.gpu_options.allow_growth = True",
        "loop": ", session_config=config",
    },
    "numbers of a seed": {
        "head": "import numpy as np\n"
        + HEAD
        + "def noise(seed=3):\n    rng = np.random.RandomState(seed)\n"
        "    return rng.randn(1)\n\n\n",
        "second": "logits += noise()",
    },
    "an empty graph": {"first": "tf.reset_default_graph()"},
    "no server": {"loop": ", master='', is_chief=True"},
    "a server of a flag": {"loop": ", master=folder.master, is_chief=(folder.task == 0)"},
    "a device": {"second": "with tf.device('/gpu:0'):\n        logits *= 2.0"},
    "a saver": {"loop": ", saver=tf.train.Saver(max_to_keep=3)"},
    "logging": {"third": "tf.logging.info('start')"},
    "what follows": {"last": "print(folder)"},
    "the loss is chosen": {"third": "loss = 2.0 * loss if folder else loss"},
    "a return before": {"second": "if restore is None: return"},
}


BATCH_NORM = "logits = slim.batch_norm(logits, updates_collections={})"
FITS |= {
    f"updates in {name}": {"second": BATCH_NORM.format(name)}
    for name in ("None", "tf.GraphKeys.UPDATE_OPS", "'update_ops'")
}


@pytest.mark.parametrize("parts", FITS.values(), ids=list(FITS))
def test_it_fits(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "model = LossModel(build_loss)\n" in text and "    model.fit(\n" in text
    assert "slim" not in text and "train_op" not in text and "TODO" not in text
    compile(text, "net.py", "exec")


def test_a_name_on_the_line_after_def(monkeypatch: pytest.MonkeyPatch) -> None:
    program = PROGRAM.replace("def train(", "def \\\n  train(")
    monkeypatch.setattr("tests.rewrite.test_fit.PROGRAM", program)
    assert "    model.fit(\n" in rewritten()


OTHER = " and other"
OWN = HEAD + "class Own({base}):\n    def {method}(self, gradient, variable):\n        pass\n\n\n"
STAYS = {
    "steps that nothing counts": {"operation": ", global_step=None"},
    "an optimizer with another name": {
        "third": "kind = tf.train.AdamOptimizer\n    other = kind(0.1)",
        "operation": OTHER,
    },
    "an optimizer of a table": {
        "third": "other = {'sgd': tf.train.GradientDescentOptimizer}['sgd'](0.1)",
        "operation": OTHER,
    },
    "an optimizer with hidden arguments": {
        "third": "settings = {}\n    other = tf.train.AdamOptimizer(**settings)",
        "operation": OTHER,
    },
    "an optimizer that Keras has none like": {
        "third": "other = tf.train.ProximalGradientDescentOptimizer(0.1)",
        "operation": OTHER,
    },
    "an optimizer of the program": {
        "head": OWN.format(base="tf.train.Optimizer", method="_apply_dense"),
        "third": "other = Own(0.1)",
        "operation": OTHER,
    },
    "an optimizer that only behaves like one": {
        "head": OWN.format(base="object", method="apply_gradients"),
        "third": "other = Own(0.1)",
        "operation": OTHER,
    },
    "an optimizer derived from the program's": {
        "head": OWN.format(base="object", method="apply_gradients")
        + "class Mine(Own):\n    pass\n\n\ndef made():\n    return Mine()\n\n\n",
        "third": "other = made()",
        "operation": OTHER,
    },
    "an optimizer of another package": {
        "third": "other = folder.DistributedOptimizer(optimizer)",
        "operation": OTHER,
    },
    "updates that no step runs": {"second": BATCH_NORM.format("'mine'")},
    "updates in two collections": {"second": BATCH_NORM.format("['update_ops', 'mine']")},
    "updates in a collection with a name": {
        "second": f"mine = 'mine'\n    {BATCH_NORM.format('mine')}"
    },
    "updates in a collection of another file": {
        "head": f"from other import MINE\n{HEAD}",
        "second": BATCH_NORM.format("MINE"),
    },
    "updates in a collection of a default": {
        "head": HEAD + "def net(x, bn_updates_collections='mine'):\n"
        "    return slim.batch_norm(x, updates_collections=bn_updates_collections)\n\n\n",
        "second": "logits = net(logits)",
    },
    "updates in a collection of a dictionary": {
        "second": "p = {'decay': 0.9}\n    p['updates_collections'] = 'mine'\n"
        "    logits = slim.batch_norm(logits, **p)",
    },
    "a hook looks into the loss": {"fourth": "check = tf.Print(logits, [logits])"},
    "the loss is used later": {"last": "return loss"},
    "a tensor is returned": {"last": "return logits"},
    "summaries that are used": {
        "third": "merged = tf.summary.merge_all()",
        "fourth": "folder.keep(merged)",
        "loop": ", summary_op=merged",
    },
    "a summary that is not merged": {
        "second": "tf.summary.histogram('logits', logits)\n    op = tf.summary.merge_all()",
        "third": "tf.summary.scalar('loss', loss)",
        "loop": ", summary_op=op",
    },
    "gradients that are not merged": {
        "third": "op = tf.summary.merge_all()",
        "operation": ", summarize_gradients=True",
        "loop": ", summary_op=op",
    },
    "a summary that is not added": {
        "second": "tf.summary.histogram('logits', logits)",
        "third": "kept = []\n    kept.append(tf.summary.scalar('loss', loss))",
        "loop": ", summary_op=tf.summary.merge(kept)",
    },
    "summaries of one collection": {"loop": ", summary_op=tf.summary.merge_all('mine')"},
    "merged by another": {"loop": ", summary_op=folder.merged()"},
    "a writer": {"loop": ", summary_writer=folder.writer()"},
    "a summary that is added to two": {
        "third": "kept = []\n    kept.append(tf.summary.scalar('loss', loss))\n    print(kept)",
        "loop": ", summary_op=tf.summary.merge(kept)",
    },
    "a step of its own": {"loop": ", train_step_fn=folder.step"},
    "a graph": {"loop": ", graph=tf.get_default_graph()"},
    "a master": {"loop": ", master='grpc://host'"},
    "a config of the graph": {
        "loop": ", session_config=tf.ConfigProto(graph_options=folder.options)"
    },
    "a config that is shown": {
        "first": "config = tf.ConfigProto()",
        "second": "print(config)",
        "loop": ", session_config=config",
    },
    "another chief": {"loop": ", is_chief=(folder.task == 1)"},
    "workers of one's own": {
        "fourth": "task = folder.task()",
        "loop": ", is_chief=(task == 0)",
    },
    "workers that wait elsewhere": {"loop": ", sync_optimizer=optimizer"},
    "workers that keep averages": {
        "fourth": "pass",
        "third": "optimizer = tf.train.SyncReplicasOptimizer(opt=optimizer, "
        "variables_to_average=restore)",
    },
    "a device of some statements": {
        "second": "if restore:\n        with tf.device('/gpu:0'):\n            logits *= 2.0"
    },
    "unpacked": {"loop": ", **folder.options"},
    "update ops": {"operation": ", update_ops=[]"},
    "unchecked": {"operation": ", check_numerics=False"},
    "a saver of some variables": {"loop": ", saver=tf.train.Saver(slim.get_variables())"},
    "a saver that is used": {
        "fourth": "saver = tf.train.Saver()\n    saver.export_meta_graph(folder)",
        "loop": ", saver=saver",
    },
    "a saver of shards": {"loop": ", saver=tf.train.Saver(sharded=True)"},
    "averages that are saved": {
        "third": "averaged = tf.contrib.opt.MovingAverageOptimizer(tf.train.AdamOptimizer(0.1))",
        "loop": ", saver=averaged.swapping_saver()",
    },
    "averages": {"third": "tf.train.ExponentialMovingAverage(0.9).apply()"},
    "a placeholder": {"first": "x = tf.placeholder(tf.float32, [None, 4])"},
    "a queue": {"first": "x, = tf.train.batch([x], 4)"},
    "a device": {"second": "with tf.device('/cpu:0'): logits = logits + 1.0"},
    "a session": {"last": "tf.Session()"},
    "an iterator": {"first": "x = folder.make_one_shot_iterator().get_next()"},
    "an iterator of its own": {"first": "x = tf.data.make_one_shot_iterator(x).get_next('x')"},
    "an assignment": {"second": "tf.assign(x, logits)"},
    "a method that assigns": {"second": "x.assign_add(logits)"},
    "a streaming metric": {"third": "tf.metrics.mean(logits)"},
    "an event file": {"first": "out = tf.summary.FileWriter(folder)"},
    "some summaries": {"fourth": "some = tf.summary.merge([])"},
    "the step is looked at": {
        "first": "step = slim.get_or_create_global_step()",
        "third": "loss = loss + tf.cast(step, tf.float32)",
    },
    "a loss that is handed in": {"second": "restore()"},
    "a loss that is handed in, and gives something": {"second": "more = restore(folder)"},
    "two statements on a line": {"third": "a = 1; b = 2"},
    "a return among them": {"second": "while True: loss = logits; break"},
    "changed after it was used": {
        "first": "scale = 2.0",
        "second": "logits *= scale\n    scale = 3.0",
    },
    "an option that changes": {
        "first": "options = {'scale': 1.0}",
        "second": "logits *= options['scale']",
        "third": "options['scale'] = 2.0",
    },
    "an option that changes before the loss is complete": {
        "first": "options = {'scale': 1.0}",
        "second": "options['scale'] = 2.0",
        "third": "loss *= options['scale']",
    },
    "an object that changes": {"third": "loss *= folder.scale", "fourth": "folder.scale = 2.0"},
    "an object that may change": {"third": "loss *= folder.scale", "fourth": "folder.update(9)"},
    "a lambda over a name that changes": {
        "first": "scale = 2.0\n    scaled = lambda v: v * scale",
        "second": "logits = scaled(logits)",
        "third": "scale = 3.0",
    },
    "a function over a name that changes": {
        "first": "scale = 2.0\n    def scaled(v):\n        return v * scale",
        "second": "logits = scaled(logits)",
        "third": "scale = 3.0",
    },
    "a rate over a name that changes": {
        "first": "step = slim.get_or_create_global_step()\n    base = 0.1\n"
        "    rate = tf.minimum(base, 0.1 * tf.cast(step, tf.float32))",
        "third": "other = tf.train.AdamOptimizer(rate)\n    base = 3.0",
    },
    "a list that the loss fills": {
        "first": "parts = []",
        "second": "parts.append(tf.reduce_mean(logits))",
        "third": "loss += tf.add_n(parts)",
    },
    "an object that the loss changes": {
        "second": "folder.logits = logits",
        "last": "print(folder.logits)",
    },
    "a name of the file": {"first": "global out", "second": "out = logits"},
    "pairs that are there once": {
        "first": "sizes = zip([3, 4], [5, 6])",
        "second": "for a, b in sizes:\n        logits = slim.fully_connected(logits, a + b)",
    },
    "variables so far": {
        "second": "some = slim.get_trainable_variables()\n"
        "    logits = slim.fully_connected(logits, 1)",
        "operation": ", variables_to_train=some",
    },
    "variables before there are any": {
        "first": "some = tf.trainable_variables()",
        "operation": ", variables_to_train=some",
    },
    "penalties on the variables so far": {
        "second": "cost = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])\n"
        "    logits = slim.fully_connected(logits, 1)",
        "third": "loss += cost",
    },
    "a restorer of the variables so far": {
        "second": "init = slim.assign_from_checkpoint_fn(restore, slim.get_model_variables())\n"
        "    logits = slim.fully_connected(logits, 1)",
        "loop": ", init_fn=init",
    },
    "numbers that are drawn": {"second": "logits += np.random.uniform(size=[1])"},
    "numbers of a generator": {
        "first": "rng = np.random.RandomState(3)",
        "second": "logits += rng.uniform(size=[1])",
    },
    "the operation is shown": {"fourth": "print(train_op)"},
}
OF_FILES = {
    "a counter of the file": "DEPTH = 0\n\n\ndef net(x):\n    global DEPTH\n    DEPTH += 1\n"
    "    return slim.fully_connected(x, DEPTH)\n\n\n",
    "a list of the file": "PARTS = []\n\n\ndef net(x):\n    PARTS.append(x)\n"
    "    return slim.fully_connected(x, len(PARTS))\n\n\n",
    "variables so far": "def net(x):\n    x = slim.fully_connected(x, 1)\n"
    "    cost = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])\n"
    "    return slim.fully_connected(x, 1) + cost\n\n\n",
    "the step": "def net(x):\n    return x\n\n\ndef set_up():\n"
    "    step = tf.train.get_or_create_global_step()\n    return 0.1 / (1.0 + step / 1000)\n\n\n",
    "numbers that are drawn": "def net(x):\n    return x + np.random.uniform()\n\n\n",
    "something that is set later": "SCALE = 1.0\n\n\ndef net(x):\n    return x * SCALE\n\n\n"
    "def set_up():\n    global SCALE\n    SCALE = 2.0\n\n\n",
}


@pytest.mark.parametrize("functions", OF_FILES.values(), ids=list(OF_FILES))
def test_functions_that_run_again(functions: str) -> None:
    fourth = "set_up()" if "set_up" in functions else "pass"
    text = rewritten(HEAD + functions, second="logits = net(logits)", fourth=fourth)
    assert "LossModel" not in text and "train_in_session(train_op, folder" in text


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("x, y = inputs.batch(folder)", False),
        ("inputs.add_losses(folder)", False),
        ("sizes = inputs.sizes(folder)\n    folder = sizes.name", True),
        ("x, y = inputs.load(folder)\n    x = tf.constant(x)", True),
    ],
)
def test_values_of_files_that_are_not_there(line: str, fits: bool) -> None:
    text = rewritten("import inputs\n" + HEAD, first=line)
    assert ("LossModel" in text) is fits


def test_the_loss_is_used_behind_its_graph() -> None:
    source = HEAD + (
        "def train(x, folder):\n    loss = None\n    with tf.Graph().as_default():\n"
        "        loss = tf.reduce_mean(slim.fully_connected(x, 1))\n"
        "        train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))\n"
        "        slim.learning.train(train_op, folder)\n    return loss is not None\n"
    )
    assert "LossModel" not in (output(rewrite_program({"net.py": source}), "net.py") or "")


@pytest.mark.parametrize(
    ("parts", "given"),
    [
        ({"first": "x = tf.reshape(x, [-1, 4])"}, "x"),
        ({"first": "scale = 2.0", "second": "scale *= tf.ones([])"}, "scale"),
        ({"second": "for n in range(9):\n        logits *= n"}, ""),
        ({"second": "folder = [s for s in [2, 3]]"}, ""),
    ],
)
def test_names_that_get_another_value(parts: dict[str, str], given: str) -> None:
    text = rewritten(**parts)
    assert f"def build_loss({given}):" in text
    assert f"LossModel(build_loss{given and ', '}{given})" in text


@pytest.mark.parametrize("parts", STAYS.values(), ids=list(STAYS))
def test_it_stays_a_loop(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "LossModel" not in text and ".fit(" not in text
    assert "train_in_session(train_op, folder" in text


MODEL = (
    HEAD
    + """class Model:
    def __init__(self, folder):
        {made}

    def build(self):
        {built}


"""
)
LOSS = "slim.losses.add_loss(tf.reduce_sum(slim.fully_connected(tf.ones([2, 3]), 3)))"


@pytest.mark.parametrize(
    ("made", "built", "call"),
    [
        (LOSS, "pass", "model = Model(folder)"),
        ("pass", LOSS, "Model(folder).build()"),
        ("self.part = Model(folder)", LOSS, "self = Model(folder)\n    self.part.build()"),
    ],
)
def test_losses_of_methods_are_not_lost(made: str, built: str, call: str) -> None:
    head = MODEL.format(made=made, built=built)
    text = rewritten(head, second=call, third="loss = tf.losses.get_total_loss()")
    assert "LossModel" not in text and "train_in_session(train_op, folder" in text


def test_losses_of_methods_that_a_function_calls_are_not_lost() -> None:
    head = MODEL.format(made="pass", built=LOSS)
    head += "def build(folder):\n    part = folder.part()\n    part.build()\n\n\n"
    text = rewritten(head, second="build(folder)", third="loss = tf.losses.get_total_loss()")
    assert "LossModel" not in text


def test_what_only_prints_is_no_loss() -> None:
    head = (
        HEAD
        + "def show(values, stream=None):\n    print(dict(values._asdict()), file=stream)\n\n\n"
    )
    assert "LossModel(build_loss)" in rewritten(head, second="show(folder)")


def test_methods_that_make_no_tensors_are_no_losses() -> None:
    head = MODEL.format(made="self.folder = folder", built="print(self.folder)")
    text = rewritten(head, second="model = Model(folder)\n    model.build()")
    assert "model_ = LossModel(build_loss)\n" in text


def test_names_of_the_function_stay_its_own() -> None:
    text = rewritten(first="model, build_loss, training_log = folder")
    assert "model_ = LossModel(build_loss_)\n" in text and "    model_.fit(\n" in text
    assert "training_log_ = LogLoss()\n" in text


def test_a_number_of_steps_is_computed_once() -> None:
    text = rewritten(loop=", number_of_steps=folder.steps()")
    assert text.count("folder.steps()") == 1
    assert "    number_of_steps = folder.steps()\n    model.fit(\n" in text
    assert "steps_per_epoch=number_of_steps,\n" in text and "StopAtStep(number_of_steps)" in text


def test_another_session_in_the_program_keeps_both() -> None:
    parts = {"head": HEAD + "def show(x):\n    return tf.Session().run(x)\n\n\n"}
    assert "LossModel" not in rewritten(**parts)


def test_an_evaluation_on_sessions_elsewhere_does_not_matter() -> None:
    source = HEAD + PROGRAM.format(
        first="logits = net(x)", second="pass", third="pass", fourth="pass", last="pass",
        operation="", loop="",
    ).replace("    logits = slim.fully_connected(x, 1, activation_fn=None)\n", "")  # fmt: skip
    program = {
        "net.py": HEAD + "def net(x):\n    return slim.fully_connected(x, 1)\n",
        "train.py": "from net import net\n" + source,
        "eval.py": "from net import net\n" + HEAD + "def run(x):\n"
        "    return slim.evaluation.evaluate_once('', x, x, eval_op=net(x))\n",
    }
    result = rewrite_program(program)
    train, evaluation = output(result, "train.py") or "", output(result, "eval.py") or ""
    assert "model.fit(" in train and "tensorflow.compat.v1 as tf" not in train
    assert "evaluate_checkpoint(" in evaluation and "LossModel" not in evaluation


def test_a_pipeline_in_the_same_block() -> None:
    provider = "slim.dataset_data_provider.DatasetDataProvider"
    text = rewritten(
        first=f"provider = {provider}(x)\n    # Read.\n    y, z = provider.get(['y', 'z'])\n"
        "    y = y * 2.0  # twice\n    x, z = tf.train.batch([y, z], batch_size=4)"
    )
    assert "model = LossModel(build_loss, x)" in text and "tf.train.batch" not in text
    assert "            y = y * 2.0  # twice\n            return y, z\n" in text
    assert "        x, z = next_batch(batches)\n        logits = fully_connected(x" in text
    assert "        # Read.\n        def prepare(example):\n" in text


STEPS = """def make(rate, step{parameters}):
    {line}
    rate = tf.train.exponential_decay(rate, step, 10, 0.9)
    return tf.train.GradientDescentOptimizer(rate)


"""


@pytest.mark.parametrize(
    ("line", "parameters", "fits"),
    [
        ("pass", "", True),
        ("tf.summary.scalar('rate', rate)", "", True),
        ("rate = rate * tf.cast(step, tf.float32)", "", False),
        ("written = tf.summary.scalar('rate', rate)", "", False),
        ("pass", ", *more", False),
        ("pass", ", more=1", False),
    ],
)
def test_the_step_goes_to_a_schedule(line: str, parameters: str, fits: bool) -> None:
    head = HEAD + STEPS.format(line=line, parameters=parameters)
    text = rewritten(head, first="step = slim.create_global_step()", third="adam = make(0.1, step)")
    assert ("LossModel" in text) is fits
    if fits:
        assert "def make(rate):\n" in text and "adam = make(0.1)\n" in text
        assert "summary" not in text


def test_the_schedule_beside_the_loss_loses_its_summary() -> None:
    text = rewritten(
        first="step = slim.create_global_step()\n"
        "    rate = tf.train.exponential_decay(0.1, step, 5, 0.9)\n"
        "    # The rate.\n"
        "    tf.summary.scalar('rate', rate)  # shown"
    )
    assert "LossModel" in text and "summary" not in text
    assert "    # The rate.\n    # shown\n" in text


def test_the_last_summary_leaves_its_comments() -> None:
    text = rewritten(last="# The rate.\n    tf.summary.scalar('rate', 0.1)  # shown")
    assert "LossModel" in text and "summary" not in text
    assert text.endswith("    # The rate.\n    # shown\n")


def test_a_summary_below_a_condition() -> None:
    text = rewritten(
        first="if restore:\n        # The rate.\n        tf.summary.scalar('rate', 0.1)\n"
        "        print(restore)"
    )
    assert "LossModel" in text and "summary" not in text
    assert "    if restore:\n        # The rate.\n        print(restore)\n" in text


def test_a_summary_of_the_loss_below_a_condition() -> None:
    text = rewritten(third="if restore:\n        tf.summary.scalar('loss', loss)")
    assert "            log_scalar('loss', loss)\n" in text


@pytest.mark.parametrize(
    ("given", "told"), [("True", "True"), ("folder.debug", "folder.debug"), ("False", "")]
)
def test_summaries_of_gradients(given: str, told: str) -> None:
    text = rewritten(operation=f", summarize_gradients={given}", loop=", save_summaries_secs=9")
    assert (f", summarize_gradients={told})\n" in text) is bool(told)
    assert ("Summaries(folder, save_summaries_secs=9)" in text) is bool(told)


def test_a_function_that_writes_summaries_is_not_one() -> None:
    text = rewritten(first="write = tf.summary.scalar")
    assert "    write = tf.compat.v1.summary.scalar\n" in text and "LossModel" in text


GRAPH = """def train(x, folder):{first}
    with tf.Graph().as_default():{header}
        # The net.
        loss = tf.reduce_mean(slim.fully_connected(x, 1))  # its loss
        loss = 2.0 * loss
        train_op = slim.learning.create_train_op(  # an op
            loss,  # of it
            tf.train.AdamOptimizer(0.1))  # Adam
        # Now.
        slim.learning.train(  # go
            train_op,
            folder,  # where
            number_of_steps=9)  # end
        # Done.
    return folder
"""


def test_comments_stay() -> None:
    source = HEAD + GRAPH.format(first="", header="  # A graph.")
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "model.fit(" in text and "tf.Graph" not in text
    comments = [line.partition("#")[2] for line in source.splitlines() if "#" in line]
    assert len(comments) == 11
    assert [c for c in comments if text.count(f"#{c}\n") != 1] == []


def test_two_statements_on_a_line_around_the_graph() -> None:
    source = HEAD + GRAPH.format(first="\n    a = 1; b = 2", header="")
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    assert "LossModel" not in (output(result, "net.py") or "")


@pytest.mark.parametrize(
    "line", ["def scale(v): return v\n", "import nets as scale", "class scale: pass"]
)
def test_names_that_the_loss_takes_from_among_its_lines(line: str) -> None:
    text = rewritten(second=f"{line}\n    logits = scale(logits)")
    assert "LossModel" not in text


def test_a_batch_imported_by_its_own_name() -> None:
    head = "from tensorflow.train import shuffle_batch as mix\n" + HEAD
    provider = "slim.dataset_data_provider.DatasetDataProvider"
    text = rewritten(
        head=head,
        first=f"provider = {provider}(x)\n    y, = provider.get(['y'])  # read\n"
        "    y = y * 2.0\n    x = mix([y], 4, capacity=9,  # few\n"
        "            min_after_dequeue=3)  # mixed",
    )
    assert "batches = batches.shuffle(9)\n" in text and "mix(" not in text
    assert "y = example['y']  # read\n" in text and "# few\n" in text and "  # mixed\n" in text


@pytest.mark.parametrize(
    ("third", "loop", "callback"),
    [
        ("tf.summary.scalar('loss', loss)", "", "Summaries(folder),"),
        (
            "tf.summary.scalar('loss', loss)",
            ", save_summaries_secs=5",
            "Summaries(folder, save_summaries_secs=5),",
        ),
        ("tf.summary.scalar('loss', loss)", ", save_summaries_secs=0", ""),
        ("tf.summary.histogram('loss', loss)", "", "Summaries(folder),"),
        ("slim.summaries.add_scalar_summary(loss, 'loss')", "", "Summaries(folder),"),
        ("tf.summary.histogram('loss', loss)", ", summary_op=None", ""),
        ("tf.summary.histogram('loss', loss)", ", summary_writer=None", ""),
        ("pass", ", summary_op=tf.summary.merge_all()", ""),
        ("pass", ", save_summaries_secs=5", ""),
    ],
)
def test_scalars_go_to_event_files(third: str, loop: str, callback: str) -> None:
    text = rewritten(third=third, loop=loop)
    assert callback in text and ("Summaries" in text) is bool(callback)


CALLERS = {
    "a tensor": ("train(tf.random_normal([4, 4]), folder)", False),
    "a graph": ("with tf.Graph().as_default():\n        train(folder.x, folder)", False),
    "a device": ("with tf.device('/cpu:0'):\n        train(folder.x, folder)", False),
    "a caller's caller": (
        "run(folder)\n\n\ndef run(folder):\n    train(tf.zeros([4]), folder)",
        False,
    ),
    "arrays": ("tf.logging.set_verbosity(tf.logging.INFO)\n    train(folder.x, folder)", True),
}


@pytest.mark.parametrize(("call", "fits"), CALLERS.values(), ids=list(CALLERS))
def test_what_a_caller_does_before(call: str, fits: bool) -> None:
    lines = {**dict.fromkeys(("first", "second", "third", "fourth", "last"), "pass")}
    source = HEAD + PROGRAM.format(**lines, operation="", loop="") + "\n\ndef main(folder):\n    "
    result = rewrite_program({"net.py": source + call + "\n"})
    text = output(result, "net.py") or ""
    assert ("LossModel" in text) is fits and ("train_in_session(" in text) is not fits


CALLS = {
    "a function of the program": ("net(x)", True),
    "constants": ("net(tf.constant(x), tf.constant(folder.y))", True),
    "numbers": ("net(x, size=len(folder.y))", True),
    "a function of TensorFlow": ("tf.reduce_mean(slim.fully_connected(x, 1))", False),
    "a layer among its arguments": ("net(slim.fully_connected(x, 1))", False),
    "a tensor among its arguments": ("net(tf.random_normal([4, 4]))", False),
    "its own result": ("net(net(x))", False),
    "a function that makes tensors": ("net(noise())", False),
    "a layer by name": ("net(x, size=slim.fully_connected(x, 1))", False),
}


@pytest.mark.parametrize(("call", "is_one"), CALLS.values(), ids=list(CALLS))
def test_a_loss_that_is_one_call(call: str, is_one: bool) -> None:
    source = HEAD + (
        "def noise():\n    return tf.random_normal([4, 4])\n\n\n"
        "def net(x, size=1):\n    return tf.reduce_mean(slim.fully_connected(x, 1) * size)\n\n\n"
        f"def train(x, folder):\n    loss = {call}\n"
        "    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))\n"
        "    slim.learning.train(train_op, folder)\n"
    )
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert ("model = LossModel(net, " in text) is is_one
    assert ("model = LossModel(build_loss)" in text) is not is_one


REASONS = {
    "steps that nothing counts": "its training operation counts no steps",
    "an optimizer with another name": "what tf.train.AdamOptimizer is called with cannot be seen",
    "an optimizer of the program": "Own is an optimizer that Keras has not",
    "an optimizer that only behaves like one": "Own is an optimizer that Keras has not",
    "an optimizer derived from the program's": "Mine is an optimizer that Keras has not",
    "an optimizer of another package": "folder.DistributedOptimizer is an optimizer that",
    "updates that no step runs": "a batch norm puts its updates elsewhere, or may",
    "a hook looks into the loss": "tensors are made after the training operation",
    "a tensor is returned": "logits is used beside the loss",
    "the loss is used later": "loss is used beside the loss",
    "merged by another": "the loop writes summaries of its own",
    "summaries that are used": "what is merged for the loop is used elsewhere",
    "a summary that is not added": "a summary is made that the loop does not write",
    "a writer": "fit has no place for summary_writer",
    "unpacked": "are no block of their own",
    "update ops": "fit has no place for update_ops",
    "a saver that is used": "saver is used beside the loop",
    "a saver of shards": "fit has no place for its saver's sharded",
    "another chief": "the loop's chief is not worker 0",
    "workers of one's own": "task is known after the strategy is made",
    "workers that wait elsewhere": "the loop waits in another way",
    "averages": "tf.train.ExponentialMovingAverage in train needs a graph",
    "a placeholder": "tf.placeholder in train needs a graph",
    "the step is looked at": "the global step is used for more than a learning rate",
    "a loss that is handed in": "restore may make losses",
    "a loss that is handed in, and gives something": "restore may make losses",
    "two statements on a line": "two statements share a line",
    "a return among them": "the statements of the loss return, or leave a loop",
    "changed after it was used": "scale changes after the loss is built",
    "an option that changes": "what options holds changes after the loss is built",
    "an object that may change": "what folder holds changes after the loss is built",
    "a rate over a name that changes": "base changes after rate is computed",
    "a list that the loss fills": "parts gets more with each run of the loss",
    "an object that the loss changes": "what folder holds is used beside the loss",
    "pairs that are there once": "sizes can be gone through once",
    "variables so far": "variables are made after others are looked up",
    "the operation is shown": "train_op is used beside the loop",
    "an iterator": "what folder.make_one_shot_iterator().get_next gives is read when",
}


@pytest.mark.parametrize("case", STAYS)
def test_the_report_says_why(case: str) -> None:
    names = ("first", "second", "third", "fourth", "last")
    lines = {**dict.fromkeys(names, "pass"), "operation": "", "loop": "", **STAYS[case]}
    source = STAYS[case].get("head", HEAD) + PROGRAM.format(**lines)
    result = rewrite_program({"net.py": source})
    found = [e for e in report(result, "net.py").rewritten if e.api == "slim.learning.train"]
    assert [entry.note.startswith("no fit: ") for entry in found] == [True]
    assert REASONS.get(case, "") in found[0].note, found[0].note
    assert is_on_the_page(found[0].note.removeprefix("no fit: "), "SLIM290"), found[0].note
