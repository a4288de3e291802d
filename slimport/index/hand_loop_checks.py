"""Whether what a loop by hand leaves out is used for nothing else."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from slimport.index.blocks import assigned, call_of, called, leave_it, loaded, references_in
from slimport.index.callers import of_a_graph_before
from slimport.index.global_steps import told_steps
from slimport.index.hand_again import check_again
from slimport.index.hand_gradients import bound, check_gradients
from slimport.index.hand_lines import check_lines
from slimport.index.hand_lookups import check_lookups
from slimport.index.hand_loop import OF_THE_LOOP, HandLoop, names_outside, nested
from slimport.index.hand_operation import mutated
from slimport.index.hand_queues import END
from slimport.index.hand_requests import needed
from slimport.index.hand_saver_uses import check_saver_uses
from slimport.index.hand_savers import check_savers
from slimport.index.hand_statistics import check_statistics
from slimport.index.hand_steps import check_steps
from slimport.index.hand_summaries import WRITER, check_summaries, graphs_told
from slimport.index.hand_values import check_values
from slimport.index.late_lookups import check_lookups_by_hand
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.session_runs import root_of
from slimport.index.stays import Stays
from slimport.index.summaries_kept import MERGE, MERGE_ALL
from slimport.index.told_apart import NEEDS_A_GRAPH, is_run_on_request
from slimport.index.training import looks_up, makes_tensors
from slimport.index.unknown_calls import unknown_call
from slimport.index.walking import walk

# What looks into collections that the statements before have filled.
_COLLECTED = ("slim.get_", "slim.losses.get_", "tf.get_collection", "tf.losses.get_")


class HandLoopChecks:
    """Each check passes or raises `Stays`.

    Args:
        loop: What was read.
        program: The index.
        read: The input pipelines that need no queues.
    """

    _goes: Sequence[str] = OF_THE_LOOP

    def __init__(self, loop: HandLoop, program: Program, read: Mapping[Function, Pipeline]) -> None:
        self._loop, self._function, self._program = loop, loop.function, program
        self._operation = loop.minimized.statement
        of_operation = [*loop.minimized.changing, self._operation]
        self._own = [*loop.of_loss, *loop.gone, *loop.savers, *of_operation]
        self._others = loop.callees(program) | loop.beside(program)
        inside = loop.callees(program) | {loop.function}
        self._requests = [*(run.request for run in loop.runs), *loop.asked]
        self._read = {f: pipeline for f, pipeline in read.items() if f in inside}

    def check(self) -> None:
        """All of them.

        Raises:
            Stays: Where something would be missing, or computed otherwise.
        """
        check_lines(self._loop)
        check_steps(self._loop, self._program)
        self._check_feeds()
        self._check_begun()
        self._check_asked()
        self._check_loss()
        check_values(self._loop)
        if self._loop.minimized.gradients is not None:
            check_gradients(self._loop, self._program)
        check_savers(self._loop, self._loop.savers)
        check_saver_uses(self._loop)
        check_lookups_by_hand(self._loop, self._program)
        check_summaries(self._loop, self._program)
        check_statistics(self._loop, self._program)
        self._check_names()
        self._check_graph()
        self._check_rest()
        check_again(self._loop, self._program)

    def _check_feeds(self) -> None:
        rate = self._loop.rate
        if self._function in self._read:
            raise Stays("its queues are made in the same function", self._operation)
        if not self._loop.runs or len(self._read) + bool(self._loop.inputs) != 1:
            raise Stays("nothing feeds it, or more than one thing", self._operation)
        for run in self._loop.runs:
            if run.request.feed.keys() != self._loop.inputs.keys() | ({rate} - {None}):
                raise Stays("not every placeholder is fed, or another tensor is", run.statement)
        for request in self._requests:
            value = request.feed.get(rate or "")
            if value is not None and any(isinstance(n, ast.Call) for n in walk(value)):
                raise Stays("the learning rate is computed while it is fed", value)
        for feed in self._loop.feeds:
            assert isinstance(feed.value, ast.Dict)
            if rate in loaded(k for k in feed.value.keys if k is not None):
                raise Stays("the learning rate is fed in a dictionary with a name", feed)

    def _check_begun(self) -> None:
        """Variables are initialized once, before anything else happens to them."""
        loop, body = self._loop, self._function.node.body
        initialized = begun(loop)
        later = [run.statement for run in loop.runs]
        later += [*(found.statement for found in loop.saves), *loop.restored]
        nodes = [n for s in body for n in walk(s)]
        for statement in initialized:
            repeats = (n for n in nodes if isinstance(n, ast.For | ast.While))
            is_repeated = any(statement in walk(n) for n in repeats)
            before = [s for s in later if s.lineno < statement.lineno]
            if is_repeated or not all(_are_apart(s, statement, nodes) for s in before):
                raise Stays("variables are initialized again", statement)

    def _check_asked(self) -> None:
        """Runs that do not train compute what they would, and change nothing."""
        loop = self._loop
        for request in loop.asked:
            if not loop.inputs:
                raise Stays("a second run reads a batch of its own", request.call)
            if not request.feed.keys() - {loop.rate} <= loop.inputs.keys():
                raise Stays("not every placeholder is fed, or another tensor is", request.call)
            if not set(map(root_of, request.fetches)) - loop.summaries <= assigned(loop.of_loss):
                raise Stays("a run asks for what is not made beside the loss", request.call)
            if not self._needed(request.fetches) & loop.inputs.keys() <= request.feed.keys():
                raise Stays("a run asks for what needs more than it is fed", request.call)

    def _needed(self, fetches: Sequence[str]) -> set[str]:
        """What tensors are computed from; everything, where collections may be looked into."""
        if self._loop.summaries & set(fetches):
            return set(self._loop.inputs)
        found = needed(map(root_of, fetches), self._loop.of_loss, self._function)
        statements = [s for s in self._loop.of_loss if assigned([s]) & found]
        reached = closure_of(
            {f for s in statements for f in called(s, self._function, self._program)}, callees
        )
        references = [r for s in statements for r in references_in(s, self._function)]
        references += [r for f in reached for r in f.references]
        collects = any(r.api.name.startswith(_COLLECTED) for r in references)
        return found | self._loop.inputs.keys() if collects else found

    def _check_loss(self) -> None:
        of_loss = self._loop.of_loss
        made = assigned(of_loss)
        if self._loop.minimized.loss not in made:
            raise Stays("the loss is not made of what is fed", self._operation)
        step = self._loop.minimized.step
        if step is not None and not (isinstance(step, ast.Name) and step.id in self._loop.steps):
            raise Stays("it counts a step of its own", self._operation)
        if self._loop.rate in loaded(of_loss):
            raise Stays(f"{self._loop.rate} is used for something else", of_loss[0])
        minimized = self._loop.minimized
        told = [n for n in (minimized.optimizer, minimized.variables, *minimized.told) if n]
        looked_at = (loaded(told) & (made | self._loop.inputs.keys())) - {self._loop.rate}
        if looked_at:
            raise Stays(f"{min(looked_at)} is used for something else", self._operation)
        if leave_it(of_loss):
            raise Stays("the statements of the loss return, or leave a loop", of_loss[0])
        for run in self._loop.runs:
            known = made | self._loop.without_tensors | self._loop.summaries
            if not set(run.request.fetches) <= known:
                raise Stays("a run asks for what is not made beside the loss", run.statement)
            updates = [t for t, name in run.wanted if name in minimized.fetched_updates]
            if loaded([self._function.node]) & set(updates):
                raise Stays("what updates give is used", run.statement)
        check_lookups(of_loss, self._function, self._program)
        self._check_changes()

    def _check_changes(self) -> None:
        """What the loss is built of has its value where the model is made, and keeps it."""
        of_loss, block = self._loop.of_loss, self._loop.block
        made_at = block.index(self._loop.place)
        for statement in block:
            if statement in of_loss or statement in self._loop.gone:
                continue
            at = block.index(statement)
            later = [s for s in of_loss if at > made_at or block.index(s) < at]
            changed = loaded(later) & (assigned([statement]) | mutated([statement]))
            changed -= {name.id for name in self._values_named()}
            if changed:
                raise Stays(f"{min(changed)} changes after the loss is built", of_loss[0])

    def _check_names(self) -> None:
        """What is no more is used only where nothing of it is left."""
        loop, changing = self._loop, self._loop.minimized.changing
        statements = [*loop.of_loss, *loop.gone, self._operation]
        local = bound(changing)
        gone = assigned(statements) | {loop.session_name, *loop.inputs}
        gone |= assigned(target for feed in loop.feeds for target in feed.targets)
        parts: list[ast.AST] = [*statements, *changing]
        parts += [part for run in loop.runs for part in run.request.parts]
        parts += [part for found in loop.saves for part in found.parts]
        parts += [part for request in loop.asked for part in request.parts]
        parts += loop.step_reads
        parts += graphs_told(loop)
        parts += [statement.test for statement in loop.endless]
        parts += loop.restored.values()
        for feed in loop.feeds:
            assert isinstance(feed.value, ast.Dict)
            parts += [*feed.targets, *(key for key in feed.value.keys if key is not None)]
        parts += [node for node in told_steps(self._function) if node is not None]
        parts += [node for node in (loop.rate_argument,) if node is not None]
        parts += [t for run in loop.runs for t in getattr(run.statement, "targets", ())]
        parts += self._headers()
        allowed = {id(node) for part in parts for node in walk(part)}
        allowed |= {id(name) for name in self._values_named()}
        for statement in self._function.node.body:
            for node in names_outside(statement):
                is_use = isinstance(node.ctx, ast.Load)
                is_gone = node.id in gone or (is_use and node.id in local)
                if is_gone and id(node) not in allowed:
                    what = "is used for something else" if is_use else "gets another value"
                    raise Stays(f"{node.id} {what}", node)

    def _values_named(self) -> list[ast.Name]:
        """Names that were a tensor's and are its value's from there on; a loop by hand has none."""
        return []

    def _check_graph(self) -> None:
        """Nothing else needs the graph."""
        own = {id(node) for part in [*self._own, *self._headers()] for node in walk(part)}
        references = [r for function in self._others for r in function.references]
        for reference in self._function.references:
            if reference.api.name not in self._goes or id(reference.node) not in own:
                references.append(reference)
        opened = self._loop.graph.items[0] if self._loop.graph is not None else None
        of_graph = {id(node) for node in walk(opened)} if opened is not None else set()
        for reference in (r for r in references if id(r.node) not in of_graph):
            if self._read and any(reference.node is caught for caught in self._loop.ends):
                continue
            if reference.api.name == END and self._read:
                raise Stays("it goes on when the queue ends", reference.node)
            if any(pipeline.belongs(reference) for pipeline in self._read.values()):
                continue
            if any(reference.node in walk(graph) for graph in graphs_told(self._loop)):
                continue
            if reference.api.name in (MERGE, WRITER) and reference.call is not None:
                continue
            if id(reference.node) in own and reference.api.name == MERGE_ALL:
                continue
            if reference.api.name.startswith(NEEDS_A_GRAPH):
                raise Stays(f"{reference.api.name} needs a graph", reference.node)
        before = of_a_graph_before(self._function)
        if before is not None:
            raise Stays(f"{before.api.name} of a caller may be part of its graph", before.node)
        for code in [*self._loop.block, *(f.node for f in self._others)]:
            for node in walk(code):
                if is_run_on_request(node):
                    raise Stays("it runs what a session asks for", node)

    def _headers(self) -> list[ast.withitem]:
        """What the `with` statements open that are dissolved."""
        opened = [s for s in (self._loop.session, *self._loop.opened) if s is not None]
        return [s.items[0] for s in opened if isinstance(s, ast.With)]

    def _check_rest(self) -> None:
        """What stays beside the loss makes no tensors, and looks for none in the loop."""
        left = [*self._own, *self._loop.looks_up, *(run.statement for run in self._loop.runs)]
        known = {id(node) for statement in left for node in walk(statement)}
        for statement in nested(self._loop.block):
            if id(statement) in known or hasattr(statement, "body"):
                continue
            if makes_tensors(statement, self._function, self._program):
                raise Stays("it makes tensors beside the loss", statement)
            if looks_up(statement, self._function, self._program):
                raise Stays("it looks variables up in the loop", statement)
            if statement.lineno < self._operation.lineno:
                call = unknown_call(statement, self._function, self._program)
                if call is not None:
                    raise Stays(f"{ast.unparse(call.func)} may make losses", call)


def begun(loop: HandLoop) -> list[ast.stmt]:
    """The statements that initialize variables."""
    return [s for s in loop.gone if _runs(s)]


def _runs(statement: ast.stmt) -> bool:
    """Whether a statement that goes ran something: initializers."""
    call = call_of(statement)
    return call is not None and isinstance(call.func, ast.Attribute) and call.func.attr == "run"


def _are_apart(one: ast.stmt, other: ast.stmt, nodes: Sequence[ast.AST]) -> bool:
    """Whether statements are in two branches of a condition."""
    for node in nodes:
        if isinstance(node, ast.If):
            sides = [{id(n) for s in side for n in walk(s)} for side in (node.body, node.orelse)]
            for first, second in (sides, sides[::-1]):
                if id(one) in first and id(other) in second:
                    return True
    return False
