"""The inventory of a tree: a rewrite in memory, and what its plan knows. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from slimport.index.roots import import_roots
from slimport.rewrite.extent import Extent, whole
from slimport.rewrite.plan import Options, Plan
from slimport.rewrite.tree import TreeResult, rewrite_tree
from slimport.scan.blocks import blocks
from slimport.scan.files import files
from slimport.scan.forms import share, why_not_plain
from slimport.scan.model import Kind, Tree, Use
from slimport.scan.uses import uses


def scan_tree(path: Path, options: Options | None = None) -> Tree:
    """Takes the inventory of everything at or below `path`.

    Raises:
        FileNotFoundError: no such path.
    """
    return scan_extent(str(path), whole(path), options or Options(), (path,))


def scan_extent(
    name: str,
    extent: Extent,
    options: Options,
    paths: Iterable[Path],
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tree:
    """Takes the inventory of a program, or of a part of one.

    Args:
        name: what it is called in the inventory.
        paths: what was asked for; folders among these are searched for notebooks.
        jobs: processes; None is as many as help.
        progress: told how many files are done, and of how many.
    """
    result = rewrite_tree(extent.root, options, None, extent, jobs=jobs, progress=progress)
    plan = result.plan
    assert plan is not None
    reports = {file.path: file for file in result.report.files}
    modules = {m for m in plan.program.modules if m.path.as_posix() in reports}
    found = uses(plan.program, reports)
    return Tree(
        name,
        files(result, plan, (path for path in paths if path.is_dir())),
        found,
        share(plan, modules),
        why_not_plain(plan, modules),
        blocks(plan, modules),
        _needed(found),
        result.report.written_modules,
        _roots(result, plan),
        result.report.notes,
    )


def _needed(found: list[Use]) -> dict[str, int]:
    """What of slim and tf.contrib the tree would still name."""
    rest = {use.api: use.left + use.kept + use.ignored for use in found if use.kind is Kind.SLIM}
    return {api: count for api, count in rest.items() if count}


def _roots(result: TreeResult, plan: Plan) -> list[str]:
    """Folders that the imports start from of files which would import the written module."""
    name = plan.options.module_name.encode()
    users = {path for path, data in result.outputs.items() if name in data}
    modules = [module for module in plan.program.modules if module.path in users]
    roots = import_roots(plan.program, modules).values()
    return sorted({"/".join(root) or "." for found in roots for root in found})
