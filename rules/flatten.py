"""slim.flatten."""

from slimport.rewrite.layers import LayerRule

FLATTEN = LayerRule(
    code="SLIM140",
    name="flatten",
    summary="slim.flatten -> Flatten",
    apis=("slim.flatten",),
    keywords={"scope": "name"},
)
