"""Restoring variables from checkpoints."""

from slimport.rewrite.marked import MarkedRule

CHECKPOINTS = MarkedRule(
    code="SLIM405",
    name="checkpoints",
    summary="slim.assign_from_checkpoint_fn and family",
    apis=(
        "slim.assign_from_checkpoint",
        "slim.assign_from_checkpoint_fn",
        "slim.assign_from_values",
        "slim.assign_from_values_fn",
        "slim.filter_variables",
    ),
    reason="works on variables of a TF 1 graph",
    advice="legacy_variables(model) maps checkpoint names to the model's variables",
)
