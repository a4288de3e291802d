"""What becomes of the references of a file: the rule's answer, entries of the report, marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import libcst as cst

from slimport.index.canonical import is_slim
from slimport.index.modules import Module
from slimport.index.program import Reference, Span
from slimport.report.model import LeftAlone, Rewritten
from slimport.rewrite import marks, no_rule
from slimport.rewrite.file_result import FileResult, Need
from slimport.rewrite.ignored import WOULD_CHANGE, acted_against, not_asked
from slimport.rewrite.plan import Plan
from slimport.rewrite.registry import UNKNOWN_API, acting_rule
from slimport.rewrite.rule import Keep, Leave, Outcome, Rule
from slimport.rewrite.selection import FileSelection
from slimport.rewrite.services import Services


class Outcomes:
    """Asks the rule of each reference and books its answer.

    Args:
        module: the file.
        plan: decisions about the program's functions.
        services: the file as a rule may use it.

    Attributes:
        result: of the file; without its code.
        selection: what of the file is ignored.
        kept_bases: names that code which stays still needs.
        passed_on: names of modules of slim that are used as values.
    """

    def __init__(self, module: Module, plan: Plan, services: Services) -> None:
        self._module = module
        self._program = plan.program
        self._services = services
        self.result = FileResult(b"")
        self.selection: FileSelection = plan.selection(module)
        self.kept_bases: set[str] = set()
        self.passed_on: set[str] = set()
        self._answered: set[Span] = set()
        self._comments: list[list[str | marks.Accepted]] = [[]]  # of the statements around a node

    def settle(
        self,
        reference: Reference,
        node: cst.BaseExpression,
        apply: Callable[[Rule], Outcome],
    ) -> cst.BaseExpression:
        """Applies the rule, books the result, and returns the code that stands there now."""
        api = reference.api.name
        self._answered.add(reference.span)
        rule = acting_rule(api, self._services.kinds())
        if rule is None:
            if is_slim(api):
                self.leave(reference, UNKNOWN_API, no_rule.uncovered(api))
            self.kept_bases.add(reference.base)
            return node
        self._services.remarks = []
        outcome = apply(rule)
        if isinstance(outcome, Leave):
            self.leave(reference, rule.code, outcome)
            return node
        if isinstance(outcome, Keep):
            self.kept_bases.add(reference.base)
            return node
        line, column, end, last = _stretch(reference)
        if rule.alone and self.selection.ignores(rule.code, line):
            self.kept_bases.add(reference.base)
            self.result.ignored.append(
                LeftAlone(line, api, rule.code, WOULD_CHANGE, "", column, end, last)
            )
            return node
        note = "; ".join(self._services.remarks)
        self.result.rewritten.append(
            Rewritten(line, api, rule.code, rule.name, note, column, end, last)
        )
        return outcome

    def leave(self, reference: Reference, code: str, leave: Leave) -> None:
        """Books a reference that stays, and what its statement is to say of it."""
        self._answered.add(reference.span)
        self.kept_bases.add(reference.base)
        line, column, end, last = _stretch(reference)
        api = reference.api.name
        left = LeftAlone(line, api, code, leave.reason, leave.advice, column, end, last)
        ignored = self.selection.ignores(code, line)
        (self.result.ignored if ignored else self.result.left).append(left)
        self._need(reference)
        text = f"{leave.reason}; {leave.advice}" if leave.advice else leave.reason
        mark = marks.mark(code, text)
        self._comments[-1].append(marks.Accepted(mark) if ignored else mark)

    def stays(self, reference: Reference) -> None:
        """Notes a reference that stays without a word, since something else answers for it."""
        self._answered.add(reference.span)

    def _need(self, reference: Reference) -> None:
        """Notes the names of other files that lead to what is left here."""
        module, whole = self._module, reference.base in self.passed_on
        found = self._program.resolver.through(reference.node, reference.scope, module)
        self.result.needs |= {
            Need(owner.path, name, whole) for owner, name in found if owner is not module
        }

    def comment(self, text: str) -> None:
        """Has the statement around the current node say something."""
        self._comments[-1].append(text)

    def begin_statement(self) -> None:
        """What is said from now on is said of this statement."""
        self._comments.append([])

    def end_statement(self) -> list[str | marks.Accepted]:
        """What is to be said above the innermost statement, which is left."""
        return self._comments.pop()

    def say_outside(self, texts: Iterable[str | marks.Accepted]) -> None:
        """Has the statement around the one that was just left say it."""
        self._comments[-1].extend(texts)

    def book_ignored(self, references: Iterable[Reference]) -> None:
        """Books what of a file's references has changed although it is ignored."""
        if self.selection:
            unasked = not_asked([r for r in references if r.span not in self._answered])
            self.result.against = acted_against(self.selection, self.result.rewritten, unasked)


def _stretch(reference: Reference) -> tuple[int, int, int, int]:
    """Where a reference is, for the report: columns from 1."""
    line, column, end_line, end_column = reference.span
    return line, column + 1, end_line, end_column + 1
