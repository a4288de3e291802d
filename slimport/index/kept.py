"""Layers and networks that are kept as values: nothing at a later call tells what is called.

``OPS = {'conv': slim.conv2d}``, ``def block(x, op=slim.conv2d)``, ``partial(slim.conv2d, ...)``. A
layer that slim itself calls (``normalizer_fn=``, the target of `slim.repeat`) is called where it is
named, and one in the list of an arg_scope, or in a comparison, is not called at all.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from slimport import slim_api
from slimport.index.resolve import Api, External, InTree, Meaning
from slimport.index.walking import all_of, parents

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

# What an op list is written as: ``[a] + [b]``, ``tuple([a, *others])``, ``[a] if c else [b]``.
_LISTS = (ast.List, ast.Tuple, ast.Set, ast.BinOp, ast.Starred, ast.IfExp)
# They make no variables, and no scope gives them arguments that change what they compute.
_WITHOUT_VARIABLES = ("slim.one_hot_encoding", "slim.softmax")
# Where an expression hands on one of its parts as it is.
_CHOICES = (ast.IfExp, ast.BoolOp)
# Functions of slim that ask about an op.
_ASKING = frozenset("slim.has_arg_scope slim.arg_scope_func_key slim.arg_scoped_arguments".split())
#: Arguments that layers call themselves.
CALLED_BY_LAYERS = ("normalizer_fn", "activation_fn")
# Functions of Python that call, or may hand on, what they are given.
_CALLING = frozenset("__import__ eval exec filter getattr map max min next sorted vars".split())
_HARMLESS_BUILTINS = frozenset(dir(builtins)) - _CALLING
# Methods of tensors, lists, dicts, strings and files that nobody calls a layer by.
_HARMLESS_METHODS = frozenset(
    """
    add_argument append as_default as_list assign astype close copy count decode encode endswith
    eval extend flatten format get get_shape index info insert item items iteritems join keys lower
    parse_args pop randint randn read replace reshape run set_shape sort split startswith strip
    tolist update upper values write
    """.split()
)
# Functions of TensorFlow that call a function that they are given, before they return.
_TF_CALLING = frozenset("tf.case tf.cond tf.foldl tf.foldr tf.map_fn tf.scan tf.while_loop".split())


class KeptLayers:
    """Finds the functions that keep layers, or networks of slim.nets, as values."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._parents: dict[Module, dict[ast.AST, ast.AST]] = {}

    def by(self, function: Function) -> bool:
        """Whether a layer is kept as a value in the function."""
        return any(
            reference.call is None
            and _is_layer(reference.api)
            and self._is_kept(reference.node, function.module)
            for reference in function.references
        )

    def in_lambdas(self, function: Function) -> set[Function]:
        """The functions whose layers the kept lambdas of a function make: its own, and others."""
        module = function.module
        found: set[Function] = set()
        if not all_of(function.node, ast.Lambda):
            return found
        for reference in function.references:
            if _is_layer(reference.api) and self._in_lambda(reference.node, function):
                found.add(function)
        for call in function.calls:
            meaning = self._program.resolve(call.func, module)
            target = (
                self._program.function_of(meaning.definition)
                if isinstance(meaning, InTree)
                else None
            )
            if target in self._program.building and self._in_lambda(call, function):
                found.add(target)
        return found

    def _is_kept(self, node: ast.expr, module: Module) -> bool:
        """Whether the value of an expression goes anywhere but to slim's own functions."""
        if self._in_op_list(node, module):
            return False
        parents = self._parents_in(module)
        parent = parents[node]
        while isinstance(parent, _CHOICES):
            node, parent = parent, parents[parent]
        match parent:
            case ast.Compare() | ast.Expr():
                return False
            case (
                ast.Assign(targets=[ast.Name() as target])
                | ast.AnnAssign(target=ast.Name() as target)
            ):
                return not self._is_alias(target, module)
            case ast.Dict(keys=keys, values=values):
                key = keys[values.index(node)] if node in values else None
                return getattr(key, "value", None) not in CALLED_BY_LAYERS
            case ast.keyword(arg=name):
                call = parents[parent]
            case ast.Call():
                name, call = None, parent
            case _:
                return True
        return not self._is_called_at_once(call, name, module)

    def _is_called_at_once(self, call: ast.AST, name: str | None, module: Module) -> bool:
        """Whether a call runs what it is given itself, or hands it to slim's layers."""
        assert isinstance(call, ast.Call)
        meaning = self._program.resolve(call.func, module)
        if isinstance(meaning, Api):
            if meaning.name == "slim.arg_scope":  # its ops may be functions of the program
                return name in CALLED_BY_LAYERS
            is_slims = meaning.name.removeprefix("slim.") in slim_api.LAYERS
            return is_slims or meaning.name in _TF_CALLING
        named_dict = isinstance(call.func, ast.Name) and call.func.id == "dict"
        return named_dict and name in CALLED_BY_LAYERS

    def _in_op_list(self, node: ast.expr, module: Module) -> bool:
        """Whether a layer is named as one that an arg_scope is for."""
        parents = self._parents_in(module)
        child, parent = node, parents[node]
        while isinstance(parent, _LISTS):
            child, parent = parent, parents[parent]
        call = parents[parent] if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call):
            return False
        meaning = self._program.resolve(call.func, module)
        if not isinstance(meaning, Api):
            return False
        if meaning.name in _ASKING:
            return True
        is_first = child in call.args[:1] or getattr(parent, "arg", "") == "list_ops_or_scope"
        return meaning.name == "slim.arg_scope" and is_first

    def _is_alias(self, target: ast.Name, module: Module) -> bool:
        """``conv = slim.conv2d``: calls of `conv` are known to be the layer's."""
        scope = module.scopes.scope_of.get(target, module.scope)
        if scope.is_class:
            return False
        return isinstance(self._program.resolver.name(target.id, scope, module), Api)

    def _in_lambda(self, node: ast.AST, function: Function) -> bool:
        """Whether the outermost lambda around an expression of a function is kept as a value."""
        parents = self._parents_in(function.module)
        outermost: ast.Lambda | None = None
        while node is not function.node and node in parents:
            if isinstance(node, ast.Lambda):
                outermost = node
            node = parents[node]
        return outermost is not None and self._is_kept(outermost, function.module)

    def _parents_in(self, module: Module) -> dict[ast.AST, ast.AST]:
        if module not in self._parents:
            self._parents[module] = parents(module.tree)
        return self._parents[module]


def _is_layer(api: Api) -> bool:
    prefix, _, name = api.name.partition(".")
    is_layer = prefix == "slim" and name in slim_api.LAYERS
    return api.name in slim_api.NETS or (is_layer and api.name not in _WITHOUT_VARIABLES)


def may_call_any(call: ast.Call, meaning: Meaning | None, is_bound: bool) -> bool:
    """Whether a call may run a function that is kept as a value.

    Args:
        call: the call.
        meaning: what is called, None if unknown.
        is_bound: whether the program binds the name that the callee starts with.
    """
    if isinstance(meaning, Api):
        return meaning.name in _TF_CALLING and not _calls_lambdas(call, meaning)
    if meaning is not None:
        return isinstance(meaning, External) and meaning.dotted.endswith("reduce")
    if isinstance(call.func, ast.Name):
        return is_bound or call.func.id not in _HARMLESS_BUILTINS
    return getattr(call.func, "attr", "") not in _HARMLESS_METHODS


def _calls_lambdas(call: ast.Call, api: Api) -> bool:
    """Whether it is a `tf.cond` of two lambdas, whose bodies are seen where they stand."""
    if api.name != "tf.cond" or len(call.args) != 3 or call.keywords:
        return False
    return all(isinstance(branch, ast.Lambda) for branch in call.args[1:])
