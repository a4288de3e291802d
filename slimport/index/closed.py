"""Which functions are closed: every arg_scope that can reach their layers is known.

A closed function may become plain `keras.layers` code. Anything that cannot be proved makes the
function (and with it everything it shares scopes and layer names with) open, with a reason.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from slimport import slim_api
from slimport.index.canonical import is_namespace, is_slim
from slimport.index.links import Meeting
from slimport.index.loose_scopes import Decorators, under_loose_scopes
from slimport.index.names import Assigned
from slimport.index.program import Function, Program, Reference, bind
from slimport.index.training_always import Trains, is_true, meaning_of_true, true_in
from slimport.index.walking import all_of, children, own_of, walk

# Default variable scope of each layer with variables (tf_slim/layers/layers.py).
DEFAULT_SCOPES = {
    "slim.batch_norm": "BatchNorm",
    "slim.conv1d": "Conv",
    "slim.conv2d": "Conv",
    "slim.conv3d": "Conv",
    "slim.conv2d_transpose": "Conv2d_transpose",
    "slim.conv3d_transpose": "Conv3d_transpose",
    "slim.fully_connected": "fully_connected",
    "slim.separable_conv2d": "SeparableConv2d",
}


@dataclass(frozen=True, eq=False)
class LayerCall:
    """A layer call with everything that reaches it.

    Attributes:
        arguments: slim parameter -> expression, explicit ones and scopes' defaults.
        from_scope: parameters that an arg_scope supplies, with the arg_scope call they stand in.
        name: name of the layer, None for layers without variables that have none.
        normalizer: canonical name of its normalizer_fn, None without one, "" if unknown.
        normalizer_defaults: parameter -> arg_scope call that sets it for the normalizer.
        trains: what an `is_training=True` means that reaches it or its normalizer.
    """

    reference: Reference
    call: ast.Call
    arguments: dict[str, ast.expr]
    from_scope: dict[str, ast.Call]
    name: str | None
    normalizer: str | None = None
    normalizer_defaults: dict[str, ast.Call] = field(default_factory=dict)
    trains: Trains = Trains.FOLLOWS


@dataclass(eq=False)
class Closure:
    """What is known of one function.

    Attributes:
        reasons: why it is not closed; empty if it is.
        layers: its layer calls by `ast.Call`.
    """

    function: Function
    reasons: list[str] = field(default_factory=list)
    layers: dict[ast.Call, LayerCall] = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)


def closures(
    program: Program,
    open_world: bool,
    open_files: Collection[PurePosixPath] = (),
    open_functions: Collection[str] = (),
) -> dict[Function, Closure]:
    """One `Closure` for each function that makes layers, or may, itself or in what it calls."""
    found = {function: Closure(function) for function in program.scoping | program.around_rewritten}
    escaping = _escaping_scopes(program)
    calls, decorators = _Calls(program), Decorators(program)
    loose = under_loose_scopes(program)
    for function, closure in found.items():
        near = program.connected(function.module)
        scope = next((f.qualname for f in escaping if f.module in near), "")
        _check_callers(closure, calls, open_world, scope)
        if function.module.path in open_files and _is_public(function):
            closure.refuse("it is public, and code that could not be read may call it")
        if function in loose:
            closure.refuse("a scope is opened otherwise than by a with statement around its code")
        decorator = decorators.around(function)
        if decorator:
            closure.refuse(f"{decorator} decorates it, and may open a scope around it")
        if function in program.written_scopes:
            closure.refuse("it opens scopes of the written module, which an earlier run made")
        if any(is_named(function, name) for name in open_functions):
            closure.refuse("the configuration says that it is open (open-functions)")
        if function.builds():
            _Body(closure, program).check()
    return found


def is_named(function: Function, name: str) -> bool:
    """Whether ``package.module:function`` means it; ``*`` is each function of the module."""
    dotted, _, qualname = name.partition(":")
    in_module = f".{function.module.dotted}".endswith(f".{dotted}")
    return in_module and qualname in ("*", function.qualname)


def share_reasons(found: dict[Function, Closure]) -> None:
    """Functions of one model are closed together or not at all: they share scopes and names."""
    for component in _components(found):
        _check_together([found[function] for function in component])


def _escaping_scopes(program: Program) -> list[Function]:
    """Functions that return an arg_scope which nobody in the tree enters."""
    found = []
    for function in program.all():
        if not any(r.api.name == "slim.arg_scope" for r in function.references):
            continue
        returns_scope = any(
            any(_is_named_scope(item, function) for item in node.items) and all_of(node, ast.Return)
            for node in own_of(function.node, ast.With)
        )
        if returns_scope and not function.all_callers:
            found.append(function)
    return found


def _is_named_scope(item: ast.withitem, function: Function) -> bool:
    call = item.context_expr
    return item.optional_vars is not None and any(
        reference.call is call and reference.api.name == "slim.arg_scope"
        for reference in function.references
    )


_LOOPS: tuple[type[ast.AST], ...] = (
    ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@dataclass(frozen=True)
class _Called:
    """What matters of the calls of a function.

    Attributes:
        some: one of them, or two where there are more.
        in_loop: whether one stands in a loop.
        under_scope: whether one stands under a scope.
    """

    some: frozenset[ast.Call] = frozenset()
    in_loop: bool = False
    under_scope: bool = False

    def __or__(self, other: _Called) -> _Called:
        some = frozenset(itertools.islice(self.some | other.some, 2))
        in_loop, under_scope = self.in_loop or other.in_loop, self.under_scope or other.under_scope
        return _Called(some, in_loop, under_scope)


class _Calls:
    """Where functions are called from.

    Calls by a name are looked at once: `__init__` may be the name of thousands of functions, and of
    thousands of calls.
    """

    def __init__(self, program: Program) -> None:
        self._links = program.links
        self._at = functools.cache(self._by_name)
        self._under_scopes = functools.cache(_under_scopes)
        self._in_loops = functools.cache(_in_loops)

    def of(self, function: Function) -> _Called:
        """The calls that lead to a function, or may."""
        found = self._all(self._links.direct_calls(function))
        for meeting in self._links.meetings(function):
            found |= self._at(meeting)
        return found

    def _by_name(self, meeting: Meeting) -> _Called:
        return self._all(self._links.calls_at(meeting))

    def _all(self, calls: Iterable[tuple[Function, ast.Call]]) -> _Called:
        pairs = [*calls]
        return _Called(
            frozenset(itertools.islice({call for _, call in pairs}, 2)),
            any(call in self._in_loops(caller) for caller, call in pairs),
            any(call in self._under_scopes(caller) for caller, call in pairs),
        )


def _is_public(function: Function) -> bool:
    return bool(function.qualname) and not function.qualname.rpartition(".")[2].startswith("_")


def _check_callers(closure: Closure, calls: _Calls, open_world: bool, scopes_escape: str) -> None:
    function = closure.function
    if function.escapes:
        closure.refuse("it is passed on as a value, so that its callers are not known")
    if not function.qualname:
        return
    if open_world and _is_public(function):
        closure.refuse("it is public (--open-world)")
    if scopes_escape and not function.all_callers:
        closure.refuse(f"callers outside the tree may enter the scope of {scopes_escape}()")
    called = calls.of(function)
    if len(called.some) > 1:
        closure.refuse("it is called in several places, which may share or repeat its variables")
    if called.in_loop:
        closure.refuse("it is called in a loop")
    if called.under_scope:
        closure.refuse("a caller runs it under an arg_scope or a variable scope")


def _under_scopes(caller: Function) -> frozenset[ast.Call]:
    """The calls inside the `with` statements of a function that open scopes."""
    scoped = (
        node
        for node in own_of(caller.node, ast.With)
        if any(_opens_scope(item, caller) for item in node.items)
    )
    return frozenset(call for node in scoped for call in all_of(node, ast.Call))


def _in_loops(caller: Function) -> frozenset[ast.Call]:
    """The calls inside the loops of a function."""
    return frozenset(
        call for loop in own_of(caller.node, *_LOOPS) for call in all_of(loop, ast.Call)
    )


def _opens_scope(item: ast.withitem, function: Function) -> bool:
    names = ("slim.arg_scope", "tf.variable_scope")
    return any(
        reference.call is item.context_expr and reference.api.name in names
        for reference in function.references
    )


class _Body:
    """Walks one function with the scopes that are open at each statement."""

    def __init__(self, closure: Closure, program: Program) -> None:
        self.closure = closure
        self.function = closure.function
        self.program = program
        self.by_call = {r.call: r for r in self.function.references if r.call is not None}
        self.values = {r.node: r for r in self.function.references if r.call is None}
        self.used: set[tuple[str, ...]] = set()
        self.seen: set[ast.Call] = set()
        self.changed = _changed_in_place(self.function)
        self.times_bound = _times_bound(self.function)

    def check(self) -> None:
        node = self.function.node
        self._statements(node.body, [], branching=False)
        if any(reference.api.doubt for reference in self.function.references):
            self.closure.refuse("what it calls may not be slim's")
        if any(map(self._is_handed_on, self.values.values())):
            self.closure.refuse("slim itself is passed on as a value")
        if any(reference.api.name in slim_api.NETS for reference in self.function.references):
            self.closure.refuse("a network of slim.nets runs under its scopes")
        if self.function.makes_tf_layers:
            self.closure.refuse("TensorFlow 1's own layers are found by their variable scopes")
        for call in self.by_call.keys() - self.seen:
            if self.by_call[call].api.name.removeprefix("slim.") in slim_api.LAYERS:
                self.closure.refuse("a layer in a default, a decorator or the body of a class")
        for reference in self.values.values():
            if reference.api.name.removeprefix("slim.") in slim_api.LAYERS and not self._listed(
                reference
            ):
                self.closure.refuse(f"{reference.api.name} is passed on as a value")

    def _is_handed_on(self, reference: Reference) -> bool:
        if not is_slim(reference.api.name) or not is_namespace(reference.api.name):
            return False
        nodes = own_of(self.function.node, ast.Assign)
        return not any(node.value is reference.node for node in nodes)

    def _listed(self, reference: Reference) -> bool:
        """Whether the op stands in the literal list of an arg_scope, or is a normalizer_fn."""
        keywords = (k for call in self.by_call for k in call.keywords)
        if any(k.arg == "normalizer_fn" and k.value is reference.node for k in keywords):
            return True
        return any(
            r.api.name == "slim.arg_scope"
            and r.call is not None
            and r.call.args
            and reference.node in getattr(r.call.args[0], "elts", ())
            for r in self.function.references
        )

    def _statements(self, body: list[ast.stmt], scopes: list[ast.Call], branching: bool) -> None:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if isinstance(statement, ast.With):
                inner = self._enter(statement, scopes)
                self._statements(statement.body, inner, branching)
                continue
            branches = [
                value
                for name in ("body", "orelse", "finalbody")
                if isinstance(value := getattr(statement, name, None), list)
            ]
            handlers = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
            nested = {id(s) for block in branches for s in block} | {id(h) for h in handlers}
            for child in children(statement):
                if id(child) not in nested:
                    self._expression(child, scopes, branching)
            for block in (*branches, *(handler.body for handler in handlers)):
                self._statements(block, scopes, branching=True)

    def _enter(self, statement: ast.With, scopes: list[ast.Call]) -> list[ast.Call]:
        inner = list(scopes)
        for item in statement.items:
            call = item.context_expr
            reference = self.by_call.get(call) if isinstance(call, ast.Call) else None
            if reference is None or not isinstance(call, ast.Call):
                self._expression(call, inner, False)
            elif reference.api.name == "slim.arg_scope":
                self._check_scope(call, item)
                inner.append(call)
            elif reference.api.name == "tf.variable_scope":
                self._check_variable_scope(call, item)
                inner.append(call)
        return inner

    def _check_scope(self, call: ast.Call, item: ast.withitem) -> None:
        ops = getattr(call.args[0], "elts", None) if call.args else None
        apis = [self.values[op].api.name for op in ops or () if op in self.values]
        if not ops or len(apis) < len(ops):
            self.closure.refuse("an arg_scope whose ops are only known at run time")
        elif any(slim_api.signature(api.removeprefix("slim.")) is None for api in apis):
            self.closure.refuse("an arg_scope of ops that are no layers of slim")
        elif any(keyword.arg is None for keyword in call.keywords):
            self.closure.refuse("an arg_scope with unpacked arguments (**)")
        elif item.optional_vars is not None:
            self.closure.refuse("an arg_scope that is kept under a name")
        elif not all(self._is_stable(keyword.value) for keyword in call.keywords):
            self.closure.refuse("an arg_scope with values that its calls would compute anew")

    def _is_stable(self, value: ast.expr) -> bool:
        """Whether evaluating the expression at each call instead of once means the same.

        Names must be bound once in the function; calls must be of slim or TensorFlow (initializers,
        regularizers), which make an equal object each time.
        """
        for node in walk(value):
            if isinstance(node, ast.Call) and node not in self.by_call:
                return False
            if isinstance(node, ast.Attribute | ast.Name) and _last(node) in self.changed:
                return False
            if isinstance(node, ast.Name) and self.times_bound[node.id] > 1:
                return False
            if isinstance(node, ast.NamedExpr | ast.Lambda | ast.Await | ast.Yield):
                return False
        return True

    def _check_variable_scope(self, call: ast.Call, item: ast.withitem) -> None:
        name = call.args[0] if len(call.args) == 1 and not call.keywords else None
        constant = name.value if isinstance(name, ast.Constant) else None
        if not isinstance(constant, str) or "/" in constant:
            self.closure.refuse("a variable scope that is not one constant name")
        elif item.optional_vars is not None:
            self.closure.refuse("a variable scope that is kept under a name")

    def _expression(self, node: ast.AST, scopes: list[ast.Call], branching: bool) -> None:
        loops = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.Lambda)
        for child in children(node):
            self._expression(child, scopes, branching or isinstance(node, loops))
        if isinstance(node, ast.GeneratorExp) and any(n in self.by_call for n in walk(node)):
            self.closure.refuse("a generator expression may run under other scopes")
        if isinstance(node, ast.Call) and node in self.by_call:
            self._layer(self.by_call[node], node, scopes, branching)

    def _layer(
        self, reference: Reference, call: ast.Call, scopes: list[ast.Call], branching: bool
    ) -> None:
        api = reference.api.name
        self.seen.add(call)
        if api in (
            "tf.get_variable",
            "slim.variable",
            "slim.model_variable",
            "tf.get_variable_scope",
        ):
            self.closure.refuse(f"{api} needs the variable scopes")
        signature = (
            slim_api.signature(api.removeprefix("slim.")) if api.startswith("slim.") else None
        )
        if signature is None:
            return
        if isinstance(reference.node, ast.Name) and _is_assigned(reference):
            self.closure.refuse(f"{api} is called through a name of the author's own")
        bound = bind(call, signature.parameters)
        if bound is None:
            self.closure.refuse(f"{api} with unpacked arguments")
            return
        arguments, origin = self._defaults(api, scopes)
        arguments = {name: value for name, value in arguments.items() if name not in bound}
        arguments.update(bound)
        origin = {name: scope for name, scope in origin.items() if name not in bound}
        name = self._name(api, arguments.get("scope"), _path(scopes), branching)
        normalizer = self._normalizer(arguments.get("normalizer_fn"))
        values, defaults = self._defaults(normalizer, scopes) if normalizer else ({}, {})
        told = arguments if normalizer is None else values
        trains = self._trains(call, told.get("is_training"), arguments.get("normalizer_params"))
        self.closure.layers[call] = LayerCall(
            reference, call, arguments, origin, name, normalizer, defaults, trains
        )

    def _trains(
        self, call: ast.Call, is_training: ast.expr | None, parameters: ast.expr | None
    ) -> Trains:
        """What the True means that reaches a call, if one does: there, and where it is written."""
        told = true_in(parameters) or is_training
        if not is_true(told):
            return Trains.FOLLOWS
        assert told is not None
        found = {meaning_of_true(n, self.function, self.program) for n in (call, told)}
        return found.pop() if len(found) == 1 else min(found, key=lambda trains: trains.value)

    def _normalizer(self, node: ast.expr | None) -> str | None:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        return self.values[node].api.name if node in self.values else ""

    def _defaults(
        self, api: str, scopes: list[ast.Call]
    ) -> tuple[dict[str, ast.expr], dict[str, ast.Call]]:
        arguments: dict[str, ast.expr] = {}
        origin: dict[str, ast.Call] = {}
        for scope in scopes:
            ops = getattr(scope.args[0], "elts", ()) if scope.args else ()
            if any(self.values[op].api.name == api for op in ops if op in self.values):
                for keyword in scope.keywords:
                    if keyword.arg is not None:
                        arguments[keyword.arg] = keyword.value
                        origin[keyword.arg] = scope
        return arguments, origin

    def _name(
        self, api: str, scope: ast.expr | None, path: tuple[str, ...], branching: bool
    ) -> str | None:
        default = DEFAULT_SCOPES.get(api)
        if isinstance(scope, ast.Constant) and isinstance(scope.value, str) and scope.value:
            if "/" in scope.value:
                self.closure.refuse("a layer name with a slash")
            self.used.add((*path, scope.value))
            return scope.value
        if scope is not None and not (isinstance(scope, ast.Constant) and scope.value is None):
            self.closure.refuse("a layer whose name is computed")
        if default is None:
            return None
        if branching:
            self.closure.refuse("an unnamed layer in a loop or branch: its name depends on the way")
        # tensorflow/python/ops/variable_scope.py, _get_unique_variable_scope.
        name, number = default, 0
        while (*path, name) in self.used:
            number += 1
            name = f"{default}_{number}"
        self.used.add((*path, name))
        return name


def _is_assigned(reference: Reference) -> bool:
    """``conv = slim.conv2d``."""
    found = reference.scope.lookup(reference.base)
    return found is not None and any(isinstance(binding, Assigned) for binding in found[1])


def _path(scopes: list[ast.Call]) -> tuple[str, ...]:
    """Names of the variable scopes among the open scopes."""
    first = (scope.args[0] for scope in scopes if scope.args)
    return tuple(str(name.value) for name in first if isinstance(name, ast.Constant))


def _times_bound(function: Function) -> Counter[str]:
    """How often a function binds each name; parameters of functions inside it count, too."""
    names = own_of(function.node, ast.Name)
    bound = Counter(name.id for name in names if not isinstance(name.ctx, ast.Load))
    bound.update(parameter.arg for parameter in all_of(function.node, ast.arg))
    return bound


def _last(node: ast.expr) -> str:
    """The last name of a chain of attributes; of ``x[0]`` that of ``x``."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return str(getattr(node, "attr", getattr(node, "id", "")))


# Of lists and dictionaries, which scopes may hold.
_CHANGING = frozenset(
    "append clear extend insert pop popitem remove reverse setdefault sort update".split()
)


def _changed_in_place(function: Function) -> frozenset[str]:
    """Attributes that a function sets, globals that its file sets, and what it changes in place."""
    found = {name for scope in function.module.all_scopes() for name in scope.outer}
    places: list[ast.Attribute | ast.Subscript] = [*own_of(function.node, ast.Attribute)]
    places += own_of(function.node, ast.Subscript)
    for node in places:
        if not isinstance(node.ctx, ast.Load):
            found.add(_last(node))
        elif isinstance(node, ast.Attribute) and node.attr in _CHANGING:
            found.add(_last(node.value))
    return frozenset(found)


def _components(found: dict[Function, Closure]) -> list[list[Function]]:
    """Functions that call each other, directly or not: they share scopes and one model's names."""
    components: list[list[Function]] = []
    seen: set[Function] = set()
    above: set[Meeting] = set()
    below: set[Meeting] = set()
    for start in found:
        component: list[Function] = []
        pending = [start]
        while pending:
            function = pending.pop()
            if function in found and function not in seen:
                seen.add(function)
                component.append(function)
                pending.extend(function.links.step(function, True, above))
                pending.extend(function.links.step(function, False, below))
        if component:
            components.append(component)
    return components


def _check_together(component: list[Closure]) -> None:
    names = Counter(layer.name for c in component for layer in c.layers.values() if layer.name)
    twice = sorted(name for name, count in names.items() if count > 1)
    unnamed = [c for c in component if any(_is_automatic(layer) for layer in c.layers.values())]
    for closure in component:
        if twice:
            closure.refuse(
                f"several layers are named {twice[0]!r}, which Keras does not allow in one model"
            )
        if len(unnamed) > 1:
            closure.refuse("unnamed layers in several functions: their numbers depend on the order")
    open_ones = [closure for closure in component if closure.reasons]
    open_ones.sort(key=lambda closure: closure.function.name)
    for closure in component:
        if open_ones and not closure.reasons:
            closure.refuse(
                f"it is part of one model with {open_ones[0].function.qualname or 'the module'}"
            )


def _is_automatic(layer: LayerCall) -> bool:
    return layer.name is not None and not isinstance(layer.arguments.get("scope"), ast.Constant)
