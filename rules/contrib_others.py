"""What of tf.contrib is a few words of public TensorFlow."""

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, source

_ANALYZER = "tf.contrib.tfprof.model_analyzer."
_OPTIONS = {
    f"{_ANALYZER}FLOAT_OPS_OPTIONS": "float_operation",
    f"{_ANALYZER}TRAINABLE_VARS_PARAMS_STAT_OPTIONS": "trainable_variables_parameter",
}
_TABLE = "tf.contrib.lookup.HashTable"
_BATCHES = {
    "tf.contrib.data.batch_and_drop_remainder": ("batch", ("batch_size",)),
    "tf.contrib.data.padded_batch_and_drop_remainder": (
        "padded_batch", ("batch_size", "padded_shapes", "padding_values"),
    ),
}  # fmt: skip


class _OtherRule(Rule):
    """A call, a method or an option of what is public."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:
            return Keep()
        if site.api == _TABLE:
            return _table(site)
        return _batches(site) if site.api in _BATCHES else self.unhandled(site.api)

    def value(self, site: ValueSite) -> Outcome:
        option = _OPTIONS.get(site.api)
        if option is None:
            return Leave(f"{site.api} is passed on as a function", "call it where it is needed")
        return cst.Call(public(site, f"profiler.ProfileOptionBuilder.{option}"))

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} has no keras.ops equivalent"


def _table(site: CallSite) -> Outcome:
    """A table that the program shares by name between sessions stays."""
    pairs = [(name, name) for name in ("initializer", "default_value")]
    arguments = handed_on(site, [*pairs, ("name", "name")], 2)
    if arguments is None:
        return Leave(
            "tf.contrib.lookup.HashTable is called with a name to share it by",
            "use tf.compat.v1.lookup.StaticHashTable, which is shared by none",
        )
    site.file.note("what was table.init is table.initializer")
    function = public(site, "lookup.StaticHashTable")
    return site.node.with_changes(func=function, args=arguments)


def _batches(site: CallSite) -> Outcome:
    """``dataset.apply`` calls the function at once, so its arguments mean the same inside."""
    method, names = _BATCHES[site.api]
    arguments = handed_on(site, [(name, name) for name in names], len(names))
    around = site.path[-2] if len(site.path) > 1 else None
    is_applied = (
        isinstance(around, cst.Call)
        and isinstance(around.func, cst.Attribute)
        and around.func.attr.value == "apply"
    )
    if arguments is None or not is_applied or "dataset" in source(site.node):
        return Leave(
            f"{site.api} is a function of a dataset", f"use dataset.{method}(drop_remainder=True)"
        )
    last = cst.parse_expression("f(drop_remainder=True)")
    assert isinstance(last, cst.Call)
    call = cst.Call(cst.parse_expression(f"dataset.{method}"), [*arguments, *last.args])
    return cst.Lambda(cst.Parameters([cst.Param(cst.Name("dataset"))]), call)


CONTRIB_OTHERS = _OtherRule(
    code="SLIM342",
    name="contrib_others",
    summary="tf.contrib.lookup.HashTable, data.batch_and_drop_remainder, profiler options",
    apis=(_TABLE, *_BATCHES, *_OPTIONS),
    details=(
        "A StaticHashTable has the lookup, default and initializer of HashTable, and no `init`. "
        "The profiler's options are equal in TensorFlow 1.15.5 but for an empty `dump_to_file`."
    ),
    refuses=(
        Refusal(
            "tf.contrib.lookup.HashTable is called with a name to share it by",
            "A static table with that name would be another resource than the one that other "
            "graphs share.",
            "use tf.compat.v1.lookup.StaticHashTable, which is shared by none",
        ),
        Refusal(
            "… is a function of a dataset",
            "It is not handed to `dataset.apply` in the same line, so that the dataset it will "
            "get is not known.",
            "use dataset.…(drop_remainder=True)",
        ),
        Refusal(
            "… is passed on as a function",
            "What it will be called with cannot be seen.",
            "call it where it is needed",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf

analyzer = tf.contrib.tfprof.model_analyzer


def batches(files, size):
    files = files.apply(tf.contrib.data.batch_and_drop_remainder(size))
    return files.apply(tf.contrib.data.padded_batch_and_drop_remainder(
        size, [None]))


def table(keys, values, graph):
    values = tf.contrib.lookup.KeyValueTensorInitializer(keys, values)
    options = analyzer.FLOAT_OPS_OPTIONS
    analyzer.print_model_analysis(graph, tfprof_options=options)
    return tf.contrib.lookup.HashTable(values, -1, name='words')
""",
            after="""
import tensorflow as tf


def batches(files, size):
    files = files.apply(lambda dataset: dataset.batch(size, drop_remainder=True))
    return files.apply(lambda dataset: dataset.padded_batch(size, [None], drop_remainder=True))


def table(keys, values, graph):
    values = tf.lookup.KeyValueTensorInitializer(keys, values)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    tf.compat.v1.profiler.profile(graph, options=options)
    return tf.compat.v1.lookup.StaticHashTable(values, -1, name='words')
""",
        ),
        Example(
            title="what stays",
            before="""
import tensorflow as tf

batching = tf.contrib.data.batch_and_drop_remainder(8)


def table(initializer):
    return tf.contrib.lookup.HashTable(initializer, -1, 'shared', 'words')
""",
            after="""
import tensorflow as tf

# TODO(slimport): SLIM342 tf.contrib.data.batch_and_drop_remainder is a function of a dataset; use
#   dataset.batch(drop_remainder=True)
batching = tf.contrib.data.batch_and_drop_remainder(8)


def table(initializer):
    # TODO(slimport): SLIM342 tf.contrib.lookup.HashTable is called with a name to share it by;
    #   use tf.compat.v1.lookup.StaticHashTable, which is shared by none
    return tf.contrib.lookup.HashTable(initializer, -1, 'shared', 'words')
""",
        ),
    ),
)
