"""Batch norm in plain form: a layer of its own, after the layer that names it as normalizer."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import libcst as cst

from slimport.index.closed import LayerCall
from slimport.rewrite.site import literal

# slim's parameter -> Keras' keyword and slim's default where Keras has another
# (tf_slim/layers/layers.py, batch_norm; keras/src/layers/normalization/batch_normalization.py).
_KEYWORDS: Mapping[str, tuple[str, str | None]] = {
    "decay": ("momentum", "0.999"),
    "center": ("center", None),
    "scale": ("scale", "False"),
    "epsilon": ("epsilon", None),
}
_ALLOWED = frozenset({*_KEYWORDS, "is_training", "activation_fn", "inputs", "scope", "fused"})


def blocks_normalizer(layer: LayerCall) -> str | None:
    """Why the normalizer inside a layer call cannot become a layer of its own; None if it can."""
    if layer.normalizer is None:
        return None
    if layer.normalizer != "slim.batch_norm":
        return "a normalizer other than slim.batch_norm"
    parameters = layer.arguments.get("normalizer_params")
    if parameters is None or (isinstance(parameters, ast.Constant) and parameters.value is None):
        return blocks_batch_norm(layer.normalizer_defaults)
    if not isinstance(parameters, ast.Dict):
        return "normalizer parameters that are not written out in the call"
    keys = [key.value if isinstance(key, ast.Constant) else None for key in parameters.keys]
    if not all(isinstance(key, str) for key in keys):
        return "normalizer parameters that are not written out in the call"
    names = dict.fromkeys(map(str, keys), ast.Constant(None))
    return blocks_batch_norm({**layer.normalizer_defaults, **names})


def blocks_batch_norm(arguments: Mapping[str, object]) -> str | None:
    """Why a batch norm with these arguments has no plain form; None if it has."""
    others = sorted(set(arguments) - _ALLOWED)
    return f"{others[0]} of slim.batch_norm" if others else None


def dictionary(node: cst.BaseExpression | None) -> dict[str, cst.BaseExpression]:
    """Values of a dict display by their literal keys; empty for None."""
    if not isinstance(node, cst.Dict):
        return {}
    pairs = (e for e in node.elements if isinstance(e, cst.DictElement))
    return {str(literal(pair.key)): pair.value for pair in pairs}


def batch_norm_keywords(
    arguments: Mapping[str, cst.BaseExpression],
) -> dict[str, cst.BaseExpression | None]:
    """Keywords of BatchNormalization; what equals Keras' default is left out."""
    found: dict[str, cst.BaseExpression | None] = {}
    for parameter, (keyword, default) in _KEYWORDS.items():
        value = arguments.get(parameter)
        if value is None and default is not None:
            value = cst.parse_expression(default)
        if keyword in ("center", "scale") and value is not None and literal(value) is True:
            value = None
        found[keyword] = value
    return found
