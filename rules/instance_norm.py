"""slim.instance_norm."""

from slimport.rewrite.layers import LayerRule

INSTANCE_NORM = LayerRule(
    code="SLIM112",
    name="instance_norm",
    summary="slim.instance_norm -> normalization of each channel of each image",
    apis=("slim.instance_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
)
