"""slim.evaluation and slim.metrics: evaluation loops and streaming metrics."""

from slimport.rewrite.marked import MarkedRule

EVALUATION = MarkedRule(
    code="SLIM402",
    name="evaluation",
    summary="slim.evaluation, slim.metrics: evaluation loops and streaming metrics",
    apis=("slim.evaluation.*", "slim.metrics.*", "tf.contrib.metrics.*"),
    reason="an evaluation loop on graphs and sessions",
    advice="use model.evaluate() with keras.metrics",
)
