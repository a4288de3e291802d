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
    model_variable: Any = importlib.import_module("tf_slim.ops.variables").model_variable

    def vectors(shape: Any, initializer: Any, regularizer: Any, trainable: bool) -> Any:
        return model_variable(
            "embeddings",
            shape=shape,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )

    def embed_sequence(
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
        if not (reuse or (vocab_size and embed_dim)):
            raise ValueError("Must specify vocab size and embedding dimension when not reusing")
        with v1.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
            is_open = (reuse and vocab_size is None) or embed_dim is None
            shape = None if is_open else [vocab_size, embed_dim]
            table = vectors(shape, initializer, regularizer, trainable)
            if not unique:
                return v1.nn.embedding_lookup(table, ids)
            known, places = v1.unique(v1.reshape(ids, [-1]))
            rows = v1.gather(v1.nn.embedding_lookup(table, known), places)
            return v1.reshape(rows, v1.concat([v1.shape(ids), [table.shape[1]]], 0))

    def bow_encoder(
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
        if not vocab_size or not embed_dim:
            raise ValueError("Must specify vocab size and embedding dimension")
        with v1.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
            table = vectors([vocab_size, embed_dim], initializer, regularizer, trainable)
            is_sparse = isinstance(ids, v1.SparseTensor)
            if not sparse_lookup:
                if is_sparse:
                    raise TypeError("ids are expected to be dense Tensor")
                return v1.reduce_mean(v1.nn.embedding_lookup(table, ids), axis=1)
            sparse = ids if is_sparse else v1.sparse.from_dense(ids)
            return v1.nn.safe_embedding_lookup_sparse(
                [table], sparse, combiner="mean", default_id=0
            )

    return {"embed_sequence": embed_sequence, "bow_encoder": bow_encoder}
