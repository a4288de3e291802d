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

OPTIMIZE_LOSS = MarkedRule(
    code="SLIM409",
    name="optimize_loss",
    summary="slim.optimize_loss: gradients computed, changed and applied in one call",
    apis=("slim.optimize_loss", "slim.adaptive_clipping_fn"),
    reason="makes an optimizer by its name, runs update ops and writes summaries in a graph",
    advice=(
        "take its steps apart: compute_gradients, multiply_gradients, clip_by_global_norm and "
        "apply_gradients of tf.compat.v1.train, or compile() and fit()"
    ),
)
