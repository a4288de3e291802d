"""The modules of the given tree and how they import each other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from slimport.index.names import Scope, ScopeBuilder, may_tell
from slimport.index.walking import all_of


def notebook_part(name: str) -> str:
    """The last part of a notebook's name as a module."""
    return f"{name.removesuffix('.ipynb')}__ipynb"


@dataclass(eq=False)
class Module:
    """One parsed file. `path` is relative to the tree's root, with forward slashes."""

    path: PurePosixPath
    tree: ast.Module
    lines: list[str] = field(repr=False)
    scopes: ScopeBuilder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.scopes = ScopeBuilder(self.tree)

    @property
    def scope(self) -> Scope:
        return self.scopes.module

    def all_scopes(self) -> list[Scope]:
        """Every scope of the file, the module's own included."""
        return self.scopes.scopes

    @cached_property
    def _text(self) -> str:
        return "\n".join(self.lines)

    def holds(self, *texts: str) -> bool:
        """Whether any of these stands in a line of the file, comments included."""
        return any(text in self._text for text in texts)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name, attribute and imported name of the file, whatever it stands for."""
        attributes = (node.attr for node in all_of(self.tree, ast.Attribute))
        names = (node.id for node in all_of(self.tree, ast.Name))
        imported = (node.name.rpartition(".")[2] for node in all_of(self.tree, ast.alias))
        return frozenset({*attributes, *names, *imported})

    @cached_property
    def puts_first(self) -> frozenset[str]:
        """Names in ``sys.path.insert(0, ...)``: a folder so named comes before the file's own."""
        if not self.holds("sys.path.insert"):
            return frozenset()
        found: set[str] = set()
        for call in all_of(self.tree, ast.Call):
            match call:
                case ast.Call(ast.Attribute(attr="insert"), [ast.Constant(0), place]):
                    found |= _folder_names(place)
        return frozenset(found)

    def may_tell(self, node: ast.expr) -> bool:
        """Whether a name or chain of attributes may denote what has a name elsewhere.

        Most of a file do not: they are parameters, variables, results of calls.
        """
        while node.__class__ is ast.Attribute:
            node = node.value
        return node.__class__ is ast.Name and (self._telling is None or node.id in self._telling)

    @cached_property
    def _telling(self) -> frozenset[str] | None:
        """The names that have a binding which may tell what they are; None for any name."""
        scopes = self.all_scopes()
        if any(scope.stars for scope in scopes):
            return None
        bound = (item for scope in scopes for item in scope.bindings.items())
        return frozenset(name for name, bindings in bound if any(map(may_tell, bindings)))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Path as a dotted name's parts: ``nets/__init__.py`` is ``("nets",)``.

        A notebook's last part is one that no import has, only what ``%run`` becomes.
        """
        if self.is_notebook:
            return (*self.package, notebook_part(self.path.name))
        parts = self.path.with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def is_notebook(self) -> bool:
        return self.path.suffix == ".ipynb"

    @property
    def package(self) -> tuple[str, ...]:
        """Parts of the package that relative imports start from."""
        return self.path.parent.parts

    @property
    def dotted(self) -> str:
        return ".".join(self.parts)


def folders_on_path(modules: Iterable[Module]) -> set[str]:
    """Names in the texts of files that deal with `sys.path`: folders that they may put there."""
    found: set[str] = set()
    for module in modules:
        if module.holds("sys.path"):
            found |= _folder_names(module.tree)
    return found


def _folder_names(tree: ast.AST) -> set[str]:
    texts = (node.value for node in all_of(tree, ast.Constant))
    return {name for text in texts if isinstance(text, str) for name in text.split("/")}


#: What a bare import means by these is installed, whatever a tree has under the name.
_LIBRARIES = frozenset(
    {"PIL", "absl", "cv2", "h5py", "keras", "matplotlib", "numpy", "pandas", "pytest", "scipy",
     "six", "skimage", "sklearn", "tensorboard", "tensorflow", "tf_keras", "tf_slim", "torch",
     "tqdm", "yaml"}
)  # fmt: skip


class ModuleTable:
    """Finds modules by the dotted names that files of the tree import them under.

    Args:
        modules: all of the tree.
        on_path: names of folders that may be on the path of imports though they are packages;
            None for any.
    """

    def __init__(self, modules: list[Module], on_path: Collection[str] | None = ()) -> None:
        self.modules = modules
        self._on_path = on_path
        self._by_suffix: dict[str, list[Module]] = {}
        self._packages: dict[str, list[tuple[str, ...]]] = {}
        for module in modules:
            for start in range(len(module.parts)):
                self._by_suffix.setdefault(".".join(module.parts[start:]), []).append(module)
        directories = {
            module.package[:n] for module in modules for n in range(1, len(module.package) + 1)
        }
        for directory in sorted(directories):
            for start in range(len(directory)):
                self._packages.setdefault(".".join(directory[start:]), []).append(directory)

    def find(self, dotted: str, importer: Module) -> Module | None:
        """The module that `importer` gets for the absolute name `dotted`, if it is in the tree.

        A root of the import path is not known for certain. A directory above the importer is one
        for any name; a directory elsewhere (``slim/`` for ``nets.vgg``) for names of two parts. It
        is one for a bare ``utils``, too, where nothing above the importer has that name and no
        library is called so: `sys.path` or the shell then names `slim/`. A package is named by
        `sys.path` alone, or ``import jax`` were a neighbour's folder of adapters.
        """
        depth = dotted.count(".") + 1
        candidates = []
        for module in self._by_suffix.get(dotted, ()):
            root = module.parts[:-depth]
            above = importer.package[: len(root)] == root
            if above or depth > 1 or self._may_hold(root, dotted):
                first = bool(root) and root[-1] in importer.puts_first
                shared = _shared(root, importer.package)
                candidates.append((not first, not above, -shared, module))
        candidates.sort(key=lambda candidate: candidate[:3])
        return candidates[0][3] if candidates else None

    def _may_hold(self, root: tuple[str, ...], name: str) -> bool:
        """Whether a directory may be a root for the sake of a module in it."""
        if not root or name in sys.stdlib_module_names or name in _LIBRARIES:
            return False
        named = self._on_path is None or root[-1] in self._on_path
        return named or self.exact(".".join(root)) is None

    def relative(self, module: Module, dotted: str) -> str | None:
        """``..a.b`` as seen from `module` -> tree-absolute dotted name, None beyond the root."""
        name = dotted.lstrip(".")
        level = len(dotted) - len(name)
        if level - 1 > len(module.package):
            return None
        base = module.package[: len(module.package) - (level - 1)]
        return ".".join((*base, *(name.split(".") if name else ())))

    def exact(self, dotted: str) -> Module | None:
        """The module at exactly this place of the tree."""
        for module in self._by_suffix.get(dotted, ()):
            if module.dotted == dotted:
                return module
        return None

    def is_package(self, dotted: str) -> bool:
        """Whether some directory of the tree that holds modules ends in this dotted name."""
        return dotted in self._packages


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count
