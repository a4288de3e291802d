"""Plants faults in migrated code and has them judged, all in one run of the workers."""

from __future__ import annotations

import ast
import difflib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verify_soak.pairs import LEGACY
from slimport.rewrite.command import Request, run
from slimport.verify.result import CaseResult, Site
from slimport.verify.run import verify
from tests.verify.planted.fault import Fault

DETECTOR = Path(__file__).parents[3] / "fixtures" / "legacy" / "ssd_inception_v2"

#: Cases of the true code, one of each kind.
TRUE = """
[[case]]
name = "true"
entry = "nets.inception_v2:inception_v2_base"
modes = ["inference", "training"]
{case}
[[case.inputs]]
shape = [2, 32, 32, 3]
"""


@dataclass(frozen=True)
class Trees:
    """A legacy tree with the networks and the detector, and its migrated form."""

    old: Path
    new: Path

    @classmethod
    def make(cls, folder: Path) -> Trees:
        """Migrates them."""
        old, new = folder / "old", folder / "new"
        shutil.copytree(DETECTOR, old)
        shutil.copytree(LEGACY, old, dirs_exist_ok=True)
        assert not run(Request((old,), new)).report.failed
        return cls(old, new)

    def plant(self, name: str, fault: Fault) -> str:
        """Writes a module with the fault beside the true one; returns the new case."""
        entry, function = fault.entry
        module = fault.module or entry
        true = self.new / f"{module.replace('.', '/')}.py"
        true.with_name(f"{true.stem}_{name}.py").write_text(mutated(true, fault), "utf-8")
        if module != entry:
            scope = f'new_arg_scope = "{module}_{name}:inception_arg_scope"\n'
            return fault.table(name, fault.network, scope)
        return fault.table(name, f"{entry}_{name}:{function}")

    def true_path(self, fault: Fault) -> str:
        """Path of the module that a fault is planted in."""
        return f"{(fault.module or fault.entry[0]).replace('.', '/')}.py"

    def planted_at(self, name: str, fault: Fault) -> tuple[str, list[int]]:
        """The planted module's path, and the lines that are not those of the true one."""
        path = self.true_path(fault).replace(".py", f"_{name}.py")
        true = (self.new / self.true_path(fault)).read_text("utf-8").splitlines()
        false = (self.new / path).read_text("utf-8").splitlines()
        edits = difflib.SequenceMatcher(None, true, false, autojunk=False).get_opcodes()
        lines = [
            line
            for kind, _, _, first, end in edits
            if kind != "equal"
            for line in range(first + 1, max(end, first + 1) + 1)
        ]
        return path, lines

    def judge(
        self, faults: Mapping[str, Fault], folder: Path, more: str = ""
    ) -> dict[str, CaseResult]:
        """The verdict on every fault, by name."""
        file = folder / "cases.toml"
        cases = [self.plant(name, fault) for name, fault in faults.items()]
        file.write_text("\n".join([more, *cases]), "utf-8")
        return {case.name: case for case in verify(file, self.old, self.new).cases}


def mutated(path: Path, fault: Fault) -> str:
    """The text of a module with the fault in it; fails where there is no place for it."""
    text, count = re.subn(fault.pattern, fault.replacement, path.read_text("utf-8"), count=1)
    assert count == 1, f"{path.name} holds no {fault.pattern}"
    return text


def statement(tree: Path, site: Site) -> tuple[range, str]:
    """Lines and text of the statement that a site is in; of a `with` or a `for`, its head."""
    text = (tree / site.file).read_text("utf-8")
    found = range(site.line, site.line + 1)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno or node.lineno
            span = range(node.lineno, max(last, node.lineno) + 1)
            if site.line in span and (len(found) == 1 or len(span) < len(found)):
                found = span
    lines = text.splitlines()
    return found, "\n".join(lines[line - 1] for line in found)


def around(tree: Path, site: Site) -> list[range]:
    """Lines of the heads of the `with` statements that a site is in."""
    nodes = ast.walk(ast.parse((tree / site.file).read_text("utf-8")))
    return [
        range(node.lineno, node.body[0].lineno)
        for node in nodes
        if isinstance(node, ast.With) and node.lineno <= site.line <= (node.end_lineno or 0)
    ]
