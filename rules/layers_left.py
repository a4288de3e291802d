"""What tf_slim has beside layers, and Keras has in another shape."""

from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Refusal

# Name -> what became of it, what to do.
_KNOWN = {
    "GDN": (
        "a layer object of TensorFlow 1, beside Keras 3 it cannot be made",
        "call slim.gdn(inputs, ...), which is rewritten",
    ),
    "OPTIMIZER_CLS_NAMES": (
        "maps names to optimizers of TensorFlow 1",
        "write the dictionary out: {'Adam': tf.compat.v1.train.AdamOptimizer, ...}",
    ),
    "OPTIMIZER_SUMMARIES": (
        "names what optimize_loss may summarize",
        "write the list out: ['learning_rate', 'loss', 'gradients', 'gradient_norm', "
        "'global_gradient_norm']",
    ),
    "RevBlock": (
        "a layer object of TensorFlow 1, beside Keras 3 it cannot be made",
        "call slim.rev_block(x1, x2, f, g, ...), which is rewritten",
    ),
    "zero_initializer": (
        "an operation of tf.contrib that fills a variable with zeros",
        "use variable.assign(tf.zeros_like(variable))",
    ),
}


class _LeftRule(MarkedRule):
    """Marks with what is known of the very name."""

    def known(self, api: str) -> tuple[str, str]:
        return _KNOWN[api.rpartition(".")[2]]


LAYERS_LEFT = _LeftRule(
    code="SLIM412",
    name="layers_left",
    summary="slim.GDN, RevBlock, OPTIMIZER_SUMMARIES ...: marked, each with its own way on",
    apis=tuple(f"slim.{name}" for name in sorted(_KNOWN)),
    reason="not rewritten",
    advice="rewrite it by hand",
    refuses=tuple(
        Refusal(f"slim.{name}: {reason}", "", advice)
        for name, (reason, advice) in sorted(_KNOWN.items())
    ),
)
