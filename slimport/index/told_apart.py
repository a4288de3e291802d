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
    nodes_told,
    only_shows,
    training_of,
)
from slimport.index.training_summaries import is_given, merged_summaries
from slimport.index.unknown_calls import unknown_call
from slimport.index.walking import walk

# A program that does any of this keeps its graph: fit has no place for it.
NEEDS_A_GRAPH = (
    *QUEUES, "slim.data_provider.", "slim.parallel_reader.", "tf.FIFOQueue", "tf.Session",
    "tf.InteractiveSession", "tf.placeholder",
    "tf.placeholder_with_default", "tf.get_default_graph", "tf.py_func", "tf.device",
    "tf.train.ExponentialMovingAverage", "tf.train.SyncReplicasOptimizer", "tf.contrib.opt.",
    "tf.summary.FileWriter", "tf.summary.merge", "slim.optimize_loss", "slim.metrics.",
    "tf.metrics.", "tf.assign", "tf.scatter_", "tf.data.make_", "tf.count_up_to", "tf.state_ops.",
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
    loops = {f for f in program.all() if any(r.api.name == TRAIN for r in f.references)}
    stays = dict.fromkeys(loops, "its loss and its training operation are no block of their own")
    for function in loops:
        try:
            training = training_of(function, program) or clone_training(function, program)
        except Stays as why:
            stays[function] = f"{why} (line {why.line})"
            continue
        if training is not None:
            found[function] = training
            stays[function] = _why_not(training, program, read)
    told_apart = {f: training for f, training in found.items() if not stays[f]}
    return told_apart, {f: why for f, why in stays.items() if why}


def _why_not(training: Training, program: Program, read: Mapping[Function, Pipeline]) -> str:
    """Why the loss can be no function of its own; empty if it can."""
    before = of_a_graph_before(training.function)
    if before is not None:
        return f"{before.api.name} of a caller may be part of its graph"
    unknown = _unknown_call(training, program, read)
    if unknown is not None:
        return f"{ast.unparse(unknown.func)} may make losses (line {unknown.lineno})"
    if isinstance(training, CloneTraining):
        found = _why_clones_stay(training, program, read)
    else:
        found = _why_block_stays(training, program, read)
    if found:
        return found
    try:
        check_again(training, program, read)
        check_late_lookups(training, program)
        check_asked_steps(training, program)
    except Stays as why:
        return f"{why} (line {why.line})"
    return ""


def _why_block_stays(
    training: Training, program: Program, read: Mapping[Function, Pipeline]
) -> str:
    if not _is_step_told_by_keras(training, program):
        return "the global step is used for more than a learning rate"
    try:
        check_rates(training, program)
    except Stays as why:
        return f"{why} (line {why.line})"
    return (
        _unknown_argument(training)
        or _why_summaries_stay(training, program)
        or _why_statements_stay(training, program)
        or _why_rest_stays(training, program)
        or _what_needs_a_graph(training, program, read, nodes_told(training))
    )


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


def _why_clones_stay(
    clones: CloneTraining, program: Program, read: Mapping[Function, Pipeline]
) -> str:
    try:
        check(clones, program, read)
    except Stays as why:
        return f"{why} (line {why.line})"
    gone = nodes_that_go(clones, read.get(clones.function))
    return _what_needs_a_graph(clones, program, read, gone)


def _why_summaries_stay(training: Training, program: Program) -> str:
    """Whether the loop writes other summaries than the loss makes."""
    merged = merged_summaries(training.block, training.loop_call, training.function, program)
    if is_given(argument(training.loop_call, 99, "summary_writer")):
        return "fit has no place for summary_writer"
    inside = {node for s in (*training.of_loss, *training.gone) for node in walk(s)}
    added = merged.kept.added if merged.kept is not None else []
    if not merged.why_not and not all(a.statement in inside for a in added):
        return "a summary beside the loss is used"
    return merged.why_not


def _why_statements_stay(training: Training, program: Program) -> str:
    of_loss, loss = training.of_loss, training.loss
    node = training.function.node
    assert isinstance(node, ast.FunctionDef)
    if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(training.block):
        return "two statements share a line"
    if not of_loss or loss.id not in assigned(of_loss):
        return f"{loss.id} is not made in the block"
    early = training.block[: training.block.index(training.operation)]
    late = [s for s in of_loss if s not in early and not isinstance(s, ast.Expr)]
    if not all(only_shows(s, training.function, program) for s in late):
        return "tensors are made after the training operation"
    return "the statements of the loss return, or leave a loop" if leave_it(of_loss) else ""


def _why_rest_stays(training: Training, program: Program) -> str:
    """Whether the rest looks into the loss, or changes what the loss needs."""
    of_loss, loss = training.of_loss, training.loss
    summaries = training.summaries.serving if training.summaries is not None else []
    others = (*of_loss, *summaries, training.operation)
    rest = [s for s in training.block if s not in others]
    used = loaded(rest) | _loaded_in_call(training.operation_call, skip=loss)
    looked_at = used & assigned(of_loss)
    if looked_at:
        return f"{min(looked_at)} is used beside the loss"
    if loss.id in assigned(rest):
        return f"{loss.id} gets another value"
    if not all(_only_sums_up(f) for f in training.beside(program)):
        return "a summary beside the loss is used"
    told = assigned(training.told) - _optimizer(training)
    shown = told & loaded(s for s in rest if s not in training.told and s is not training.loop)
    if shown:
        return f"{min(shown)} is used beside the loop"
    late = loaded(training.workers.values()) & assigned(training.block)
    if late:
        return f"{min(late)} is known after the strategy is made"
    first = training.block.index(of_loss[0])
    later = [s for s in rest if training.block.index(s) > first]
    changed = loaded(of_loss) & assigned(later)
    return f"{min(changed)} changes after the loss is built" if changed else ""


def _optimizer(training: Training) -> set[str]:
    given = argument(training.operation_call, 1, "optimizer")
    return {given.id} if isinstance(given, ast.Name) else set()


def _what_needs_a_graph(
    training: Training,
    program: Program,
    read: Mapping[Function, Pipeline],
    gone: Collection[int] = (),
) -> str:
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
                return f"{reference.api.name} in {function.qualname or 'the file'} needs a graph"
    for part in [*training.block, *(f.node for f in others)]:
        for node in walk(part):
            of_batches = iterator is not None and node in iterator.nodes
            if is_run_on_request(node) and not of_batches:
                return f"what {ast.unparse(node)} gives is read when a session asks for it"
    return ""


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


def _unknown_argument(training: Training) -> str:
    """What the operation or the loop is told that fit has no place for."""
    for call, known in (
        (training.operation_call, _OF_OPERATION),
        (training.loop_call, OF_LOOP | {"summary_writer"}),
    ):
        unknown = {k.arg or "**" for k in call.keywords} - known
        if unknown or len(call.args) > 2:
            return f"fit has no place for {min(unknown) if unknown else 'its third argument'}"
    return ""


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
