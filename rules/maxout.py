"""slim.maxout."""

from slimport.rewrite.layers import LayerRule

MAXOUT = LayerRule(
    code="SLIM145",
    name="maxout",
    summary="slim.maxout -> maximum over groups of channels",
    apis=("slim.maxout",),
    keywords={"scope": "name"},
)
