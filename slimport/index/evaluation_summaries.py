"""Summaries of metrics' values: statements that can run on numbers, once a checkpoint is done."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from slimport.index.blocks import (
    argument,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.program import Function
from slimport.index.stays import Stays
from slimport.index.walking import walk
from slimport.python2_api import PREFIX

SCALAR, PRINT, ADD = "tf.summary.scalar", "tf.Print", "tf.add_to_collection"
_SUMMARIES = "tf.GraphKeys.SUMMARIES"


@dataclass
class Summaries:
    """What becomes of the statements.

    Attributes:
        calls: The calls of TensorFlow in them: scalars and prints.
        dropped: Lines of the statements that go: those that put a summary into a collection.
        unnamed: Lines of the statements whose value has no name any more: a summary's.
        tags: The names of the scalars.
        gone: The calls in statements that go.
    """

    calls: dict[ast.Call, str] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    unnamed: set[int] = field(default_factory=set)
    tags: list[ast.expr] = field(default_factory=list)
    gone: list[ast.Call] = field(default_factory=list)

    def is_written(self, statement: ast.stmt) -> bool:
        """Whether a statement writes or prints."""
        return any(isinstance(n, ast.Call) and n in self.calls for n in walk(statement))


@dataclass
class _Op:
    """A summary that has a name.

    Attributes:
        in_all: It is among those of `merge_all`.
        printed: It prints when it is evaluated.
        added: It was put where the evaluation finds it.
    """

    in_all: bool
    printed: bool = False
    added: bool = False


def summaries_in(
    statements: Sequence[ast.stmt], function: Function, lists: Collection[str], merges: str
) -> Summaries:
    """Reads the statements that use metrics' values.

    Args:
        statements: The statements.
        function: The function that they are in.
        lists: Names of the lists of summaries that are merged.
        merges: What the evaluation writes: "all", "lists" or "" for nothing.

    Raises:
        Stays: If one of them does something else with TensorFlow, or its summary is not written.
    """
    reader = _Reader(function, lists, merges)
    reader.read(statements)
    constant = [tag.value for tag in reader.found.tags if isinstance(tag, ast.Constant)]
    if len(set(constant)) < len(constant):
        raise Stays("two summaries have one name")
    return reader.found


class _Reader:
    def __init__(self, function: Function, lists: Collection[str], merges: str) -> None:
        self._function, self._lists, self._merges = function, lists, merges
        self.found = Summaries()
        self._repeats = False

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Reads a block, and those below it."""
        if not on_lines_of_their_own(body):
            raise Stays("two statements share a line")
        ops: dict[str, _Op] = {}
        for statement in body:
            self._statement(statement, ops)
        for op in ops.values():
            self._check(op)

    def _statement(self, statement: ast.stmt, ops: dict[str, _Op]) -> None:
        match statement:
            case (
                ast.For(iter=head, body=body, orelse=orelse)
                | ast.If(test=head, body=body, orelse=orelse)
            ):
                self._plain(head)
                repeats, self._repeats = self._repeats, isinstance(statement, ast.For)
                self.read(body)
                self._repeats = repeats
                self.read(orelse)
            case ast.Expr(ast.Call() as call) if self._api(call) == SCALAR:
                self._check(self._scalar(call))
            case ast.Assign([ast.Name(name)], ast.Call() as call) if self._api(call) == SCALAR:
                if name in ops:
                    self._check(ops[name])
                ops[name] = self._scalar(call)
                self.found.unnamed.add(statement.lineno)
            case ast.Assign([ast.Name(name)], ast.Call(args=[ast.Name(of), _, *_]) as call) if (
                self._api(call) == PRINT and of in ops
            ):
                self._print(call)
                op = ops.pop(of)
                if op.added:
                    raise Stays("a summary is printed after it was added")
                ops[name] = _Op(op.in_all, printed=True)
                self.found.unnamed.add(statement.lineno)
            case ast.Expr(ast.Call(args=[_, ast.Name(of)]) as call) if (
                self._api(call) == ADD and of in ops and self._merges == "all"
            ):
                self._collection(call.args[0])
                self._add(ops[of], statement, call)
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(to), "append"), [ast.Name(of)]) as call):
                if to not in self._lists or of not in ops:
                    self._plain(statement)
                else:
                    self._add(ops[of], statement, call)
            case _:
                self._plain(statement)

    def _add(self, op: _Op, statement: ast.stmt, call: ast.Call) -> None:
        op.added = True
        self.found.dropped.add(statement.lineno)
        self.found.gone.append(call)

    def _check(self, op: _Op) -> None:
        """Whether a summary is written exactly once."""
        if self._merges == "all":
            written = op.in_all != op.added and not (op.printed and not op.added)
        else:
            written = self._merges == "lists" and op.added
        if not written:
            raise Stays("a summary is made that is not written, or written twice")

    def _scalar(self, call: ast.Call) -> _Op:
        known = {"name", "tensor", "collections"}
        if len(call.args) > 2 or not {k.arg for k in call.keywords} <= known:
            raise Stays("a summary has options")
        name, tensor = argument(call, 0, "name"), argument(call, 1, "tensor")
        if name is None or tensor is None:
            raise Stays("a summary has options")
        collections = argument(call, 2, "collections")
        is_empty = isinstance(collections, ast.List) and not collections.elts
        is_none = collections is None or getattr(collections, "value", 0) is None
        if not is_empty and not is_none:
            raise Stays("a summary is in a collection of its own")
        if self._repeats and isinstance(name, ast.Constant):
            raise Stays("two summaries have one name")
        self._plain(name)
        self._plain(tensor)
        self.found.calls[call] = SCALAR
        self.found.tags.append(name)
        return _Op(in_all=is_none)

    def _print(self, call: ast.Call) -> None:
        if len(call.args) > 3 or not {k.arg for k in call.keywords} <= {"message"}:
            raise Stays("tf.Print has options")
        if not isinstance(call.args[1], ast.List):
            raise Stays("tf.Print has options")
        for given in (*call.args[1:], *(k.value for k in call.keywords)):
            self._plain(given)
        self.found.calls[call] = PRINT

    def _collection(self, node: ast.expr) -> None:
        found = [r.api.name for r in references_in(node, self._function)]
        if found != [_SUMMARIES] and getattr(node, "value", None) != "summaries":
            raise Stays("a summary is in a collection of its own")

    def _plain(self, node: ast.AST) -> None:
        found = references_in(node, self._function)
        found = [r for r in found if not r.api.name.startswith(PREFIX)]  # Python's, of its time
        if found:
            raise Stays(f"{found[0].api.name} takes the value of a metric")
        if loaded([node]) & set(self._lists):
            raise Stays("summary_op is not all summaries")

    def _api(self, call: ast.Call) -> str:
        return next((r.api.name for r in self._function.references if r.call is call), "")
