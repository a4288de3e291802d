"""slim.dropout."""

from slimport.rewrite.layers import LayerRule

DROPOUT = LayerRule(
    code="SLIM120",
    name="dropout",
    summary="slim.dropout -> Dropout (rate = 1 - keep_prob)",
    apis=("slim.dropout",),
    keywords={"scope": "name"},
    details="The factory keeps `keep_prob`: the argument is often a variable of the caller.",
)
