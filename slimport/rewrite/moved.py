"""What rules share for names that stand for a public symbol of TensorFlow 1."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

import libcst as cst

from slimport.rewrite.site import CallSite, Site
from slimport.rewrite.tf1 import became

_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def public(site: Site, name: str, call: ast.Call | None = None) -> cst.BaseExpression:
    """``tf.<name>`` of TensorFlow 1, where it is today.

    Args:
        site: the reference that it stands for.
        name: dotted name under TensorFlow 1's ``tf``.
        call: the call of it, where its arguments stay as they are.
    """
    spelled = site.reference.api.spelled
    if not spelled.startswith("tensorflow.compat.v1"):
        now = became(name, call)
        name = f"compat.v1.{name}" if now.keywords else now.name
    return site.file.tensorflow(name, spelled)


def handed_on(
    site: CallSite, parameters: Sequence[tuple[str, str]], positional: int
) -> list[cst.Arg] | None:
    """The call's arguments as another function takes them.

    Args:
        site: the call.
        parameters: the callee's parameters in order, each with the other function's name for it.
        positional: how many of these are, from the first, at the same place in both.

    Returns:
        None where an argument is unpacked, or for no parameter at all.
    """
    names = dict(parameters)
    bound = site.bound(tuple(names))
    if bound is None:
        return None
    arguments = []
    for position, (name, argument) in enumerate(bound.items()):
        if argument.keyword is not None or position >= positional:
            argument = named(argument, names[name])
        arguments.append(argument)
    return arguments


def with_keywords(call: cst.Call, names: Mapping[str, str]) -> list[cst.Arg]:
    """The call's arguments, some keywords under another name."""
    return [
        named(argument, names[argument.keyword.value])
        if argument.keyword is not None and argument.keyword.value in names
        else argument
        for argument in call.args
    ]


def named(argument: cst.Arg, keyword: str) -> cst.Arg:
    """The argument, handed over by this name."""
    equal = argument.equal if argument.keyword is not None else _EQUAL
    return argument.with_changes(keyword=cst.Name(keyword), equal=equal)
