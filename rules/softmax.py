"""slim.softmax and slim.spatial_softmax."""

from slimport.rewrite.layers import LayerRule

SOFTMAX = LayerRule(
    code="SLIM141",
    name="softmax",
    summary="slim.softmax -> softmax over the last axis",
    apis=("slim.softmax",),
    keywords={"scope": "name"},
)

SPATIAL_SOFTMAX = LayerRule(
    code="SLIM142",
    name="spatial_softmax",
    summary="slim.spatial_softmax -> expected image coordinates of each channel",
    apis=("slim.spatial_softmax",),
    keywords={},
)
