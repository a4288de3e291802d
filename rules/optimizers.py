"""tf.train's optimizers where a Keras model is trained with fit."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import libcst as cst

from slimport.index.values import may_be_tensor
from slimport.rewrite.arguments import DROPPED, arguments_of, rearranged
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import NOT_LITERAL, CallSite, ValueSite, literal

_LAST = {"use_locking": DROPPED, "name": "name"}
_SPARSE = "a sparse gradient changes only the rows that it has, as in TensorFlow 1"


@dataclass(frozen=True)
class _Optimizer:
    """What stands for an optimizer of TensorFlow 1.

    Attributes:
        parameters: TensorFlow 1's parameters in order, each with Keras' name for it.
        keras: the class of Keras that is equal for gradients that are not sparse.
        written: the class of the written module that is equal for all.
        more: arguments that Keras has other defaults for.
        note: what the plain Keras class would change, where it is not equal.
    """

    parameters: dict[str, str]
    keras: str = ""
    written: str = ""
    more: dict[str, str] | None = None
    note: str = ""


_OPTIMIZERS = {
    "GradientDescentOptimizer": _Optimizer({"learning_rate": "learning_rate", **_LAST}, "SGD"),
    "MomentumOptimizer": _Optimizer(
        {
            "learning_rate": "learning_rate",
            "momentum": "momentum",
            **_LAST,
            "use_nesterov": "nesterov",
        },
        written="Momentum",
        note=(
            "keras.optimizers.SGD has the learning rate in its velocity: equal while the rate is "
            "constant, slower to follow a schedule"
        ),
    ),
    "AdamOptimizer": _Optimizer(
        {
            "learning_rate": "learning_rate",
            "beta1": "beta_1",
            "beta2": "beta_2",
            "epsilon": "epsilon",
            **_LAST,
            "use_own_namescope_for_non_slot_vars": DROPPED,
        },
        "Adam",
        "SparseAdam",
        {"epsilon": "1e-8"},
    ),
    "AdagradOptimizer": _Optimizer(
        {
            "learning_rate": "learning_rate",
            "initial_accumulator_value": "initial_accumulator_value",
            **_LAST,
        },
        "Adagrad",
        "SparseAdagrad",
        {"epsilon": "0.0"},
    ),
    "AdadeltaOptimizer": _Optimizer(
        {"learning_rate": "learning_rate", "rho": "rho", "epsilon": "epsilon", **_LAST},
        "Adadelta",
        "SparseAdadelta",
        {"epsilon": "1e-8"},
    ),
    "RMSPropOptimizer": _Optimizer(
        {
            "learning_rate": "learning_rate",
            "decay": "rho",
            "momentum": "momentum",
            "epsilon": "epsilon",
            "use_locking": DROPPED,
            "centered": "centered",
            "name": "name",
        },
        written="RMSProp",
        note="keras.optimizers.RMSprop begins its mean squares at 0, not 1: larger first steps",
    ),
    "FtrlOptimizer": _Optimizer(
        {
            "learning_rate": "learning_rate",
            "learning_rate_power": "learning_rate_power",
            "initial_accumulator_value": "initial_accumulator_value",
            "l1_regularization_strength": "l1_regularization_strength",
            "l2_regularization_strength": "l2_regularization_strength",
            **_LAST,
            "accum_name": DROPPED,
            "linear_name": DROPPED,
            "l2_shrinkage_regularization_strength": "l2_shrinkage_regularization_strength",
            "beta": "beta",
        },
        "Ftrl",
        "SparseFtrl",
    ),
}
_NAMES_OF_SLOTS = frozenset({"accum_name", "linear_name"})
_UNLIKE = ("AdagradDAOptimizer", "ProximalAdagradOptimizer", "ProximalGradientDescentOptimizer")


class _OptimizerRule(Rule):
    """Keras' own class where it computes the same, else one of the written module."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:  # the line that binds the name is marked
            return Keep()
        optimizer = _OPTIMIZERS.get(site.short)
        if optimizer is None:
            return Leave(f"Keras has no optimizer like {site.api}", "choose another optimizer")
        given = arguments_of(site, tuple(optimizer.parameters))
        if given is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        rate = given.get("learning_rate")
        is_fed = rate is not None and site.file.is_fed_rate(rate, site.function)
        is_known = rate is None or is_fed or site.file.is_schedule(rate, site.function)
        if rate is not None and not is_known and may_be_tensor(rate, site.reference.scope):
            return Leave(
                f"the learning rate of {site.api} is a tensor",
                "give a number, or a schedule of the step",
            )
        if _NAMES_OF_SLOTS & given.keys():
            return Leave(f"{site.api} names its slots", "leave their names out: Keras gives them")
        more = optimizer.more or {}
        arguments = rearranged(site, optimizer.parameters, more, {"learning_rate"})
        if is_fed:
            site.file.note("the learning rate is set before each step")
            arguments = [_without_rate(argument, rate) for argument in arguments]
        return site.node.with_changes(func=_class(site, optimizer), args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return Leave(
            f"{site.api} is passed on as a value; what it is called with cannot be seen",
            "pass on a function that makes the Keras optimizer",
        )


def _class(site: CallSite, optimizer: _Optimizer) -> cst.BaseExpression:
    sparse = bool(optimizer.written) and site.file.may_have_sparse_gradients()
    if optimizer.keras and not sparse:
        return site.file.keras(f"optimizers.{optimizer.keras}")
    if optimizer.written == "Momentum" and not sparse and _is_constant(site):
        return site.file.keras("optimizers.SGD")
    notes = [optimizer.note, f"keras.optimizers.{optimizer.keras} where gradients are dense"]
    site.file.note(notes[0] or f"{_SPARSE}; {notes[1]} is equal")
    return site.file.written(optimizer.written)


def _without_rate(argument: cst.Arg, rate: ast.expr | None) -> cst.Arg:
    """The argument, with a number in place of a rate that is fed."""
    is_rate = isinstance(rate, ast.Name) and getattr(argument.value, "value", None) == rate.id
    return argument.with_changes(value=cst.Float("0.0")) if is_rate else argument


def _is_constant(site: CallSite) -> bool:
    """Whether learning rate and momentum are numbers in the code; SGD takes a momentum up to 1."""
    bound = site.bound(tuple(_OPTIMIZERS["MomentumOptimizer"].parameters)) or {}
    rate, momentum = (
        literal(bound[name].value) if name in bound else NOT_LITERAL
        for name in ("learning_rate", "momentum")
    )
    return isinstance(rate, int | float) and isinstance(momentum, float) and 0 <= momentum <= 1


OPTIMIZERS = _OptimizerRule(
    code="SLIM280",
    name="optimizers",
    summary="tf.train.AdamOptimizer ... -> keras.optimizers.Adam(epsilon=1e-8) ..., with fit",
    apis=tuple(f"tf.train.{name}" for name in (*_OPTIMIZERS, *_UNLIKE)),
    only_with="fit",
    details=(
        "It acts where a Keras model is trained with fit. Keras treats sparse gradients otherwise, "
        "so programs that may look up rows of a variable get the written module's classes."
    ),
    numbers=(
        "Keras' Adam has an epsilon of 1e-7, TensorFlow 1's 1e-8. TensorFlow 1's RMSProp begins "
        "its mean squares at 1, Keras' at 0: first steps would be larger. Keras' SGD folds the "
        "learning rate into the velocity, TensorFlow 1's Momentum does not: they part once the "
        "rate changes. Variables and slots are compared with TensorFlow's kernels after 1, 3 and "
        "100 steps; docs/optimizers.md has the numbers."
    ),
    refuses=(
        Refusal(
            "Keras has no optimizer like …",
            "Any other one would take other steps.",
            "choose another optimizer",
        ),
        Refusal(
            "the learning rate of … is a tensor",
            "In a graph it was computed anew at each step. A Keras optimizer would keep the "
            "value that it had when it was made.",
            "give a number, or a schedule of the step",
        ),
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
        Refusal(
            "… is passed on as a value; what it is called with cannot be seen",
            "Keras' names for its parameters are others, and so are its defaults.",
            "pass on a function that makes the Keras optimizer",
        ),
        Refusal(
            "… names its slots",
            "Keras has no argument for it; checkpoints would have other names than the code says.",
            "leave their names out: Keras gives them",
        ),
    ),
    examples=(
        Example(
            title="elsewhere TensorFlow's stay",
            before="""
import tensorflow as tf
import tf_slim as slim

OPTIMIZERS = {'adagrad': tf.train.AdagradOptimizer}


def optimizer(name, rate):
    if name == 'adam':
        return tf.train.AdamOptimizer(rate, beta1=0.5, name='adam')
    if name in OPTIMIZERS:
        make = OPTIMIZERS[name]
        return make(rate)
    return tf.train.RMSPropOptimizer(rate, 0.9, momentum=0.9, epsilon=1.0)
""",
            after="""
import tensorflow as tf

OPTIMIZERS = {'adagrad': tf.compat.v1.train.AdagradOptimizer}


def optimizer(name, rate):
    if name == 'adam':
        return tf.compat.v1.train.AdamOptimizer(rate, beta1=0.5, name='adam')
    if name in OPTIMIZERS:
        make = OPTIMIZERS[name]
        return make(rate)
    return tf.compat.v1.train.RMSPropOptimizer(rate, 0.9, momentum=0.9, epsilon=1.0)
""",
        ),
    ),
)
