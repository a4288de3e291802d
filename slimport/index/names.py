"""What a name means where it stands: Python's scopes, imports and simple aliases.

libcst's QualifiedNameProvider does not see through ``slim = tf.contrib.slim``, which most slim
files use, so the resolver is our own. It refuses doubt: a name bound to two different things, or
to anything that is not an import or a plain alias, means nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from slimport.index.walking import Visitor

# `slim = legacy_import("tf_slim")`: what an earlier run made of an import that had to stay, of
# the written module, whatever that is called.
LEGACY_IMPORT = "legacy_import"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ScopeNode = FunctionNode | ast.ClassDef | ast.Lambda | ast.Module | ast.expr


@dataclass(frozen=True)
class Imported:
    """`import dotted` / `from module import name`; `dotted` is absolute or starts with dots."""

    dotted: str


@dataclass(frozen=True, eq=False)
class Assigned:
    """`name = value` with one target; `value` may turn out to be an alias."""

    value: ast.expr


@dataclass(frozen=True, eq=False)
class Unpacked:
    """One of the names that share a value: ``n, h = value``, ``for d in value``.

    Attributes:
        value: what is unpacked.
        position: the name's place among the targets, None in a loop.
    """

    value: ast.expr
    position: int | None


@dataclass(frozen=True, eq=False)
class Defined:
    """A function or class of this program."""

    node: FunctionNode | ast.ClassDef
    qualname: str


@dataclass(frozen=True)
class Opaque:
    """A parameter, a caught exception, an augmented assignment ...: nothing is known."""


Binding = Imported | Assigned | Unpacked | Defined | Opaque


def may_tell(binding: Binding) -> bool:
    """Whether a binding may tell what its name stands for (`slimport.index.resolve`)."""
    if isinstance(binding, Assigned):
        return isinstance(binding.value, (ast.Name, ast.Attribute))
    return isinstance(binding, (Imported, Defined))


@dataclass(eq=False)
class Scope:
    """One Python scope: a module, class, function, lambda or comprehension."""

    node: ScopeNode
    parent: Scope | None
    qualname: str = ""
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    before_stars: list[frozenset[str]] = field(default_factory=list)
    outer: set[str] = field(default_factory=set)

    def bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def lookup(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope that binds `name` as seen from here, with all its bindings there."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            visible = first or not scope.is_class
            if visible and name in scope.bindings and name not in scope.outer:
                return scope, scope.bindings[name]
            scope, first = scope.parent, False
        return None

    def root(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def function(self) -> FunctionNode | None:
        """The innermost def around (or of) this scope."""
        scope: Scope | None = self
        while scope is not None:
            if isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return scope.node
            scope = scope.parent
        return None


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class ScopeBuilder(Visitor):
    """Builds the scope tree of one module and remembers the scope of every name expression.

    Attributes:
        module: the module's own scope.
        scopes: every scope, in the order of the file.
        imports: every import statement, likewise.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.scopes: list[Scope] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.module = self._new(tree, None)
        self.scope = self.module
        self.scope_of: dict[ast.AST, Scope] = {}
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        self.scope_of[node] = self.scope
        self.methods[node.__class__](self, node)

    # Scopes -----------------------------------------------------------------------------------

    def _new(self, node: ScopeNode, parent: Scope | None, qualname: str = "") -> Scope:
        self.scopes.append(Scope(node, parent, qualname))
        return self.scopes[-1]

    def _function(self, node: FunctionNode) -> None:
        qualname = self._qualname(node.name)
        self.scope.bind(node.name, Defined(node, qualname))
        for outside in (*node.decorator_list, *_signature_expressions(node.args)):
            self.visit(outside)
        if node.returns is not None:
            self.visit(node.returns)
        self._inside(self._new(node, self.scope, qualname), node.args, node.body)

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outside in _signature_expressions(node.args):
            self.visit(outside)
        self._inside(self._new(node, self.scope, self.scope.qualname), node.args, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        qualname = self._qualname(node.name)
        self.scope.bind(node.name, Defined(node, qualname))
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self._inside(self._new(node, self.scope, qualname), None, node.body)

    def _comprehension(self, node: ast.expr) -> None:
        inner = self._new(node, self.scope, self.scope.qualname)
        outer, self.scope = self.scope, inner
        self.generic_visit(node)
        self.scope = outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _inside(
        self, inner: Scope, arguments: ast.arguments | None, body: list[ast.stmt] | list[ast.expr]
    ) -> None:
        outer, self.scope = self.scope, inner
        if arguments is not None:
            for argument in _all_arguments(arguments):
                inner.bind(argument, Opaque())
        for child in body:
            self.visit(child)
        self.scope = outer

    def _qualname(self, name: str) -> str:
        return f"{self.scope.qualname}.{name}" if self.scope.qualname else name

    # Bindings ---------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        self.imports.append(node)
        for alias in node.names:
            if alias.asname:
                self.scope.bind(alias.asname, Imported(alias.name))
            else:
                first = alias.name.partition(".")[0]
                self.scope.bind(first, Imported(first))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.imports.append(node)
        module = "." * node.level + (node.module or "")
        separator = "" if module.endswith(".") or not module else "."
        for alias in node.names:
            if alias.name == "*":
                self.scope.stars.append(module)
                self.scope.before_stars.append(frozenset(self.scope.bindings))
            else:
                dotted = f"{module}{separator}{alias.name}"
                self.scope.bind(alias.asname or alias.name, Imported(dotted))

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._target(target, node.value if len(node.targets) == 1 else None)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target, node.value)

    def _target(self, target: ast.expr, value: ast.expr | None) -> None:
        self.scope_of[target] = self.scope
        if isinstance(target, ast.Name):
            self.scope.bind(target.id, Opaque() if value is None else self._assigned(value))
        elif isinstance(target, ast.Tuple | ast.List):
            self._elements(target, value)
        elif isinstance(target, ast.Starred):
            self._target(target.value, None)
        else:
            self.visit(target)

    def _elements(self, target: ast.Tuple | ast.List, value: ast.expr | None) -> None:
        starred = any(isinstance(element, ast.Starred) for element in target.elts)
        for position, element in enumerate(target.elts):
            if isinstance(element, ast.Name) and value is not None and not starred:
                self.scope_of[element] = self.scope
                self.scope.bind(element.id, Unpacked(value, position))
            else:
                self._target(element, None)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.comprehension) -> None:
        self.visit(node.iter)
        if isinstance(node.target, ast.Name):
            self.scope_of[node.target] = self.scope
            self.scope.bind(node.target.id, Unpacked(node.iter, None))
        else:
            self.visit(node.target)
        for name, children in ast.iter_fields(node):
            for child in children if isinstance(children, list) and name != "target" else ():
                self.visit(child)

    visit_For = visit_AsyncFor = visit_comprehension = _loop

    def _assigned(self, value: ast.expr) -> Binding:
        match value:
            case ast.Call(ast.Name(callee), [ast.Constant(str(dotted))], []):
                found = self.scope.lookup(callee)
                if found is not None and all(map(is_legacy_import, found[1])):
                    return Imported(dotted)
        return Assigned(value)

    def visit_Name(self, node: ast.Name) -> None:
        # Every other way to bind: for, with ... as, del, walrus, augmented assignment.
        if not isinstance(node.ctx, ast.Load):
            self.scope.bind(node.id, Opaque())

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """What a comprehension binds so is a name of what stands around it."""
        self.visit(node.value)
        scope = self.scope
        while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        self.scope_of[node.target] = scope
        scope.bind(node.target.id, Opaque())

    def _captured(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            self.scope.bind(name, Opaque())
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_MatchMapping = _captured

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.scope.bind(node.name, Opaque())
        self.generic_visit(node)

    def _outer_names(self, node: ast.Global | ast.Nonlocal) -> None:
        if self.scope is self.module:  # `global` at the top says nothing
            return
        self.scope.outer.update(node.names)
        if isinstance(node, ast.Global):
            # An assignment through `global` changes what the module's name means.
            for name in node.names:
                self.module.bind(name, Opaque())

    visit_Global = visit_Nonlocal = _outer_names


def is_legacy_import(binding: Binding) -> bool:
    """Whether a name stands for the written module's `legacy_import`."""
    return isinstance(binding, Imported) and f".{binding.dotted}".endswith(f".{LEGACY_IMPORT}")


def dotted_parts(node: ast.expr) -> tuple[ast.Name, list[str]] | None:
    """`a.b.c` -> (Name a, ["b", "c"]); None for anything but a chain of attributes on a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return node, attributes[::-1]


def defaults_of(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """The parameters that have a default, with it."""
    positional = [p.arg for p in (*arguments.posonlyargs, *arguments.args)]
    first = len(positional) - len(arguments.defaults)
    yield from zip(positional[first:], arguments.defaults, strict=True)
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield parameter.arg, default


def _signature_expressions(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.annotation is not None:
            yield argument.annotation


def _all_arguments(arguments: ast.arguments) -> Iterator[str]:
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield argument.arg
    for star in (arguments.vararg, arguments.kwarg):
        if star is not None:
            yield star.arg
