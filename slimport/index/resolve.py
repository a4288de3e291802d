"""From an expression to what it denotes: a slim or TensorFlow API, or an object of the program."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from slimport import numpy_api, python2_api, slim_api
from slimport.index.canonical import canonical, is_namespace, is_slim
from slimport.index.modules import Module, ModuleTable
from slimport.index.names import Assigned, Binding, Defined, Imported, Scope, dotted_parts

# What `from tf_slim import *` brings in, as far as a rule could know it.
_STAR_NAMES = slim_api.LAYERS | slim_api.SHARED | frozenset(slim_api.ALIASES)


def _in_star(name: str, module: Module) -> bool:
    """Whether a name that the file does not bind comes with its ``from tf_slim import *``."""
    if name in _STAR_NAMES:
        return True
    known = hasattr(builtins, name) or name in python2_api.NAMES or name.startswith("_")
    return not known and len(module.scope.stars) == 1


@dataclass(frozen=True)
class Api:
    """A slim or TensorFlow symbol; `spelled` is the absolute name the code reaches it by.

    With `doubt`, the module that it is taken from may be something else, or absent: code behind
    ``try: import tf_slim as slim`` / ``except ImportError: slim = None`` cannot be rewritten. Nor
    can what the program puts something else in the place of: ``slim.conv2d = my_conv2d``.
    """

    name: str
    spelled: str
    doubt: bool = False


@dataclass(frozen=True)
class InTree:
    """A function or class of the program."""

    module: Module
    definition: Defined

    @property
    def qualname(self) -> str:
        return self.definition.qualname


@dataclass(frozen=True)
class InTreeModule:
    """A module of the program, or (with `module` None) a package directory without a file."""

    dotted: str
    module: Module | None


@dataclass(frozen=True)
class External:
    """Something of another library."""

    dotted: str


Meaning = Api | InTree | InTreeModule | External


def _doubted(meaning: Meaning | None, binding: Binding | None = None) -> Api | None:
    """Something of slim among the things that a name may be: what it is used for must be told.

    But for an alias, ``conv = slim.conv2d``: what it stands for is replaced where it is bound.
    TensorFlow itself has slim in it.
    """
    if not isinstance(meaning, Api) or not (is_slim(meaning.name) or meaning.name == "tf"):
        return None
    if isinstance(binding, Assigned) and not is_namespace(meaning.name):
        return None
    return Api(meaning.name, meaning.spelled, doubt=True)


class Resolver:
    """Answers "what is this expression" for every module of the tree."""

    def __init__(self, table: ModuleTable) -> None:
        self.table = table
        self.patched: Mapping[Module, frozenset[str]] = {}
        self._cache: dict[tuple[Scope, str], Meaning | None] = {}

    def doubt(self, patched: Mapping[Module, frozenset[str]]) -> None:
        """Doubts names that the program itself assigns, in the files where they mean that."""
        self.patched = patched
        self._cache.clear()

    def is_patched(self, name: str, module: Module) -> bool:
        """Whether the program puts something else in the place of a name, as the file sees it."""
        return name in self.patched.get(module, ())

    def resolve(self, node: ast.expr, scope: Scope, module: Module) -> Meaning | None:
        """The meaning of a name or a chain of attributes, None if unknown or ambiguous."""
        return self._told(self._resolve(node, scope, module), module)

    def _resolve(self, node: ast.expr, scope: Scope, module: Module) -> Meaning | None:
        chain = dotted_parts(node)
        if chain is None:
            return None
        name, attributes = chain
        meaning = self._name(name.id, scope, module)
        for attribute in attributes:
            if meaning is None:
                return None
            meaning = self._attribute(meaning, attribute, module)
        return meaning

    def _told(self, meaning: Meaning | None, module: Module) -> Meaning | None:
        """Of what may be something else, slim's alone has to be told; the rest is unknown.

        But for names that the program assigns itself.
        """
        if not isinstance(meaning, Api) or not meaning.doubt or is_slim(meaning.name):
            return meaning
        return meaning if self.is_patched(meaning.name, module) else None

    def through(self, node: ast.expr, scope: Scope, module: Module) -> set[tuple[Module, str]]:
        """Names of files that an expression goes through: ``from lib.tools import slim``."""
        trace = _Trace(self.table)
        trace.resolve(node, scope, module)
        return trace.passed

    def name(self, name: str, scope: Scope, module: Module) -> Meaning | None:
        """The meaning of a bare name as seen from `scope`."""
        return self._told(self._name(name, scope, module), module)

    def _name(self, name: str, scope: Scope, module: Module) -> Meaning | None:
        found = scope.lookup(name)
        if found is None:
            return self._star_member(name, module)
        owner, bindings = found
        key = (owner, name)
        if key not in self._cache:
            self._cache[key] = None  # what modules import from each other in a circle means nothing
            meaning = self._agreed(bindings, owner, module)
            self._cache[key] = self._after_stars(name, meaning, owner, module)
        return self._cache[key]

    def _agreed(self, bindings: list[Binding], owner: Scope, module: Module) -> Meaning | None:
        meanings = [self._binding(binding, owner, module) for binding in bindings]
        first = meanings[0]
        if isinstance(first, Api):
            # `try: import tf_slim as slim / except: slim = tf.contrib.slim`: one API.
            agree = all(isinstance(m, Api) and m.name == first.name for m in meanings)
        else:
            agree = all(meaning == first for meaning in meanings)
        if agree:
            return first
        doubted = [m for m in map(_doubted, meanings, bindings) if m is not None]
        return next((m for m in doubted if is_slim(m.name)), next(iter(doubted), None))

    def _after_stars(
        self, name: str, meaning: Meaning | None, owner: Scope, module: Module
    ) -> Meaning | None:
        """The meaning of a name where an ``import *`` below its binding may bind it anew."""
        for star, before in zip(owner.stars, owner.before_stars, strict=True):
            other = self._from_star(star, name, module) if name in before else None
            if isinstance(other, Api) and name not in _STAR_NAMES:
                continue  # slim has it only if nothing else does
            if other is not None and other != meaning:
                meaning = _doubted(meaning) or _doubted(other)
        return meaning

    def _binding(self, binding: Binding, owner: Scope, module: Module) -> Meaning | None:
        if isinstance(binding, Imported):
            return self.imported(binding.dotted, module)
        if isinstance(binding, Defined):
            return InTree(module, binding)
        if isinstance(binding, Assigned):
            return self._resolve(binding.value, owner, module)
        return None

    def imported(self, dotted: str, module: Module) -> Meaning | None:
        """What an import gives to a file: of this absolute name, or one that starts with dots."""
        if dotted.startswith("."):
            absolute = self.table.relative(module, dotted)
            return self._in_tree(absolute, module, exact=True) if absolute is not None else None
        api = canonical(dotted)
        if api is not None:
            return _api(api, dotted, self.is_patched(api, module))
        return self._in_tree(dotted, module) or _external(dotted)

    def _in_tree(self, dotted: str, importer: Module, exact: bool = False) -> Meaning | None:
        find = self.table.exact if exact else lambda name: self.table.find(name, importer)
        module = find(dotted)
        if module is not None:
            return InTreeModule(dotted, module)
        parent, _, last = dotted.rpartition(".")
        module = find(parent) if parent else None
        if module is not None:
            return self._member(module, last)
        if self.table.is_package(dotted) and (exact or self.table.find(dotted, importer) is None):
            return InTreeModule(dotted, None)
        return None

    def _attribute(self, meaning: Meaning, attribute: str, importer: Module) -> Meaning | None:
        if isinstance(meaning, Api):
            spelled = f"{meaning.spelled}.{attribute}"
            api = canonical(spelled)
            if api is None:
                return None
            return _api(api, spelled, meaning.doubt or self.is_patched(api, importer))
        if isinstance(meaning, External):
            return _external(f"{meaning.dotted}.{attribute}")
        if isinstance(meaning, InTreeModule):
            if meaning.module is not None:
                member = self._member(meaning.module, attribute)
                if member is not None:
                    return member
            return self._in_tree(f"{meaning.dotted}.{attribute}", importer)
        return None

    def _member(self, module: Module, name: str) -> Meaning | None:
        return self._name(name, module.scope, module)

    def _star_member(self, name: str, module: Module) -> Meaning | None:
        key = (module.scope, name)
        if module.scope.stars and key not in self._cache:
            self._cache[key] = None
            self._cache[key] = self._from_stars(name, module)
        return self._cache.get(key)

    def _from_stars(self, name: str, module: Module) -> Meaning | None:
        """What the last ``import *`` that has the name makes of it."""
        unknown = False
        for star in reversed(module.scope.stars):
            found = self._from_star(star, name, module)
            if found is not None:
                return (self._told(_doubted(found), module) or found) if unknown else found
            meaning = self.imported(star, module)
            unknown |= meaning is None or isinstance(meaning, External | Api)
        return None

    def _from_star(self, star: str, name: str, module: Module) -> Meaning | None:
        meaning = self.imported(star, module)
        if isinstance(meaning, InTreeModule) and meaning.module not in (None, module):
            assert meaning.module is not None
            return None if name.startswith("_") else self._member(meaning.module, name)
        if isinstance(meaning, Api) and meaning.name != "tf":
            return self._attribute(meaning, name, module) if _in_star(name, module) else None
        return None


@cache
def _api(name: str, spelled: str, doubt: bool) -> Api:
    """One object for all places that name the same: a tree names few things, often."""
    return Api(name, spelled, doubt)


def _external(dotted: str) -> Meaning:
    """An object of another library; NumPy's old names have a rule."""
    return Api(dotted, dotted) if numpy_api.old_name(dotted) else External(dotted)


class _Trace(Resolver):
    """Resolves one expression and keeps account of the names that other files supply."""

    def __init__(self, table: ModuleTable) -> None:
        super().__init__(table)
        self.passed: set[tuple[Module, str]] = set()

    def _member(self, module: Module, name: str) -> Meaning | None:
        meaning = super()._member(module, name)
        if meaning is not None:
            self.passed.add((module, name))
        return meaning
