"""Summaries: tags, values and collections, beside TF-Slim's; tables of variables and operations."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from old_side import slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
analyzer = pytest.importorskip("tf_slim.model_analyzer")
OLD = SimpleNamespace(
    **{n: getattr(slim, n) for n in dir(slim) if n.startswith("summarize_")},
    **{n: getattr(slim.summaries, n) for n in dir(slim.summaries) if n.startswith("add_")},
    fully_connected=slim.fully_connected,
    variable_scope=v1.variable_scope,
)

X = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("float32")

ADDED: dict[str, Callable[[Any, Any], Any]] = {
    "histogram": lambda s, x: s.add_histogram_summary(x),
    "histogram, named": lambda s, x: s.add_histogram_summary(x, "name", "prefix"),
    "image": lambda s, x: s.add_image_summary(x, prefix="prefix"),
    "image, printed": lambda s, x: s.add_image_summary(x, print_summary=True),
    "scalar": lambda s, x: s.add_scalar_summary(tf.reduce_sum(x), name="Total Loss"),
    "scalar, printed": lambda s, x: s.add_scalar_summary(tf.reduce_sum(x), None, "p", True),
    "zeros": lambda s, x: s.add_zero_fraction_summary(tf.nn.relu(x, "relu"), prefix="a"),
    "zeros, printed": lambda s, x: s.add_zero_fraction_summary(x, "n", print_summary=True),
    "histograms": lambda s, x: s.add_histogram_summaries([x, tf.exp(x)], "many"),
    "images": lambda s, x: s.add_image_summaries([x, tf.exp(x)]),
    "scalars": lambda s, x: s.add_scalar_summaries([x[0, 0, 0, 0], x[0, 0, 0, 1]], "m", True),
    "zero fractions": lambda s, x: s.add_zero_fraction_summaries([x, tf.nn.relu(x)], "z"),
    "tensor": lambda s, x: [s.summarize_tensor(x), s.summarize_tensor(x, tag="tag")],
    "tensor of rank 0": lambda s, x: s.summarize_tensor(tf.reduce_sum(x)),
    "not a number": lambda s, x: [s.summarize_tensor(v) is None for v in (x > 0, tf.constant("a"))],
    "tensors": lambda s, x: s.summarize_tensors([x, x[0, 0, 0, 0]]),
    "with a summarizer": lambda s, x: s.summarize_tensors([x], s.add_zero_fraction_summary),
    "relu": lambda s, x: s.summarize_activation(tf.nn.relu(x)),
    "relu6": lambda s, x: s.summarize_activation(tf.nn.relu6(x * 5, name="bounded")),
    "softplus": lambda s, x: s.summarize_activation(tf.nn.softplus(x)),
    "tanh": lambda s, x: s.summarize_activation(tf.nn.tanh(x)),
    "a collection": lambda s, x: collected(s, x).summarize_collection("mine"),
    "a filter": lambda s, x: collected(s, x).summarize_collection("mine", "first"),
    "activations": lambda s, x: collected(s, x).summarize_activations(),
    "some activations": lambda s, x: collected(s, x).summarize_activations("second"),
    "weights": lambda s, x: collected(s, x).summarize_weights("first"),
    "biases": lambda s, x: collected(s, x).summarize_biases(summarizer=s.add_histogram_summary),
    "variables": lambda s, x: layered(s, x).summarize_variables("net/fc"),
    "variables, named": lambda s, x: s.add_histogram_summaries(layered(s, x).variables, "v"),
    "output": lambda s, x: s.summarize_activation(layered(s, x).outputs),
}


def collected(s: Any, x: Any) -> Any:
    for name in ("mine", "activations", "weights", "biases"):
        v1.add_to_collection(name, tf.nn.relu(x, f"first_{name}"))
        v1.add_to_collection(name, tf.nn.relu(x, f"second_{name}"))
    return s


def layered(s: Any, x: Any) -> Any:
    with s.variable_scope("net"):
        x = s.fully_connected(tf.reshape(x, [2, 75]), 4, scope="fc")
    names = {n: getattr(s, n) for n in dir(s) if n.startswith("summarize_")}
    return SimpleNamespace(**names, variables=v1.global_variables(), outputs=x)


def run(side: Any, added: Any) -> Any:
    """What was returned, the merged summaries with their tags, what is collected."""
    with tf.Graph().as_default(), v1.Session() as session:
        returned = added(side, tf.constant(X, name="images"))
        for variable in v1.global_variables():
            value = np.random.default_rng(1).normal(size=variable.shape)
            session.run(variable.initializer, {variable.initializer.inputs[1]: value})
        tensors = [t for t in tf.nest.flatten(returned) if isinstance(t, tf.Tensor)]
        kept = v1.get_collection(v1.GraphKeys.SUMMARIES)
        places = [next((i for i, k in enumerate(kept) if k is t), None) for t in tensors]
        values = [v1.Summary.FromString(s) for s in session.run(kept)]
        others = [t for t in tf.nest.flatten(returned) if not isinstance(t, tf.Tensor)]
        return places, others, [str(value) for value in values]


@pytest.mark.parametrize("added", ADDED)
def test_the_same_summaries(added: str, new: Any) -> None:
    expected = run(OLD, ADDED[added])
    assert run(new, ADDED[added]) == expected
    assert bool(expected[2]) == (added != "not a number")


def test_eager_code_has_none(new: Any) -> None:
    x = tf.constant(X)
    for function in (new.add_scalar_summary, new.add_zero_fraction_summary, new.summarize_tensor):
        assert function(x) is None
    assert new.summarize_activation(x) is None
    assert new.add_image_summaries([x]) == [None]


def test_a_traced_model_goes_on(new: Any) -> None:
    def net(x: Any) -> Any:
        x = new.fully_connected(tf.reshape(x, [-1, 75]), 4, scope="fc")
        new.add_histogram_summaries(new.get_model_variables())
        new.summarize_collection("variables", "fc/weights")
        new.summarize_activation(x)
        new.add_zero_fraction_summary(x)
        return x

    model = new.TracedModel(net)
    assert model(X).shape == (2, 4)


def tables(side: Any, variables: Any, graph: Any) -> Any:
    sizes = [side.analyze_vars(variables, print_info=True), side.analyze_vars(variables)]
    return sizes, side.analyze_ops(graph, print_info=True), side.analyze_ops(graph)


def test_tables(new: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder("float32", [None, 3], name="rows")
        tf.matmul(tf.square(x), v1.get_variable("net/w", [3, 2]), name="product")
        tf.shape(v1.placeholder("int32"), out_type=tf.int64)
        v1.get_variable("count", [], tf.int64, trainable=False)
        variables = v1.global_variables()
        v1.disable_v2_tensorshape()  # as in TF 1: an unknown size is a `?`
        try:
            expected, text = tables(analyzer, variables, graph), capsys.readouterr().out
        finally:
            v1.enable_v2_tensorshape()
        assert tables(new, variables, graph) == expected
        assert capsys.readouterr().out == text
        assert "net/w:0 (float32 3x2) [6, bytes: 24]\n" in text
        assert new.tensor_description(x) == "(float32 ?x3)"


def test_variables_of_a_model(new: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = new.functional_model(lambda x: new.fully_connected(x, 2), keras.Input((3,)))
    assert new.analyze_vars(model.variables, print_info=True) == (8, 32)
    assert "(float32 3x2) [6, bytes: 24]" in capsys.readouterr().out
