"""What a rewrite did, as data: the one model behind every face of the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What became of a file."""

    REWRITTEN = "rewritten"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True)
class Rewritten:
    """One reference that became something else."""

    line: int
    api: str
    code: str
    rule: str
    note: str = ""


@dataclass(frozen=True)
class LeftAlone:
    """One reference that stays as it was, and why; `advice` says what to do about it."""

    line: int
    api: str
    code: str
    reason: str
    advice: str = ""


@dataclass(frozen=True)
class FunctionForm:
    """How one layer-building function came out.

    Attributes:
        layers: "keras" (plain layers) or "scoped" (layer factories).
        tensors: "keras.ops" or "tensorflow": what became of its own tensor code.
        model: "functional", or "traced" where it or what it calls keeps TensorFlow functions.
        why: what kept it from the simpler form, one reason per entry.
    """

    line: int
    function: str
    layers: str
    tensors: str
    model: str
    why: tuple[str, ...] = ()


@dataclass
class FileReport:
    """One file of the tree.

    Attributes:
        legacy_imports: names that the written module's `legacy_import` supplies from now on.
    """

    path: str
    status: Status = Status.UNCHANGED
    rewritten: list[Rewritten] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    functions: list[FunctionForm] = field(default_factory=list)
    legacy_imports: list[str] = field(default_factory=list)
    error: str = ""


@dataclass
class Report:
    """The whole run."""

    version: str
    files: list[FileReport] = field(default_factory=list)
    written_modules: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[FileReport]:
        return [file for file in self.files if file.status is Status.FAILED]

    @property
    def changed(self) -> list[FileReport]:
        return [file for file in self.files if file.status is Status.REWRITTEN]

    @property
    def left(self) -> int:
        return sum(len(file.left) for file in self.files)

    @property
    def legacy_imports(self) -> int:
        return sum(len(file.legacy_imports) for file in self.files)

    def by_rule(self) -> dict[str, dict[str, int]]:
        """Rewritten and left references for each rule's code."""
        done = Counter(item.code for file in self.files for item in file.rewritten)
        left = Counter(item.code for file in self.files for item in file.left)
        return {
            code: {"rewritten": done[code], "left": left[code]} for code in sorted({*done, *left})
        }

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `schema` names its layout."""
        return {
            "schema": "slimport.rewrite/1",
            "version": self.version,
            "summary": {
                "files": len(self.files),
                "rewritten_files": len(self.changed),
                "failed_files": len(self.failed),
                "rewritten": sum(len(file.rewritten) for file in self.files),
                "left": self.left,
                "legacy_imports": self.legacy_imports,
                "by_rule": self.by_rule(),
            },
            "written_modules": self.written_modules,
            "notes": self.notes,
            "files": [asdict(file) for file in self.files],
        }
