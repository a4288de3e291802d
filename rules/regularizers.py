"""slim.l2_regularizer and its family."""

from dataclasses import dataclass

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Leave, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite, parenthesized


@dataclass(frozen=True, kw_only=True)
class _LpRegularizer(Rule):
    """``slim.l2_regularizer(s)`` is s * sum(w**2) / 2, ``keras.regularizers.L2(l)`` l * sum(w**2)."""

    def call(self, site: CallSite) -> Outcome:
        bound = site.bound(("scale", "scope"))
        if bound is None or "scale" not in bound:
            return Leave(f"{site.api} is called with arguments that cannot be seen")
        scale = bound["scale"].value
        if site.short == "l1_regularizer":
            function = site.file.keras("regularizers.L1")
        else:
            function = site.file.keras("regularizers.L2")
            scale = cst.BinaryOperation(cst.Float("0.5"), cst.Multiply(), parenthesized(scale))
        argument = cst.Arg(scale, whitespace_after_arg=bound["scale"].whitespace_after_arg)
        return site.node.with_changes(func=function, args=[argument])

    def value(self, site: ValueSite) -> Outcome:
        # Called later with the scale: a function that halves it is what is meant.
        return site.file.written(site.short)


LP_REGULARIZER = _LpRegularizer(
    code="SLIM201",
    name="l2_regularizer",
    summary="slim.l2_regularizer(s) -> keras.regularizers.L2(0.5 * s); l1_regularizer(s) -> L1(s)",
    apis=("slim.l1_regularizer", "slim.l2_regularizer"),
    details="tf_slim/layers/regularizers.py uses tf.nn.l2_loss, which halves the sum of squares.",
)

COMBINED_REGULARIZER = RenamedRule(
    code="SLIM202",
    name="combined_regularizers",
    summary="slim.l1_l2_regularizer, sum_regularizer, apply_regularization -> the written module's",
    apis=("slim.l1_l2_regularizer", "slim.sum_regularizer", "slim.apply_regularization"),
)
