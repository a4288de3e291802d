# mypy: allow-subclassing-any
"""Embeddings: sequences of ids as sequences of vectors, or as their mean."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.building import scoped_layer
from slimport.written.graphs import current_layer_graph
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["BagOfWords", "Embedding", "bow_encoder", "embed_sequence"]


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Any:
    """Looks up a vector for each id.

    Args:
        ids: An integer tensor `[batch, length]`, or of any other shape.
        vocab_size: Number of vectors; with `reuse` it may be left out.
        embed_dim: Size of each vector; with `reuse` it may be left out.
        unique: Whether each id is looked up once. The gradient then has a row for each id, not
            for each place.
        initializer: Initializer of the vectors; `None` for the scope's, or else Glorot uniform.
        regularizer: Regularizer of the vectors; `None` for the scope's.
        scope: Scope of the layer; `None` for `EmbedSequence`, `EmbedSequence_1`, ...

    Returns:
        A tensor `[batch, length, embed_dim]`.

    Raises:
        ValueError: If a size is missing and `reuse` is off.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse) as opened:
        if embed_dim is None or (reuse and vocab_size is None):
            vocab_size, embed_dim = _sizes_of_embeddings(opened.name)
        layer = scoped_layer(
            Embedding,
            opened,
            ids,
            input_dim=vocab_size,
            output_dim=embed_dim,
            unique=unique,
            embeddings_initializer=initializer or opened.initializer or "glorot_uniform",
            embeddings_regularizer=regularizer,
            trainable=trainable,
        )
        return layer(ids)


def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Any:
    """Averages the vectors of the ids of each row.

    Args:
        ids: An integer tensor `[batch, length]`, dense or sparse.
        vocab_size: Number of vectors.
        embed_dim: Size of each vector.
        sparse_lookup: Whether zeros of a dense tensor and negative ids are left out; a row of
            which nothing remains gets the vector of 0.
        initializer: Initializer of the vectors; `None` for the scope's, or else Glorot uniform.
        regularizer: Regularizer of the vectors; `None` for the scope's.
        scope: Scope of the layer; `None` for `bow_encoder`, `bow_encoder_1`, ...

    Returns:
        A tensor `[batch, embed_dim]`.

    Raises:
        ValueError: If a size is 0 or `None`.
        TypeError: If `ids` are sparse and `sparse_lookup` is off.
    """
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    if not sparse_lookup and _is_sparse(ids):
        raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse) as opened:
        layer = scoped_layer(
            BagOfWords if sparse_lookup else Embedding,
            opened,
            ids,
            input_dim=vocab_size,
            output_dim=embed_dim,
            embeddings_initializer=initializer or opened.initializer or "glorot_uniform",
            embeddings_regularizer=regularizer,
            trainable=trainable,
        )
        return layer(ids) if sparse_lookup else keras.ops.mean(layer(ids), axis=1)


@keras.saving.register_keras_serializable("scoped_layers")
class Embedding(ScopedLayer, keras.layers.Embedding):
    """An embedding; an id that is out of range is TensorFlow's error, where Keras counts back."""

    one_regularizer = True

    def __init__(self, *args: Any, unique: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unique = unique

    def call(self, inputs: Any) -> Any:
        """Returns a vector for each id."""
        if not on_tensorflow():
            return super().call(inputs)
        embeddings = self.embeddings.value
        if not self.unique:
            return tf.nn.embedding_lookup(embeddings, inputs)
        ids, places = tf.unique(tf.reshape(inputs, [-1]))
        outputs = tf.gather(tf.nn.embedding_lookup(embeddings, ids), places)
        outputs = tf.reshape(outputs, tf.concat([tf.shape(inputs), [self.output_dim]], 0))
        return tf.ensure_shape(outputs, [*inputs.shape, self.output_dim])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {**super().get_config(), "unique": self.unique}


@keras.saving.register_keras_serializable("scoped_layers")
class BagOfWords(ScopedLayer, keras.layers.Embedding):
    """The mean of the vectors of a row's ids; 0 and negative ids are padding."""

    one_regularizer = True

    def call(self, inputs: Any) -> Any:
        """Returns a vector for each row."""
        ids = inputs if isinstance(inputs, tf.SparseTensor) else tf.sparse.from_dense(inputs)
        return tf.nn.safe_embedding_lookup_sparse(
            [self.embeddings.value], ids, combiner="mean", default_id=0
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the outputs."""
        return (*input_shape[:-1], self.output_dim)


def _is_sparse(ids: Any) -> bool:
    return getattr(ids, "sparse", False) is True or isinstance(ids, tf.SparseTensor)


def _sizes_of_embeddings(path: str) -> tuple[int, int]:
    """The sizes of the vectors that a scope has."""
    found = current_layer_graph().variables.get(f"{path}/embeddings".lstrip("/"))
    if found is None:
        raise ValueError(f"Variable {path}/embeddings does not exist, and no size of it is given.")
    vocab_size, embed_dim = found.shape
    return int(vocab_size), int(embed_dim)
