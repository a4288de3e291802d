"""slim.flatten."""

from slimport.rewrite.plain import PlainLayerRule

FLATTEN = PlainLayerRule(
    code="SLIM140",
    name="flatten",
    summary="slim.flatten -> Flatten",
    apis=("slim.flatten",),
    keywords={"scope": "name"},
    layers={"slim.flatten": "Flatten"},
)
