"""slim.nets: networks shipped inside the library."""

from slimport.rewrite.marked import MarkedRule

NETS = MarkedRule(
    code="SLIM407",
    name="prebuilt_nets",
    summary="slim.nets: networks shipped inside the library",
    apis=("slim.nets.*",),
    reason="a network that was shipped inside tf_slim",
    advice="bring the network's source into the tree and rewrite it with the rest",
)
