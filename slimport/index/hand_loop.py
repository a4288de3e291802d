"""What a loop that feeds placeholders and runs a training operation is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import assigned, called
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.session_runs import Request, Run, Saved
from slimport.index.walking import walk

INITIALIZERS = (
    "tf.global_variables_initializer", "tf.initialize_all_variables",
    "tf.initialize_local_variables", "tf.local_variables_initializer",
)  # fmt: skip
SESSIONS = ("tf.InteractiveSession", "tf.Session")
PLACEHOLDER, SAVER = "tf.placeholder", "tf.train.Saver"
COORDINATOR, RUNNERS = "tf.train.Coordinator", "tf.train.start_queue_runners"
OF_THE_LOOP = (
    *INITIALIZERS, *SESSIONS, PLACEHOLDER, COORDINATOR, RUNNERS, "tf.group",
    "tf.reset_default_graph", "tf.ConfigProto", "tf.GPUOptions",
)  # fmt: skip
DEFINITIONS = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, eq=False)
class Gradients:
    """``pairs = optimizer.compute_gradients(loss)``, and how they change until they are applied.

    Attributes:
        statements: The one that computes them, and those that change them.
        computing: The call that computes them.
        applied: What is applied.
        of_pairs: Whether they come with their variables; those of `tf.gradients` do not.
    """

    statements: list[ast.stmt]
    computing: ast.Call
    applied: ast.expr
    of_pairs: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Minimized:
    """``with tf.control_dependencies(updates): train = optimizer.minimize(loss)``

    Attributes:
        statement: The statement of the block that makes the operation.
        name: The name of the training operation.
        inner: Its name before it became part of a group.
        loss: That of the loss.
        optimizer: The optimizer.
        variables: What it trains, `None` for everything.
        step: What it counts, `None` for nothing.
        updates: Where the updates that run with it are read, `None` for none.
        fetched_updates: Names of updates that each run asks for beside the operation.
        group: The statement that groups it with updates, if there is one.
        gradients: What is done with its gradients, if they are applied by hand.
        is_slims: Whether it is `slim.learning.create_train_op`, which gives the loss.
        told: What else it is told.
    """

    statement: ast.stmt
    name: str
    loss: str
    optimizer: ast.expr
    variables: ast.expr | None
    step: ast.expr | None
    inner: str = ""
    updates: ast.stmt | None = None
    fetched_updates: frozenset[str] = frozenset()
    group: ast.stmt | None = None
    gradients: Gradients | None = None
    is_slims: bool = False
    told: Sequence[ast.expr] = ()

    @property
    def changing(self) -> list[ast.stmt]:
        """The statements that compute and change gradients."""
        return self.gradients.statements if self.gradients is not None else []


@dataclass(frozen=True, eq=False)
class HandLoop:
    """A graph that is built, and runs of it in Python.

    Attributes:
        function: The function, or the file's top level.
        block: The statements among which the loss is, those below `opened` in its place.
        opened: ``with tf.control_dependencies(updates):`` around the training operation, name
            scopes around placeholders.
        graph: The ``with tf.Graph().as_default():`` around them, if any.
        session: The ``with tf.Session() as session:`` among them, if it is one.
        session_name: The session's name.
        inputs: The placeholders that the loss is computed from, in order.
        rate: The name of the placeholder for the learning rate, if one is fed.
        rate_argument: The optimizer's argument that it is.
        of_loss: The statements that build the loss.
        minimized: The training operation; where nothing is trained (`trains`), the first statement
            that uses the session.
        runs: Statements that train.
        asked: Runs that do not, wherever they are.
        steps: Names of the global step.
        step_reads: Calls that read it.
        merged: Statements that merge all summaries.
        writers: Calls that open event files.
        endless: Loops that the queue's end stops.
        ends: What is caught then.
        feeds: Statements that name a dictionary to feed.
        savers: Statements that make a saver.
        saves: Statements that save or restore.
        restored: Statements that call a function which restores, with the session that it gets.
        gone: Statements that nothing needs any more, wherever they are.
        looks_up: Statements that look variables up, which are the model's then.
        begins: The statement before which the model is made, where that is not where its loss is.
        waits: Statements that go there with it.
    """

    function: Function
    block: list[ast.stmt]
    opened: list[ast.stmt]
    graph: ast.With | None
    session: ast.With | None
    session_name: str
    inputs: Mapping[str, ast.Call]
    rate: str | None
    rate_argument: ast.Name | None
    of_loss: list[ast.stmt]
    minimized: Minimized
    runs: list[Run]
    asked: list[Request]
    steps: set[str]
    step_reads: list[ast.Call]
    merged: list[ast.Assign]
    writers: list[ast.Call]
    endless: list[ast.While]
    ends: list[ast.expr]
    feeds: list[ast.Assign]
    savers: list[ast.stmt]
    saves: list[Saved]
    restored: Mapping[ast.stmt, ast.Name]
    gone: list[ast.stmt]
    looks_up: list[ast.stmt]
    begins: ast.stmt | None = None
    waits: Sequence[ast.stmt] = ()

    @property
    def trains(self) -> bool:
        """Whether it trains; what only predicts has no training operation."""
        return bool(self.minimized.name)

    @property
    def place(self) -> ast.stmt:
        """The last statement of the loss before anything needs the model, which is made there."""
        savers = self.savers if self.trains else []
        needs = [*savers, *self.looks_up, *self.minimized.changing, self.minimized.statement]
        first = min(self.block.index(statement) for statement in needs)
        before = [s for s in self.of_loss if self.block.index(s) < first]
        return before[-1] if before else self.of_loss[0]

    @property
    def fetched(self) -> list[str]:
        """Names of the tensors that are looked at beside the loss."""
        names = [name for run in self.runs for _, name in run.wanted]
        names += [name for request in self.asked for name in request.fetches]
        known = {self.minimized.loss, *self.without_tensors, *self.summaries}
        return [name for name in dict.fromkeys(names) if name not in known]

    @property
    def summaries(self) -> set[str]:
        """Names of all summaries."""
        return assigned(target for statement in self.merged for target in statement.targets)

    @property
    def without_tensors(self) -> set[str]:
        """What runs may ask for that the loss does not make: operations and the step."""
        return {self.minimized.name, *self.minimized.fetched_updates, *self.steps}

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while the loss is built."""
        start = {f for s in self.of_loss for f in called(s, self.function, program)}
        return closure_of(start, callees)

    def beside(self, program: Program) -> set[Function]:
        """The functions that the other statements call."""
        rest = [s for s in self.block if s not in self.of_loss]
        start = {f for s in rest for f in called(s, self.function, program)}
        return closure_of(start, callees) - self.callees(program)


def nested(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and those below them, without those of functions."""
    for statement in block:
        yield statement
        if not isinstance(statement, DEFINITIONS):
            for name in ("body", "orelse", "finalbody"):
                yield from nested(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from nested(handler.body)


def names_outside(statement: ast.stmt) -> Iterator[ast.Name]:
    """The names in a statement that are not a function's own."""
    own: set[str] = set()
    shares = any(isinstance(n, ast.Global | ast.Nonlocal) for n in walk(statement))
    if isinstance(statement, ast.FunctionDef) and not shares:
        own = assigned(statement.body)
        own |= {node.arg for node in walk(statement) if isinstance(node, ast.arg)}
    for node in walk(statement):
        if isinstance(node, ast.Name) and node.id not in own:
            yield node
