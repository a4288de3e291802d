"""Hashes of everything that an answer may depend on: files, interpreter, packages, variables."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from slimport.verify.workers import loaded

#: Folders that hold nothing a worker reads.
SKIPPED = ("__pycache__", ".git", ".hg", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache")

#: Beginnings of environment variables that libraries of the workers look at.
VARIABLES = (
    *("TF_", "TF2_", "XLA_", "KERAS_", "CUDA_", "NVIDIA_", "ONEDNN_", "DNNL_", "OMP_", "KMP_"),
    *("MKL_", "OPENBLAS_", "NUMEXPR_", "EIGEN_", "AUTOGRAPH_", "PYTHON", "LD_", "DYLD_", "LC_"),
    *("LANG", "TORCH_", "PYTORCH_", "JAX_", "NUMPY_", "NPY_"),
)

#: Prints what is installed for an interpreter: names of folders tell names and releases, and a
#: ``.pth`` file or a link what else is importable. Runs under any CPython 3.
_INSTALLED = r"""
import os, sys
print(sys.version, sys.implementation.name)
for place in sys.path:
    if os.path.isdir(place):
        for name in sorted(os.listdir(place)):
            if name.endswith((".dist-info", ".egg-info", ".egg-link", ".pth", ".egg")):
                print(name)
                if name.endswith((".egg-link", ".pth")):
                    print(open(os.path.join(place, name), errors="replace").read())
"""

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,}")


class Files:
    """What files hold; each is read once."""

    def __init__(self) -> None:
        self._trees: dict[Path, tuple[str, frozenset[bytes]]] = {}
        self._stamps: dict[Path, str] = {}
        self._single: dict[str, str] = {}

    def content(self, place: Path) -> str:
        """Hash of the names and bytes of all files below a folder, or of a file."""
        return self._tree(place)[0]

    def words(self, place: Path) -> frozenset[bytes]:
        """The words in the Python files below a folder."""
        return self._tree(place)[1]

    def is_as_read(self, place: Path) -> bool:
        """Whether a folder or file still looks as it did when it was read, by sizes and times."""
        return self._stamps.get(place) == _stamp(place)

    def _tree(self, place: Path) -> tuple[str, frozenset[bytes]]:
        if place not in self._trees:
            self._stamps[place] = _stamp(place)
            digest, words = hashlib.sha256(), set()
            for path in [place] if place.is_file() else below(place):
                name = path.name if path == place else str(path.relative_to(place))
                data = path.read_bytes()
                digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
                if path.suffix == ".py":
                    words.update(_WORD.findall(data))
            self._trees[place] = digest.hexdigest(), frozenset(words)
        return self._trees[place]

    def state(self, paths: Iterable[str], trees: Iterable[Path]) -> str:
        """Hash of what modules are loaded from, outside of trees that are hashed themselves.

        Files of installed distributions are known by size and time, as there are thousands.

        Raises:
            OSError: One of them is gone.
        """
        prefixes = tuple(str(tree) + os.sep for tree in trees)
        digest = hashlib.sha256()
        for path in paths:
            if not path.startswith(prefixes):
                digest.update(path.encode() + b"\0" + self._one(path).encode())
        return digest.hexdigest()

    def _one(self, path: str) -> str:
        if path not in self._single:
            place = Path(path)
            if loaded.is_installed(path):
                stat = place.stat()
                self._single[path] = f"{stat.st_size} {stat.st_mtime_ns}"
            else:
                self._single[path] = hashlib.sha256(place.read_bytes()).hexdigest()
        return self._single[path]


def _stamp(place: Path) -> str:
    digest = hashlib.sha256()
    for path in [place] if place.is_file() else below(place):
        with contextlib.suppress(OSError):
            stat = path.stat()
            digest.update(f"{path}\0{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}\0".encode())
    return digest.hexdigest()


def below(folder: Path) -> Iterator[Path]:
    """The regular files below a folder, in order; links to folders are followed once each."""
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        real = os.path.realpath(parent)
        if real in seen:
            folders[:] = []
        seen.add(real)
        yield from (path for name in sorted(names) if (path := Path(parent, name)).is_file())


@functools.cache
def installed(python: str) -> str:
    """The interpreter, its version, and the releases of everything installed for it."""
    command = [python, "-c", _INSTALLED]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return f"{os.path.realpath(python)}\n{found.stdout}"


@functools.cache
def machine() -> str:
    """The processor: kernels choose their instructions, and with them the order of sums."""
    found = [platform.system(), platform.machine()]
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
        found += sorted(set(kept))
    return "\n".join(found)


def variables(environment: Mapping[str, str], words: Iterable[bytes]) -> str:
    """The environment variables that libraries look at, and those that a tree names."""
    named = set(words)
    return "\n".join(
        f"{name}={value}"
        for name, value in sorted(environment.items())
        if name.startswith(VARIABLES) or name.encode(errors="replace") in named
    )
