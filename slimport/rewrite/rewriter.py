"""The transformer: bottom-up over the libcst tree of a file, one rule per resolved reference."""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference
from slimport.rewrite import marks, no_rule
from slimport.rewrite.align import aligned_calls, alignment
from slimport.rewrite.comments import with_said
from slimport.rewrite.hand_blocks import HandBlocks
from slimport.rewrite.identity import Comparisons
from slimport.rewrite.imports import NameTable
from slimport.rewrite.keeping import is_alias
from slimport.rewrite.namespaces import Namespaces
from slimport.rewrite.node_kinds import kind_of
from slimport.rewrite.outcomes import Outcomes
from slimport.rewrite.plain_calls import PlainCalls
from slimport.rewrite.plan import Plan
from slimport.rewrite.positions import Positions
from slimport.rewrite.references import References
from slimport.rewrite.registry import UNKNOWN_API, rule_for
from slimport.rewrite.services import Services
from slimport.rewrite.site import CallSite, ValueSite
from slimport.rewrite.training_blocks import TrainingBlocks


class Rewriter(cst.CSTTransformer):
    """Finds the references of a file, and puts what becomes of each in its place.

    Args:
        module: the file.
        plan: decisions about the program's functions.
        positions: of the nodes of its tree.
        written_module: dotted name under which the file imports the written module.
        reserved: names that nothing imported may get.

    Attributes:
        names: of what the new code uses from elsewhere.
        services: the file as a rule may use it.
        references: those of the file.
        outcomes: what became of them.
        aligned: calls whose arguments stand under a bracket, by `id`.
    """

    def __init__(
        self,
        module: Module,
        plan: Plan,
        positions: Positions,
        written_module: str,
        reserved: set[str],
    ) -> None:
        super().__init__()
        self.module = module
        self.program: Program = plan.program
        self.positions = positions
        local = {factory.name for factory in plan.factories(module).values()}
        self.names = NameTable(module, plan.program, written_module, local | reserved)
        self.services = Services(self.names, module, plan)
        self.references = References(module, plan.program, positions)
        self.outcomes = Outcomes(module, plan, self.services)
        self.aligned = aligned_calls(positions, module.lines)
        self._alive: list[cst.CSTNode] = []  # ids stay unique while their nodes live
        self._callees: set[int] = set()
        self._path: list[cst.CSTNode] = []
        self._comparisons = Comparisons(module, plan)
        self._training = TrainingBlocks(module, plan, self.services, positions)
        self._loops = HandBlocks(module, plan, self.services, positions)
        self._namespaces = Namespaces(module, plan, self.services, self.outcomes)
        self._plain = PlainCalls(module, plan, self.services, self.references, self.outcomes)
        self._tokens: list[int] | None = None
        self._begin()

    def _begin(self) -> None:
        """Books the blocks that become others; without any only references need a visit."""
        booked = self.outcomes.result.rewritten
        booked.extend([*self._training.entries(), *self._loops.entries()])
        if self._training.is_idle and self._loops.is_idle:
            places = (span[:2] for span in (*self.references, *self._comparisons))
            self._tokens = self.positions.tokens_at(places)

    def imports_slim(self) -> bool:
        """Whether some name of the file still stands for slim, used or not."""
        return any(is_slim(name) for name in self.program.imported_apis(self.module))

    # Dispatch ---------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._path.append(node)
        kind = kind_of(type(node))
        if kind.is_between:
            return False
        if kind.is_call:
            self._callees.add(id(cst.ensure_type(node, cst.Call).func))
        elif kind.is_statement:
            self.outcomes.begin_statement()
        elif kind.is_comparison and self.references.span_of(node) in self._comparisons:
            return False
        if self._tokens is None or not kind.is_within_its_tokens:
            return True
        return self.positions.holds(node, self._tokens)

    def on_leave(
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> Any:  # libcst's own annotation ties the result to the node's class
        self._path.pop()
        kind = kind_of(type(original_node))
        result: cst.CSTNode = updated_node
        if kind.is_left_alone:
            return result
        if kind.is_value:
            result = self._value(original_node, updated_node)
        elif kind.is_call:
            call = cst.ensure_type(original_node, cst.Call)
            result = self._call(call, cst.ensure_type(updated_node, cst.Call))
            self._remember_alignment(call, result)
        elif kind.is_statement:
            return self._left(original_node, self._statement(original_node, updated_node))
        elif isinstance(original_node, cst.Comparison):
            result = self._comparison(original_node, updated_node)
        elif isinstance(original_node, cst.Module):
            assert isinstance(updated_node, cst.Module)
            result = self._loops.module(updated_node)
        elif isinstance(original_node, cst.IndentedBlock):
            assert isinstance(updated_node, cst.IndentedBlock)
            result = self._loops.block(self._training.block(original_node, updated_node))
        return result

    # Expressions ------------------------------------------------------------------------------

    def _call(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression:
        number = self._training.number(original, node)
        if number is not None:
            return number
        node = self._training.call(original, node)
        value = self._loops.call(original, node)
        if value is not node:
            return value
        pattern = self.references.at(original)
        if pattern is not None and pattern[0].call is None:
            return self._apply_value(*pattern, node)
        found = self.references.at(original.func)
        return node if found is None else self._apply_call(*found, node)

    def _apply_call(
        self, reference: Reference, function: Function, node: cst.Call
    ) -> cst.BaseExpression:
        if is_namespace(reference.api.name) or self._is_member_of_alias(reference):
            self.outcomes.stays(reference)
            return node
        if reference.api.doubt:
            return self._doubted(reference, node)
        if self._training.replaces(reference) or self._loops.replaces(reference):
            return node
        plain = self._plain.call(reference, function, node)
        return self._settle_call(reference, function, node) if plain is None else plain

    def _settle_call(
        self, reference: Reference, function: Function, node: cst.Call
    ) -> cst.BaseExpression:
        """What its rule makes of a call."""
        alias, path = self._is_alias(reference), tuple(self._path)
        site = CallSite(reference, function, self.services, path, node, alias)
        return self.outcomes.settle(reference, node, lambda rule: rule.call(site))

    def _value(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        if id(original) in self._callees:
            return node
        found = self.references.at(original)
        if found is None or not isinstance(node, cst.BaseExpression):
            return node
        return self._apply_value(*found, node)

    def _apply_value(
        self, reference: Reference, function: Function, node: cst.BaseExpression
    ) -> cst.BaseExpression:
        if self._is_alias(reference):
            self.outcomes.stays(reference)
            return node
        if is_namespace(reference.api.name):
            return self._namespaces.value(reference, node, self._path[-1])
        if reference.api.doubt:
            return self._doubted(reference, node)
        site = ValueSite(reference, function, self.services, tuple(self._path), node)
        return self.outcomes.settle(reference, node, lambda rule: rule.value(site))

    def _doubted(self, reference: Reference, node: cst.BaseExpression) -> cst.BaseExpression:
        leave = no_rule.doubted(reference, self.module, self.program)
        self.outcomes.leave(reference, UNKNOWN_API, leave)
        return node

    def _comparison(self, original: cst.Comparison, node: cst.CSTNode) -> cst.CSTNode:
        span = self.references.span_of(original)
        if span is None or span not in self._comparisons:
            return node
        value, entry, comment = self._comparisons.replaced(original, span)
        self.outcomes.result.rewritten.append(entry)
        self.outcomes.comment(comment)
        return value

    def _is_alias(self, reference: Reference) -> bool:
        return is_alias(reference, self.module, self.program)

    def _is_member_of_alias(self, reference: Reference) -> bool:
        """``FLAGS = tf.flags.FLAGS`` makes ``FLAGS.steps`` right as soon as the first line is."""
        return isinstance(reference.node, ast.Attribute) and self._is_alias(reference)

    def _remember_alignment(self, original: cst.Call, result: cst.CSTNode) -> None:
        if isinstance(result, cst.Call):
            span, function = self.positions[original], self.positions[original.func]
            if depth := alignment(original, span, function, self.module.lines):
                self.aligned[id(result)] = depth
                self._alive.append(result)

    # Statements -------------------------------------------------------------------------------

    def _statement(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        """The statement with its comments, and with what is said of what was found in it."""
        texts = self.outcomes.end_statement()
        if node is not original and self._may_lose_comments(original, node):
            node = with_said(original, node)
        if not texts:
            return node
        lines = getattr(node, "leading_lines", None)
        if lines is None:  # a suite on the line of its colon: mark the statement around it
            self.outcomes.say_outside(texts)
            return node
        file = self._path[0]
        is_first = isinstance(file, cst.Module) and file.body[0] is original
        above = file.header if isinstance(file, cst.Module) and is_first else ()
        indent = marks.indent_of(self._path)
        return node.with_changes(leading_lines=marks.add_marks(lines, texts, above, indent))

    def _may_lose_comments(self, original: cst.CSTNode, node: cst.CSTNode) -> bool:
        """Whether a statement's lines, without the blocks below it, have comments to look for."""
        if not self.positions.spans_lines(original):
            return False
        same = all(
            getattr(node, name, None) is getattr(original, name, None)
            for name in ("leading_lines", "trailing_whitespace", "decorators")
        )
        return not same or self.positions.has_comment(original, getattr(original, "body", None))

    def _left(self, original: cst.CSTNode, result: cst.CSTNode) -> Any:
        """What a statement becomes by what was found in it."""
        if isinstance(result, cst.SimpleStatementLine):
            replaced = self._loops.statement(original, result)
            return replaced if replaced is not result else self._plain.statement(result, self._path)
        if isinstance(original, cst.With) and isinstance(result, cst.With):
            return self._plain.with_statement(original, result)
        if isinstance(original, cst.FunctionDef):
            assert isinstance(result, cst.FunctionDef)
            return self._loops.function(original, self._training.function(original, result))
        if isinstance(original, cst.Try | cst.While):
            assert isinstance(result, cst.Try | cst.While)
            return self._loops.compound(original, result)
        return result


class HeldRewriter(Rewriter):
    """Of a file that stays: only rules act whose references stand alone."""

    def _begin(self) -> None:
        """No block becomes another, and all is visited."""

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        self._path.pop()
        if isinstance(original_node, cst.Call):
            assert isinstance(updated_node, cst.Call)
            return self._call(original_node, updated_node)
        if isinstance(original_node, cst.Name | cst.Attribute | cst.Subscript):
            return self._value(original_node, updated_node)
        if isinstance(original_node, cst.BaseStatement | cst.SimpleStatementLine):
            return self._statement(original_node, updated_node)
        return updated_node

    def _call(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression:
        pattern, found = self.references.at(original), self.references.at(original.func)
        if pattern is not None and pattern[0].call is None:
            return self._apply_value(*pattern, node)
        if found is None or not _is_alone(found[0]) or self._is_member_of_alias(found[0]):
            return node
        return self._settle_call(*found, node)

    def _apply_value(
        self, reference: Reference, function: Function, node: cst.BaseExpression
    ) -> cst.BaseExpression:
        if not _is_alone(reference):
            return node
        return super()._apply_value(reference, function, node)


def _is_alone(reference: Reference) -> bool:
    rule = rule_for(reference.api.name)
    return rule is not None and rule.alone and not reference.api.doubt
