"""Moving averages of trained variables where a Keras model is trained with fit."""

from __future__ import annotations

from slimport.index.program import Reference
from slimport.rewrite.arguments import DROPPED, arguments_of, rearranged
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal

_OPTIMIZER = "tf.contrib.opt.MovingAverageOptimizer"
_PARAMETERS = {
    "opt": "optimizer",
    "average_decay": "average_decay",
    "num_updates": DROPPED,
    "sequential_update": DROPPED,
}


class _MovingAverageRule(Rule):
    """The optimizer around another; averages that code updates itself are marked."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:  # the line that binds the name is marked
            return Keep()
        if site.api != _OPTIMIZER:
            return self._marked(site.api)
        given = arguments_of(site, tuple(_PARAMETERS))
        if given is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        bound = site.bound(tuple(_PARAMETERS)) or {}
        if "sequential_update" in bound and literal(bound["sequential_update"].value) is not True:
            return Leave(
                f"{site.api} updates its averages while the step is taken: before or after it",
                "use MovingAverageOptimizer of the written module, which updates them after it",
            )
        steps = given.get("num_updates")
        counts = steps is not None and literal(bound["num_updates"].value) is not None
        if counts and steps is not None and not site.file.is_global_step(steps, site.function):
            return Leave(
                f"{site.api} may be given another step than the one that training counts",
                "give it tf.train.get_or_create_global_step()",
            )
        site.file.note("what was swapping_saver() is swap(), before and after saving")
        arguments = rearranged(site, _PARAMETERS, {"num_updates": "True"} if counts else {})
        return site.node.with_changes(
            func=site.file.written("MovingAverageOptimizer"), args=arguments
        )

    def value(self, site: ValueSite) -> Outcome:
        return self._marked(site.api)

    def _marked(self, api: str) -> Leave:
        return Leave(
            f"{api} is updated by operations of a graph",
            "give the model's optimizer to MovingAverageOptimizer of the written module",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        api = reference.api.name
        return f"{api} is not rewritten" if api == _OPTIMIZER else None


MOVING_AVERAGE_OPTIMIZER = _MovingAverageRule(
    code="SLIM282",
    name="moving_average_optimizer",
    summary="tf.contrib.opt.MovingAverageOptimizer -> the written module's, with fit",
    apis=(_OPTIMIZER, "tf.train.ExponentialMovingAverage"),
    only_with="fit",
    details=(
        "It acts where a Keras model is trained with fit. "
        "tf.train.ExponentialMovingAverage is marked: an `apply` that nothing runs would keep "
        "no averages."
    ),
    numbers=(
        "Averages are equal to TensorFlow 1's after each step, `num_updates` included "
        "(docs/optimizers.md)."
    ),
    refuses=(
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
        Refusal(
            "… is updated by operations of a graph",
            "`apply` makes an operation that a session runs after each step. In fit nothing "
            "would run it, and the averages would stay at their first values.",
            "give the model's optimizer to MovingAverageOptimizer of the written module",
        ),
        Refusal(
            "… may be given another step than the one that training counts",
            "The decay follows that step: it would grow at another pace.",
            "give it tf.train.get_or_create_global_step()",
        ),
        Refusal(
            "… updates its averages while the step is taken: before or after it",
            "TensorFlow 1 left the order open; no code can repeat it.",
            "use MovingAverageOptimizer of the written module, which updates them after it",
        ),
    ),
    examples=(
        Example(
            title="elsewhere TensorFlow's stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def averages(step, train_op):
    average = tf.train.ExponentialMovingAverage(0.999, step)
    with tf.control_dependencies([train_op]):
        return average.apply(slim.get_model_variables())
""",
            after="""
import tensorflow as tf

from scoped_layers import get_model_variables


def averages(step, train_op):
    average = tf.train.ExponentialMovingAverage(0.999, step)
    with tf.control_dependencies([train_op]):
        return average.apply(get_model_variables())
""",
        ),
    ),
)
