"""Programs that train with slim's own loop: which statements make the loss, and which run it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slimport.index.blocks import assigned, loaded, references_in
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.resolve import InTree

TRAIN = "slim.learning.train"
TRAIN_OP = "slim.learning.create_train_op"

# What has its place beside the loss: optimizers, schedules, restoring, logging, files.
_BESIDE = (
    "slim.assign_from_checkpoint_fn", "slim.create_global_step", "slim.get_global_step",
    "slim.get_model_variables", "slim.get_or_create_global_step", "slim.get_trainable_variables",
    "slim.get_variables", "slim.learning.", "tf.app.", "tf.flags.", "tf.get_logger", "tf.gfile.",
    "tf.io.gfile.", "tf.logging.", "tf.summary.", "tf.random.set_random_seed", "tf.set_random_seed",
    "tf.trainable_variables", "tf.train.",
)  # fmt: skip
# A program that does any of this keeps its graph: fit has no place for it.
_NEEDS_A_GRAPH = (
    "slim.data_provider.", "slim.dataset_data_provider.", "slim.parallel_reader.",
    "slim.prefetch_queue.", "slim.queues.", "tf.Session", "tf.InteractiveSession",
    "tf.placeholder", "tf.placeholder_with_default", "tf.get_default_graph", "tf.py_func",
    "tf.train.batch", "tf.train.batch_join", "tf.train.input_producer", "tf.train.limit_epochs",
    "tf.train.maybe_batch", "tf.train.maybe_shuffle_batch", "tf.train.range_input_producer",
    "tf.train.shuffle_batch", "tf.train.shuffle_batch_join", "tf.train.slice_input_producer",
    "tf.train.start_queue_runners", "tf.train.string_input_producer", "tf.FIFOQueue",
    "tf.device",
)  # fmt: skip


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
_STEPS = (
    "slim.create_global_step", "slim.get_or_create_global_step", "slim.get_global_step",
    "tf.train.create_global_step", "tf.train.get_or_create_global_step",
    "tf.train.get_global_step",
)  # fmt: skip
# Schedules, and where they take the global step.
_SCHEDULES = {
    "tf.train.cosine_decay": 1, "tf.train.cosine_decay_restarts": 1,
    "tf.train.exponential_decay": 1, "tf.train.inverse_time_decay": 1,
    "tf.train.linear_cosine_decay": 1, "tf.train.natural_exp_decay": 1,
    "tf.train.noisy_linear_cosine_decay": 1, "tf.train.piecewise_constant": 0,
    "tf.train.piecewise_constant_decay": 0, "tf.train.polynomial_decay": 1,
}  # fmt: skip
_LOOK_UPS = (
    "slim.get_", "slim.filter_variables", "tf.all_variables", "tf.get_collection",
    "tf.global_variables", "tf.model_variables", "tf.trainable_variables",
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
        looks_up: Statements that look variables up, which are the model's then.
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
    looks_up: list[ast.stmt]

    def beside(self, program: Program) -> set[Function]:
        """The functions that the other statements run: optimizers, schedules, restoring."""
        rest = [s for s in self.block if s not in self.of_loss]
        called = {f for s in rest for f in _called(s, self.function, program)}
        return closure_of(called, callees) - self.callees(program)

    def steps_passed(self, program: Program) -> Iterator[tuple[ast.Call, Function, str]]:
        """Calls that hand the global step to a function which only schedules a rate by it.

        Yields:
            The call, the function, and its parameter.
        """
        names = assigned(self.gone)
        for call in self.function.calls:
            for target in _called_by(call, self.function, program):
                for parameter in _step_parameters(call, names, target):
                    if _only_schedules(target, parameter, self.function):
                        yield call, target, parameter

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        assert isinstance(self.function.node, ast.FunctionDef)
        return self.function.node.lineno

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while the loss is built."""
        called = {f for s in self.of_loss for f in _called(s, self.function, program)}
        return closure_of(called, callees)


def trainings(program: Program, read: Mapping[Function, Pipeline]) -> dict[Function, Training]:
    """The functions that hold such a block, where it can be told apart.

    Args:
        program: the index.
        read: the input pipelines that need no queues.
    """
    found = {}
    for function in program.all():
        training = _training(function, program, read)
        if training is not None:
            found[function] = training
    return found


def _training(
    function: Function, program: Program, read: Mapping[Function, Pipeline]
) -> Training | None:
    loops = [r for r in function.references if r.api.name == TRAIN]
    operations = [r for r in function.references if r.api.name == TRAIN_OP]
    if len(loops) != 1 or len(operations) != 1 or not isinstance(function.node, ast.FunctionDef):
        return None
    loop_call, operation_call = loops[0].call, operations[0].call
    graph, block = _block(function.node.body, loops[0], function)
    loop = next((s for s in block if _value_of(s) is loop_call), None)
    operation = next((s for s in block if _value_of(s) is operation_call), None)
    if loop is None or operation is None or loop_call is None or operation_call is None:
        return None
    if not _is_simple(operation) or block.index(operation) > block.index(loop):
        return None
    loss = _argument(operation_call, 0, "total_loss")
    given = _argument(loop_call, 0, "train_op")
    (operation_name,) = assigned([operation])
    if (
        not isinstance(loss, ast.Name)
        or not isinstance(given, ast.Name)
        or given.id != operation_name
    ):
        return None
    of_loss = _of_loss(block[: block.index(loop)], operation, function, program)
    training = Training(
        function=function,
        graph=graph,
        block=block,
        of_loss=of_loss,
        loss=loss,
        operation=operation,
        operation_call=operation_call,
        loop=loop,
        loop_call=loop_call,
        gone=[s for s in block if _is_step(s, function) or _is_summary(s, of_loss, function)],
        looks_up=[s for s in block if s not in of_loss and _looks_up(s, function, program)],
    )
    return training if _is_told_apart(training, program, read) else None


def _block(
    body: list[ast.stmt], loop: Reference, function: Function
) -> tuple[ast.With | None, list[ast.stmt]]:
    """The statements among which the loop is, and the graph that is opened for them."""
    for statement in body:
        if not isinstance(statement, ast.With) or not _holds(statement, loop):
            continue
        item = statement.items[0]
        opened = ast.unparse(item.context_expr)
        if len(statement.items) == 1 and item.optional_vars is None:
            names = references_in(item.context_expr, function)
            if opened.endswith(".Graph().as_default()") and len(names) == 1:
                return statement, statement.body
        return None, []
    return None, body


def _of_loss(
    before: list[ast.stmt], operation: ast.stmt, function: Function, program: Program
) -> list[ast.stmt]:
    """The statements that make tensors, or use what these have made."""
    made: set[str] = set()
    found = []
    for statement in before:
        if statement is operation:
            continue
        if _makes_tensors(statement, function, program) or loaded([statement]) & made:
            found.append(statement)
            made |= assigned([statement])
    return found


def _is_step(statement: ast.stmt, function: Function) -> bool:
    """Whether a statement gives the global step a name."""
    value = _value_of(statement)
    found = [r for r in references_in(statement, function) if r.call is value]
    return isinstance(statement, ast.Assign) and any(r.api.name in _STEPS for r in found)


def _is_summary(statement: ast.stmt, of_loss: list[ast.stmt], function: Function) -> bool:
    """Whether a statement writes a summary of something that is no part of the loss."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    found = [r for r in references_in(statement, function) if r.call is value]
    return statement not in of_loss and any(r.api.name.startswith("tf.summary.") for r in found)


def _looks_up(statement: ast.stmt, function: Function, program: Program) -> bool:
    if _is_step(statement, function):
        return False
    reached = closure_of(_called(statement, function, program), callees)
    references = references_in(statement, function) + [r for f in reached for r in f.references]
    return any(r.api.name.startswith(_LOOK_UPS) and r.api.name not in _STEPS for r in references)


def _has_only_known_arguments(training: Training) -> bool:
    for call, known in ((training.operation_call, _OF_OPERATION), (training.loop_call, _OF_LOOP)):
        if len(call.args) > 2 or not {k.arg for k in call.keywords} <= known:
            return False
    saver = _argument(training.loop_call, 99, "saver")
    if saver is None or (isinstance(saver, ast.Constant) and saver.value is None):
        return True
    match saver:
        case ast.Call(function, [], keywords) if {k.arg for k in keywords} <= {"max_to_keep"}:
            references = training.function.references
            return any(r.api.name == "tf.train.Saver" and r.node is function for r in references)
    return False


def _step_parameters(call: ast.Call, names: set[str], target: Function) -> Iterator[str]:
    """The parameters that get one of the names, a plain name each."""
    if not isinstance(target.node, ast.FunctionDef):
        return
    parameters = [argument.arg for argument in target.node.args.args]
    given = [*zip(parameters, call.args, strict=False)]
    given += [(k.arg or "", k.value) for k in call.keywords]
    for parameter, value in given:
        if isinstance(value, ast.Name) and value.id in names and parameter in parameters:
            yield parameter


def _only_schedules(function: Function, parameter: str, caller: Function) -> bool:
    """Whether a function, called just once, uses a parameter for learning rates alone."""
    node = function.node
    if function.all_callers != {caller} or function.escapes or function.is_method:
        return False
    if function.module is not caller.module or not isinstance(node, ast.FunctionDef):
        return False
    if node.args.defaults or node.args.vararg or node.args.kwarg:
        return False
    told = list(_told_steps(function))
    uses = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == parameter]
    return all(any(use is step for step in told) for use in uses)


def _told_steps(function: Function) -> Iterator[ast.expr | None]:
    """What schedules of a function are given as the step."""
    for reference in function.references:
        position = _SCHEDULES.get(reference.api.name)
        if position is not None and reference.call is not None:
            yield _argument(reference.call, position, "global_step" if position else "x")


def _is_step_told_by_keras(training: Training, program: Program) -> bool:
    """Whether the global step is used only where Keras counts steps itself."""
    names, function = assigned(training.gone), training.function
    told = [_argument(training.operation_call, 2, "global_step")]
    told += _told_steps(function)
    for call, target, parameter in training.steps_passed(program):
        position = [a.arg for a in target.node.args.args].index(parameter)  # type: ignore[union-attr]
        told.append(_argument(call, position, parameter))
    uses = [
        n
        for n in ast.walk(function.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in names
    ]
    return all(any(use is node for node in told) for use in uses)


def _is_told_apart(training: Training, program: Program, read: Mapping[Function, Pipeline]) -> bool:
    """Whether the loss can be a function of its own, and the rest does not look into it."""
    if not _has_only_known_arguments(training) or not _is_step_told_by_keras(training, program):
        return False
    if len({s.lineno for s in training.block}) < len(training.block):
        return False  # several statements on one line
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
    if any(isinstance(node, _LEAVING) for s in of_loss for node in ast.walk(s)):
        return False
    # What the loss needs must be there before it, and be nothing that later statements change.
    if not all(_only_sums_up(f) for f in training.beside(program)):
        return False
    needed = loaded(of_loss) & assigned(rest)
    first = training.block.index(of_loss[0])
    if needed & assigned([s for s in rest if training.block.index(s) > first]):
        return False
    reached = training.callees(program)
    inside: list[Reference] = []
    for function in {training.function} | reached | training.beside(program):
        pipeline = read.get(function)
        of_queues = pipeline.belongs if pipeline is not None else _never
        inside += [r for r in function.references if not of_queues(r)]
    return not any(r.api.name.startswith(_NEEDS_A_GRAPH) for r in inside)


_LEAVING = (ast.Return, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal, ast.Break, ast.Continue)


def _never(reference: Reference) -> bool:
    return False


def _only_sums_up(function: Function) -> bool:
    """Whether the function's summaries are statements of their own, which can go."""
    alone = {n.value for n in ast.walk(function.node) if isinstance(n, ast.Expr)}
    summaries = [r for r in function.references if r.api.name.startswith("tf.summary.")]
    return all(r.call in alone for r in summaries)


def _makes_tensors(statement: ast.stmt, function: Function, program: Program) -> bool:
    if any(_is_inside(r) for r in references_in(statement, function)):
        return True
    reached = closure_of(_called(statement, function, program), callees)
    if any(f in program.building for f in reached):
        return True
    return any(_is_inside(r) for f in reached for r in f.references)


def _is_inside(reference: Reference) -> bool:
    name = reference.api.name
    return name.startswith(("tf.", "slim.")) and not name.startswith(_BESIDE)


def _called(statement: ast.AST, function: Function, program: Program) -> Iterator[Function]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            yield from _called_by(node, function, program)


def _called_by(node: ast.Call, function: Function, program: Program) -> Iterator[Function]:
    meaning = program.resolve(node.func, function.module)
    target = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
    if target is not None:
        yield target


def _holds(statement: ast.stmt, reference: Reference) -> bool:
    return any(node is reference.node for node in ast.walk(statement))


def _value_of(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Return(value) | ast.Expr(value) | ast.Assign([ast.Name()], value):
            return value
    return None


def _is_simple(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign)


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return None
    if position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _loaded_in_call(call: ast.Call, skip: ast.expr) -> set[str]:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return loaded(argument for argument in arguments if argument is not skip)
