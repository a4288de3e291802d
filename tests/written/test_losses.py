"""slim.losses: values, gradients and collections, on both sides of one graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from old_side import slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
OLD = slim.losses

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype("float32")
Y = RNG.uniform(0.05, 0.95, size=(6, 4)).astype("float32")
DEEP, DEEP_Y = (RNG.uniform(0.05, 0.95, size=(3, 2, 4)).astype("float32") for _ in range(2))
MASK = np.array([1, 0, 2, 0, 0.5, 1], "float32")

WEIGHTS: dict[str, Any] = {
    "none": 1.0,
    "a number": -0.7,
    "zero": 0.0,
    "a tensor of rank 0": np.float32(3.0),
    "integers": np.array([1, 0, 2, 0, 3, 1]),
    "of one": np.array([2.0], "float32"),
    "by example": RNG.uniform(size=6).astype("float32"),
    "by example, a column": RNG.uniform(size=(6, 1)).astype("float32"),
    "a mask": MASK,
    "all zero": np.zeros(6, "float32"),
    "by element": RNG.uniform(size=(6, 4)).astype("float32") * (MASK[:, None] > 0),
    "by element, all zero": np.zeros((6, 4), "float32"),
    "too many": np.ones((5,), "float32"),
    "of higher rank": np.ones((6, 4, 2), "float32"),
}
LOSSES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "softmax_cross_entropy": lambda s, x, y, w: s.softmax_cross_entropy(x, y, weights=w),
    "softmax_smooth": lambda s, x, y, w: s.softmax_cross_entropy(x, y, w, 0.1, scope="smooth"),
    "sigmoid_cross_entropy": lambda s, x, y, w: s.sigmoid_cross_entropy(x, y, weights=w),
    "sigmoid_smooth": lambda s, x, y, w: s.sigmoid_cross_entropy(x, y, w, label_smoothing=0.2),
    "sparse": lambda s, x, y, w: s.sparse_softmax_cross_entropy(x, tf.argmax(y, 1), w),
    "sparse_column": lambda s, x, y, w: s.sparse_softmax_cross_entropy(
        x, tf.argmax(y, 1)[:, None], w
    ),
    "log_loss": lambda s, x, y, w: s.log_loss(tf.sigmoid(x), y, w, epsilon=1e-4),
    "mean_squared_error": lambda s, x, y, w: s.mean_squared_error(x, y, weights=w),
    "doubles": lambda s, x, y, w: s.compute_weighted_loss(tf.cast(x, tf.float64) ** 2, w, "d"),
    "absolute_difference": lambda s, x, y, w: s.absolute_difference(x, y, w, "part"),
    "cosine_distance": lambda s, x, y, w: s.cosine_distance(x, y, 1, w),
    "cosine_distance_dim": lambda s, x, y, w: s.cosine_distance(x, y, weights=w, dim=0),
    "pairwise": lambda s, x, y, w: s.mean_pairwise_squared_error(x, y, w),
    "compute_weighted_loss": lambda s, x, y, w: s.compute_weighted_loss(x * y, w),
}


def run(side: Any, loss: Any, x: Any, y: Any, w: Any) -> Any:
    """Value, dtype, name, gradients and the collection; or that it was refused."""
    with tf.Graph().as_default(), v1.Session() as session:
        try:
            tensors = [tf.constant(v) for v in (x, y)]
            weights = w if isinstance(w, float) else tf.constant(w)
            sources = [*tensors] if isinstance(w, float) else [*tensors, weights]
            value = loss(side, *tensors, weights)
            slopes = tf.gradients(value, sources)
            kept = v1.get_collection("losses")
            names = [loss.op.name for loss in side.get_losses()]
            total = side.get_total_loss()
            numbers = session.run([value, total, [s for s in slopes if s is not None]])
        except (ValueError, tf.errors.InvalidArgumentError):
            return "refused"
        shape = [s is None for s in slopes], value.dtype, value.shape, names, len(kept)
        return shape, total.op.name, numbers


def assert_same(found: Any, expected: Any) -> None:
    assert found[:2] == expected[:2]
    if expected == "refused":
        return
    (value, total, slopes), (old_value, old_total, old_slopes) = found[2], expected[2]
    assert np.allclose([value, total], [old_value, old_total], rtol=1e-6, atol=1e-7)
    for slope, old_slope in zip(slopes, old_slopes, strict=True):
        assert slope.shape == old_slope.shape
        assert np.allclose(slope, old_slope, rtol=1e-5, atol=1e-7, equal_nan=True)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_rows(loss: str, weights: str, new: Any) -> None:
    given = LOSSES[loss], X, Y, WEIGHTS[weights]
    assert_same(run(new, *given), run(OLD, *given))


DEEP_WEIGHTS = [1.0, 0.0, np.array([1.0, 0, 2]), np.ones((3, 2)), np.ones((3, 2, 1)) * 2]
DEEP_WEIGHTS += [np.array([[1.0, 0], [0, 0], [3, 1]]), RNG.uniform(size=(3, 2, 4))]


@pytest.mark.parametrize("weights", range(len(DEEP_WEIGHTS)))
@pytest.mark.parametrize(
    "loss", ["mean_squared_error", "log_loss", "pairwise", "cosine_distance", "sigmoid_smooth"]
)
def test_more_dimensions(loss: str, weights: int, new: Any) -> None:
    given = LOSSES[loss], DEEP, DEEP_Y, DEEP_WEIGHTS[weights]
    assert_same(run(new, *given), run(OLD, *given))


def test_unknown_shapes(new: Any) -> None:
    found = []
    for side in (OLD, new):
        with tf.Graph().as_default(), v1.Session() as session:
            x, y = (v1.placeholder("float32", [None, None]) for _ in range(2))
            w = v1.placeholder("float32", [None])
            chosen = [loss for name, loss in LOSSES.items() if name != "cosine_distance_dim"]
            value = [loss(side, x, y, w) for loss in chosen]
            found.append(session.run(value, {x: X, y: Y, w: MASK}))
            with pytest.raises(ValueError, match="ndims"):
                side.compute_weighted_loss(x, v1.placeholder("float32"))
    assert np.allclose(*found, rtol=1e-6)


def test_hinge_loss_is_kept_nowhere(new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        labels = (Y > 0.5).astype("int64")
        pair = [s.hinge_loss(tf.constant(X), tf.constant(labels)) for s in (OLD, new)]
        assert np.array_equal(*session.run(pair))
        assert not new.get_losses()


@pytest.mark.parametrize("wrong", [{}, {"axis": 1, "dim": 1}])
def test_one_axis(wrong: Any, new: Any) -> None:
    for side in (OLD, new):
        with tf.Graph().as_default(), pytest.raises(ValueError):
            side.cosine_distance(tf.constant(X), tf.constant(Y), **wrong)


def test_collections(new: Any) -> None:
    """Of one's own, none, by scope; regularization losses are added unless told otherwise."""
    found = []
    for side in (OLD, new):
        with tf.Graph().as_default(), v1.Session() as session:
            for value, name in ((1.0, "losses"), (2.0, "mine"), (4.0, None), (8.0, "losses")):
                with v1.name_scope(f"part{value}"):
                    side.add_loss(tf.constant(value), name)
            v1.add_to_collection("regularization_losses", tf.constant(16.0))
            lists = [side.get_losses(), side.get_losses("part8"), side.get_losses(None, "mine")]
            totals = [side.get_total_loss(), side.get_total_loss(False, name="data")]
            found.append(session.run([lists, totals]))
            assert totals[1].op.name == "data"
    assert found[0] == found[1] == [[[1.0, 8.0], [8.0], [2.0]], [25.0, 9.0]]
    with tf.Graph().as_default(), pytest.raises(ValueError):
        new.get_total_loss()


def total_of(s: Any, x: Any) -> Any:
    x = s.fully_connected(x, 4, kernel_regularizer=keras.regularizers.L2(0.5), name="fc")
    s.add_loss(s.softmax_cross_entropy(x, Y, weights=MASK))  # counts twice
    tf.compat.v1.losses.add_loss(tf.constant(2.0))
    return tf.stack([s.get_total_loss(), s.get_total_loss(False), tf.add_n(s.get_losses("soft"))])


def test_in_a_traced_model(new: Any) -> None:
    model = new.TracedModel(lambda x: total_of(new, x))
    model(X)
    kernel = new.legacy_variables(model)["fc/weights"].numpy()
    for _ in range(2):  # a pass forgets the losses of the one before
        total, data, soft = tf.function(model)(tf.constant(X)).numpy()
        assert float(model(X)[2]) == pytest.approx(soft)
        with tf.Graph().as_default(), v1.Session() as session:
            logits = tf.nn.relu(tf.constant(X) @ kernel)
            expected = session.run(OLD.softmax_cross_entropy(logits, tf.constant(Y), MASK))
        assert soft == pytest.approx(2 * expected, rel=1e-5)
        assert data == pytest.approx(2 * expected + 2, rel=1e-5)
        penalty = 0.5 * float(np.square(kernel).sum())
        assert total == pytest.approx(2 * expected + 2 + penalty, rel=1e-5)


def test_eager_code_keeps_nothing(new: Any) -> None:
    before = len(new.get_losses())
    value = new.mean_squared_error(X, Y, MASK)
    with tf.Graph().as_default(), v1.Session() as session:
        expected = session.run(OLD.mean_squared_error(tf.constant(X), tf.constant(Y), MASK))
    assert float(value) == pytest.approx(float(expected), rel=1e-6)
    assert len(new.get_losses()) == before
