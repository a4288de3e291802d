"""Restoring variables from checkpoints, and variables beside the model's."""

from slimport.rewrite.marked import MarkedRule

CHECKPOINTS = MarkedRule(
    code="SLIM405",
    name="checkpoints",
    summary="slim.assign_from_checkpoint_fn and family",
    apis=(
        "slim.assign_from_checkpoint",
        "slim.assign_from_checkpoint_fn",
    ),
    reason="works on variables of a TF 1 graph",
    advice="legacy_variables(model) maps checkpoint names to the model's variables",
)

GRAPH_VARIABLES = MarkedRule(
    code="SLIM408",
    name="graph_variables",
    summary="slim.local_variable, global_variable, VariableDeviceChooser",
    apis=(
        "slim.VariableDeviceChooser",
        "slim.assert_or_get_global_step",
        "slim.global_variable",
        "slim.local_variable",
    ),
    reason="is about a variable of a TF 1 graph that no layer owns",
    advice="tf.compat.v1.Variable(value, trainable=False, collections=[...]) makes such a one",
)
