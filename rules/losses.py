"""slim.losses: losses kept in a graph collection."""

from slimport.rewrite.marked import MarkedRule

LOSSES = MarkedRule(
    code="SLIM404",
    name="losses",
    summary="slim.losses: losses kept in a graph collection",
    apis=("slim.losses.*", "tf.contrib.losses.*"),
    reason="keeps losses in a graph collection",
    advice="compute the loss from the batch and add model.losses",
)
