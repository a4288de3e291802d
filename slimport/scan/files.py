"""The files of a tree by what would become of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from slimport.files.discover import discover
from slimport.files.source import NotPython3, SourceError, concerns_slim, parse
from slimport.index.canonical import is_slim
from slimport.index.modules import Module
from slimport.report.model import FileReport, Status
from slimport.rewrite.plan import Plan
from slimport.rewrite.tree import TreeResult
from slimport.scan.forms import forms
from slimport.scan.model import ScannedFile, State
from slimport.scan.uses import references

NOTEBOOK = ".ipynb"
_MENTION = re.compile(rb"\b(?:tf_slim|slim|tensorflow|contrib)\b|\btf\.[a-zA-Z]")


def files(result: TreeResult, plan: Plan, folders: Iterable[Path]) -> list[ScannedFile]:
    """Every file of the tree, in order; notebooks in its folders that nothing reads, too."""
    modules = {module.path.as_posix(): module for module in plan.program.modules}
    found = [_file(result, plan, report, modules) for report in result.report.files]
    known = {file.path for file in found}
    found += [file for file in _notebooks(result, folders) if file.path not in known]
    return sorted(found, key=lambda file: file.path)


def _file(
    result: TreeResult, plan: Plan, report: FileReport, modules: dict[str, Module]
) -> ScannedFile:
    module = modules.get(report.path)
    file = ScannedFile(report.path, State.UNTOUCHED, _language(result, report))
    file.rewritten, file.left = len(report.rewritten), len(report.left)
    file.why = report.error or report.held
    file.marks = [
        {"line": item.line, "code": item.code, "api": item.api, "reason": item.reason,
         "advice": item.advice, "place": item.place}
        for item in sorted(report.left, key=lambda item: item.line)
    ]  # fmt: skip
    named = False
    if module is not None:
        found = references(plan.program, module)
        named = bool(found)
        file.lines = len(module.lines)
        file.slim = sum(is_slim(reference.api.name) for reference in found)
        file.session = plan.tf1_files.runs_sessions(module)
        file.starts = plan.tf1_files.start(module) is not None
        file.forms = forms(plan, module)
    if report.status is Status.FAILED:
        file.mentions = _mentions(result, report)
    file.state = _state(report, named)
    return file


def _state(report: FileReport, named: bool) -> State:
    if report.status is Status.FAILED:
        return State.REFUSED
    if report.held:
        return State.HELD
    if report.status is Status.REWRITTEN:
        if not report.left:
            return State.REWRITTEN
        return State.PARTLY if report.rewritten else State.MARKED
    return State.KEPT if named else State.UNTOUCHED


def _language(result: TreeResult, report: FileReport) -> str:
    if report.path.endswith(NOTEBOOK):
        return "notebook"
    if "Python 2" in report.error:
        return "python 2"
    original = result.originals.get(PurePosixPath(report.path))
    if original is not None:
        try:
            parse(result.root / report.path, original)
        except NotPython3:
            return "python 2"
        except SourceError:
            pass
    return "python"


def _mentions(result: TreeResult, report: FileReport) -> int:
    """Lines of a file that nothing parses which look like TensorFlow."""
    try:
        data = (result.root / report.path).read_bytes()
    except OSError:
        return 0
    return sum(bool(_MENTION.search(line)) for line in data.splitlines())


def _notebooks(result: TreeResult, folders: Iterable[Path]) -> list[ScannedFile]:
    """Notebooks below the folders that name TensorFlow."""
    found = []
    for path in (path for folder in folders for path in discover(folder, (NOTEBOOK,))):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if concerns_slim(data):
            name = Path(os.path.relpath(path, result.root)).as_posix()
            mentions = sum(bool(_MENTION.search(line)) for line in data.splitlines())
            found.append(ScannedFile(name, State.UNREAD, "notebook", mentions=mentions))
    return found
