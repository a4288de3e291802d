"""tf.to_float and family: casts that TF 2 has no name for."""

import libcst as cst

from slimport.index.program import Reference, bind
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, string

_DTYPES = {
    "tf.to_float": "float32",
    "tf.to_double": "float64",
    "tf.to_int32": "int32",
    "tf.to_int64": "int64",
    "tf.to_bfloat16": "bfloat16",
}


class _CastRule(Rule):
    """``tf.to_float(x)`` -> ``tf.cast(x, tf.float32)`` or ``keras.ops.cast(x, "float32")``."""

    def call(self, site: CallSite) -> Outcome:
        bound = site.bound(("x", "name"))
        if bound is None or "x" not in bound:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        if not site.in_keras_code and isinstance(site.file.tf1(site), Keep):
            return Keep()
        dtype: cst.BaseExpression = string(_DTYPES[site.api])
        if site.in_keras_code:
            function = site.file.keras("ops.cast")
        else:
            function = site.file.tensorflow("cast", site.reference.api.spelled)
            dtype = site.file.tensorflow(_DTYPES[site.api], site.reference.api.spelled)
        value = bound["x"].with_changes(
            keyword=None, equal=cst.MaybeSentinel.DEFAULT, comma=cst.MaybeSentinel.DEFAULT
        )
        return site.node.with_changes(func=function, args=[value, cst.Arg(dtype)])

    def value(self, site: ValueSite) -> Outcome:
        return site.file.tf1(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        if reference.call is not None and bind(reference.call, ("x", "name")) is not None:
            return None
        return f"{reference.api.name} is passed on as a function"


CASTS = _CastRule(
    code="SLIM304",
    name="casts",
    summary="tf.to_float(x) -> tf.cast(x, tf.float32)",
    apis=tuple(_DTYPES),
    numbers="The same cast under its other name.",
    refuses=(
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.conv2d(tf.to_float(images), 4, 1, scope='conv')
""",
            after="""
import keras


def net(images):
    return keras.layers.Conv2D(
        4, 1, padding="same", activation="relu", name="conv"
    )(keras.ops.cast(images, "float32"))
""",
            inputs=((1, 4, 4, 3),),
            dtypes=("int32",),
        ),
    ),
)
