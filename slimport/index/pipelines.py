"""Input pipelines that read one example, prepare it and batch it: straight lines of one block."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from slimport.index.batched import DICT, LIST, is_list, kind_of
from slimport.index.blocks import (
    assigned,
    called,
    flattened,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.drawn import check_drawn
from slimport.index.file_queues import FileQueue, file_queue
from slimport.index.joined import Join, joined
from slimport.index.later_uses import following, used_later
from slimport.index.mapped import mapped, may_be_mapped
from slimport.index.mapped_values import compares_tensors, finds_the_same
from slimport.index.prefetching import PREFETCH_QUEUE, PrefetchQueue, prefetch_queue
from slimport.index.program import (
    Function,
    Program,
    Reference,
    bind,
    callees,
    closure_of,
)
from slimport.index.stays import Stays
from slimport.index.unclear import is_clear
from slimport.index.walking import walk

PROVIDER = "slim.dataset_data_provider.DatasetDataProvider"
# What makes batches, and its parameters in order.
BATCHES = {
    "tf.train.batch": "tensors batch_size num_threads capacity enqueue_many shapes dynamic_pad "
    "allow_smaller_final_batch shared_name name",
    "tf.train.shuffle_batch": "tensors batch_size capacity min_after_dequeue num_threads seed "
    "enqueue_many shapes allow_smaller_final_batch shared_name name",
    "tf.train.batch_join": "tensors_list batch_size capacity enqueue_many shapes dynamic_pad "
    "allow_smaller_final_batch shared_name name",
    "tf.train.shuffle_batch_join": "tensors_list batch_size capacity min_after_dequeue seed "
    "enqueue_many shapes allow_smaller_final_batch shared_name name",
}
# Arguments that a dataset has a place for, and those that only say how threads share the work.
_KNOWN = frozenset(
    """
    tensors tensors_list batch_size num_threads capacity dynamic_pad allow_smaller_final_batch
    min_after_dequeue seed name
    """.split()
)


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What stands between reading an example and a batch.

    Attributes:
        function: The function that holds the block.
        block: Its statements; those below devices and name scopes that hold parts of it are
            among them.
        around: The statements of the block as they stand in the file.
        line: The line of that among them which reads an example, or holds this.
        spread: The ``with`` statements that hold parts of it.
        provider: The name of the data provider; none where files are read.
        files: What reads them otherwise.
        get: The statement that reads an example.
        between: The statements that prepare it, for nothing else.
        batch: The statement that batches it.
        batch_call: Its call.
        api: What makes the batch.
        join: What is batched, where several readings share the work.
        queue: The queue of batches behind it, if there is one.
        arranged: The statements between the batch and that queue.
    """

    function: Function
    block: list[ast.stmt]
    around: list[ast.stmt]
    line: int
    spread: list[ast.stmt]
    provider: str
    files: FileQueue | None
    get: ast.stmt
    between: list[ast.stmt]
    batch: ast.stmt
    batch_call: ast.Call
    api: str
    join: Join | None = None
    queue: PrefetchQueue | None = None
    arranged: Sequence[ast.stmt] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the call in order; what is not known is refused by name."""
        return tuple(BATCHES[self.api].split())

    @property
    def shuffles(self) -> bool:
        """Whether it mixes the examples."""
        return "shuffle" in self.api

    @property
    def handed_on(self) -> ast.Return | None:
        """The statement that returns the batch as it comes, if the block ends so."""
        if self.queue is not None:
            return None
        if isinstance(self.batch, ast.Return):
            return self.batch
        match self.batch, self.block[self.block.index(self.batch) + 1 :]:
            case ast.Assign([ast.Tuple() as names]), [ast.Return(ast.Tuple() as given) as last]:
                return last if ast.unparse(names) == ast.unparse(given) else None
        return None

    @property
    def tensors(self) -> ast.expr:
        """What is batched."""
        if self.join is not None:
            return self.join.tensors
        given = bind(self.batch_call, self.parameters)
        assert given is not None
        return given["tensors"]

    @property
    def kind(self) -> tuple[str, int]:
        """The kind and the number of what is batched; see `kind_of`."""
        match self.join:
            case Join(ast.Call(_, [ast.List(names) | ast.Tuple(names)]), loop=None):
                return LIST, len(names)
        return kind_of(self.tensors, self.function)

    @property
    def hands_on(self) -> bool:
        """Whether the queue behind the batch holds what the batch is, as it is."""
        if self.queue is None or self.arranged or not isinstance(self.batch, ast.Assign):
            return False
        batch, held = self.batch.targets[0], self.queue.tensors
        match batch, held:
            case ast.Tuple(names) | ast.List(names), ast.Tuple(given) | ast.List(given):
                return list(map(ast.unparse, names)) == list(map(ast.unparse, given))
            case ast.Name(name), ast.Name(given):
                return name == given
            case ast.Name(name), ast.List([ast.Name(given)]):
                return name == given and not is_list(self.kind)
        return False

    @property
    def held(self) -> tuple[str, int]:
        """The kind and the number of what the queue holds; see `kind_of`."""
        assert self.queue is not None
        name = ast.unparse(self.queue.tensors)
        is_batch = assigned([self.batch]) == {name} and name not in assigned(self.arranged)
        if is_batch and (self.kind[0] == DICT or not self.arranged):
            return self.kind
        return kind_of(self.queue.tensors, self.function)

    def maps(self, statement: ast.stmt) -> bool:
        """Whether a statement goes into a function that the dataset maps."""
        return statement in self.between or statement in self.arranged

    @property
    def parts(self) -> list[ast.stmt]:
        """Its statements."""
        ends = [self.queue.statement] if self.queue is not None else []
        begins = [self.join.made] if self.join is not None else []
        begins += self._made
        return [*begins, self.get, *self.between, self.batch, *self.arranged, *ends]

    @property
    def _made(self) -> list[ast.stmt]:
        """The statements that make what the example is read by."""
        if self.files is None:
            return [s for s in self.block if assigned([s]) == {self.provider}]
        own = self.files.function is self.function
        return [self.files.statement, *(self.files.going if own else ())]

    def belongs(self, reference: Reference) -> bool:
        """Whether a reference is part of the reading itself."""
        if self.files is not None and reference.call is self.files.call:
            return True
        if self.queue is not None and reference.call is self.queue.call:
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
    if not is_clear(function):
        return None
    blocks = list(_blocks(function.node))
    for block in (*blocks, *(flattened(block, function) for block in blocks)):
        found = _in_block(block, batches[0], function, program)
        if found is None:
            continue
        holding = [outer for outer in blocks if _all_within(found, outer)]
        return _placed(found, holding[-1], program)
    return None


def _in_block(
    block: list[ast.stmt], reference: Reference, function: Function, program: Program
) -> Pipeline | None:
    call, api = reference.call, reference.api.name
    batch = next((s for s in block if getattr(s, "value", None) is call), None)
    if batch is None or call is None:
        return None
    join = None
    if api.endswith("_join"):
        join = joined(call, batch, block, function)
        if join is None:
            return None
        block = join.once(block)
    files = file_queue(function, block, program)
    source = _provided(function, block, join) if files is None else ("", files.get)
    if source is None or block.index(source[1]) > block.index(batch):
        return None
    name, get = source
    between = block[block.index(get) + 1 : block.index(batch)]
    queue, arranged = None, list[ast.stmt]()
    if any(r.api.name == PREFETCH_QUEUE for r in function.references):
        queue = prefetch_queue(function, block, program)
        if queue is None or block.index(queue.statement) < block.index(batch):
            return None
        arranged = block[block.index(batch) + 1 : block.index(queue.statement)]
    found = Pipeline(
        function,
        block=block,
        around=block,
        line=0,
        spread=[],
        provider=name,
        files=files,
        get=get,
        between=between,
        batch=batch,
        batch_call=call,
        api=api,
        join=join,
        queue=queue,
        arranged=arranged,
    )
    return _told_apart(found, program) if _is_straight(found, program) else None


def _provided(
    function: Function, block: list[ast.stmt], join: Join | None
) -> tuple[str, ast.stmt] | None:
    """The name of the block's data provider, and the statement that reads an example by it."""
    providers = [r for r in function.references if r.api.name == PROVIDER]
    for statement in block:
        match statement:
            case ast.Assign([ast.Name(name)], value) if [r.call for r in providers] == [value]:
                gets = [s for s in block if _reads(s, name)]
                if join is not None and join.loop is None and _is_listed(join.tensors, name):
                    gets = [join.made]
                reads = [n for n in walk(function.node) if _is_get(n, name)]
                return (name, gets[0]) if gets and len(reads) == 1 else None
    return None


def _blocks(node: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """The function's statements, and those below a `with`, behind those around it."""
    pending = [node.body]
    while pending:
        block = pending.pop()
        yield block
        pending += [s.body for s in block if isinstance(s, ast.With)]


def _reads(statement: ast.stmt, provider: str) -> bool:
    """``image, label = provider.get([...])``"""
    match statement:
        case ast.Assign([ast.Tuple(targets) | ast.List(targets)], value):
            are_names = all(isinstance(target, ast.Name) for target in targets)
            return are_names and _is_reading(value, provider)
    return False


def _is_reading(node: ast.expr, provider: str) -> bool:
    """``provider.get([...])``"""
    match node:
        case ast.Call(ast.Attribute(ast.Name(name), "get"), [_], []):
            return name == provider
    return False


def _is_listed(node: ast.expr, provider: str) -> bool:
    """``provider.get(['image', 'label'])``, with the items written out."""
    if not _is_reading(node, provider) or not isinstance(node, ast.Call):
        return False
    items = getattr(node.args[0], "elts", ())
    return bool(items) and not any(isinstance(item, ast.Starred) for item in items)


def _is_get(node: ast.AST, provider: str) -> bool:
    """``provider.get``, of which all give the same example."""
    match node:
        case ast.Attribute(ast.Name(name), "get"):
            return name == provider
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
    if "batch_size" not in given or not given.keys() & {"tensors", "tensors_list"}:
        return False
    if not on_lines_of_their_own(block) or block.index(pipeline.get) < 1:
        return False
    if pipeline.join is not None and not _reads_alike(pipeline, pipeline.join, program):
        return False
    return may_be_mapped([*pipeline.between, *pipeline.arranged], pipeline.function, program)


def _reads_alike(pipeline: Pipeline, join: Join, program: Program) -> bool:
    """Whether each reading of several prepares its examples as the first does."""
    function, parts = pipeline.function, [join.loop or join.made]
    reached = closure_of({f for s in parts for f in called(s, function, program)}, callees)
    try:
        code = [*((function, s) for s in parts), *((f, f.node) for f in reached)]
        check_drawn(code, program)
    except Stays:
        return False
    return _reads_at_once(pipeline, join)


def _reads_at_once(pipeline: Pipeline, join: Join) -> bool:
    """Whether a loop does nothing before it reads an example."""
    if pipeline.get not in join.inside:
        return join.loop is None
    before = join.inside[: join.inside.index(pipeline.get)]
    return all(pipeline.files is not None and s in pipeline.files.going for s in before)


def _told_apart(pipeline: Pipeline, program: Program) -> Pipeline | None:
    """The pipeline without statements beside it, if nothing uses what an example was."""
    function = pipeline.function
    bound = assigned([pipeline.batch]) if isinstance(pipeline.batch, ast.Assign) else set()
    later = used_later(following(function, pipeline.batch), function, bound)
    between = mapped(pipeline.between, [pipeline.get], later, function)
    if between is None or compares_tensors(between, [pipeline.get], function):
        return None
    inside: list[ast.AST] = [*between, pipeline.tensors, pipeline.batch]
    if not finds_the_same(inside, pipeline.get, function, program):
        return None
    if pipeline.queue is None:
        return replace(pipeline, between=between)
    end = pipeline.queue.statement
    later = used_later(following(function, end), function, assigned([end]))
    arranged = mapped(list(pipeline.arranged), [pipeline.batch], later, function)
    if arranged is None or not isinstance(pipeline.batch, ast.Assign):
        return None
    inside = [*arranged, pipeline.queue.statement]
    if not finds_the_same(inside, pipeline.get, function, program):
        return None
    if compares_tensors(arranged, [pipeline.batch], function):
        return None
    made = [pipeline.get, *between, pipeline.batch, *arranged]
    if loaded(pipeline.queue.others) & assigned(made):
        return None  # its capacity is told by a batch
    return replace(pipeline, between=between, arranged=arranged)


def _placed(pipeline: Pipeline, around: list[ast.stmt], program: Program) -> Pipeline | None:
    """The pipeline, with the block in which it stands: spread, if over devices and name scopes."""
    function, parts = pipeline.function, pipeline.parts
    loop = pipeline.join.loop if pipeline.join is not None else None
    whole = [*parts, loop]
    spread = [s for s in around if s not in whole and _holds_any(s, parts)]
    for statement in spread:
        start = set(called(statement, function, program))
        references = [r for f in closure_of(start, callees) for r in f.references]
        if any(
            r.api.name.startswith(_NAMED) for r in references + references_in(statement, function)
        ):
            return None  # it gets its name from the scopes
    block = [
        inner
        for outer in around
        for inner in (flattened([outer], function) if outer in spread else [outer])
    ]
    if pipeline.join is not None:
        block = pipeline.join.once(block)
    line = next(s.lineno for s in around if s is pipeline.get or _holds_any(s, [pipeline.get]))
    clear = on_lines_of_their_own(around) and on_lines_of_their_own(block)
    return (
        replace(pipeline, block=block, around=around, line=line, spread=spread) if clear else None
    )


def _all_within(pipeline: Pipeline, block: list[ast.stmt]) -> bool:
    inside = [node for statement in block for node in walk(statement)]
    return all(part in inside for part in pipeline.parts)


def _holds_any(statement: ast.stmt, parts: list[ast.stmt]) -> bool:
    return any(node in parts for node in walk(statement))


_NO = ast.Constant(False)
# What is named by the name scope around it.
_NAMED = ("slim.summaries.", "slim.summarize_", "tf.summary.", "tf.Variable")
