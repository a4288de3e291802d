"""slim.max_pool2d, avg_pool2d, their 3-d forms, and slim.pool."""

from slimport.rewrite.layers import POOL_KEYWORDS, LayerRule
from slimport.rewrite.plain import PlainLayerRule

POOL2D = PlainLayerRule(
    code="SLIM130",
    name="pool2d",
    summary="slim.max_pool2d, avg_pool2d, max_pool3d, avg_pool3d -> pooling layers",
    apis=("slim.max_pool2d", "slim.avg_pool2d", "slim.max_pool3d", "slim.avg_pool3d"),
    keywords=POOL_KEYWORDS,
    layers={
        "slim.max_pool2d": "MaxPooling2D",
        "slim.avg_pool2d": "AveragePooling2D",
        "slim.max_pool3d": "MaxPooling3D",
        "slim.avg_pool3d": "AveragePooling3D",
    },
    leading=("kernel_size",),
    defaults={"strides": "2"},
    details="Slim's stride is 2 and its padding VALID where Keras takes the pool's size.",
)

POOL = LayerRule(
    code="SLIM131",
    name="pool",
    summary="slim.pool -> a pool of any rank and type",
    apis=("slim.pool",),
    keywords=POOL_KEYWORDS,
)
