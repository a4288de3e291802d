"""What becomes of one file, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from slimport.report.model import FunctionForm, LeftAlone, Rewritten


@dataclass(frozen=True)
class Need:
    """A name of a file that another file reaches something through which is left.

    Attributes:
        whole: it is passed on as a value there, so that nobody knows what is used of it.
    """

    path: PurePosixPath
    name: str
    whole: bool


@dataclass
class FileResult:
    """New code of one file and what to report about it.

    Attributes:
        legacy: names that stand for what `legacy_import` imports now.
        needs: names of other files that must stay.
        notes: remarks on the file for the report of the whole run.
        ignored: what a comment or the run's selection keeps from being marked or renamed.
        against: what was rewritten although it is ignored: the file must not be written so.
    """

    code: bytes
    rewritten: list[Rewritten] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    functions: list[FunctionForm] = field(default_factory=list)
    written_names: set[str] = field(default_factory=set)
    legacy: list[str] = field(default_factory=list)
    needs: set[Need] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    ignored: list[LeftAlone] = field(default_factory=list)
    against: list[LeftAlone] = field(default_factory=list)
    ignored_imports: set[str] = field(default_factory=set)
