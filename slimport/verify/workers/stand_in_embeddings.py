"""`tf.contrib.layers.embed_sequence` and `bow_encoder` on TensorFlow 2, of TensorFlow's own parts.

tf_slim left them out. Variables are tf_slim's, look-ups are TensorFlow's.

This module runs under CPython 3.7.
"""

from __future__ import annotations

import importlib
from typing import Any


def embeddings(v1: Any) -> dict[str, Any]:
    """Makes both functions.

    Args:
        v1: `tf.compat.v1`.
    """
    made = _Embeddings(v1)
    return {"embed_sequence": made.embed_sequence, "bow_encoder": made.bow_encoder}


class _Embeddings:
    """Both functions, on one TensorFlow."""

    def __init__(self, v1: Any) -> None:
        self._v1 = v1
        self._variable: Any = importlib.import_module("tf_slim.ops.variables").model_variable

    def embed_sequence(
        self,
        ids: Any,
        vocab_size: Any = None,
        embed_dim: Any = None,
        unique: bool = False,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        scope: Any = None,
        reuse: Any = None,
    ) -> Any:
        """Returns the vectors `[batch, length, embed_dim]` of ids `[batch, length]`."""
        if not (reuse or (vocab_size and embed_dim)):
            raise ValueError("Must specify vocab size and embedding dimension when not reusing")
        v1 = self._v1
        with v1.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
            is_open = (reuse and vocab_size is None) or embed_dim is None
            shape = None if is_open else [vocab_size, embed_dim]
            table = self._vectors(shape, initializer, regularizer, trainable)
            if not unique:
                return v1.nn.embedding_lookup(table, ids)
            known, places = v1.unique(v1.reshape(ids, [-1]))
            rows = v1.gather(v1.nn.embedding_lookup(table, known), places)
            return v1.reshape(rows, v1.concat([v1.shape(ids), [table.shape[1]]], 0))

    def bow_encoder(
        self,
        ids: Any,
        vocab_size: Any,
        embed_dim: Any,
        sparse_lookup: bool = True,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        scope: Any = None,
        reuse: Any = None,
    ) -> Any:
        """Returns the means `[batch, embed_dim]` of the vectors of ids, dense or sparse."""
        if not vocab_size or not embed_dim:
            raise ValueError("Must specify vocab size and embedding dimension")
        v1 = self._v1
        with v1.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
            table = self._vectors([vocab_size, embed_dim], initializer, regularizer, trainable)
            is_sparse = isinstance(ids, v1.SparseTensor)
            if not sparse_lookup:
                if is_sparse:
                    raise TypeError("ids are expected to be dense Tensor")
                return v1.reduce_mean(v1.nn.embedding_lookup(table, ids), axis=1)
            sparse = ids if is_sparse else v1.sparse.from_dense(ids)
            lookup = v1.nn.safe_embedding_lookup_sparse
            return lookup([table], sparse, combiner="mean", default_id=0)

    def _vectors(self, shape: Any, initializer: Any, regularizer: Any, trainable: bool) -> Any:
        return self._variable(
            "embeddings",
            shape=shape,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
