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
from slimport.index.file_queues import FileQueue, file_queue
from slimport.index.program import Function, Program, Reference, bind, callees, closure_of

PROVIDER = "slim.dataset_data_provider.DatasetDataProvider"
SHUFFLE_BATCH = "tf.train.shuffle_batch"
BATCHES = ("tf.train.batch", SHUFFLE_BATCH)
_OF_BATCH = tuple(
    "tensors batch_size num_threads capacity enqueue_many shapes dynamic_pad "
    "allow_smaller_final_batch shared_name name".split()
)
_OF_SHUFFLE_BATCH = tuple(
    "tensors batch_size capacity min_after_dequeue num_threads seed enqueue_many shapes "
    "allow_smaller_final_batch shared_name name".split()
)
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
        provider: The name of the data provider; none where files are read.
        files: What reads them otherwise.
        get: The statement that reads an example.
        between: The statements that prepare it.
        batch: The statement that batches it.
        batch_call: Its call.
        shuffles: Whether it mixes the examples: ``tf.train.shuffle_batch``.
    """

    function: Function
    block: list[ast.stmt]
    provider: str
    files: FileQueue | None
    get: ast.Assign
    between: list[ast.stmt]
    batch: ast.stmt
    batch_call: ast.Call
    shuffles: bool

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the call in order; what is not known is refused by name."""
        return _OF_SHUFFLE_BATCH if self.shuffles else _OF_BATCH

    @property
    def handed_on(self) -> ast.Return | None:
        """The statement that returns the batch as it comes, if the block ends so."""
        if isinstance(self.batch, ast.Return):
            return self.batch
        match self.batch, self.block[self.block.index(self.batch) + 1 :]:
            case ast.Assign([ast.Tuple() as names]), [ast.Return(ast.Tuple() as given) as last]:
                return last if ast.unparse(names) == ast.unparse(given) else None
        return None

    def belongs(self, reference: Reference) -> bool:
        """Whether a reference is part of the reading itself."""
        if self.files is not None and reference.call is self.files.call:
            return True
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
    if len(batches) != 1 or not isinstance(function.node, ast.FunctionDef):
        return None
    call, shuffles = batches[0].call, batches[0].api.name == SHUFFLE_BATCH
    for block in _blocks(function.node):
        batch = next((s for s in block if getattr(s, "value", None) is call), None)
        if batch is None or call is None:
            continue
        files = file_queue(function, block, program)
        source = _provided(function, block) if files is None else ("", files.get)
        if source is None or block.index(source[1]) > block.index(batch):
            return None
        name, get = source
        between = block[block.index(get) + 1 : block.index(batch)]
        pipeline = Pipeline(function, block, name, files, get, between, batch, call, shuffles)
        return pipeline if _is_straight(pipeline, program) else None
    return None


def _provided(function: Function, block: list[ast.stmt]) -> tuple[str, ast.Assign] | None:
    """The name of the block's data provider, and the statement that reads an example by it."""
    providers = [r for r in function.references if r.api.name == PROVIDER]
    for statement in block:
        match statement:
            case ast.Assign([ast.Name(name)], value) if [r.call for r in providers] == [value]:
                gets = [s for s in block if isinstance(s, ast.Assign) and _reads(s, name)]
                return (name, gets[0]) if gets else None
    return None


def _blocks(node: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """The function's statements, and those below a `with`."""
    pending = [node.body]
    while pending:
        block = pending.pop()
        yield block
        pending += [s.body for s in block if isinstance(s, ast.With)]


def _reads(statement: ast.stmt, provider: str) -> bool:
    """``image, label = provider.get([...])``"""
    match statement:
        case ast.Assign(
            [ast.Tuple(targets) | ast.List(targets)],
            ast.Call(ast.Attribute(ast.Name(name), "get"), [_], []),
        ):
            return all(isinstance(target, ast.Name) for target in targets) and name == provider
    return False


def _is_straight(pipeline: Pipeline, program: Program) -> bool:
    call, block = pipeline.batch_call, pipeline.block
    if not isinstance(pipeline.batch, ast.Assign | ast.Return):
        return False
    given = bind(call, pipeline.parameters)
    if given is None or not given.keys() <= _KNOWN:
        return False
    if not isinstance(given.get("dynamic_pad", _NO), ast.Constant):
        return False
    if "min_after_dequeue" in given and "capacity" not in given:
        return False
    if not {"tensors", "batch_size"} <= given.keys():
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
