"""tf.train's learning rate schedules where a Keras model is trained with fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from slimport.index.names import Assigned, FunctionNode, Imported, Scope, dotted_parts
from slimport.index.values import may_be_tensor
from slimport.index.walking import walk
from slimport.rewrite.arguments import COUNTED, arguments_of, rearranged
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite


def _parameters(step: str, same: str) -> dict[str, str]:
    rate = {} if step == "x" else {"learning_rate": "initial_learning_rate"}
    return {**rate, step: COUNTED, **{name: name for name in same.split()}, "name": "name"}


_EXPONENTIAL = _parameters("global_step", "decay_steps decay_rate staircase")
_PIECEWISE = _parameters("x", "boundaries values")
_LINEAR_COSINE = "num_periods alpha beta"
# Equal, bit for bit, to these of keras.optimizers.schedules ...
_KERAS = {
    "exponential_decay": ("ExponentialDecay", _EXPONENTIAL),
    "inverse_time_decay": ("InverseTimeDecay", _EXPONENTIAL),
    "piecewise_constant": ("PiecewiseConstantDecay", _PIECEWISE),
    "piecewise_constant_decay": ("PiecewiseConstantDecay", _PIECEWISE),
    "polynomial_decay": (
        "PolynomialDecay",
        _parameters("global_step", "decay_steps end_learning_rate power cycle"),
    ),
    "cosine_decay": ("CosineDecay", _parameters("global_step", "decay_steps alpha")),
    "cosine_decay_restarts": (
        "CosineDecayRestarts",
        _parameters("global_step", "first_decay_steps t_mul m_mul alpha"),
    ),
}
# ... and to these of the written module.
_WRITTEN = {
    "natural_exp_decay": ("NaturalExpDecay", _EXPONENTIAL),
    "linear_cosine_decay": (
        "LinearCosineDecay",
        _parameters("global_step", f"decay_steps {_LINEAR_COSINE}"),
    ),
    "noisy_linear_cosine_decay": (
        "NoisyLinearCosineDecay",
        _parameters("global_step", f"decay_steps initial_variance variance_decay {_LINEAR_COSINE}"),
    ),
}
_ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div


class _ScheduleRule(Rule):
    """A schedule, which Keras asks at each step; the argument for the step is left out."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:  # the line that binds the name is marked
            return Keep()
        if site.file.is_of_step_schedule(site.reference.node):
            return site.file.tf1(site)
        name, parameters = (_KERAS | _WRITTEN)[site.short]
        given = arguments_of(site, tuple(parameters))
        if given is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        reason = _not_counted(site, given, parameters) or _computed_with(site)
        if reason is not None:
            return reason
        is_keras = site.short in _KERAS
        function = site.file.keras(f"optimizers.schedules.{name}") if is_keras else None
        schedule = site.node.with_changes(
            func=function or site.file.written(name), args=rearranged(site, parameters, {})
        )
        if not any(_is_arithmetic(parent) for parent in _around(site)):
            return schedule
        return cst.Call(site.file.written("ComputedSchedule"), [cst.Arg(schedule)])

    def value(self, site: ValueSite) -> Outcome:
        return Leave(
            f"{site.api} is passed on as a value; the step that it is called with cannot be seen",
            "pass on a function that makes the Keras schedule",
        )


def _not_counted(
    site: CallSite, given: dict[str, ast.expr], parameters: dict[str, str]
) -> Leave | None:
    step = next((given[name] for name in given if parameters[name] == COUNTED), None)
    if step is None or not site.file.is_global_step(step, site.function):
        return Leave(
            f"{site.api} may be given another step than the one that training counts",
            "give it tf.train.get_or_create_global_step(), or write a LearningRateSchedule",
        )
    others = (value for name, value in given.items() if parameters[name] != COUNTED)
    if any(may_be_tensor(value, site.reference.scope) for value in others):
        return Leave(
            f"{site.api} is given a tensor, which a schedule would keep as it is at first",
            "give it numbers, or write a LearningRateSchedule",
        )
    return None


def _computed_with(site: CallSite) -> Leave | None:
    """What is done with the learning rate that a schedule is no value for."""
    advice = "write a LearningRateSchedule that computes it"
    for parent in _around(site):
        if isinstance(parent, ast.Compare):
            return Leave(f"the learning rate of {site.api} is compared", advice)
        if isinstance(parent, ast.BinOp) and not _is_text(parent.left):
            operands = (parent.left, parent.right)
            if not isinstance(parent.op, _ARITHMETIC):
                return Leave(f"the learning rate of {site.api} is computed with", advice)
            if any(may_be_tensor(operand, site.reference.scope) for operand in operands):
                reason = f"the learning rate of {site.api} is computed with, and with a tensor"
                return Leave(reason, advice)
    scope = _function_scope(site)
    for call in (node for node in walk(scope.node) if isinstance(node, ast.Call)):
        if call is not site.reference.call and _computes(call, scope):
            inside = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(_is_rate(node, site) for value in inside for node in walk(value)):
                # Its name is not told: it has another one in a second run.
                return Leave(f"the learning rate of {site.api} goes to a function", advice)
    return None


def _computes(call: ast.Call, scope: Scope) -> bool:
    """Whether a function of TensorFlow or Keras, old or new, is no optimizer and shows nothing."""
    chain = dotted_parts(call.func)
    found = scope.lookup(chain[0].id) if chain is not None else None
    if chain is None or found is None:
        return False
    names = [chain[0].id, *chain[1]]
    imported = [b.dotted for b in found[1] if isinstance(b, Imported)]
    if names[-1].endswith("Decay"):  # another schedule, of Keras or the written module
        return bool(imported)
    shows = {"summary", "logging", "optimizers"} & {*names[:-1], *imported}
    is_library = any(d.partition(".")[0] in ("tensorflow", "keras") for d in imported)
    return is_library and not shows and not names[-1].endswith("Optimizer")


def _is_arithmetic(parent: ast.AST) -> bool:
    negative = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    is_sum = isinstance(parent, ast.BinOp) and isinstance(parent.op, _ARITHMETIC)
    return negative or is_sum or isinstance(parent, ast.AugAssign)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _around(site: CallSite) -> Iterator[ast.AST]:
    """What stands around the call, and around the names that are given its value."""
    for parent in walk(_function_scope(site).node):
        if any(_is_rate(child, site) for child in ast.iter_child_nodes(parent)):
            yield parent


def _function_scope(site: CallSite) -> Scope:
    """The scope of the function around the call, or of its file; lambdas are part of it."""
    scope = site.reference.scope
    while scope.parent is not None and not isinstance(scope.node, FunctionNode):
        scope = scope.parent
    return scope


def _is_rate(node: ast.AST, site: CallSite) -> bool:
    if not isinstance(node, ast.Name):
        return node is site.reference.call
    bindings = _function_scope(site).bindings.get(node.id, [])
    return any(isinstance(b, Assigned) and b.value is site.reference.call for b in bindings)


SCHEDULES = _ScheduleRule(
    code="SLIM281",
    name="schedules",
    summary="learning rates of the step -> keras.optimizers.schedules.*, or StepSchedule, with fit",
    apis=tuple(f"tf.train.{name}" for name in (*_KERAS, *_WRITTEN)),
    only_with="fit",
    details=(
        "It acts where a Keras model is trained with fit, and only on the step that training "
        "counts. `0.1 * tf.train.exponential_decay(...)` becomes `0.1 * ComputedSchedule(...)` "
        "of the written module, which can be computed with. A learning rate that is computed in "
        "any other way (`tf.minimum`, `tf.cond`, `tf.cast` of the step, a function of the program "
        "that takes the step) becomes a `StepSchedule`, which asks the same code at each step, "
        "where that code does nothing else and nothing but the optimizer has the rate. Elsewhere "
        "it is marked, or the loop stays. Which schedules Keras has equal, and those that are "
        "written: docs/optimizers.md."
    ),
    numbers=(
        "Which of Keras' schedules are equal to TensorFlow 1's, and how far the others would be "
        "off, is measured in docs/optimizers.md."
    ),
    refuses=(
        Refusal(
            "the learning rate of … goes to a function",
            "A schedule is an object that is asked at each step, not a number: the function "
            "would get the object.",
            "write a LearningRateSchedule that computes it",
        ),
        Refusal(
            "the learning rate of … is compared",
            "A schedule object compares as an object, whatever the rate is.",
            "write a LearningRateSchedule that computes it",
        ),
        Refusal(
            "the learning rate of … is computed with",
            "An operator other than + - * / has no counterpart in ComputedSchedule.",
            "write a LearningRateSchedule that computes it",
        ),
        Refusal(
            "the learning rate of … is computed with, and with a tensor",
            "The tensor would be kept as it is when the schedule is made.",
            "write a LearningRateSchedule that computes it",
        ),
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
        Refusal(
            "… is given a tensor, which a schedule would keep as it is at first",
            "In a graph it was computed anew at each step.",
            "give it numbers, or write a LearningRateSchedule",
        ),
        Refusal(
            "… is passed on as a value; the step that it is called with cannot be seen",
            "Only the step that training counts is the one that Keras hands to a schedule.",
            "pass on a function that makes the Keras schedule",
        ),
        Refusal(
            "… may be given another step than the one that training counts",
            "Keras hands its own count of steps to a schedule: another count would give "
            "another rate.",
            "give it tf.train.get_or_create_global_step(), or write a LearningRateSchedule",
        ),
    ),
    examples=(
        Example(
            title="elsewhere TensorFlow's stay",
            before="""
import tensorflow as tf
import tf_slim as slim


def learning_rate(step):
    return 0.5 * tf.train.exponential_decay(0.1, step, 1000, 0.96, staircase=True)


def late(step):
    return tf.maximum(tf.train.cosine_decay(0.1, step, 1000), 1e-4)
""",
            after="""
import tensorflow as tf


def learning_rate(step):
    return 0.5 * tf.compat.v1.train.exponential_decay(0.1, step, 1000, 0.96, staircase=True)


def late(step):
    return tf.maximum(tf.compat.v1.train.cosine_decay(0.1, step, 1000), 1e-4)
""",
        ),
        Example(
            title="a function of the step that warms up",
            before="""
import tensorflow as tf
import tf_slim as slim


def learning_rate_of(global_step, warm_up):
    rate = tf.train.exponential_decay(0.1, global_step, 1000, 0.96)
    if warm_up:
        warm = 0.1 * tf.cast(global_step, tf.float32) / warm_up
        rate = tf.minimum(warm, rate)
    return rate


def train(images, labels, folder):
    with tf.Graph().as_default():
        global_step = tf.train.get_or_create_global_step()
        logits = slim.fully_connected(images, 10, activation_fn=None)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        rate = learning_rate_of(global_step, warm_up=500)
        tf.summary.scalar('rate', rate)
        optimizer = tf.train.MomentumOptimizer(rate, 0.9)
        train_op = slim.learning.create_train_op(loss, optimizer)
        slim.learning.train(train_op, folder, number_of_steps=10000)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    Momentum,
    StepSchedule,
    StopAtStep,
    Summaries,
    fully_connected,
)


def learning_rate_of(global_step, warm_up):
    rate = tf.compat.v1.train.exponential_decay(0.1, global_step, 1000, 0.96)
    if warm_up:
        warm = 0.1 * tf.cast(global_step, tf.float32) / warm_up
        rate = tf.minimum(warm, rate)
    return rate


def train(images, labels, folder):
    def build_loss():
        logits = fully_connected(images, 10, activation=None)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits)
        return loss

    model = LossModel(build_loss)
    rate = StepSchedule(lambda global_step: learning_rate_of(global_step, warm_up=500))
    optimizer = Momentum(rate, 0.9)
    model.compile(optimizer=optimizer)
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=10000,
        callbacks=[
            Checkpoints(folder),
            StopAtStep(10000),
            Summaries(folder, learning_rate='rate'),
            training_log,
        ],
    )
""",
        ),
        Example(
            title="a learning rate by hand",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images, labels, folder):
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        logits = slim.fully_connected(images, 10, activation_fn=None)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        # A tenth at first, and in the end.
        rate = tf.train.cosine_decay(0.1, step, 1000)
        rate = tf.where(tf.logical_or(step < 100, step > 900), 0.01, rate)
        optimizer = tf.train.AdamOptimizer(rate)
        train_op = slim.learning.create_train_op(loss, optimizer)
        slim.learning.train(train_op, folder, number_of_steps=10000)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    StepSchedule,
    StopAtStep,
    fully_connected,
)


def train(images, labels, folder):
    def build_loss():
        logits = fully_connected(images, 10, activation=None)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits)
        return loss

    model = LossModel(build_loss)

    # A tenth at first, and in the end.
    def compute_rate(step):
        rate = tf.compat.v1.train.cosine_decay(0.1, step, 1000)
        rate = tf.compat.v1.where(tf.logical_or(step < 100, step > 900), 0.01, rate)
        return rate

    rate = StepSchedule(compute_rate)
    optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)
    model.compile(optimizer=optimizer)
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=10000,
        callbacks=[Checkpoints(folder), StopAtStep(10000), training_log],
    )
""",
        ),
        Example(
            title="a rate that is not the optimizer's alone: the loop stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images, labels, folder):
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        rate = tf.where(step < 100, 0.1, 0.01)
        logits = slim.fully_connected(images, 10, activation_fn=None)
        loss = rate * tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(rate))
        slim.learning.train(train_op, folder, number_of_steps=10000)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import create_train_op, fully_connected, train_in_session


def train(images, labels, folder):
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        rate = tf.where(step < 100, 0.1, 0.01)
        logits = fully_connected(images, 10, activation=None)
        loss = rate * tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train_op = create_train_op(loss, tf.train.AdamOptimizer(rate))
        train_in_session(train_op, folder, number_of_steps=10000)
""",
        ),
    ),
)
