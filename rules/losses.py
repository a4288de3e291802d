"""What slim.losses has no more of than a name: see rules/contrib_losses.py for its losses."""

from slimport.rewrite.marked import MarkedRule

LOSSES = MarkedRule(
    code="SLIM404",
    name="losses",
    summary="what else is asked of slim.losses",
    apis=("slim.losses.*", "tf.contrib.losses.*"),
    reason="is none of slim's losses",
    advice="compute the loss from the batch and add model.losses",
)
