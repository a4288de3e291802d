"""Where a tree sets the defaults of a layer: the with-statements around its call, read by `ast`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slimport.verify.result import Site

#: Functions that set defaults, by their last name.
SCOPES = ("layer_defaults", "arg_scope")

Frame = tuple[str, int, str]

#: Words in the names of keywords that decide on a group of tensors.
CONCERNS = {
    "regularisation": ("regularizer",),
    "update": ("momentum", "decay", "statistics"),
    "variable": ("trainable", "normalizer", "bias"),
    "initial": ("initializer",),
}
#: Keywords whose value holds more keywords.
_HOLDERS = ("normalizer_params", "params")
_DEPTH = 6


@dataclass(frozen=True)
class Default:
    """A line that sets a default.

    Attributes:
        site: The line.
        keyword: Name of the keyword; empty for the with-statement itself.
    """

    site: Site
    keyword: str = ""


class Scopes:
    """The with-statements of one tree.

    Args:
        root: Root of the tree.
        paths: Import roots, relative to it.
    """

    def __init__(self, root: Path, paths: Sequence[str]) -> None:
        self.root, self.roots = root, [root / path for path in paths]

    def defaults(
        self, frames: Iterable[Frame], entry: str | None, words: Sequence[str]
    ) -> tuple[Site, ...]:
        """Returns where defaults of a layer are set, those that matter first.

        Args:
            frames: The call of the layer and its callers.
            entry: The function whose result is entered around the case's entry, as
                ``package.module:function``.
            words: Parts of the names of keywords that matter.
        """
        found: list[Default] = []
        for file, line, _ in frames:
            module = self._module(self.root / file)
            if module is not None:
                for item in reversed(_around(module.tree, line)):
                    found += self._of_item(module, item, line, _DEPTH)
        if entry:
            found += self._of_entry(entry)
        matters = [d for d in found if any(word in d.keyword for word in words)]
        rest = [d for d in found if not d.keyword]
        return tuple(dict.fromkeys(default.site for default in [*matters, *rest]))

    def _of_entry(self, entry: str) -> list[Default]:
        name, _, function = entry.partition(":")
        module = self._imported(name)
        return [] if module is None else self._of_function(module, function, _DEPTH)

    def _of_function(self, module: _Module, name: str, depth: int) -> list[Default]:
        """Defaults that a function sets: those of all with-statements in it."""
        function = module.functions.get(name)
        if function is None or depth == 0:
            return []
        found = []
        for node in ast.walk(function):
            if isinstance(node, (ast.With, ast.AsyncWith)):
                for item in node.items:
                    found += self._of_item(module, item, item.context_expr.lineno, depth - 1)
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                found += self._of_call(module, node.value, depth - 1)
        return found

    def _of_item(self, module: _Module, item: ast.withitem, line: int, depth: int) -> list[Default]:
        value = item.context_expr
        if isinstance(value, ast.Name):
            value = module.assigned(value.id, line) or value
        return self._of_call(module, value, depth) if isinstance(value, ast.Call) else []

    def _of_call(self, module: _Module, call: ast.Call, depth: int) -> list[Default]:
        if depth == 0:
            return []
        name = _last(call.func)
        if name not in SCOPES:
            there, own = self._home(module, call.func)
            return [] if there is None else self._of_function(there, own, depth)
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Name):
            first = module.assigned(first.id, call.lineno) or first
        if isinstance(first, ast.Call):
            inner = self._of_call(module, first, depth - 1)
            if inner:
                return inner
        found = [Default(module.site(self.root, call.lineno))]
        for keyword in call.keywords:
            found += self._of_keyword(module, keyword, call.lineno)
        return found

    def _of_keyword(self, module: _Module, keyword: ast.keyword, line: int) -> Iterator[Default]:
        """The lines of a keyword, and of the dictionary that it hands on."""
        name, value = keyword.arg or "", keyword.value
        yield Default(module.site(self.root, value.lineno), name)
        if isinstance(value, ast.IfExp):
            value = value.body
        if isinstance(value, ast.Name):
            value = module.assigned(value.id, line) or value
        if name and not name.endswith(_HOLDERS):
            yield Default(module.site(self.root, value.lineno), name)
            return
        if isinstance(value, ast.Dict):
            for key, item in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield Default(module.site(self.root, item.lineno), str(key.value))
        elif isinstance(value, ast.Call) and _last(value.func) == "dict":
            for item_keyword in value.keywords:
                place = module.site(self.root, item_keyword.value.lineno)
                yield Default(place, item_keyword.arg or "")

    def _home(self, module: _Module, function: ast.expr) -> tuple[_Module | None, str]:
        """The module of the tree that defines what is called, and its name there."""
        if isinstance(function, ast.Name):
            if function.id in module.functions:
                return module, function.id
            path = module.imports.get(function.id, "")
            return self._imported(path), path.rpartition(".")[2]
        if isinstance(function, ast.Attribute):
            path = module.imports.get(ast.unparse(function.value), "")
            return self._imported(path), function.attr
        return None, ""

    def _imported(self, name: str) -> _Module | None:
        """A module by its dotted name, which may end in a name that it defines."""
        parts = name.split(".")
        for length in (len(parts), len(parts) - 1):
            for root in self.roots:
                path = root.joinpath(*parts[:length])
                for file in (path.with_suffix(".py"), path / "__init__.py"):
                    if length and parts[0] and file.is_file():
                        return self._module(file)
        return None

    def _module(self, path: Path) -> _Module | None:
        try:
            return _parsed(path.resolve(), path.stat().st_mtime_ns)
        except (OSError, SyntaxError, ValueError):
            return None


class _Module:
    """A parsed file."""

    def __init__(self, path: Path) -> None:
        text = path.read_bytes()
        self.path, self.tree = path, ast.parse(text)
        self.lines = text.decode("utf-8", "replace").splitlines()
        self.functions = {
            node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)
        }
        self.imports = dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.asname or alias.name, alias.name
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.ImportFrom):
                folder = self.path.parent.name
                for alias in node.names:
                    yield alias.asname or alias.name, f"{folder}.{node.module or ''}.{alias.name}"

    def assigned(self, name: str, line: int) -> ast.expr | None:
        """What was last assigned to a name before a line, in the same function."""
        scope: ast.AST = self.function(line) or self.tree
        found: list[ast.Assign] = [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and node.lineno <= line
            and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
        ]
        return max(found, key=lambda node: node.lineno).value if found else None

    def function(self, line: int) -> ast.FunctionDef | None:
        """The innermost function around a line."""
        around = [f for f in self.functions.values() if f.lineno <= line <= (f.end_lineno or 0)]
        return max(around, key=lambda f: f.lineno, default=None)

    def site(self, root: Path, line: int) -> Site:
        """A line as a report carries it."""
        function = self.function(line)
        text = self.lines[line - 1].strip() if line <= len(self.lines) else ""
        file = _relative(self.path, root)
        return Site(file, line, function.name if function else "", text)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


@functools.lru_cache(maxsize=256)
def _parsed(path: Path, changed: int) -> _Module:
    del changed  # a file that was written anew is parsed anew
    return _Module(path)


def _around(tree: ast.AST, line: int) -> list[ast.withitem]:
    """Items of the with-statements whose blocks hold a line, outermost first."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.With, ast.AsyncWith))
        and node.body[0].lineno <= line <= (node.end_lineno or 0)
    ]
    found.sort(key=lambda node: node.lineno)
    return [item for node in found for item in node.items]


def _last(function: ast.expr) -> str:
    """The last name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def site(root: Path, frame: Frame) -> Site:
    """A frame as a report carries it, with the text of its line."""
    file, line, function = frame
    path = root / file
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return Site(Path(file).as_posix(), line, "" if function == "<module>" else function, text)
