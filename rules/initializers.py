"""Weight initializers of slim and TensorFlow 1."""

from collections.abc import Mapping

import libcst as cst

from slimport.index.values import is_number
from slimport.rewrite.arguments import arguments_of
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal, source, string

# API -> Keras class, parameters in TF 1's order, and TF 1's defaults where Keras has others.
_KERAS: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {
    "tf.truncated_normal_initializer": (
        "TruncatedNormal",
        ("mean", "stddev", "seed"),
        {"stddev": "1.0"},
    ),
    "tf.random_normal_initializer": (
        "RandomNormal",
        ("mean", "stddev", "seed"),
        {"stddev": "1.0"},
    ),
    "tf.random_uniform_initializer": (
        "RandomUniform",
        ("minval", "maxval", "seed"),
        {"minval": "0.0", "maxval": "1.0"},
    ),
    "tf.zeros_initializer": ("Zeros", (), {}),
    "tf.ones_initializer": ("Ones", (), {}),
    "tf.constant_initializer": ("Constant", ("value",), {}),
    "tf.orthogonal_initializer": ("Orthogonal", ("gain", "seed"), {}),
    "tf.glorot_uniform_initializer": ("GlorotUniform", ("seed",), {}),
    "tf.glorot_normal_initializer": ("GlorotNormal", ("seed",), {}),
}
_TYPED = ("dtype", "verify_shape", "partition_info")
# Those that draw nothing.
_CONSTANT = ("Constant", "Ones", "Zeros")
# The same classes under the module that TF 1.14 moved them to.
_MOVED = {
    "tf.initializers.truncated_normal": "tf.truncated_normal_initializer",
    "tf.initializers.random_normal": "tf.random_normal_initializer",
    "tf.initializers.random_uniform": "tf.random_uniform_initializer",
    "tf.initializers.zeros": "tf.zeros_initializer",
    "tf.initializers.ones": "tf.ones_initializer",
    "tf.initializers.constant": "tf.constant_initializer",
    "tf.initializers.orthogonal": "tf.orthogonal_initializer",
    "tf.initializers.glorot_uniform": "tf.glorot_uniform_initializer",
    "tf.initializers.glorot_normal": "tf.glorot_normal_initializer",
}


class _InitializerRule(Rule):
    """The Keras class of the same distribution, with TF 1's defaults written out."""

    def call(self, site: CallSite) -> Outcome:
        name, parameters, defaults = _KERAS[_MOVED.get(site.api, site.api)]
        bound = site.bound((*parameters, *_TYPED))
        is_asked = site.file.builds_file() and site.file.is_called(site.reference, site.function)
        if not site.file.builds_file() or _is_for_tensorflow(site) or (is_asked and _typed(bound)):
            return site.file.tf1(site)
        if bound is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        arguments = [argument for parameter, argument in bound.items() if parameter not in _TYPED]
        if arguments and len(arguments) < len(bound):
            arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        arguments += [
            _keyword(parameter, cst.parse_expression(default))
            for parameter, default in defaults.items()
            if parameter not in bound
        ]
        function = site.file.keras(f"initializers.{name}")
        if name == "Constant" and _may_hold_several(site):
            function = site.file.written("ConstantInitializer")
        made = site.node.with_changes(func=function, args=arguments)
        return _fresh(made, site) if is_asked and name not in _CONSTANT else made

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.builds_file() or _is_for_tensorflow(site):
            return site.file.tf1(site)
        api = _MOVED.get(site.api, site.api)
        name, _, defaults = _KERAS[api]
        if defaults:  # called later, perhaps without arguments, and Keras has others
            return site.file.written(api.removeprefix("tf."))
        if name == "Constant":  # called later, perhaps with a list
            return site.file.written("ConstantInitializer")
        return site.file.keras(f"initializers.{name}")


def _is_for_tensorflow(site: CallSite | ValueSite) -> bool:
    """Whether TensorFlow's own variables begin with it, or it is asked for values right here.

    An initializer of Keras gives the same values each time that it is asked.
    """
    if isinstance(site.path[-1], cst.Call):
        return isinstance(site, CallSite)
    calls = [node for node in site.path if isinstance(node, cst.Call)]
    function = source(calls[-1].func).rpartition(".")[2] if calls else ""
    return function in ("get_variable", "variable_scope") and not site.variables_move


def _may_hold_several(site: CallSite) -> bool:
    """Whether a constant may be a list or an array, which Keras broadcasts and TF 1 filled in."""
    value = (arguments_of(site, ("value", *_TYPED)) or {}).get("value")
    return value is not None and not is_number(value, site.reference.scope)


def _typed(bound: Mapping[str, cst.Arg] | None) -> bool:
    """Whether an initializer may give values of another dtype than float32 where none is asked."""
    dtype = (bound or {}).get("dtype")
    return dtype is not None and not source(dtype.value).endswith("float32")


def _fresh(made: cst.BaseExpression, site: CallSite) -> cst.Call:
    """An initializer that draws anew whenever it is called, as TensorFlow 1's did."""
    return cst.Call(site.file.written("fresh_initializer"), [cst.Arg(made)])


def _keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, cst.Name(name), equal=tight)


class _ScalingRule(RenamedRule):
    """Keras' class with slim's deviation; where code calls it, one that draws anew."""

    def call(self, site: CallSite) -> Outcome:
        made = super().call(site)
        if isinstance(made, cst.Call) and site.file.is_called(site.reference, site.function):
            return _fresh(made, site)
        return made


class _XavierRule(Rule):
    """Slim's uniform Xavier is Glorot's, bounds included; its normal one has another deviation."""

    def call(self, site: CallSite) -> Outcome:
        bound = site.bound(("uniform", "seed", "dtype"))
        if bound is None:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        is_asked = site.file.is_called(site.reference, site.function)
        if is_asked and _typed(bound):
            advice = "give the dtype where it is called"
            return Leave(f"{site.api} of a dtype is called by hand", advice)
        made = self._made(site, bound)
        return _fresh(made, site) if is_asked else made

    @staticmethod
    def _made(site: CallSite, bound: Mapping[str, cst.Arg]) -> cst.Call:
        seed = bound.get("seed")
        arguments = [_keyword("seed", seed.value)] if seed is not None else []
        uniform = bound.get("uniform")
        if uniform is None or literal(uniform.value) is True:
            return cst.Call(site.file.keras("initializers.GlorotUniform"), arguments)
        scaling = [
            _keyword("factor", cst.Float("1.0")),
            _keyword("mode", string("FAN_AVG")),
            _keyword("uniform", uniform.value),
        ]
        return cst.Call(site.file.written("variance_scaling_initializer"), [*scaling, *arguments])

    def value(self, site: ValueSite) -> Outcome:
        return Leave(f"{site.api} is passed on uncalled", "pass keras.initializers.GlorotUniform()")


INITIALIZERS = _InitializerRule(
    code="SLIM210",
    name="initializers",
    summary="tf.truncated_normal_initializer and family -> keras.initializers",
    apis=(*_KERAS, *_MOVED),
    numbers=(
        "tf.truncated_normal_initializer() has stddev 1.0, TruncatedNormal() 0.05. "
        "tf.constant_initializer takes the values of a list or an array one by one, whatever "
        "their shape, and repeats the last where there are too few; Constant broadcasts: what "
        "is not seen to be one number becomes ConstantInitializer of the written module."
    ),
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


def net(features):
    features = slim.fully_connected(
        features, 4, weights_initializer=tf.truncated_normal_initializer(stddev=0.01), scope='fc1')
    return slim.fully_connected(
        features, 2, weights_initializer=tf.random_normal_initializer(),
        biases_initializer=tf.constant_initializer(0.1), scope='fc2')
""",
            after="""
import keras


def net(features):
    features = keras.layers.Dense(
        4,
        activation="relu",
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
        name="fc1",
    )(features)
    return keras.layers.Dense(
        2,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
        bias_initializer=keras.initializers.Constant(0.1),
        name="fc2",
    )(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="values that are not one number are filled in as TensorFlow 1 did",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, starts):
    features = slim.fully_connected(
        features, 4, biases_initializer=tf.constant_initializer([0.5, -1.0]), scope='fc1')
    return slim.fully_connected(
        features, 2, biases_initializer=tf.constant_initializer(starts), scope='fc2')
""",
            after="""
import keras

from scoped_layers import ConstantInitializer


def net(features, starts):
    features = keras.layers.Dense(
        4, activation="relu", bias_initializer=ConstantInitializer([0.5, -1.0]), name="fc1"
    )(features)
    return keras.layers.Dense(
        2, activation="relu", bias_initializer=ConstantInitializer(starts), name="fc2"
    )(features)
""",
        ),
    ),
)

XAVIER = _XavierRule(
    code="SLIM211",
    name="xavier_initializer",
    summary="slim.xavier_initializer -> keras.initializers.GlorotUniform",
    apis=("slim.xavier_initializer", "slim.xavier_initializer_conv2d"),
    numbers=(
        "The uniform form is GlorotUniform exactly. With `uniform=False` slim draws a truncated "
        "normal, and so does the replacement."
    ),
    refuses=(
        Refusal(
            "… is called with arguments that cannot be seen",
            "`*args` or `**kwargs` hide what is handed over, and the new function has other "
            "names or another order.",
        ),
        Refusal(
            "… of a dtype is called by hand",
            "slim's gives values of that dtype; Keras' gives those that it is asked for.",
            "give the dtype where it is called",
        ),
        Refusal(
            "… is passed on uncalled",
            "A function that makes an initializer is not one; whoever gets it calls it with "
            "slim's parameters.",
            "pass keras.initializers.GlorotUniform()",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    return slim.fully_connected(
        features, 4, weights_initializer=slim.xavier_initializer(seed=1), scope='fc')
""",
            after="""
import keras
import tensorflow as tf


def net(features):
    return keras.layers.Dense(
        4,
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(seed=1),
        name="fc",
    )(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def project(features, init):
    weights = tf.Variable(init([7, 7]), name='weights')
    return tf.matmul(features, weights)


def net(features):
    init = slim.xavier_initializer()
    features = project(project(features, init), init)
    return slim.fully_connected(features, 4, weights_initializer=init, scope='fc')
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import fresh_initializer, fully_connected, tf_variable


def project(features, init):
    weights = tf_variable(init([7, 7]), name='weights')
    return tf.matmul(features, weights)


def net(features):
    init = fresh_initializer(keras.initializers.GlorotUniform())
    features = project(project(features, init), init)
    return fully_connected(features, 4, kernel_initializer=init, name='fc')
""",
            inputs=((3, 7),),
            title="called by hand, it draws anew each time",
        ),
    ),
)

VARIANCE_SCALING = _ScalingRule(
    code="SLIM212",
    name="variance_scaling_initializer",
    summary="slim.variance_scaling_initializer -> VarianceScaling with slim's exact deviation",
    apis=("slim.variance_scaling_initializer",),
    numbers=(
        "Slim draws a truncated normal of deviation sqrt(1.3 * factor / n) "
        "(tf_slim/layers/initializers.py); Keras divides by .8796 instead: .3 % apart. The default "
        "factor is 2, Keras' scale is 1."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    return slim.fully_connected(
        features, 4, weights_initializer=slim.variance_scaling_initializer(), scope='fc')
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import variance_scaling_initializer


def net(features):
    return keras.layers.Dense(
        4, activation="relu", kernel_initializer=variance_scaling_initializer(), name="fc"
    )(features)
""",
            inputs=((3, 7),),
        ),
    ),
)
