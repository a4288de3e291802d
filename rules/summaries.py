"""slim.summaries and slim.model_analyzer."""

from slimport.rewrite.marked import MarkedRule

SUMMARIES = MarkedRule(
    code="SLIM406",
    name="summaries",
    summary="slim.summaries, slim.model_analyzer",
    apis=("slim.summaries.*", "slim.model_analyzer.*", "slim.summarize_*"),
    reason="writes graph summaries",
    advice="use keras.callbacks.TensorBoard or model.summary()",
)
