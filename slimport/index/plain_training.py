"""Trainings that are plain Keras: a network on a batch, and one of Keras' losses of its output."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from slimport.index.blocks import argument, call_of, called, loaded, references_in
from slimport.index.keras_losses import Loss, loss_of
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.training import Training
from slimport.index.training_summaries import summarizes_gradients
from slimport.index.walking import walk

_TOTAL = ("slim.losses.get_total_loss", "tf.losses.get_total_loss")
_CONSTANT = "tf.constant"
_LAYERS = tuple(
    f"slim.{name}"
    for name in """
    avg_pool2d batch_norm conv2d conv2d_transpose dropout flatten fully_connected max_pool2d
    separable_conv2d
    """.split()
)
_OF_LAYERS = ("_initializer", "_regularizer")
# A network that does any of this beside making layers counts or shows more than its output.
_MORE = ("slim.losses.", "tf.losses.", "tf.summary.", "tf.add_to_collection", "slim.summaries.")


@dataclass(frozen=True)
class Constants:
    """Data that are there before training, whole: ``tf.constant(x)`` and ``tf.constant(y)``.

    Attributes:
        names: Those of the network's input and of the labels.
        position: The input's place among what the network's call is given.
    """

    names: tuple[str, str]
    position: int


@dataclass(frozen=True, eq=False)
class PlainTraining:
    """What ``keras.Model(inputs, outputs)`` is made of.

    Attributes:
        reading: The statements up to the one that reads a batch.
        reader: The function that this one calls; `None` where it is the batch itself.
        inputs: The name of the network's input.
        constants: The data, where nothing is read.
        network: The statements that build the network.
        loss: The loss.
        dropped: Statements whose work Keras does: the loss, its total, their summaries.
        layers: The functions that build it; the training's own is one if it holds layers.
        keeps_batch_size: Whether it asks for static shapes, which include the batch's.
    """

    reading: Sequence[ast.stmt]
    reader: Function | None
    inputs: str
    constants: Constants | None
    network: Sequence[ast.stmt]
    loss: Loss
    dropped: Sequence[ast.stmt]
    layers: frozenset[Function] = frozenset()
    keeps_batch_size: bool = False

    @property
    def tag(self) -> ast.expr | None:
        """What a summary called the loss."""
        calls = [call for call in self.replaced if len(call.args) == 2]
        return calls[-1].args[0] if calls and calls[-1] is not self.loss.call else None

    @property
    def replaced(self) -> list[ast.Call]:
        """The calls that go with the statements which are dropped."""
        return [call for call in map(call_of, self.dropped) if call is not None]


def plain_training(
    training: Training,
    program: Program,
    read: Mapping[Function, Pipeline],
    is_functional: Callable[[Function], bool],
) -> PlainTraining | None:
    """The plain form of a training, `None` where it needs a LossModel.

    Args:
        training: A training whose loss can be told apart.
        program: The index.
        read: The input pipelines of losses.
        is_functional: Whether a function runs on KerasTensors.
    """
    if training.looks_up or {k.arg for k in training.operation_call.keywords} & _OF_GRADIENTS:
        return None
    if summarizes_gradients(training.operation_call):
        return None
    return _Reading(training, program, read, is_functional).found()


_OF_GRADIENTS = {"variables_to_train", "clip_gradient_norm", "gradient_multipliers"}


class _Reading:
    def __init__(
        self,
        training: Training,
        program: Program,
        read: Mapping[Function, Pipeline],
        is_functional: Callable[[Function], bool],
    ) -> None:
        self._training = training
        self._function = training.function
        self._program = program
        self._read = read
        self._is_functional = is_functional

    def found(self) -> PlainTraining | None:
        of_loss = self._training.of_loss
        at = next((i for i, s in enumerate(of_loss) if loss_of(s, self._function)), None)
        loss = loss_of(of_loss[at], self._function) if at is not None else None
        if loss is None or not self._only_sums_up(of_loss[at:], loss):
            return None
        before, dropped = of_loss[:at], of_loss[at:]
        read = self._batch_read(before)
        if read is None:
            constants = self._constants(before, loss)
            plain = PlainTraining([], None, "", constants, before, loss, dropped)
            return self._checked(plain) if constants is not None else None
        statement, reader = read
        data = statement.targets[0]
        assert isinstance(data, ast.Tuple)
        inputs, labels = (ast.unparse(element) for element in data.elts)
        count = before.index(statement) + 1
        reading, network = before[:count], before[count:]
        if ast.unparse(loss.labels) != labels or labels in loaded(network):
            return None
        return self._checked(PlainTraining(reading, reader, inputs, None, network, loss, dropped))

    def _checked(self, plain: PlainTraining) -> PlainTraining | None:
        """The training, if its network can be a functional model."""
        start = {f for s in plain.network for f in called(s, self._function, self._program)}
        reached = closure_of(start, callees)
        found = {r.api.name for s in plain.network for r in references_in(s, self._function)}
        if found & set(_LAYERS):
            start.add(self._function)
        if not any(f in self._program.building for f in start):
            return None
        if not all(self._is_functional(f) for f in reached):
            return None
        if any(r.api.name.startswith(_MORE) for f in reached for r in f.references):
            return None
        allowed = _LAYERS if plain.constants is None else (*_LAYERS, _CONSTANT)
        if not all(self._is_of_network(s, allowed) for s in plain.network):
            return None
        code = [*plain.network, *(f.node for f in reached)]
        if not self._sums_regularization(plain.dropped) and any(map(_regularizes, code)):
            return None
        keeps = any(map(_asks_for_shape, code))
        return replace(plain, layers=frozenset(start | reached), keeps_batch_size=keeps)

    def _is_of_network(self, statement: ast.stmt, allowed: Sequence[str]) -> bool:
        """Whether a statement only calls functions of the program and layers."""
        match statement:
            case ast.With(items, body):
                opened = [r for i in items for r in references_in(i, self._function)]
                scopes = all(r.api.name == "slim.arg_scope" or r.call is None for r in opened)
                return scopes and all(self._is_of_network(s, allowed) for s in body)
            case ast.Assign([_], ast.Call()):
                found = references_in(statement, self._function)
                called_here = (r.api.name for r in found if r.call is not None)
                return all(n in allowed or n.endswith(_OF_LAYERS) for n in called_here)
        return False

    def _batch_read(self, before: Sequence[ast.stmt]) -> tuple[ast.Assign, Function | None] | None:
        """The statement that reads a batch of two, and the function that it calls for it."""
        own = self._read.get(self._function)
        for statement in before:
            match statement:
                case ast.Assign([ast.Tuple([ast.Name(), ast.Name()])], ast.Call() as call):
                    if own is not None and own.batch is statement:
                        return (statement, None) if _pairs(own) else None
                    for target in called(call, self._function, self._program):
                        if own is None and self._hands_on(target):
                            return statement, target
        return None

    def _hands_on(self, function: Function) -> bool:
        """Whether a function ends in returning its batch, and just this training calls it."""
        pipeline = self._read.get(function)
        if pipeline is None or pipeline.handed_on is None or not _pairs(pipeline):
            return False
        if function.all_callers != {self._function} or function.escapes:
            return False
        returns = [n for n in walk(function.node) if isinstance(n, ast.Return)]
        return returns == [pipeline.handed_on]

    def _only_sums_up(self, statements: Sequence[ast.stmt], loss: Loss) -> bool:
        """Whether what follows the loss is its total, and summaries of both."""
        names = set()
        for statement in statements:
            call = call_of(statement)
            found = [r for r in references_in(statement, self._function) if r.call is call]
            if call is None or len(found) != 1:
                return False
            api = found[0].api.name
            match statement:
                case ast.Assign([ast.Name(name)]) if call is loss.call or self._is_total(call, api):
                    names.add(name)
                case ast.Expr() if call is loss.call:
                    pass
                case ast.Expr(ast.Call(_, [_, ast.Name(name)], [])) if api == "tf.summary.scalar":
                    if name not in names:
                        return False
                case _:
                    return False
        return self._training.loss.id in names

    @staticmethod
    def _is_total(call: ast.Call, api: str) -> bool:
        return api in _TOTAL and not call.args and not call.keywords

    def _sums_regularization(self, statements: Sequence[ast.stmt]) -> bool:
        name = self._training.loss.id
        for statement in statements:
            match statement:
                case ast.Assign([ast.Name(target)], ast.Call(_, [], [])) if target == name:
                    return True
        return False

    def _constants(self, network: Sequence[ast.stmt], loss: Loss) -> Constants | None:
        """Whether the network and the loss are given a constant each."""
        labels = self._constant(loss.labels)
        call = getattr(network[0], "value", None) if len(network) == 1 else None
        if labels is None or not isinstance(call, ast.Call):
            return None
        found = [(name, i) for i, value in enumerate(call.args) if (name := self._constant(value))]
        return Constants((found[0][0], labels), found[0][1]) if len(found) == 1 else None

    def _constant(self, node: ast.expr) -> str | None:
        """The name in ``tf.constant(name)``."""
        apis = [r.api.name for r in references_in(node, self._function) if r.call is node]
        match node:
            case ast.Call(_, [ast.Name(name)], []) if apis == [_CONSTANT]:
                return name
        return None


def _pairs(pipeline: Pipeline) -> bool:
    """Whether batches are of two tensors."""
    tensors = argument(pipeline.batch_call, 0, "tensors")
    return isinstance(tensors, ast.List | ast.Tuple) and len(tensors.elts) == 2


def _regularizes(node: ast.AST) -> bool:
    return any("regularizer" in (n.arg or "") for n in walk(node) if isinstance(n, ast.keyword))


def _asks_for_shape(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Attribute) and n.attr in ("shape", "get_shape") for n in walk(node)
    )
