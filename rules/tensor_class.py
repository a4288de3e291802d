"""tf.Tensor, where code asks whether a value is one."""

from slimport.index.class_tests import BY_TYPE, asked_for
from slimport.index.program import Function, Reference
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, FileFacts, ValueSite


class _TensorClassRule(Rule):
    """Stays where instances are asked for, in functions that get no KerasTensors."""

    def call(self, site: CallSite) -> Outcome:
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.is_tf1():
            return Keep()
        if asked_for(site.reference) == BY_TYPE:
            return Leave("no tensor is of this very class", "write isinstance(x, tf.Tensor)")
        return site.file.tf1(site)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        if not file.is_tf1():
            return True
        return asked_for(reference) != BY_TYPE and file.keeps_tf1(reference)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return "tf.Tensor is asked for, which no KerasTensor is" if asked_for(reference) else None


TENSOR_CLASS = _TensorClassRule(
    code="SLIM315",
    name="tensor_class",
    summary="isinstance(x, tf.Tensor) stays, and keeps its function on TensorFlow",
    apis=("tf.Tensor", "tf.python.framework.ops.Tensor"),
    details=(
        "Networks that take a list or a tensor ask so. A KerasTensor is no tf.Tensor, so that a "
        "functional model would take the other branch: such functions become traced models. An "
        "annotation (`x: tf.Tensor`) asks for nothing."
    ),
    refuses=(
        Refusal(
            "no tensor is of this very class",
            "In TensorFlow 2 tensors are of subclasses (`SymbolicTensor`, `EagerTensor`): "
            "`type(x) is tf.Tensor`, true for TensorFlow 1's tensors, is never true.",
            "write isinstance(x, tf.Tensor)",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(parts):
    if isinstance(parts, tf.Tensor):
        parts = [parts]
    return [slim.conv2d(part, 8, 3) for part in parts]
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(parts):
    if isinstance(parts, tf.Tensor):
        parts = [parts]
    return [conv2d(part, 8, 3) for part in parts]
""",
            inputs=((2, 6, 6, 3),),
        ),
        Example(
            title="a class by itself",
            before="""
import tensorflow as tf


def as_list(x):
    return [tf.to_float(x)] if type(x) is tf.Tensor else list(x)
""",
            after="""
import tensorflow as tf


def as_list(x):
    # TODO(slimport): SLIM315 no tensor is of this very class; write isinstance(x, tf.Tensor)
    return [tf.cast(x, tf.float32)] if type(x) is tf.Tensor else list(x)
""",
        ),
    ),
)
