"""Answers kept by the content of everything that gave them."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimport.verify import protocol

if TYPE_CHECKING:
    from slimport.verify.sides import Side

#: Distributions whose release decides on numbers.
PACKAGES = ("tensorflow", "keras", "tf-keras", "tf-slim", "numpy")

#: Folders that hold nothing a worker reads.
SKIPPED = ("__pycache__", ".git", ".venv")

#: Modules of this package that no worker imports: they change no answer.
NOT_IN_WORKERS = (
    *("cache", "cases", "command", "compare", "detections", "growth", "html", "json_face"),
    *("markdown", "news", "plots", "result", "run", "sides", "tables", "text", "tolerances"),
    *("training_cases", "training_plots", "variants", "git_base"),
    *("guard", "memory", "pool", "watch"),
    *("default_scopes", "divergence", "gradient_ends", "locate", "matching", "reasons", "traced"),
    *("cost_plots", "cost_words", "excerpts", "faces", "figures", "links", "markdown_failures"),
    *("markdown_more", "markdown_tables", "markdown_text", "places", "progress", "wording"),
)

_VERSIONS = """
try:
    from importlib.metadata import version
except ImportError:
    from pkg_resources import get_distribution
    version = lambda name: get_distribution(name).version
import sys
found = [sys.version]
for name in sys.argv[1:]:
    try:
        found.append(name + " " + version(name))
    except Exception:
        found.append(name + " absent")
print("\\n".join(found))
"""

#: The same of every distribution: nobody knows which of them a worker of the user's own needs.
_ALL_VERSIONS = """
import sys
try:
    from importlib.metadata import distributions
    found = {f"{item.metadata['Name']} {item.version}" for item in distributions()}
except ImportError:
    from pkg_resources import working_set
    found = {f"{item.project_name} {item.version}" for item in working_set}
print("\\n".join([sys.version, *sorted(found)]))
"""


class AnswerCache:
    """A folder of answers, each under the hash of the request, the code and the environment.

    Args:
        folder: Where they are kept. It may be removed at any time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Trees change between runs in one process: what was read is kept no longer than this.
        self._content = functools.cache(_content)

    def restore(self, side: Side, case: Any) -> bool:
        """Copies the answer to a case into the side's folder; False if there is none."""
        kept = self._place(side, case)
        if not (kept / protocol.META_FILE).exists():
            return False
        shutil.copytree(kept, side.case_folder(case["index"]), dirs_exist_ok=True)
        environment = kept / protocol.ENVIRONMENT_FILE
        if not (side.folder / protocol.ENVIRONMENT_FILE).exists():
            shutil.copy(environment, side.folder)
        return True

    def store(self, side: Side, case: Any) -> None:
        """Keeps the answer to a case; one that holds an error is to be tried again."""
        folder, kept = side.case_folder(case["index"]), self._place(side, case)
        modes = protocol.read_json(folder / protocol.META_FILE)["modes"]
        if kept.exists() or any(mode.get("error") for mode in modes.values()):
            return
        partial = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copytree(folder, partial)
        shutil.copy(side.folder / protocol.ENVIRONMENT_FILE, partial)
        try:
            partial.rename(kept)
        except OSError:  # another run was faster
            shutil.rmtree(partial)

    def _place(self, side: Side, case: Any) -> Path:
        request = {
            key: value for key, value in side.request.items() if key not in ("out", "cases", "root")
        }
        asked = {key: value for key, value in case.items() if key != "index"}
        digest = hashlib.sha256(json.dumps([request, asked], sort_keys=True).encode())
        root = Path(side.request["root"])
        places = {(root / path).resolve() for path in side.request["paths"]} | {root}
        own = side.request.get("worker")
        if own is not None:
            places.add(Path(own).parent)
        for place in sorted(places | set(_paths(asked)) | _given_files(asked)):
            digest.update(self._content(place).encode())
        digest.update(_workers().encode())
        digest.update(_environment(side.python, every=own is not None).encode())
        return self.folder / side.name / digest.hexdigest()[:32]


def _paths(asked: Any) -> Iterator[Path]:
    """The files and folders that arguments of a case name."""
    if isinstance(asked, dict) and set(asked) == {"path"}:
        yield Path(asked["path"])
    elif isinstance(asked, dict):
        for value in asked.values():
            yield from _paths(value)


def _given_files(asked: Any) -> set[Path]:
    """The files that values are taken from: those of a checkpoint begin with its path."""
    found = {Path(item["file"]) for item in asked["inputs"] if item.get("file")}
    if asked.get("weights"):
        prefix = Path(asked["weights"])
        found |= {path for path in prefix.parent.glob(f"{prefix.name}*") if path.is_file()}
    return found


def _content(folder: Path) -> str:
    """Hash of the names and bytes of all files below a folder, or of a file."""
    digest = hashlib.sha256()
    if folder.is_file():
        digest.update(folder.read_bytes())
    for path in sorted(_files(folder)):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.cache
def _workers() -> str:
    """Hash of what runs in a worker, new modules of this package included."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).resolve().parent.glob("*.py")):
        if path.stem not in NOT_IN_WORKERS:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        yield from (Path(parent) / name for name in names)


@functools.cache
def _environment(python: str, every: bool = False) -> str:
    """The interpreter's version and those of the packages that decide on numbers."""
    command = [python, "-c", *([_ALL_VERSIONS] if every else [_VERSIONS, *PACKAGES])]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return found.stdout
