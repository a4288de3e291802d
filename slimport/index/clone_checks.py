"""Whether the statements of a block that trains clones may take their new places."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from slimport.index.blocks import (
    DEVICES,
    argument,
    assigned,
    called,
    leave_it,
    loaded,
    on_lines_of_their_own,
    only_places,
    references_in,
)
from slimport.index.clones import CloneTraining
from slimport.index.global_steps import is_step, told_steps
from slimport.index.later_uses import own_names
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.queues import QUEUES
from slimport.index.run_again import handed_in
from slimport.index.stays import Stays
from slimport.index.training import check_rates, nodes_told
from slimport.index.training_summaries import MAKING
from slimport.index.walking import walk

# What is drawn or made once where it stands, and with each step, or as the model's, in a clone.
_OF_CLONES = (
    "slim.model_variable", "slim.variable", "tf.Variable", "tf.add_to_collection",
    "tf.get_variable", "tf.losses.", "tf.multinomial", "tf.random.", "tf.random_",
    "tf.truncated_normal", "slim.losses.",
)  # fmt: skip


def check(found: CloneTraining, program: Program, read: Mapping[Function, Pipeline]) -> None:
    """Raises `Stays` if the block cannot be taken apart.

    Args:
        found: The block.
        program: The index.
        read: The input pipelines that need no queues.
    """
    _check_lines(found)
    _check_step(found, program)
    pipeline = read.get(found.function)
    _check_names(found, nodes_that_go(found, pipeline))
    _check_early(found, program, pipeline)
    _check_late(found, program)
    handed = handed_in(found)
    if handed:
        raise Stays(f"{handed[0]} has another value before the clones", found.created)
    if pipeline is None or pipeline.queue is None or pipeline.queue.statement not in found.block:
        raise Stays("the clones' batches come from no queue of the block", found.created)


def nodes_that_go(found: CloneTraining, pipeline: Pipeline | None) -> set[int]:
    """The ids of the nodes that are not in the new code."""
    updates = found.updates
    calls: list[ast.AST] = [found.created_call, found.optimized, updates.call]
    calls += [found.deployment.config, *found.gone]
    calls += [item.context_expr for placed in found.placed for item in placed.items]
    if updates.averages is not None:
        calls.append(updates.averages.call)
    for node in walk(found.function.node):
        if isinstance(node, ast.With) and only_places(node, found.function):
            calls += [item.context_expr for item in node.items]
    if pipeline is not None and pipeline.queue is not None:
        given = [*pipeline.queue.call.args[1:], *pipeline.queue.call.keywords]
        calls += [value for value in given if getattr(value, "arg", "") != "tensors"]
    return nodes_told(found) | {id(node) for call in calls for node in walk(call)}


def _check_lines(found: CloneTraining) -> None:
    node = found.function.node
    assert isinstance(node, ast.FunctionDef)
    if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(found.block):
        raise Stays("two statements share a line")
    for statement in walk(node):
        if isinstance(statement, ast.With) and _names_summaries(statement, found.function):
            raise Stays("a name scope is around summaries, which get their tags from it", statement)
    if leave_it(found.of_loss):
        raise Stays("the statements of the summaries return, or leave a loop")


def _names_summaries(statement: ast.With, function: Function) -> bool:
    if not only_places(statement, function) or only_places(statement, function, DEVICES):
        return False
    return any(r.api.name.startswith(MAKING) for r in references_in(statement, function))


def _check_step(found: CloneTraining, program: Program) -> None:
    """Whether the global step is used only where Keras counts steps itself."""
    names = assigned(s for s in found.block if is_step(s, found.function))
    told = [argument(found.operation_call, 1, "global_step")]
    if not isinstance(told[0], ast.Name) or told[0].id not in names:
        raise Stays("the global step is not counted by the optimizer", found.operation_call)
    told += told_steps(found.function)
    told += [argument(p.call, p.position, p.parameter) for p in found.steps_passed(program)]
    computed = found.rates.nodes()
    if found.updates.averages is not None:
        told.append(argument(found.updates.averages.call, 1, "num_updates"))
    for node in _loads(found.function.node, found.function):
        is_told = id(node) in computed or any(node is known for known in told)
        if node.id in names and not is_told:
            raise Stays("the global step is used for more than a learning rate", node)
    check_rates(found, program)


def _loads(node: ast.AST, function: Function) -> Iterator[ast.Name]:
    return (name for name in own_names(node, function) if isinstance(name.ctx, ast.Load))


def _check_names(found: CloneTraining, gone: set[int]) -> None:
    """Whether nothing else uses what goes, and the loss nothing that comes later."""
    apart = {found.loss.id, found.updates.gradients}
    steps = assigned(s for s in found.block if is_step(s, found.function))
    going = assigned([*found.gone, found.deployment.config, found.created]) - steps
    going = (going | apart) - {found.updates.optimizer}
    shown = assigned(found.of_loss)
    averages = found.updates.averages
    kept = {averages.name} if averages is not None else set()
    for statement in found.block:
        own = going | kept if statement in found.of_loss else going | kept | shown
        for node in _loads(statement, found.function):
            if node.id in own and id(node) not in gone | _known(found, statement):
                raise Stays(f"{node.id} is used beside the training", node)
    first = found.block.index(found.created)
    later = assigned(s for s in found.block[first:] if s not in found.of_loss)
    needed = loaded(found.of_loss[1:]) & (later - going)
    if needed:
        raise Stays(f"{min(needed)} is made after the clones", found.created)


def _known(found: CloneTraining, statement: ast.stmt) -> set[int]:
    """The ids of the names that are known to be replaced where a statement stays."""
    match statement:
        case ast.Assign(_, ast.Attribute(ast.Subscript(name, ast.Constant(0)), "outputs")):
            return {id(name)}
        case ast.Expr(ast.Call(ast.Attribute(name, "append"))) if statement is found.operation:
            return {id(name)}
    if statement is found.loop:
        told = argument(found.loop_call, 0, "train_op"), argument(found.loop_call, 99, "saver")
        return {id(node) for node in told}
    known: set[int] = set()
    kept = found.summaries
    if statement in found.of_loss and kept is not None:
        added = (a.call.func for a in kept.added)
        known |= {id(method.value) for method in added if isinstance(method, ast.Attribute)}
        known |= {id(scope) for scope in scopes_in(statement, found.function)}
    return known


def scopes_in(statement: ast.stmt, function: Function) -> Iterator[ast.expr]:
    """The scopes that a statement asks collections for."""
    for reference in references_in(statement, function):
        if reference.api.name == "tf.get_collection" and reference.call is not None:
            scope = argument(reference.call, 1, "scope")
            if scope is not None:
                yield scope


def _check_early(found: CloneTraining, program: Program, pipeline: Pipeline | None) -> None:
    """Whether what stands before the clones, but for the input, may run once and eagerly."""
    own = pipeline.parts if pipeline is not None else []
    for statement in found.block[: found.block.index(found.created)]:
        if statement in own or isinstance(statement, ast.FunctionDef):
            continue
        reached = closure_of(called(statement, found.function, program), callees)
        references = references_in(statement, found.function)
        for reference in (*references, *(r for f in reached for r in f.references)):
            if reference.api.name.startswith((*_OF_CLONES, *QUEUES)):
                raise Stays(f"{reference.api.name} is made once, before the clones", statement)


def _check_late(found: CloneTraining, program: Program) -> None:
    """Whether what stays behind the clones adds nothing to their losses, and makes no variables."""
    own = {*found.of_loss, *found.gone, found.operation, found.loop}
    own |= {s for rate in found.rates.computed for s in rate.statements}
    for statement in found.block[found.block.index(found.created) :]:
        if statement in own or isinstance(statement, ast.FunctionDef):
            continue
        reached = closure_of(called(statement, found.function, program), callees)
        references = references_in(statement, found.function)
        for reference in (*references, *(r for f in reached for r in f.references)):
            if reference.api.name.startswith(_OF_CLONES):
                raise Stays(f"{reference.api.name} is made beside the clones", statement)
