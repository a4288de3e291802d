"""Programs that train with slim's own loop: which statements make the loss, and which run it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from slimport.index.blocks import (
    DEVICES,
    argument,
    assigned,
    call_of,
    called,
    called_by,
    flattened,
    loaded,
    only_places,
    references_in,
    value_of,
)
from slimport.index.global_steps import (
    STEPS,
    PassedStep,
    is_step,
    only_schedules,
    passed_steps,
)
from slimport.index.lines import Lines
from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.queues import QUEUES
from slimport.index.savers import Saver, saver_of
from slimport.index.session_configs import configuring
from slimport.index.stays import Stays
from slimport.index.step_rates import RatesOfBlock, step_rates
from slimport.index.summaries_kept import MERGE, MERGE_ALL, KeptSummaries
from slimport.index.training_summaries import MAKING, merged_summaries, rate_summary
from slimport.index.walking import walk
from slimport.index.workers import Synchronous, check_waiting, chief_of, server_of, synchronous_of

TRAIN = "slim.learning.train"
TRAIN_OP = "slim.learning.create_train_op"

# What has its place beside the loss: optimizers, schedules, restoring, logging, files.
_BESIDE = (
    "slim.assign_from_checkpoint_fn", "slim.create_global_step", "slim.get_global_step",
    "slim.get_model_variables", "slim.get_or_create_global_step", "slim.get_trainable_variables",
    "slim.get_variables", "slim.learning.", "slim.parallel_reader.get_data_files",
    "tf.ConfigProto", "tf.GPUOptions", "tf.app.", "tf.contrib.opt.", "tf.flags.", "tf.get_logger",
    "tf.gfile.", "tf.io.gfile.", "tf.logging.", "tf.random.set_random_seed", "tf.set_random_seed",
    "tf.summary.", "tf.train.", "tf.trainable_variables",
)  # fmt: skip


_LOOK_UPS = (
    "slim.get_", "slim.filter_variables", "tf.all_variables", "tf.get_collection",
    "tf.global_variables", "tf.model_variables", "tf.train.init_from_checkpoint",
    "tf.trainable_variables",
)  # fmt: skip
# What a loop is told that goes with its session, and what fit has a place for.
_OF_SESSIONS = frozenset("is_chief master saver session_config summary_op sync_optimizer".split())
OF_LOOP = _OF_SESSIONS | frozenset(
    """
    train_op logdir number_of_steps log_every_n_steps init_fn save_summaries_secs save_interval_secs
    """.split()
)
_ALL_VARIABLES = (
    "slim.get_variables", "slim.get_variables_to_restore", "tf.all_variables",
    "tf.global_variables",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Training:
    """A block of code that builds a loss and trains it.

    Attributes:
        function: The function that holds the block.
        graph: The ``with tf.Graph().as_default():`` around it, if any.
        block: Its statements.
        of_loss: Those that build the loss.
        loss: The loss, as the training operation is given it.
        operation: The statement that makes the training operation.
        operation_call: Its call.
        loop: The statement that runs the loop.
        loop_call: Its call.
        gone: Statements that nothing needs any more: the global step's.
        told: Those among them that only tell the loop of savers, sessions and workers.
        looks_up: Statements that look variables up, which are the model's then.
        summaries: The collection of summaries that the loop writes, if it has one.
        saver: What saves the variables, if it is told.
        synchronous: Where workers wait for each other, if they do.
        workers: What a strategy is told of workers; empty where there are none.
        rates: The learning rates that depend on the global step.
    """

    function: Function
    graph: ast.With | None
    block: list[ast.stmt]
    of_loss: list[ast.stmt]
    loss: ast.Name
    operation: ast.stmt
    operation_call: ast.Call
    loop: ast.stmt
    loop_call: ast.Call
    gone: list[ast.stmt]
    told: list[ast.stmt]
    looks_up: list[ast.stmt]
    summaries: KeptSummaries | None
    saver: Saver | None
    synchronous: Synchronous | None
    workers: dict[str, ast.expr]
    rates: RatesOfBlock

    def beside(self, program: Program) -> set[Function]:
        """The functions that the other statements run: optimizers, schedules, restoring."""
        rest = [s for s in self.block if s not in self.of_loss]
        start = {f for s in rest for f in called(s, self.function, program)}
        return closure_of(start, callees) - self.callees(program)

    def steps_passed(self, program: Program) -> Iterator[PassedStep]:
        """Where the global step goes to a function which only schedules a rate by it."""
        names, computed = self.names_of_steps, self.rates.nodes()
        for call in self.function.calls:
            for target in called_by(call, self.function, program):
                if id(call) in computed or len(program.calls_of(self.function, target)) > 1:
                    continue
                for passed in passed_steps(self.function, call, names, target):
                    if only_schedules(passed):
                        yield passed

    def files(self, program: Program) -> set[Module]:
        """The files that make its optimizer and its learning rate, which are Keras' then."""
        passed = {p.function for p in self.steps_passed(program)}
        makes = {f for f in self.beside(program) if any(map(is_optimizer, f.references))}
        return {f.module for f in passed | makes}

    def is_one_call(self, program: Program) -> bool:
        """Whether the loss is what a function of the program gives, of values that are there.

        An argument that makes tensors would be evaluated once, where the model is made.
        """
        call = call_of(self.of_loss[0])
        if len(self.of_loss) > 1 or call is None or isinstance(self.of_loss[0], ast.Expr):
            return False
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        made = [r for v in given for r in references_in(v, self.function) if r.call is not None]
        reached = closure_of({f for v in given for f in called(v, self.function, program)}, callees)
        made += [r for function in reached for r in function.references]
        tensors = any(is_inside(r) and r.api.name != "tf.constant" for r in made)
        makes_layers = any(function in program.building for function in reached)
        is_own = any(True for _ in called_by(call, self.function, program))
        return is_own and not tensors and not makes_layers

    @property
    def names_of_steps(self) -> set[str]:
        """What the global step is called."""
        kept = self.summaries.serving if self.summaries is not None else []
        others = [*kept, *self.told]
        return assigned(s for s in self.gone if s not in others and not self._merges(s))

    def _merges(self, statement: ast.stmt) -> bool:
        names = [r.api.name for r in references_in(statement, self.function)]
        return MERGE in names or MERGE_ALL in names

    def has_summaries(self, program: Program) -> bool:
        """Whether the loss makes summaries."""
        references = [r for s in self.of_loss for r in references_in(s, self.function)]
        references += [r for f in self.callees(program) for r in f.references]
        return any(r.api.name.startswith(MAKING) for r in references)

    def rate_summary(self, program: Program) -> ast.Call | None:
        """The summary of the learning rate, if there is one."""
        rest = [s for s in self.block if s not in self.of_loss]
        return rate_summary(rest, self.function, program)

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        assert isinstance(self.function.node, ast.FunctionDef)
        return self.function.node.lineno

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while the loss is built."""
        start = {f for s in self.of_loss for f in called(s, self.function, program)}
        return closure_of(start, callees)


def check_rates(training: Training, program: Program) -> None:
    """Whether learning rates that are computed may be so apart from the loss.

    Raises:
        Stays: If the loss runs a function of one, or one is shown where it stays.
    """
    for rate in training.rates.computed:
        shared = rate.functions & training.callees(program)
        if shared:
            name = min(function.qualname for function in shared)
            raise Stays(f"{name} computes a learning rate and is part of the loss")
        for statement in rate.shown:
            if statement not in training.gone:
                raise Stays(f"{rate.name} is used beside the optimizer", statement)


@dataclass(frozen=True)
class _Parts:
    """The statements that a training is told by.

    Attributes:
        graph: The `with` of a graph around the block, if there is one.
        block: All statements of the block.
        loop: That which runs slim's loop.
        operation: That which makes the training operation.
        loss: What it trains on.
    """

    graph: ast.With | None
    block: list[ast.stmt]
    loop: ast.stmt
    loop_call: ast.Call
    operation: ast.Assign
    operation_call: ast.Call
    loss: ast.Name


def _parts_of(function: Function) -> _Parts | None:
    """The one loop of a function, and the one operation that it is given.

    Devices are no blocks of their own.
    """
    loops = [r for r in function.references if r.api.name == TRAIN]
    operations = [r for r in function.references if r.api.name == TRAIN_OP]
    if len(loops) != 1 or len(operations) != 1 or not isinstance(function.node, ast.FunctionDef):
        return None
    loop_call, operation_call = loops[0].call, operations[0].call
    graph, block = block_of(function.node.body, loops[0], function)
    block = flattened(block, function, DEVICES)
    if loop_call is None or operation_call is None:
        return None
    loop = next((s for s in block if value_of(s) is loop_call), None)
    operation = next((s for s in block if value_of(s) is operation_call), None)
    if loop is None or not isinstance(operation, ast.Assign):
        return None
    if block.index(operation) > block.index(loop):
        return None
    loss = argument(operation_call, 0, "total_loss")
    given = argument(loop_call, 0, "train_op")
    if not isinstance(loss, ast.Name) or not isinstance(given, ast.Name):
        return None
    if list(assigned([operation])) != [given.id]:
        return None
    return _Parts(graph, block, loop, loop_call, operation, operation_call, loss)


def training_of(function: Function, program: Program) -> Training | None:
    """The block of a function that makes a training operation and runs slim's loop on it.

    Raises:
        Stays: If its saver, its workers or its session are told what a model has no place for.
    """
    parts = _parts_of(function)
    if parts is None:
        return None
    block, loop_call = parts.block, parts.loop_call
    merged = merged_summaries(block, loop_call, function, program)
    lines = Lines(block, function, program)
    saver = saver_of(argument(loop_call, 99, "saver"), lines)
    synchronous, workers, waiting = _workers(lines, loop_call, parts.operation_call)
    told = [*waiting, *configuring(argument(loop_call, 99, "session_config"), lines)]
    if saver is not None and saver.statement is not None:
        told.append(saver.statement)
    told += _resets(lines)
    serving = [parts.operation, *merged.gone, *told]
    rates = step_rates(block, function, program)
    of_loss = _of_loss(block[: block.index(parts.loop)], serving, rates, function, program)
    return Training(
        function=function,
        graph=parts.graph,
        block=block,
        of_loss=of_loss,
        loss=parts.loss,
        operation=parts.operation,
        operation_call=parts.operation_call,
        loop=parts.loop,
        loop_call=loop_call,
        gone=[
            s
            for s in block
            if is_step(s, function)
            or s in merged.gone
            or s in told
            or _is_summary(s, of_loss, function)
        ],
        told=told,
        looks_up=[s for s in block if s not in of_loss and looks_up(s, function, program)],
        summaries=merged.kept,
        saver=saver,
        synchronous=synchronous,
        workers=workers,
        rates=rates,
    )


def _resets(lines: Lines) -> list[ast.stmt]:
    """The statements that empty the graph before anything is in it."""
    found: list[ast.stmt] = []
    for statement in lines.block:
        if not isinstance(statement, ast.Expr | ast.Assign):
            break
        if lines.api(statement.value) == "tf.reset_default_graph":
            found.append(statement)
        elif any(is_inside(r) for r in references_in(statement, lines.function)):
            break
    return found


def _workers(
    lines: Lines, loop: ast.Call, operation: ast.Call
) -> tuple[Synchronous | None, dict[str, ast.expr], list[ast.stmt]]:
    """Where workers wait for each other, what a strategy is told of them, and what goes."""
    optimizer = argument(operation, 1, "optimizer")
    name = optimizer.id if isinstance(optimizer, ast.Name) else None
    synchronous = synchronous_of(lines, name) if name is not None else None
    check_waiting(loop, name, synchronous)
    replica, found = chief_of(loop), dict[str, ast.expr]()
    if replica is not None:
        found["replica_id"] = replica
    if synchronous is None:
        return None, found | server_of(loop), []
    if not {"variable_averages", "variables_to_average"}.isdisjoint(synchronous.given):
        raise Stays("moving averages are kept by waiting workers alone", synchronous.call)
    if "total_num_replicas" in synchronous.given:
        found["num_replicas"] = synchronous.given["total_num_replicas"]
    return synchronous, found | synchronous.told | server_of(loop), [synchronous.statement]


def nodes_told(training: Training) -> set[int]:
    """The ids of the nodes that tell a loop of summaries, savers, sessions, workers and devices."""
    given = (k.value for k in training.loop_call.keywords if k.arg in _OF_SESSIONS)
    gone = (s for s in training.gone if not _is_summary(s, training.of_loss, training.function))
    parts: list[ast.AST] = [*gone, *given]
    withs = (n for n in walk(training.function.node) if isinstance(n, ast.With))
    for node in (n for n in withs if not set(training.block).isdisjoint(n.body)):
        if only_places(node, training.function, DEVICES):
            parts += [item.context_expr for item in node.items]
    return {id(node) for part in parts for node in walk(part)}


def block_of(
    body: list[ast.stmt], loop: Reference, function: Function
) -> tuple[ast.With | None, list[ast.stmt]]:
    """The statements among which the loop is, and the graph that is opened for them."""
    for statement in body:
        if not isinstance(statement, ast.With) or not _holds(statement, loop):
            continue
        item = statement.items[0]
        opened = ast.unparse(item.context_expr)
        if only_places(statement, function, DEVICES):
            return None, body
        if len(statement.items) == 1 and item.optional_vars is None:
            names = references_in(item.context_expr, function)
            if opened.endswith(".Graph().as_default()") and len(names) == 1:
                return statement, statement.body
        return None, []
    return None, body


def _of_loss(
    before: list[ast.stmt],
    others: list[ast.stmt],
    rates: RatesOfBlock,
    function: Function,
    program: Program,
) -> list[ast.stmt]:
    """The statements that make tensors, or use what these have made; `others` do neither."""
    made: set[str] = set()
    found = []
    before = [s for s in before if s not in others]
    for statement in before:
        if rates.makes(statement):
            continue
        shows = shows_what_is_there(statement, before, made, function, program)
        if shows or makes_tensors(statement, function, program) or loaded([statement]) & made:
            found.append(statement)
            made |= assigned([statement])
    return found


def unseen_summaries(function: Function, of_loss: Collection[ast.stmt] = ()) -> Iterator[int]:
    """The lines of a function's statements that only write a summary, but for those of a loss."""
    seen = {node for statement in of_loss for node in walk(statement)}
    alone = {n.value for n in walk(function.node) if isinstance(n, ast.Expr)} - seen
    for reference in function.references:
        if reference.api.name.startswith("tf.summary.") and reference.call in alone:
            yield reference.call.lineno


def _is_summary(statement: ast.stmt, of_loss: list[ast.stmt], function: Function) -> bool:
    """Whether a statement writes a summary of something that is no part of the loss."""
    call = call_of(statement) if isinstance(statement, ast.Expr) else None
    if call is None or statement in of_loss:
        return False
    match call:
        case ast.Call(ast.Attribute(ast.Name(), "add" | "append"), [ast.Call() as added], []):
            call = added
    found = [r for r in references_in(statement, function) if r.call is call]
    return any(r.api.name.startswith("tf.summary.") for r in found)


def shows_what_is_there(
    statement: ast.stmt,
    block: list[ast.stmt],
    made: set[str],
    function: Function,
    program: Program,
) -> bool:
    """Whether a statement only makes summaries, of nothing that is made beside the loss.

    Args:
        statement: The statement.
        block: Those that it is among.
        made: Names that the loss makes.
        function: The function that they are in.
        program: The index.
    """
    if not only_shows(statement, function, program):
        return False
    own, others = assigned([statement]), [s for s in block if s is not statement]
    beside = assigned(others) - made - own
    used = any(own & loaded([s]) - assigned([s]) for s in others)
    return not loaded([statement]) & beside and not used


def only_shows(statement: ast.stmt, function: Function, program: Program) -> bool:
    """Whether a statement does nothing but make summaries, also of variables it looks up."""
    if not isinstance(statement, ast.Expr | ast.For | ast.If):
        return False
    for inner in (s for s in walk(statement) if isinstance(s, ast.Expr)):
        shows = any(r.api.name.startswith(MAKING) for r in references_in(inner, function))
        if not shows and not any(called(inner, function, program)):
            return False  # a print, say, which a model's function would run again
    reached = closure_of(called(statement, function, program), callees)
    names = [r.api.name for r in references_in(statement, function)]
    names += [r.api.name for f in reached for r in f.references]
    # A graph also has the optimizer's variables, and the global step.
    looked_up = [n for n in names if n.startswith(_LOOK_UPS) and n not in (*STEPS, *_ALL_VARIABLES)]
    shown = [n for n in names if n.startswith(MAKING)]
    return bool(shown) and len(looked_up) + len(shown) == len(names)


def looks_up(statement: ast.stmt | ast.expr, function: Function, program: Program) -> bool:
    if isinstance(statement, ast.stmt) and is_step(statement, function):
        return False
    reached = closure_of(called(statement, function, program), callees)
    references = references_in(statement, function) + [r for f in reached for r in f.references]
    return any(r.api.name.startswith(_LOOK_UPS) and r.api.name not in STEPS for r in references)


def makes_tensors(statement: ast.stmt, function: Function, program: Program) -> bool:
    if any(is_inside(r) for r in references_in(statement, function)):
        return True
    reached = closure_of(called(statement, function, program), callees)
    return any(makes_any(f, program) for f in reached)


def makes_any(function: Function, program: Program) -> bool:
    """Whether a function makes layers or tensors itself."""
    return function in program.building or any(is_inside(r) for r in function.references)


def is_inside(reference: Reference) -> bool:
    """Whether a reference has its place where tensors are made, as far as its name tells."""
    name = reference.api.name
    if name.startswith(QUEUES):
        return True
    return name.startswith(("tf.", "slim.")) and not name.startswith(_BESIDE)


def hides_arguments(reference: Reference) -> bool:
    """Whether a class or function is a value, ``{'adam': AdamOptimizer}``, or called with ``*``."""
    call = reference.call
    return call is None or any(
        isinstance(argument, ast.Starred)
        or (isinstance(argument, ast.keyword) and not argument.arg)
        for argument in (*call.args, *call.keywords)
    )


def is_optimizer(reference: Reference) -> bool:
    """Whether it is an optimizer of TensorFlow 1."""
    name = reference.api.name
    return name.startswith(("tf.train.", "tf.contrib.opt.")) and name.endswith("Optimizer")


def _holds(statement: ast.stmt, reference: Reference) -> bool:
    return any(node is reference.node for node in walk(statement))
