"""What rules share that hand the arguments of a call to a class of Keras."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

import libcst as cst

from slimport.index.program import bind
from slimport.rewrite.moved import named
from slimport.rewrite.site import CallSite, literal

# Instead of Keras' name for a parameter: nothing is lost without it ...
DROPPED = ""
# ... and Keras counts this one itself, so that those after it move up.
COUNTED = "step"
_NAME = "name"


def arguments_of(site: CallSite, parameters: Sequence[str]) -> dict[str, ast.expr] | None:
    """The call's arguments as they were written, None where they cannot be seen."""
    call = site.reference.call
    return bind(call, tuple(parameters)) if call is not None else None


def rearranged(
    site: CallSite,
    parameters: Mapping[str, str],
    more: Mapping[str, str],
    floats: Collection[str] = (),
) -> list[cst.Arg]:
    """The call's arguments under Keras' names; those that are `None`, its default, are left out.

    Args:
        site: the call; its arguments fit `parameters`.
        parameters: the old parameters in order with Keras' names. What stands before the first
            that is dropped or is the name has the same place in Keras.
        more: arguments, as source, where the call says nothing of them.
        floats: old parameters that Keras wants as floats.
    """
    bound = site.bound(tuple(parameters)) or {}
    order = list(parameters)
    first_named = min(i for i, n in enumerate(order) if parameters[n] in (DROPPED, _NAME))
    kept = []
    for name, argument in bound.items():
        keyword = parameters[name]
        if keyword in (DROPPED, COUNTED) or _says_nothing(keyword, argument.value):
            continue
        if name in floats:
            argument = argument.with_changes(value=_as_float(argument.value))
        if argument.keyword is not None or order.index(name) >= first_named:
            argument = named(argument, keyword)
        kept.append(argument)
    given = {parameters[name] for name in bound}
    added = [_keyword(name, value) for name, value in more.items() if name not in given]
    return _laid_out([*kept, *added], site.node.args)


def _says_nothing(keyword: str, value: cst.BaseExpression) -> bool:
    """Keras takes names that are text without slashes."""
    known = literal(value)
    if keyword == _NAME:
        return not isinstance(known, str) or not known or "/" in known
    return known is None


def _as_float(value: cst.BaseExpression) -> cst.BaseExpression:
    return cst.Float(f"{value.value}.0") if isinstance(value, cst.Integer) else value


def _keyword(name: str, value: str) -> cst.Arg:
    return named(cst.Arg(cst.parse_expression(value)), name)


def _laid_out(arguments: list[cst.Arg], old: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments with the commas of the old call: its last one at the end, others between."""
    if not arguments or not old:
        return arguments
    commas = [argument.comma for argument in old[:-1]]
    between = commas[0] if commas else cst.MaybeSentinel.DEFAULT
    last = old[-1]
    laid = [
        argument.with_changes(
            comma=argument.comma if isinstance(argument.comma, cst.Comma) else between,
            whitespace_after_arg=cst.SimpleWhitespace(""),
        )
        for argument in arguments[:-1]
    ]
    end = arguments[-1].with_changes(
        comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
    )
    return [*laid, end]
