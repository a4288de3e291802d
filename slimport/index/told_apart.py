"""Whether the loss of a block that trains can be a function of its own."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from slimport.index.asked_steps import check_asked_steps
from slimport.index.blocks import argument, assigned, leave_it, loaded, on_lines_of_their_own
from slimport.index.callers import of_a_graph_before
from slimport.index.clone_checks import check, nodes_that_go
from slimport.index.clones import CloneTraining, clone_training
from slimport.index.global_steps import told_steps
from slimport.index.late_lookups import check_late_lookups
from slimport.index.own_optimizers import check_optimizers
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, Reference
from slimport.index.queues import QUEUES
from slimport.index.run_again import check_again
from slimport.index.single_iterators import SingleIterator, single_iterators
from slimport.index.stays import Stays
from slimport.index.training import (
    OF_LOOP,
    TRAIN,
    Training,
    check_rates,
    hides_arguments,
    is_optimizer,
    nodes_told,
    only_shows,
    training_of,
)
from slimport.index.training_summaries import is_given, merged_summaries
from slimport.index.unclear import check_clear
from slimport.index.unknown_calls import unknown_call
from slimport.index.update_collections import check_collections
from slimport.index.walking import walk

# A program that does any of this keeps its graph: fit has no place for it.
NEEDS_A_GRAPH = (
    *QUEUES, "slim.data_provider.", "slim.parallel_reader.", "tf.FIFOQueue", "tf.Session",
    "tf.InteractiveSession", "tf.placeholder",
    "tf.placeholder_with_default", "tf.get_default_graph", "tf.py_func", "tf.device",
    "tf.train.ExponentialMovingAverage", "tf.train.SyncReplicasOptimizer", "tf.contrib.opt.",
    "tf.summary.FileWriter", "tf.summary.merge", "slim.optimize_loss", "slim.metrics.",
    "tf.metrics.", "tf.assign", "tf.scatter_", "tf.data.make_", "tf.count_up_to", "tf.state_ops.",
    "tf.train.AdagradDAOptimizer", "tf.train.Proximal",  # Keras has none like these
)  # fmt: skip
# Keras has an equal of it, which the written module holds.
AVERAGING = "tf.contrib.opt.MovingAverageOptimizer"
# Methods that a graph runs when a session asks for what they give, and a function at once: what
# nothing asked for would be assigned, and an iterator begin anew with each step.
_RUN_ON_REQUEST = frozenset(
    """
    assign assign_add assign_sub get_next make_initializable_iterator make_one_shot_iterator
    scatter_add scatter_sub scatter_update
    """.split()
)
# Arguments that fit has a place for, and those that change no number.
_OF_OPERATION = frozenset(
    """
    total_loss optimizer global_step variables_to_train clip_gradient_norm gradient_multipliers
    summarize_gradients gate_gradients aggregation_method colocate_gradients_with_ops
    """.split()
)


def trainings(
    program: Program, read: Mapping[Function, Pipeline]
) -> tuple[dict[Function, Training], dict[Function, str]]:
    """The functions that hold a block which trains and can be told apart, and why others can not.

    Args:
        program: the index.
        read: the input pipelines that need no queues.
    """
    found: dict[Function, Training] = {}
    loops = [f for f in program.all() if any(r.api.name == TRAIN for r in f.references)]
    stays: dict[Function, str] = {}
    for function in loops:
        try:
            check_clear(function)
            training = training_of(function, program) or clone_training(function, program)
            if training is None:
                raise Stays("its loss and its training operation are no block of their own")
            _check(training, program, read)
            found[function] = training
        except Stays as why:
            stays[function] = why.with_line
    return found, stays


def _check(training: Training, program: Program, read: Mapping[Function, Pipeline]) -> None:
    """Passes, or raises `Stays` where the loss can be no function of its own."""
    before = of_a_graph_before(training.function)
    if before is not None:
        raise Stays(f"{before.api.name} of a caller may be part of its graph")
    pipeline = read.get(training.function)
    if pipeline is not None and training.graph is not None and training.graph in pipeline.around:
        raise Stays("its batches are made before its graph", pipeline.batch)
    unknown = _unknown_call(training, program, read)
    if unknown is not None:
        raise Stays(f"{ast.unparse(unknown.func)} may make losses", unknown)
    if isinstance(training, CloneTraining):
        check(training, program, read)
        gone = nodes_that_go(training, read.get(training.function))
    else:
        _check_block(training, program)
        gone = nodes_told(training)
    _check_graph(training, program, read, gone)
    rest = [(s, training.function) for s in training.block if s not in training.of_loss]
    made = [(f.node, f) for f in training.beside(program)]
    check_optimizers([*rest, *made], program)
    check_collections(training.function, program)
    check_again(training, program, read)
    check_late_lookups(training, program)
    check_asked_steps(training, program)


def _check_block(training: Training, program: Program) -> None:
    step = argument(training.operation_call, 2, "global_step")
    if isinstance(step, ast.Constant) and step.value is None:
        # A schedule stands still then, and no number of steps is ever reached.
        raise Stays("its training operation counts no steps", training.operation_call)
    if not _is_step_told_by_keras(training, program):
        raise Stays("the global step is used for more than a learning rate")
    check_rates(training, program)
    _check_arguments(training)
    _check_summaries(training, program)
    _check_statements(training, program)
    _check_rest(training, program)


def _unknown_call(
    training: Training, program: Program, read: Mapping[Function, Pipeline]
) -> ast.Call | None:
    """A call beside the loss that may make tensors, unseen."""
    pipeline = read.get(training.function)
    known = {*training.of_loss, *training.gone, training.operation}
    known |= {*pipeline.parts} if pipeline is not None else set()
    for statement in training.block[: training.block.index(training.loop)]:
        if statement not in known:
            found = unknown_call(statement, training.function, program)
            if found is not None:
                return found
    return None


def _check_summaries(training: Training, program: Program) -> None:
    """The loop writes no other summaries than the loss makes."""
    merged = merged_summaries(training.block, training.loop_call, training.function, program)
    if is_given(argument(training.loop_call, 99, "summary_writer")):
        raise Stays("fit has no place for summary_writer", training.loop_call)
    if merged.why_not:
        raise Stays(merged.why_not)
    inside = {node for s in (*training.of_loss, *training.gone) for node in walk(s)}
    added = merged.kept.added if merged.kept is not None else []
    if not all(a.statement in inside for a in added):
        raise Stays(_SUMMARY)


_SUMMARY = "a summary beside the loss is used"


def _check_statements(training: Training, program: Program) -> None:
    of_loss, loss = training.of_loss, training.loss
    node = training.function.node
    assert isinstance(node, ast.FunctionDef)
    if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(training.block):
        raise Stays("two statements share a line")
    if not of_loss or loss.id not in assigned(of_loss):
        raise Stays(f"{loss.id} is not made in the block", loss)
    early = training.block[: training.block.index(training.operation)]
    late = [s for s in of_loss if s not in early and not isinstance(s, ast.Expr)]
    made = [s for s in late if not only_shows(s, training.function, program)]
    if made:
        raise Stays("tensors are made after the training operation", made[0])
    if leave_it(of_loss):
        raise Stays("the statements of the loss return, or leave a loop")


def _check_rest(training: Training, program: Program) -> None:
    """The rest does not look into the loss, nor change what the loss needs."""
    of_loss, loss = training.of_loss, training.loss
    summaries = training.summaries.serving if training.summaries is not None else []
    others = (*of_loss, *summaries, training.operation)
    rest = [s for s in training.block if s not in others]
    used = loaded(rest) | _loaded_in_call(training.operation_call, skip=loss)
    looked_at = used & assigned(of_loss)
    if looked_at:
        raise Stays(f"{min(looked_at)} is used beside the loss")
    if loss.id in assigned(rest):
        raise Stays(f"{loss.id} gets another value")
    if not all(_only_sums_up(f) for f in training.beside(program)):
        raise Stays(_SUMMARY)
    told = assigned(training.told) - _optimizer(training)
    shown = told & loaded(s for s in rest if s not in training.told and s is not training.loop)
    if shown:
        raise Stays(f"{min(shown)} is used beside the loop")
    late = loaded(training.workers.values()) & assigned(training.block)
    if late:
        raise Stays(f"{min(late)} is known after the strategy is made")
    first = training.block.index(of_loss[0])
    later = [s for s in rest if training.block.index(s) > first]
    changed = loaded(of_loss) & assigned(later)
    if changed:
        raise Stays(f"{min(changed)} changes after the loss is built")


def _optimizer(training: Training) -> set[str]:
    given = argument(training.operation_call, 1, "optimizer")
    return {given.id} if isinstance(given, ast.Name) else set()


def _check_graph(
    training: Training,
    program: Program,
    read: Mapping[Function, Pipeline],
    gone: Collection[int],
) -> None:
    """Nothing that stays needs a graph, or a session that asks for it."""
    others = training.callees(program) | training.beside(program)
    iterator = _single_iterator(training, program, read)
    for function in sorted(
        {training.function} | others, key=lambda f: (str(f.module.path), f.name)
    ):
        pipeline = read.get(function)
        of_queues = pipeline.belongs if pipeline is not None else _never
        for reference in function.references:
            goes = id(reference.node) in gone or of_queues(reference)
            goes = goes or (iterator is not None and iterator.belongs(reference))
            if _needs_a_graph(reference) and not goes:
                where = function.qualname or "the file"
                raise Stays(f"{reference.api.name} in {where} needs a graph")
            if is_optimizer(reference) and hides_arguments(reference) and not goes:
                raise Stays(f"what {reference.api.name} is called with cannot be seen")
    for part in [*training.block, *(f.node for f in others)]:
        for node in walk(part):
            of_batches = iterator is not None and node in iterator.nodes
            if is_run_on_request(node) and not of_batches:
                raise Stays(f"what {ast.unparse(node)} gives is read when a session asks for it")


def _single_iterator(
    training: Training, program: Program, read: Mapping[Function, Pipeline]
) -> SingleIterator | None:
    """The iterator that gives the loss its batches, if nothing else does."""
    inside, iterators = training.callees(program), single_iterators(program)
    found = [iterator for function, iterator in iterators.items() if function in inside]
    own = iterators.get(training.function)
    if own is not None and any(own.get_next in walk(s) for s in training.of_loss):
        found.append(own)
    queued = (inside | {training.function}) & read.keys()
    return found[0] if len(found) == 1 and not queued else None


def _needs_a_graph(reference: Reference) -> bool:
    name = reference.api.name
    return name.startswith(NEEDS_A_GRAPH) and name != AVERAGING


def is_run_on_request(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _RUN_ON_REQUEST


def _check_arguments(training: Training) -> None:
    """The operation and the loop are told nothing that fit has no place for."""
    for call, known in (
        (training.operation_call, _OF_OPERATION),
        (training.loop_call, OF_LOOP | {"summary_writer"}),
    ):
        unknown = {k.arg or "**" for k in call.keywords} - known
        if unknown or len(call.args) > 2:
            raise Stays(f"fit has no place for {min(unknown, default='its third argument')}", call)


def _is_step_told_by_keras(training: Training, program: Program) -> bool:
    """Whether the global step is used only where Keras counts steps itself."""
    names, function = training.names_of_steps, training.function
    told = [argument(training.operation_call, 2, "global_step")]
    told += told_steps(function)
    told += [argument(p.call, p.position, p.parameter) for p in training.steps_passed(program)]
    uses = [
        n
        for n in walk(function.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in names
    ]
    computed = training.rates.nodes()
    return all(id(use) in computed or any(use is node for node in told) for use in uses)


def _never(reference: Reference) -> bool:
    return False


def _only_sums_up(function: Function) -> bool:
    """Whether the function's summaries are statements of their own, which can go."""
    alone = {n.value for n in walk(function.node) if isinstance(n, ast.Expr)}
    summaries = [r for r in function.references if r.api.name.startswith("tf.summary.")]
    return all(r.call in alone for r in summaries)


def _loaded_in_call(call: ast.Call, skip: ast.expr) -> set[str]:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return loaded(argument for argument in arguments if argument is not skip)
