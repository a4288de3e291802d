"""slim.images_to_sequence and sequence_to_images."""

from slimport.rewrite.layers import LayerRule

IMAGES_TO_SEQUENCE = LayerRule(
    code="SLIM146",
    name="images_to_sequence",
    summary="slim.images_to_sequence, sequence_to_images -> transpose and reshape",
    apis=("slim.images_to_sequence", "slim.sequence_to_images"),
    keywords={"scope": "name"},
)
