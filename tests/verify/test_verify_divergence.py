"""The search for the first line that computes something else, on traces made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from traces import IMAGE, Graph, lines, part, search

from slimport.verify.lines import blocks
from slimport.verify.lines.gradient_ends import gradient_end
from slimport.verify.workers import sketch

RELU = np.maximum(IMAGE, 0.0)
SAME = {"padding": "SAME", "strides": [1, 1, 1, 1]}


def layer(
    graph: Graph,
    name: str,
    data: str,
    value: Any,
    line: int,
    activation: bool = True,
    **attributes: Any,
) -> str:
    """A convolution and its activation, as one line of code makes them."""
    weights = graph.variable(f"{name}/weights")
    read = graph.add(f"{name}/read", "ReadVariableOp", None, weights)
    x = graph.add(
        f"{name}/conv", "Conv2D", value, data, read, line=line, attributes={**SAME, **attributes}
    )
    if not activation:
        return x
    return graph.add(f"{name}/relu", "Relu", np.maximum(value, 0.0), x, line=line)


def chain(file: str, *values: Any, first_line: int = 1, **changes: Any) -> Graph:
    """Layers one behind the other, each a line further down; `changes` go to the named layer."""
    graph = Graph(file)
    x = graph.image()
    for place, value in enumerate(values):
        name = f"conv{place + 1}"
        x = layer(graph, name, x, value, first_line + place, **changes.get(name, {}))
        graph.output(x, name)
    graph.output(x)
    return graph


A, B, C = (IMAGE[::-1] * factor for factor in (1.5, -0.7, 2.5))


def test_the_layer_that_differs_is_named_and_none_behind_it() -> None:
    new = chain("new.py", A, B + 1, C * 2, first_line=10)
    found, _ = part(new, chain("old.py", A, B, C))
    assert found.new is not None and found.new.name == "conv2/conv"
    assert lines(found) == (11, 2)


def test_attributes_tell_why() -> None:
    new = chain("new.py", A, B + 1, conv2={"padding": "VALID", "strides": [1, 2, 2, 1]})
    _, why = part(new, chain("old.py", A, B))
    assert why == "padding SAME became VALID; strides [1, 1, 1, 1] became [1, 2, 2, 1]"


def test_rounding_is_no_divergence() -> None:
    new = chain("new.py", A * np.float32(1 + 1e-6), B + 1)
    assert lines(part(new, chain("old.py", A, B))[0]) == (2, 2)


def test_a_lost_activation_is_a_fault_of_its_own_layer() -> None:
    new = chain("new.py", A, B, C + 1, conv2={"activation": False}, first_line=10)
    found, why = part(new, chain("old.py", A, B, C))
    assert lines(found) == (11, 2)
    assert why == "Relu of the legacy code is missing"


def test_a_new_activation_is_named() -> None:
    old = chain("old.py", A, B, C, conv2={"activation": False})
    found, why = part(chain("new.py", A, B, C + 1, first_line=10), old)
    assert lines(found) == (11, 2)
    assert why == "Relu is new"


def norm(graph: Graph, fused: bool, x: str, value: Any, epsilon: float, line: int) -> str:
    """A batch norm in one kernel, or in single operations."""
    gamma, mean, variance = (graph.variable(f"bn/{n}") for n in ("gamma", "mean", "variance"))
    if fused:
        attributes = {"epsilon": epsilon}
        return graph.add(
            "bn", "FusedBatchNormV3", value, x, gamma, mean, variance, line=line,
            attributes=attributes,
        )  # fmt: skip
    small = graph.constant("bn/epsilon", epsilon)
    wide = graph.add("bn/add", "AddV2", np.ones(4), variance, small, line=line)
    root = graph.add("bn/rsqrt", "Rsqrt", np.ones(4), wide, line=line)
    scale = graph.add("bn/scale", "Mul", np.ones(4), root, gamma, line=line)
    moved = graph.add("bn/sub", "Sub", value - 3, x, mean, line=line)
    return graph.add("bn/mul", "Mul", value, moved, scale, line=line)


@pytest.mark.parametrize("fused", [(True, False), (False, True)])
def test_another_decomposition_of_the_same_is_not_blamed(fused: tuple[bool, bool]) -> None:
    graphs = []
    for file, is_fused, end in (("new.py", fused[0], B + 1), ("old.py", fused[1], B)):
        graph = Graph(file)
        x = layer(graph, "conv1", graph.image(), A, 1)
        x = norm(graph, is_fused, x, C, 0.001, 2)
        graph.output(layer(graph, "conv2", x, end, 3))
        graphs.append(graph)
    assert lines(part(*graphs)[0]) == (3, 3)


def test_an_epsilon_is_told_across_decompositions() -> None:
    graphs = []
    for file, fused, value, epsilon in (("new.py", False, C, 0.01), ("old.py", True, C + 1, 0.001)):
        graph = Graph(file)
        x = layer(graph, "conv1", graph.image(), A, 1)
        graph.output(norm(graph, fused, x, value, epsilon, 2))
        graphs.append(graph)
    found, why = part(*graphs)
    assert lines(found) == (2, 2)
    assert why == "epsilon 0.001 became 0.01"


def branches(file: str, order: tuple[int, int], axis: int = 3) -> Graph:
    graph = Graph(file)
    image = graph.image()
    values = (A, B)
    parts = [layer(graph, f"b{k}", image, value, k + 1) for k, value in enumerate(values)]
    made = [np.maximum(values[k], 0.0) for k in order]
    joined = np.concatenate(made, axis)
    at = graph.constant("axis", axis)
    names = [parts[k] for k in order]
    graph.output(graph.add("concat", "ConcatV2", joined, *names, at, line=9))
    return graph


def test_swapped_branches() -> None:
    found, why = part(branches("new.py", (1, 0)), branches("old.py", (0, 1)))
    assert (lines(found), why) == ((9, 9), "inputs swapped")


def test_another_axis() -> None:
    found, why = part(branches("new.py", (0, 1), 1), branches("old.py", (0, 1), -1))
    assert (lines(found), why) == ((9, 9), "axis 3 became 1")


def test_zeros_are_found_anywhere_and_prove_nothing() -> None:
    zero = np.zeros_like(IMAGE)
    old, new = chain("old.py", A, B), chain("new.py", zero, B + 1)
    # The old graph has zeros of this shape, too, made of something else.
    old.output(old.add("mask", "ZerosLike", zero, "image:0", line=7), "mask")
    assert lines(part(new, old)[0]) == (1, 1)


def test_a_layer_that_is_dead_on_both_sides_is_the_same() -> None:
    dead = -np.abs(A)
    assert lines(part(chain("new.py", dead, B + 1), chain("old.py", dead, B))[0]) == (2, 2)


def test_shared_layers_are_told_apart_by_what_they_take() -> None:
    graphs = []
    for file, wrong in (("new.py", 1), ("old.py", 0)):
        graph = Graph(file)
        image = graph.image()
        weights = graph.variable("shared/weights")
        x = graph.add("one", "Conv2D", A, image, weights, line=1)
        x = graph.add("two", "Conv2D", B + wrong, x, weights, line=2)
        graph.output(x)
        graphs.append(graph)
    found, _ = part(*graphs)
    assert lines(found) == (2, 2)


def test_a_layer_that_takes_another_tensor() -> None:
    graphs = []
    for file, taken, value in (("new.py", 0, C + 1), ("old.py", 1, C)):
        graph = Graph(file)
        image = graph.image()
        tensors = [image, layer(graph, "conv1", image, A, 1)]
        graph.output(tensors[1], "conv1")
        graph.output(layer(graph, "conv2", tensors[taken], value, 2))
        graphs.append(graph)
    found, why = part(*graphs)
    assert lines(found) == (2, 2)
    assert why == "takes another tensor than the legacy code"


def test_padding_in_front_of_a_layer_is_new() -> None:
    new = Graph("new.py")
    padded = np.pad(IMAGE, [[0, 0], [1, 1], [1, 1], [0, 0]])
    image = new.image()
    x = new.add("pad", "Pad", padded, image, new.constant("paddings", [[0, 0]]), line=1)
    new.output(layer(new, "conv1", x, A + 1, 2))
    found, why = part(new, chain("old.py", A))
    assert (lines(found), why) == ((1, 1), "Pad is new")


def test_a_reshape_in_between_is_not_blamed() -> None:
    new = Graph("new.py")
    x = layer(new, "conv1", new.image(), A, 1)
    flat = new.add("flat", "Reshape", np.maximum(A, 0).reshape(2, -1), x, line=2)
    back = new.add("back", "Reshape", np.maximum(A, 0), flat, line=2)
    new.output(layer(new, "conv2", back, B + 1, 3))
    assert lines(part(new, chain("old.py", A, B))[0]) == (3, 2)


def test_the_order_of_the_code_counts_not_that_of_the_run() -> None:
    """Keras runs a model by depth: a fault in a short branch runs late."""
    new, old = Graph("new.py"), Graph("old.py")
    for graph, wrong in ((new, 1), (old, 0)):
        image = graph.image()
        a = graph.add(
            "a", "Conv2D", A + wrong, image, graph.variable("a/weights"), line=1, order=50
        )
        b = graph.add(
            "b", "Conv2D", B + wrong, image, graph.variable("b/weights"), line=2, order=60
        )
        graph.output(graph.add("sum", "AddV2", A + B + 2 * wrong, b, a, line=3, order=70))
    assert lines(part(new, old)[0]) == (1, 1)


def test_a_constant_that_is_another() -> None:
    graphs = []
    for file, factor in (("new.py", 0.9), ("old.py", 0.5)):
        graph = Graph(file)
        x = layer(graph, "conv1", graph.image(), A, 1)
        number = graph.constant("factor", factor)
        graph.output(graph.add("mul", "Mul", factor * RELU, x, number, line=2))
        graphs.append(graph)
    found, why = part(*graphs)
    assert (lines(found), why) == ((2, 2), "0.5 became 0.9")


def test_a_result_is_told_in_terms_of_the_legacy_one() -> None:
    new = chain("new.py", A * 0.5, conv1={"activation": False})
    _, why = part(new, chain("old.py", A, conv1={"activation": False}))
    assert why == "the result is 0.5 times the legacy one"


def test_an_output_that_is_lost_is_where_the_new_side_has_it() -> None:
    new, old = chain("new.py", A, B, first_line=10), chain("old.py", A, B)
    del new.outputs["conv1"]
    found = search(new, old).part("conv1")
    assert found.new is None
    assert lines(found) == (10, 1)


def test_several_outputs_have_their_own_places() -> None:
    new, old = Graph("new.py"), Graph("old.py")
    for graph, wrong in ((new, 1), (old, 0)):
        image = graph.image()
        graph.output(layer(graph, "a", image, A, 1), "a")
        graph.output(layer(graph, "b", image, B + wrong, 2), "b")
        graph.output(layer(graph, "c", image, C + wrong, 3), "c")
    assert lines(part(new, old, "b")[0]) == (2, 2)
    assert lines(part(new, old, "c")[0]) == (3, 3)


def test_code_without_a_line_is_where_its_data_come_from() -> None:
    new = chain("new.py", A)
    new.output(new.add("identity", "Relu6", RELU + 1, "conv1/relu:0"))
    old = chain("old.py", A)
    old.output(old.add("relu6", "Relu6", RELU, "conv1/relu:0", line=2))
    assert lines(part(new, old)[0])[0] == 1


def test_an_output_of_variables_alone() -> None:
    graphs = []
    for file, wrong in (("new.py", 1), ("old.py", 0)):
        graph = Graph(file)
        graph.image()
        two = graph.constant("two", 2.0)
        graph.output(graph.add("mul", "Mul", C + wrong, graph.variable("v"), two, line=4))
        graphs.append(graph)
    assert lines(part(*graphs)[0])[0] == 4


def test_the_joint_behind_a_divergence_is_what_the_next_layer_takes() -> None:
    new, old = chain("new.py", A + 1, B + 1), chain("old.py", A, B)
    for graph in (new, old):
        del graph.outputs["conv1"]
    searched = search(new, old)
    found = searched.part("0")
    fed: set[str] = set()
    for name in ("conv1/conv:0", "conv1/relu:0", "conv2/relu:0"):
        assert blocks.joint(searched, found, ["0"], fed) == (name, name)
        fed.add(name)
    assert blocks.joint(searched, found, ["0"], fed) is None


def test_there_is_no_joint_where_shapes_differ() -> None:
    new, old = chain("new.py", A[:, :3] + 1), chain("old.py", A)
    searched = search(new, old)
    assert blocks.joint(searched, searched.part("0"), ["0"], set()) is None


@pytest.mark.parametrize("is_new", [True, False])
def test_where_a_gradient_ends(is_new: bool) -> None:
    graphs = []
    for file, stops in (("new.py", is_new), ("old.py", not is_new)):
        graph = Graph(file)
        x = layer(graph, "conv1", graph.image(), A, 1)
        if stops:
            x = graph.add("stop", "StopGradient", RELU * 1.5, x, line=2)
        graph.output(layer(graph, "conv2", x, B, 3))
        graphs.append(graph)
    # Values are equal: the relu of A is told under both names.
    searched = search(*graphs)
    found = gradient_end(searched.new, searched.old, searched.matches)
    assert found is not None
    assert lines(found) == ((2, 3) if is_new else (3, 2))


def test_a_gradient_that_a_layer_stops_within_its_arithmetic_is_no_end() -> None:
    new, old = chain("new.py", A), chain("old.py", A)
    new.add("bn/stop", "StopGradient", A, "conv1/relu:0", line=1)
    new.output(new.add("bn/out", "Sub", A, "conv1/relu:0", "bn/stop:0", line=1))
    searched = search(new, old)
    assert gradient_end(searched.new, searched.old, searched.matches) is None


def test_a_sketch_sees_an_element_that_it_does_not_keep() -> None:
    array = np.random.RandomState(1).normal(size=50_000).astype("float32")
    place = next(k for k in range(50_000) if k not in set(sketch.places(50_000).tolist()))
    other = array.copy()
    other[place] += 1.0
    one, two = sketch.sketch(array), sketch.sketch(other)
    assert sketch.is_same(one, sketch.sketch(array * np.float32(1 + 1e-6)), array.size, 4e-5)
    assert not sketch.is_same(one, two, array.size, 4e-5)


def test_a_sketch_knows_what_is_not_finite() -> None:
    array = np.arange(12, dtype="float32")
    other = array.copy()
    other[3] = np.nan
    assert not sketch.is_same(sketch.sketch(array), sketch.sketch(other), 12, 1e-3)
    assert sketch.is_same(sketch.sketch(other), sketch.sketch(other.copy()), 12, 1e-3)
