"""Looking variables up: slim.get_variables and its family."""

from slimport.rewrite.layers import RenamedRule

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
    ),
)
