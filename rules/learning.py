"""slim.learning: training loops."""

from slimport.rewrite.marked import MarkedRule

LEARNING = MarkedRule(
    code="SLIM401",
    name="learning",
    summary="slim.learning, tf.contrib.training: training loops",
    apis=("slim.learning.*", "slim.training.*"),
    reason="a training loop on graphs and sessions",
    advice="train the model with compile() and fit()",
)
