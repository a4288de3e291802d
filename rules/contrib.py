"""tf.contrib beyond slim."""

from slimport.rewrite.marked import MarkedRule

CONTRIB = MarkedRule(
    code="SLIM499",
    name="contrib",
    summary="tf.contrib beyond slim",
    apis=("tf.contrib.*",),
    reason="tf.contrib is gone in TensorFlow 2",
    advice="replace it by hand; the TensorFlow 2 migration guide names successors",
)
