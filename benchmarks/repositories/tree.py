"""A repository's two trees: a copy of its checkout, and what the rewrite makes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.repositories.listed import Repository

ROOT = Path(__file__).resolve().parents[2]

TIMEOUT = 1800.0


@dataclass(frozen=True)
class Trees:
    """Both trees of a repository.

    Attributes:
        legacy: Copy of the checkout: a module may write files where it is imported.
        migrated: The rewritten tree.
        report: The JSON report of `slimport rewrite`.
        seconds: Wall time of the rewrite.
    """

    legacy: Path
    migrated: Path
    report: dict[str, Any]
    seconds: float


def checkout(folder: Path, repository: Repository) -> Path:
    """Finds a repository among the checkouts, as ``owner+name``, ``owner/name`` or ``name``.

    Raises:
        FileNotFoundError: It is not there.
    """
    owner, _, name = repository.name.partition("/")
    for candidate in (f"{owner}+{name}", f"{owner}/{name}", name):
        if (folder / candidate).is_dir():
            return folder / candidate
    raise FileNotFoundError(f"no checkout of {repository.name} in {folder}")


def other_commit(source: Path, repository: Repository) -> str | None:
    """Returns the commit of a checkout, if it is known to be another than the list's."""
    if not (source / ".git").exists():
        return None
    done = subprocess.run(
        ["git", "-C", str(source), "rev-parse", "HEAD"], capture_output=True, text=True
    )
    found = done.stdout.strip()
    return None if found in ("", repository.commit) else found


def prepare(source: Path, repository: Repository, work: Path) -> Trees:
    """Copies a checkout and rewrites the copy.

    Raises:
        RuntimeError: The rewrite wrote nothing.
    """
    legacy, migrated, report = work / "legacy", work / "migrated", work / "rewrite.json"
    for folder in (legacy, migrated):
        shutil.rmtree(folder, ignore_errors=True)
    for part in repository.subtrees or (".",):
        shutil.copytree(
            source / part, legacy / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git")
        )
    report.unlink(missing_ok=True)
    started = time.monotonic()
    command = ["rewrite", str(legacy), "--out", str(migrated), "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "slimport", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=TIMEOUT,
    )
    if not report.exists() or not migrated.is_dir():
        raise RuntimeError(f"slimport rewrite ended with {done.returncode}:\n{done.stderr}")
    return Trees(legacy, migrated, json.loads(report.read_text()), time.monotonic() - started)
