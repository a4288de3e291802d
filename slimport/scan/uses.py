"""Every API that a tree names, by what becomes of its references."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.names import Assigned
from slimport.index.program import Program, Reference
from slimport.index.resolve import Api
from slimport.report.model import FileReport, Status
from slimport.rewrite.registry import acting_rule
from slimport.rewrite.tf1 import became
from slimport.scan.model import Kind, Use


def kind_of(api: str, call: ast.Call | None = None) -> Kind:
    """What an API is of; TensorFlow's own by what it is in TensorFlow 2."""
    if is_slim(api):
        return Kind.SLIM
    if not api.startswith("tf."):
        return Kind.OTHER
    same = became(api.removeprefix("tf."), call).kind == "same"
    return Kind.TF if same else Kind.TF1


def uses(program: Program, files: Mapping[str, FileReport]) -> list[Use]:
    """All of them, the most frequent first.

    Args:
        files: the report of a rewrite of the tree, by path.
    """
    found: dict[tuple[str, Kind], Use] = {}
    for module in program.modules:
        report = files.get(module.path.as_posix())
        if report is not None:
            for use in _of_file(program, module, report):
                _add(found.setdefault((use.api, use.kind), Use(use.api, use.kind)), use)
    found = {key: use for key, use in found.items() if not _is_right_as_it_is(use)}
    return sorted(found.values(), key=lambda use: (-use.total, use.api))


def _is_right_as_it_is(use: Use) -> bool:
    """``range`` and others that Python 2 had, too."""
    return use.kind is Kind.OTHER and not use.rewritten and not use.left


def references(program: Program, module: Module) -> list[Reference]:
    """The references of a file that denote something, not the modules on the way to it.

    A name that the author gave an object (``conv = slim.conv2d``) refers to it there, and where
    it is called.
    """
    every = (r for function in program.by_module[module] for r in function.references)
    found = (r for r in every if not is_namespace(r.api.name))
    return [r for r in found if not _is_own_name(r, program, module)]


def _is_own_name(reference: Reference, program: Program, module: Module) -> bool:
    if reference.call is not None and isinstance(reference.node, ast.Name):
        return False
    found = reference.scope.lookup(reference.base)
    if found is None or not any(isinstance(binding, Assigned) for binding in found[1]):
        return False
    meaning = program.resolver.name(reference.base, reference.scope, module)
    return isinstance(meaning, Api) and not is_namespace(meaning.name)


def _of_file(program: Program, module: Module, report: FileReport) -> Iterable[Use]:
    done = Counter(item.api for item in report.rewritten)
    ignored = Counter(item.api for item in report.ignored)
    left = defaultdict[str, Counter[str]](Counter)
    for item in report.left:
        left[item.api][item.reason] += 1
    codes = {item.api: (item.code, item.rule) for item in report.rewritten}
    codes |= {item.api: (item.code, "") for item in report.left if item.api not in codes}
    by_api = defaultdict[tuple[str, Kind], list[Reference]](list)
    for reference in references(program, module):
        kind = kind_of(reference.api.name, reference.call)
        by_api[reference.api.name, kind].append(reference)
    for (api, kind), found in by_api.items():
        use = Use(api, kind, *codes.get(api, ("", "")), total=len(found), files=1)
        use.left = min(left[api].total(), use.total)
        use.rewritten = min(done[api], use.total - use.left)
        use.ignored = min(ignored[api], use.total - use.left - use.rewritten)
        rest = use.total - use.left - use.rewritten - use.ignored
        # No file is rewritten that still names slim without a mark: these went with their block.
        gone = kind is Kind.SLIM and report.status is Status.REWRITTEN and not report.held
        use.rewritten, use.kept = use.rewritten + rest * gone, rest * (not gone)
        use.reasons = dict(left[api]) if use.left else {}
        use.spellings = dict(Counter(ast.unparse(r.node) for r in found))
        done[api] -= min(done[api], use.rewritten)  # one API can be of two kinds, by its calls
        left[api] = left[api] if not use.left else Counter()
        yield use
    yield from _without_reference(report, {api for api, _ in by_api}, codes)


def _without_reference(
    report: FileReport, known: set[str], codes: Mapping[str, tuple[str, str]]
) -> Iterable[Use]:
    """What the report has and the index has no reference for: Python 2's idioms, for one."""
    done = Counter(item.api for item in report.rewritten if item.api not in known)
    left = Counter(item.api for item in report.left if item.api not in known)
    for api in {*done, *left}:
        total = done[api] + left[api]
        reasons = dict(Counter(item.reason for item in report.left if item.api == api))
        kind = kind_of(api)
        yield Use(
            api, kind, *codes[api], total=total, rewritten=done[api], left=left[api],
            reasons=reasons, files=1,
        )  # fmt: skip


def _add(total: Use, use: Use) -> None:
    if not total.code:
        total.code, total.rule = use.code, use.rule
    rule = acting_rule(use.api, frozenset())
    if not total.code and rule is not None:
        total.code, total.rule = rule.code, rule.name
    if total.code and not total.rule:
        total.rule = rule.name if rule is not None and rule.code == total.code else ""
    for name in ("total", "rewritten", "kept", "left", "ignored", "files"):
        setattr(total, name, getattr(total, name) + getattr(use, name))
    total.spellings = dict((Counter(total.spellings) + Counter(use.spellings)).most_common())
    total.reasons = dict((Counter(total.reasons) + Counter(use.reasons)).most_common())
