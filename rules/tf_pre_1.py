"""Names that TensorFlow 1.0 took away."""

from collections.abc import Mapping
from dataclasses import dataclass

from slimport.index.program import Function, Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, FileFacts, Site, ValueSite
from slimport.rewrite.tensors import TensorRule
from slimport.tf1_api import BEFORE_1

# Parameters in order, `old=new` where the names differ. The rest have none that differs.
_PARAMETERS = {
    "audio_summary": "tag=name tensor sample_rate max_outputs collections",
    "batch_matmul": "x=a y=b adj_x=adjoint_a adj_y=adjoint_b name",
    "histogram_summary": "tag=name values collections",
    "image_summary": "tag=name tensor max_images=max_outputs collections",
    "listdiff": "x y name",
    "scalar_summary": "tags=name values=tensor collections",
    "select": "condition t=x e=y name",
}
# Parameters from here on have another place in the successor.
_POSITIONAL = {"batch_matmul": 2, "listdiff": 2}
_REMARKS = {
    "_summary": (
        "the tag is an op's name now: unique in the graph, below its name scope, and with _ for "
        "characters that names cannot have"
    ),
    "rnn": "its variables are named rnn/... since TensorFlow 1.0, RNN/... before",
}
_DEPRECATED = "tf.contrib.deprecated."


def _successors() -> dict[str, str]:
    found = {f"tf.{old}": new for old, new in BEFORE_1.items()}
    for old in [name for name in BEFORE_1 if "summar" in name]:
        found[_DEPRECATED + old] = BEFORE_1[old]
    return found


_NOW = _successors()


@dataclass(frozen=True, kw_only=True)
class _RenamedRule(TensorRule):
    """TensorFlow 1's name; keras.ops' for the few in the table, in code that builds layers."""

    successors: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "apis", (*self.successors, "tf.python.control_flow_ops.*"))

    def call(self, site: CallSite) -> Outcome:
        if site.api not in self.successors:
            return _gone(site)
        if site.aliased:
            return Keep()
        if site.in_keras_code and site.api in self.table:
            return super().call(site)
        for ending, remark in _REMARKS.items():
            if site.api.endswith(ending):
                site.file.note(remark)
        name = self.successors[site.api]
        if site.short not in _PARAMETERS:
            return site.node.with_changes(func=public(site, name))
        pairs = _pairs(site.short)
        arguments = handed_on(site, pairs, _POSITIONAL.get(site.short, len(pairs)))
        if arguments is None:
            return Leave(f"{site.api} is called with arguments that tf.{name} does not have")
        return site.node.with_changes(func=public(site, name), args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        if site.api not in self.successors:
            return _gone(site)
        name = self.successors[site.api]
        if site.short in _PARAMETERS:
            return Leave(f"{site.api} is passed on; tf.{name} has other parameters")
        return public(site, name)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return False

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        if reference.api.name in self.table:
            return super().blocks_keras_tensors(reference)
        return f"{reference.api.name} has no keras.ops equivalent"


def _gone(site: Site) -> Leave:
    return Leave(f"{site.api} is no part of TensorFlow", "use the public name")


def _pairs(name: str) -> list[tuple[str, str]]:
    words = (word.partition("=") for word in _PARAMETERS[name].split())
    return [(old, new or old) for old, _, new in words]


TF_PRE_1 = _RenamedRule(
    code="SLIM350",
    name="tf_pre_1",
    summary="tf.mul, tf.pack, tf.select, tf.scalar_summary ... of TensorFlow 0.x -> TensorFlow 1's",
    successors=_NOW,
    table={
        "tf.concat_v2": ("concatenate", "values axis name"),
        "tf.mul": ("multiply", "x=x1 y=x2 name"),
        "tf.neg": ("negative", "x name"),
        "tf.pack": ("stack", "values axis name"),
        "tf.sub": ("subtract", "x=x1 y=x2 name"),
    },
    no_tensors={"tf.pack": "axis"},
    details=(
        "TensorFlow 1.0 renamed them and kept what they compute. What became of the new name in "
        "TensorFlow 2 is SLIM310's table. tf.batch_svd and tf.batch_self_adjoint_eig are marked: "
        "they return something else since."
    ),
    refuses=(
        Refusal(
            "… is called with arguments that tf.… does not have",
            "The successor has other parameters, and one of these has no place there.",
        ),
        Refusal(
            "… is no part of TensorFlow",
            "The module is an inner one of TensorFlow's; what it held is not told by its name.",
            "use the public name",
        ),
        Refusal(
            "… is passed on; tf.… has other parameters",
            "Whoever calls it hands the arguments over in the old order.",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    left, right = tf.unpack(images, axis=1)
    both = tf.pack([tf.mul(left, right), tf.sub(left, tf.neg(right))], axis=1)
    chosen = tf.select(both > 0.5, tf.inv(both), both)
    scores = tf.batch_matmul(chosen, chosen, adj_y=True)
    return slim.fully_connected(scores, 3, scope='fc')
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(images):
    left, right = tf.unstack(images, axis=1)
    both = tf.stack([tf.multiply(left, right), tf.subtract(left, tf.negative(right))], axis=1)
    chosen = tf.compat.v1.where(both > 0.5, tf.math.reciprocal(both), both)
    scores = tf.matmul(chosen, chosen, adjoint_b=True)
    return fully_connected(scores, 3, name='fc')
""",
        ),
        Example(
            title="in code that builds layers",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(left, right):
    less = tf.neg(tf.sub(left, right))
    both = tf.pack([tf.mul(left, right), less], axis=1)
    return slim.conv2d(both, 3, [1, 1], scope='conv')
""",
            after="""
import keras


def net(left, right):
    less = keras.ops.negative(keras.ops.subtract(left, right))
    both = keras.ops.stack([keras.ops.multiply(left, right), less], axis=1)
    return keras.layers.Conv2D(3, [1, 1], padding="same", activation="relu", name="conv")(both)
""",
        ),
        Example(
            title="summaries",
            before="""
import tensorflow as tf
from tensorflow.contrib.deprecated import histogram_summary


def report(images, loss, weights):
    tf.scalar_summary('train/loss', loss)
    tf.image_summary(tag='seen', tensor=images, max_images=4)
    histogram_summary('weights', weights, name='unnamed')
    writer = tf.train.SummaryWriter('logs', tf.get_default_graph())
    return writer, tf.merge_all_summaries()
""",
            after="""
import tensorflow as tf

from scoped_layers import legacy_import

histogram_summary = legacy_import("tensorflow.contrib.deprecated.histogram_summary")


def report(images, loss, weights):
    tf.compat.v1.summary.scalar('train/loss', loss)
    tf.compat.v1.summary.image(name='seen', tensor=images, max_outputs=4)
    # TODO(slimport): SLIM350 tf.contrib.deprecated.histogram_summary is called with arguments
    #   that tf.summary.histogram does not have
    histogram_summary('weights', weights, name='unnamed')
    writer = tf.compat.v1.summary.FileWriter('logs', tf.compat.v1.get_default_graph())
    return writer, tf.compat.v1.summary.merge_all()
""",
        ),
        Example(
            title="what stays",
            before="""
import tensorflow as tf

choose = tf.select


def mul(tf, x, y):
    return tf.mul(x, y)
""",
            after="""
import tensorflow as tf

# TODO(slimport): SLIM350 tf.select is passed on; tf.where has other parameters
choose = tf.select


def mul(tf, x, y):
    return tf.mul(x, y)
""",
        ),
    ),
)
