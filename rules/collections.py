"""End points and named outputs: slim.utils."""

from slimport.rewrite.layers import RenamedRule

COLLECTIONS = RenamedRule(
    code="SLIM230",
    name="collections",
    summary="slim.utils.convert_collection_to_dict, collect_named_outputs, last_dimension",
    apis=(
        "slim.utils.convert_collection_to_dict",
        "slim.utils.collect_named_outputs",
        "slim.utils.last_dimension",
    ),
)
