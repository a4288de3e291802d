"""A loop that fed placeholders and ran a training operation becomes train_on_batch."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from slimport.index.blocks import call_of, loaded
from slimport.index.hand_loop import HandLoop, Minimized, nested
from slimport.index.hand_savers import is_early, told_all
from slimport.index.hand_summaries import WRITER
from slimport.index.program import ColumnMap, Reference, Span
from slimport.index.session_runs import Request, Run, Saved
from slimport.report.model import Rewritten
from slimport.rewrite.blocks import without_items
from slimport.rewrite.graph_blocks import Body
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.names import free_name, names_taken
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    BLANK,
    apart,
    arguments,
    assignment,
    below,
    call_in,
    carried_to,
    code,
    comments_left,
    dissolved,
    keyword,
    line,
    lines_above,
    on_one_line,
    with_comments_of,
    with_lines,
    with_lines_only,
    with_value,
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
        taken = names_taken(loop.function)
        self._used = loaded([loop.function.node])
        self._model = free_name("model", taken)
        self._function = free_name("build_loss", taken)
        self._logs = free_name("logs", taken)
        self._batches = free_name("batches", taken)
        self._transform = free_name("change_gradients", taken)
        gradients = loop.minimized.gradients
        self._pairs = _name_of_pairs(loop.minimized) or free_name("grads_and_vars", taken)
        self._variables: cst.BaseExpression | None = None
        going = [*loop.gone, *loop.opened, *([loop.session] if loop.session else [])]
        headers: list[ast.AST] = [s.items[0] if isinstance(s, ast.With) else s for s in going]
        self._gone = {id(node) for part in headers for node in ast.walk(part)}
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
            self._gone |= {id(node) for node in _gone_of(saver, loop)}
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
                yield Rewritten(reference.span[0], name, CODE, NAME, "; ".join(notes))

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
            return with_comments_of([node], self._run(self._runs[number], node))
        if number in self._feeds:
            return [self._fed(node)]
        if number in self._restored:
            call = call_in(node)
            return [_with_call(node, call.with_changes(args=[]))]
        if number in self._saves:
            return with_comments_of([node], [self._saved(self._saves[number], node)])
        return [node]

    def call(self, place: Span, node: cst.Call) -> cst.BaseExpression:
        """What takes the place of a call that asked the session for values.

        Args:
            place: Where it stands.
            node: The call, as the rules left it.
        """
        if place in self._step_reads:
            return cst.parse_expression(self._step)
        if place in self._writers:
            given = arguments(node, ("logdir", "graph"))["logdir"]
            return cst.Call(self._services.written("EventWriter"), [cst.Arg(given)])
        if place == self._computing:
            return self._computed(node)
        return self._values(self._asked[place], node) if place in self._asked else node

    @property
    def _step(self) -> str:
        """The global step, a number."""
        return f"int({self._model}.optimizer.iterations)"

    def _values(self, request: Request, node: cst.Call) -> cst.Call:
        """``model.run_on_batch({...}, ["loss", "accuracy"])``"""
        feed = _given(request, node) or cst.Dict([])
        if isinstance(feed, cst.Dict):
            feed = _by_names(feed, [e for e in feed.elements if _key(e) != self.loop.rate])
        keys = [cst.SimpleString(f'"{self._key_of(name)}"') for name in request.fetches]
        names = cst.List([cst.Element(key) for key in keys]) if request.is_list else keys[0]
        return cst.Call(dotted(f"{self._model}.run_on_batch"), [cst.Arg(feed), cst.Arg(names)])

    def _key_of(self, name: str) -> str:
        """The name by which the model returns a tensor."""
        minimized = self.loop.minimized
        gives_loss = {minimized.loss, minimized.name} if minimized.is_slims else {minimized.loss}
        if name in self.loop.summaries:
            return "summaries"
        return "loss" if name in gives_loss else name

    def compound(self, number: int, node: cst.BaseStatement) -> cst.BaseStatement:
        """A loop or a `try` that the end of a queue stopped: that of the batches does.

        Args:
            number: Its line.
            node: The statement, with what is in it rewritten.
        """
        if isinstance(node, cst.While) and number in self._endless:
            return node.with_changes(test=cst.Name("True"))
        if isinstance(node, cst.Try):
            return self._tried(number, node)
        return node

    def _tried(self, number: int, node: cst.Try) -> cst.Try:
        tries = (n for n in nested(self.loop.block) if isinstance(n, ast.Try))
        old = next((n for n in tries if n.lineno == number), None)
        if old is None:
            return node
        caught = [handler.type in self.loop.ends for handler in old.handlers]
        stop = cst.Name("StopIteration")
        if self.loop.inputs:  # nothing was read from queues
            caught = [False for _ in caught]
        handlers = [
            handler.with_changes(type=stop) if ends else handler
            for handler, ends in zip(node.handlers, caught, strict=True)
        ]
        node = node.with_changes(handlers=handlers)
        is_empty = bool(old.finalbody) and all(s in self.loop.gone for s in old.finalbody)
        is_empty = is_empty and node.finalbody is not None and "#" not in code(node.finalbody)
        return node.with_changes(finalbody=None) if is_empty and handlers else node

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
        for old, new in pairs:
            if old in loop.gone:
                carried += comments_left(new)
            elif old in loop.minimized.changing:
                continue
            elif old not in loop.of_loss or old is loop.place:
                first, *rest = self._instead(old, new, pairs, blank)
                result += [carried_to(first, carried), *rest]
                carried = []
        return body.with_changes(body=result, footer=[*carried, *footer, *body.footer])

    def _instead(
        self,
        old: ast.stmt,
        new: cst.BaseStatement,
        pairs: Sequence[tuple[ast.stmt, cst.BaseStatement]],
        blank: int,
    ) -> list[cst.BaseStatement]:
        loop, replaced = self.loop, [new]
        if old in loop.of_loss:
            replaced = [new for old, new in pairs if old in loop.of_loss]
            found = self._making(replaced, self._specs(pairs), blank)
        elif old is loop.minimized.statement:
            changing = [new for old, new in pairs if old in loop.minimized.changing]
            replaced = [*changing, new]
            definition = self._changing(changing, new, blank)
            found = [with_lines_only(self._compile(new, bool(definition)), lines_above(new))]
            if old in loop.looks_up or any(s in loop.looks_up for s in loop.minimized.changing):
                found = [self._in_layer_graph(found)]
            if definition:
                first = found[0]
                above = [BLANK] * (blank - 1)
                found = [*definition, with_lines(apart(first), above), *found[1:]]
            if not loop.inputs:
                found.append(line(f"{self._batches} = iter({self._model}.batches)"))
        elif old in loop.savers:
            found = [self._saver(old, new)]
        elif old is loop.session:
            assert isinstance(new, cst.With)
            dissolved = without_items(new, [True])
            assert isinstance(dissolved, cst.FlattenSentinel)
            found = list(dissolved)
        else:
            found = self.statement(old.lineno, new)
        if old in loop.looks_up and old is not loop.minimized.statement and not self._is_all(old):
            found = [self._in_layer_graph(found)]
        return with_comments_of(replaced, found)

    # The model --------------------------------------------------------------------------------

    def _specs(
        self, pairs: Sequence[tuple[ast.stmt, cst.BaseStatement]]
    ) -> dict[str, cst.BaseExpression]:
        """``tf.TensorSpec(shape, dtype)`` for each input."""
        spec = code(self._services.tensorflow("TensorSpec", "tensorflow"))
        found = {}
        for old, new in pairs:
            match old:
                case ast.Assign([ast.Name(name)]) if name in self.loop.inputs:
                    given = arguments(call_in(new), ("dtype", "shape", "name"))
                    shape = code(given["shape"]) if "shape" in given else "None"
                    made = f"{spec}({shape}, {code(given['dtype'])})"
                    found[name] = cst.parse_expression(made)
        return found

    def _making(
        self,
        of_loss: Sequence[cst.BaseStatement],
        specs: Mapping[str, cst.BaseExpression],
        blank: int,
    ) -> list[cst.BaseStatement]:
        """``def build_loss(images, labels): ...`` and the model of it."""
        loop = self.loop
        loss, fetched = loop.minimized.loss, loop.fetched
        returned = loss
        if fetched:
            more = "".join(f', "{name}": {name}' for name in fetched)
            returned = f'{{"loss": {loss}{more}}}'
        first = of_loss[0]
        space = [BLANK] * blank
        above = [] if self._is_first() else space
        lines = lines_above(first)
        definition = cst.FunctionDef(
            cst.Name(self._function),
            cst.Parameters([cst.Param(cst.Name(name)) for name in specs]),
            cst.IndentedBlock([*_indented(of_loss), line(f"return {returned}")]),
            leading_lines=[*above, *(kept for kept in lines if kept.comment is not None)],
        )
        call = cst.Call(
            self._services.written("FedModel" if specs else "LossModel"),
            [cst.Arg(cst.Name(self._function)), *(keyword(n, spec) for n, spec in specs.items())],
        )
        call = on_lines(call)
        assign = cst.SimpleStatementLine([assignment(self._model, call)])
        return [definition, with_lines_only(assign, space)]

    def _is_first(self) -> bool:
        """Whether nothing stays above the loss."""
        loop = self.loop
        first = loop.block.index(loop.place)
        going = [*loop.gone, *loop.of_loss]
        stays = [s for s in loop.block[:first] if s not in going]
        if loop.graph is not None:
            stays += loop.function.node.body[: loop.function.node.body.index(loop.graph)]
        return not stays and isinstance(loop.function.node, ast.FunctionDef)

    def _compile(self, statement: cst.BaseStatement, changes: bool) -> cst.BaseStatement:
        """``model.compile(optimizer=...)``"""
        call, minimized = call_in(statement), self.loop.minimized
        told = arguments(call, ("loss", "global_step"))
        optimizer = told.get("optimizer")
        if minimized.is_slims:
            told = arguments(call, ("total_loss", "optimizer"))
            optimizer = told["optimizer"]
        else:
            assert isinstance(call.func, cst.Attribute)
            optimizer = call.func.value
        given = [keyword("optimizer", optimizer)]
        variables = told.get("variables_to_train", told.get("var_list", self._variables))
        if variables is not None:
            given.append(keyword("variables_to_train", variables))
        if changes:
            given.append(keyword("transform_gradients", cst.Name(self._transform)))
        for name in ("clip_gradient_norm", "gradient_multipliers", "check_numerics"):
            if name in told:
                given.append(keyword(name, told[name]))
        checks = cst.Name(str(minimized.is_slims))  # only slim's operation checks the loss
        if bool(self.loop.inputs) == minimized.is_slims and "check_numerics" not in told:
            given.append(keyword("check_numerics", checks))
        made = cst.Call(dotted(f"{self._model}.compile"), on_one_line(given))
        made = on_lines(made)
        return statement.with_changes(body=[cst.Expr(made)])

    # Its gradients ----------------------------------------------------------------------------

    def _computed(self, node: cst.Call) -> cst.BaseExpression:
        """What takes the place of the call that computed gradients."""
        gradients = self.loop.minimized.gradients
        assert gradients is not None
        names = ("loss", "var_list") if gradients.of_pairs else ("ys", "xs")
        self._variables = arguments(node, names).get(names[1])
        if gradients.of_pairs:
            return cst.Name(self._pairs)
        return cst.parse_expression(f"[gradient for gradient, _ in {self._pairs}]")

    def _changing(
        self, statements: Sequence[cst.BaseStatement], applying: cst.BaseStatement, blank: int
    ) -> list[cst.BaseStatement]:
        """``def change_gradients(grads_and_vars): ...``, where they change."""
        if self.loop.minimized.gradients is None:
            return []
        applied = arguments(call_in(applying), ("grads_and_vars",))["grads_and_vars"]
        if _name_of_pairs(self.loop.minimized) is not None:
            statements = statements[1:]
        if not statements and code(applied) == self._pairs:
            return []
        first, *rest = [*statements, line(f"return {code(applied)}")]
        comments = [kept for kept in lines_above(first) if kept.comment is not None]
        body = [with_lines_only(first, comments), *list(_indented([first, *rest]))[1:]]
        definition = cst.FunctionDef(
            cst.Name(self._transform),
            cst.Parameters([cst.Param(cst.Name(self._pairs))]),
            cst.IndentedBlock(body),
            leading_lines=[BLANK] * blank,
        )
        return [definition]

    def _saver(self, old: ast.stmt, statement: cst.BaseStatement) -> cst.BaseStatement:
        """``saver = ModelSaver(model)``"""
        call = call_of(old)
        assert call is not None
        told = arguments(call_in(statement), ("var_list",))
        if told_all(call, self.loop):
            del told["var_list"]
        if "var_list" not in told and is_early(old, self.loop):
            told["var_list"] = dotted(f"{self._model}.variables")
        given = [cst.Arg(cst.Name(self._model)), *(keyword(n, value) for n, value in told.items())]
        made = cst.Call(self._services.written("ModelSaver"), on_one_line(given))
        return _with_call(statement, made)

    def _is_all(self, old: ast.stmt) -> bool:
        """Whether a statement makes a saver of all variables, which it need not look up."""
        call = call_of(old)
        return old in self.loop.savers and call is not None and told_all(call, self.loop)

    def _in_layer_graph(self, statements: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
        """``with model.layer_graph():``, for statements that look variables up."""
        return below(cst.Call(dotted(f"{self._model}.layer_graph")), statements)

    # Its runs ---------------------------------------------------------------------------------

    def _run(self, run: Run, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """``loss = model.train_on_batch({...}, return_dict=True)["loss"]``"""
        feed = _given(run.request, call_in(statement))
        if feed is None or not self.loop.inputs:
            feed = cst.parse_expression(f"next({self._batches})")
        before: list[cst.BaseStatement] = []
        if isinstance(feed, cst.Dict):
            rates = [e for e in feed.elements if _key(e) == self.loop.rate]
            before = [
                line(f"{self._model}.optimizer.learning_rate = {code(rate.value)}")
                for rate in rates
            ]
            feed = _by_names(feed, [e for e in feed.elements if e not in rates])
        given = [cst.Arg(feed)]
        call = cst.Call(dotted(f"{self._model}.train_on_batch"), given)
        keys = {key for _, key in self._tensors(run)}
        if not keys <= {"loss"}:
            given.append(keyword("return_dict", cst.Name("True")))
        if "summaries" in keys:
            given.append(keyword("summaries", cst.Name("True")))
        call = call.with_changes(args=given)
        call = call if "\n" in code(call) else on_lines(call)
        first, *rest = [*before, *self._assigned(statement, call, run)]
        return [with_lines_only(first, lines_above(statement)), *rest]

    def _tensors(self, run: Run) -> list[tuple[str, str]]:
        """Names that get values of tensors, each with the name by which the model returns it."""
        none = self.loop.without_tensors
        if self.loop.minimized.is_slims:
            none -= {self.loop.minimized.name}
        return [(target, self._key_of(name)) for target, name in run.wanted if name not in none]

    def _assigned(
        self, statement: cst.BaseStatement, call: cst.Call, run: Run
    ) -> list[cst.BaseStatement]:
        """The call, and names for what it gives."""
        keys = [key for _, key in self._tensors(run)]
        targets = [target for target, _ in self._tensors(run)]
        steps = [line(f"{t} = {self._step}") for t, n in run.wanted if n in self.loop.steps]
        operation = self.loop.minimized
        if not operation.is_slims:
            unset = [t for t, name in run.wanted if name == operation.name and t in self._used]
            steps += [line(f"{target} = None") for target in unset]
        more: list[cst.BaseStatement] = []
        small: cst.BaseSmallStatement
        if not keys:
            small = cst.Expr(call)
        elif keys == ["loss"]:
            small = assignment(targets[0], call)
        elif len(keys) == 1:
            value = cst.parse_expression(f'f()["{keys[0]}"]')
            assert isinstance(value, cst.Subscript)
            small = assignment(targets[0], value.with_changes(value=call))
        else:
            small = assignment(self._logs, call)
            values = ", ".join(f'{self._logs}["{key}"]' for key in keys)
            more.append(line(f"{', '.join(targets)} = {values}"))
        return [with_lines_only(statement.with_changes(body=[small]), ()), *more, *steps]

    @staticmethod
    def _fed(statement: cst.BaseStatement) -> cst.BaseStatement:
        """The dictionary that is fed, by the names of what gets it."""
        assert isinstance(statement, cst.SimpleStatementLine)
        assign = statement.body[0]
        assert isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Dict)
        return with_value(statement, _by_names(assign.value, assign.value.elements))

    def _saved(self, saved: Saved, statement: cst.BaseStatement) -> cst.BaseStatement:
        """The saver's call without the session."""
        call = call_in(statement)
        kept = [a for a in call.args[1:] if not (a.keyword and a.keyword.value in _OF_GRAPHS)]
        if saved.step is not None:
            steps = dotted(f"{self._model}.optimizer.iterations")
            name = saved.step.id
            kept = [a.with_changes(value=steps) if code(a.value) == name else a for a in kept]
        return _with_call(statement, call.with_changes(args=on_one_line(kept)))


def _indented(statements: Sequence[cst.BaseStatement]) -> Iterator[cst.BaseStatement]:
    """Statements of a file as those of a function: blank lines between them stay empty."""
    first, *rest = statements
    yield with_lines_only(first, ())
    for statement in rest:
        lines = lines_above(statement)
        yield with_lines_only(statement, [above if above.comment else BLANK for above in lines])


def _key(element: cst.BaseDictElement) -> str:
    return getattr(getattr(element, "key", None), "value", "")


def _by_names(feed: cst.Dict, elements: Sequence[cst.BaseDictElement]) -> cst.Dict:
    """Those of a dictionary's elements, placeholders by their names."""
    kept = [e.with_changes(key=cst.SimpleString(f'"{_key(e)}"')) for e in elements]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=feed.elements[-1].comma)
    return feed.with_changes(elements=kept)


def _name_of_pairs(minimized: Minimized) -> str | None:
    """The name of all pairs, if that is all that becomes of them at once."""
    gradients = minimized.gradients
    match gradients and gradients.statements[:1]:
        case [ast.Assign([ast.Name(name)], value)] if gradients is not None:
            is_all = gradients.of_pairs and value is gradients.computing
            return name if is_all else None
    return None


def _gone_of(saver: ast.stmt, loop: HandLoop) -> list[ast.AST]:
    """The calls of a saver's statement that go."""
    call = call_of(saver)
    assert call is not None
    return list(ast.walk(call)) if told_all(call, loop) else [call]


def _given(request: Request, call: cst.Call) -> cst.BaseExpression | None:
    """What a run feeds."""
    names = ("fetches", "feed_dict") if request.of_session else ("feed_dict",)
    return arguments(call, names).get("feed_dict")


_OF_GRAPHS = {"write_meta_graph"}


def _with_call(statement: cst.BaseStatement, call: cst.Call) -> cst.BaseStatement:
    assert isinstance(statement, cst.SimpleStatementLine)
    small = statement.body[0]
    assert isinstance(small, cst.Assign | cst.Expr)
    return statement.with_changes(body=[small.with_changes(value=call)])
