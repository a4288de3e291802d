"""Whether the loss of a block that trains can be a function of its own."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from slimport.index.blocks import argument, assigned, leave_it, loaded, on_lines_of_their_own
from slimport.index.callers import of_a_graph_before
from slimport.index.global_steps import told_steps
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, Reference
from slimport.index.queues import QUEUES
from slimport.index.training import Training, blocks_that_train

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
_OF_LOOP = frozenset(
    """
    train_op logdir number_of_steps log_every_n_steps init_fn saver save_summaries_secs
    save_interval_secs
    """.split()
)


def trainings(program: Program, read: Mapping[Function, Pipeline]) -> dict[Function, Training]:
    """The functions that hold a block which trains and can be told apart.

    Args:
        program: the index.
        read: the input pipelines that need no queues.
    """
    return {
        training.function: training
        for training in blocks_that_train(program)
        if _is_told_apart(training, program, read)
    }


def _is_told_apart(training: Training, program: Program, read: Mapping[Function, Pipeline]) -> bool:
    """Whether the loss can be a function of its own, and the rest does not look into it."""
    if not _has_only_known_arguments(training) or not _is_step_told_by_keras(training, program):
        return False
    if not _is_of_whole_lines(training) or of_a_graph_before(training.function) is not None:
        return False
    of_loss, loss = training.of_loss, training.loss
    if not of_loss or not {loss.id} & assigned(of_loss):
        return False
    rest = [s for s in training.block if s not in of_loss and s is not training.operation]
    made, loss_name = assigned(of_loss), loss.id
    if (loaded(rest) & made) or (_loaded_in_call(training.operation_call, skip=loss) & made):
        return False
    early = training.block[: training.block.index(training.operation)]
    if not all(s in early or isinstance(s, ast.Expr) for s in of_loss):
        return False  # what follows the training operation may only write summaries
    if loss_name in assigned(rest):
        return False
    if leave_it(of_loss):
        return False
    # What the loss needs must be there before it, and be nothing that later statements change.
    if not all(_only_sums_up(f) for f in training.beside(program)):
        return False
    needed = loaded(of_loss) & assigned(rest)
    first = training.block.index(of_loss[0])
    if needed & assigned([s for s in rest if training.block.index(s) > first]):
        return False
    others = training.callees(program) | training.beside(program)
    inside: list[Reference] = []
    for function in {training.function} | others:
        pipeline = read.get(function)
        of_queues = pipeline.belongs if pipeline is not None else _never
        inside += [r for r in function.references if not of_queues(r)]
    if any(_needs_a_graph(r) for r in inside):
        return False
    code = [*training.block, *(f.node for f in others)]
    return not any(is_run_on_request(node) for part in code for node in ast.walk(part))


def _needs_a_graph(reference: Reference) -> bool:
    name = reference.api.name
    return name.startswith(NEEDS_A_GRAPH) and name != AVERAGING


def is_run_on_request(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _RUN_ON_REQUEST


def _is_of_whole_lines(training: Training) -> bool:
    """Whether each statement around is one of libcst's, so that both can be matched."""
    node = training.function.node
    assert isinstance(node, ast.FunctionDef)
    return on_lines_of_their_own(node.body) and on_lines_of_their_own(training.block)


def _has_only_known_arguments(training: Training) -> bool:
    for call, known in ((training.operation_call, _OF_OPERATION), (training.loop_call, _OF_LOOP)):
        if len(call.args) > 2 or not {k.arg for k in call.keywords} <= known:
            return False
    saver = argument(training.loop_call, 99, "saver")
    if saver is None or (isinstance(saver, ast.Constant) and saver.value is None):
        return True
    match saver:
        case ast.Call(function, [], keywords) if {k.arg for k in keywords} <= {"max_to_keep"}:
            references = training.function.references
            return any(r.api.name == "tf.train.Saver" and r.node is function for r in references)
    return False


def _is_step_told_by_keras(training: Training, program: Program) -> bool:
    """Whether the global step is used only where Keras counts steps itself."""
    names, function = assigned(training.gone), training.function
    told = [argument(training.operation_call, 2, "global_step")]
    told += told_steps(function)
    told += [argument(p.call, p.position, p.parameter) for p in training.steps_passed(program)]
    uses = [
        n
        for n in ast.walk(function.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in names
    ]
    return all(any(use is node for node in told) for use in uses)


def _never(reference: Reference) -> bool:
    return False


def _only_sums_up(function: Function) -> bool:
    """Whether the function's summaries are statements of their own, which can go."""
    alone = {n.value for n in ast.walk(function.node) if isinstance(n, ast.Expr)}
    summaries = [r for r in function.references if r.api.name.startswith("tf.summary.")]
    return all(r.call in alone for r in summaries)


def _loaded_in_call(call: ast.Call, skip: ast.expr) -> set[str]:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return loaded(argument for argument in arguments if argument is not skip)
