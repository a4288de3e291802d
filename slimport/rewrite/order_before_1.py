"""Tensor functions in the order that TensorFlow 0.x had for them, as TensorFlow 1 writes them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Sequence

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, named
from slimport.rewrite.site import NOT_LITERAL, CallSite, literal

_OLD_SPLIT = (("split_dim", "axis"), ("num_split", "num_or_size_splits"), ("value", "value"))


def values_first(arguments: Sequence[cst.Arg]) -> list[cst.Arg] | None:
    """``tf.concat(3, [a, b])`` of TensorFlow 0.x as TensorFlow 1 writes it; None for any other."""
    new = [
        named(a, "axis") if a.keyword is not None and a.keyword.value == "concat_dim" else a
        for a in arguments
    ]
    plain = [a for a in arguments if a.keyword is None and not a.star]
    axis_first = bool(plain) and type(literal(plain[0].value)) is int
    if axis_first or (len(plain) > 1 and _is_list(plain[1].value)):
        if len(plain) == 1:
            new[0] = named(new[0], "axis")
        else:
            first, second = new[:2]
            new[0] = first.with_changes(value=second.value)
            new[1] = second.with_changes(value=first.value)
    return None if all(map(operator.is_, new, arguments)) else new


def may_have_values_last(reference: Reference) -> bool:
    """Whether a ``tf.concat`` may be TensorFlow 0.x's; see `values_first`."""
    call = reference.call
    if reference.api.name != "tf.concat" or call is None:
        return False
    if any(keyword.arg == "concat_dim" for keyword in call.keywords):
        return True
    lists = (ast.List, ast.Tuple, ast.ListComp)
    plain = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
    values, axis = [*plain, None, None][:2]
    return not isinstance(values, (ast.Name, *lists, type(None))) or isinstance(axis, lists)


def _is_list(value: cst.BaseExpression) -> bool:
    """Whether it is tensors: a list of one number is an axis for some versions."""
    if isinstance(value, cst.List | cst.Tuple):
        return literal(value) is NOT_LITERAL and bool(value.elements)
    return isinstance(value, cst.ListComp)


def split_in_order(site: CallSite) -> list[cst.Arg] | None:
    """``tf.split(1, 2, x)`` of TensorFlow 0.x: TensorFlow 1 would split the number 1."""
    first = site.node.args[0] if site.node.args and not site.node.args[0].keyword else None
    if _is_int(first) or _keywords(site) & {"split_dim", "num_split"}:
        return handed_on(site, (*_OLD_SPLIT, ("name", "name")), 0)
    return None


def sizes_in_one(site: CallSite) -> list[cst.Arg] | None:
    """``tf.image.resize_images(x, 224, 224)``: TensorFlow 1 takes both sizes as one."""
    names = ("images", "new_height", "new_width", "method", "align_corners")
    bound = site.bound(names) or {}
    old = _keywords(site) & {"new_height", "new_width"} or _is_int(bound.get("new_height"))
    if not old or not {"images", "new_height", "new_width"} <= set(bound):
        return None
    sizes = [cst.Element(bound.pop(name).value) for name in names[1:3]]
    images, *rest = bound.values()
    size = named(cst.Arg(cst.List(sizes)), "size") if images.keyword else cst.Arg(cst.List(sizes))
    return [images, size, *rest]


def _keywords(site: CallSite) -> set[str]:
    return {argument.keyword.value for argument in site.node.args if argument.keyword}


def _is_int(argument: cst.Arg | None) -> bool:
    return argument is not None and not argument.star and type(literal(argument.value)) is int
