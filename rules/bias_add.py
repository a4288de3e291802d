"""slim.bias_add."""

from slimport.rewrite.layers import LayerRule

BIAS_ADD = LayerRule(
    code="SLIM114",
    name="bias_add",
    summary="slim.bias_add -> a layer that adds one bias per channel",
    apis=("slim.bias_add",),
    keywords={"activation_fn": "activation", "scope": "name"},
)
