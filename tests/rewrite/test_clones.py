"""model_deploy: which scripts become replicas of a strategy, and what keeps others on sessions."""

from __future__ import annotations

import re

import pytest

from tests.rewrite.tools import is_on_the_page, output, report, rewrite_program

PROGRAM = """import tensorflow as tf
import tf_slim as slim
from deployment import model_deploy
from tensorflow.python.ops import control_flow_ops

from nets import dataset, network

FLAGS = tf.app.flags.FLAGS


def main(_):
    with tf.Graph().as_default():
        deploy_config = model_deploy.DeploymentConfig({config})
        with tf.device(deploy_config.variables_device()):
            global_step = slim.create_global_step()
        {early}
        with tf.device(deploy_config.inputs_device()):
            provider = slim.dataset_data_provider.DatasetDataProvider(dataset)
            image, label = provider.get(['image', 'label'])
            images, labels = tf.train.batch([image, label], batch_size=32)
            batch_queue = slim.prefetch_queue.prefetch_queue(
                [images, labels], capacity=2 * deploy_config.num_clones)

        def clone_fn(batch_queue):
            {dequeued}
            logits, end_points = network(images)
            tf.losses.sparse_softmax_cross_entropy(labels, logits)
            return end_points

        summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
        clones = model_deploy.create_clones(deploy_config, clone_fn, {given})
        first_clone_scope = deploy_config.clone_scope(0)
        update_ops = tf.get_collection({updates})
        end_points = clones[0].outputs
        {shown}
        {averages}
        with tf.device(deploy_config.optimizer_device()):
            optimizer = {optimizer}
        {waiting}
        total_loss, gradients = model_deploy.optimize_clones(clones, optimizer{optimized})
        {changes}
        grad_updates = optimizer.apply_gradients(gradients, global_step={step})
        update_ops.append(grad_updates)
        update_op = tf.group(*update_ops)
        {waits}
        summaries |= set(tf.get_collection(tf.GraphKeys.SUMMARIES, first_clone_scope))
        summary_op = tf.summary.merge(list(summaries), name='summary_op')
        {late}
        slim.learning.train(train_tensor, logdir=FLAGS.train_dir{summary}{loop})
"""
PARTS = {
    "config": "num_clones=FLAGS.num_clones",
    "early": "network_name = FLAGS.model_name or 'net'",
    "given": "[batch_queue]",
    "updates": "tf.GraphKeys.UPDATE_OPS, first_clone_scope",
    "dequeued": "images, labels = batch_queue.dequeue()",
    "shown": "pass",
    "averages": "pass",
    "optimizer": "tf.train.MomentumOptimizer(0.1, 0.9)",
    "waiting": "pass",
    "optimized": "",
    "changes": "tf.logging.info('gradients')",
    "step": "global_step",
    "waits": """with tf.control_dependencies([update_op]):
            train_tensor = tf.identity(total_loss, name='train_op')""",
    "late": "pass",
    "summary": ", summary_op=summary_op",
    "loop": "",
}
AVERAGES = """if FLAGS.decay:
            variables = slim.get_model_variables()
            averages = tf.train.ExponentialMovingAverage(FLAGS.decay, global_step)
        else:
            variables, averages = None, None"""
AVERAGED = "update_ops.append(averages.apply(variables))"
WAITING = """if FLAGS.sync:
            optimizer = tf.train.SyncReplicasOptimizer(
                opt=optimizer, replicas_to_aggregate=FLAGS.aggregate,
                total_num_replicas=FLAGS.workers{kept})"""
KEPT = ", variable_averages=averages, variables_to_average=variables"
WORKERS = "num_clones=2, replica_id=FLAGS.task, num_replicas=FLAGS.workers, num_ps_tasks=FLAGS.ps"


def rewritten(others: dict[str, str] | None = None, **parts: str) -> tuple[str, str]:
    """The new text, and what the report says of the loop."""
    source = PROGRAM.format(**{**PARTS, **parts})
    result = rewrite_program({"net.py": source, **(others or {})})
    found = report(result, "net.py")
    assert not found.error
    text = output(result, "net.py") or source
    compile(text, "net.py", "exec")
    return text, "\n".join(entry.note for entry in found.rewritten)


FITS = {
    "as it is": {},
    "workers that wait": {
        "config": WORKERS,
        "waiting": WAITING.format(kept=""),
        "loop": ", master=FLAGS.master, is_chief=(FLAGS.task == 0), "
        "sync_optimizer=optimizer if FLAGS.sync else None",
    },
    "averages": {"averages": AVERAGES, "waiting": f"if FLAGS.decay:\n            {AVERAGED}"},
    "averages of workers that wait": {
        "config": WORKERS,
        "averages": AVERAGES,
        "waiting": WAITING.format(kept=KEPT)
        + f"\n        elif FLAGS.decay:\n            {AVERAGED}",
        "loop": ", sync_optimizer=optimizer if FLAGS.sync else None",
    },
    "averages that do not count steps": {
        "averages": "variables = slim.get_model_variables()\n"
        "        averages = tf.train.ExponentialMovingAverage(decay=0.99)",
        "waiting": AVERAGED,
    },
    "averages always": {
        "averages": "variables = slim.get_model_variables()\n"
        "        averages = tf.train.ExponentialMovingAverage(0.99, global_step)",
        "waiting": AVERAGED,
    },
    "another way to wait": {
        "waits": "train_tensor = control_flow_ops.with_dependencies(\n"
        "            [update_op], total_loss, name='train_op')"
    },
    "changed gradients": {
        "changes": "gradients = slim.learning.multiply_gradients(gradients, FLAGS.factors)\n"
        "        gradients = slim.learning.clip_gradient_norms(gradients, 3.0)"
    },
    "gradients clipped where that is asked for": {
        "changes": "if FLAGS.clip > 0:\n"
        "            gradients = slim.learning.clip_gradient_norms(gradients, FLAGS.clip)"
    },
    "a device in the clone": {
        "dequeued": "with tf.device(deploy_config.inputs_device()):\n"
        "                # A batch.\n"
        "                images, labels = batch_queue.dequeue()"
    },
    "a check": {"changes": "total_loss = tf.check_numerics(total_loss, 'Loss is inf or nan.')"},
    "a session's configuration": {
        "late": "options = tf.GPUOptions(per_process_gpu_memory_fraction=0.5)\n"
        "        config = tf.ConfigProto(allow_soft_placement=True, gpu_options=options)",
        "loop": ", session_config=config",
    },
    "all summaries of the graph": {"summary": ", summary_op=tf.summary.merge_all()"},
    "those that slim takes itself": {"summary": ""},
    "no summaries": {"summary": ", summary_op=None"},
    "part of the variables": {"optimized": ", var_list=tf.trainable_variables()"},
    "arguments by name": {"given": "args=[batch_queue]"},
    "summaries of losses and variables": {
        "shown": "for loss in tf.get_collection(tf.GraphKeys.LOSSES, first_clone_scope):\n"
        "            summaries.add(tf.summary.scalar('losses/%s' % loss.op.name, loss))\n"
        "        for variable in slim.get_model_variables():\n"
        "            summaries.add(tf.summary.histogram(variable.op.name, variable))"
    },
}


@pytest.mark.parametrize("parts", FITS.values(), ids=list(FITS))
def test_it_fits(parts: dict[str, str]) -> None:
    text, _ = rewritten(**parts)
    assert "strategy = clone_strategy(" in text and "    model.fit(\n" in text
    for gone in ("slim", "model_deploy", "train_op", "tf.device", "summaries", "TODO", "update_op"):
        assert gone not in text, gone


def test_quantization_which_tensorflow_2_has_not_is_marked() -> None:
    text, _ = rewritten(
        shown="for variable in slim.get_model_variables():\n"
        "            summaries.add(tf.summary.histogram(variable.op.name, variable))",
        averages="if FLAGS.quantize:\n            tf.contrib.quantize.create_training_graph()",
    )
    assert "strategy = clone_strategy(" in text and "    model.fit(\n" in text
    marks = [line.strip() for line in text.splitlines() if "TODO" in line]
    assert len(marks) == 1 and "tf.contrib.quantize.create_training_graph" in marks[0]


def test_what_keras_is_told() -> None:
    text, _ = rewritten(**FITS["averages of workers that wait"])
    assert "sync_replicas=FLAGS.sync,\n" in text
    assert "replicas_to_aggregate=FLAGS.aggregate,\n" in text
    assert "averages = MovingAverages(FLAGS.decay)\n" in text
    assert "variable_averages=averages,\n" in text and "variables_to_average=variables,\n" in text
    assert "check_numerics=False" in text
    text, _ = rewritten(**FITS["a check"])
    assert "check_numerics" not in text
    text, _ = rewritten(**FITS["changed gradients"])
    assert "clip_gradient_norm=3.0" in text and "gradient_multipliers=FLAGS.factors" in text
    text, _ = rewritten(config=WORKERS)  # nobody waits: told when the program starts
    assert "sync_replicas=False" in text


def test_averages_count_steps_where_they_did() -> None:
    text, _ = rewritten(**FITS["averages always"])
    assert "averages = MovingAverages(0.99)\n" in text
    text, _ = rewritten(**FITS["averages that do not count steps"])
    assert "averages = MovingAverages(0.99, num_updates=False)\n" in text


def test_the_learning_rate_is_written_for_workers_too() -> None:
    parts = {
        **FITS["workers that wait"],
        "averages": "rate = tf.train.exponential_decay(0.1, global_step, 10, 0.9)\n"
        "        summaries.add(tf.summary.scalar('learning_rate', rate))",
        "optimizer": "tf.train.AdamOptimizer(rate)",
    }
    assert "learning_rate='learning_rate'" in rewritten(**parts)[0]


def test_summaries_are_written_as_often_as_they_were() -> None:
    for name, count in (("no summaries", 0), ("those that slim takes itself", 1)):
        shown = "summaries.add(tf.summary.scalar('x', tf.zeros([])))"
        assert rewritten(**FITS[name], shown=shown)[0].count("Summaries(FLAGS") == count


def test_variables_are_looked_up_in_the_model() -> None:
    text, _ = rewritten(**FITS["part of the variables"])
    lines = text.splitlines()
    compiled = next(i for i, line in enumerate(lines) if "model.compile(" in line)
    assert "with model.layer_graph():" in lines[compiled - 1]


STAYS = {
    "an argument that no strategy has": (
        {"config": "num_clones=2, fake_multiple_gpus=True"},
        "no strategy has a place for fake_multiple_gpus",
    ),
    "a device that is known later": (
        {"config": "num_clones=number", "late": "number = 2"},
        "number is known after the networks are deployed",
    ),
    "a variable beside the clones": (
        {"early": "scale = tf.Variable(1.0)"},
        "tf.Variable is made once, before the clones",
    ),
    "something random beside the clones": (
        {"early": "noise = tf.random_normal([3])"},
        "tf.random_normal is made once, before the clones",
    ),
    "updates of all clones": (
        {"updates": "tf.GraphKeys.UPDATE_OPS"},
        "update_ops are not the updates of the first clone",
    ),
    "other updates": (
        {"updates": "'my_updates', first_clone_scope"},
        "update_ops are not the updates of the first clone",
    ),
    "one more update": (
        {"waiting": "update_ops.append(tf.assign_add(counter, 1))"},
        "tf.assign_add is one more update",
    ),
    "an update in a list": (
        {"waiting": "update_ops += [tf.no_op()]"},
        "update_ops gets several values",
    ),
    "averages of which a worker knows nothing": (
        {
            "averages": AVERAGES,
            "waiting": WAITING.format(kept="")
            + f"\n        elif FLAGS.decay:\n            {AVERAGED}",
            "loop": ", sync_optimizer=optimizer if FLAGS.sync else None",
        },
        "moving averages are not kept by waiting workers",
    ),
    "averages of another kind": (
        {
            "averages": "variables = slim.get_model_variables()\n"
            "        averages = tf.train.ExponentialMovingAverage(0.9, zero_debias=True)",
            "waiting": AVERAGED,
        },
        "moving averages are kept in another way",
    ),
    "averages under another condition": (
        {"averages": AVERAGES, "waiting": f"if FLAGS.average:\n            {AVERAGED}"},
        "moving averages are kept in another way",
    ),
    "averages that are used": (
        {
            "averages": AVERAGES,
            "waiting": f"if FLAGS.decay:\n            {AVERAGED}",
            "late": "saver = tf.train.Saver(averages.variables_to_restore())",
            "loop": ", saver=saver",
        },
        "",
    ),
    "another device in the clone": (
        {
            "dequeued": "with tf.device('/gpu:1'):\n"
            "                images, labels = batch_queue.dequeue()"
        },
        "tf.device in main.clone_fn needs a graph",
    ),
    "the last clone": (
        {"shown": "predictions = clones[-1].outputs"},
        "clones is used beside the training",
    ),
    "all clones": (
        {"shown": "for clone in clones:\n            print(clone.scope)"},
        "clones is used beside the training",
    ),
    "an output beside the summaries": (
        {"shown": "print(end_points)"},
        "end_points is used beside the training",
    ),
    "a summary of what comes later": (
        {
            "shown": "summaries.add(tf.summary.scalar('norm', norm_of(limit)))",
            "late": "limit = 3",
        },
        "limit is made after the clones",
    ),
    "summaries under a name": (
        {
            "shown": "with tf.name_scope('shown'):\n"
            "            summaries.add(tf.summary.scalar('norm', end_points['norm']))"
        },
        "a name scope is around summaries",
    ),
    "regularization that is left out": (
        {"optimized": ", regularization_losses=[]"},
        "the losses are summed with regularization_losses",
    ),
    "gradients of another kind": (
        {"optimized": ", gate_gradients=0"},
        "the losses are summed with gate_gradients",
    ),
    "gradients that are clipped first": (
        {
            "changes": "gradients = slim.learning.clip_gradient_norms(gradients, 3.0)\n"
            "        gradients = slim.learning.multiply_gradients(gradients, FLAGS.factors)"
        },
        "gradients are changed in another order",
    ),
    "gradients that are clipped at times": (
        {
            "changes": "if FLAGS.clips:\n"
            "            gradients = slim.learning.clip_gradient_norms(gradients, 3.0)"
        },
        "gradients are changed under a condition",
    ),
    "gradients that are scaled": (
        {"changes": "gradients = [(2.0 * g, v) for g, v in gradients]"},
        "gradients are changed in another way",
    ),
    "gradients that are looked at": (
        {"late": "print(gradients)"},
        "gradients is used beside the training",
    ),
    "a loss that is scaled": (
        {"changes": "total_loss = 2.0 * total_loss"},
        "total_loss gets another value",
    ),
    "a loss that is looked at": (
        {"late": "show = tf.Print(total_loss, [total_loss])"},
        "total_loss is used beside the training",
    ),
    "no step": ({"step": "None"}, "the global step is not counted by the optimizer"),
    "a step that is looked at": (
        {"late": "shown = tf.equal(global_step, 3)"},
        "the global step is used for more than a learning rate",
    ),
    "some summaries": (
        {"summary": ", summary_op=tf.summary.merge_all('train')"},
        "the loop writes summaries of its own",
    ),
    "a step function": (
        {"loop": ", train_step_fn=FLAGS.step"},
        "fit has no place for train_step_fn",
    ),
    "another chief": (
        {"config": WORKERS, "loop": ", is_chief=(FLAGS.task == 1)"},
        "the loop's chief is not worker 0",
    ),
    "a session that may compute otherwise": (
        {
            "late": "config = tf.ConfigProto(graph_options=FLAGS.options)",
            "loop": ", session_config=config",
        },
        "the session's graph_options may change what is computed",
    ),
    "clones that read nothing": ({"given": "[]"}, ""),
    "a loss behind the clones": (
        {"shown": "tf.losses.add_loss(FLAGS.more * tf.nn.l2_loss(tf.trainable_variables()[0]))"},
        "tf.losses.add_loss is made beside the clones",
    ),
    "a loss that is collected before the clones": (
        {"early": "tf.add_to_collection(tf.GraphKeys.LOSSES, tf.constant(1.0))"},
        "tf.add_to_collection is made once, before the clones",
    ),
    "a rate of a step that is asked for": (
        {
            "shown": "step = tf.cast(tf.train.get_global_step(), tf.float32)\n"
            "        rate = tf.minimum(0.1, 0.01 * step)",
            "optimizer": "tf.train.MomentumOptimizer(rate, 0.9)",
        },
        "main computes with the global step",
    ),
    "an option of clones that changes": (
        {
            "early": "options = {'scale': 1.0}",
            "dequeued": f"{PARTS['dequeued']}\n            images *= options['scale']",
            "shown": "options['scale'] = 2.0",
        },
        "what options holds changes after the loss is built",
    ),
    "a name of clones that changes": (
        {
            "early": "scale = 1.0",
            "dequeued": f"{PARTS['dequeued']}\n            images *= scale",
            "shown": "scale = 2.0",
        },
        "scale changes after the loss is built",
    ),
    "a list that clones fill": (
        {
            "early": "seen = []",
            "dequeued": f"{PARTS['dequeued']}\n            seen.append(images)",
        },
        "seen gets more with each run of the loss",
    ),
    "a look-up before the clones": (
        {"early": "some = slim.get_model_variables()", "optimized": ", var_list=some"},
        "variables are made after others are looked up",
    ),
    "a loss that is used behind the graph": (
        {"loop": ")\n    print(total_loss"},
        "total_loss is used beside the loss",
    ),
    "clones made twice": (
        {"late": "others = model_deploy.create_clones(deploy_config, clone_fn, [batch_queue])"},
        "create_clones is called in another way",
    ),
}


@pytest.mark.parametrize(("parts", "why"), STAYS.values(), ids=list(STAYS))
def test_it_stays_on_sessions(parts: dict[str, str], why: str) -> None:
    text, notes = rewritten(**parts)
    assert "model_deploy.create_clones(" in text and "LossModel" not in text
    assert f"no fit: {why}" in notes
    (reason,) = re.findall("no fit: (.*)", notes)
    assert is_on_the_page(reason, "SLIM290", "SLIM294"), reason


ASKING = """import tensorflow as tf


def rate():
    step = tf.train.get_or_create_global_step()
    return {}


"""


@pytest.mark.parametrize(
    ("rate", "fits"),
    [
        ("tf.train.exponential_decay(0.1, step, 10, 0.5)", True),
        ("tf.minimum(0.1, 0.01 * tf.cast(step, tf.float32))", False),
    ],
)
def test_functions_that_ask_for_the_step(rate: str, fits: bool) -> None:
    parts = {**PARTS, "optimizer": "tf.train.MomentumOptimizer(rate(), 0.9)"}
    source = ASKING.format(rate) + PROGRAM.format(**parts)
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert ("model.fit(" in text) is fits and ("train_in_session(" in text) is not fits


COPY = '''import tensorflow as tf
import tf_slim as slim


class DeploymentConfig(object):
    """Clones on devices."""


def create_clones(config, model_fn, args=None, kwargs=None):
    return [model_fn(*args)]


def optimize_clones(clones, optimizer, regularization_losses=None, **kwargs):
    loss = tf.add_n(tf.get_collection(tf.GraphKeys.LOSSES))
    return loss, optimizer.compute_gradients(loss, **kwargs)
'''


def test_a_copy_that_computes_something_else_is_not_slims() -> None:
    _, notes = rewritten({"deployment/model_deploy.py": COPY, "deployment/__init__.py": ""})
    assert "no fit: create_clones of the tree's model_deploy is not slim's" in notes
