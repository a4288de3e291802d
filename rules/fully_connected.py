"""slim.fully_connected and its partials relu, relu6, elu, linear."""

from slimport.rewrite.layers import WEIGHT_KEYWORDS
from slimport.rewrite.plain import PlainLayerRule

FULLY_CONNECTED = PlainLayerRule(
    code="SLIM105",
    name="fully_connected",
    summary="slim.fully_connected -> Dense",
    apis=("slim.fully_connected", "slim.relu", "slim.relu6", "slim.elu", "slim.linear"),
    keywords={**WEIGHT_KEYWORDS, "num_outputs": "units"},
    layers={"slim.fully_connected": "Dense"},
    leading=("num_outputs",),
    defaults={"activation": '"relu"'},
)
