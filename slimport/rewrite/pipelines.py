"""An example that is read, prepared and batched becomes a tf.data pipeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from slimport.index.pipelines import Pipeline
from slimport.index.program import Reference
from slimport.report.model import Rewritten
from slimport.rewrite.names import free_name, names_in
from slimport.rewrite.site import FileServices

CODE, NAME = "SLIM291", "pipeline"


class PipelineBlock:
    """The new statements of one pipeline.

    Args:
        pipeline: what the index found.
        services: the file, for names of the written module and of TensorFlow.
    """

    def __init__(self, pipeline: Pipeline, services: FileServices) -> None:
        self.pipeline = pipeline
        self._services = services
        taken = names_in(pipeline.function.node) | set(pipeline.function.module.scope.bindings)
        self._prepare = free_name("prepare", taken)
        self._example = free_name("example", taken)
        self._batches = free_name("batches", taken)

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with the block."""
        return reference.call is self.pipeline.batch_call

    def entries(self) -> Iterator[Rewritten]:
        """What the report says."""
        line = self.pipeline.batch.lineno
        yield Rewritten(line, "tf.train.batch", CODE, NAME, "order and padding are the queue's")

    def rewritten(
        self, pairs: Sequence[tuple[ast.stmt, cst.BaseStatement]]
    ) -> list[cst.BaseStatement]:
        """The new statements of the block, or of the part that holds the pipeline."""
        pipeline = self.pipeline
        new = {id(old): statement for old, statement in pairs}
        between = [new[id(old)] for old in pipeline.between]
        result: list[cst.BaseStatement] = []
        for old, statement in pairs:
            if old is pipeline.get:
                definition = self._definition(statement, between, new[id(pipeline.batch)])
                result.append(_apart(definition))
            elif old is pipeline.batch:
                first, *rest = self._batched(statement)
                result += [_apart(first), *rest]
            elif old not in pipeline.between:
                result.append(statement)
        return result

    def _definition(
        self,
        get: cst.BaseStatement,
        between: Sequence[cst.BaseStatement],
        batch: cst.BaseStatement,
    ) -> cst.BaseStatement:
        """``def prepare(example): ...``, from reading the items to what was batched."""
        tensors = self._arguments(batch)["tensors"]
        if isinstance(tensors, cst.List | cst.Tuple):
            elements = [cst.Element(element.value) for element in tensors.elements]
            single = len(elements) == 1
            tensors = elements[0].value if single else cst.Tuple(elements, lpar=[], rpar=[])
        end = cst.SimpleStatementLine([cst.Return(tensors)])
        return cst.FunctionDef(
            cst.Name(self._prepare),
            cst.Parameters([cst.Param(cst.Name(self._example))]),
            cst.IndentedBlock([self._items(get), *between, end]),
            leading_lines=getattr(get, "leading_lines", ()),
        )

    def _items(self, get: cst.BaseStatement) -> cst.BaseStatement:
        """``image, label = example['image'], example['label']``"""
        assert isinstance(get, cst.SimpleStatementLine)
        assign = get.body[0]
        assert isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Call)
        names, target = assign.value.args[0].value, assign.targets[0].target
        assert isinstance(target, cst.List | cst.Tuple)
        bound = [element.value for element in target.elements]
        if isinstance(names, cst.List | cst.Tuple) and len(names.elements) == len(bound):
            found = [self._item(element.value) for element in names.elements]
            value = found[0] if len(found) == 1 else _tuple(found)
        else:
            comprehension = cst.parse_expression(f"[{self._example}[item] for item in names]")
            assert isinstance(comprehension, cst.ListComp)
            source = comprehension.for_in.with_changes(iter=names)
            return _assigned(_tuple(bound), comprehension.with_changes(for_in=source))
        return _assigned(bound[0] if len(bound) == 1 else _tuple(bound), value)

    def _item(self, name: cst.BaseExpression) -> cst.BaseExpression:
        index = cst.SubscriptElement(cst.Index(name))
        return cst.Subscript(cst.Name(self._example), [index])

    def _batched(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        given, lines = self._arguments(statement), getattr(statement, "leading_lines", ())
        autotune = self._services.tensorflow("data.AUTOTUNE", "tensorflow")
        steps = [self._call("map", cst.Name(self._prepare), num_parallel_calls=autotune)]
        if self.pipeline.batch_call.func.attr == "shuffle_batch":  # type: ignore[attr-defined]
            seed = {"seed": given["seed"]} if "seed" in given else {}
            steps.append(self._call("shuffle", given["capacity"], **seed))
        steps.append(self._batch(given))
        steps.append(self._call("prefetch", autotune))
        made = []
        on: cst.BaseExpression = cst.Attribute(
            cst.Name(self.pipeline.provider), cst.Name("examples")
        )
        for step in steps:
            assert isinstance(step.func, cst.Attribute)
            call = step.with_changes(func=step.func.with_changes(value=on))
            made.append(_assigned(cst.Name(self._batches), call))
            on = cst.Name(self._batches)
        made[0] = made[0].with_changes(leading_lines=lines)
        return [*made, self._read(statement)]

    def _batch(self, given: dict[str, cst.BaseExpression]) -> cst.Call:
        smaller = given.get("allow_smaller_final_batch")
        drops: cst.BaseExpression = cst.Name("True")
        if smaller is not None:
            constant = {"True": "False", "False": "True"}.get(getattr(smaller, "value", ""))
            drops = cst.Name(constant) if constant else _negated(smaller)
        pads = given.get("dynamic_pad")
        name = "padded_batch" if getattr(pads, "value", "") == "True" else "batch"
        return self._call(name, given["batch_size"], drop_remainder=drops)

    def _read(self, statement: cst.BaseStatement) -> cst.BaseStatement:
        """The statement of the batch, which reads the dataset's next one."""
        assert isinstance(statement, cst.SimpleStatementLine)
        small = statement.body[0]
        assert isinstance(small, cst.Assign | cst.Return)
        call = cst.Call(self._services.written("next_batch"), [cst.Arg(cst.Name(self._batches))])
        return statement.with_changes(body=[small.with_changes(value=call)], leading_lines=[])

    def _call(
        self, method: str, argument: cst.BaseExpression, **named: cst.BaseExpression
    ) -> cst.Call:
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        keywords = [cst.Arg(v, cst.Name(k), equal=equal) for k, v in named.items()]
        function = cst.Attribute(cst.Name(self._batches), cst.Name(method))
        return cst.Call(function, [cst.Arg(argument), *keywords])

    def _arguments(self, statement: cst.BaseStatement) -> dict[str, cst.BaseExpression]:
        assert isinstance(statement, cst.SimpleStatementLine)
        call = getattr(statement.body[0], "value", None)
        assert isinstance(call, cst.Call)
        names = iter(("tensors", "batch_size"))
        return {a.keyword.value if a.keyword else next(names): a.value for a in call.args}


def _apart(statement: cst.BaseStatement) -> cst.BaseStatement:
    """The statement with a blank line above it."""
    lines = getattr(statement, "leading_lines", ())
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[cst.EmptyLine(indent=False), *lines])


def _tuple(values: Sequence[cst.BaseExpression]) -> cst.Tuple:
    return cst.Tuple([cst.Element(value) for value in values], lpar=[], rpar=[])


def _assigned(target: cst.BaseExpression, value: cst.BaseExpression) -> cst.SimpleStatementLine:
    assert isinstance(target, cst.BaseAssignTargetExpression)
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], value)])


def _negated(value: cst.BaseExpression) -> cst.BaseExpression:
    return cst.UnaryOperation(cst.Not(), value)
