"""Programs that clone a network by `model_deploy` and run slim's loop on the clones' updates."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of, called, flattened, value_of
from slimport.index.clone_loop import Deployment, check_loop, deployment
from slimport.index.clone_updates import Changes, Updates, UpdatesReading, changes_of
from slimport.index.global_steps import is_step
from slimport.index.lines import Lines, is_name, is_none
from slimport.index.model_deploy import CONFIG, CREATE, OPTIMIZE, changed, deployed
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.resolve import InTree
from slimport.index.savers import Saver, saver_of
from slimport.index.stays import Stays
from slimport.index.step_rates import step_rates
from slimport.index.summaries_kept import Added, KeptSummaries, kept_summaries
from slimport.index.training import TRAIN, Training, block_of, looks_up
from slimport.index.training_summaries import rate_summary
from slimport.index.walking import walk

_OF_OPTIMIZE = frozenset("clones optimizer regularization_losses var_list".split())


@dataclass(frozen=True, eq=False)
class CloneTraining(Training):
    """A block that trains clones of a network; `block` is without devices and name scopes.

    Attributes:
        deployment: Devices and workers.
        created: The statement that makes the clones; its call is `created_call`.
        created_call: The call that makes them.
        network: The function of one clone.
        outputs: The name of what the first clone's function returned, if the block has one.
        optimized: The call that computes losses and gradients.
        updates: What a step updates.
        changes: What happens to the gradients.
        checked: Whether a loss that is not finite is an error.
        summaries: What the loop writes.
        placed: What places a part of a clone by the configuration; it is no block of its own then.
        tags: The tags of the summaries of the loss and the learning rate, by `Summaries`' names.
    """

    deployment: Deployment
    created: ast.stmt
    created_call: ast.Call
    network: Function | None
    outputs: str | None
    optimized: ast.Call
    updates: Updates
    changes: Changes
    checked: bool
    summaries: KeptSummaries | None
    placed: list[ast.With]
    tags: dict[str, ast.expr]

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while the loss is built."""
        start = {f for s in self.of_loss[1:] for f in called(s, self.function, program)}
        return closure_of(start | ({self.network} if self.network else set()), callees)

    def beside(self, program: Program) -> set[Function]:
        """The functions that the statements which stay run, but for the input's."""
        gone = {*self.gone, *self.of_loss}
        rest = [s for s in self.block if s not in gone and s.lineno > self.created.lineno]
        start = {f for s in rest for f in called(s, self.function, program)}
        return closure_of(start, callees) - self.callees(program)


def clone_training(function: Function, program: Program) -> CloneTraining | None:
    """The block of a function that trains clones; None where there are no clones.

    Raises:
        Stays: If it does anything that a model which is compiled and fitted would not.
    """
    loops = [r for r in function.references if r.api.name == TRAIN]
    if len(loops) != 1 or loops[0].call is None or not isinstance(function.node, ast.FunctionDef):
        return None
    if not any(deployed(call, function, program) == CREATE for call in function.calls):
        return None
    graph, block = block_of(function.node.body, loops[0], function)
    lines = Lines(flattened(block, function), function, program)
    return _Reading(lines, graph, loops[0].call).read()


@dataclass(frozen=True)
class _Made:
    """The three statements that call `model_deploy`, each with its call."""

    config: ast.stmt
    config_call: ast.Call
    created: ast.stmt
    created_call: ast.Call
    optimized: ast.stmt
    optimized_call: ast.Call


@dataclass(frozen=True)
class _Told:
    """What the strategy and the loop are told, and the statements that do nothing else."""

    deployment: Deployment
    saver: Saver | None
    summaries: KeptSummaries | None
    gone: list[ast.stmt]


class _Reading:
    """Reads one block.

    Args:
        lines: Its statements.
        graph: The graph that is opened for them.
        loop: The call of slim's loop.
    """

    def __init__(self, lines: Lines, graph: ast.With | None, loop: ast.Call) -> None:
        self._lines, self._graph, self._loop_call = lines, graph, loop
        self._function, self._program = lines.function, lines.program

    def read(self) -> CloneTraining:
        """The block, each statement with its part in it."""
        made = self._made()
        config_name, clones = _target(made.config), _target(made.created)
        if not is_name(argument(made.created_call, 0, "config"), config_name):
            raise Stays("the clones are deployed in another way", made.created_call)
        scopes = dict(self._scopes(config_name))
        updates = self._updates(set(scopes.values()))
        loss, checks = self._optimized(made.optimized, made.optimized_call, clones, updates)
        changes = changes_of(self._lines, updates.gradients, made.optimized)
        told = self._told(made, updates)
        alone = list(self._alone(told.summaries, loss.id))
        outputs = self._outputs(clones)
        shown = self._shown(told.summaries, made.created)
        gone = [made.optimized, *scopes, *checks, *updates.gone, *changes.gone, *told.gone]
        gone = [s for s in gone if s is not updates.applied]
        gone += [added.statement for _, added in alone]
        of_loss = [made.created, *([outputs] if outputs is not None else []), *shown]
        of_loss = [s for s in of_loss if s not in gone]
        return CloneTraining(
            function=self._function,
            graph=self._graph,
            block=list(self._lines.block),
            of_loss=of_loss,
            loss=loss,
            operation=updates.applied,
            operation_call=updates.call,
            loop=self._loop(),
            loop_call=self._loop_call,
            gone=gone,
            told=[],
            looks_up=self._looking([*gone, *of_loss], made, changes, updates),
            summaries=told.summaries,
            saver=told.saver,
            synchronous=updates.synchronous,
            workers=dict(told.deployment.given),
            rates=step_rates(self._lines.block, self._function, self._program),
            deployment=told.deployment,
            created=made.created,
            created_call=made.created_call,
            network=self._network(made.created_call),
            outputs=_target(outputs) if outputs is not None else None,
            optimized=made.optimized_call,
            updates=updates,
            changes=changes,
            checked=bool(checks),
            placed=list(self._placed(config_name)),
            tags={kind: added.summary.args[0] for kind, added in alone},
        )

    def _made(self) -> _Made:
        return _Made(*self._only(CONFIG), *self._only(CREATE), *self._only(OPTIMIZE))

    def _updates(self, scopes: set[str]) -> Updates:
        operation = argument(self._loop_call, 0, "train_op")
        if not isinstance(operation, ast.Name):
            raise Stays("the training operation has no name", self._loop_call)
        return UpdatesReading(self._lines, scopes).read(operation.id)

    def _told(self, made: _Made, updates: Updates) -> _Told:
        """What the strategy and the loop are told."""
        lines, loop, waits = self._lines, self._loop_call, updates.synchronous
        told = deployment(lines, made.config, made.config_call, waits, loop)
        saver = saver_of(argument(loop, 99, "saver"), lines)
        kept = kept_summaries(lines.block, self._function)
        merged = kept.given if kept is not None else None
        gone = check_loop(lines, loop, told, waits, updates.optimizer, merged)
        gone += [s for s in lines.block if is_step(s, self._function)]
        gone += kept.serving if kept is not None else []
        gone += [saver.statement] if saver is not None and saver.statement is not None else []
        return _Told(told, saver, kept, gone)

    def _looking(
        self, known: Sequence[ast.stmt], made: _Made, changes: Changes, updates: Updates
    ) -> list[ast.stmt]:
        """The statements that look variables up; `compile` stands where gradients are applied."""
        first = self._lines.block.index(made.created)
        rest = [s for s in self._lines.block[first:] if s not in known]
        found = [s for s in rest if looks_up(s, self._function, self._program)]
        given = [k.value for k in made.optimized_call.keywords if k.arg == "var_list"]
        given += [v for v in (changes.multipliers, changes.norm) if v is not None]
        is_told = any(looks_up(v, self._function, self._program) for v in given)
        return [*found, updates.applied] if is_told else found

    def _only(self, kind: str) -> tuple[ast.stmt, ast.Call]:
        """The one statement that calls a function of `model_deploy`.

        Raises:
            Stays: If there is none, or the function computes something else than slim's.
        """
        found = [
            (s, c)
            for s in self._lines.block
            if isinstance(s, ast.Assign) and isinstance(c := s.value, ast.Call)
            and deployed(c, self._function, self._program) == kind
        ]  # fmt: skip
        every = [
            c for c in self._function.calls if deployed(c, self._function, self._program) == kind
        ]
        if len(found) != 1 or len(every) != 1:
            raise Stays(f"{kind} is called in another way", every[0] if every else self._loop_call)
        other = changed(found[0][1], self._function, self._program)
        if other is not None:
            raise Stays(f"{other} of the tree's model_deploy is not slim's", found[0][1])
        return found[0]

    def _loop(self) -> ast.stmt:
        for statement in self._lines.block:
            if value_of(statement) is self._loop_call:
                return statement
        raise Stays("the loop is no statement of the block", self._loop_call)

    def _scopes(self, config: str) -> Iterator[tuple[ast.stmt, str]]:
        """``first_clone_scope = config.clone_scope(0)``"""
        for statement in self._lines.block:
            match statement:
                case ast.Assign(
                    [ast.Name(name)],
                    ast.Call(ast.Attribute(ast.Name(of), "clone_scope"), [ast.Constant(0)], []),
                ) if of == config:
                    yield statement, name

    def _optimized(
        self, statement: ast.stmt, call: ast.Call, clones: str, updates: Updates
    ) -> tuple[ast.Name, list[ast.stmt]]:
        """The name of the loss, and the statements that check it."""
        match statement, call.args:
            case (
                ast.Assign([ast.Tuple([ast.Name() as loss, ast.Name(gradients)])]),
                [ast.Name(of), ast.Name(optimizer)],
            ) if (of, optimizer) == (clones, updates.optimizer):
                named = {k.arg or "**": k.value for k in call.keywords}
                unknown = named.keys() - _OF_OPTIMIZE
                if unknown or not is_none(named.get("regularization_losses")):
                    break_at = min(unknown, default="regularization_losses")
                    raise Stays(f"the losses are summed with {break_at}", call)
                if (loss.id, gradients) == (updates.loss, updates.gradients):
                    return loss, list(self._checks(loss.id, statement))
        raise Stays("losses and gradients are computed in another way", statement)

    def _checks(self, loss: str, made: ast.stmt) -> Iterator[ast.stmt]:
        """``loss = tf.check_numerics(loss, 'message')``"""
        for statement in self._lines.assigning(loss):
            call = call_of(statement)
            if statement is made:
                continue
            if call is None or not self._lines.api(call).endswith(".check_numerics"):
                raise Stays(f"{loss} gets another value", statement)
            if not is_name(argument(call, 0, "tensor"), loss):
                raise Stays(f"{loss} gets another value", statement)
            yield statement

    def _outputs(self, clones: str) -> ast.stmt | None:
        """``end_points = clones[0].outputs``"""
        for statement in self._lines.block:
            match statement:
                case ast.Assign(
                    [ast.Name()],
                    ast.Attribute(ast.Subscript(ast.Name(of), ast.Constant(0)), "outputs"),
                ) if of == clones:
                    return statement
        return None

    def _shown(self, kept: KeptSummaries | None, created: ast.stmt) -> Iterator[ast.stmt]:
        """The statements of summaries that need the clones, or the variables they made."""
        if kept is None:
            return
        added = {id(a.statement) for a in kept.added}
        for statement in self._lines.block[self._lines.block.index(created) :]:
            adds = any(id(node) in added for node in walk(statement))
            if adds and statement not in kept.serving:
                yield statement

    def _alone(self, kept: KeptSummaries | None, loss: str) -> Iterator[tuple[str, Added]]:
        """The summaries of the total loss and of the learning rate, which fit knows itself."""
        rate = rate_summary(self._lines.block, self._function, self._program)
        for added in kept.added if kept is not None else ():
            match added.summary:
                case ast.Call(_, [_, ast.Name(tensor)], []) as call if (
                    added.statement in self._lines.block
                    and self._lines.api(call) == "tf.summary.scalar"
                ):
                    if tensor == loss:
                        yield "loss", added
                    elif call is rate:
                        yield "learning_rate", added

    def _placed(self, config: str) -> Iterator[ast.With]:
        """``with tf.device(deploy_config.inputs_device()):`` in functions of the block."""
        inner = [n for s in self._lines.block for n in walk(s) if isinstance(n, ast.FunctionDef)]
        for function in (self._program.functions[node] for node in inner):
            lines = Lines(function.node.body, function, self._program)
            for node in walk(function.node):
                match node:
                    case ast.With([ast.withitem(ast.Call(_, [ast.Call(told)], []) as call, None)]):
                        is_of_config = is_name(getattr(told, "value", None), config)
                        if is_of_config and lines.api(call) == "tf.device":
                            yield node

    def _network(self, call: ast.Call) -> Function | None:
        given = argument(call, 1, "model_fn")
        meaning = self._program.resolve(given, self._function.module) if given else None
        if isinstance(meaning, InTree):
            return self._program.function_of(meaning.definition)
        raise Stays("the function of a clone is not known", call)


def _target(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign([ast.Name(name)]):
            return name
    raise Stays("what model_deploy gives has no name", statement)
