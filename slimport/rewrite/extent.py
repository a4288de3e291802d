"""Which files a run is about, and which it reads because they share a program with those."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from slimport.files.discover import SOURCES, discover
from slimport.files.installed import holds_installed, programs
from slimport.files.source import concerns_slim
from slimport.files.surroundings import Imports, candidates, root_of
from slimport.python2_api import METHODS, MODULES, NAMES

#: What a file without slim and TensorFlow may still have changed, in a program with them.
_OLD_NAME = re.compile(rb"\b(numpy|" + "|".join((*NAMES, *METHODS, *MODULES)).encode() + rb")\b")

#: Standard input that nobody says the place of.
STDIN = Path("<stdin>")

#: A folder's path relative to the root.
Folder = tuple[str, ...]


@dataclass(frozen=True)
class Extent:
    """The files of a run, relative to a root.

    Attributes:
        root: what paths are relative to.
        given: files to be rewritten.
        near: files that are read as well: decisions rest on them, but they are not written.
        staying: those of `near` that stay for good, whatever would become of them.
        package: the folder of the package inside of which the written module is imported.
        texts: what is read in the place of files on the disk.
        unlisted: folders that cannot be listed, with the reason.
        inside: the folder that the written module must be in.
        beyond: all other files below the root, which may import a written module.
        installed: an installer has put the files there; they are looked at, and never written.
    """

    root: Path
    given: frozenset[PurePosixPath]
    near: frozenset[PurePosixPath] = frozenset()
    staying: frozenset[PurePosixPath] = frozenset()
    package: Folder | None = None
    texts: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    unlisted: Mapping[PurePosixPath, str] = field(default_factory=dict)
    inside: Folder = ()
    beyond: frozenset[PurePosixPath] = frozenset()
    installed: bool = False

    @property
    def paths(self) -> list[Path]:
        """Everything that is read."""
        return [self.root / name for name in sorted(self.given | self.near)]

    @property
    def is_clean(self) -> bool:
        """Whether no file names slim or TensorFlow, so that there is nothing to do.

        A file that cannot be read is somebody's concern.
        """
        return not self.unlisted and not any(self._concerns(p) for p in self.given | self.near)

    def _concerns(self, path: PurePosixPath) -> bool:
        try:
            data = self.texts[path] if path in self.texts else (self.root / path).read_bytes()
        except OSError:
            return True
        return concerns_slim(data)


def whole(path: Path) -> Extent:
    """A file or folder as a program of its own.

    Raises:
        FileNotFoundError: no such path.
    """
    root = path if path.is_dir() else path.parent
    unlisted: dict[PurePosixPath, str] = {}

    def skip(error: OSError) -> None:
        name = PurePosixPath(Path(error.filename).relative_to(root).as_posix())
        unlisted[name] = f"cannot be listed: {error.strerror}"

    found = discover(path, SOURCES, skip)
    given = frozenset(PurePosixPath(file.relative_to(root).as_posix()) for file in found)
    package = () if path.is_dir() and (root / "__init__.py").exists() else None
    return Extent(root, given, package=package, unlisted=unlisted)


@dataclass(frozen=True)
class Wanted:
    """What a user asks for.

    Attributes:
        paths: files and folders.
        configured: the project's folder, where a configuration says so.
        excludes: patterns as in .gitignore, relative to the root.
        force_exclude: they hold for files that are given by name, too.
        suffixes: what names of sources end in.
        alone: other files of the program may stay old.
        copied: what is written is a copy of the one path.
        stdin: the bytes of the one path, which need not be on the disk.
        selected: some rules are selected or ignored.
    """

    paths: tuple[Path, ...]
    configured: Path | None = None
    excludes: tuple[str, ...] = ()
    force_exclude: bool = False
    suffixes: Collection[str] = SOURCES
    alone: bool = False
    copied: bool = False
    stdin: bytes | None = None
    selected: bool = False

    def is_excluded(self) -> Callable[[PurePosixPath], bool]:
        """A test for paths relative to the root."""
        if not self.excludes:
            return lambda path: False
        import pathspec

        spec = pathspec.GitIgnoreSpec.from_lines(self.excludes)
        return lambda path: spec.match_file(path.as_posix())


def extents(wanted: Wanted) -> list[Extent]:
    """The programs that the paths belong to: those that have a root in common are one.

    Raises:
        FileNotFoundError: a path is not there.
    """
    if wanted.stdin is not None and wanted.paths == (STDIN,):
        name = PurePosixPath(STDIN)
        return [Extent(Path.cwd(), frozenset({name}), texts={name: wanted.stdin})]
    by_root: dict[Path, list[Path]] = {}
    for path in wanted.paths:
        if wanted.stdin is None and not path.exists():
            raise FileNotFoundError(f"{path}: no such file or directory")
        is_installed = path.is_dir() and holds_installed(path)
        complete = Path(os.path.normpath(path.absolute()))
        root = complete if is_installed else root_of(path, wanted.configured)
        by_root.setdefault(root, []).append(path)
    return [e for root, paths in by_root.items() for e in _Group(wanted, root, paths).extents()]


class _Group:
    """The paths that have a root in common."""

    def __init__(self, wanted: Wanted, root: Path, paths: Iterable[Path]) -> None:
        self.wanted = wanted
        self.root = root
        self.excluded = wanted.is_excluded()
        self.unlisted: dict[PurePosixPath, str] = {}
        self.files: set[PurePosixPath] = set()
        self.folders: dict[PurePosixPath, set[PurePosixPath]] = {}
        self.stays: set[PurePosixPath] = set()
        for path in paths:
            self._add(path)

    def _name(self, path: Path) -> PurePosixPath:
        complete = os.path.normpath(path.absolute())
        return PurePosixPath(Path(complete).relative_to(self.root).as_posix())

    def _add(self, path: Path) -> None:
        name = self._name(path)
        if not path.is_dir():
            excluded = self.wanted.force_exclude and self.excluded(name)
            (self.stays if excluded else self.files).add(name)
            return

        def unlisted(error: OSError) -> None:
            self.unlisted[self._name(Path(error.filename))] = f"cannot be listed: {error.strerror}"

        found = {self._name(f) for f in discover(path, self.wanted.suffixes, unlisted)}
        self.stays |= {f for f in found if self.excluded(f)}
        self.folders[name] = found - self.stays

    def extents(self) -> list[Extent]:
        if self.wanted.stdin is not None:
            (name,) = self.files or {PurePosixPath()}
            return [self._extent({name}, {name: self.wanted.stdin})] if self.files else []
        if PurePosixPath() in self.folders and holds_installed(self.root):
            return list(self._installed(self.folders[PurePosixPath()]))
        if PurePosixPath() in self.folders and not self.stays:  # nothing else can be near
            everything = self.files.union(*self.folders.values())
            return [self._complete(everything, frozenset())]
        if len(self.folders) < 2:
            return [self._extent(self.files.union(*self.folders.values()))]
        return [self._extent(given) for given in self._parts()]

    def _installed(self, given: set[PurePosixPath]) -> Iterator[Extent]:
        for part in programs(given, lambda path: _bytes_of(self.root / path)):
            top = {path.parts[0] for path in part if len(path.parts) > 1}
            is_package = len(top) == 1 and all(len(path.parts) > 1 for path in part)
            package = tuple(top) if is_package else None
            yield replace(self._complete(part, frozenset()), package=package, installed=True)

    def _parts(self) -> list[set[PurePosixPath]]:
        """The folders and files that were given, apart where no import leads from one to another.

        Projects that have nothing in common each get a written module of their own.
        """
        imports = self._imports(set().union(*self.folders.values()) | self.files)
        parts: list[set[PurePosixPath]] = []
        for given in (*self.folders.values(), self.files):
            near = imports.connected(given) | given
            joined = [part for part in parts if not near.isdisjoint(part)]
            parts = [part for part in parts if part not in joined]
            parts.append(given.union(*joined))
        return [part for part in parts if part]

    def _imports(
        self, given: set[PurePosixPath], texts: Mapping[PurePosixPath, bytes] | None = None
    ) -> Imports:
        paths = [*candidates(self.root, self.wanted.suffixes), *given, *self.stays]
        return Imports(self.root, paths, dict(texts or {}), self.wanted.selected)

    def _extent(
        self, given: set[PurePosixPath], texts: Mapping[PurePosixPath, bytes] | None = None
    ) -> Extent:
        imports = self._imports(given, texts)
        if not self.folders and all(_is_inert(path, imports) for path in given):
            return replace(self._complete(given, frozenset()), texts=texts or {})
        near = imports.connected(given) | given
        near |= imports.packages_of(near)
        complete = self._complete(given, frozenset(near - given))
        beyond = frozenset(imports.paths - near)
        return replace(complete, texts=texts or {}, beyond=beyond)

    def _complete(self, given: set[PurePosixPath], near: frozenset[PurePosixPath]) -> Extent:
        staying = near if self.wanted.alone else near & self.stays
        inside: Folder = ()
        if self.wanted.copied:
            inside = next(iter(self.folders), *(file.parent for file in self.files)).parts
        return Extent(
            self.root, frozenset(given), near, frozenset(staying), self._package(given),
            unlisted=self.unlisted, inside=inside,
        )  # fmt: skip

    def _package(self, given: Iterable[PurePosixPath]) -> Folder | None:
        """The folder that was given, if all is in it and it is a package."""
        folders = [
            folder for folder in self.folders if (self.root / folder / "__init__.py").exists()
        ]
        around = [f for f in folders if all(path.is_relative_to(f) for path in given)]
        return max((folder.parts for folder in around), key=len, default=None)


def _bytes_of(path: Path) -> bytes:
    """What is in a file; nothing where it cannot be read, which is said where it matters."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _is_inert(path: PurePosixPath, imports: Imports) -> bool:
    """Whether a file stays as it is whatever program it is part of."""
    data = imports.text(path)
    concerns = concerns_slim(data) or _OLD_NAME.search(data) is not None
    return not concerns and not imports.of(path)
