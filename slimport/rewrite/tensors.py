"""What rules for tensor functions share: a table from TensorFlow's to the new parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from slimport.index.dynamic_sizes import is_size, of_shape
from slimport.index.names import Scope
from slimport.index.program import Function, Reference, bind
from slimport.index.values import is_list_of_numbers, may_be_tensor, named
from slimport.rewrite.rule import Outcome, Rule
from slimport.rewrite.site import CallSite, FileFacts, Site, ValueSite, source, string

_OF_TYPES = ("dtype", "output_type")
# TensorFlow's types, and what Keras and TensorFlow call them in a text.
_TYPES = {
    **{
        name: name
        for name in "bfloat16 bool float16 float32 float64 int8 int16 int32 int64 uint8 uint16 "
        "uint32 uint64".split()
    },
    "half": "float16",
    "double": "float64",
}

# API -> (new function, TF parameters in order). A parameter is written `tf=keras` where the
# names differ, `tf` alone where they are equal or positional, and dropped if it is `name`.
Table = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class TensorRule(Rule):
    """Functions with an exact equivalent in keras.ops, or in the written module.

    Attributes:
        table: API -> (name there, parameters).
        limits: API -> a check of the call's literal arguments; it returns why the call has no
            equivalent, None if it has.
        no_tensors: API -> parameters that keras.ops takes no tensor for.
        only_python: API -> parameters that it takes no array of NumPy for either.
        number_lists: API -> parameters that must be seen to be lists of numbers.
        sizes: API -> parameters that what `tf.shape` gives may be part of.
        of_written_module: whether the table names functions of the written module, which take the
            name of the operation as well.
    """

    apis: tuple[str, ...] = ()
    table: Table = field(default_factory=dict)
    limits: Mapping[str, Callable[[dict[str, ast.expr]], str | None]] = field(default_factory=dict)
    no_tensors: Mapping[str, str] = field(default_factory=dict)
    only_python: Mapping[str, str] = field(default_factory=dict)
    number_lists: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    of_written_module: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "apis", tuple(self.table))

    @cached_property
    def parameters(self) -> dict[str, dict[str, str]]:
        """API -> TF parameter -> keras.ops parameter (`""`: first, positional)."""
        parsed: dict[str, dict[str, str]] = {}
        for api, (_, text) in self.table.items():
            pairs = (word.partition("=") for word in text.split())
            parsed[api] = {tf: keras or tf for tf, _, keras in pairs}
        return parsed

    def call(self, site: CallSite) -> Outcome:
        if not site.in_keras_code:
            return site.file.tf1(site)
        parameters = self.parameters[site.api]
        bound = site.bound(tuple(parameters))
        assert bound is not None, "blocks_keras_tensors lets only such calls through"
        arguments = []
        first = next(iter(parameters))
        for name, argument in _first_in_front(bound, first):
            if name == "name" and not self.of_written_module:
                continue
            value = _type_text(argument.value, site) if name in _OF_TYPES else argument.value
            argument = argument.with_changes(value=self.argument(site.api, name, value))
            if argument.keyword is not None and name == first:
                argument = argument.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
            elif argument.keyword is not None:
                argument = argument.with_changes(keyword=cst.Name(parameters[name]))
            arguments.append(argument)
        if arguments and len(arguments) < len(site.node.args):
            arguments[-1] = arguments[-1].with_changes(
                comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace("")
            )
        return site.node.with_changes(func=self.function(site), args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.tf1(site)

    def function(self, site: Site) -> cst.BaseExpression:
        """What the table has for the API."""
        name = self.table[site.api][0]
        return site.file.written(name) if self.of_written_module else site.file.keras(f"ops.{name}")

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return not file.uses_keras_ops(function) and file.keeps_tf1(reference)

    def argument(self, api: str, name: str, value: cst.BaseExpression) -> cst.BaseExpression:
        """Keras' spelling of one argument's value."""
        return value

    def names_function(self, api: str) -> bool:
        """Whether the function may be passed on as a value."""
        return False

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        api = reference.api.name
        if reference.call is None:
            return None if self.names_function(api) else f"{api} is passed on as a function"
        bound = bind(reference.call, tuple(self.parameters[api]))
        if bound is None:
            return f"{api} is called with arguments that keras.ops has no equivalent for"
        for name, value in bound.items():
            if self._may_be_tensor(api, name, value, reference.scope):
                return f"{api} with {name} that may be a tensor"
        limit = self.limits.get(api)
        return limit(bound) if limit is not None else None

    def _may_be_tensor(self, api: str, name: str, value: ast.expr, scope: Scope) -> bool:
        """Whether keras.ops may refuse an argument that TensorFlow takes."""
        if name in self.number_lists.get(api, "").split():
            return not is_list_of_numbers(value, scope)
        if name in self.sizes.get(api, "").split():
            return not is_size(value, scope)
        if name in self.only_python.get(api, "").split():
            return may_be_tensor(value, scope, or_array=True)
        return name in self.no_tensors.get(api, "").split() and may_be_tensor(value, scope)


def takes_sizes(reference: Reference, parameters: Iterable[str]) -> bool:
    """Whether the first parameter of a call gets sizes of ``tf.shape`` and no other tensor."""
    assert reference.call is not None
    names = tuple(parameters)
    value = (bind(reference.call, names) or {}).get(names[0])
    return value is not None and of_shape(value, reference.scope)


def _type_text(value: cst.BaseExpression, site: CallSite) -> cst.BaseExpression:
    """``tf.float32`` -> ``"float32"``, which needs no TensorFlow; anything else stays."""
    if not isinstance(value, cst.Attribute):
        return value
    package, *names = named(ast.parse(source(value), mode="eval").body, site.reference.scope)
    path = ".".join(names).removeprefix("compat.v1.")
    if package != "tensorflow" or path not in _TYPES:
        return value
    return string(_TYPES[path]).with_changes(lpar=value.lpar, rpar=value.rpar)


def _first_in_front(bound: dict[str, cst.Arg], first: str) -> list[tuple[str, cst.Arg]]:
    """Arguments with the tensor first, as keras.ops takes it: ``tf.concat(axis=3, values=x)``."""
    names = sorted(bound, key=lambda name: name != first)
    places = list(bound.values())
    return [
        (name, bound[name].with_changes(comma=place.comma))
        for name, place in zip(names, places, strict=True)
    ]
