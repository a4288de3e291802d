"""Summaries that a loop by hand asks for, and the event files that it writes them to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from slimport.index.blocks import argument, call_of, references_in
from slimport.index.hand_loop import HandLoop
from slimport.index.program import Function, Program
from slimport.index.stays import Stays
from slimport.index.summaries_kept import MERGE_ALL
from slimport.index.walking import walk

WRITER = "tf.summary.FileWriter"
_GRAPH = "tf.get_default_graph"
_METHODS = frozenset(("add_summary", "close", "flush"))
_MAKING = tuple(f"tf.summary.{kind}" for kind in ("audio", "histogram", "image", "scalar", "text"))


def merges(block: Sequence[ast.stmt], function: Function) -> list[ast.Assign]:
    """Statements that give all summaries of the graph a name: ``merged = ...merge_all()``"""
    calls = {r.call for r in function.references if r.api.name == MERGE_ALL and r.call is not None}
    found = []
    for statement in block:
        match statement:
            case ast.Assign([ast.Name()], ast.Call(_, [], []) as call) if call in calls:
                found.append(statement)
    return found


def writers(function: Function) -> list[ast.Call]:
    """Calls that open event files."""
    return [r.call for r in function.references if r.api.name == WRITER and r.call is not None]


def graphs_told(loop: HandLoop) -> Iterator[ast.AST]:
    """The graph that writers are given, as far as it is the loop's."""
    for call in loop.writers:
        graph = argument(call, 1, "graph")
        match graph:
            case ast.Attribute(ast.Name(name), "graph") if name == loop.session_name:
                yield graph
            case ast.Call(_, [], []):
                names = [r.api.name for r in references_in(graph, loop.function)]
                if names == [_GRAPH]:
                    yield graph


def check_summaries(loop: HandLoop, program: Program) -> None:
    """The loss makes all summaries, before they are merged; writers do what has an equal.

    Raises:
        Stays: They do not.
    """
    told = {id(node) for node in graphs_told(loop)}
    for call in loop.writers:
        graph = argument(call, 1, "graph")
        known = {k.arg for k in call.keywords} <= {"logdir", "graph"} and len(call.args) <= 2
        if not known or (graph is not None and id(graph) not in told):
            raise Stays("the writer of summaries is told what has no equal", call)
    _check_writers(loop)
    if not loop.merged:
        return
    if len(loop.merged) > 1:
        raise Stays("summaries are merged twice", loop.merged[-1])
    merged = loop.block.index(loop.merged[0])
    inside = {id(n) for s in loop.of_loss for n in walk(s) if loop.block.index(s) < merged}
    references = [r for r in loop.function.references if id(r.node) not in inside]
    references += [r for f in loop.beside(program) for r in f.references]
    for reference in references:
        if reference.api.name.startswith(_MAKING):
            raise Stays(
                "a summary is made beside the loss, or after they are merged", reference.node
            )


def _check_writers(loop: HandLoop) -> None:
    """Each has a name, of which what is called is known."""
    statements = [n for n in walk(loop.function.node) if isinstance(n, ast.Assign)]
    made = {id(s.value): s for s in statements if call_of(s) in loop.writers}
    names = set()
    for call in loop.writers:
        match made.get(id(call)):
            case ast.Assign([ast.Name(name)]):
                names.add(name)
            case _:
                raise Stays("a writer of summaries has no name", call)
    for node in walk(loop.function.node):
        match node:
            case ast.Attribute(ast.Name(name), method) if name in names and method not in _METHODS:
                raise Stays(f"{name}.{method} has no equal", node)
