"""One repository's row: rewritten, imported, and every entry compared; whatever fails is in it."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.object_detection_api.rows import summary
from benchmarks.repositories import imports, references, training, tree
from benchmarks.repositories.listed import LIST, Repository
from slimport.verify import run
from slimport.verify.case_files import cases

Row = dict[str, Any]


def row(repository: Repository, checkouts: Path, work: Path, settings: run.Settings) -> Row:
    """Returns everything that the table says of a repository.

    Args:
        repository: One of the list.
        checkouts: Folder of checkouts.
        work: Folder of this repository's own, outside the benchmark.
        settings: How entries are compared.
    """
    started = time.monotonic()
    found: Row = {"name": repository.name, "entries": [], "training": []}
    try:
        source = tree.checkout(checkouts, repository)
        found["other_commit"] = tree.other_commit(source, repository)
        work.mkdir(parents=True, exist_ok=True)
        trees = tree.prepare(source, repository, work)
        found["rewrite_seconds"] = trees.seconds
        found["references"] = references.count(trees.report)
        found["imports"] = imports.load_all(repository, trees, work)
        for paths, members in repository.groups():
            found["entries"] += _entries(paths, members, trees, settings)
        for script in repository.training:
            found["training"].append(training.run(script, repository, trees, work))
    except Exception:  # a repository that fails is a row, not an end
        found["error"] = traceback.format_exc()
    found["seconds"] = time.monotonic() - started
    return found


def case_file(
    paths: Sequence[str], members: list[dict[str, Any]], trees: tree.Trees
) -> cases.CaseFile:
    """Returns a case file of entries that share import paths."""
    file = cases.parse({"case": members, "paths": list(paths)}, LIST)
    return dataclasses.replace(file, old=trees.legacy, new=trees.migrated)


def _entries(
    paths: Sequence[str],
    members: list[dict[str, Any]],
    trees: tree.Trees,
    settings: run.Settings,
) -> list[Row]:
    try:
        result = run.verify_cases(case_file(paths, members, trees), settings)
        return [summary(case) for case in result.cases]
    except Exception:
        text = traceback.format_exc()
        return [{"name": case["name"], "status": "failed", "error": text} for case in members]
