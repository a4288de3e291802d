"""What all layer rules share: keyword names, padding and activations, the two output forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.always import always
from slimport.rewrite.registry import rule_for
from slimport.rewrite.rule import Outcome, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite, literal, source, string

# tf_slim/layers/layers.py parameter -> Keras keyword; equal for every layer that has weights.
WEIGHT_KEYWORDS: Mapping[str, str] = {
    "num_outputs": "filters",
    "stride": "strides",
    "rate": "dilation_rate",
    "activation_fn": "activation",
    "normalizer_fn": "normalizer",
    "weights_initializer": "kernel_initializer",
    "weights_regularizer": "kernel_regularizer",
    "biases_initializer": "bias_initializer",
    "biases_regularizer": "bias_regularizer",
    "scope": "name",
}

POOL_KEYWORDS: Mapping[str, str] = {
    "kernel_size": "pool_size",
    "stride": "strides",
    "scope": "name",
}

# Activations that Keras knows by name and computes with the same TensorFlow op.
ACTIVATION_NAMES = frozenset(
    "relu relu6 sigmoid tanh softplus softsign elu selu leaky_relu silu softmax log_softmax".split()
)


@dataclass(frozen=True, kw_only=True)
class LayerRule(Rule):
    """A layer that the written module has a factory for, under slim's name.

    Attributes:
        keywords: slim's keyword -> the factory's (Keras') keyword, where they differ.
    """

    keywords: Mapping[str, str] = field(default_factory=lambda: WEIGHT_KEYWORDS)

    def call(self, site: CallSite) -> Outcome:
        values = {**keras_values(site), **always(site)}
        return site.renamed(site.file.written(site.short), self.keywords, values)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.written(site.short)


@dataclass(frozen=True, kw_only=True)
class RenamedRule(Rule):
    """Functions that the written module has with the same parameters.

    Attributes:
        names: slim's short name -> the written module's, where they differ.
        only_tensorflow: why the result is no KerasTensor, empty if it is one.
    """

    names: tuple[tuple[str, str], ...] = ()
    only_tensorflow: str = ""

    def call(self, site: CallSite) -> Outcome:
        return site.renamed(self.value_of(site), {})

    def value(self, site: ValueSite) -> Outcome:
        return self.value_of(site)

    def value_of(self, site: Site) -> cst.BaseExpression:
        return site.file.written(dict(self.names).get(site.short, site.short))

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return self.only_tensorflow or None


def keras_values(site: CallSite) -> dict[str, cst.BaseExpression]:
    """Arguments whose values Keras spells otherwise, by slim's parameter name."""
    found: dict[str, cst.BaseExpression] = {}
    for name, argument in (site.bound() or _keywords_only(site)).items():
        value = keras_value(name, argument.value)
        if value is not None:
            found[name] = value
    return found


def keras_value(parameter: str, value: cst.BaseExpression) -> cst.BaseExpression | None:
    """Keras' spelling of one argument, None where it stays: ``'SAME'`` -> ``"same"``."""
    if parameter == "padding":
        padding = literal(value)
        return string(padding.lower(), like=value) if isinstance(padding, str) else None
    if parameter == "activation_fn":
        return activation_name(value)
    return None


def activation_name(value: cst.BaseExpression) -> cst.BaseExpression | None:
    """``keras.ops.relu`` -> ``"relu"``, None for anything Keras has no name for."""
    if not isinstance(value, cst.Attribute) or value.attr.value not in ACTIVATION_NAMES:
        return None
    return string(value.attr.value) if source(value.value).endswith("keras.ops") else None


def keras_keyword(api: str, parameter: str) -> str:
    """Factory keyword for slim's `parameter` of the layer `api`."""
    rule = rule_for(api)
    return rule.keywords.get(parameter, parameter) if isinstance(rule, LayerRule) else parameter


def _keywords_only(site: CallSite) -> dict[str, cst.Arg]:
    return {argument.keyword.value: argument for argument in site.node.args if argument.keyword}
