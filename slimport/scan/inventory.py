"""The inventory of a tree: a rewrite in memory, and what its plan knows. Nothing is written."""

from __future__ import annotations

from pathlib import Path

from slimport.index.roots import import_roots
from slimport.rewrite.plan import Options, Plan
from slimport.rewrite.tree import TreeResult, rewrite_tree
from slimport.rewrite.written_module import WRITTEN_MODULE
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
    result = rewrite_tree(path, options)
    plan = result.plan
    assert plan is not None
    reports = {file.path: file for file in result.report.files}
    found = uses(plan.program, reports)
    return Tree(
        str(path),
        files(result, plan),
        found,
        share(plan),
        why_not_plain(plan),
        blocks(plan),
        _needed(found),
        result.report.written_modules,
        _roots(result, plan),
        result.report.notes,
    )


def _needed(found: list[Use]) -> dict[str, int]:
    """What of slim and tf.contrib the tree would still name."""
    rest = {use.api: use.left + use.kept for use in found if use.kind is Kind.SLIM}
    return {api: count for api, count in rest.items() if count}


def _roots(result: TreeResult, plan: Plan) -> list[str]:
    """Folders that the imports start from of files which would import the written module."""
    name = WRITTEN_MODULE.encode()
    users = {path for path, data in result.outputs.items() if name in data}
    modules = [module for module in plan.program.modules if module.path in users]
    roots = import_roots(plan.program, modules).values()
    return sorted({"/".join(root) or "." for found in roots for root in found})
