"""slim.scale_gradient, bucketize and poincare_normalize: functions without variables."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.moved import handed_on
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite

_BUCKETIZE = (("input_tensor", "input"), ("boundaries", "boundaries"), ("name", "name"))


class _OperationRule(RenamedRule):
    """The written module's functions; those of TensorFlow alone block KerasTensors."""

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        return None if name.endswith("poincare_normalize") else f"{name} runs TensorFlow code"


class _BucketizeRule(Rule):
    """slim's function calls the operation and nothing else."""

    def call(self, site: CallSite) -> Outcome:
        arguments = None if site.aliased else handed_on(site, _BUCKETIZE, 0)
        if arguments is None:
            return self._leave(site.api)
        function = site.file.tensorflow("raw_ops.Bucketize", site.reference.api.spelled)
        return site.node.with_changes(func=function, args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return self._leave(site.api)

    def _leave(self, api: str) -> Leave:
        return Leave(
            f"{api} is passed on, or its arguments are unpacked",
            "call tf.raw_ops.Bucketize(input=..., boundaries=[...])",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} runs TensorFlow code"


OPERATIONS = _OperationRule(
    code="SLIM152",
    name="operations",
    summary="slim.scale_gradient, poincare_normalize -> the written module's",
    apis=("slim.poincare_normalize", "slim.scale_gradient"),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, factor):
    features = slim.fully_connected(features, 4, scope='fc')
    features = slim.scale_gradient(features, tf.reduce_mean(factor))
    return slim.layers.poincare_normalize(features, epsilon=0.1)
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected, poincare_normalize, scale_gradient


def net(features, factor):
    features = fully_connected(features, 4, name='fc')
    features = scale_gradient(features, tf.reduce_mean(factor))
    return poincare_normalize(features, epsilon=0.1)
""",
            inputs=((3, 5), (2,)),
        ),
        Example(
            title="unpacked arguments, and a method of the name",
            before="""
import tf_slim as slim


def net(model, *arguments):
    return model.scale_gradient(slim.scale_gradient(*arguments), 0.5)
""",
            after="""
from scoped_layers import scale_gradient


def net(model, *arguments):
    return model.scale_gradient(scale_gradient(*arguments), 0.5)
""",
        ),
    ),
)

BUCKETIZE = _BucketizeRule(
    code="SLIM154",
    name="bucketize",
    summary="slim.bucketize -> tf.raw_ops.Bucketize",
    apis=("slim.bucketize",),
    details="A value equal to a boundary belongs to the bucket above it, in both.",
    refuses=(
        Refusal(
            "… is passed on, or its arguments are unpacked",
            "tf.raw_ops takes its arguments by other names, and none by position.",
            "call tf.raw_ops.Bucketize(input=..., boundaries=[...])",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(ages):
    ages = slim.fully_connected(ages, 3, activation_fn=None, scope='fc')
    return tf.to_float(slim.bucketize(ages, boundaries=[-0.5, 0.0, 0.5]))
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(ages):
    ages = fully_connected(ages, 3, activation=None, name='fc')
    return tf.cast(tf.raw_ops.Bucketize(input=ages, boundaries=[-0.5, 0.0, 0.5]), tf.float32)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="what stays",
            before="""
import tf_slim as slim

buckets = slim.bucketize


def net(*arguments):
    return slim.bucketize(*arguments)
""",
            after="""
from scoped_layers import legacy_import

slim = legacy_import("tf_slim")

# TODO(slimport): SLIM154 slim.bucketize is passed on, or its arguments are unpacked; call
#   tf.raw_ops.Bucketize(input=..., boundaries=[...])
buckets = slim.bucketize


def net(*arguments):
    # TODO(slimport): SLIM154 slim.bucketize is passed on, or its arguments are unpacked; call
    #   tf.raw_ops.Bucketize(input=..., boundaries=[...])
    return slim.bucketize(*arguments)
""",
        ),
    ),
)
