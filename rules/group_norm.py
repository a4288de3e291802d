"""slim.group_norm."""

from slimport.rewrite.layers import LayerRule

GROUP_NORM = LayerRule(
    code="SLIM113",
    name="group_norm",
    summary="slim.group_norm -> group normalization with slim's axes",
    apis=("slim.group_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
)
