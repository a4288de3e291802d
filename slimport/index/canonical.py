"""One name for one API: every spelling of a slim or TensorFlow symbol becomes one dotted name.

``tf.contrib.slim.conv2d``, ``tf_slim.layers.layers.convolution2d`` and
``tensorflow.contrib.layers.conv2d`` are the same function. Its canonical name is ``slim.conv2d``.
TensorFlow's own symbols are ``tf.<name>``, whether reached through ``tensorflow`` or
``tensorflow.compat.v1``.
"""

from __future__ import annotations

from functools import cache

from slimport import contrib_api, slim_api, tf1_api

_TENSORFLOW_ROOTS = ("tensorflow.compat.v1", "tensorflow")
# Modules of tf_slim (and of tf.contrib.slim) under which slim's own functions are found as well:
# where they are written, and where another module's imports left them.
_DEEP_SLIM_MODULES = frozenset(
    """
    arg_scope_lib initializers layers layers.initializers layers.layers layers.normalization
    layers.optimizers layers.regularizers layers.rev_block_lib layers.summaries layers.variables
    normalization normalization.variables ops ops.arg_scope ops.bucketization_op ops.framework_ops
    ops.variables optimizers regularizers rev_block_lib bucketization_op
    """.split()
)
# Modules of which slim has two names, the shorter one as value.
_SLIM_MODULE_ALIASES = {
    "data.data_decoder": "data_decoder",
    "tfexample_decoder.data_decoder": "data_decoder",
    "dataset_data_provider.data_provider": "data_provider",
    "dataset_data_provider.parallel_reader": "parallel_reader",
    "data.data_provider": "data_provider",
    "data.dataset": "dataset",
    "data.dataset_data_provider": "dataset_data_provider",
    "data.parallel_reader": "parallel_reader",
    "data.prefetch_queue": "prefetch_queue",
    "data.tfexample_decoder": "tfexample_decoder",
    "evaluation.evaluation": "training",
    "layers.utils": "utils",
    "learning.training": "training",
    "losses.loss_ops": "losses",
    "metrics.classification": "metrics",
    "metrics.metric_ops": "metrics",
    "nets.resnet_v1.resnet_utils": "nets.resnet_utils",
    "nets.resnet_v2.resnet_utils": "nets.resnet_utils",
    "normalization.utils": "utils",
    "train_eval": "training",
    "training.evaluation": "training",
    "training.training": "training",
}
_SLIM_MODULES = frozenset(
    """
    arg_scope_lib data data_decoder data_provider dataset dataset_data_provider evaluation
    initializers layers learning losses metrics model_analyzer nets normalization ops optimizers
    parallel_reader prefetch_queue queues regularizers summaries tfexample_decoder
    tfrecord_decoder train_eval training utils
    """.split()
)
# `from tf_slim.ops import arg_scope` gives the module of that name.
_NOT_THE_FUNCTION = frozenset({"ops.arg_scope"})
# A function with the name of its module.
_NOT_THE_MODULE = frozenset({"slim.prefetch_queue.prefetch_queue"})
_LAYERS_MODULES = (
    "", "encoders", "initializers", "layers", "normalization", "optimizers", "regularizers",
    "rev_block_lib", "summaries",
)  # fmt: skip
_FRAMEWORK_MODULES = ("", "arg_scope", "variables", "framework_ops", "ops")
# tensorflow.python.layers: what has tf.layers' functions and classes.
_WRITTEN_LAYERS = ("base", "convolutional", "core", "layers", "normalization", "pooling")
# Where recurrent cells and loops were written, and the public module of each.
_RNN_MODULES = {
    "contrib.rnn.core_rnn_cell": "contrib.rnn",
    "contrib.rnn.python.ops.core_rnn": "contrib.rnn",
    "contrib.rnn.python.ops.core_rnn_cell": "contrib.rnn",
    "contrib.rnn.python.ops.rnn": "contrib.rnn",
    "contrib.rnn.python.ops.rnn_cell": "contrib.rnn",
    "python.ops.rnn": "nn",
    "python.ops.rnn_cell": "nn.rnn_cell",
    "python.ops.rnn_cell_impl": "nn.rnn_cell",
}
# Where TensorFlow's scopes and their variables were written, which layers of slim's time import.
_VARIABLE_SCOPES = "python.ops.variable_scope."
_SCOPED = frozenset(
    "AUTO_REUSE get_variable get_variable_scope variable_op_scope variable_scope".split()
)
# Where savers and sessions that restore were written.
_RESTORING = {
    "python.training.checkpoint_utils": ("init_from_checkpoint",),
    "python.training.monitored_session": (
        "ChiefSessionCreator", "MonitoredTrainingSession", "Scaffold", "SingularMonitoredSession",
    ),
    "python.training.saver": ("Saver", "import_meta_graph"),
    "python.training.supervisor": ("Supervisor",),
}  # fmt: skip
# Modules deeper in tf.contrib.
_CONTRIB_MODULES = ("python", "ops", "layers", "core_rnn_cell", "training", "hparam")
# tf.contrib.training: what slim took over, and where it is written.
_TRAINING_MODULES = ("", "evaluation", "hparam", "training")
_TRAINING = frozenset(
    """
    StopAfterNEvalsHook SummaryAtEndHook add_gradients_summaries checkpoints_iterator
    clip_gradient_norms clip_gradient_norms_fn create_train_op evaluate_once evaluate_repeatedly
    get_or_create_eval_step multiply_gradients train wait_for_new_checkpoint
    """.split()
)

# Beside tf.contrib: what TensorFlow 1 installed and TensorFlow 2 does not.
_NOT_INSTALLED = ("tf.estimator.", "tf.examples.", "tf.models.")


@cache
def canonical(dotted: str) -> str | None:
    """Canonical name of an absolute dotted name, None where it is neither slim nor TensorFlow.

    >>> canonical("tensorflow.contrib.layers.python.layers.layers.convolution2d")
    'slim.conv2d'
    >>> canonical("tensorflow.compat.v1.concat")
    'tf.concat'
    >>> canonical("numpy.int") is None
    True
    """
    if dotted == "tf_slim" or dotted.startswith("tf_slim."):
        return _slim(dotted.removeprefix("tf_slim").lstrip("."))
    for root in _TENSORFLOW_ROOTS:
        if dotted == root or dotted.startswith(root + "."):
            rest = dotted.removeprefix(root).lstrip(".")
            while rest.startswith("compat.v1."):  # it is there below itself
                rest = rest.removeprefix("compat.v1.")
            return _tensorflow(rest)
    return None


def is_slim(api: str) -> bool:
    """Whether a canonical name is part of tf.contrib (slim included), which no TF 2 has."""
    return api == "slim" or api.startswith(("slim.", "tf.contrib"))


def is_absent(api: str) -> bool:
    """Whether a canonical name is of a package that came with TensorFlow 1 and with no TF 2."""
    return is_slim(api) or f"{api}.".startswith(_NOT_INSTALLED)


def is_namespace(api: str) -> bool:
    """Whether a canonical name is a module (``tf.nn``, ``slim.utils``), not something in one."""
    last = api.rpartition(".")[2]
    if api in _NOT_THE_MODULE:
        return False
    if api in ("tf", "slim", "slim.utils", "tf.contrib"):
        return True
    if api.startswith("slim."):
        rest = api.removeprefix("slim.")
        return last in _SLIM_MODULES or rest in _DEEP_SLIM_MODULES or rest in slim_api.NET_MODULES
    if api.startswith("tf.contrib."):
        known = contrib_api.is_module(api.removeprefix("tf.contrib."))
        return known or api.count(".") == 2 or last in _CONTRIB_MODULES
    return api.startswith("tf.") and tf1_api.is_module(api.removeprefix("tf."))


def _tensorflow(rest: str) -> str:
    if rest == "contrib.slim" or rest.startswith("contrib.slim."):
        return _slim(rest.removeprefix("contrib.slim").lstrip("."))
    if rest.startswith("contrib.layers."):
        return _shared(rest, "contrib.layers.", "python.layers.", _LAYERS_MODULES)
    if rest.startswith("contrib.framework."):
        return _shared(rest, "contrib.framework.", "python.ops.", _FRAMEWORK_MODULES)
    if rest.startswith("contrib.training."):
        return _training(rest)
    if rest.startswith("python.layers."):
        return _of_layers(rest)
    if rest.startswith(("contrib.rnn.", "python.ops.rnn")):
        return _of_rnn(rest)
    if rest.startswith(_VARIABLE_SCOPES) and rest.removeprefix(_VARIABLE_SCOPES) in _SCOPED:
        return f"tf.{rest.removeprefix(_VARIABLE_SCOPES)}"
    module, _, name = rest.rpartition(".")
    if name in _RESTORING.get(module, ()):
        return f"tf.train.{name}"
    if rest.startswith("contrib."):
        return f"tf.contrib.{contrib_api.public(rest.removeprefix('contrib.'))}"
    return f"tf.{rest}" if rest else "tf"


def _slim(rest: str) -> str:
    """`rest` is what follows ``tf_slim.``; deep module paths are the same objects."""
    rest = rest.removeprefix("python.slim.")
    if rest in ("", "python", "python.slim"):
        return "slim"
    if rest in _NOT_THE_FUNCTION:
        return f"slim.{rest}"
    module, _, name = rest.rpartition(".")
    of_nets = module.startswith("nets.") and f"slim.{rest}" not in slim_api.NETS
    if (module in _DEEP_SLIM_MODULES or of_nets) and _is_symbol(name):
        rest = name
    elif rest in _SLIM_MODULE_ALIASES:
        rest = _SLIM_MODULE_ALIASES[rest]
    elif module in _SLIM_MODULE_ALIASES:
        rest = f"{_SLIM_MODULE_ALIASES[module]}.{name}"
    if rest in slim_api.CONTRIB_LAYERS:
        return f"tf.contrib.layers.{rest}"
    return "slim." + slim_api.ALIASES.get(rest, rest)


def _shared(rest: str, package: str, deep: str, modules: tuple[str, ...]) -> str:
    inner = rest.removeprefix(package).removeprefix(deep)
    module, _, name = inner.rpartition(".")
    if inner == "utils" or module == "utils":
        return f"slim.{inner}"
    if module in modules and _is_symbol(name):
        return "slim." + slim_api.ALIASES.get(name, name)
    return f"tf.{rest}"


def _of_layers(rest: str) -> str:
    """``tensorflow.python.layers.core.dense``: where tf.layers was written."""
    module, _, name = rest.removeprefix("python.layers.").rpartition(".")
    known = module in _WRITTEN_LAYERS and name and not name.startswith("_")
    return f"tf.layers.{name}" if known else f"tf.{rest}"


def _of_rnn(rest: str) -> str:
    """``tensorflow.contrib.rnn.python.ops.core_rnn_cell.GRUCell``; private names stay deep."""
    module, _, name = rest.rpartition(".")
    if module in _RNN_MODULES and name and not name.startswith("_"):
        return f"tf.{_RNN_MODULES[module]}.{name}"
    return f"tf.{rest}"


def _training(rest: str) -> str:
    inner = rest.removeprefix("contrib.training.").removeprefix("python.training.")
    module, _, name = inner.rpartition(".")
    if module in _TRAINING_MODULES and name in _TRAINING:
        return f"slim.training.{name}"
    return f"tf.contrib.training.{name}" if module in _TRAINING_MODULES else f"tf.{rest}"


def _is_symbol(name: str) -> bool:
    plain = slim_api.ALIASES.get(name, name)
    return plain in slim_api.LAYERS or plain in slim_api.SHARED
