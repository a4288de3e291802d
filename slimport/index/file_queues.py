"""Queues of file names and the readers of TensorFlow 1: which statements read one record."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from slimport.index.blocks import call_of, called, loaded, on_lines_of_their_own
from slimport.index.program import Function, Program, Reference

QUEUE = "tf.train.string_input_producer"
READERS = {
    "tf.FixedLengthRecordReader": ("record_bytes",),
    "tf.TFRecordReader": (),
    "tf.TextLineReader": (),
    "tf.WholeFileReader": (),
}
# What a dataset has a place for, and what only says how threads share the work.
_OF_QUEUE = {"string_tensor", "num_epochs", "shuffle", "seed", "capacity", "name", "shared_name"}


@dataclass(frozen=True, eq=False)
class FileQueue:
    """``queue = tf.train.string_input_producer(paths)``, and a reader of it.

    Attributes:
        statement: The statement that makes the queue.
        call: Its call.
        reader: The reader's API.
        reader_call: The call that makes it.
        going: The statements of the reader: that which makes it, and that which reads by it.
        record: The name of what is read.
        function: The function that these stand in.
        get: The statement that reads, or calls this function.
    """

    statement: ast.Assign
    call: ast.Call
    reader: str
    reader_call: ast.Call
    going: Sequence[ast.stmt]
    record: str
    function: Function
    get: ast.Assign

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        return self.function.node.lineno if isinstance(self.function.node, ast.FunctionDef) else 0


def file_queue(function: Function, block: list[ast.stmt], program: Program) -> FileQueue | None:
    """The queue of files that a block reads, `None` where it reads none, or another way.

    Args:
        function: The function that holds the block.
        block: The statements.
        program: The index.
    """
    made = [(s, call) for s in block if (call := _named_call(s, QUEUE, function)) is not None]
    queues = [r for r in function.references if r.api.name == QUEUE]
    if len(made) != 1 or len(queues) != 1 or not _is_known(made[0][1]):
        return None
    statement, call = made[0]
    assert isinstance(statement, ast.Assign)
    name = ast.unparse(statement.targets[0])
    for other in block:
        if other is statement or name not in loaded([other]):
            continue
        found = _read_by(other, name, function, block)
        if found is None:
            found = _read_elsewhere(other, name, function, program)
        if found is None:
            return None
        reader, record, owner, going, get = found
        users = [s for s in block if name in loaded([s])]
        if users != [other] or reader.call is None:
            return None
        return FileQueue(statement, call, reader.api.name, reader.call, going, record, owner, get)
    return None


_Found = tuple[Reference, str, Function, Sequence[ast.stmt], ast.Assign]


def _read_by(
    statement: ast.stmt, queue: str, function: Function, block: list[ast.stmt]
) -> _Found | None:
    """``_, record = reader.read(queue)``, with the reader of the same block."""
    match statement:
        case ast.Assign(
            [ast.Tuple([ast.Name(key), ast.Name(record)])],
            ast.Call(ast.Attribute(ast.Name(reader), "read"), [ast.Name(name)], []),
        ) if name == queue:
            made = [s for s in block if isinstance(s, ast.Assign) and reader in _targets(s)]
            readers = [r for r in function.references if r.api.name in READERS]
            if len(made) != 1 or len(readers) != 1 or call_of(made[0]) is not readers[0].call:
                return None
            users = [s for s in block if reader in loaded([s])]
            if users != [statement] or key in loaded(block) or not _is_plain(readers[0]):
                return None
            return readers[0], record, function, [made[0], statement], statement
    return None


def _read_elsewhere(
    statement: ast.stmt, queue: str, function: Function, program: Program
) -> _Found | None:
    """``image, label = read(queue)``, with a function of this program that reads by a reader."""
    match statement:
        case ast.Assign([_], ast.Call(_, [ast.Name(name), *others]) as call) if name == queue:
            more = [*others, *(k.value for k in call.keywords)]
            targets = list(called(call, function, program))
            if len(targets) != 1 or queue in loaded(more):
                return None
            found = _reads_parameter(targets[0], function)
            return None if found is None else (*found, statement)
    return None


def _reads_parameter(
    function: Function, caller: Function
) -> tuple[Reference, str, Function, Sequence[ast.stmt]] | None:
    node = function.node
    if not isinstance(node, ast.FunctionDef) or function.is_method or not node.args.args:
        return None
    if function.all_callers != {caller} or function.escapes or node.decorator_list:
        return None
    if len([c for c in caller.calls if ast.unparse(c.func).endswith(node.name)]) != 1:
        return None
    parameter = node.args.args[0].arg
    for statement in node.body:
        found = _read_by(statement, parameter, function, node.body)
        if found is not None:
            others = [s for s in node.body if s is not statement]
            taken = {argument.arg for argument in node.args.args[1:]}
            if parameter in loaded(others) or found[1] in taken:
                return None
            return found[:4] if on_lines_of_their_own(node.body) else None
    return None


def _named_call(statement: ast.stmt, api: str, function: Function) -> ast.Call | None:
    """The call of an API that a statement gives one name."""
    call = call_of(statement)
    if not isinstance(statement, ast.Assign) or call is None:
        return None
    return call if any(r.call is call and r.api.name == api for r in function.references) else None


def _targets(statement: ast.Assign) -> list[str]:
    return [target.id for target in statement.targets if isinstance(target, ast.Name)]


def _is_known(call: ast.Call) -> bool:
    return {k.arg for k in call.keywords} <= _OF_QUEUE and len(call.args) <= 4


def _is_plain(reader: Reference) -> bool:
    """Whether a reader is told nothing but how long its records are."""
    call, names = reader.call, READERS[reader.api.name]
    if call is None or any(isinstance(a, ast.Starred) for a in call.args):
        return False
    given = len(call.args) + len([k for k in call.keywords if k.arg in names])
    return given == len(names) and {k.arg for k in call.keywords} <= {*names, "name"}
