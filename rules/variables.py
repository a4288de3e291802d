"""Looking variables up: slim.get_variables and its family."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

VARIABLES = RenamedRule(
    code="SLIM220",
    name="variables",
    summary="slim.get_variables, get_model_variables ... -> the written module's look-ups",
    apis=(
        "slim.get_variables",
        "slim.get_model_variables",
        "slim.get_trainable_variables",
        "slim.get_variables_by_name",
        "slim.get_variables_by_suffix",
        "slim.get_unique_variable",
        "slim.get_variables_to_restore",
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.fully_connected(features, 4, scope='fc')
    print(len(slim.get_model_variables('fc')))
    return features
""",
            after="""
import keras
import tensorflow as tf
from scoped_layers import get_model_variables


def net(features):
    features = keras.layers.Dense(4, activation="relu", name="fc")(features)
    print(len(get_model_variables('fc')))
    return features
""",
            inputs=((3, 7),),
        ),
    ),
)
