"""Which program a file belongs to: where its root is, and which files import each other.

A decision about a function rests on all its callers, so that a file that is given by its name is
read with every file that imports it, or that it imports, directly or not. Only import statements
are looked at here, with a regular expression: a checkout may hold thousands of files.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import tokenize
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, cast

from slimport.files.discover import NOTEBOOK, discover
from slimport.index.modules import Module, ModuleTable

_IMPORT = re.compile(
    rb"(?:\bfrom\b(?P<base>(?:[.\w\x80-\xff \t]|\\\r?\n)*?))?\bimport\b"
    rb"(?P<names>[ \t]*(?:\\\r?\n[ \t]*)?\((?:[^)#]|#[^\n]*)*\)|[^\n;#]*(?:\\\r?\n[^\n;#]*)*)"
)
_NAME = re.compile(rb"[\w\x80-\xff.]+|\*")
_ATTRIBUTE = re.compile(rb"\.\s*(?:\\\r?\n\s*)?([^\W\d][\w\x80-\xff]*)")
#: Names of what loads modules by names that a program makes up.
LOADERS = (
    "__import__", "exec", "exec_module", "execfile", "import_module", "load_module", "load_source",
    "run_module", "run_path", "spec_from_file_location",
)  # fmt: skip
# In any place.
_LOADER = re.compile(rf"\b({'|'.join(LOADERS)})\b".encode())
# As in `slimport.rewrite.ignore_comments`, in any place.
_IGNORES = re.compile(rb"#[^\n]*slimport:\s*ignore", re.IGNORECASE)
_COMMENT = re.compile(rb"#[^\n]*")
#: A folder without a checkout is walked as a whole only if there is no more than this below it.
ENTRIES = 20_000


def root_of(path: Path, configured: Path | None = None) -> Path:
    """The folder that holds the whole program of a file or folder.

    It is the configured one, else the top of the git checkout. Without both, a folder is a program
    of its own, and a file one with the topmost package that it is in, or with its folder.
    """
    path = Path(os.path.normpath(path.absolute()))
    if configured is not None and path.is_relative_to(configured):
        return configured
    folder = path if path.is_dir() else path.parent
    while not folder.is_dir():  # the name of standard input need not be there
        folder = folder.parent
    top = checkout_of(folder)
    if top is not None and top != Path.home():  # a checkout of dot files is no program
        return top
    if path.is_dir():
        return path
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def checkout_of(folder: Path) -> Path | None:
    """The top of the git checkout that a folder is in."""
    return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)


def candidates(root: Path, suffixes: Collection[str]) -> list[PurePosixPath]:
    """The files below a root that may be part of a program, relative to it."""
    is_checkout = (root / ".git").exists()
    if is_checkout or (root not in _SHARED and _entries(root) < ENTRIES):
        found = discover(root, suffixes)
    else:
        found = [p for p in sorted(root.iterdir()) if p.suffix in suffixes and p.is_file()]
    return [PurePosixPath(path.relative_to(root).as_posix()) for path in found]


_SHARED = {Path("/"), Path.home(), Path(tempfile.gettempdir())}


def _entries(root: Path) -> int:
    """How much there is below a folder, as far as it matters."""
    count = 0
    for _, folders, names in os.walk(root):
        count += len(folders) + len(names)
        if count >= ENTRIES:
            break
    return count


class Imports:
    """Who imports whom among files, by their import statements alone.

    Args:
        root: what `paths` are relative to.
        paths: all files.
        texts: bytes in the place of those on the disk.
        holds: some rules are ignored, so that whole programs may stay.
    """

    def __init__(
        self,
        root: Path,
        paths: Iterable[PurePosixPath],
        texts: dict[PurePosixPath, bytes] | None = None,
        holds: bool = False,
    ) -> None:
        self.root = root
        self.holds = holds
        self.texts = dict(texts or {})
        self._files = {path: _File(path) for path in {*paths, *self.texts}}
        # The table asks a module for its place alone.
        files = cast(list[Module], [self._files[path] for path in sorted(self._files)])
        self._table = ModuleTable(files, on_path=None)

    @property
    def paths(self) -> set[PurePosixPath]:
        """All files."""
        return set(self._files)

    def text(self, path: PurePosixPath) -> bytes:
        """The bytes of a file; none where it cannot be read, which is said where it matters."""
        if path in self.texts:
            return self.texts[path]
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return b""

    def of(self, path: PurePosixPath) -> set[PurePosixPath]:
        """The files that a file imports."""
        file: Any = self._files[path]
        found = set()
        for dotted in imported_names(self.text(path)):
            for name in (dotted, dotted.rpartition(".")[0]):
                target = self._find(name, file)
                if target is not None and target is not file:
                    found.add(target.path)
        return found

    def _find(self, dotted: str, file: Any) -> Any:
        if not dotted.startswith("."):
            return self._table.find(dotted, file) if dotted else None
        absolute = self._table.relative(file, dotted)
        return self._table.exact(absolute) if absolute else None

    def connected(self, given: Collection[PurePosixPath]) -> set[PurePosixPath]:
        """The files that share a program with any of these, themselves included.

        A file that makes up the names of modules while it runs may load any file. So may one
        elsewhere load these: that matters where a comment has a whole program stay.
        """
        near: dict[PurePosixPath, set[PurePosixPath]] = {path: set() for path in self._files}
        loaders, comments = set(), self.holds
        for path in self._files:
            data = self.text(path)
            if _LOADER.search(data):
                loaders.add(path)
            comments = comments or speaks(path, data)
            for target in self.of(path):
                near[path].add(target)
                near[target].add(path)
        reached: set[PurePosixPath] = set()
        pending = [path for path in given if path in near]
        while pending:
            path = pending.pop()
            if path not in reached:
                reached.add(path)
                pending.extend(near[path])
        if loaders and (comments or not loaders.isdisjoint(reached)):
            return set(self._files)
        return reached

    def reached_by_names(self, start: Collection[PurePosixPath]) -> set[PurePosixPath]:
        """The files to which a name of one of these may have come, themselves included.

        By an import, or along a package that is imported: ``import pkg`` and ``pkg.module.name``.
        """
        if not start:
            return set()
        importers: dict[PurePosixPath, set[PurePosixPath]] = {path: set() for path in self._files}
        attributes: dict[str, set[PurePosixPath]] = {}
        modules = {file.parts[-1] for file in self._files.values() if file.parts}
        for path in self._files:
            for target in self.of(path):
                importers[target].add(path)
            for found in set(_ATTRIBUTE.findall(self.text(path))):
                name = found.decode("utf-8", "replace")
                if name in modules:
                    attributes.setdefault(name, set()).add(path)
        reached: set[PurePosixPath] = set()
        pending = list(start)
        while pending:
            path = pending.pop()
            if path not in reached:
                reached.add(path)
                pending.extend(importers[path])
                pending.extend(attributes.get((self._files[path].parts or ("",))[-1], ()))
        return reached

    def packages_of(self, paths: Iterable[PurePosixPath]) -> set[PurePosixPath]:
        """The ``__init__`` files of the folders that files are in: imports start above them."""
        folders = {folder for path in paths for folder in path.parents}
        return {f / "__init__.py" for f in folders if f / "__init__.py" in self._files}


def speaks(path: PurePosixPath, data: bytes) -> bool:
    """Whether a comment of a file may say that something is ignored; a text that says so may not.

    >>> speaks(PurePosixPath("a.py"), b"TEXT = '# slimport: ignore'")
    False
    """
    if _IGNORES.search(data) is None:
        return False
    if path.suffix == NOTEBOOK:
        return True
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(data).readline))
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError, LookupError):
        return True  # nothing is known of it
    comments = (token.string for token in tokens if token.type == tokenize.COMMENT)
    return any(_IGNORES.match(comment.encode()) for comment in comments)


class _File:
    """What a table of modules asks of a module."""

    def __init__(self, path: PurePosixPath) -> None:
        self.path = path
        self.puts_first = frozenset[str]()
        parts = path.with_suffix("").parts
        self.parts = parts[:-1] if parts[-1] == "__init__" else parts
        self.package = path.parent.parts
        self.dotted = ".".join(self.parts)


def imported_names(data: bytes) -> Iterator[str]:
    """Dotted names in the import statements of a source; more in prose that reads like one.

    >>> list(imported_names(b"from ..a import (b, # not )\\n c as d)"))
    ['..a.b', '..a.c', '..a.as', '..a.d']
    """
    for found in _IMPORT.finditer(data):
        base = b"".join((found["base"] or b"").split()).replace(b"\\", b"")
        dot = b"" if not base or base.endswith(b".") else b"."
        for name in _NAME.findall(_COMMENT.sub(b"", found["names"])):
            yield (base + dot + name).decode("utf-8", "replace")
