"""What TF-Slim has beside its layers, and what tf.contrib alone had: held to the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

IDS = np.array([[1, 0, 3], [0, 0, 0], [2, 2, 0]], "int32")
TABLE = np.random.default_rng(3).normal(size=(5, 4)).astype("float32")


def model_with_table(new: Any, function: Any) -> Any:
    """A model of one function of ids whose vectors are `TABLE`."""
    model = new.TracedModel(function)
    model(tf.constant(IDS))
    (variable,) = new.legacy_variables(model).values()
    variable.assign(TABLE)
    return model


def test_embed_sequence_looks_up(new: Any) -> None:
    model = model_with_table(new, lambda ids: new.embed_sequence(ids, 5, 4))
    assert list(new.legacy_variables(model)) == ["EmbedSequence/embeddings"]
    np.testing.assert_array_equal(model(tf.constant(IDS)), TABLE[IDS])
    with pytest.raises(Exception, match=r"indices\[0,0\] = -1 is not in \[0, 5\)"):
        model(tf.constant(-IDS))


@pytest.mark.parametrize(("unique", "rows"), [(False, 9), (True, 4)])
def test_a_unique_look_up_has_a_gradient_row_for_each_id(new: Any, unique: bool, rows: int) -> None:
    model = model_with_table(new, lambda ids: new.embed_sequence(ids, 5, 4, unique=unique))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant(IDS)) * 2.0)
    (gradient,) = tape.gradient(loss, model.trainable_weights)
    assert gradient.values.shape[0] == rows
    expected = np.repeat(2.0 * np.bincount(IDS.ravel(), minlength=5)[:, None], 4, axis=1)
    np.testing.assert_array_equal(tf.convert_to_tensor(gradient), expected)


def test_embeddings_are_shared_without_sizes(new: Any) -> None:
    def net(ids: Any) -> Any:
        first = new.embed_sequence(ids, 5, 4, scope="words")
        return first + new.embed_sequence(ids, scope="words", reuse=True)

    model = model_with_table(new, net)
    np.testing.assert_array_equal(model(tf.constant(IDS)), 2.0 * TABLE[IDS])
    with pytest.raises(ValueError, match="no size of it is given"), new.layer_graph():
        new.embed_sequence(tf.constant(IDS), scope="absent", reuse=True)
    with pytest.raises(ValueError, match="Must specify vocab size"):
        new.embed_sequence(tf.constant(IDS), 5)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_bag_of_words_leaves_padding_out(new: Any, is_sparse: bool) -> None:
    def net(ids: Any) -> Any:
        return new.bow_encoder(tf.sparse.from_dense(ids) if is_sparse else ids, 5, 4)

    model = model_with_table(new, net)
    expected = [(TABLE[1] + TABLE[3]) / 2, TABLE[0], TABLE[2]]
    np.testing.assert_allclose(model(tf.constant(IDS)), expected, rtol=1e-6)
    negative = np.where(IDS == 3, -7, IDS)  # pruned as well
    np.testing.assert_allclose(model(tf.constant(negative))[0], TABLE[1], rtol=1e-6)


def test_a_dense_bag_of_words_counts_padding(new: Any) -> None:
    model = model_with_table(new, lambda ids: new.bow_encoder(ids, 5, 4, sparse_lookup=False))
    np.testing.assert_allclose(model(tf.constant(IDS)), TABLE[IDS].mean(1), rtol=1e-6)
    with pytest.raises(TypeError, match="expected to be dense"):
        new.bow_encoder(tf.sparse.from_dense(IDS), 5, 4, sparse_lookup=False)


@pytest.mark.parametrize("multiplier", [0.25, np.array([[1.0, 0.0, -2.0]], "float32")])
def test_scale_gradient(new: Any, multiplier: Any) -> None:
    x = tf.constant(np.arange(6.0, dtype="float32").reshape(2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = new.scale_gradient(x, tf.constant(multiplier))
        loss = tf.reduce_sum(y * y)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(tape.gradient(loss, x), 2.0 * x.numpy() * multiplier)


def test_gradients_of_gdn_pass_a_bound_that_they_would_leave(new: Any) -> None:
    layer = new.DivisiveNormalization(beta_min=1.0)
    layer.build((None, 3, 2))
    layer.beta.assign([0.5, 0.5])  # below the bound of 1, where a maximum has no gradient
    x = tf.ones([1, 3, 2])
    with tf.GradientTape(persistent=True) as tape:
        y = layer(x)
        falling, rising = tf.reduce_sum(y), -tf.reduce_sum(y)
    # A larger beta makes y smaller: to lower the sum raises beta, which the bound lets through.
    up, down = (np.asarray(tape.gradient(loss, layer.beta)) for loss in (falling, rising))
    assert np.all(up < 0.0) and np.all(down == 0.0)


@pytest.mark.parametrize("layers", [1, 3])
def test_rev_block_is_its_definition(new: Any, layers: int) -> None:
    x = tf.constant([[1.0, 2.0]])

    def f(values: Any, side: Any) -> Any:
        return tf.sin(values) * side[0]

    y1, y2 = x, 2.0 * x
    for _ in range(layers):
        y1 = y1 + tf.sin(y2) * 0.5
        y2 = y2 + tf.cos(y1)
    with new.layer_graph():
        found = new.rev_block(x, 2.0 * x, f, tf.cos, layers, f_side_input=[0.5])
        with pytest.raises(ValueError, match="layers have 2 functions"):
            new.rev_block(x, x, [tf.sin, tf.sin], tf.cos, layers)
    np.testing.assert_array_equal(found, [y1, y2])


def test_recompute_grad_is_the_function(new: Any) -> None:
    @new.recompute_grad
    def block(values: Any, is_recomputing: bool = True) -> Any:
        return tf.tanh(values) + float(is_recomputing)

    @new.recompute_grad(use_data_dep=True, tupleize_grads=True)
    def pair(values: Any) -> Any:
        return values, 2.0 * values

    x = tf.constant([0.5, 1.0])
    np.testing.assert_array_equal(block(x), tf.tanh(x))
    np.testing.assert_array_equal(pair(x), [x, 2.0 * x])
    assert block.__name__ == "block"
    with pytest.raises(TypeError, match="is_recomputing"):
        block(x, is_recomputing=True)  # all arguments are tensors, by position
