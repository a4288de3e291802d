"""A form of code, of which words are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from textwrap import dedent

#: What is drawn for a word in braces. Sizes stay, so that branches can be added.
WORDS = {
    "act": ("None", "tf.nn.relu", "tf.nn.elu", "tf.nn.relu6", "tf.nn.leaky_relu"),
    "bias": ("None", "tf.zeros_initializer()", "tf.constant_initializer(0.5)"),
    "bool": ("True", "False"),
    "init": (
        "tf.truncated_normal_initializer(stddev=0.1)", "slim.xavier_initializer()",
        "slim.variance_scaling_initializer()", "tf.constant_initializer(0.1)",
    ),
    "kernel": ("1", "3", "[3, 3]", "(3, 2)", "[1, 3]"),
    "name": ("", "", ", scope='named#'"),
    "op": ("slim.conv2d", "slim.conv2d", "slim.separable_conv2d"),
    "reg": (
        "None", "slim.l2_regularizer(0.01)", "slim.l1_regularizer(0.02)",
        "slim.l1_l2_regularizer(0.001, 0.002)",
    ),
    "set": (
        "", "activation_fn=tf.nn.elu", "weights_regularizer=slim.l2_regularizer(0.01)",
        "normalizer_fn=slim.batch_norm", "biases_initializer=None", "activation_fn=None",
        "weights_initializer=tf.truncated_normal_initializer(stddev=0.1), trainable=False",
        "normalizer_fn=slim.batch_norm, normalizer_params={'decay': 0.9, 'scale': True}",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        body: statements.
        functions: what stands above the network, if anything.
        imports: modules of Python's own that it needs.
    """

    body: str
    functions: str = ""
    imports: tuple[str, ...] = ()

    def drawn(self, choice: Random, number: int) -> Form:
        """The form with its words and its number; equal words may become different ones."""
        return Form(
            _drawn(self.body, choice, number), _drawn(self.functions, choice, number), self.imports
        )


def _drawn(text: str, choice: Random, number: int) -> str:
    parts = dedent(text).strip("\n").split("{")
    done = parts[0]
    for part in parts[1:]:
        word, closed, rest = part.partition("}")
        known = closed and word in WORDS
        done += choice.choice(WORDS[word]) + rest if known else "{" + part
    done = done.replace(", ,", ",").replace(", )", ")")  # of nothing to set
    return done.replace("#", str(number))
