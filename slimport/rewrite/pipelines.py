"""An example that is read, prepared and batched becomes a tf.data pipeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.batched import COMPUTED, DICT, LIST, is_list, is_sorted
from slimport.index.file_queues import QUEUE
from slimport.index.pipelines import Pipeline
from slimport.index.prefetching import OF_QUEUE, PREFETCH_QUEUE, unpacks
from slimport.index.program import Reference
from slimport.report.model import Rewritten
from slimport.rewrite.file_queues import FileRecords
from slimport.rewrite.names import free_name, names_taken
from slimport.rewrite.nodes import nodes_of
from slimport.rewrite.prefetching import next_of
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    Pair as Pair,
)
from slimport.rewrite.statements import (
    apart,
    arguments,
    assignment,
    call_in,
    carried_to,
    code,
    comments_left,
    keyword,
    line,
    lines_above,
    simple,
    with_comments_of,
    with_lines,
    with_lines_only,
    with_value,
)
from slimport.rewrite.straight_blocks import StraightBlock

CODE, NAME = "SLIM291", "pipeline"


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
        self._arrange = free_name("arrange", taken)
        self._tensors = free_name("tensors", taken)
        files = pipeline.files
        example = "record" if files is not None else "example"
        is_own = files is not None and files.function is pipeline.function
        self._example = files.record if files and is_own else free_name(example, taken)
        self._batches = free_name("batches", taken)
        self._records = free_name("records", taken)
        self._files = FileRecords(pipeline.files, services) if pipeline.files else None
        self._joined: cst.BaseExpression | None = None

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with the block."""
        calls = [self.pipeline.batch_call]
        if self.pipeline.queue is not None:
            calls.append(self.pipeline.queue.call)
        if self.pipeline.files is not None:
            calls += [self.pipeline.files.call, self.pipeline.files.reader_call]
        return reference.call in calls

    def entries(self) -> Iterator[Rewritten]:
        """What the report says."""
        batch, files = self.pipeline.batch, self.pipeline.files
        yield Rewritten(
            batch.lineno, self.pipeline.api, CODE, NAME, "order and padding are the queue's"
        )
        if self.pipeline.queue is not None:
            yield Rewritten(self.pipeline.queue.call.lineno, PREFETCH_QUEUE, CODE, NAME)
        if files is not None:
            yield Rewritten(files.call.lineno, QUEUE, CODE, NAME)
            if files.function.module is self.pipeline.function.module:
                yield Rewritten(files.reader_call.lineno, files.reader, CODE, NAME)

    def rewritten(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The new statements of the block, or of the part that holds the pipeline.

        Returns:
            Each with the old one whose place it takes.
        """
        straight = StraightBlock(self.pipeline)
        pairs, below = straight.flat(pairs)
        if not any(old is self.pipeline.batch for old, _ in pairs):
            return list(pairs)  # it stands in a block of its own
        pairs = straight.in_order(pairs)
        self._joined = straight.joined
        new = {id(old): statement for old, statement in pairs}
        result: list[Pair] = []
        carried: list[cst.EmptyLine] = []
        for old, statement in pairs:
            if self._goes(old):
                carried += comments_left(statement)
            elif not self.pipeline.maps(old):
                made = self._instead(old, statement, new)
                made[0], carried = carried_to(made[0], carried), []
                result += [(old, each) for each in made]
        if below:
            old, last = result[-1]
            result[-1] = (old, with_lines_only(last, [*lines_above(last), *below]))
        return result

    def _instead(
        self, old: ast.stmt, statement: cst.BaseStatement, new: Mapping[int, cst.BaseStatement]
    ) -> list[cst.BaseStatement]:
        """What takes the place of a statement."""
        pipeline = self.pipeline
        if self._files is not None and old is self._files.statement:
            dataset = self._files.dataset(statement, self._records)
            return with_comments_of([statement], dataset)
        if old is pipeline.get:
            between = [new[id(inner)] for inner in pipeline.between]
            definition = self._definition(statement, between, new[id(pipeline.batch)])
            if old is not pipeline.batch:
                return with_comments_of([statement], [apart(definition)])
            made = [apart(with_lines_only(definition, ())), *self._batched(statement)]
            return with_comments_of([statement], made)
        if self._whole and old is pipeline.handed_on and old is not pipeline.batch:
            return [with_value(statement, cst.Name(self._batches))]
        if old is pipeline.batch:
            return with_comments_of([statement], self._batched(statement))
        if pipeline.queue is not None and old is pipeline.queue.statement:
            return self._prefetched(statement, new)
        return [statement]

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
        join = self.pipeline.join
        if join is None:
            tensors = arguments(call_in(batch), self.pipeline.parameters)["tensors"]
        elif join.loop is None:
            return self._of_comprehension(get)
        else:
            assert self._joined is not None
            tensors = self._joined
        end = self._returned(tensors, self.pipeline.tensors, self.pipeline.kind[0])
        return self._preparing([*self._items(get), *between, *end], get)

    def _preparing(
        self, body: Sequence[cst.BaseStatement], get: cst.BaseStatement
    ) -> cst.BaseStatement:
        return cst.FunctionDef(
            cst.Name(self._prepare),
            cst.Parameters([cst.Param(cst.Name(self._example))]),
            cst.IndentedBlock(body),
            leading_lines=lines_above(get),
        )

    def _of_comprehension(self, get: cst.BaseStatement) -> cst.BaseStatement:
        """``def prepare(example): return example['image'], example['label']``"""
        found = next(nodes_of(get, cst.ListComp))
        assert isinstance(found.elt, cst.Call)
        return self._preparing([simple(cst.Return(self._given(found.elt)))], get)

    def _given(self, read: cst.Call) -> cst.BaseExpression:
        """What ``provider.get([...])`` gave, of an example."""
        names = read.args[0].value
        assert isinstance(names, cst.List | cst.Tuple)
        return _alone_or_tuple([self._item(element.value) for element in names.elements])

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

    def _returned(
        self, tensors: cst.BaseExpression, old: ast.expr, kind: str
    ) -> list[cst.BaseStatement]:
        """The end of a mapped function: it returns what a queue was given.

        A list would be one tensor to tf.data, and queues gave a dictionary in the order of its
        keys.
        """
        if kind == DICT and not is_sorted(old, self.pipeline.function):
            tensors = cst.parse_expression(f"dict(sorted({code(tensors)}.items()))")
        elif kind == LIST and isinstance(tensors, cst.List | cst.Tuple):
            tensors = _alone_or_tuple([element.value for element in tensors.elements])
        elif kind == LIST:
            tensors = cst.Call(cst.Name("tuple"), [cst.Arg(tensors)])
        elif kind == COMPUTED:
            name = self._tensors
            return [
                simple(assignment(name, tensors)),
                # Of one tensor alone a queue made no list.
                line(f"assert isinstance({name}, (list, tuple)) and len({name}) > 1"),
                line(f"return tuple({name})"),
            ]
        return [simple(cst.Return(tensors))]

    def _batched(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """A line for each step of the dataset, and the statement that reads its next batch."""
        batches, pipeline = self._batches, self.pipeline
        examples = self._records if self._files else f"{pipeline.provider}.examples"
        made: list[cst.BaseStatement] = []
        for method, given in self._steps(arguments(call_in(statement), pipeline.parameters)):
            on = batches if made else examples
            call = cst.Call(dotted(f"{on}.{method}"), given)
            made.append(cst.SimpleStatementLine([assignment(batches, call)]))
        made[0] = apart(with_lines(made[0], lines_above(statement)))
        if pipeline.queue is not None:
            return made[:-1]  # `_prefetched` has the last step
        if not self._whole:
            several = is_list(pipeline.kind) and not unpacks(pipeline.batch)
            if isinstance(pipeline.batch, ast.Return) and pipeline.kind[0] == LIST:
                several = False  # a caller unpacks it
            call = next_of(batches, several, self._services)
            made.append(with_lines_only(with_value(statement, call), ()))
        elif isinstance(pipeline.batch, ast.Return):
            made.append(with_lines_only(with_value(statement, cst.Name(batches)), ()))
        return made

    def _prefetched(
        self, statement: cst.BaseStatement, new: Mapping[int, cst.BaseStatement]
    ) -> list[cst.BaseStatement]:
        """``batch_queue = batches.prefetch(...)``, behind a step for what was done to a batch."""
        queue, batches = self.pipeline.queue, self._batches
        assert queue is not None
        autotune = code(self._services.tensorflow("data.AUTOTUNE", "tensorflow"))
        end = line(f"{queue.name} = {batches}.prefetch({autotune})")
        if self.pipeline.hands_on:
            return with_comments_of([statement], [with_lines_only(end, lines_above(statement))])
        given = arguments(call_in(statement), OF_QUEUE)["tensors"]
        arranging = self._arranging(given, new)
        step = line(f"{batches} = {batches}.map({self._arrange}, num_parallel_calls={autotune})")
        steps = [apart(with_lines_only(step, lines_above(statement))), end]
        *steps, arranging = with_comments_of([statement], [*steps, apart(arranging)])
        return [arranging, *steps]

    def _arranging(
        self, given: cst.BaseExpression, new: Mapping[int, cst.BaseStatement]
    ) -> cst.BaseStatement:
        """``def arrange(images, labels): ...``, from a batch to what the queue was given."""
        pipeline, queue = self.pipeline, self.pipeline.queue
        assert queue is not None and isinstance(pipeline.batch, ast.Assign)
        body = [new[id(old)] for old in pipeline.arranged]
        names = [ast.unparse(t) for t in getattr(pipeline.batch.targets[0], "elts", ())]
        parameters = cst.Parameters([cst.Param(cst.Name(name)) for name in names])
        if not names:
            name = ast.unparse(pipeline.batch.targets[0])
            parameters = cst.Parameters([cst.Param(cst.Name(name))])
            if is_list(pipeline.kind):
                parameters = cst.Parameters(star_arg=cst.Param(cst.Name(name)))
                body = [line(f"{name} = list({name})"), *body]
        body += self._returned(given, queue.tensors, pipeline.held[0])
        return cst.FunctionDef(cst.Name(self._arrange), parameters, cst.IndentedBlock(body))

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
