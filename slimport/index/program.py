"""The whole program: every reference to slim and TensorFlow, every function, who calls whom."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar, TypeVar

from slimport import slim_api
from slimport.files.source import Source
from slimport.index.canonical import canonical, is_namespace, is_slim
from slimport.index.importing import dotted_names, imports_between
from slimport.index.kept import CALLED_BY_LAYERS, KeptLayers, may_call_any
from slimport.index.links import Links
from slimport.index.looked_up import loads_any, looked_up
from slimport.index.modules import Module, ModuleTable, folders_on_path
from slimport.index.names import (
    Binding,
    Defined,
    FunctionNode,
    Imported,
    Scope,
    dotted_parts,
)
from slimport.index.patched import patched_apis
from slimport.index.resolve import Api, External, InTree, Meaning, Resolver
from slimport.index.several import named_severally
from slimport.index.shapes import Shapes
from slimport.index.tf_layers import functions_with_tf_layers
from slimport.index.walking import all_of, deep
from slimport.index.written_code import makes_layers, makes_variables_alone, written_names
from slimport.index.written_scopes import openers

# line, column, end line, end column; lines from 1, columns in characters from 0 (as libcst counts)
Span = tuple[int, int, int, int]
_T = TypeVar("_T")

# Not layers, but they create slim's variables or open the scopes of its layers.
_SLIM_BUILDING = frozenset(
    "slim.variable slim.model_variable slim.local_variable slim.global_variable "
    "slim.arg_scope".split()
)
# TensorFlow's own, which share names with the layers where layers call them.
_NAMING = frozenset("tf.Variable tf.get_variable tf.variable_scope tf.get_variable_scope".split())
# What reaches the layers behind the calls inside a `with`.
_SCOPES = frozenset("slim.arg_scope tf.variable_scope tf.variable_op_scope tf.name_scope".split())


@dataclass(frozen=True, eq=False)
class Reference:
    """A name or attribute chain that denotes an API; `call` is the call whose callee it is."""

    api: Api
    node: ast.expr
    span: Span
    scope: Scope
    base: str
    call: ast.Call | None


@dataclass(eq=False)
class Function:
    """A def of the program, or a module's top level (`node` is the Module then)."""

    module: Module
    qualname: str
    node: FunctionNode | ast.Module
    links: Links = field(repr=False)
    references: list[Reference] = field(default_factory=list)
    callees: set[Function] = field(default_factory=set)
    callers: set[Function] = field(default_factory=set)
    calls: list[ast.Call] = field(default_factory=list)
    escapes: bool = False
    # Whether TensorFlow 1's own layers are made here, in a program that is rewritten.
    makes_tf_layers: bool = False

    @property
    def name(self) -> str:
        return f"{self.module.dotted}:{self.qualname or '<module>'}"

    @property
    def is_method(self) -> bool:
        around = self.module.scopes.scope_of.get(self.node)
        return around is not None and around.is_class

    @property
    def maybe_callees(self) -> set[Function]:
        """Of methods called on objects of unknown class, every method of that name."""
        return self.links.callees(self)

    @property
    def maybe_callers(self) -> set[Function]:
        """Whatever calls a method of its name on an object of unknown class."""
        return self.links.callers(self)

    @property
    def all_callees(self) -> set[Function]:
        """What it calls, and what it may call."""
        return self.callees | self.maybe_callees

    @property
    def all_callers(self) -> set[Function]:
        """What calls it, and what may call it."""
        return self.callers | self.maybe_callers

    def methods_named(self, names: Collection[str]) -> set[Function]:
        """The methods of these names that it may call, of whatever class."""
        methods = (f for f in self.maybe_callees if f.is_method)
        return {f for f in methods if f.qualname.rpartition(".")[2] in names}

    def builds(self) -> bool:
        """Whether layers or variables are made in this very function."""
        return self.makes_tf_layers or any(builds_layers(r.api.name) for r in self.references)


def _turned(found: Mapping[Module, set[Module]]) -> dict[Module, set[Module]]:
    """Who imports, by whom it imports."""
    turned: dict[Module, set[Module]] = {module: set() for module in found}
    for module, others in found.items():
        for other in others:
            turned[other].add(module)
    return turned


def builds_layers(api: str) -> bool:
    """Whether the API makes slim's layers or variables, or opens the scopes of layers."""
    return (
        api in _SLIM_BUILDING
        or api in slim_api.NETS
        or (api.startswith("slim.") and api.removeprefix("slim.") in slim_api.LAYERS)
    )


def _makes_layers_proper(written_name: str) -> bool:
    return makes_layers(written_name) and not makes_variables_alone(written_name)


def _names_variables(reference: Reference) -> bool:
    is_class = reference.api.name == "tf.Variable" and reference.call is None
    return reference.api.name in _NAMING and not is_class


class Program:
    """Index of one tree.

    Args:
        sources: parsed files by path relative to the tree's root.
        earlier: an index of some of the same sources, under the same paths.
        written_module: the name under which earlier runs wrote layer factories into the tree.
    """

    modules: list[Module]

    def __init__(
        self,
        sources: Mapping[PurePosixPath, Source],
        earlier: Program | None = None,
        written_module: str = "scoped_layers",
    ) -> None:
        with deep():
            self._index(sources, earlier, written_module)

    def _index(
        self, sources: Mapping[PurePosixPath, Source], earlier: Program | None, written_module: str
    ) -> None:
        known = {m.tree: m for m in earlier.modules} if earlier is not None else {}
        self.written_module = written_module
        self.modules = [
            known.get(source.tree) or Module(path, source.tree, source.lines)
            for path, source in sorted(sources.items())
        ]
        self.table = ModuleTable(self.modules, folders_on_path(self.modules))
        self.resolver = Resolver(self.table)
        self._register()
        patched = patched_apis(self)
        if patched:  # known by the names that are in doubt from now on
            self.resolver.doubt(patched)
            self._meanings.clear()
        self._collect()
        for function in functions_with_tf_layers(self):
            function.makes_tf_layers = True
        for function in looked_up(self):
            function.escapes = True
        self._link_handed()
        self.building = self._building()
        self.written_names = written_names(self, written_module)
        names = self.written_names.items()
        self.rewritten = {function for function, used in names if any(map(makes_layers, used))}
        self.written_scopes = openers(self)
        self._link_methods()
        self._link_unseen()
        self.scoping = self._scoping()
        self.built = self._built()
        #: What may call code that an earlier run migrated: its scopes are not scopes of nothing.
        self.around_rewritten = (
            self.links.reached(self.rewritten, up=True) - self.rewritten - self.scoping
        )

    def _register(self) -> None:
        """Registers the functions and imports of every file."""
        self.links = Links(self.connected)
        self.functions: dict[ast.AST, Function] = {}
        self.by_module: dict[Module, list[Function]] = {}
        for module in self.modules:
            self._collect_functions(module)
        imports = imports_between(self.modules, self.table)
        self.imports, self.star_imports = imports.modules, imports.stars
        self.imported_names = imports.names
        self._imported_by: dict[Module, set[Module]] = {}
        self._star_imported_by: dict[Module, set[Module]] = {}
        self._connected: dict[Module, set[Module]] = {}
        self._imported_apis: dict[Module, set[str]] = {}
        self._meanings: dict[ast.expr, Meaning | None] = {}

    def _collect(self) -> None:
        """Registers the references and calls of every file."""
        self._several = named_severally(self)
        self._redefined = self._bound_again()
        self.handed: list[tuple[Function, Function]] = []  # by whom, what layers call
        for module in self.modules:
            _ReferenceCollector(self, module).collect()

    def all(self) -> Iterator[Function]:
        return iter(self.functions.values())

    def resolve(self, node: ast.expr, module: Module) -> Meaning | None:
        """Meaning of a name or attribute chain of `module`."""
        if not module.may_tell(node):
            return None
        if node not in self._meanings:
            scope = module.scopes.scope_of.get(node, module.scope)
            self._meanings[node] = self.resolver.resolve(node, scope, module)
        return self._meanings[node]

    def imported_apis(self, module: Module) -> set[str]:
        """Canonical names of everything the module refers to or has a name for."""
        if module not in self._imported_apis:
            found = {r.api.name for f in self.by_module[module] for r in f.references}
            found |= _imported_by_import(module)
            for scope in module.all_scopes():
                found |= {api for star in scope.stars if (api := canonical(star)) is not None}
                for name in scope.bindings:
                    meaning = self.resolver.name(name, scope, module)
                    if isinstance(meaning, Api):
                        found.add(meaning.name)
            self._imported_apis[module] = found
        return self._imported_apis[module]

    def function_of(self, definition: Defined) -> Function | None:
        return self.functions.get(definition.node)

    def connected(self, module: Module) -> set[Module]:
        """The files that share a program with this one, as far as imports tell."""
        if not self._connected:
            for start in self.modules:
                if start not in self._connected:
                    group = closure_of([start], lambda m: self.imports[m] | self._importers(m))
                    self._connected.update(dict.fromkeys(group, group))
        return self._connected[module]

    def loaded_with(self, module: Module) -> set[Module]:
        """The files that a process with this one may load: of what imports it, all imports."""
        importers = closure_of([module], self._importers)
        return closure_of(importers, self.imports.__getitem__)

    def _importers(self, module: Module) -> set[Module]:
        """The files that import this one, once all are read."""
        if not self._imported_by:
            self._imported_by = _turned(self.imports)
        return self._imported_by[module]

    def star_importers(self, module: Module) -> set[Module]:
        """The files that have all names of this one by an ``import *``."""
        if not self._star_imported_by:
            self._star_imported_by = _turned(self.star_imports)
        return self._star_imported_by[module]

    def _link_handed(self) -> None:
        """Layers call what they are handed (`activation_fn`): its variables are in their scopes."""
        for caller, target in self.handed:
            called = closure_of([target], lambda f: f.callees)
            if any(_names_variables(r) for f in called for r in f.references):
                caller.callees.add(target)
                target.callers.add(caller)

    def _building(self) -> set[Function]:
        """Functions that make layers, those that call them, and what names variables with them."""
        callers = closure_of((f for f in self.all() if f.builds()), lambda f: f.callers)
        called = closure_of(callers, lambda f: f.callees)
        return callers | {f for f in called if any(map(_names_variables, f.references))}

    def _built(self) -> set[Function]:
        """The `building` of an earlier run: what makes its layers, and what calls that."""
        names = self.written_names.items()
        layers = {f for f, used in names if any(map(_makes_layers_proper, used))}
        callers = closure_of(layers, lambda f: f.callers)
        return callers | (closure_of(callers, lambda f: f.callees) & self.rewritten)

    def _scoping(self) -> set[Function]:
        """Like `building`, with what may be called: the scopes of these functions reach layers.

        Or variables that share names with layers: who calls these may open scopes around them, too.
        """
        callers = self.links.reached(self.building, up=True)
        called = self.links.reached(callers, up=False)
        naming = {f for f in called if any(map(_names_variables, f.references))}
        return callers | self.links.reached(naming, up=True)

    def _link_methods(self) -> None:
        """Adds the calls that Python resolves when the program runs; see `_may_mean`."""
        for function in self.all():
            if function.is_method:
                self.links.add_target(function.qualname.rpartition(".")[2], function)
        for name, functions in self._redefined.items():
            for function in functions:
                self.links.add_target(_REDEFINED + name, function)
        for caller in self.all():
            for call in caller.calls:
                meaning = self.resolve(call.func, caller.module)
                names = [*_may_mean(call, meaning)]
                if meaning is None or self._is_one_of_several(call, caller.module):
                    names.append(_REDEFINED + _last(call.func))
                elif isinstance(meaning, External):  # of no library: a file has it twice
                    names.append(_REDEFINED + meaning.dotted.rpartition(".")[2])
                if isinstance(meaning, InTree):
                    target = self.function_of(meaning.definition)
                    if target is not None:
                        self.links.add_direct(caller, target, call)
                self.links.add_call(caller, names, call)

    def _is_one_of_several(self, call: ast.Call, module: Module) -> bool:
        """Whether imports bind the name that a call starts with to more than one thing."""
        names = self._several.names.get(module)
        chain = dotted_parts(call.func) if names else None
        return chain is not None and names is not None and chain[0].id in names

    def _bound_again(self) -> dict[str, dict[Function, None]]:
        """Functions whose names are bound more than once, so that no call is known to mean one.

        ``def net(x)`` in both branches of an `if`, or in two cells of a notebook; also imports.
        """
        found = {name: {**functions} for name, functions in self._several.functions.items()}
        for function in self.all():
            around = function.module.scopes.scope_of.get(function.node)
            if around is None or around.is_class or isinstance(function.node, ast.Module):
                continue
            if len(around.bindings.get(function.node.name, ())) > 1:
                found.setdefault(function.node.name, {})[function] = None
        return found

    def add_reference(
        self,
        name: str,
        node: ast.expr,
        whole: ast.expr,
        columns: ColumnMap,
        module: Module,
        call: ast.Call | None = None,
    ) -> None:
        """Adds what no name of a library denotes to the function that holds it.

        Args:
            name: the canonical name.
            node: the expression that a `Reference` has.
            whole: what a rule replaces.
            columns: of the module's lines.
            module: the file.
            call: the call whose callee it is.
        """
        scope = module.scopes.scope_of.get(node, module.scope)
        base = node.id if isinstance(node, ast.Name) else ""
        reference = Reference(Api(name, name), node, columns.span(whole), scope, base, call)
        self.functions[scope.function() or module.tree].references.append(reference)

    @property
    def redefined(self) -> Collection[str]:
        """Names of functions that are bound more than once."""
        return self._redefined.keys()

    def passed_on(self, name: str) -> None:
        """Remembers that something of this name is a value somewhere: anybody may call it."""
        for function in self._redefined.get(name, ()):
            function.escapes = True

    def _link_unseen(self) -> None:
        """Links code around layers with layers that it may reach without naming them.

        Properties, operators, and functions (slim's too) that are kept as values: nothing at the
        place where they run tells that it is they. A scope may be open around the place, or layers
        be made that share names with these, in a caller of the function that it is in.
        """
        kept = KeptLayers(self)
        for function in self.building:
            for maker in kept.in_lambdas(function):
                maker.escapes = True
        unseen: dict[Module, list[Function]] = {}
        for function in self.building:
            if function.is_method and _is_called_unseen(function):
                function.escapes = True
            if function.escapes or kept.by(function) or self._is_wrapped(function):
                unseen.setdefault(function.module, []).append(function)
        if not unseen:
            return
        around = {f for f in self.all() if any(r.api.name in _SCOPES for r in f.references)}
        around |= self.written_scopes
        loading = {module for module in self.modules if loads_any(module, self)}
        everything = set(self.modules)
        known: dict[int, _Unseen] = {}
        for caller in self.links.reached({*around, *self.building}, up=False):
            near = everything if caller.module in loading else self.connected(caller.module)
            if id(near) not in known:
                known[id(near)] = _Unseen([f for m in near for f in unseen.get(m, ())])
            callees = known[id(near)].reached_by(self._named_in(caller))
            self.links.add_unseen(caller, callees - {caller})

    def _is_wrapped(self, function: Function) -> bool:
        """Whether a decorator of the program, or an unknown one, may keep it and call it."""
        for decorator in getattr(function.node, "decorator_list", ()):
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            meaning = self.resolve(callee, function.module)
            unknown = meaning is None and _last(callee) not in _CALLED_BY_NAME
            if unknown or isinstance(meaning, InTree):
                return True
        return False

    def _named_in(self, caller: Function) -> set[str]:
        """The attributes that a function names; empty text where it calls what nobody knows."""
        named = {node.attr for node in all_of(caller.node, ast.Attribute)}
        unknown = any(self._may_call_any(call, caller.module) for call in caller.calls)
        return named | {""} if unknown else named

    def _may_call_any(self, call: ast.Call, module: Module) -> bool:
        scope = module.scopes.scope_of.get(call.func, module.scope)
        found = scope.lookup(call.func.id) if isinstance(call.func, ast.Name) else None
        if found is not None and all(map(self._is_written, found[1])):
            return False
        return may_call_any(call, self.resolve(call.func, module), found is not None)

    def _is_written(self, binding: Binding) -> bool:
        """Whether a name comes from the written module, which may not be in the tree yet."""
        return isinstance(binding, Imported) and binding.dotted.split(".")[-2:-1] == [
            self.written_module
        ]

    def calls_of(self, caller: Function, callee: Function) -> list[ast.Call]:
        """The calls in `caller` that lead, or may lead, to `callee`."""
        return self.links.calls(caller, callee)

    def _collect_functions(self, module: Module) -> None:
        found = [Function(module, "", module.tree, self.links)]
        for scope in module.all_scopes():
            if isinstance(scope.node, FunctionNode):
                found.append(Function(module, scope.qualname, scope.node, self.links))
        for function in found:
            self.functions[function.node] = function
        self.by_module[module] = found


def _imported_by_import(module: Module) -> set[str]:
    """What ``import tensorflow.contrib.slim`` loads, beside the name `tensorflow` that it binds."""
    aliases = (alias for node in all_of(module.tree, ast.Import) for alias in node.names)
    return {api for alias in aliases if (api := canonical(alias.name)) is not None}


def bind(call: ast.Call, parameters: tuple[str, ...]) -> dict[str, ast.expr] | None:
    """Arguments by name, None where one is unpacked, unknown or given twice."""
    if len(call.args) > len(parameters) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    bound = dict(zip(parameters, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in parameters or keyword.arg in bound:
            return None
        bound[keyword.arg] = keyword.value
    return bound


# Before the names of functions that are no methods, among the names that calls may mean.
_REDEFINED = "def "
# Decorators that leave a method to be called by its name. Others may make a property of it.
_CALLED_BY_NAME = frozenset("abstractmethod classmethod function override staticmethod".split())


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    """What ``prelu if deep else None`` may come to."""
    if isinstance(node, ast.IfExp):
        yield from _choices(node.body)
        yield from _choices(node.orelse)
    else:
        yield node


def _last(node: ast.expr) -> str:
    """``net`` of both ``net`` and ``nets.net``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _may_mean(call: ast.Call, meaning: Meaning | None) -> tuple[str, ...]:
    """Names of the methods that a call may lead to, of whatever class.

    ``x.predict()`` may mean each `predict`, or an object kept as `x.predict`, which may be of a
    class with `__call__`; making an object means its `__init__`.
    """
    if meaning is None:
        return (getattr(call.func, "attr", ""), "__call__")
    is_class = isinstance(meaning, InTree) and isinstance(meaning.definition.node, ast.ClassDef)
    return ("__init__",) if is_class else ()


def _is_called_unseen(method: Function) -> bool:
    """Whether a method may run without a call of its name: properties, operators, `with`."""
    if _is_special(method.qualname.rpartition(".")[2]):
        return True
    decorators = getattr(method.node, "decorator_list", ())
    last = {ast.unparse(decorator).rpartition(".")[2] for decorator in decorators}
    return not last <= _CALLED_BY_NAME


class _Unseen:
    """Functions of some files that code may run without calling them by name."""

    def __init__(self, functions: Collection[Function]) -> None:
        self._all = frozenset(functions)
        self._by_name: dict[str, set[Function]] = {}
        self._special: set[Function] = set()
        for function in functions:
            name = function.qualname.rpartition(".")[2]
            self._by_name.setdefault(name, set()).add(function)
            if function.is_method and _is_special(name):
                self._special.add(function)

    def reached_by(self, named: set[str]) -> Set[Function]:
        """Those that code may run which names these attributes; see `Program._named_in`."""
        if "" in named:
            return self._all
        return self._special.union(*(self._by_name.get(name, ()) for name in named))


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in ("__init__", "__call__")


def callees(function: Function) -> set[Function]:
    """The function and everything of the program that it calls, directly or not."""
    return closure_of([function], lambda f: f.callees)


def closure_of(start: Iterable[_T], step: Callable[[_T], Iterable[_T]]) -> set[_T]:
    """Everything that `step` leads to from `start`, `start` included."""
    reached: set[_T] = set()
    pending = list(start)
    while pending:
        item = pending.pop()
        if item not in reached:
            reached.add(item)
            pending.extend(step(item))
    return reached


class _ReferenceCollector:
    """Registers references, calls and escaping functions of one module."""

    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.module = module
        self.columns = ColumnMap(module.lines)
        self.callees: dict[ast.expr, ast.Call] = {}
        self.methods = {function.qualname: function for function in program.by_module[module]}
        self.shapes = Shapes(module)
        self.within: set[ast.expr] = set()  # chains that have a meaning as a whole
        self.owners: dict[Scope, Function] = {}
        self.redefined = program.redefined
        self.called_by_layers: set[ast.expr] = set()

    def collect(self) -> None:
        for node in all_of(self.module.tree, *self._met):
            if node in self.within:
                self.within.add(getattr(node, "value", node))
            else:
                self._met[node.__class__](self, node)

    def _call(self, node: ast.Call) -> None:
        self.callees[node.func] = node
        self._function(node).calls.append(node)
        self._method(node)
        for keyword in node.keywords:
            if keyword.arg in CALLED_BY_LAYERS:
                self.called_by_layers.update(_choices(keyword.value))

    def _method(self, node: ast.Call) -> None:
        """``self.predict(...)`` calls the method of the class around it."""
        function = node.func
        if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
            return
        if function.value.id not in ("self", "cls"):
            return
        caller = self._function(node)
        owner = caller.qualname.rpartition(".")[0]
        while owner:
            target = self.methods.get(f"{owner}.{function.attr}")
            if target is not None:
                caller.callees.add(target)
                target.callers.add(caller)
                return
            owner = owner.rpartition(".")[0]

    def _attribute(self, node: ast.Attribute) -> None:
        if self._tells(node) and self._reference(node):
            self.within.add(node.value)
        elif node.attr in self.shapes.asking:
            self._shape_query(node)

    def _shape_query(self, node: ast.Attribute) -> None:
        """Static shapes are asked of tensors, whatever their name: ``x.get_shape().as_list()``."""
        scope = self.module.scopes.scope_of.get(node, self.module.scope)
        kind, whole = self.shapes.asked(node, self.callees.get(node), scope)
        if kind:
            self.program.add_reference(f"tensor.{kind}", node, whole, self.columns, self.module)

    def _name(self, node: ast.Name) -> None:
        if node.ctx.__class__ is ast.Load and self._tells(node):
            self._reference(node)

    def _tells(self, node: ast.Name | ast.Attribute) -> bool:
        """Whether `_reference` may find anything."""
        return self.module.may_tell(node) or _last(node) in self.redefined

    def _imported(self, node: ast.Import) -> None:
        for alias, dotted in dotted_names(node):
            self._passed_on(alias)
            self._in_class(node, alias, dotted, self._place(alias, 0, dotted))

    def _imported_from(self, node: ast.ImportFrom) -> None:
        for alias, dotted in dotted_names(node):
            self._passed_on(alias)
            if node.module:
                place = self._place(node, len("from ") + node.level, node.module)
                self._in_class(node, alias, dotted, place)

    def _place(self, node: ast.stmt | ast.alias, after: int, name: str) -> Span:
        """Where an import says a name; the spaces before it are taken to be the usual ones."""
        start = self.columns.column(node.lineno, node.col_offset) + after
        return node.lineno, start, node.lineno, start + len(name)

    def _in_class(
        self, node: ast.Import | ast.ImportFrom, alias: ast.alias, dotted: str, place: Span
    ) -> None:
        """What a class body imports of slim is reached by attributes, which nobody follows."""
        scope = self.module.scopes.scope_of.get(node, self.module.scope)
        api = canonical(dotted) if scope.is_class else None
        if api is None or not is_slim(api):
            return
        while not is_namespace(api):
            api = api.rpartition(".")[0]
        first = dotted.partition(".")[0] if isinstance(node, ast.Import) else alias.name
        local = alias.asname or first
        name = ast.copy_location(ast.Name(local, ast.Load()), alias)
        reference = Reference(Api(api, dotted), name, place, scope, local, None)
        self._function(node).references.append(reference)

    def _passed_on(self, alias: ast.alias) -> None:
        if alias.asname is not None:
            self.program.passed_on(alias.name)

    def _reference(self, node: ast.expr) -> bool:
        meaning = self.program.resolve(node, self.module)
        call = self.callees.get(node)
        if call is None and isinstance(getattr(node, "ctx", None), ast.Load):
            self.program.passed_on(_last(node))
        if isinstance(meaning, Api):
            base = node
            while isinstance(base, ast.Attribute):
                base = base.value
                self.program.passed_on(_last(base))
            assert isinstance(base, ast.Name)
            span = self.columns.span(node)
            scope = self.module.scopes.scope_of.get(node, self.module.scope)
            reference = Reference(meaning, node, span, scope, base.id, call)
            self._function(node).references.append(reference)
            return True
        if isinstance(meaning, InTree):
            self._in_tree(meaning, node, called=call is not None)
            return True
        return False

    def _in_tree(self, meaning: InTree, node: ast.expr, called: bool) -> None:
        function, target = self._function(node), self.program.function_of(meaning.definition)
        if target is None:
            return
        if called:
            function.callees.add(target)
            target.callers.add(function)
        else:
            target.escapes = True
            if node in self.called_by_layers:
                self.program.handed.append((function, target))

    def _function(self, node: ast.AST) -> Function:
        scope = self.module.scopes.scope_of.get(node, self.module.scope)
        found = self.owners.get(scope)
        if found is None:
            found = self.program.functions[scope.function() or self.module.tree]
            self.owners[scope] = found
        return found

    _met: ClassVar[Mapping[type[ast.AST], Callable[[Any, Any], None]]] = {
        ast.Attribute: _attribute,
        ast.Call: _call,
        ast.Import: _imported,
        ast.ImportFrom: _imported_from,
        ast.Name: _name,
    }


class ColumnMap:
    """Converts `ast`'s byte columns into character columns."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def column(self, line: int, byte: int) -> int:
        if line > len(self.lines) or self.lines[line - 1].isascii():
            return byte
        return len(self.lines[line - 1].encode("utf-8")[:byte].decode("utf-8", "ignore"))

    def span(self, node: ast.expr) -> Span:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.column(node.lineno, node.col_offset)
        return (
            node.lineno,
            start,
            node.end_lineno,
            self.column(node.end_lineno, node.end_col_offset),
        )
