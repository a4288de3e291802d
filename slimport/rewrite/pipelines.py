"""An example that is read, prepared and batched becomes a tf.data pipeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.file_queues import QUEUE
from slimport.index.pipelines import SHUFFLE_BATCH, Pipeline
from slimport.index.program import Reference
from slimport.report.model import Rewritten
from slimport.rewrite.file_queues import FileRecords
from slimport.rewrite.names import free_name, names_taken
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    apart,
    arguments,
    assignment,
    call_in,
    carried_to,
    comments_left,
    keyword,
    lines_above,
    with_comments_of,
    with_lines,
    with_lines_only,
    with_value,
)

CODE, NAME = "SLIM291", "pipeline"
Pair = tuple[ast.stmt, cst.BaseStatement]


class PipelineBlock:
    """The new statements of one pipeline.

    Args:
        pipeline: what the index found.
        services: the file, for names of the written module and of TensorFlow.
        whole: Whether the dataset itself is what comes out, for `fit` to iterate over.
    """

    def __init__(self, pipeline: Pipeline, services: FileServices, whole: bool = False) -> None:
        self.pipeline = pipeline
        self._whole = whole
        self._services = services
        taken = names_taken(pipeline.function)
        self._prepare = free_name("prepare", taken)
        files = pipeline.files
        example = "record" if files is not None else "example"
        is_own = files is not None and files.function is pipeline.function
        self._example = files.record if files and is_own else free_name(example, taken)
        self._batches = free_name("batches", taken)
        self._records = free_name("records", taken)
        self._files = FileRecords(pipeline.files, services) if pipeline.files else None

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with the block."""
        calls = [self.pipeline.batch_call]
        if self.pipeline.files is not None:
            calls += [self.pipeline.files.call, self.pipeline.files.reader_call]
        return reference.call in calls

    def entries(self) -> Iterator[Rewritten]:
        """What the report says."""
        batch, files = self.pipeline.batch, self.pipeline.files
        name = SHUFFLE_BATCH if self.pipeline.shuffles else "tf.train.batch"
        yield Rewritten(batch.lineno, name, CODE, NAME, "order and padding are the queue's")
        if files is not None:
            yield Rewritten(files.call.lineno, QUEUE, CODE, NAME)
            if files.function.module is self.pipeline.function.module:
                yield Rewritten(files.reader_call.lineno, files.reader, CODE, NAME)

    def rewritten(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The new statements of the block, or of the part that holds the pipeline.

        Returns:
            Each with the old one whose place it takes.
        """
        pipeline = self.pipeline
        new = {id(old): statement for old, statement in pairs}
        between = [new[id(old)] for old in pipeline.between]
        result: list[Pair] = []
        carried: list[cst.EmptyLine] = []
        for old, statement in pairs:
            made = [statement]
            if self._goes(old):
                carried += comments_left(statement)
                continue
            if self._files is not None and old is self._files.statement:
                dataset = self._files.dataset(statement, self._records)
                made = with_comments_of([statement], dataset)
            if old is pipeline.get:
                definition = self._definition(statement, between, new[id(pipeline.batch)])
                made = with_comments_of([statement], [apart(definition)])
            elif self._whole and old is pipeline.handed_on and old is not pipeline.batch:
                made = [with_value(statement, cst.Name(self._batches))]
            elif old is pipeline.batch:
                made = with_comments_of([statement], self._batched(statement))
            if old not in pipeline.between:
                made[0], carried = carried_to(made[0], carried), []
                result += [(old, each) for each in made]
        return result

    def _goes(self, old: ast.stmt) -> bool:
        """Whether a statement made the reader."""
        files = self.pipeline.files
        return files is not None and old in files.going and old is not files.get

    def _definition(
        self,
        get: cst.BaseStatement,
        between: Sequence[cst.BaseStatement],
        batch: cst.BaseStatement,
    ) -> cst.BaseStatement:
        """``def prepare(example): ...``, from reading the items to what was batched."""
        tensors = arguments(call_in(batch), self.pipeline.parameters)["tensors"]
        if isinstance(tensors, cst.List | cst.Tuple):
            elements = [element.value for element in tensors.elements]
            tensors = elements[0] if len(elements) == 1 else _tuple(elements)
        end = cst.SimpleStatementLine([cst.Return(tensors)])
        return cst.FunctionDef(
            cst.Name(self._prepare),
            cst.Parameters([cst.Param(cst.Name(self._example))]),
            cst.IndentedBlock([*self._items(get), *between, end]),
            leading_lines=lines_above(get),
        )

    def _items(self, get: cst.BaseStatement) -> list[cst.BaseStatement]:
        """``image, label = example['image'], example['label']``"""
        files = self.pipeline.files
        if files is not None:
            return [] if files.function is self.pipeline.function else [self._read(get)]
        assert isinstance(get, cst.SimpleStatementLine)
        assign = get.body[0]
        assert isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Call)
        names, target = assign.value.args[0].value, assign.targets[0].target
        assert isinstance(target, cst.List | cst.Tuple)
        bound = [element.value for element in target.elements]
        value: cst.BaseExpression
        if isinstance(names, cst.List | cst.Tuple) and len(names.elements) == len(bound):
            value = _alone_or_tuple([self._item(element.value) for element in names.elements])
            made = assignment(_alone_or_tuple(bound), value)
        else:
            comprehension = cst.parse_expression(f"[{self._example}[item] for item in names]")
            assert isinstance(comprehension, cst.ListComp)
            source = comprehension.for_in.with_changes(iter=names)
            made = assignment(_tuple(bound), comprehension.with_changes(for_in=source))
        return [get.with_changes(body=[made], leading_lines=[])]

    def _read(self, get: cst.BaseStatement) -> cst.BaseStatement:
        """``image, label = read(record)``"""
        call = call_in(get)
        first, *others = call.args
        given = [first.with_changes(value=cst.Name(self._example)), *others]
        return with_lines_only(with_value(get, call.with_changes(args=given)), ())

    def _item(self, name: cst.BaseExpression) -> cst.BaseExpression:
        index = cst.SubscriptElement(cst.Index(name))
        return cst.Subscript(cst.Name(self._example), [index])

    def _batched(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """A line for each step of the dataset, and the statement that reads its next batch."""
        batches = self._batches
        examples = self._records if self._files else f"{self.pipeline.provider}.examples"
        made: list[cst.BaseStatement] = []
        for method, given in self._steps(arguments(call_in(statement), self.pipeline.parameters)):
            on = batches if made else examples
            call = cst.Call(dotted(f"{on}.{method}"), given)
            made.append(cst.SimpleStatementLine([assignment(batches, call)]))
        made[0] = apart(with_lines(made[0], lines_above(statement)))
        if not self._whole:
            call = cst.Call(self._services.written("next_batch"), [cst.Arg(cst.Name(batches))])
            made.append(with_lines_only(with_value(statement, call), ()))
        elif isinstance(self.pipeline.batch, ast.Return):
            made.append(with_lines_only(with_value(statement, cst.Name(batches)), ()))
        return made

    def _steps(
        self, given: Mapping[str, cst.BaseExpression]
    ) -> Iterator[tuple[str, Sequence[cst.Arg]]]:
        autotune = self._services.tensorflow("data.AUTOTUNE", "tensorflow")
        prepare = cst.Arg(cst.Name(self._prepare))
        yield "map", [prepare, keyword("num_parallel_calls", autotune)]
        if self.pipeline.shuffles:
            seed = [keyword("seed", given["seed"])] if "seed" in given else []
            yield "shuffle", [cst.Arg(given["capacity"]), *seed]
        pads = getattr(given.get("dynamic_pad"), "value", "") == "True"
        drops = keyword("drop_remainder", _negated(given.get("allow_smaller_final_batch")))
        yield "padded_batch" if pads else "batch", [cst.Arg(given["batch_size"]), drops]
        yield "prefetch", [cst.Arg(autotune)]


def _tuple(values: Sequence[cst.BaseExpression]) -> cst.Tuple:
    return cst.Tuple([cst.Element(value) for value in values], lpar=[], rpar=[])


def _alone_or_tuple(values: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    return values[0] if len(values) == 1 else _tuple(values)


def _negated(value: cst.BaseExpression | None) -> cst.BaseExpression:
    """``not value``; `None` is as good as false."""
    if value is None:
        return cst.Name("True")
    constant = {"True": "False", "False": "True"}.get(getattr(value, "value", ""))
    return cst.Name(constant) if constant else cst.UnaryOperation(cst.Not(), value)
