"""slim.batch_norm."""

from slimport.rewrite.layers import LayerRule

BATCH_NORM = LayerRule(
    code="SLIM110",
    name="batch_norm",
    summary="slim.batch_norm -> the written module's BatchNormalization",
    apis=("slim.batch_norm",),
    keywords={"decay": "momentum", "activation_fn": "activation", "scope": "name"},
    details=(
        "Slim's fused kernel puts n/(n-1) times the batch variance into the moving variance; "
        "keras.layers.BatchNormalization does not (2.0 against 1.0 for two values). The written "
        "layer is the equivalent one. Plain Keras would change moving statistics only."
    ),
)
