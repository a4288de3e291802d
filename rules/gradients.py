"""Gradients between computing and applying them: slim.learning's two pure functions."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example


class _GradientRule(RenamedRule):
    """The same functions in the written module."""

    def blocks_plain_program(self, reference: Reference) -> str | None:
        by_name = reference.api.name.endswith("multiply_gradients")
        return f"{reference.api.name} finds variables by name" if by_name else None


GRADIENTS = _GradientRule(
    code="SLIM240",
    name="gradients",
    summary="slim.learning.multiply_gradients, clip_gradient_norms -> the written module's",
    apis=(
        "slim.learning.clip_gradient_norms",
        "slim.learning.multiply_gradients",
        "slim.training.clip_gradient_norms",
        "slim.training.clip_gradient_norms_fn",
        "slim.training.multiply_gradients",
    ),
    details="tf.contrib.training has the same functions. Sparse gradients keep their rows.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def update(optimizer, loss, factors):
    grads_and_vars = optimizer.compute_gradients(loss)
    if factors:
        grads_and_vars = slim.learning.multiply_gradients(grads_and_vars, factors)
    grads_and_vars = slim.learning.clip_gradient_norms(grads_and_vars, max_norm=10)
    return optimizer.apply_gradients(grads_and_vars)
""",
            after="""
import tensorflow as tf

from scoped_layers import clip_gradient_norms, multiply_gradients


def update(optimizer, loss, factors):
    grads_and_vars = optimizer.compute_gradients(loss)
    if factors:
        grads_and_vars = multiply_gradients(grads_and_vars, factors)
    grads_and_vars = clip_gradient_norms(grads_and_vars, max_norm=10)
    return optimizer.apply_gradients(grads_and_vars)
""",
        ),
        Example(
            title="handed to a training loop",
            before="""
import tensorflow as tf
from tensorflow.contrib import training


def train_op(loss, optimizer):
    return training.create_train_op(
        loss, optimizer, transform_grads_fn=training.clip_gradient_norms_fn(4.0))
""",
            after="""
import tensorflow as tf

from scoped_layers import clip_gradient_norms_fn, create_train_op


def train_op(loss, optimizer):
    return create_train_op(
        loss, optimizer, transform_grads_fn=clip_gradient_norms_fn(4.0))
""",
        ),
        Example(
            title="numbers",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(gradient, other):
    pairs = slim.learning.clip_gradient_norms([(gradient, 'a'), (other, 'b'), (None, 'c')], 1.5)
    assert pairs[2] == (None, 'c')
    return pairs[0][0], pairs[1][0]
""",
            after="""
import tensorflow as tf

from scoped_layers import clip_gradient_norms


def net(gradient, other):
    pairs = clip_gradient_norms([(gradient, 'a'), (other, 'b'), (None, 'c')], 1.5)
    assert pairs[2] == (None, 'c')
    return pairs[0][0], pairs[1][0]
""",
            inputs=((3, 4), (1, 1)),
        ),
    ),
)
