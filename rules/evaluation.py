"""slim.evaluation and slim.metrics: what no other rule takes."""

from slimport.rewrite.marked import MarkedRule

EVALUATION = MarkedRule(
    code="SLIM402",
    name="evaluation",
    summary="slim.evaluation, slim.metrics, tf.contrib.metrics: what no other rule takes",
    apis=("slim.evaluation.*", "slim.metrics.*", "tf.contrib.metrics.*"),
    reason="an evaluation loop on graphs and sessions",
    advice="use model.evaluate() with keras.metrics",
)
