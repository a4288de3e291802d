"""Paths as a build server knows files: relative to the repository, wherever the command ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from slimport.files.surroundings import checkout_of
from slimport.report.model import FileReport


@dataclass(frozen=True)
class Roots:
    """Where a server has its checkout.

    Attributes:
        workspace: the folder that a server named; None at home.
    """

    workspace: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Roots:
        """What GitHub and GitLab say about their checkout."""
        named = environment.get("GITHUB_WORKSPACE") or environment.get("CI_PROJECT_DIR")
        return cls(Path(named)) if named else cls()

    def relative(self, file: FileReport) -> Path | None:
        """The path inside of the repository; None for a file outside of it."""
        path = full_path(file)
        for root in self._candidates(path):
            if path.is_relative_to(root):
                return path.relative_to(root)
            # The server may name its folder through a link, or the command run in one.
            real = Path(os.path.realpath(path.parent), path.name)
            if real.is_relative_to(os.path.realpath(root)):
                return real.relative_to(os.path.realpath(root))
        return None

    def shown(self, file: FileReport) -> str:
        """The path for readers: inside of the repository, or as the run was given it."""
        path = self.relative(file)
        return path.as_posix() if path is not None else file.shown

    def _candidates(self, path: Path) -> list[Path]:
        """The workspace counts before a checkout inside of it, unless it is no checkout itself."""
        found = checkout_of(path.parent)
        candidates = [found] if found is not None else []
        if self.workspace is not None:
            workspace = _absolute(self.workspace)
            inside = found is not None and found != workspace and found.is_relative_to(workspace)
            alone = inside and not (workspace / ".git").exists()
            candidates = [*candidates, workspace] if alone else [workspace, *candidates]
        return [*candidates, Path.cwd()]

    def uri(self, file: FileReport) -> tuple[str, bool]:
        """The path as a URI reference, and whether it is relative to the repository."""
        path = self.relative(file)
        if path is None:
            return full_path(file).as_uri(), False
        # A colon in the first segment would read as a scheme; `quote` encodes it.
        return quote(path.as_posix().encode("utf-8", "surrogateescape"), safe="/"), True


def full_path(file: FileReport) -> Path:
    """The file on the disk. Links stay: the repository knows the file by their names."""
    return _absolute(Path(file.root) / file.path)


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))
