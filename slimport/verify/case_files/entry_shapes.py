"""Shapes to try for a network's input, likely and small ones first.

The code is asked before any is tried: ``net.default_image_size = 224``, a rank that is asserted, a
reshape of the input, the layers that it reaches.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

Shape = list[int]

#: By rank, for code that says nothing. The first may be too small for a network; the trial goes on
#: where it does not build.
_BY_RANK: dict[int, tuple[tuple[int, ...], ...]] = {
    4: (
        *((2, 64, 64, 3), (2, 128, 128, 3), (2, 224, 224, 3), (1, 299, 299, 3), (1, 512, 512, 3)),
        *((2, 32, 32, 1), (2, 28, 28, 1), (2, 128, 416, 3)),
    ),
    2: ((8, 64), (8, 784), (8, 100), (8, 10)),
    3: ((2, 64, 16), (2, 128, 3), (2, 28, 28)),
    5: ((2, 16, 64, 64, 3), (2, 16, 112, 112, 3), (1, 16, 224, 224, 3), (1, 64, 224, 224, 3)),
}
#: Layers that take one rank only.
_RANKS = {
    "slim.conv3d": 5, "slim.avg_pool3d": 5, "slim.max_pool3d": 5,
    "slim.conv2d": 4, "slim.separable_conv2d": 4, "slim.conv2d_transpose": 4,
    "slim.max_pool2d": 4, "slim.avg_pool2d": 4, "slim.convolution2d": 4,
    "slim.conv1d": 3, "tf.nn.dynamic_rnn": 3,
    "slim.fully_connected": 2,
}  # fmt: skip


def shapes(node: ast.AST, tensor: str, apis: Collection[str], size: int | None) -> list[Shape]:
    """Returns shapes in the order in which they are worth a trial.

    Args:
        node: The function.
        tensor: Its first parameter.
        apis: Canonical names of what it reaches.
        size: Its ``default_image_size``.
    """
    found = [list(shape) for shape in _hinted(node, tensor)]
    layers = {_RANKS.get(api) for api in apis}
    ranks: list[int] = [rank for rank in (5, 4, 3, 2) if rank in layers]
    asserted = _asserted_rank(node, tensor)
    if asserted is not None:
        ranks.insert(0, asserted)
    for rank in (*ranks, *_BY_RANK):
        found += _of_rank(rank, size)
    return [shape for place, shape in enumerate(found) if shape not in found[:place]]


def _of_rank(rank: int, size: int | None) -> list[Shape]:
    common = [list(shape) for shape in _BY_RANK.get(rank, ())]
    if size is None or rank not in (4, 5):
        return common
    own = [2, size, size, 3] if rank == 4 else [1, 16, size, size, 3]
    # A large network takes half a minute to build: what lies in between is left for the end.
    smaller = [shape for shape in common[:2] if shape[-2] < size]
    larger = [shape for shape in common if shape not in smaller]
    # A network for pictures of 32 pixels may have no use for smaller ones than its own.
    return [*smaller, own, *larger] if size > 64 else [own, *common]


def _hinted(node: ast.AST, tensor: str) -> Iterator[Shape]:
    """From ``tf.reshape(x, [-1, 28, 28, 1])``: x is flat, or of that shape already."""
    for call in _calls(node, "reshape"):
        if len(call.args) == 2 and _is_name(call.args[0], tensor):
            sizes = _sizes(call.args[1])
            if sizes and sizes[0] == -1 and all(size > 0 for size in sizes[1:]):
                flat = 1
                for size in sizes[1:]:
                    flat *= size
                yield [2, flat]
                yield [2, *sizes[1:]]


def _asserted_rank(node: ast.AST, tensor: str) -> int | None:
    """From ``x.get_shape().assert_has_rank(2)`` and ``with_rank``."""
    for name in ("assert_has_rank", "with_rank"):
        for call in _calls(node, name):
            names = (child for child in ast.walk(call.func) if isinstance(child, ast.Name))
            if call.args and any(_is_name(child, tensor) for child in names):
                sizes = _sizes(ast.List([call.args[0]]))
                return sizes[0] if sizes else None
    return None


def default_size(tree: ast.Module, function: str) -> int | None:
    """The number in ``function.default_image_size = 224`` at a module's top level."""
    for statement in tree.body:
        match statement:
            case ast.Assign(
                [ast.Attribute(ast.Name(name), "default_image_size")], ast.Constant(int(size))
            ) if name == function:
                return size
    return None


def _calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    for child in ast.walk(node):
        if isinstance(child, ast.Call) and getattr(child.func, "attr", "") == name:
            yield child


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _sizes(node: ast.expr) -> list[int]:
    """The whole numbers of a literal list; empty for anything else."""
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError):
        return []
    good = isinstance(found, list | tuple) and all(type(size) is int for size in found)
    return list(found) if good else []
