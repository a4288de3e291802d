"""Summaries that a block collects in a set or list of its own, and merges for its loop."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of
from slimport.index.program import Function
from slimport.index.walking import walk

MERGE, MERGE_ALL = "tf.summary.merge", "tf.summary.merge_all"
_GET, _KEY = "tf.get_collection", "tf.GraphKeys.SUMMARIES"
_KINDS = ("audio", "histogram", "image", "scalar", "tensor_summary", "text")
_ADDED = ("histogram", "image", "scalar", "zero_fraction")
# What makes one summary; slim's own return it, too.
SUMMARIES = frozenset(
    [*(f"tf.summary.{k}" for k in _KINDS), *(f"slim.summaries.add_{k}_summary" for k in _ADDED)]
)


@dataclass(frozen=True, eq=False)
class Added:
    """A summary that is made for the collection: ``summaries.add(tf.summary.scalar(a, b))``.

    Attributes:
        statement: The statement.
        call: The call of `add` or `append`, all there is to the statement.
        summary: The call that makes the summary.
    """

    statement: ast.Expr
    call: ast.Call
    summary: ast.Call


@dataclass(frozen=True, eq=False)
class KeptSummaries:
    """A name that does nothing but collect summaries, to be merged once.

    Attributes:
        name: The name.
        serving: The statements that only serve it: where it is made, takes over what a graph
            collected (`taken`), and is merged, unless that is an argument of another call.
        added: The summaries that are made for it, in blocks below as well.
        taken: The calls of `tf.get_collection` for it; their scopes, if any, are their second
            argument.
        given: The merged summary where it is used: the call, or the name it was given; None
            where nothing uses it.
    """

    name: str
    serving: list[ast.stmt]
    added: list[Added]
    taken: list[ast.Call]
    given: ast.expr | None


def kept_summaries(block: Sequence[ast.stmt], function: Function) -> KeptSummaries | None:
    """The collection that a block merges; None where there is none, or it is used otherwise.

    Args:
        block: The statements: one of them makes the collection, and one merges it.
        function: The function that they are in.
    """
    merges = [r.call for r in function.references if r.api.name == MERGE]
    if len(merges) != 1 or merges[0] is None:
        return None
    return _Reader(block, function, merges[0]).read()


class _Reader:
    def __init__(self, block: Sequence[ast.stmt], function: Function, merge: ast.Call) -> None:
        self._block, self._function, self._merge = block, function, merge
        self._apis = {r.call: r.api.name for r in function.references if r.call is not None}
        self._taken: list[ast.Call] = []

    def read(self) -> KeptSummaries | None:
        """All uses of the name, if each is one of those that are known."""
        name = self._merged_name()
        if name is None or not {k.arg for k in self._merge.keywords} <= {"inputs", "name"}:
            return None
        own = self._serving(name, self._merge)
        if own is None:
            return None
        serving, added = own
        for statement in list(serving):
            other = _joined_name(statement)
            others = self._serving(other, statement) if other is not None else None
            if others is not None:
                serving += others[0]
                added += others[1]
            elif other is not None:
                return None
        merged = next((s for s in self._block if call_of(s) is self._merge), None)
        given = self._uses_of(merged)
        if given is None or len(given) > 1:
            return None
        serving = sorted(serving, key=lambda s: s.lineno)
        serving += [merged] if merged is not None else []
        return KeptSummaries(name, serving, added, self._taken, given[0] if given else None)

    def _serving(
        self, name: str, end: ast.expr | ast.stmt
    ) -> tuple[list[ast.stmt], list[Added]] | None:
        """The statements that only serve a name, and what is added to it; None if it does more.

        Args:
            name: The name.
            end: What takes all that it has collected; a summary that is added later is not merged.
        """
        made = [s for s in self._block if self._makes(s, name)]
        joined = [s for s in _statements(self._block) if self._joins(s, name)]
        added = [a for s in _statements(self._block) if (a := self._adds(s, name)) is not None]
        known = [*made, *joined, *(a.call.func for a in added), end]
        if len(made) != 1 or _count(known, name) != _count([self._function.node], name):
            return None
        between = [*joined, *(a.statement for a in added)]
        if not all(made[0].lineno < s.lineno < end.lineno for s in between):
            return None
        return [*made, *joined], added

    def _merged_name(self) -> str | None:
        """``tf.summary.merge(name)``, of a set ``tf.summary.merge(list(name))``."""
        match argument(self._merge, 0, "inputs"):
            case ast.Name(name) if len(self._merge.args) <= 1:
                return name
            case ast.Call(ast.Name("list" | "tuple" as kind), [ast.Name(name)], []) if len(
                self._merge.args
            ) <= 1 and self._is_pythons(kind):
                return name
        return None

    def _makes(self, statement: ast.stmt, name: str) -> bool:
        match statement:
            case ast.Assign([ast.Name(target)], value):
                return target == name and self._collects(value)
        return False

    def _joins(self, statement: ast.stmt, name: str) -> bool:
        """Whether it adds what the graph collected, or another name did."""
        match statement:
            case ast.AugAssign(ast.Name(target), ast.BitOr() | ast.Add(), value):
                is_other = isinstance(value, ast.Name) and statement in self._block
                return target == name and (is_other or self._collects(value))
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(to), "update" | "extend"), [value], [])):
                return to == name and self._collects(value)
        return False

    def _collects(self, value: ast.expr) -> bool:
        """Whether a value is empty, or what the graph collected of summaries."""
        match value:
            case ast.List([]):
                return True
            case ast.Call(ast.Name("set" | "list" as kind), [], []):
                return self._is_pythons(kind)
            case ast.Call(ast.Name("set" | "list" as kind), [inner], []):
                return self._is_pythons(kind) and self._collects(inner)
            case ast.Call() if self._apis.get(value) == _GET and self._is_of_summaries(value):
                self._taken.append(value)
                return True
        return False

    def _is_of_summaries(self, call: ast.Call) -> bool:
        key = argument(call, 0, "key")
        if isinstance(key, ast.Constant):
            return key.value == "summaries"
        return any(r.node is key and r.api.name == _KEY for r in self._function.references)

    def _adds(self, statement: ast.stmt, name: str) -> Added | None:
        match statement:
            case ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Name(to), "add" | "append"), [ast.Call() as summary], []
                ) as call
            ) if to == name and self._apis.get(summary) in SUMMARIES:
                return Added(statement, call, summary)
        return None

    def _uses_of(self, merged: ast.stmt | None) -> list[ast.expr] | None:
        """Where the merged summary is used; None where its name has other values, too.

        Args:
            merged: The statement that is the call of merge, if it is not within another.
        """
        match merged:
            case ast.Expr():
                return []
            case ast.Assign([ast.Name(target)]):
                nodes = [n for n in walk(self._function.node) if _is_name(n, target)]
                uses = [n for n in nodes if isinstance(n, ast.Name) and _is_load(n)]
                return [*uses] if len(nodes) == len(uses) + 1 else None
        inside = (node for s in self._block for node in walk(s))
        return [self._merge] if any(node is self._merge for node in inside) else None

    def _is_pythons(self, name: str) -> bool:
        scopes = self._function.module.scopes
        scope = scopes.scope_of.get(self._merge, self._function.module.scope)
        return scope.lookup(name) is None


def _joined_name(statement: ast.stmt) -> str | None:
    """The other name in ``summaries |= others``."""
    match statement:
        case ast.AugAssign(value=ast.Name(name)):
            return name
    return None


def _statements(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and of those below it, but for those of other functions."""
    for statement in block:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.stmt):
                yield from _statements([part])
            elif isinstance(part, ast.ExceptHandler | ast.match_case):
                yield from _statements(part.body)


def _count(nodes: Iterable[ast.AST], name: str) -> int:
    """How often nodes name it, also as a parameter or by `global`."""
    return sum(_is_name(child, name) for node in nodes for child in walk(node))


def _is_name(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(found) | ast.arg(found):
            return found == name
        case ast.Global(names) | ast.Nonlocal(names):
            return name in names
    return False


def _is_load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)
