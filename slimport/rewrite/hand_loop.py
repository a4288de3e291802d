"""A loop that fed placeholders and ran a training operation becomes train_on_batch."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from slimport.index.hand_loop import HandLoop
from slimport.index.hand_restores import saver_of
from slimport.index.hand_summaries import WRITER
from slimport.index.program import ColumnMap, Reference, Span
from slimport.index.walking import walk
from slimport.report.model import Rewritten
from slimport.rewrite.blocks import without_items
from slimport.rewrite.graph_blocks import Body
from slimport.rewrite.hand_model import HandModel
from slimport.rewrite.hand_names import names_of
from slimport.rewrite.hand_operation import HandOperation
from slimport.rewrite.hand_prediction import CODE as PREDICTING
from slimport.rewrite.hand_prediction import NAME as PREDICTS
from slimport.rewrite.hand_prediction import HandPrediction
from slimport.rewrite.hand_queues import tried
from slimport.rewrite.hand_runs import HandRuns
from slimport.rewrite.hand_savers import HandSavers, gone_of
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    BLANK,
    Pair,
    apart,
    arguments,
    below,
    carried_to,
    comments_left,
    dissolved,
    line,
    lines_above,
    with_comments_of,
    with_lines,
    with_lines_only,
)

CODE, NAME = "SLIM293", "hand_loop"
_CONFIG = "the session's settings (memory, devices) have no effect on the model"

_GRAPH = "the graph is not written to the event file"
_STEP = (
    "a global step that was asked for with the training operation was read before or after it, "
    "as it came; it counts the step now"
)


class HandBlock:
    """The new statements of one loop.

    Args:
        loop: What the index found.
        services: The file, for names of Keras and of the written module.
    """

    def __init__(self, loop: HandLoop, services: FileServices) -> None:
        self.loop = loop
        self._services = services
        gradients = loop.minimized.gradients
        self._names = names = names_of(loop)
        self._model = HandModel(loop, names, services)
        self._operation = HandOperation(loop, names)
        self._savers = HandSavers(loop, names, services)
        self._prediction = HandPrediction(loop, names, services)
        self._of_session = HandRuns(loop, names, self._prediction)
        going = [*loop.gone, *loop.opened, *([loop.session] if loop.session else [])]
        headers: list[ast.AST] = [s.items[0] if isinstance(s, ast.With) else s for s in going]
        self._gone = {id(node) for part in headers for node in walk(part)}
        if gradients is not None:
            self._gone.add(id(gradients.computing))
        elif loop.minimized.is_slims:
            self._gone.add(id(getattr(loop.minimized.statement, "value", None)))
        self.direct = {statement.lineno for statement in loop.block}
        self._runs = {run.statement.lineno: run for run in loop.runs}
        self._feeds = {feed.lineno for feed in loop.feeds}
        self._saves = {found.statement.lineno: found for found in loop.saves}
        columns = ColumnMap(loop.function.module.lines)
        self._asked = {columns.span(request.call): request for request in loop.asked}
        self._step_reads = {columns.span(call) for call in loop.step_reads}
        self._writers = {columns.span(call) for call in loop.writers}
        self._gone |= {id(call) for call in loop.writers}
        for saver in loop.savers:
            self._gone |= {id(node) for node in gone_of(saver, loop)}
        self._endless = {statement.lineno for statement in loop.endless}
        self._restored = {statement.lineno for statement in loop.restored}
        self._computing = columns.span(gradients.computing) if gradients is not None else None
        self.lines_gone = {statement.lineno for statement in loop.gone} - self.direct

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with the loop."""
        return reference.call is not None and id(reference.call) in self._gone

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of these calls."""
        for reference in self.loop.function.references:
            call = reference.call
            if call is not None and self.replaces(reference):
                name = reference.api.name
                notes = []
                if name.endswith("Session") and (call.args or call.keywords):
                    notes.append(_CONFIG)
                if name == WRITER and len(call.args) + len(call.keywords) > 1:
                    notes.append(_GRAPH)
                if name.endswith("Session") and self._reads_steps():
                    notes.append(_STEP)
                code, rule = (CODE, NAME) if self.loop.trains else (PREDICTING, PREDICTS)
                yield Rewritten(reference.span[0], name, code, rule, "; ".join(notes))

    def _reads_steps(self) -> bool:
        """Whether the global step is asked for with a training operation."""
        return any(name in self.loop.steps for run in self.loop.runs for _, name in run.wanted)

    def statement(self, number: int, node: cst.BaseStatement) -> list[cst.BaseStatement]:
        """What takes the place of a statement that used the session.

        Args:
            number: Its line.
            node: The statement, as the rules left it.
        """
        if number in self._runs:
            return with_comments_of([node], self._of_session.run(self._runs[number], node))
        if number in self._feeds:
            return [self._of_session.fed(node)]
        if number in self._restored:
            return [self._savers.restored(node)]
        if number in self._saves:
            found = self._saves[number]
            if saver_of(found, self.loop) is not None:
                return with_comments_of([node], self._prediction.restored(found, node))
            return with_comments_of([node], [self._savers.saved(found, node)])
        return [node]

    def call(self, place: Span, node: cst.Call) -> cst.BaseExpression:
        """What takes the place of a call that asked the session for values.

        Args:
            place: Where it stands.
            node: The call, as the rules left it.
        """
        if place in self._step_reads:
            return cst.parse_expression(self._names.step)
        if place in self._writers:
            given = arguments(node, ("logdir", "graph"))["logdir"]
            return cst.Call(self._services.written("EventWriter"), [cst.Arg(given)])
        if place == self._computing:
            return self._operation.computed(node)
        if place in self._asked:
            return self._of_session.values(self._asked[place], node)
        return node

    def compound(self, number: int, node: cst.BaseStatement) -> cst.BaseStatement:
        """A loop or a `try` that the end of a queue stopped: that of the batches does.

        Args:
            number: Its line.
            node: The statement, with what is in it rewritten.
        """
        if isinstance(node, cst.While) and number in self._endless:
            return node.with_changes(test=cst.Name("True"))
        if isinstance(node, cst.Try):
            return tried(number, node, self.loop)
        return node

    def block(self, body: Body, blank: int) -> Body:
        """The block with its new statements.

        Args:
            body: The old one.
            blank: Lines that go between definitions here.
        """
        loop = self.loop
        whole = loop.graph.body if loop.graph is not None else loop.function.node.body
        old_and_new = list(zip(whole, body.body, strict=True))
        pairs, footer = dissolved(old_and_new, lambda s: s in loop.opened)
        result: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        waiting: list[cst.BaseStatement] = []
        for old, new in pairs:
            if old is loop.begins:
                result += [with_lines_only(statement, ()) for statement in waiting]
            if old in loop.gone:
                carried += comments_left(new)
            elif old in loop.minimized.changing:
                continue
            elif old not in loop.of_loss or old is loop.place:
                first, *rest = self._instead(old, new, pairs, blank)
                found = [carried_to(first, carried), *rest]
                stay = len(found) if loop.begins is None else self._staying(old, len(found))
                result += found[:stay]
                waiting += found[stay:]
                carried = [] if stay else list(lines_above(found[0]))
        return body.with_changes(body=result, footer=[*carried, *footer, *body.footer])

    def _staying(self, old: ast.stmt, count: int) -> int:
        """How many of the new statements stay where an old one was: the model waits."""
        if old is self.loop.place:
            return count - 1
        return 0 if old in self.loop.waits else count

    def _instead(
        self,
        old: ast.stmt,
        new: cst.BaseStatement,
        pairs: Sequence[Pair],
        blank: int,
    ) -> list[cst.BaseStatement]:
        loop, replaced = self.loop, [new]
        if old in loop.of_loss:
            replaced = [new for old, new in pairs if old in loop.of_loss]
            found = self._model.definition(replaced, pairs, blank)
        elif loop.trains and old is loop.minimized.statement:
            changing = [new for old, new in pairs if old in loop.minimized.changing]
            replaced = [*changing, new]
            definition = self._operation.changing(changing, new, blank)
            found = [
                with_lines_only(self._operation.compiled(new, bool(definition)), lines_above(new))
            ]
            if old in loop.looks_up or any(s in loop.looks_up for s in loop.minimized.changing):
                found = [self._in_layer_graph(found)]
            if definition:
                first = found[0]
                above = [BLANK] * (blank - 1)
                found = [*definition, with_lines(apart(first), above), *found[1:]]
            if not loop.inputs:
                found.append(line(f"{self._names.batches} = iter({self._names.model}.batches)"))
        elif old in loop.savers:
            found = [self._savers.made(old, new)]
        elif old is loop.session:
            assert isinstance(new, cst.With)
            dissolved = without_items(new, [True])
            assert isinstance(dissolved, cst.FlattenSentinel)
            found = list(dissolved)
        else:
            found = self.statement(old.lineno, new)
        if (
            old in loop.looks_up
            and old is not loop.minimized.statement
            and not self._savers.is_all(old)
        ):
            found = [self._in_layer_graph(found)]
        return with_comments_of(replaced, found)

    def _in_layer_graph(self, statements: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
        """``with model.layer_graph():``, for statements that look variables up."""
        return below(cst.Call(dotted(f"{self._names.model}.layer_graph")), statements)
