"""slim.learning: what is left of training loops."""

from slimport.rewrite.marked import MarkedRule

LEARNING = MarkedRule(
    code="SLIM401",
    name="learning",
    summary="slim.learning, tf.contrib.training: what no other rule takes",
    apis=("slim.learning.*", "slim.training.*"),
    reason="a training loop on graphs and sessions",
    advice="train the model with compile() and fit()",
)
