"""Which files to read, how to read them without loss, and how to write them without risk."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

# Directories that hold no source of the project.
_SKIPPED = {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "node_modules"}
# A file without any of these bytes cannot refer to slim or TensorFlow, and is never parsed.
_NEEDLES = (b"tensorflow", b"slim", b"scoped_layers")


class SourceError(Exception):
    """A file that cannot be read as Python 3; the message names the place."""


@dataclass(frozen=True)
class Source:
    """A file's bytes and what they mean.

    Attributes:
        path: where it was read from.
        data: its bytes.
        encoding: PEP 263 encoding.
        tree: parsed by `ast`.
    """

    path: Path
    data: bytes
    encoding: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        """The file's lines, as `ast` and libcst number them."""
        return self.data.decode(self.encoding).split("\n")


def discover(path: Path) -> list[Path]:
    """Python files at or below `path`, in order; in a git checkout, those git does not ignore.

    Symbolic links are not followed.

    Raises:
        FileNotFoundError: no such path.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or directory")
    if path.is_file():
        return [path]
    listed = _git_files(path)
    found = listed if listed is not None else list(_walk(path))
    return sorted(
        file for file in found if file.suffix in (".py", ".pyi") and not file.is_symlink()
    )


def _walk(path: Path) -> Iterator[Path]:
    """Files of a folder that is no git checkout; its own .gitignore is heeded all the same."""
    ignore = path / ".gitignore"
    lines = ignore.read_text("utf-8", "replace").splitlines() if ignore.is_file() else []
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    for folder, directories, names in os.walk(path):
        directories[:] = sorted(name for name in directories if name not in _SKIPPED)
        for name in names:
            found = Path(folder) / name
            if not ignored.match_file(found.relative_to(path)):
                yield found


def _git_files(path: Path) -> list[Path] | None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=path, capture_output=True, check=False)
    except OSError:
        return None
    if done.returncode != 0 or not done.stdout:
        return None
    names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [path / name for name in names if name and (path / name).is_file()]


def concerns_slim(data: bytes) -> bool:
    """Whether a file's bytes name anything that a rule could take."""
    return any(needle in data for needle in _NEEDLES)


def parse(path: Path, data: bytes) -> Source:
    """Parses bytes as the file `path`.

    Raises:
        SourceError: undecodable, or not Python 3.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(f"cannot be decoded: {error}") from error
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise SourceError(_syntax_message(error, text)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"cannot be parsed: {error}") from error
    python2 = _python2_meaning(tree)
    if python2:
        raise SourceError(python2)
    return Source(path, data, encoding, tree)


def _syntax_message(error: SyntaxError, text: str) -> str:
    line = text.splitlines()[error.lineno - 1].strip() if error.lineno and error.text else ""
    place = f"line {error.lineno}: " if error.lineno else ""
    if line.startswith(("print ", "exec ")) or "multiple exception types" in str(error.msg):
        return (
            f"{place}Python 2 source ({line[:60]!r}): convert it to Python 3 first, e.g. with 2to3"
        )
    return f"{place}invalid syntax: {error.msg}"


def _python2_meaning(tree: ast.Module) -> str:
    """Python 2 text that parses with another meaning: ``print >>f, x``."""
    for node in ast.walk(tree):
        shift = node.value if isinstance(node, ast.Expr) else None
        if isinstance(shift, ast.Tuple) and shift.elts:
            shift = shift.elts[0]
        if (
            isinstance(shift, ast.BinOp)
            and isinstance(shift.op, ast.RShift)
            and isinstance(shift.left, ast.Name)
            and shift.left.id == "print"
        ):
            return f"line {shift.lineno}: Python 2 source (print >>): convert it to Python 3 first"
    return ""


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one step, keeping its permissions.

    Raises:
        OSError: the file cannot be replaced; it is untouched then.
    """
    if path.exists() and not path.stat().st_mode & 0o222:
        raise PermissionError(13, "read-only file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def copy_tree(source: Path, target: Path) -> None:
    """Copies everything below `source` that is no Python cache or version control data."""
    shutil.copytree(
        source,
        target,
        symlinks=True,
        dirs_exist_ok=True,
        ignore=lambda _, names: [name for name in names if name in _SKIPPED],
    )
