"""The plain form: `slim.conv2d(x, 64, 3)` becomes `keras.layers.Conv2D(64, 3, ...)(x)`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from slimport import slim_api
from slimport.index.closed import LayerCall
from slimport.index.values import may_be_float
from slimport.rewrite.always import is_training_keyword
from slimport.rewrite.layers import LayerRule, activation_name
from slimport.rewrite.plain_norm import (
    batch_norm_keywords,
    blocks_normalizer,
)
from slimport.rewrite.site import FileServices, literal, source, string

# From the code of a tensor to the code of what a layer makes of it.
Step = Callable[[cst.BaseExpression], cst.BaseExpression]
_LINE_LENGTH = 100
_DEEP_INDENT = 16
_TRUE = ast.Constant(True)
_TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
# What only scopes, collections and sharing give a meaning to.
_NEEDS_SCOPES = ("reuse", "variables_collections", "outputs_collections", "updates_collections")

_SIZES = ("num_outputs", "kernel_size", "stride", "rate", "depth_multiplier")


@dataclass
class PlainCall:
    """A layer call with rewritten arguments: the call's own and those of the scopes around it.

    Attributes:
        arguments: slim parameter -> new code.
        column: where the call starts, to break long lines.
        normalizer: parameter of the normalizer -> new code, from scopes and normalizer_params.
        steps: further layers that the result goes through; a statement each, where one stands.
    """

    layer: LayerCall
    arguments: Mapping[str, cst.BaseExpression]
    file: FileServices
    column: int
    normalizer: Mapping[str, cst.BaseExpression] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def get(self, parameter: str) -> cst.BaseExpression | None:
        """Code of an argument, None where slim's default holds."""
        return self.arguments.get(parameter)

    def named(
        self,
        function: cst.BaseExpression,
        positional: Sequence[cst.BaseExpression],
        keywords: Mapping[str, cst.BaseExpression | None],
        name: str | None = None,
    ) -> cst.Call:
        """``function(*positional, **keywords, name=...)``; None leaves one out."""
        name = name or self.layer.name
        given = {**keywords, "name": string(name) if name else None}
        return cst.Call(function, [cst.Arg(value) for value in positional] + _keywords(given))

    def keras(
        self,
        layer: cst.BaseExpression,
        positional: Sequence[cst.BaseExpression],
        keywords: Mapping[str, cst.BaseExpression | None],
        inputs: cst.BaseExpression | None = None,
        name: str | None = None,
        call_keywords: Mapping[str, cst.BaseExpression | None] | None = None,
    ) -> cst.Call:
        """``layer(*positional, **keywords)(inputs, **call_keywords)``; None leaves one out."""
        built = self.named(layer, positional, keywords, name)
        given = cst.Arg(inputs or self.arguments["inputs"])
        call = cst.Call(built, [given, *_keywords(call_keywords or {})])
        if self.column + len(source(call)) > _LINE_LENGTH:
            call = call.with_changes(func=_broken(built))
        return call


@dataclass(frozen=True, kw_only=True)
class PlainLayerRule(LayerRule):
    """A layer with a plain Keras equivalent.

    Attributes:
        layers: API -> class below `keras.layers`.
        leading: slim parameters that are Keras' first positional arguments.
        defaults: Keras keyword -> source of slim's default, where Keras' default is another.
        implied: slim parameter -> literals that are Keras' default and are not written.
    """

    layers: Mapping[str, str]
    leading: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    implied: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def blocks_plain(self, layer: LayerCall) -> str | None:
        api = layer.reference.api.name
        arguments = layer.arguments
        if api not in self.layers:
            return f"{api} has no plain Keras layer"
        missing = [name for name in ("inputs", *self.leading) if name not in arguments]
        if missing:
            return f"{api} without {missing[0]}"
        for name in _NEEDS_SCOPES:
            if name in arguments and not _is_none(arguments[name]):
                return f"{name} of {api}"
        for name in _SIZES:
            # Keras takes no 16.0 for 16; the factories do, as slim did.
            if name in arguments and may_be_float(arguments[name], layer.reference.scope):
                return f"a {name} that may be a float"
        blocked = blocks_normalizer(layer)
        if blocked:
            return blocked
        if "padding" in arguments and not isinstance(arguments["padding"], ast.Constant):
            return "a padding that is only known at run time"
        data_format = arguments.get("data_format")
        if data_format is not None and not _is_constant(
            data_format, (None, "NHWC", "NDHWC", "NWC")
        ):
            return "a data format other than NHWC"
        if not _is_constant(arguments.get("trainable", _TRUE), (True,)):
            # Keras drops the regularization losses of frozen weights; slim keeps them.
            return "trainable other than True"
        for name in ("weights_initializer", "biases_initializer"):
            # One Keras initializer gives two layers the same values; slim's draws anew each time.
            if not isinstance(arguments.get(name), None | ast.Constant | ast.Call):
                return f"a {name} that several layers may share"
        return None

    def plain(self, call: PlainCall) -> cst.BaseExpression:
        layer = call.file.keras(f"layers.{self.layers[call.layer.reference.api.name]}")
        positional = [call.arguments[name] for name in self.leading]
        keywords = self.plain_keywords(call)
        if call.layer.normalizer is None:
            return call.keras(layer, positional, keywords)
        activation = keywords.pop("activation", None)
        keywords = {k: v for k, v in keywords.items() if not k.startswith(("bias", "use_bias"))}
        keywords["use_bias"] = cst.Name("False")
        normalized(call, call.normalizer, f"{call.layer.name}__BatchNorm")
        within = call.normalizer.get("activation_fn")  # its own comes before the layer's
        if within is not None and literal(within) is not None:
            activated(call, activation_name(within) or within)
        activated(call, activation)
        return call.keras(layer, positional, keywords)

    def plain_keywords(
        self,
        call: PlainCall,
        only: Container[str] | None = None,
        not_in: Container[str] = (),
    ) -> dict[str, cst.BaseExpression | None]:
        """Keras keywords in slim's order of parameters, slim's defaults written out.

        Args:
            call: the call.
            only: the slim parameters to take; all if None.
            not_in: the slim parameters to leave out.
        """
        signature = slim_api.signature(call.layer.reference.api.name.removeprefix("slim."))
        assert signature is not None
        found: dict[str, cst.BaseExpression | None] = {}
        for parameter in signature.parameters:
            if parameter in _NOT_KEYWORDS or parameter in self.leading or parameter in not_in:
                continue
            if only is not None and parameter not in only:
                continue
            keyword = self.keywords.get(parameter, parameter)
            found.update(self._keyword(parameter, keyword, call.get(parameter)))
        return found

    def _keyword(
        self, parameter: str, keyword: str, value: cst.BaseExpression | None
    ) -> dict[str, cst.BaseExpression | None]:
        if value is None:
            default = self.defaults.get(keyword)
            return {keyword: cst.parse_expression(default) if default else None}
        if parameter == "biases_initializer" and literal(value) is None:
            return {"use_bias": cst.Name("False")}
        if parameter == "padding":
            padding = str(literal(value)).lower()
            return {keyword: None if padding == "valid" else string(padding)}
        if parameter == "activation_fn":
            return {keyword: None if literal(value) is None else activation_name(value) or value}
        implied = (*self.implied.get(parameter, ()), *_IMPLIED.get(parameter, ()))
        return {keyword: None if literal(value) in implied else value}


def normalized(
    call: PlainCall, arguments: Mapping[str, cst.BaseExpression], name: str | None
) -> None:
    """Adds batch normalization as a step."""
    keywords = batch_norm_keywords(arguments)
    told = is_training_keyword(call.layer, arguments.get("is_training"), call.file)
    training = {"is_training": told}

    def step(inputs: cst.BaseExpression) -> cst.BaseExpression:
        layer = call.file.written("BatchNormalization")
        return call.keras(layer, [], keywords, inputs, name, training)

    call.steps.append(step)


def activated(call: PlainCall, activation: cst.BaseExpression | None) -> None:
    """Adds an activation as a step; None adds none."""
    if activation is None:
        return
    name = literal(activation)
    function = call.file.keras(f"ops.{name}") if isinstance(name, str) else activation
    if isinstance(function, cst.Lambda):
        function = function.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    elif not isinstance(function, cst.Attribute):  # it may be None when the program runs
        function = cst.Call(call.file.keras("activations.get"), [cst.Arg(function)])
    call.steps.append(lambda inputs: cst.Call(function, [cst.Arg(inputs)]))


_NOT_KEYWORDS = frozenset(
    "inputs scope normalizer_fn normalizer_params data_format reuse variables_collections "
    "outputs_collections updates_collections".split()
)
# Literals that mean Keras' own default.
_IMPLIED: Mapping[str, tuple[object, ...]] = {
    "rate": (1,),
    "trainable": (True,),
    "weights_regularizer": (None,),
    "biases_regularizer": (None,),
}
CONVOLUTION_DEFAULTS = {"padding": '"same"', "activation": '"relu"'}


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_constant(node: ast.expr, values: tuple[object, ...]) -> bool:
    return isinstance(node, ast.Constant) and node.value in values


def _keywords(values: Mapping[str, cst.BaseExpression | None]) -> list[cst.Arg]:
    return [
        cst.Arg(value, cst.Name(name), equal=_TIGHT)
        for name, value in values.items()
        if value is not None
    ]


def _broken(call: cst.Call) -> cst.Call:
    """The call with its arguments on a line of their own, or one a line where they do not fit."""
    if not call.args:
        return call
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    outer = cst.ParenthesizedWhitespace(indent=True)
    text = ", ".join(source(argument) for argument in call.args)
    if len(text) > _LINE_LENGTH - _DEEP_INDENT or "\n" in text:
        return _one_per_line(call)
    last = call.args[-1].with_changes(whitespace_after_arg=outer)
    return call.with_changes(args=[*call.args[:-1], last], whitespace_before_args=inner)


def _one_per_line(call: cst.Call) -> cst.Call:
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    outer = cst.ParenthesizedWhitespace(indent=True)
    arguments = [
        argument.with_changes(
            comma=cst.Comma(whitespace_after=outer if argument is call.args[-1] else inner)
        )
        for argument in call.args
    ]
    return call.with_changes(args=arguments, whitespace_before_args=inner)
