"""slim.dense_to_sparse."""

from slimport.index.program import Reference
from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example


class _DenseToSparseRule(LayerRule):
    """A tf.SparseTensor is no value of a functional model."""

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} makes a tf.SparseTensor"


DENSE_TO_SPARSE = _DenseToSparseRule(
    code="SLIM151",
    name="dense_to_sparse",
    summary="slim.dense_to_sparse -> a tf.SparseTensor of all but one value",
    apis=("slim.dense_to_sparse",),
    keywords={"scope": "name"},
    details="tf.sparse.from_dense leaves zeros out; this one any value (eos_token).",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(labels):
    labels = slim.dense_to_sparse(labels, eos_token=2, scope='labels')
    return tf.sparse_tensor_to_dense(labels, default_value=-1)
""",
            after="""
import tensorflow as tf

from scoped_layers import dense_to_sparse


def net(labels):
    labels = dense_to_sparse(labels, eos_token=2, name='labels')
    return tf.sparse.to_dense(labels, default_value=-1)
""",
            inputs=((3, 4),),
            dtypes=("int32",),
        ),
        Example(
            title="defaults of a scope, and unpacked arguments",
            before="""
import tf_slim as slim


def net(labels, *rest):
    with slim.arg_scope([slim.dense_to_sparse], eos_token=-1):
        return slim.dense_to_sparse(labels, *rest)
""",
            after="""
from scoped_layers import dense_to_sparse, layer_defaults


def net(labels, *rest):
    with layer_defaults([dense_to_sparse], eos_token=-1):
        return dense_to_sparse(labels, *rest)
""",
        ),
    ),
)
