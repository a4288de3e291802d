"""tf.contrib beyond slim: what is public TensorFlow under another name, and what each mark says."""

from __future__ import annotations

import inspect

import pytest

from slimport.contrib_api import moved
from slimport.index.canonical import canonical, is_namespace
from slimport.rewrite.tf1 import became
from tests.rewrite.tools import check_noop, check_transformed, report, rewrite_program, transform

IMPORT = "import tensorflow as tf\n"


def become(line: str) -> str:
    """What becomes of one line under ``import tensorflow as tf``."""
    return transform(f"{IMPORT}{line}\n").removeprefix(IMPORT).strip()


BECOMES = {
    "tf.contrib.util.constant_value(x)": "tf.get_static_value(x)",
    "tf.contrib.util.make_tensor_proto([1])": "tf.make_tensor_proto([1])",
    "tf.contrib.framework.is_tensor(x)": "tf.is_tensor(x)",
    "tf.contrib.framework.argsort(x, axis=0)": "tf.argsort(x, axis=0)",
    "tf.contrib.framework.nest.flatten(x)": "tf.nest.flatten(x)",
    "tf.contrib.framework.list_variables('dir')": "tf.train.list_variables('dir')",
    "tf.contrib.framework.load_variable(checkpoint_dir=d, name='w')": (
        "tf.train.load_variable(ckpt_dir_or_file=d, name='w')"
    ),
    "tf.contrib.framework.assert_same_float_dtype([x])": (
        "tf.debugging.assert_same_float_dtype([x])"
    ),
    "tf.contrib.data.unbatch()": "tf.data.experimental.unbatch()",
    "tf.contrib.data.AUTOTUNE": "tf.data.experimental.AUTOTUNE",
    "tf.contrib.data.python.ops.batching.map_and_batch(f, 2)": (
        "tf.data.experimental.map_and_batch(f, 2)"
    ),
    "tf.contrib.distributions.Normal(0.0, 1.0)": "tf.compat.v1.distributions.Normal(0.0, 1.0)",
    "tf.contrib.distributions.kl_divergence(p, q)": (
        "tf.compat.v1.distributions.kl_divergence(p, q)"
    ),
    "tf.contrib.metrics.streaming_mean(x, w)": "tf.compat.v1.metrics.mean(x, w)",
    "tf.contrib.metrics.streaming_mean_iou(p, y, 3)": (
        "tf.compat.v1.metrics.mean_iou(predictions=p, labels=y, num_classes=3)"
    ),
    "tf.contrib.metrics.streaming_auc(labels=y, predictions=p)": (
        "tf.compat.v1.metrics.auc(labels=y, predictions=p)"
    ),
    "tf.contrib.slim.metrics.streaming_accuracy(p, y, name='a')": (
        "tf.compat.v1.metrics.accuracy(predictions=p, labels=y, name='a')"
    ),
    "tf.contrib.nn.deprecated_flipped_sigmoid_cross_entropy_with_logits(p, y)": (
        "tf.compat.v1.nn.sigmoid_cross_entropy_with_logits(logits=p, labels=y)"
    ),
    "tf.contrib.tpu.CrossShardOptimizer(o)": "tf.compat.v1.tpu.CrossShardOptimizer(o)",
    "tf.contrib.eager.enable_eager_execution()": "tf.compat.v1.enable_eager_execution()",
    "tf.contrib.lookup.HashTable(i, -1)": "tf.compat.v1.lookup.StaticHashTable(i, -1)",
    "d.apply(tf.contrib.data.batch_and_drop_remainder(4))": (
        "d.apply(lambda dataset: dataset.batch(4, drop_remainder=True))"
    ),
    "tf.contrib.tfprof.model_analyzer.FLOAT_OPS_OPTIONS": (
        "tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()"
    ),
    "tf.contrib.tfprof.model_analyzer.print_model_analysis(g, tfprof_options=o)": (
        "tf.compat.v1.profiler.profile(g, options=o)"
    ),
}


@pytest.mark.parametrize(("line", "expected"), BECOMES.items())
def test_becomes(line: str, expected: str) -> None:
    assert become(line) == expected


IMPORTS = {
    "a package": "from tensorflow.contrib import data\nx = data.map_and_batch(f, 2)\n",
    "a function": "from tensorflow.contrib.data import map_and_batch\nx = map_and_batch(f, 2)\n",
    "another name": "import tensorflow.contrib.data as cd\nx = cd.map_and_batch(f, 2)\n",
    "from deep within": (
        "from tensorflow.contrib.data.python.ops import batching as b\nx = b.map_and_batch(f, 2)\n"
    ),
    "an alias": "import tensorflow as tf\ncd = tf.contrib.data\nx = cd.map_and_batch(f, 2)\n",
}


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS.keys())
def test_however_it_is_imported(text: str) -> None:
    assert transform(text) == f"{IMPORT}x = tf.data.experimental.map_and_batch(f, 2)\n"


UNDER_COMPAT_V1 = {
    "from tensorflow.contrib import metrics\nx = metrics.streaming_recall(p, y)\n": (
        "x = tf.metrics.recall(predictions=p, labels=y)\n"
    ),
    "x = tf.contrib.metrics.streaming_recall(p, y)\n": (
        "x = tf.metrics.recall(predictions=p, labels=y)\n"
    ),
    "x = tf.contrib.framework.nest.flatten(y)\n": "x = tf.nest.flatten(y)\n",
}


@pytest.mark.parametrize(("text", "expected"), UNDER_COMPAT_V1.items())
def test_under_compat_v1(text: str, expected: str) -> None:
    head = "import tensorflow.compat.v1 as tf\n"
    assert transform(head + text) == head + expected


def test_a_function_that_is_kept_as_a_value() -> None:
    check_transformed(
        "import tensorflow as tf\nf = tf.contrib.util.constant_value\nx = f(y)\n",
        "import tensorflow as tf\nf = tf.get_static_value\nx = f(y)\n",
    )


LEFT = {
    "tf.contrib.metrics.streaming_accuracy(*pair)": "SLIM340",
    "tf.contrib.metrics.streaming_accuracy(**pair)": "SLIM340",
    "tf.contrib.metrics.streaming_accuracy": "SLIM340",
    "tf.contrib.metrics.streaming_accuracy(p, unheard_of=y)": "SLIM340",
    "tf.contrib.metrics.streaming_pearson_correlation(p, y)": "SLIM402",
    "tf.contrib.data.sliding_window_batch(3)": "SLIM499",
    "tf.contrib.framework.nest.map_structure_up_to(a, b, c)": "SLIM499",
    "tf.contrib.distributions.MultivariateNormalDiag(x)": "SLIM499",
    "tf.contrib.unheard_of.function(x)": "SLIM499",
    "tf.contrib.losses.log_loss(p, y, weight=2.0)": "SLIM341",
    "tf.contrib.losses.log_loss(*pair, weight=2.0)": "SLIM341",
    "tf.contrib.losses.log_loss(p, y, 1.0, 1e-7, 'scope', 2)": "SLIM341",
    "tf.contrib.losses.add_loss": "SLIM341",
    "tf.contrib.losses.unheard_of(p, y)": "SLIM404",
    "tf.contrib.lookup.HashTable(i, -1, shared_name='a')": "SLIM342",
    "f(tf.contrib.data.batch_and_drop_remainder(4))": "SLIM342",
    "d.apply(tf.contrib.data.batch_and_drop_remainder(dataset.size))": "SLIM342",
    "tf.contrib.summary.scalar('a', x)": "SLIM499",
}


@pytest.mark.parametrize(("line", "code"), LEFT.items())
def test_left(line: str, code: str) -> None:
    result = rewrite_program({"net.py": f"{IMPORT}{line}\n"})
    assert [left.code for left in report(result, "net.py").left] == [code]
    assert become(line).endswith(line)


LOSSES = {
    "slim.losses.log_loss(p, y, 2.0)": "losses.log_loss(predictions=p, labels=y, weights=2.0)",
    "losses.log_loss(predictions=p, labels=y)": "losses.log_loss(predictions=p, labels=y)",
    "losses.get_total_loss()": "losses.get_total_loss()",
    "losses.get_losses('tower')": "losses.get_losses('tower')",
    "losses.get_regularization_losses()": "losses.get_regularization_losses()",
    "losses.log_loss(p, y, w)": "log_loss(p, y, w)",
    "losses.log_loss(p, y, weights=2 * w)": "log_loss(p, y, weights=2 * w)",
    "losses.log_loss(*pair)": "log_loss(*pair)",
    "losses.hinge_loss(p, y)": "hinge_loss(p, y)",
}


@pytest.mark.parametrize(("line", "expected"), LOSSES.items())
def test_losses_in_a_session_script_and_elsewhere(line: str, expected: str) -> None:
    session = "session = tf.Session()\n"
    text = transform(f"{IMPORT}{session}tf.contrib.{line}\n")
    is_written = "losses." not in expected
    assert text.endswith(f"\n{expected}\n" if is_written else f"\ntf.{expected}\n")
    # Without a session all are the written module's: tf.losses keeps nothing in eager code.
    text = transform(f"{IMPORT}tf.contrib.{line}\n")
    assert text.endswith(f"\n{expected if is_written else line.rpartition('losses.')[2]}\n")


ADVICE = {
    "tf.contrib.crf.crf_decode(x)": "tf.scan",
    "tf.contrib.opt.AdamWOptimizer(0.1)": "keras.optimizers.AdamW",
    "tf.contrib.opt.AGNOptimizer(x)": "keras.optimizers",
    "tf.contrib.quantize.create_training_graph()": "tfmot.quantization",
    "tf.contrib.model_pruning.masked_conv2d(x)": "tfmot.sparsity",
    "tf.contrib.image.rotate(x, 1.0)": "affine_transform",
    "tf.contrib.losses.metric_learning.npairs_loss(x, y, z)": "keras.ops",
    "tf.contrib.learn.python.learn.learn_runner.run(x)": "keras.Model",
    "tf.contrib.eager.defun(f)": "tf.function",
    "tf.contrib.memory_stats.BytesInUse()": "get_memory_info",
}


@pytest.mark.parametrize(("line", "word"), ADVICE.items())
def test_the_mark_names_what_there_is(line: str, word: str) -> None:
    (left,) = report(rewrite_program({"net.py": f"{IMPORT}{line}\n"}), "net.py").left
    assert word in left.advice


STAYS = {
    "a package of one's own": "from contrib import data\nx = data.map_and_batch(f, 2)\n",
    "tf.data's own": "import tensorflow as tf\nx = tf.data.experimental.map_and_batch(f, 2)\n",
    "a method": "import tensorflow as tf\nx = tf.constant(1).contrib.data.AUTOTUNE\n",
    "a text": "import tensorflow as tf\nx = 'tf.contrib.data.AUTOTUNE'\n",
    "a parameter": "import tensorflow\ndef f(tf): return tf.contrib.data.AUTOTUNE\n",
    "keras' metrics": "import tensorflow as tf\nx = tf.keras.metrics.Mean()\n",
    "the tree's": "import tensorflow as tf\nfrom .contrib import util\nutil.make_ndarray(x)\n",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS.keys())
def test_stays(text: str) -> None:
    check_noop(text)


@pytest.mark.parametrize(
    "name", ["framework.nest", "data.python.ops.batching", "losses.metric_learning", "tfprof"]
)
def test_modules(name: str) -> None:
    assert is_namespace(canonical(f"tensorflow.contrib.{name}") or "")


def test_what_moved_is_no_module() -> None:
    assert [name for name in moved() if is_namespace(f"tf.contrib.{name}") and "." in name] == []


def test_every_new_name_is_there_and_takes_the_parameters() -> None:
    tf = pytest.importorskip("tensorflow")
    for place in moved().values():
        found = tf
        for part in became(place.target, None).name.split("."):
            found = getattr(found, part)
        if place.parameters is not None:
            names = list(inspect.signature(found).parameters)
            assert {new for _, new in place.parameters} <= set(names), place
            same = names[: place.positional]
            assert [new for _, new in place.parameters[: place.positional]] == same, place
