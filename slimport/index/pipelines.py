"""Input pipelines that read one example, prepare it and batch it: straight lines of one block."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.blocks import (
    assigned,
    called,
    leave_it,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.program import Function, Program, Reference, callees, closure_of

PROVIDER = "slim.dataset_data_provider.DatasetDataProvider"
SHUFFLE_BATCH = "tf.train.shuffle_batch"
BATCHES = ("tf.train.batch", SHUFFLE_BATCH)
# Arguments that a dataset has a place for, and those that only say how threads share the work.
_KNOWN = frozenset(
    """
    tensors batch_size num_threads capacity dynamic_pad allow_smaller_final_batch
    min_after_dequeue seed name
    """.split()
)


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What stands between reading an example and a batch.

    Attributes:
        function: The function that holds the block.
        block: Its statements.
        provider: The name of the data provider.
        get: The statement that reads an example.
        between: The statements that prepare it.
        batch: The statement that batches it.
        batch_call: Its call.
        shuffles: Whether it mixes the examples: ``tf.train.shuffle_batch``.
    """

    function: Function
    block: list[ast.stmt]
    provider: str
    get: ast.Assign
    between: list[ast.stmt]
    batch: ast.stmt
    batch_call: ast.Call
    shuffles: bool

    def belongs(self, reference: Reference) -> bool:
        """Whether a reference is part of the reading itself."""
        return reference.call is self.batch_call or reference.api.name == PROVIDER


def pipelines(program: Program) -> dict[Function, Pipeline]:
    """The functions that hold such a block."""
    found = {}
    for function in program.all():
        pipeline = _pipeline(function, program)
        if pipeline is not None:
            found[function] = pipeline
    return found


def _pipeline(function: Function, program: Program) -> Pipeline | None:
    batches = [r for r in function.references if r.api.name in BATCHES]
    providers = [r for r in function.references if r.api.name == PROVIDER]
    if len(batches) != 1 or len(providers) != 1 or not isinstance(function.node, ast.FunctionDef):
        return None
    call = batches[0].call
    for block in _blocks(function.node):
        batch = next((s for s in block if getattr(s, "value", None) is call), None)
        made = next((s for s in block if getattr(s, "value", None) is providers[0].call), None)
        if batch is None or call is None or not isinstance(made, ast.Assign):
            continue
        provider = made.targets[0]
        get = next((s for s in block if _reads(s, provider)), None)
        if not isinstance(get, ast.Assign) or not isinstance(provider, ast.Name):
            return None
        between = block[block.index(get) + 1 : block.index(batch)]
        shuffles = batches[0].api.name == SHUFFLE_BATCH
        pipeline = Pipeline(function, block, provider.id, get, between, batch, call, shuffles)
        return pipeline if _is_straight(pipeline, program) else None
    return None


def _blocks(node: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """The function's statements, and those below a `with`."""
    pending = [node.body]
    while pending:
        block = pending.pop()
        yield block
        pending += [s.body for s in block if isinstance(s, ast.With)]


def _reads(statement: ast.stmt, provider: ast.expr) -> bool:
    """``image, label = provider.get([...])``"""
    match statement:
        case ast.Assign(
            [ast.Tuple(targets) | ast.List(targets)],
            ast.Call(ast.Attribute(ast.Name(name), "get"), [_], []),
        ):
            names = all(isinstance(target, ast.Name) for target in targets)
            return names and isinstance(provider, ast.Name) and name == provider.id
    return False


def _is_straight(pipeline: Pipeline, program: Program) -> bool:
    call, block = pipeline.batch_call, pipeline.block
    if not isinstance(pipeline.batch, ast.Assign | ast.Return):
        return False
    if len(call.args) > 2 or not {k.arg for k in call.keywords} <= _KNOWN:
        return False
    given = {k.arg: k.value for k in call.keywords}
    if not isinstance(given.get("dynamic_pad", _NO), ast.Constant):
        return False
    if "min_after_dequeue" in given and "capacity" not in given:
        return False
    if len(call.args) < 2 and "batch_size" not in given:
        return False
    if not on_lines_of_their_own(block) or block.index(pipeline.get) < 1:
        return False
    inside = [pipeline.get, *pipeline.between]
    if leave_it(pipeline.between):
        return False
    after = block[block.index(pipeline.batch) + 1 :]
    if (loaded(after) - assigned([pipeline.batch])) & assigned(inside):
        return False  # an example is used beside its batch
    references = [r for s in pipeline.between for r in references_in(s, pipeline.function)]
    start = {f for s in pipeline.between for f in called(s, pipeline.function, program)}
    return not any(r.api.name.startswith("tf.summary.") for r in references) and not any(
        f in program.building for f in closure_of(start, callees)
    )


_NO = ast.Constant(False)
