"""slim.layer_norm."""

from slimport.rewrite.layers import LayerRule

LAYER_NORM = LayerRule(
    code="SLIM111",
    name="layer_norm",
    summary="slim.layer_norm -> layer normalization over all axes but the first",
    apis=("slim.layer_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
    details="Epsilon is 1e-12 (tf_slim/layers/layers.py, layer_norm); Keras' default is 1e-3.",
)
