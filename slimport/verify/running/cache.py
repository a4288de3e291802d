"""Answers kept by the content of everything that gave them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimport.verify import protocol
from slimport.verify.running import fingerprint
from slimport.verify.workers import loaded

if TYPE_CHECKING:
    from slimport.verify.running.sides import Side

#: What changes no answer of those in the workers' folder.
MEASURING = ("cost_graph.py", "cost_model.py", "cost_worker.py")

#: Raised when entries change their form.
FORM = 1
#: Bytes of all answers; the ones that were not used for longest go.
LIMIT = 4 * 2**30
#: Environment variable that names another folder than that of the user.
VARIABLE = "SLIMPORT_CACHE"

_MANIFEST = "manifest.json"
_PARTIAL = "partial-"
#: Seconds after which what another run left half-written is no longer being written.
_ABANDONED = 24 * 3600.0


def default_folder() -> Path:
    """The folder of answers if none is named."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "slimport" / "verify"


class AnswerCache:
    """A folder of answers, each under the hash of the request, the code and the environment.

    An answer is believed only as long as its files are as they were stored, and the modules that
    the worker had loaded for it, whatever they were, are as they were then.

    Args:
        folder: Where they are kept. It may be removed at any time.
        limit: Bytes that they may take.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        # Trees change between runs in one process: what was read is kept no longer than this.
        self._files = fingerprint.Files()
        self._keys: dict[tuple[str, int], str] = {}

    def restore(self, side: Side, case: Any) -> bool:
        """Takes the answer to a case into the side's folder; False if there is none."""
        kept = self._place(side, case)
        if not kept.is_dir():
            return False
        folder = side.case_folder(case["index"])
        try:
            self._take(kept, folder, side)
        except (OSError, ValueError, KeyError, TypeError):  # gone, cut, or stale
            shutil.rmtree(folder, ignore_errors=True)
            return False
        return True

    def _take(self, kept: Path, folder: Path, side: Side) -> None:
        manifest = protocol.read_json(kept / _MANIFEST)
        if manifest["rests_on"] != self._state(kept / loaded.LOADED_FILE, side):
            raise ValueError("what was loaded has changed")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # Last of all what says that there is an answer.
        for name in sorted(manifest["files"], key=lambda name: name == protocol.META_FILE):
            if _taken(kept / name, folder / name) != manifest["files"][name]:
                raise ValueError(f"{name} is not what was stored")
        if not side.environment:
            shutil.copy(folder / protocol.ENVIRONMENT_FILE, side.folder)
        os.utime(kept / _MANIFEST)  # used last now

    def store(self, side: Side, case: Any) -> None:
        """Keeps the answer to a case, unless it holds an error: that is to be tried again.

        What was answered while a tree changed belongs to neither state of it.
        """
        folder, kept = side.case_folder(case["index"]), self._place(side, case)
        if side.has_error(case) or not (folder / loaded.LOADED_FILE).exists():
            return
        if not all(self._files.is_as_read(place) for place in _places(side, case)):
            return
        with contextlib.suppress(OSError):  # a cache that cannot be written is none
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=kept.parent))
            try:
                self._write(folder, partial, side)
                shutil.rmtree(kept, ignore_errors=True)
                partial.rename(kept)
            finally:
                shutil.rmtree(partial, ignore_errors=True)  # another run may have been faster

    def _write(self, folder: Path, partial: Path, side: Side) -> None:
        found = {
            path.name: _taken(path, partial / path.name)
            for path in (*folder.iterdir(), side.folder / protocol.ENVIRONMENT_FILE)
            if path.is_file()
        }
        rests_on = self._state(folder / loaded.LOADED_FILE, side)
        protocol.write_json(partial / _MANIFEST, {"files": found, "rests_on": rests_on})

    def trim(self) -> None:
        """Drops what was not used for longest, until the rest keeps to the limit."""
        entries = []
        for kept in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                if kept.name.startswith(_PARTIAL):
                    if time.time() - kept.stat().st_mtime > _ABANDONED:
                        shutil.rmtree(kept, ignore_errors=True)
                    continue
                size = sum(path.stat().st_size for path in kept.iterdir())
                used = kept / _MANIFEST
                entries.append((used.stat().st_mtime if used.exists() else 0.0, size, kept))
        total = sum(size for _, size, _ in entries)
        for _, size, kept in sorted(entries, key=lambda entry: entry[0]):
            if total <= self._limit:
                return
            shutil.rmtree(kept, ignore_errors=True)
            total -= size

    def _place(self, side: Side, case: Any) -> Path:
        index = (side.name, case["index"])
        if index not in self._keys:
            self._keys[index] = self._key(side, case)
        return self.folder / side.name / self._keys[index]

    def _key(self, side: Side, case: Any) -> str:
        from slimport.verify.running.sides import worker_environment

        request = {
            key: value for key, value in side.request.items() if key not in ("out", "cases", "root")
        }
        asked = {key: value for key, value in case.items() if key != "index"}
        digest = hashlib.sha256(json.dumps([FORM, request, asked], sort_keys=True).encode())
        for place in _places(side, case):
            digest.update(self._files.content(place).encode())
        words = frozenset[bytes]().union(*(self._files.words(tree) for tree in _trees(side)))
        for part in (
            _workers(),
            fingerprint.installed(side.python),
            fingerprint.machine(),
            fingerprint.variables(worker_environment(side), words),
        ):
            digest.update(part.encode(errors="replace") + b"\0")
        return digest.hexdigest()[:32]

    def _state(self, listed: Path, side: Side) -> str:
        return self._files.state(protocol.read_json(listed), _trees(side))


def _trees(side: Side) -> list[Path]:
    """The folders that a worker imports its case from."""
    root = Path(side.request["root"])
    places = {(root / path).resolve() for path in side.request["paths"]} | {root.resolve()}
    if side.request.get("worker") is not None:
        places.add(Path(side.request["worker"]).resolve().parent)
    return sorted(places)


def _places(side: Side, case: Any) -> list[Path]:
    """Everything that is read whole: trees, and the files and folders that a case names."""
    return [*_trees(side), *sorted(set(_paths(case)) | _given_files(case))]


def _taken(source: Path, target: Path) -> str:
    """Gives a file a second name, or copies it, and returns the hash of what is there.

    Whoever writes into one of them changes the other; the hash is then another one.
    """
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _paths(asked: Any) -> Iterator[Path]:
    """The files and folders that arguments of a case name."""
    if isinstance(asked, dict) and set(asked) == {"path"}:
        yield Path(asked["path"])
    elif isinstance(asked, (dict, list)):
        for value in asked.values() if isinstance(asked, dict) else asked:
            yield from _paths(value)


def _given_files(asked: Any) -> set[Path]:
    """The files that values are taken from: those of a checkpoint begin with its path."""
    found = {Path(item["file"]) for item in asked["inputs"] if item.get("file")}
    if asked.get("weights"):
        prefix = Path(asked["weights"])
        found |= {path for path in prefix.parent.glob(f"{prefix.name}*") if path.is_file()}
    return found


def worker_files() -> list[Path]:
    """What runs in a worker, the written module's parts included."""
    verify = Path(__file__).resolve().parents[1]
    found = [verify / "protocol.py", verify / "reference.py"]
    for folder in (verify / "workers", verify.with_name("written")):
        found += [path for path in folder.glob("*.py") if path.name not in MEASURING]
    return sorted(found)


@functools.cache
def _workers() -> str:
    """Hash of what runs in a worker."""
    digest = hashlib.sha256()
    for path in worker_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()
