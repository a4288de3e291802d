"""Keywords of NumPy's functions that TF 1 code uses and NumPy no longer has."""

from collections.abc import Sequence

import libcst as cst

from slimport.index.program import Function, Reference
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, FileFacts, ValueSite


class _NumpyCallRule(Rule):
    """``newshape`` is the second parameter in every version; only its name has changed."""

    def call(self, site: CallSite) -> Outcome:
        if not _is_old(site.reference) or site.file.is_patched(site.api):
            return Keep()
        arguments = _in_place(site.node.args)
        if arguments is None:
            return Leave(
                f"{site.api} gets newshape after arguments that hide its place",
                "pass the shape as the second argument",
            )
        return site.node.with_changes(args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return Keep()

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return not _is_old(reference)


def _is_old(reference: Reference) -> bool:
    call = reference.call
    return call is not None and any(keyword.arg == "newshape" for keyword in call.keywords)


def _in_place(arguments: Sequence[cst.Arg]) -> list[cst.Arg] | None:
    """The arguments with the array first and the shape second, if they stand in that order."""
    first, second, *rest = [*arguments, None, None][: max(len(arguments), 2)]
    if first is None or second is None or first.star or second.star:
        return None
    names = [argument.keyword.value if argument.keyword else "" for argument in (first, second)]
    if names[0] not in ("", "a") or names[1] != "newshape":
        return None
    placed = [
        a.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for a in (first, second)
    ]
    return [*placed, *(argument for argument in rest if argument is not None)]


NUMPY_CALLS = _NumpyCallRule(
    code="SLIM331",
    name="numpy_calls",
    alone=True,
    summary="np.reshape(x, newshape=s) -> np.reshape(x, s)",
    apis=("numpy.reshape",),
    details=(
        "NumPy 2.4 has no keyword of that name, and NumPy before 2.1 not its new one, shape; the "
        "second place is right in all versions. As with SLIM330, every file of a tree that names "
        "slim, tf.contrib or a symbol that TF 2 lacks is looked at."
    ),
    numbers="The same function of the same arguments.",
    refuses=(
        Refusal(
            "… gets newshape after arguments that hide its place",
            "`np.reshape(*arguments, newshape=s)` may hand over more than the array, and "
            "`np.reshape(order=f(), newshape=g(), a=h())` would call in another order.",
            "pass the shape as the second argument",
        ),
    ),
    examples=(
        Example(
            before="""
import numpy as np
import tensorflow as tf
import tf_slim as slim


def net(features):
    weights = np.reshape(np.arange(14.0), newshape=(2, 7))
    sums = np.reshape(a=weights, newshape=[7, 2], order='F').sum(axis=1)
    return slim.fully_connected(features * sums.astype('float32'), 2, scope='fc')
""",
            after="""
import keras
import numpy as np
import tensorflow as tf


def net(features):
    weights = np.reshape(np.arange(14.0), (2, 7))
    sums = np.reshape(weights, [7, 2], order='F').sum(axis=1)
    return keras.layers.Dense(2, activation="relu", name="fc")(features * sums.astype('float32'))
""",
        ),
        Example(
            title="what stays",
            before="""
import numpy as np
import tensorflow as tf


def net(features, *arguments):
    x = np.reshape(features, [-1]) + np.reshape(*arguments)
    x = tf.log(features.reshape(x, newshape=3))
    return x, np.reshape(order='F', newshape=[3], a=x), np.reshape(*arguments, newshape=[1])
""",
            after="""
import numpy as np
import tensorflow as tf


def net(features, *arguments):
    x = np.reshape(features, [-1]) + np.reshape(*arguments)
    x = tf.math.log(features.reshape(x, newshape=3))
    # TODO(slimport): SLIM331 numpy.reshape gets newshape after arguments that hide its place;
    #   pass the shape as the second argument
    return x, np.reshape(order='F', newshape=[3], a=x), np.reshape(*arguments, newshape=[1])
""",
        ),
    ),
)
