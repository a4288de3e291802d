"""Whether the statements of an evaluation may take their new places."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from slimport.index.blocks import (
    assigned,
    called,
    leave_it,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.callers import of_a_graph_before
from slimport.index.evaluation_block import Evaluation
from slimport.index.evaluation_calls import COUNTING
from slimport.index.global_steps import STEPS
from slimport.index.measures import updates_in
from slimport.index.metric_calls import METRIC_APIS
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.stays import Stays
from slimport.index.told_apart import NEEDS_A_GRAPH, is_run_on_request
from slimport.index.training import looks_up
from slimport.index.unknown_calls import unknown_call
from slimport.index.walking import walk

# What a function that measures batches again and again has no place for. A device it has.
_NOWHERE = (
    *(api for api in NEEDS_A_GRAPH if api != "tf.device"), *METRIC_APIS, "tf.Variable",
    "tf.assign", "tf.local_variables", "slim.local_variable",
)  # fmt: skip
# What would have no effect there, which the report says of code that may run or not.
_UNSEEN = ("slim.summaries.", "slim.summarize_", "tf.summary.", "tf.Print")
_INSIDE = (*_NOWHERE, *_UNSEEN)


def check(found: Evaluation, program: Program, read: Mapping[Function, Pipeline]) -> None:
    """Raises `Stays` if the block cannot be taken apart.

    Args:
        found: The block.
        program: The index.
        read: The input pipelines that need no queues.
    """
    _check_lines(found)
    _check_names(found)
    _check_changes(found)
    _check_eval_op(found)
    _check_final_op(found)
    _check_inside(found, program, read)
    _check_beside(found, program)
    _check_callers(found)


def _check_beside(found: Evaluation, program: Program) -> None:
    """Whether nothing beside the metrics may make tensors, unseen."""
    for statement in found.beside:
        if statement in found.block and statement.lineno < found.around.lineno:
            call = unknown_call(statement, found.function, program)
            if call is not None:
                raise Stays(f"{ast.unparse(call.func)} may make layers")


def _check_lines(found: Evaluation) -> None:
    node = found.function.node
    assert isinstance(node, ast.FunctionDef)
    loop = getattr(found.around, "body", [])
    if not all(map(on_lines_of_their_own, (node.body, found.block, loop))):
        raise Stays("two statements share a line")
    if any(map(leave_it, (found.of_metrics, found.after, found.restores))):
        raise Stays("statements that build the metrics leave the function")


def _check_names(found: Evaluation) -> None:
    """Whether what is built, looked up and gone is used where it will be, and there alone."""
    own = {*found.measures.values, *found.measures.updates}
    made = assigned(found.of_metrics) - own
    counting = [v for k, v in found.given.items() if k in COUNTING]
    others = [v for k, v in found.given.items() if k not in COUNTING]
    if loaded([*found.beside, *found.heads, *others, *found.restores]) & made:
        raise Stays("what builds the metrics is used beside them")
    if loaded(counting) & (own | assigned(found.after)):
        raise Stays("the number of batches depends on a metric")
    lists = assigned(s for s in found.gone if isinstance(getattr(s, "value", None), ast.List))
    shown = loaded(found.after) - lists  # of what is put there `summaries_in` tells
    hidden = assigned([*found.gone, *found.steps, *found.restores]) | {*found.measures.updates}
    inside = found.of_metrics
    if (loaded([*found.beside, *found.heads, *inside]) | shown) & (hidden - own):
        raise Stays("the global step, or what is restored, is used elsewhere")
    if loaded([*found.beside, *found.heads, *inside, *found.after]) & {*found.measures.updates}:
        raise Stays("an update is used beside eval_op")
    if found.around is not found.statement and made & loaded(counting):
        raise Stays("the number of batches comes with the tensors, and is used in a loop")


def _check_changes(found: Evaluation) -> None:
    """Whether a name means the same where it will be used."""
    own = {*found.measures.values, *found.measures.updates}
    early = [s for s in found.beside if s.lineno < found.around.lineno]
    moved = [*found.of_metrics, *found.after, *found.steps, *found.restores, *found.gone]
    if assigned([*early, *found.heads]) & (assigned(moved) | own):
        raise Stays("a name is used twice")
    for statement in found.of_metrics:
        later = [s for s in found.block if s.lineno > statement.lineno]
        if loaded([statement]) & assigned(s for s in later if s not in found.of_metrics):
            raise Stays("a value changes after the metrics are built of it")
    for statement in found.beside:
        late = statement not in early and loaded([statement]) & own
        if late and references_in(statement, found.function):
            raise Stays("the value of a metric is used after the evaluation")


def _check_eval_op(found: Evaluation) -> None:
    """Whether what runs with each batch is every update, and nothing else."""
    node, updates = found.given["eval_op"], found.measures.updates
    named = [s for s in found.gone if isinstance(node, ast.Name) and assigned([s]) == {node.id}]
    if len(named) == 1 and isinstance(named[0], ast.Assign) and loaded(named) & {*updates}:
        node = named[0].value
    if updates_in(node, updates, found.function) != {*updates}:
        raise Stays("eval_op is not the updates of all metrics")
    if any(loaded([s]) & {*updates} and s not in named for s in found.gone):
        raise Stays("an update is used beside eval_op")


def _check_final_op(found: Evaluation) -> None:
    final = found.given.get("final_op")
    if final is None:
        if not isinstance(found.statement, ast.Expr):
            raise Stays("its value is used, and there is no final_op")
        return
    own = {*found.measures.values, *assigned(found.after)}
    if references_in(final, found.function) or not loaded([final]) & own:
        raise Stays("final_op runs more than metrics")


def _check_inside(found: Evaluation, program: Program, read: Mapping[Function, Pipeline]) -> None:
    """Whether nothing that runs needs a graph, or looks into the evaluation."""
    own = found.function
    certain, reached = found.callees(program), found.reached(program)
    for function in reached:
        _check_references(function, _INSIDE if function in certain else _NOWHERE, read)
    # By the names of methods, which classes of the program may have, too: what surely runs.
    code = [*found.block, *(f.node for f in certain)]
    if any(is_run_on_request(node) for part in code for node in walk(part)):
        raise Stays("something is assigned, or read, where a session asks for it")
    moved = [*found.after, *found.steps, *found.restores, *found.gone, *found.given.values()]
    known = {node for part in moved for node in walk(part)}
    known |= {call.func for call in found.measures.calls}
    _check_references(own, METRIC_APIS, read, known)
    _check_references(own, (*_INSIDE, *STEPS), read, known)
    if any(looks_up(part, own, program) for part in (*found.beside, *map(ast.Expr, found.heads))):
        raise Stays("variables are looked up beside what is restored")
    others = {f for s in found.beside for f in called(s, own, program)}
    for function in closure_of(others, callees) - reached:
        _check_references(function, NEEDS_A_GRAPH, read)


def _check_callers(found: Evaluation) -> None:
    """Whether nothing of the graph is there before: a network that is handed over, a device."""
    reference = of_a_graph_before(found.function)
    if reference is not None:
        raise Stays(f"{reference.api.name} of a caller may be part of its graph")


def _check_references(
    function: Function,
    apis: tuple[str, ...],
    read: Mapping[Function, Pipeline],
    besides: Collection[ast.AST] = (),
) -> None:
    pipeline = read.get(function)
    for reference in function.references:
        if pipeline is not None and pipeline.belongs(reference):
            continue
        if reference.node not in besides and reference.api.name.startswith(apis):
            is_metric = reference.api.name.startswith(METRIC_APIS)
            why = "is no metric that is evaluated" if is_metric else "needs a graph with sessions"
            raise Stays(f"{reference.api.name} {why}")
