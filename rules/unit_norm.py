"""slim.unit_norm."""

from slimport.rewrite.layers import LayerRule

UNIT_NORM = LayerRule(
    code="SLIM144",
    name="unit_norm",
    summary="slim.unit_norm -> division by the length along one axis",
    apis=("slim.unit_norm",),
    keywords={"scope": "name"},
)
