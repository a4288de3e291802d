"""A dataset that an iterator read becomes one that gives a model its batches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import libcst as cst

from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Reference, Span
from slimport.index.single_iterators import SingleIterator
from slimport.report.model import Rewritten
from slimport.rewrite.pipelines import CODE, NAME
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import with_value, without_statements


class IteratorEdits:
    """The iterators of a file that go.

    Args:
        iterators: Those of losses.
        module: The file.
        services: The file, for names of the written module.
    """

    def __init__(
        self, iterators: Iterable[SingleIterator], module: Module, services: FileServices
    ) -> None:
        columns = ColumnMap(module.lines)
        self._services = services
        self._found = [i for i in iterators if i.function.module is module]
        self._reads = {columns.span(i.get_next): i for i in self._found}
        self._made = {columns.span(i.made): i for i in self._found}
        self._initialized = {columns.span(i.initialized) for i in self._found if i.initialized}
        self._lines = {getattr(i.function.node, "lineno", 0) for i in self._found}
        # What stands in the statements that go, and in those that keep a dataset's name.
        self._gone: list[cst.BaseExpression] = []
        self._kept: list[cst.BaseExpression] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def replaces(self, reference: Reference) -> bool:
        """Whether a reference goes."""
        return any(iterator.belongs(reference) for iterator in self._found)

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of the references that go."""
        for iterator in self._found:
            for reference in iterator.function.references:
                if iterator.belongs(reference):
                    yield Rewritten(reference.span[0], reference.api.name, CODE, NAME)

    def call(self, span: Span, node: cst.Call) -> cst.Call:
        """``next_batch(dataset)`` for what read; others that go are remembered."""
        read, made = self._reads.get(span), self._made.get(span)
        if read is not None and isinstance(node.func, cst.Attribute):
            value = node.func.value
            if read.spared:
                value = cst.Name(ast.unparse(read.dataset))
            elif isinstance(value, cst.Call):
                value = _dataset(value)
            return cst.Call(self._services.written("next_batch"), [cst.Arg(value)])
        if made is not None:
            node = node.with_changes()
            (self._gone if made.spared else self._kept).append(node)
        elif span in self._initialized:
            node = node.with_changes()
            self._gone.append(node)
        return node

    def function(self, line: int, node: cst.FunctionDef) -> cst.FunctionDef:
        """The function without the statements that made its iterator."""
        if line not in self._lines or not (self._gone or self._kept):
            return node
        changed = node.visit(_WithoutStatements(self._gone, self._kept))
        assert isinstance(changed, cst.FunctionDef)
        return changed


class _WithoutStatements(cst.CSTTransformer):
    """Takes statements away by what they evaluate; keeps a dataset's name for others."""

    def __init__(self, gone: list[cst.BaseExpression], kept: list[cst.BaseExpression]) -> None:
        super().__init__()
        self._gone, self._kept = gone, kept

    def leave_IndentedBlock(  # libcst names its methods so
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        gone = [self._is_of(statement, self._gone) for statement in original_node.body]
        return without_statements(updated_node, gone)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement:
        if not self._is_of(original_node, self._kept):
            return updated_node
        value = getattr(original_node.body[0], "value", None)
        assert isinstance(value, cst.Call)
        return with_value(updated_node, _dataset(value))

    @staticmethod
    def _is_of(statement: cst.CSTNode, values: list[cst.BaseExpression]) -> bool:
        body = getattr(statement, "body", ())
        small = body[0] if isinstance(statement, cst.SimpleStatementLine) and body else None
        return any(getattr(small, "value", None) is value for value in values)


def _dataset(made: cst.Call) -> cst.BaseExpression:
    """The dataset of a call that made an iterator, with the brackets around the whole."""
    if made.args:
        value = made.args[0].value
    else:
        assert isinstance(made.func, cst.Attribute)
        value = made.func.value
    return value.with_changes(
        lpar=[*made.lpar, *value.lpar],
        rpar=[*value.rpar, *made.rpar],
    )
