"""Where a rule works: one reference, the code around it, and what it may ask of the file."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import libcst as cst

from slimport import slim_api

if TYPE_CHECKING:
    from slimport.index.names import Scope
    from slimport.index.program import Function, Reference
    from slimport.index.training_always import Trains
    from slimport.rewrite.rule import Outcome


class FileFacts(Protocol):
    """What the index and the plan tell of a file, before any of it is parsed by libcst."""

    def uses_keras_ops(self, function: Function) -> bool:
        """Whether tensor code of the function becomes keras.ops."""

    def is_tf1(self) -> bool:
        """Whether the file was written for TF 1: it names slim or a symbol that TF 2 lacks."""

    def keeps_tf1(self, reference: Reference) -> bool:
        """Whether `FileServices.tf1` keeps a symbol of TF 1 as it is."""


class FileServices(FileFacts, Protocol):
    """What a rule may ask of the file it works in."""

    def written(self, name: str) -> cst.BaseExpression:
        """Local name of something of the written module; its import is added."""

    def keras(self, dotted: str) -> cst.BaseExpression:
        """``keras.<dotted>``; the import is added."""

    def tensorflow(self, dotted: str, spelled: str) -> cst.BaseExpression:
        """``tf.<dotted>`` under the file's own name for TensorFlow."""

    def plain(self, function: Function) -> bool:
        """Whether layers of the function become plain keras.layers."""

    def builds(self, function: Function) -> bool:
        """Whether the function makes layers, itself or through what it calls."""

    def scopes_layers(self, function: Function) -> bool:
        """Whether scopes that the function opens reach layers, or may through methods it calls."""

    def scopes_migrated_layers(self, function: Function) -> bool:
        """Whether scopes that the function opens may reach layers that an earlier run migrated."""

    def builds_file(self) -> bool:
        """Whether any function of the file makes layers."""

    def builds_program(self) -> bool:
        """Whether any function of the file's program makes layers."""

    def is_builtin(self, name: str, scope: Scope) -> bool:
        """Whether the name is Python's own there, and nothing of the program."""

    def denotes(self, node: ast.expr, dotted: str) -> bool:
        """Whether the expression is this object of another library."""

    def is_patched(self, api: str) -> bool:
        """Whether the program itself assigns this name of another library."""

    def only_in_graphs(self, function: Function) -> bool:
        """Whether a function runs in graphs with sessions alone: it makes or feeds one."""

    def runs_sessions(self) -> bool:
        """Whether a graph-and-session program runs code of the file, and goes on doing so."""

    def restores_layers(self) -> bool:
        """Whether sessions that the file's code opens may restore variables of layers."""

    def trains_with_fit(self) -> bool:
        """Whether the file's program trains a Keras model: its optimizers are Keras' too."""

    def is_global_step(self, node: ast.expr, function: Function) -> bool:
        """Whether the expression is the variable that training counts up."""

    def is_of_step_schedule(self, node: ast.AST | None) -> bool:
        """Whether a StepSchedule runs the code, so that TensorFlow 1's own schedules stay."""

    def is_schedule(self, node: ast.expr, function: Function) -> bool:
        """Whether the name of a learning rate stands for schedules, of Keras or a StepSchedule."""

    def may_have_sparse_gradients(self) -> bool:
        """Whether the program may look rows of a variable up, so that gradients lack the others."""

    def is_called(self, reference: Reference, function: Function) -> bool:
        """Whether code may call the initializer that a reference makes, or layers of Keras share
        it: see `slimport.index.called_initializers`."""

    def is_of_loss(self, function: Function) -> bool:
        """Whether a LossModel runs the function, or it makes one."""

    def summary_kind(self, call: ast.Call | None) -> str:
        """What a summary of a training is but one of the loss; see `Plan.summary_kinds`."""

    def why_on_sessions(self, function: Function) -> str:
        """Why what the function trains or evaluates stays on sessions; empty if it does not."""

    def is_fed_rate(self, node: ast.expr, function: Function) -> bool:
        """Whether the expression is a placeholder for the learning rate, set before each step."""

    def tf1(self, site: CallSite | ValueSite) -> Outcome:
        """The TF 1 symbol under its TF 2 name, where it has no Keras equivalent."""

    def trains(self, node: ast.expr, function: Function) -> Trains:
        """What a literal ``is_training=True`` means there."""

    def note(self, text: str) -> None:
        """Adds a remark to the report of the current reference."""

    def warn(self, line: int, text: str) -> None:
        """Adds a remark on a line to the report of the whole run, which is printed."""


@dataclass
class Site:
    """One reference to an API."""

    reference: Reference
    function: Function
    file: FileServices
    path: tuple[cst.CSTNode, ...]

    @property
    def api(self) -> str:
        return self.reference.api.name

    @property
    def short(self) -> str:
        """Last part of the API's name: ``conv2d``."""
        return self.api.rpartition(".")[2]

    @property
    def in_keras_code(self) -> bool:
        return self.file.uses_keras_ops(self.function)

    @property
    def variables_move(self) -> bool:
        """Whether the function's own variables and their scopes become the written module's.

        Those of a function that runs in TF 1 graphs alone can stay TensorFlow's.
        """
        if self.file.only_in_graphs(self.function):
            return False
        file, function = self.file, self.function
        return file.scopes_layers(function) or file.scopes_migrated_layers(function)


@dataclass
class ValueSite(Site):
    """The API named without being called."""

    node: cst.BaseExpression


@dataclass
class CallSite(Site):
    """A call of the API; `node` holds arguments that are rewritten already."""

    node: cst.Call
    aliased: bool = False

    @property
    def has_star(self) -> bool:
        """Whether an unpacked argument (``*a`` or ``**k``) hides what is passed."""
        return any(argument.star for argument in self.node.args)

    def bound(self, parameters: Sequence[str] | None = None) -> dict[str, cst.Arg] | None:
        """Arguments by parameter name, None where the call does not fit the signature."""
        if parameters is None:
            signature = slim_api.signature(self.short)
            if signature is None:
                return None
            parameters = signature.parameters
        if self.has_star:
            return None
        found: dict[str, cst.Arg] = {}
        for position, argument in enumerate(self.node.args):
            name = argument.keyword.value if argument.keyword else None
            if name is None:
                if position >= len(parameters):
                    return None
                name = parameters[position]
            if name not in parameters or name in found:
                return None
            found[name] = argument
        return found

    def renamed(
        self,
        callee: cst.BaseExpression,
        keywords: Mapping[str, str],
        values: Mapping[str, cst.BaseExpression] | None = None,
    ) -> cst.Call:
        """The same call of another function, keywords renamed; layout and comments are kept.

        Args:
            callee: the new function. An alias of the author's own (``conv = slim.conv2d``) stays.
            keywords: old keyword -> new one.
            values: new values by old parameter name, positional arguments included.
        """
        signature = slim_api.signature(self.short)
        parameters = signature.parameters if signature else ()
        arguments = []
        for position, argument in enumerate(self.node.args):
            name = argument.keyword.value if argument.keyword else ""
            if not name and not argument.star and position < len(parameters):
                name = parameters[position]
            if values and name in values:
                argument = argument.with_changes(value=values[name])
            if argument.keyword and name in keywords:
                argument = argument.with_changes(keyword=cst.Name(keywords[name]))
            arguments.append(argument)
        function = self.node.func if self.aliased else callee
        return self.node.with_changes(func=function, args=arguments)


def dotted(name: str) -> cst.BaseExpression:
    """``a.b.c`` as an expression."""
    first, *rest = name.split(".")
    expression: cst.BaseExpression = cst.Name(first)
    for part in rest:
        expression = cst.Attribute(expression, cst.Name(part))
    return expression


def source(node: cst.CSTNode) -> str:
    """Source text of a node."""
    return cst.Module([]).code_for_node(node)


def string(value: str, like: cst.BaseExpression | None = None) -> cst.SimpleString:
    """A string literal with the quotes of the literal `like`, else double ones."""
    quote = like.quote if isinstance(like, cst.SimpleString) else '"'
    return cst.SimpleString(f"{quote}{value}{quote}")


def literal(node: cst.BaseExpression | None) -> object:
    """Value of a literal (also of lists, tuples and negative numbers); `NOT_LITERAL` otherwise."""
    if node is None:
        return NOT_LITERAL
    try:
        return ast.literal_eval(source(node))
    except (ValueError, SyntaxError, TypeError, MemoryError):
        return NOT_LITERAL


NOT_LITERAL = object()


def parenthesized(node: cst.BaseExpression) -> cst.BaseExpression:
    """`node` fit to stand in a sum or product: with parentheses unless it is atomic."""
    atomic = cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.Float | cst.Integer
    if isinstance(node, atomic) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
